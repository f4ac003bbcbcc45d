"""_kernel_losses: the losses of `nnfast.kernels`: each returns the loss and its gradient with respect to y_pred."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from nnfast import _core, _validation, losses
from nnfast._core import LossSpec
from nnfast._kernel_arrays import Array, check_array, check_out
from nnfast.data.containers import as_array
from nnfast.losses import Loss

__all__ = [
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "quantile",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "sum_squared_error",
]


class _Function(Protocol):
    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, *, out: Array | None = None) -> tuple[float, Array]: ...


def _make_function(loss: Loss, formula: str) -> _Function:
    """Make the function of a loss that has no parameter."""

    def measure(y_true: ArrayLike, y_pred: ArrayLike, *, out: Array | None = None) -> tuple[float, Array]:
        return _measure(loss, y_true, y_pred, out)

    measure.__name__ = measure.__qualname__ = loss.core_name
    measure.__doc__ = f"""Return {formula}, and its gradient.

    Both arrays have shape (n, n_outputs). See `nnfast.losses.{type(loss).__name__}`.
    """
    return measure


mean_squared_error = _make_function(losses.MeanSquaredError(), "the mean of (y_pred - y_true)^2 over all elements")
sum_squared_error = _make_function(losses.SumSquaredError(), "the sum of (y_pred - y_true)^2 over all elements")
mean_absolute_error = _make_function(losses.MeanAbsoluteError(), "the mean of abs(y_pred - y_true) over all elements")
mean_absolute_percentage_error = _make_function(
    losses.MeanAbsolutePercentageError(), "100 times the mean of abs(y_pred - y_true) / abs(y_true) over all elements"
)
mean_squared_logarithmic_error = _make_function(
    losses.MeanSquaredLogarithmicError(), "the mean of (log(1 + y_pred) - log(1 + y_true))^2 over all elements"
)
log_cosh = _make_function(losses.LogCosh(), "the mean of log(cosh(y_pred - y_true)) over all elements")
poisson = _make_function(losses.Poisson(), "the mean of y_pred - y_true log(y_pred) over all elements")
cosine_similarity = _make_function(
    losses.CosineSimilarity(), "the mean over rows of minus the cosine between y_pred and y_true"
)
hinge = _make_function(losses.Hinge(), "the mean of max(1 - y_true y_pred, 0) over all elements")
squared_hinge = _make_function(losses.SquaredHinge(), "the mean of max(1 - y_true y_pred, 0)^2 over all elements")
categorical_hinge = _make_function(
    losses.CategoricalHinge(),
    "the mean over rows of max(1 + max((1 - y_true) y_pred) - sum(y_true y_pred), 0)",
)
kl_divergence = _make_function(losses.KLDivergence(), "the mean over rows of the sum of y_true log(y_true / y_pred)")


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0, *, out: Array | None = None) -> tuple[float, Array]:
    """Return the mean of Huber's loss over all elements, and its gradient.

    Both arrays have shape (n, n_outputs). See `nnfast.losses.Huber`.
    """
    return _measure(losses.Huber(delta), y_true, y_pred, out)


def quantile(
    y_true: ArrayLike, y_pred: ArrayLike, quantile: float = 0.5, *, out: Array | None = None
) -> tuple[float, Array]:
    """Return the mean of the pinball loss over all elements, and its gradient.

    Both arrays have shape (n, n_outputs). See `nnfast.losses.QuantileLoss`.
    """
    return _measure(losses.QuantileLoss(quantile), y_true, y_pred, out)


def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    pos_weight: float = 1.0,
    *,
    out: Array | None = None,
) -> tuple[float, Array]:
    """Return the mean of -(pos_weight t log p + (1 - t) log(1 - p)) over all elements, and its gradient.

    Both arrays have shape (n, n_outputs). With `from_logits` p is sigmoid(y_pred), and the gradient is with respect to
    y_pred nevertheless. See `nnfast.losses.BinaryCrossentropy`.
    """
    return _measure(losses.BinaryCrossentropy(from_logits, label_smoothing, pos_weight), y_true, y_pred, out)


def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    *,
    out: Array | None = None,
) -> tuple[float, Array]:
    """Return the mean over rows of -sum t log p, and its gradient.

    Both arrays have shape (n, n_outputs). With `from_logits` p is softmax(y_pred), and the gradient is with respect to
    y_pred nevertheless. See `nnfast.losses.CategoricalCrossentropy`.
    """
    return _measure(losses.CategoricalCrossentropy(from_logits, label_smoothing), y_true, y_pred, out)


def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    *,
    out: Array | None = None,
) -> tuple[float, Array]:
    """Return the mean over rows of -log p of the output that the row's label names, and its gradient.

    `y_true` has shape (n,) and holds integers in [0, n_outputs). With `from_logits` p is softmax(y_pred), and the
    gradient is with respect to y_pred nevertheless. See `nnfast.losses.SparseCategoricalCrossentropy`.
    """
    outputs = check_array("y_pred", y_pred, (None, None))
    labels = as_array(y_true, "y_true")
    n, n_outputs = outputs.shape
    if labels.dtype.kind not in "iu" or labels.shape != (n,) or not ((labels >= 0) & (labels < n_outputs)).all():
        raise _validation.mismatch("y_true", f"{n} integer labels from 0 to {n_outputs - 1}", y_true)
    targets = np.zeros_like(outputs)
    targets[np.arange(n), labels] = 1
    return _measure(losses.SparseCategoricalCrossentropy(from_logits, label_smoothing), targets, outputs, out)


def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    *,
    out: Array | None = None,
) -> tuple[float, Array]:
    """Return the mean of binary focal cross-entropy over all elements, and its gradient.

    Arrays and `from_logits` as in `binary_crossentropy`. See `nnfast.losses.BinaryFocalCrossentropy`.
    """
    loss = losses.BinaryFocalCrossentropy(apply_class_balancing, alpha, gamma, from_logits, label_smoothing)
    return _measure(loss, y_true, y_pred, out)


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    *,
    out: Array | None = None,
) -> tuple[float, Array]:
    """Return the mean over rows of categorical focal cross-entropy, and its gradient.

    Arrays and `from_logits` as in `categorical_crossentropy`. See `nnfast.losses.CategoricalFocalCrossentropy`.
    """
    loss = losses.CategoricalFocalCrossentropy(alpha, gamma, from_logits, label_smoothing)
    return _measure(loss, y_true, y_pred, out)


def _measure(loss: Loss, y_true: ArrayLike, y_pred: ArrayLike, out: Array | None) -> tuple[float, Array]:
    outputs = check_array("y_pred", y_pred, (None, None))
    targets = check_array("y_true", y_true, outputs.shape, outputs.dtype)
    gradient = check_out("out", out, outputs.shape, outputs.dtype)
    if not outputs.size:
        raise ValueError(f"y_pred: expected at least one element, received shape {outputs.shape}")
    spec = LossSpec(f"{loss.core_name}_logits" if loss.wants_logits else loss.core_name, loss.parameters)
    n = len(outputs)
    scale = 1.0 if loss.is_sum else 1.0 / n
    row_loss = np.empty(n)
    _core.loss(spec, outputs.copy(), targets, scale, row_loss, gradient)
    return math.fsum(row_loss) * scale, gradient
