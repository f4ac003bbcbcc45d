"""lambda_callback: a callback made of functions."""

from nnfast import _validation
from nnfast.callbacks.callback import Callback, Hook

_HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


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
    **hooks : callable
        Other hooks of `Callback`: ``on_test_begin``, ``on_test_end``, ``on_progress`` ...
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        on_train_batch_begin: Hook | None = None,
        on_train_batch_end: Hook | None = None,
        **hooks: Hook | None,
    ) -> None:
        super().__init__()
        hooks |= {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, hook in hooks.items():
            if name not in _HOOKS:
                raise _validation.unknown_name("LambdaCallback", name, _HOOKS)
            if hook is not None and not callable(hook):
                raise _validation.mismatch(name, "a function", hook)
            if hook is not None:
                setattr(self, name, hook)
