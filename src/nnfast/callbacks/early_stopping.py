"""early_stopping: ends training when a number no longer gets better."""

from typing import Any

from nnfast import _validation
from nnfast.callbacks.callback import Logs
from nnfast.callbacks.monitor import Monitor
from nnfast.callbacks.progress import check_reports, report

_STATE = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")


class EarlyStopping(Monitor):
    """Ends training when a number has not got better for some epochs.

    Parameters
    ----------
    monitor : str
        The number in the logs to watch.
    min_delta : float
        What counts as better differs by more than this.
    patience : int
        How many epochs without it getting better end the training.
    verbose : {0, 1}
        1 reports when it acts.
    mode : {"auto", "min", "max"}
        Whether small or large is good; "auto" knows it of the loss and of the model's metrics.
    baseline : float, optional
        Patience is only renewed by values better than this one too.
    restore_best_weights : bool
        Whether the model ends with the weights of its best epoch, however the training ended but by an error.
    start_from_epoch : int
        The epochs before this one are not watched.

    Attributes
    ----------
    stopped_epoch : int
        The epoch after which it ended the training; 0 if it did not.
    best : float or None
        The best value.
    best_epoch : int
        The epoch that gave it.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = _validation.check_integer("patience", patience, 0)
        self.verbose = check_reports(verbose)
        self.baseline = None if baseline is None else _validation.check_real("baseline", baseline, "(-inf, inf)")
        self.restore_best_weights = _validation.check_bool("restore_best_weights", restore_best_weights)
        self.start_from_epoch = _validation.check_integer("start_from_epoch", start_from_epoch, 0)
        self._forget()

    def _forget(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        super().on_train_begin(logs)
        self._forget()

    def get_state(self) -> dict[str, Any]:  # noqa: D102
        return {name: getattr(self, name) for name in _STATE}

    def set_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        for name in _STATE:
            setattr(self, name, state[name])
        self.model.stop_training = self.model.stop_training or self.stopped_epoch > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        value = self.get_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._remember(epoch)
        self.wait += 1
        if self.is_better(value, self.best):
            self.best = value
            self._remember(epoch)
            if self.baseline is None or self.is_better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:  # noqa: D102
        if self.verbose and self.stopped_epoch:
            report(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                report(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)
