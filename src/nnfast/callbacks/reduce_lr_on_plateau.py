"""reduce_lr_on_plateau: smaller steps when a number no longer gets better."""

from typing import Any

from nnfast import _validation
from nnfast.callbacks.callback import Logs
from nnfast.callbacks.learning_rate import get_learning_rate, log_learning_rate
from nnfast.callbacks.monitor import Monitor
from nnfast.callbacks.progress import check_reports, report

_STATE = ("best", "wait", "cooldown_counter")


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by a factor when a number has not got better for some epochs.

    The rate of each epoch is written to the logs as "learning_rate".

    Parameters
    ----------
    monitor : str
        The number in the logs to watch.
    factor : float
        What the rate is multiplied by, in [0, 1).
    patience : int
        How many epochs without it getting better lower the rate. (PyTorch's ``ReduceLROnPlateau`` lowers it an epoch
        later, and takes ``threshold`` relative to the best value.)
    verbose : {0, 1}
        1 reports when it acts.
    mode : {"auto", "min", "max"}
        Whether small or large is good; "auto" knows it of the loss and of the model's metrics.
    min_delta : float
        What counts as better differs by more than this.
    cooldown : int
        How many epochs after a change none counts as without getting better.
    min_lr : float
        The rate is not made smaller than this.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor = _validation.check_real("factor", factor, "[0, 1)")
        self.patience = _validation.check_integer("patience", patience, 0)
        self.verbose = check_reports(verbose)
        self.cooldown = _validation.check_integer("cooldown", cooldown, 0)
        self.min_lr = _validation.check_real("min_lr", min_lr, "[0, 1e30]")
        self._forget()

    def _forget(self) -> None:
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        super().on_train_begin(logs)
        get_learning_rate(self)
        self._forget()

    def get_state(self) -> dict[str, Any]:  # noqa: D102
        return {name: getattr(self, name) for name in _STATE}

    def set_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        for name in _STATE:
            setattr(self, name, state[name])

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        rate = log_learning_rate(self, logs)
        value = self.get_value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
        if self.is_better(value, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self._reduce(rate, epoch)

    def _reduce(self, rate: float, epoch: int) -> None:
        reduced = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = reduced
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose:
            report(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {reduced}")
