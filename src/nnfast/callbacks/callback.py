"""callback: the hooks of training, the list that calls them, and `History`."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, Protocol

from nnfast import _validation
from nnfast.exceptions import NotFiniteError

Logs = dict[str, float]
Hook = Callable[..., object]

BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
"""What cuts an epoch into a call of the core for each batch, if a callback listens."""


class Training(Protocol):
    """A call of ``fit``, as callbacks know it that save it."""

    def save(self, path: Any) -> None:
        """Write a checkpoint of the training as it is now: a model file that ``fit(resume=...)`` goes on from."""

    def resume(self, path: Any) -> None:
        """Read a checkpoint and, once every callback has heard that training begins, go on from there."""

    def describe(self) -> Any:
        """Return what `save` writes."""

    def take_up(self, saved: Any, name: str) -> None:
        """Do as `resume` with what `describe` returned; messages call it by a name."""


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
    training : Training or None
        The call of ``fit`` while it lasts, of callbacks that save.
    """

    saves: ClassVar[bool] = False
    """Whether it saves the training: each of its hooks is called after those of all that do not, and of `History`."""
    save_order: int = 0
    """Its place among those that save: lower ones are called first, so that what others save knows what they did."""

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}
        self.training: Any = None

    def set_model(self, model: Any) -> None:
        """Receive the model, before anything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive `params`, before training begins."""
        self.params = params

    def get_state(self) -> dict[str, Any] | None:
        """Return what checkpoints keep of the callback, so that it goes on as if there had been no interruption.

        Texts, numbers, None, arrays of numbers, lists and dicts of them, with texts as keys; None: nothing.
        """
        return None

    def set_state(self, state: dict[str, Any]) -> None:
        """Receive what `get_state` returned, after ``on_train_begin``: training goes on from a checkpoint.

        If that is in the middle of an epoch, it is received again after its ``on_epoch_begin``.
        """

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
        """Hear, about 20 times a second, how many batches of the epoch are done; `logs` has the loss so far.

        The core is at work then: the model cannot be used, but for ``stop_training``. An epoch of less than 50 ms may
        end before any of it is heard of.
        """

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

    def get_state(self) -> dict[str, Any]:  # noqa: D102
        return {"epoch": self.epoch, "history": self.history}

    def set_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        self.epoch, self.history = list(state["epoch"]), {name: list(each) for name, each in state["history"].items()}


class CallbackList:
    """Callbacks in the order in which they are called: those that save come last, in theirs.

    Parameters
    ----------
    callbacks : sequence of Callback
        In that order but for this.
    model : Sequential
        What they are told about.
    params : dict
        See `Callback`.
    """

    def __init__(self, callbacks: Sequence[Callback], model: Any, params: dict[str, Any]) -> None:
        self._callbacks = tuple(sorted(callbacks, key=lambda callback: (callback.saves, callback.save_order)))
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

    def set_training(self, training: Training | None) -> None:
        """Tell those that save of the call of ``fit``, which they do not keep when it has ended."""
        for callback in self._callbacks:
            callback.training = training if callback.saves else None

    def get_states(self) -> list[tuple[str, dict[str, Any]]]:
        """Return class and state of each callback that has a state."""
        states = ((type(callback).__name__, callback.get_state()) for callback in self._callbacks)
        return [(name, state) for name, state in states if state is not None]

    def set_states(self, states: Sequence[Sequence[Any]]) -> None:
        """Undo `get_states`: of each class the first state is for the first callback, and so on, as far as they go."""
        left = list(states)
        for callback in self._callbacks:
            found = next((pair for pair in left if pair[0] == type(callback).__name__), None)
            if found is not None:
                left.remove(found)
                callback.set_state(found[1])

    def close(self) -> None:
        """Close every callback, even where one before it raises."""
        with ExitStack() as stack:
            for callback in reversed(self._callbacks):
                if callback.listens("close"):
                    stack.callback(callback.close)


def check_callbacks(callbacks: Any) -> list[Callback]:
    """Return the callbacks a user passed (None, one or several) as a list."""
    several = [] if callbacks is None else [callbacks] if isinstance(callbacks, Callback) else callbacks
    if not isinstance(several, list | tuple) or not all(isinstance(callback, Callback) for callback in several):
        raise _validation.mismatch("callbacks", "a list of Callback objects", callbacks)
    return list(several)
