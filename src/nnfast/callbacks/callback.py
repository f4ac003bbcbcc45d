"""callback: the hooks of training, the list that calls them, and the callbacks that only pass on what they hear."""

from collections.abc import Callable, Sequence
from typing import Any

from nnfast import _validation

Logs = dict[str, float]
Hook = Callable[..., object]


class Callback:
    """The base of all callbacks: every hook does nothing until a subclass says what.

    Epochs and batches are counted from 0. With hooks of epochs, or `on_progress`, the core is called once an epoch,
    with hooks of batches once a batch, without any once for the whole training. A hook that raises ends the training
    between two batches and leaves a usable model.

    Attributes
    ----------
    model : Sequential
        The model in training; ``model.stop_training = True`` ends it.
    params : dict
        ``verbose``, ``epochs`` and ``steps``, the number of batches of an epoch.
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

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Hear that a batch is over; `logs` has loss and metrics of the epoch so far."""

    def on_progress(self, batch: int, logs: Logs | None = None) -> None:
        """Hear, about 20 times a second, how many batches of the epoch are done; `logs` has the loss so far."""

    def close(self) -> None:
        """Let go of files and displays. Called last, after an error too."""


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


class LambdaCallback(Callback):
    """A callback made of functions, each called like the hook of its name.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : callable, optional
        Called with (epoch, logs).
    on_train_begin, on_train_end : callable, optional
        Called with (logs).
    on_train_batch_begin, on_train_batch_end : callable, optional
        Called with (batch, logs).
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        on_train_batch_begin: Hook | None = None,
        on_train_batch_end: Hook | None = None,
    ) -> None:
        super().__init__()
        hooks = {name: hook for name, hook in locals().items() if name.startswith("on_") and hook is not None}
        for name, hook in hooks.items():
            if not callable(hook):
                raise _validation.mismatch(name, "a function", hook)
            setattr(self, name, hook)


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
        return any(_has_own(callback, hook) for callback in listeners for hook in hooks)

    def call(self, hook: str, *arguments: Any) -> None:
        """Call a hook of every callback."""
        for callback in self._callbacks:
            getattr(callback, hook)(*arguments)


def check_callbacks(callbacks: Any) -> list[Callback]:
    """Return the callbacks a user passed (None, one or several) as a list."""
    several = [] if callbacks is None else [callbacks] if isinstance(callbacks, Callback) else callbacks
    if not isinstance(several, list | tuple) or not all(isinstance(callback, Callback) for callback in several):
        raise _validation.mismatch("callbacks", "a list of Callback objects", callbacks)
    return list(several)


def _has_own(callback: Callback, hook: str) -> bool:
    return getattr(getattr(callback, hook), "__func__", None) is not getattr(Callback, hook)
