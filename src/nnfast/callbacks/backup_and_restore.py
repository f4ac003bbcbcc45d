"""backup_and_restore: a training that was ended from outside goes on when the program is run again."""

import contextlib
import os
import re
import warnings
from pathlib import Path
from typing import Any, Literal

from nnfast import _validation
from nnfast.callbacks.callback import BATCH_HOOKS, Callback, Logs
from nnfast.callbacks.model_checkpoint import check_frequency
from nnfast.exceptions import ModelFileError

_NAME = re.compile(r"step-(\d+)\.safetensors")


class BackupAndRestore(Callback):
    """Saves the training to a folder, and ``fit`` goes on from there when it is called again after an interruption.

    The same program, run again, ends with the weights, optimizer state and history that it would have had without the
    interruption, to the bit, whatever ended it and on however many threads it goes on: see docs/checkpoints.md.
    Callbacks go on too: what `Callback.get_state` gives is saved. It is called after all others, wherever it stands in
    the list.

    Parameters
    ----------
    backup_dir : str or path
        The folder, for this training alone; it is made. Its files are named by the number of batches that are done,
        ``step-1200.safetensors``, and `load_model` reads them too.
    save_freq : int or "epoch"
        When to save: after every epoch, or every so many batches; training is then a call of the core a batch.
    double_checkpoint : bool
        Whether to keep the last two: if the newer one is found damaged, a warning says so and the older one is used.
    delete_checkpoint : bool
        Whether to delete them when ``fit`` ends by itself.
    max_to_keep : int, optional
        How many of the last are kept; by default 1, or 2 with `double_checkpoint`. Keras does not have it.

    Raises
    ------
    ModelFileError
        In ``fit``: if there are files, and none of them is whole.
    ValueError
        In ``fit``: if they are of another training; the message says what differs.

    Examples
    --------
    >>> import numpy as np
    >>> from nnfast import Sequential
    >>> from nnfast.callbacks import BackupAndRestore, LambdaCallback
    >>> from nnfast.layers import Dense, Input
    >>> def train(*callbacks):
    ...     model = Sequential([Input(2), Dense(1)], seed=0)
    ...     model.compile("sgd", "mse")
    ...     x = np.arange(20.0).reshape(10, 2) / 20
    ...     return model.fit(x, x.sum(1), epochs=3, verbose=0, callbacks=[*callbacks, BackupAndRestore("backup")])
    >>> def interrupt(epoch, logs):
    ...     if epoch == 1:
    ...         raise KeyboardInterrupt
    >>> try:
    ...     train(LambdaCallback(on_epoch_begin=interrupt))
    ... except KeyboardInterrupt:
    ...     print("interrupted")
    interrupted
    >>> resumed = train()  # epochs 1 and 2 are trained, and 0 is known
    >>> resumed.epoch, resumed.history == train().history
    ([0, 1, 2], True)
    """

    saves = True
    save_order = 2

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: int | Literal["epoch"] = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
        *,
        max_to_keep: int | None = None,
    ) -> None:
        super().__init__()
        self.backup_dir = _validation.check_path("backup_dir", backup_dir, "the path of a folder")
        self.save_freq = check_frequency(save_freq)
        self.double_checkpoint = _validation.check_bool("double_checkpoint", double_checkpoint)
        self.delete_checkpoint = _validation.check_bool("delete_checkpoint", delete_checkpoint)
        least = 1 + self.double_checkpoint
        self.max_to_keep = _validation.check_integer(
            "max_to_keep", least if max_to_keep is None else max_to_keep, least
        )
        self._n_batches = 0  # since the last time
        self._known: list[Path] = []  # read or written by this training, the oldest first

    def listens(self, hook: str) -> bool:
        """Return whether a hook does anything: those of batches only if they are counted."""
        return super().listens(hook) and (self.save_freq > 0 or hook not in BATCH_HOOKS)

    def get_state(self) -> dict[str, Any]:  # noqa: D102
        return {"n_batches": self._n_batches}

    def set_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        self._n_batches = _validation.check_integer("n_batches", state["n_batches"], 0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Let ``fit`` go on from the newest file that is whole, if there is one."""
        self._n_batches, self._known = 0, []
        Path(self.backup_dir).mkdir(parents=True, exist_ok=True)  # what cannot be is said now, not after an epoch
        for leftover in Path(self.backup_dir).glob(".step-*.safetensors.*"):  # of a process that was killed writing
            leftover.unlink(missing_ok=True)
        damages: list[ModelFileError] = []
        for path in reversed(self._list_files()):
            try:
                self.training.resume(path)
            except ModelFileError as error:
                damages.append(error)
            else:
                self._known = [path]
                break
        if damages and not self._known:
            raise damages[0]
        for damage in damages:
            warnings.warn(f"{damage}; going on from {self._known[0]}", stacklevel=2)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:  # noqa: D102
        self._n_batches += 1
        if self._n_batches == self.save_freq:
            self._n_batches = 0
            self._save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        if not self.save_freq:
            self._save()

    def on_train_end(self, logs: Logs | None = None) -> None:  # noqa: D102
        if self.delete_checkpoint:
            self._known = []
            self._delete_others()
            with contextlib.suppress(OSError):  # where there is something of the user's
                Path(self.backup_dir).rmdir()

    def _save(self) -> None:
        folder = Path(self.backup_dir)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"step-{self.model._get_state(self.model.optimizer).step}.safetensors"
        self.training.save(path)
        self._known = [*(known for known in self._known if known != path), path][-self.max_to_keep :]
        self._delete_others()

    def _delete_others(self) -> None:
        for path in self._list_files():
            if path not in self._known:
                path.unlink(missing_ok=True)

    def _list_files(self) -> list[Path]:
        """Return the checkpoints that are there, the oldest first."""
        found = [
            (match, path) for path in Path(self.backup_dir).glob("step-*") if (match := _NAME.fullmatch(path.name))
        ]
        return [path for _, path in sorted((int(match[1]), path) for match, path in found)]
