"""checkpoint: the model on disk while it is trained, so that no end of the program costs more than some seconds."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnfast.callbacks import Callback, EarlyStopping
from nnfast.callbacks.callback import Logs
from nnfast.cli.fitting import Fitting
from nnfast.cli.record import KEY, Record, add_epoch, add_seconds, copy_record
from nnfast.saving.model_file import SavedModel, write_model
from nnfast.saving.weights_file import read_weights, write_weights

RESUME = "resume"
"""Key of what going on needs in a model's metadata."""

_SECONDS_BETWEEN_COPIES = 0.1  # a copy takes a millisecond or two where an epoch does
_SECONDS_BETWEEN_WRITES = 2.0


class Stopping(EarlyStopping):
    """`EarlyStopping` with the best weights, which can go on where an earlier one was.

    Parameters
    ----------
    patience : int
        See `EarlyStopping`.
    monitor : str
        What is watched.
    path : Path
        The model's file; beside it are kept the best weights.
    state : dict, optional
        What `get_state` returned.
    """

    def __init__(self, patience: int, monitor: str, path: Path, state: dict[str, Any] | None) -> None:
        super().__init__(monitor, patience=patience, restore_best_weights=True)
        self._path = path.with_name(f"{path.name}.best.weights.safetensors")
        self._state = state
        self._written: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        super().on_train_begin(logs)
        if self._state:
            self.wait, self.best, self.best_epoch = (self._state[name] for name in ("wait", "best", "best_epoch"))
            shapes = [weights.shape for weights in self.model.get_weights()]
            self._written = self.best_weights = read_weights(self._path, self.model.layers, shapes)

    def get_state(self) -> dict[str, Any] | None:
        """Return what it knows as plain data, but for the weights; None before the first epoch."""
        if self.best is None:
            return None
        return {"wait": self.wait, "best": self.best, "best_epoch": self.best_epoch}

    def write(self) -> None:
        """Write the best weights, unless they are written."""
        if self.best_weights is not None and self.best_weights is not self._written:
            write_weights(self._path, self.model.layers, self.best_weights)
            self._written = self.best_weights

    def clean_up(self) -> None:
        """Remove the file of the best weights."""
        self._path.unlink(missing_ok=True)


class Checkpoint(Callback):
    """Keeps the model and its record as they are after an epoch, ten times a second, and writes them every few seconds.

    Parameters
    ----------
    fitting : Fitting
        The training.
    record : dict
        Of the run; epochs are added to it.
    path : Path
        The file to write.
    stopping : Stopping, optional
        Called before this one.
    """

    def __init__(self, fitting: Fitting, record: Record, path: Path, stopping: Stopping | None) -> None:
        super().__init__()
        self._fitting = fitting
        self._record = record
        self._path = path
        self._stopping = stopping
        self._seconds_before = record["seconds"]
        self._begin = self._last_copy = self._last_write = time.monotonic()
        self.last: SavedModel | None = None
        """The model after one of the last epochs."""

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        self._begin = self._last_write = time.monotonic()
        self._keep(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        add_epoch(self._record, epoch, logs or {})
        if time.monotonic() - self._last_copy >= _SECONDS_BETWEEN_COPIES:
            self._keep(False)
        if time.monotonic() - self._last_write >= _SECONDS_BETWEEN_WRITES:
            self.write()
            self._last_write = time.monotonic()

    def on_train_end(self, logs: Logs | None = None) -> None:  # noqa: D102
        self._keep(True)

    def keep_saved(self, saved: SavedModel) -> None:
        """Take a trained model for the last one."""
        self.last = saved

    def write(self) -> None:
        """Write the model that was kept last; the best weights first, to which it may refer."""
        assert self.last
        if self._stopping and not self.last.metadata[RESUME]["finished"]:
            self._stopping.write()
        write_model(self._path, self.last)

    def finish(self, record: Record) -> None:
        """Write the trained model with its record, now whole."""
        assert self.last
        self.last = replace(self.last, metadata=self.last.metadata | {KEY: record})
        self.write()
        if self._stopping:
            self._stopping.clean_up()

    def _keep(self, is_finished: bool) -> None:
        add_seconds(self._record, self._seconds_before, time.monotonic() - self._begin)
        state = self._stopping.get_state() if self._stopping else None
        run = {KEY: copy_record(self._record), RESUME: {"finished": is_finished, "stopping": state}}
        metadata = self._fitting.task.columns.as_metadata() | run
        self.last = replace(self._fitting.describe_model(), metadata=metadata)
        self._last_copy = time.monotonic()
