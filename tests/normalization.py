"""normalization.py: batch and layer normalization and scaling by given statistics in NumPy; part of reference.py."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def moments(x: Array, axis: int) -> tuple[Array, Array]:
    """Mean and biased variance."""
    mean = x.mean(axis=axis, keepdims=True)
    return mean, ((x - mean) ** 2).mean(axis=axis, keepdims=True)


def normalize(layer: Any, x: Array) -> Array:
    """The output of a layer of reference.py. With ``takes_batch`` its moving statistics take in those of x."""
    if layer.kind == "normalization":
        layer.saved = {"x": x, "inverse": 1 / np.maximum(np.sqrt(layer.variance), layer.epsilon)}
        return (x - layer.mean) * layer.saved["inverse"]
    if layer.kind == "layer_normalization":
        mean, variance = moments(x, 1)
    elif layer.takes_batch:
        mean, variance = moments(x, 0)
        layer.mean = layer.mean * layer.momentum + mean[0] * (1 - layer.momentum)
        layer.variance = layer.variance * layer.momentum + variance[0] * (1 - layer.momentum)
    else:
        mean, variance = layer.mean, layer.variance
    inverse = 1 / np.sqrt(variance + layer.epsilon)
    h = (x - mean) * inverse
    layer.saved = {"h": h, "inverse": inverse}
    gamma = 1 if layer.gamma is None else layer.gamma
    return h * gamma + (0 if layer.beta is None else layer.beta)


def go_back(layer: Any, grad: Array) -> Array:
    """dL/dx from dL/dy; the gradients of gamma and beta are left in ``grads``."""
    inverse = layer.saved["inverse"]
    if layer.kind == "normalization":
        return grad * inverse
    h = layer.saved["h"]
    layer.grads = {"gamma": (grad * h).sum(axis=0), "beta": grad.sum(axis=0)}
    grad_h = grad if layer.gamma is None else grad * layer.gamma
    if layer.kind == "batch_normalization" and not layer.takes_batch:
        return grad_h * inverse
    axis = 1 if layer.kind == "layer_normalization" else 0
    along = (grad_h * h).mean(axis=axis, keepdims=True)
    return (grad_h - grad_h.mean(axis=axis, keepdims=True) - h * along) * inverse
