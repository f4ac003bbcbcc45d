"""model_checkpoint: saves the model while it is trained."""

import os
from pathlib import Path
from typing import Any, Literal

from nnfast import _validation
from nnfast.callbacks.callback import BATCH_HOOKS, Logs
from nnfast.callbacks.monitor import Monitor
from nnfast.callbacks.progress import check_reports, report


class ModelCheckpoint(Monitor):
    """Saves the model after every epoch, or every so many batches; always, or only where it is the best so far.

    A saved model is whole, and a checkpoint, unless only weights are asked for. ``fit(resume=path)`` goes on from it,
    also from the middle of an epoch, as if training had never stopped: see docs/checkpoints.md. ``nnfast.load_model``
    gives the model, whose next ``fit`` begins an epoch. It is called after all callbacks that save nothing, and after
    those that save only what is best, wherever it stands in the list.

    Parameters
    ----------
    filepath : str or path
        The file. ``{epoch:02d}`` (counted from 1) and the names in the logs, ``{val_loss:.2f}``, are filled in, with
        batches ``{batch}`` (counted from 1), too. Folders are made.
    monitor : str
        The number in the logs that decides what is best.
    verbose : {0, 1}
        1 reports when it saves.
    save_best_only : bool
        Whether to save only what is better than all before. A number that is not in the logs is warned of, and then
        everything is saved.
    save_weights_only : bool
        Whether to save no more than the weights, for ``model.load_weights``; `filepath` must then end with
        ".weights.safetensors" (in Keras with ".weights.h5").
    mode : {"auto", "min", "max"}
        Whether small or large is good; "auto" knows it of the loss and of the model's metrics.
    save_freq : int or "epoch"
        When to save: after every epoch, or every so many batches, with the logs of the epoch so far, which have no
        ``val_loss``. Training is then a call of the core a batch, not an epoch.
    initial_value_threshold : float, optional
        What the first value must beat.
    """

    saves = True

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | Literal["epoch"] = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        threshold = initial_value_threshold
        if threshold is not None:
            threshold = _validation.check_real("initial_value_threshold", threshold, "(-inf, inf)")
        super().__init__(monitor, mode, best=threshold)
        self.save_weights_only = _validation.check_bool("save_weights_only", save_weights_only)
        checked = _validation.check_path("filepath", filepath)
        self.filepath = _validation.check_weights_path(checked) if self.save_weights_only else checked
        self.verbose = check_reports(verbose)
        self.save_best_only = _validation.check_bool("save_best_only", save_best_only)
        self.save_freq = check_frequency(save_freq)
        self.save_order = 0 if self.save_best_only else 1
        self._epoch = 0
        self._n_batches = 0  # since the last time

    def listens(self, hook: str) -> bool:
        """Return whether a hook does anything: those of batches only if they are counted."""
        return super().listens(hook) and (self.save_freq > 0 or hook not in BATCH_HOOKS)

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        if self.save_best_only:
            super().on_train_begin(logs)

    def get_state(self) -> dict[str, Any]:  # noqa: D102
        return {"n_batches": self._n_batches, "best": self.best}

    def set_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        self._n_batches, self.best = state["n_batches"], state["best"]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:  # noqa: D102
        self._n_batches += 1
        if self._n_batches == self.save_freq:
            self._n_batches = 0
            self._save({"epoch": self._epoch + 1, "batch": batch + 1}, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        if not self.save_freq:
            self._save({"epoch": epoch + 1}, logs or {})

    def _save(self, place: dict[str, int], logs: Logs) -> None:
        path = self._fill_in(place | logs)
        if self.save_best_only and not self._is_best(place["epoch"], logs):
            return
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.training.save(path)
        if self.verbose:
            report(f"Epoch {place['epoch']}: saved {'weights' if self.save_weights_only else 'model'} to {path}")

    def _is_best(self, epoch: int, logs: Logs) -> bool:
        value = self.get_value(logs)
        if value is None:
            return True
        is_best, before = self.is_better(value, self.best), self.best
        self.best = value if is_best else before
        if self.verbose:
            change = f"improved from {before} to {value}" if is_best else f"did not improve from {before}"
            report(f"Epoch {epoch}: {self.monitor} {change}")
        return is_best

    def _fill_in(self, values: dict[str, Any]) -> str:
        try:
            return self.filepath.format(**values)
        except (KeyError, IndexError, ValueError) as error:
            names = ", ".join(values)
            raise ValueError(f"filepath: expected only {names} in braces, received {self.filepath!r}") from error


def check_frequency(save_freq: Any) -> int:
    """Return after how many batches to save; 0 for "epoch"."""
    return 0 if save_freq == "epoch" else _validation.check_integer("save_freq ('epoch' or batches)", save_freq, 1)
