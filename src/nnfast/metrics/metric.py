"""metric: the bases of all metrics, and functions as metrics."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast import _validation
from nnfast._descriptions import Description
from nnfast.data.arrays import as_targets, as_weights
from nnfast.data.containers import as_numbers

Array = NDArray[Any]


@dataclass(frozen=True)
class Metric(Description):
    """The base of all metrics.

    Parameters
    ----------
    name : str
        The key in logs and history; for a metric given by a string that string.
    """

    name: str = field(default="", kw_only=True)
    higher_is_better: ClassVar[bool] = False

    def __post_init__(self) -> None:
        is_given = self.name is not None and not (isinstance(self.name, str) and self.name == "")
        self._settle("name", _validation.check_text("name", self.name if is_given else "".join(self.names[:1])))


@dataclass(frozen=True)
class Score(Metric):
    """The base of metrics that are computed from all rows at once.

    A class of one's own has a method `compute`, and a `name` is given to its objects or to the class as ``names``.

    Parameters
    ----------
    name : str
        The key in logs and history.
    """

    def compute(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:
        """Return the number for the rows given.

        Parameters
        ----------
        y_true : ndarray
            Class labels of shape (n_samples,), or targets of shape (n_samples, n_outputs).
        y_pred : ndarray of shape (n_samples, n_outputs)
            The outputs; probabilities where the loss takes logits.
        sample_weight : ndarray of shape (n_samples,), optional
            What each row counts.

        Returns
        -------
        float
        """
        raise NotImplementedError


class Sample:
    """Targets, outputs and weights as float64, class labels as one-hot rows; without the rows that weigh nothing.

    Parameters
    ----------
    y_true, y_pred, sample_weight : array-like
        What `Score.compute` is given.

    Attributes
    ----------
    y_true, y_pred : ndarray of shape (n_rows, n_outputs)
    weight : ndarray of shape (n_rows,)
    """

    def __init__(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None) -> None:
        targets, outputs, weight = read_rows(y_true, y_pred, sample_weight)
        weight = np.ones(len(outputs)) if weight is None else weight
        kept = weight > 0
        self.weight: Array = weight[kept]
        self.y_pred: Array = outputs[kept].astype(np.float64)
        self.y_true: Array = targets[kept].astype(np.float64)

    def __len__(self) -> int:
        return len(self.weight)

    def get_column(self, index: int) -> tuple[Array, Array, Array]:
        """Return targets, outputs and weights of one output."""
        return self.y_true[:, index], self.y_pred[:, index], self.weight

    def flatten(self) -> tuple[Array, Array, Array]:
        """Return targets, outputs and weights as if all outputs were one output of more rows."""
        return self.y_true.ravel(), self.y_pred.ravel(), np.repeat(self.weight, self.y_true.shape[1])


def read_rows(y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    """Return what `Score.compute` is given as arrays: targets of y_pred's shape, class labels as one-hot rows of bool.

    Raises
    ------
    TypeError
        If one of them does not hold real numbers.
    ValueError
        If shapes do not go together, there are no rows, a label is no output, or a weight is negative or not finite.
    """
    outputs = as_numbers(y_pred, "y_pred")
    if outputs.ndim == 0 or outputs.size == 0:
        raise ValueError(f"y_pred: expected outputs of shape (n_samples, n_outputs), received shape {outputs.shape}")
    outputs = outputs.reshape(len(outputs), -1)
    n, n_outputs = outputs.shape
    targets = as_numbers(y_true, "y_true")
    is_labels = targets.size == n < outputs.size
    rows = as_targets(targets, name="y_true", n_samples=n, n_outputs=n_outputs, labels=is_labels)
    weights = None if sample_weight is None else as_weights(sample_weight, n_samples=n).reshape(-1)
    return (rows == np.arange(n_outputs) if is_labels else rows), outputs, weights


def divide(a: Any, b: Any) -> Any:
    """Return a / b, where b is 0 it is 0, as Keras and scikit-learn have it of ratios of counts."""
    return np.divide(a, b, out=np.zeros_like(a, np.float64), where=np.asarray(b) != 0)


@dataclass(frozen=True)
class FunctionMetric(Score):
    """A function of one's own as a metric. It is not saved with a model.

    Parameters
    ----------
    function : callable
        Called as ``function(y_true, y_pred)``, in ``weighted_metrics`` with ``sample_weight=`` too; many of
        scikit-learn's will do. `y_true` has class labels of shape (n_samples,), or targets of shape
        (n_samples, n_outputs), `y_pred` the outputs of shape (n_samples, n_outputs). It returns a number. (Keras calls
        such functions batch by batch and takes an array of row values too.)
    name : str
        The key in logs and history; by default the function's name.
    """

    function: Callable[..., Any] = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise _validation.mismatch("function", "a function", self.function)
        self._settle("name", self.name or getattr(self.function, "__name__", type(self.function).__name__))
        super().__post_init__()

    def compute(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:  # noqa: D102
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        value = self.function(y_true, y_pred, **more)
        if np.ndim(value) > 0 or np.asarray(value).dtype.kind not in "fiub":
            raise _validation.mismatch(f"metric {self.name}", "a function that returns a number", value)
        return float(value)
