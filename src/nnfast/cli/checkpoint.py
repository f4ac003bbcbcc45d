"""checkpoint: the model on disk while it is trained, so that no end of the program costs more than some seconds."""

import time
from dataclasses import replace
from pathlib import Path

from nnfast.callbacks import Callback
from nnfast.callbacks.callback import Logs
from nnfast.cli.fitting import Fitting
from nnfast.cli.record import KEY, Record, add_epoch, add_seconds, copy_record
from nnfast.saving.model_file import SavedModel, write_model

_SECONDS_BETWEEN_COPIES = 0.1  # a copy takes a millisecond or two where an epoch does
_SECONDS_BETWEEN_WRITES = 2.0


class Checkpoint(Callback):
    """Keeps the training and its record as they are after an epoch, ten times a second, and writes them now and then.

    Parameters
    ----------
    fitting : Fitting
        The training.
    record : dict
        Of the run; epochs are added to it.
    path : Path
        The file to write.
    saved : SavedModel, optional
        What an earlier training left, to go on from.
    """

    saves = True

    def __init__(self, fitting: Fitting, record: Record, path: Path, saved: SavedModel | None) -> None:
        super().__init__()
        self._fitting = fitting
        self._record = record
        self._path = path
        self._seconds_before = record["seconds"]
        self._begin = self._last_copy = self._last_write = time.monotonic()
        self.last = saved
        """The model after one of the last epochs."""

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        self._begin = self._last_write = time.monotonic()
        if self.last:
            self.training.take_up(self._fitting.as_in_training(self.last), str(self._path))
        else:
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

    def write(self) -> None:
        """Write the model that was kept last."""
        assert self.last
        write_model(self._path, self.last)

    def finish(self, record: Record) -> None:
        """Write the trained model with its record, now whole."""
        assert self.last
        self.last = replace(self.last, metadata=self.last.metadata | {KEY: record})
        self.write()

    def _keep(self, is_finished: bool) -> None:
        add_seconds(self._record, self._seconds_before, time.monotonic() - self._begin)
        saved: SavedModel = self._fitting.as_in_file(self.training.describe())
        if is_finished and saved.training:  # the best weights are in the model now
            callbacks = [pair for pair in saved.training.callbacks if pair[0] != "EarlyStopping"]
            saved = replace(saved, training=replace(saved.training, callbacks=callbacks))
        metadata = self._fitting.task.columns.as_metadata() | {KEY: copy_record(self._record)}
        self.last = replace(saved, metadata=metadata)
        self._last_copy = time.monotonic()
