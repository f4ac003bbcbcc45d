"""_kernel_activations: the activations of `nnfast.kernels`, forward and backward."""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from nnfast import _core, _validation
from nnfast._kernel_arrays import Array, check_array, check_out

__all__ = [
    "binary_step",
    "binary_step_backward",
    "binary_step_straight_through",
    "binary_step_straight_through_backward",
    "celu",
    "celu_backward",
    "elu",
    "elu_backward",
    "exponential",
    "exponential_backward",
    "gelu",
    "gelu_backward",
    "gelu_tanh",
    "gelu_tanh_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_swish",
    "hard_swish_backward",
    "hard_tanh",
    "hard_tanh_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "log_softmax",
    "log_softmax_backward",
    "mish",
    "mish_backward",
    "relu",
    "relu6",
    "relu6_backward",
    "relu_backward",
    "selu",
    "selu_backward",
    "sigmoid",
    "sigmoid_backward",
    "sign",
    "sign_backward",
    "sign_straight_through",
    "sign_straight_through_backward",
    "silu",
    "silu_backward",
    "softmax",
    "softmax_backward",
    "softplus",
    "softplus_backward",
    "softsign",
    "softsign_backward",
    "tanh",
    "tanh_backward",
]


class _Forward(Protocol):
    def __call__(self, x: ArrayLike, *, out: Array | None = None) -> Array: ...


class _Backward(Protocol):
    def __call__(self, grad: ArrayLike, saved: ArrayLike, *, out: Array | None = None) -> Array: ...


def _make_pair(name: str, formula: str) -> tuple[_Forward, _Backward]:
    """Make the two functions of an activation that has no parameter."""

    def forward(x: ArrayLike, *, out: Array | None = None) -> Array:
        return _activate(name, x, 0.0, out)

    def backward(grad: ArrayLike, saved: ArrayLike, *, out: Array | None = None) -> Array:
        return _go_back(name, grad, saved, 0.0, out)

    needed = "the input x" if _core.ACTIVATIONS[name] == "input" else "the output y"
    forward.__name__ = forward.__qualname__ = name
    forward.__doc__ = f"Return {formula}."
    backward.__name__ = backward.__qualname__ = f"{name}_backward"
    backward.__doc__ = f"Return the gradient with respect to x from that of y = {name}(x); `saved` is {needed}."
    return forward, backward


sigmoid, sigmoid_backward = _make_pair("sigmoid", "1 / (1 + exp(-x))")
tanh, tanh_backward = _make_pair("tanh", "the hyperbolic tangent")
relu, relu_backward = _make_pair("relu", "max(x, 0)")
relu6, relu6_backward = _make_pair("relu6", "min(max(x, 0), 6)")
selu, selu_backward = _make_pair(
    "selu", "scale x where x > 0, else scale alpha (exp(x) - 1), scale 1.0507, alpha 1.6733"
)
gelu, gelu_backward = _make_pair("gelu", "x Phi(x), Phi the standard normal distribution function")
gelu_tanh, gelu_tanh_backward = _make_pair("gelu_tanh", "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2")
softplus, softplus_backward = _make_pair("softplus", "log(1 + exp(x))")
softsign, softsign_backward = _make_pair("softsign", "x / (1 + abs(x))")
silu, silu_backward = _make_pair("silu", "x / (1 + exp(-x))")
mish, mish_backward = _make_pair("mish", "x tanh(log(1 + exp(x)))")
hard_sigmoid, hard_sigmoid_backward = _make_pair("hard_sigmoid", "min(max(x + 3, 0), 6) / 6")
hard_tanh, hard_tanh_backward = _make_pair("hard_tanh", "min(max(x, -1), 1)")
hard_swish, hard_swish_backward = _make_pair("hard_swish", "x min(max(x + 3, 0), 6) / 6")
exponential, exponential_backward = _make_pair("exponential", "exp(x)")
binary_step, binary_step_backward = _make_pair("binary_step", "1 where x > 0, else 0")
sign, sign_backward = _make_pair("sign", "-1, 0 or 1")
binary_step_straight_through, binary_step_straight_through_backward = _make_pair(
    "binary_step_straight_through", "binary_step(x), whose gradient is passed on where abs(x) <= 1"
)
sign_straight_through, sign_straight_through_backward = _make_pair(
    "sign_straight_through", "sign(x), whose gradient is passed on where abs(x) <= 1"
)
softmax, softmax_backward = _make_pair("softmax", "exp(x) divided by its sum along the last axis")
log_softmax, log_softmax_backward = _make_pair("log_softmax", "the logarithm of softmax(x) along the last axis")


def leaky_relu(x: ArrayLike, negative_slope: float = 0.2, *, out: Array | None = None) -> Array:
    """Return x where x > 0, else negative_slope x."""
    return _activate("leaky_relu", x, _check_parameter("negative_slope", negative_slope), out)


def leaky_relu_backward(
    grad: ArrayLike, saved: ArrayLike, negative_slope: float = 0.2, *, out: Array | None = None
) -> Array:
    """Return the gradient with respect to x from that of y = leaky_relu(x); `saved` is the output y."""
    return _go_back("leaky_relu", grad, saved, _check_parameter("negative_slope", negative_slope), out)


def elu(x: ArrayLike, alpha: float = 1.0, *, out: Array | None = None) -> Array:
    """Return x where x > 0, else alpha (exp(x) - 1)."""
    return _activate("elu", x, _check_parameter("alpha", alpha), out)


def elu_backward(grad: ArrayLike, saved: ArrayLike, alpha: float = 1.0, *, out: Array | None = None) -> Array:
    """Return the gradient with respect to x from that of y = elu(x); `saved` is the output y."""
    return _go_back("elu", grad, saved, _check_parameter("alpha", alpha), out)


def celu(x: ArrayLike, alpha: float = 1.0, *, out: Array | None = None) -> Array:
    """Return x where x > 0, else alpha (exp(x / alpha) - 1)."""
    return _activate("celu", x, _check_alpha(alpha), out)


def celu_backward(grad: ArrayLike, saved: ArrayLike, alpha: float = 1.0, *, out: Array | None = None) -> Array:
    """Return the gradient with respect to x from that of y = celu(x); `saved` is the output y."""
    return _go_back("celu", grad, saved, _check_alpha(alpha), out)


def _check_parameter(name: str, value: float) -> float:
    return _validation.check_real(name, value, "[0, 1e30]")


def _check_alpha(value: float) -> float:
    return _validation.check_real("alpha", value, "[1e-30, 1e30]")


def _as_matrix(array: Array) -> Array:
    """Return the same memory as rows along the last axis."""
    if array.ndim == 2:
        return array
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def _activate(name: str, x: ArrayLike, parameter: float, out: Array | None) -> Array:
    values = check_array("x", x)
    result = check_out("out", out, values.shape, values.dtype)
    if values.size:
        _core.activation(name, _as_matrix(values), _as_matrix(result), parameter)
    return result


def _go_back(name: str, grad: ArrayLike, saved: ArrayLike, parameter: float, out: Array | None) -> Array:
    above = check_array("grad", grad)
    kept = check_array("saved", saved, above.shape, above.dtype)
    result = check_out("out", out, above.shape, above.dtype)
    if result is not above:
        np.copyto(result, above)
    if result.size:
        _core.activation_gradient(name, _as_matrix(kept), _as_matrix(result), parameter)
    return result
