"""_bridge: scikit-learn's callbacks hear of the epochs, where the installed version has such callbacks (1.9)."""

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from nnfast.callbacks.callback import Callback, Logs
from nnfast.sklearn._rows import Rows

Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupportMixin
    from sklearn.callback import with_callbacks as with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for what the installed scikit-learn does not have."""

    def with_callbacks(method: Method) -> Method:
        """Return the method as it is."""
        return method


class Bridge(Callback):
    """Tells an estimator's callbacks of each epoch, as a task of the fit.

    Parameters
    ----------
    estimator : BaseMLP
        Which has such callbacks.
    context : CallbackContext
        Of the fit.
    rows : Rows
        What is trained with.
    """

    def __init__(self, estimator: Any, context: Any, rows: Rows) -> None:
        super().__init__()
        self._context, self._epoch = context, context
        self._data: dict[str, Any] = {"estimator": estimator, "X": rows.X, "y": rows.y}
        if rows.weights is not None:
            self._data["metadata"] = {"sample_weight": rows.weights}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._context.call_on_fit_task_begin(**self._data)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data, reconstruction_attributes=self._copy_model)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._epoch.call_on_fit_task_end(**self._data, reconstruction_attributes=self._copy_model):
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._context.call_on_fit_task_end(**self._data, reconstruction_attributes=self._copy_model)

    def _copy_model(self) -> dict[str, Any]:
        """Return the attributes that make a copy of the estimator one that is fitted as far as this."""
        return {"_model": copy.deepcopy(self.model)}
