"""reference_activations.py: the part of reference.py that holds every activation."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# ---- activations: y = f(x), and f' from y or from x as the core's list says ------------------------------------------


class Activation(NamedTuple):
    forward: Callable[[Array, float], Array]
    derivative: Callable[[Array, float], Array]
    """Of the saved array: y for "output", x for "input"."""
    needs: str


def pi(x: Array) -> Array:
    """pi in the dtype of x."""
    return np.arccos(-np.ones_like(x))


def erfc(x: Array) -> Array:
    """1 - erf(x), in the dtype of x: a series of positive terms near 0, a continued fraction far out."""
    z = np.minimum(np.abs(x), 120)
    near, far = np.minimum(z, 1), np.maximum(z, 1)
    term = series = 2 * near / np.sqrt(pi(z)) * np.exp(-near * near)
    for n in range(1, 40):
        term = term * 2 * near * near / (2 * n + 1)
        series = series + term
    fraction = far
    for n in range(500, 0, -1):
        fraction = far + n / 2 / fraction
    tail = np.exp(-far * far) / fraction / np.sqrt(pi(z))
    positive = np.where(z < 1, 1 - series, tail)
    small = np.where(z < 1, 1 + series, 2 - tail)
    return np.where(np.isnan(x), x, np.where(x < 0, small, positive))


def sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def normal_density(x: Array) -> Array:
    return np.exp(-x * x / 2) / np.sqrt(2 * pi(x))


def normal_probability(x: Array) -> Array:
    return erfc(-x / np.sqrt(2 * np.ones_like(x))) / 2


def times_finite(x: Array, factor: Array) -> Array:
    """x * factor, where a factor of 0 wins over an infinite x."""
    return np.where(factor == 0, 0, x) * factor


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(x: Array) -> Array:
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def gelu_tanh(x: Array) -> tuple[Array, Array]:
    """x sigmoid(u), and its derivative, with u = 2 sqrt(2 / pi) (x + 0.044715 x^3)."""
    decimal = x.dtype.type
    z, factor = np.clip(x, -100, 100), np.sqrt(8 / pi(x))
    u, slope = factor * (z + decimal("0.044715") * z**3), factor * (1 + decimal("0.134145") * z**2)
    return times_finite(x, sigmoid(u)), sigmoid(u) * (1 + z * slope * sigmoid(-u))


def mish(x: Array) -> tuple[Array, Array]:
    """x tanh(log(1 + exp(x))), and its derivative; the tangent is that of w / (w + 2)."""
    e = np.exp(np.minimum(x, 100))
    w = e * (e + 2)
    share = w / (w + 2)
    return times_finite(x, share), share + times_finite(x, 4 * e * (e + 1) / (w + 2) ** 2)


SELU_SCALE, SELU_ALPHA = "1.0507009873554804934193349852946", "1.6732632423543772848170429916717"


def selu(x: Array) -> Array:
    scale, alpha = x.dtype.type(SELU_SCALE), x.dtype.type(SELU_ALPHA)
    return np.where(x > 0, scale * x, scale * alpha * np.expm1(np.minimum(x, 0)))


def selu_derivative(y: Array) -> Array:
    scale, alpha = y.dtype.type(SELU_SCALE), y.dtype.type(SELU_ALPHA)
    return np.where(y > 0, scale, np.maximum(y + scale * alpha, 0))


def hard_swish_derivative(x: Array) -> Array:
    return np.where(x <= -3, 0, np.where(x < 3, (x + x.dtype.type(1.5)) / 3, 1))


def straight(x: Array) -> Array:
    return np.where(np.abs(x) <= 1, 1, 0)


def silu_derivative(x: Array, p: float) -> Array:
    s = sigmoid(x)
    return s + times_finite(x, s * sigmoid(-x))


ACTIVATIONS: dict[str, Activation] = {
    "linear": Activation(lambda x, p: x + 0, lambda y, p: np.ones_like(y), "output"),
    "sigmoid": Activation(lambda x, p: sigmoid(x), lambda y, p: y * (1 - y), "output"),
    "tanh": Activation(lambda x, p: np.tanh(x), lambda y, p: (1 - y) * (1 + y), "output"),
    "relu": Activation(lambda x, p: np.maximum(x, 0), lambda y, p: (y > 0) * np.ones_like(y), "output"),
    "leaky_relu": Activation(lambda x, p: np.where(x > 0, x, p * x), lambda y, p: np.where(y > 0, 1, p), "output"),
    "elu": Activation(
        lambda x, p: np.where(x > 0, x, p * np.expm1(np.minimum(x, 0))),
        lambda y, p: np.where(y > 0, 1, y + p),
        "output",
    ),
    "gelu": Activation(
        lambda x, p: times_finite(x, normal_probability(x)),
        lambda x, p: normal_probability(x) + times_finite(x, normal_density(x)),
        "input",
    ),
    "softplus": Activation(
        lambda x, p: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), lambda y, p: -np.expm1(-y), "output"
    ),
    "silu": Activation(lambda x, p: times_finite(x, sigmoid(x)), silu_derivative, "input"),
    "binary_step": Activation(lambda x, p: np.where(np.isnan(x), x, x > 0), lambda y, p: 0 * y, "output"),
    "sign": Activation(lambda x, p: np.sign(x), lambda y, p: 0 * y, "output"),
    "relu6": Activation(lambda x, p: np.clip(x, 0, 6), lambda y, p: np.where((y > 0) & (y < 6), 1, 0), "output"),
    "selu": Activation(lambda x, p: selu(x), lambda y, p: selu_derivative(y), "output"),
    "celu": Activation(
        lambda x, p: np.where(x > 0, x, p * np.expm1(np.minimum(x, 0) / p)),
        lambda y, p: np.where(y > 0, 1, (y + p) / p),
        "output",
    ),
    "gelu_tanh": Activation(lambda x, p: gelu_tanh(x)[0], lambda x, p: gelu_tanh(x)[1], "input"),
    "softsign": Activation(
        lambda x, p: np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x))), lambda y, p: (1 - np.abs(y)) ** 2, "output"
    ),
    "mish": Activation(lambda x, p: mish(x)[0], lambda x, p: mish(x)[1], "input"),
    "hard_sigmoid": Activation(
        lambda x, p: np.clip(x + 3, 0, 6) / 6, lambda y, p: ((y > 0) & (y < 1)) / (6 * np.ones_like(y)), "output"
    ),
    "hard_tanh": Activation(lambda x, p: np.clip(x, -1, 1), lambda y, p: np.where(np.abs(y) < 1, 1, 0), "output"),
    "hard_swish": Activation(
        lambda x, p: times_finite(x, np.clip(x + 3, 0, 6) / 6), lambda x, p: hard_swish_derivative(x), "input"
    ),
    "exponential": Activation(lambda x, p: np.exp(x), lambda y, p: y, "output"),
    "binary_step_straight_through": Activation(
        lambda x, p: np.where(np.isnan(x), x, x > 0), lambda x, p: straight(x), "input"
    ),
    "sign_straight_through": Activation(lambda x, p: np.sign(x), lambda x, p: straight(x), "input"),
    # The whole row decides, so there is no derivative of an element: activation_backward has the product.
    "softmax": Activation(lambda x, p: softmax(x), lambda y, p: y * (1 - y), "output"),
    "log_softmax": Activation(lambda x, p: log_softmax(x), lambda y, p: 1 - np.exp(y), "output"),
}

BY_ROW = ("softmax", "log_softmax")
NO_DERIVATIVE = ("binary_step_straight_through", "sign_straight_through")
"""What goes back is not the derivative of what goes forward."""


def activation_backward(name: str, saved: Array, grad: Array, parameter: float = 0.0) -> Array:
    """dL/dx from dL/dy; saved is y or x as the activation needs."""
    if name == "softmax":
        return saved * (grad - (grad * saved).sum(axis=-1, keepdims=True))
    if name == "log_softmax":
        return grad - np.exp(saved) * grad.sum(axis=-1, keepdims=True)
    return grad * ACTIVATIONS[name].derivative(saved, parameter)
