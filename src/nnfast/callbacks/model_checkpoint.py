"""model_checkpoint: saves the model while it is trained."""

import os

from nnfast import _validation
from nnfast.callbacks.callback import Logs
from nnfast.callbacks.monitor import Monitor
from nnfast.callbacks.progress import report


class ModelCheckpoint(Monitor):
    """Saves the model after every epoch, or after every epoch that is the best so far.

    A saved model is whole: ``nnfast.load_model`` gives one whose training goes on as if it had never stopped.

    Parameters
    ----------
    filepath : str or path
        The file. ``{epoch:02d}`` (counted from 1) and the names in the logs, ``{val_loss:.2f}``, are filled in. Folders
        are made.
    monitor : str
        The number in the logs that decides what is best.
    verbose : {0, 1}
        1 reports when it saves.
    save_best_only : bool
        Whether to save only what is better than all before.
    mode : {"auto", "min", "max"}
        Whether small or large is good; "auto" knows it of the loss and of the model's metrics.
    save_freq : {"epoch"}
        When to save. A model is only resumed exactly from the end of an epoch, so this is all there is.
    initial_value_threshold : float, optional
        What the first value must beat.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        *,
        mode: str = "auto",
        save_freq: str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        threshold = initial_value_threshold
        if threshold is not None:
            threshold = _validation.check_real("initial_value_threshold", threshold, "(-inf, inf)")
        super().__init__(monitor, mode, best=threshold)
        if not isinstance(filepath, str | os.PathLike):
            raise _validation.mismatch("filepath", "a path", filepath)
        self.filepath = os.fspath(filepath)
        self.verbose = _validation.check_integer(
            "verbose", int(verbose) if isinstance(verbose, bool) else verbose, 0, 1
        )
        self.save_best_only = _validation.check_bool("save_best_only", save_best_only)
        self.save_freq = _validation.check_choice("save_freq", save_freq, ("epoch",))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        from pathlib import Path

        path = self._fill_in(epoch, logs or {})
        if self.save_best_only and not self._is_best(epoch, logs):
            return
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.model.save(path)
        if self.verbose:
            report(f"Epoch {epoch + 1}: saved model to {path}")

    def _is_best(self, epoch: int, logs: Logs | None) -> bool:
        value = self.get_value(logs)
        if self.is_better(value, self.best):
            self.best = value
            return True
        if self.verbose:
            report(f"Epoch {epoch + 1}: {self.monitor} did not improve from {self.best}")
        return False

    def _fill_in(self, epoch: int, logs: Logs) -> str:
        try:
            return self.filepath.format(epoch=epoch + 1, **logs)
        except (KeyError, IndexError, ValueError) as error:
            names = ", ".join(("epoch", *logs))
            raise ValueError(f"filepath: expected only {names} in braces, received {self.filepath!r}") from error
