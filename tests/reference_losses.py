"""reference_losses.py: losses: (output, target, *parameters) -> the loss of each row, and its gradient.

Formulas are Keras 3's; test_reference_losses.py and properties/test_loss_trace.py hold them against PyTorch and Keras.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast._core import LossSpec

Array = NDArray[Any]
RowLoss = tuple[Array, Array]

EPSILON = 1e-7  # probabilities are kept this far from 0 and 1, as in Keras


def mean(loss: Array, gradient: Array) -> RowLoss:
    """Of losses and slopes of single elements."""
    return loss.mean(axis=-1), gradient / loss.shape[-1]


def smooth(t: Array, smoothing: float, n: int) -> Array:
    return t * (1 - smoothing) + smoothing / n


# ---- of numbers ------------------------------------------------------------------------------------------------------


def mean_squared_error(y: Array, t: Array) -> RowLoss:
    return mean((y - t) ** 2, 2 * (y - t))


def sum_squared_error(y: Array, t: Array) -> RowLoss:
    return ((y - t) ** 2).sum(axis=-1), 2 * (y - t)


def mean_absolute_error(y: Array, t: Array) -> RowLoss:
    return mean(np.abs(y - t), np.sign(y - t))


def mean_absolute_percentage_error(y: Array, t: Array) -> RowLoss:
    whole = np.maximum(np.abs(t), EPSILON) / 100
    return mean(np.abs(y - t) / whole, np.sign(y - t) / whole)


def mean_squared_logarithmic_error(y: Array, t: Array) -> RowLoss:
    inside = np.maximum(y, EPSILON)
    residual = np.log1p(inside) - np.log1p(np.maximum(t, EPSILON))
    return mean(residual**2, np.where(inside == y, 2 * residual / (1 + inside), 0))


def huber(y: Array, t: Array, delta: float) -> RowLoss:
    r = y - t
    is_near = np.abs(r) <= delta
    return mean(np.where(is_near, r * r / 2, delta * (np.abs(r) - delta / 2)), np.where(is_near, r, delta * np.sign(r)))


def log_cosh(y: Array, t: Array) -> RowLoss:
    a = np.abs(y - t)
    near, far = np.minimum(a, 1), np.maximum(a, 1)
    loss = np.where(a < 1, np.log1p(2 * np.sinh(near / 2) ** 2), far + np.log1p(np.exp(-2 * far)) - np.log(2 + 0 * a))
    return mean(loss, np.tanh(y - t))


def quantile(y: Array, t: Array, q: float) -> RowLoss:
    r = y - t
    return mean(np.maximum((1 - q) * r, -q * r), np.where(r > 0, 1 - q, np.where(r < 0, -q, 0)))


def poisson(y: Array, t: Array) -> RowLoss:
    return mean(y - t * np.log(y + EPSILON), 1 - t / (y + EPSILON))


def cosine_similarity(y: Array, t: Array) -> RowLoss:
    length, unit_length = (np.maximum(np.sqrt((a * a).sum(axis=-1, keepdims=True)), EPSILON) for a in (y, t))
    u, w = y / length, t / unit_length
    cosine = (u * w).sum(axis=-1, keepdims=True)
    turn = np.where(length > EPSILON, cosine, 0)
    return -cosine[..., 0], (turn * u - w) / length


# ---- of classes ------------------------------------------------------------------------------------------------------


def hinge(y: Array, t: Array) -> RowLoss:
    sign = np.where(t == 0, -1, t)
    loss = np.maximum(1 - sign * y, 0)
    return mean(loss, np.where(loss > 0, -sign, 0))


def squared_hinge(y: Array, t: Array) -> RowLoss:
    sign = np.where(t == 0, -1, t)
    loss = np.maximum(1 - sign * y, 0)
    return mean(loss**2, -2 * sign * loss)


def categorical_hinge(y: Array, t: Array) -> RowLoss:
    others = (1 - t) * y
    loss = np.maximum(others.max(axis=-1) - (t * y).sum(axis=-1) + 1, 0)
    is_best = np.arange(y.shape[-1]) == others.argmax(axis=-1)[..., None]
    return loss, np.where(loss[..., None] > 0, np.where(is_best, 1 - t, 0) - t, 0)


def kl_divergence(y: Array, t: Array) -> RowLoss:
    p, q = np.clip(y, EPSILON, 1), np.clip(t, EPSILON, 1)
    return (q * np.log(q / p)).sum(axis=-1), np.where(p == y, -q / p, 0)


def binary_crossentropy(y: Array, t: Array, smoothing: float, weight: float) -> RowLoss:
    p, t = np.clip(y, EPSILON, 1 - EPSILON), smooth(t, smoothing, 2)
    loss = -(weight * t * np.log(p) + (1 - t) * np.log1p(-p))
    return mean(loss, np.where(p == y, (1 - t) / (1 - p) - weight * t / p, 0))


def binary_crossentropy_logits(z: Array, t: Array, smoothing: float, weight: float) -> RowLoss:
    t = smooth(t, smoothing, 2)
    of_positive, of_negative = np.logaddexp(0, -z), np.logaddexp(0, z)  # -log p, -log(1 - p)
    p, q = np.exp(-of_positive), np.exp(-of_negative)
    return mean(weight * t * of_positive + (1 - t) * of_negative, (1 - t) * p - weight * t * q)


def shares(y: Array) -> tuple[Array, Array, Array]:
    """Of each row's sum; the same clipped; and where that is the same."""
    share = y / y.sum(axis=-1, keepdims=True)
    q = np.clip(share, EPSILON, 1 - EPSILON)
    return share, q, q == share  # where the clipping moved a probability, its logarithm has no slope


def log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def through_shares(y: Array, slope: Array) -> Array:
    """The gradient by y from slope, that by log(y / sum y)."""
    return slope / np.where(slope == 0, 1, y) - slope.sum(axis=-1, keepdims=True) / y.sum(axis=-1, keepdims=True)


def categorical_crossentropy(y: Array, t: Array, smoothing: float) -> RowLoss:
    _, q, free = shares(y)
    t = smooth(t, smoothing, t.shape[-1])
    return -(t * np.log(q)).sum(axis=-1), through_shares(y, np.where(free, -t, 0))


def categorical_crossentropy_logits(z: Array, t: Array, smoothing: float) -> RowLoss:
    t = smooth(t, smoothing, t.shape[-1])
    return -(t * log_softmax(z)).sum(axis=-1), t.sum(axis=-1, keepdims=True) * np.exp(log_softmax(z)) - t


# ---- focal -----------------------------------------------------------------------------------------------------------


def binary_focus(p: Array, q: Array, t: Array, parameters: tuple[float, ...]) -> tuple[Array, Array]:
    """What multiplies the cross-entropy, and the slope by p of its logarithm."""
    is_balanced, alpha, gamma, _ = parameters
    missed = np.maximum((1 - t) * p + t * q, 1e-30)
    weight = t * alpha + (1 - t) * (1 - alpha) if is_balanced else 1.0
    return weight * missed**gamma, gamma * (1 - 2 * t) / missed


def binary_focal_crossentropy(y: Array, t: Array, *parameters: float) -> RowLoss:
    p, t = np.clip(y, EPSILON, 1 - EPSILON), smooth(t, parameters[3], 2)
    entropy = -(t * np.log(p) + (1 - t) * np.log1p(-p))
    factor, slope = binary_focus(p, 1 - p, t, parameters)
    gradient = factor * (slope * entropy + (1 - t) / (1 - p) - t / p)
    return mean(factor * entropy, np.where(p == y, gradient, 0))


def binary_focal_crossentropy_logits(z: Array, t: Array, *parameters: float) -> RowLoss:
    t, p, q = smooth(t, parameters[3], 2), np.exp(-np.logaddexp(0, -z)), np.exp(-np.logaddexp(0, z))
    entropy = t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z)
    factor, slope = binary_focus(p, q, t, parameters)
    return mean(factor * entropy, factor * (slope * p * q * entropy + (1 - t) * p - t * q))


def focal_shares(q: Array, log_q: Array, t: Array, alpha: float, gamma: float) -> RowLoss:
    """Losses of single elements and their slopes by log q."""
    missed = np.maximum(1 - q, EPSILON)
    factor = alpha * t * missed**gamma
    return -factor * log_q, factor * (gamma * q * log_q / missed - 1)


def categorical_focal_crossentropy(y: Array, t: Array, alpha: float, gamma: float, smoothing: float) -> RowLoss:
    _, q, free = shares(y)
    loss, slope = focal_shares(q, np.log(q), smooth(t, smoothing, t.shape[-1]), alpha, gamma)
    return loss.sum(axis=-1), through_shares(y, np.where(free, slope, 0))


def categorical_focal_crossentropy_logits(z: Array, t: Array, alpha: float, gamma: float, smoothing: float) -> RowLoss:
    q = np.exp(log_softmax(z))
    loss, slope = focal_shares(q, log_softmax(z), smooth(t, smoothing, t.shape[-1]), alpha, gamma)
    return loss.sum(axis=-1), slope - q * slope.sum(axis=-1, keepdims=True)


# ---- the list --------------------------------------------------------------------------------------------------------

LOSSES: dict[str, Callable[..., RowLoss]] = {
    "mean_squared_error": mean_squared_error,
    "sum_squared_error": sum_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "mean_absolute_percentage_error": mean_absolute_percentage_error,
    "mean_squared_logarithmic_error": mean_squared_logarithmic_error,
    "huber": huber,
    "log_cosh": log_cosh,
    "quantile": quantile,
    "poisson": poisson,
    "cosine_similarity": cosine_similarity,
    "hinge": hinge,
    "squared_hinge": squared_hinge,
    "categorical_hinge": categorical_hinge,
    "kl_divergence": kl_divergence,
    "binary_crossentropy": binary_crossentropy,
    "binary_crossentropy_logits": binary_crossentropy_logits,
    "categorical_crossentropy": categorical_crossentropy,
    "categorical_crossentropy_logits": categorical_crossentropy_logits,
    "binary_focal_crossentropy": binary_focal_crossentropy,
    "binary_focal_crossentropy_logits": binary_focal_crossentropy_logits,
    "categorical_focal_crossentropy": categorical_focal_crossentropy,
    "categorical_focal_crossentropy_logits": categorical_focal_crossentropy_logits,
}

LOSS_PARAMETERS: dict[str, tuple[float, ...]] = {
    "huber": (0.5,),
    "quantile": (0.25,),
    "binary_crossentropy": (0.125, 1.5),
    "binary_crossentropy_logits": (0.125, 1.5),
    "categorical_crossentropy": (0.125,),
    "categorical_crossentropy_logits": (0.125,),
    "binary_focal_crossentropy": (1, 0.375, 1.75, 0.125),
    "binary_focal_crossentropy_logits": (1, 0.375, 1.75, 0.125),
    "categorical_focal_crossentropy": (0.75, 1.75, 0.125),
    "categorical_focal_crossentropy_logits": (0.75, 1.75, 0.125),
}
"""Ordinary ones for every loss that has some, in the core's order."""

FUSED = {name: "sigmoid" if name.startswith("binary") else "softmax" for name in LOSSES if name.endswith("_logits")}

ON_PROBABILITIES = {name for name in LOSSES if name.endswith("crossentropy")} | {"kl_divergence", "poisson"}
"""Those whose outputs must lie between 0 and 1, or above 0, to have a slope."""


def spec_of(loss: str | LossSpec) -> LossSpec:
    """Of the name of a loss without parameters too, as in the core."""
    return LossSpec(loss) if isinstance(loss, str) else loss


def measure(loss: str | LossSpec, y: Array, t: Array) -> RowLoss:
    """Rows' losses and gradient."""
    return LOSSES[spec_of(loss).name](y, t, *spec_of(loss).parameters)


def loss_reduction(loss: str | LossSpec, n_rows: int) -> float:
    """What the sum of row losses is multiplied by before it is differentiated."""
    spec = spec_of(loss)
    share = 1.0 if spec.name == "sum_squared_error" or spec.reduction == "sum" else 1.0 / n_rows
    return share * spec.gradient_factor
