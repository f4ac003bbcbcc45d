"""callback: the hooks of training, the list that calls them, and `History`."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from nnfast import _validation
from nnfast.exceptions import NotFiniteError

Logs = dict[str, float]
Hook = Callable[..., object]

BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
"""What cuts an epoch into a call of the core for each batch, if a callback listens."""


class Callback:
    """The base of all callbacks: every hook does nothing until a subclass says what.

    Epochs and batches are counted from 0. With hooks of epochs, or `on_progress`, the core is called once an epoch,
    with hooks of batches once a batch, without any once for the whole training; on a stream once for all that it gives
    at a time. A hook that raises ends the training between two batches and leaves a usable model. Of Keras' hooks those
    of predictions, and of the batches of tests, are not there.

    Attributes
    ----------
    model : Sequential
        The model in training; ``model.stop_training = True`` ends it.
    params : dict
        ``verbose``, ``epochs`` and ``steps``, the number of batches of an epoch; None where a stream does not tell.
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Receive the model, before anything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive `params`, before training begins."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Hear that ``fit`` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Hear that ``fit`` ends without an error; `logs` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Hear that an epoch begins."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Hear that an epoch is over; `logs` has loss, metrics, and with validation data ``val_`` of each."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Hear that a batch begins."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Hear that a batch is over; `logs` has loss and metrics (those that are means of rows) of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do the same as ``on_train_batch_begin``: its older name in Keras."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Do the same as ``on_train_batch_end``: its older name in Keras."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Hear that validation at the end of an epoch begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Hear what validation gave: `logs` has loss and metrics, their names without ``val_``."""

    def on_not_finite(self, error: NotFiniteError) -> bool:
        """Hear that the loss of a batch is NaN or infinite; return True to end training without that error."""
        return False

    def on_progress(self, batch: int, logs: Logs | None = None) -> None:
        """Hear, about 20 times a second, how many batches of the epoch are done; `logs` has the loss so far."""

    def close(self) -> None:
        """Let go of files and displays. Called last, after an error too."""

    def listens(self, hook: str) -> bool:
        """Return whether a hook does anything; those of epochs and batches that nobody listens to cost nothing."""
        return getattr(getattr(self, hook), "__func__", None) is not getattr(Callback, hook)


class History(Callback):
    """What training gave, epoch by epoch; ``fit`` returns one.

    Attributes
    ----------
    history : dict of str to list of float
        The logs of each finished epoch.
    epoch : list of int
        Their numbers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        self.history, self.epoch = {}, []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class CallbackList:
    """Callbacks in the order in which they are called.

    Parameters
    ----------
    callbacks : sequence of Callback
        In that order.
    model : Sequential
        What they are told about.
    params : dict
        See `Callback`.
    """

    def __init__(self, callbacks: Sequence[Callback], model: Any, params: dict[str, Any]) -> None:
        self._callbacks = tuple(callbacks)
        self.call("set_model", model)
        self.call("set_params", params)

    def hears(self, *hooks: str) -> bool:
        """Return whether a callback other than `History` has one of the hooks."""
        listeners = [callback for callback in self._callbacks if type(callback) is not History]
        return any(callback.listens(hook) for callback in listeners for hook in hooks)

    def call(self, hook: str, *arguments: Any) -> None:
        """Call a hook of every callback."""
        for callback in self._callbacks:
            getattr(callback, hook)(*arguments)

    def ask(self, hook: str, *arguments: Any) -> bool:
        """Call a hook of every callback and return whether one of them said True."""
        answers = [getattr(callback, hook)(*arguments) for callback in self._callbacks]
        return any(answers)

    def close(self) -> None:
        """Close every callback, even where one before it raises."""
        with ExitStack() as stack:
            for callback in reversed(self._callbacks):
                stack.callback(callback.close)


def check_callbacks(callbacks: Any) -> list[Callback]:
    """Return the callbacks a user passed (None, one or several) as a list."""
    several = [] if callbacks is None else [callbacks] if isinstance(callbacks, Callback) else callbacks
    if not isinstance(several, list | tuple) or not all(isinstance(callback, Callback) for callback in several):
        raise _validation.mismatch("callbacks", "a list of Callback objects", callbacks)
    return list(several)
