"""kernels: the core's bare loops on NumPy arrays, for those who want only them.

Arrays are float32 or float64, all of one call of the same dtype. `out`, where given, must be C-contiguous and of the
result's shape and dtype; it is returned. Functions of single elements take arrays of any shape, and `out` may be their
input. Arrays that do not fit are a ValueError.
"""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from nnfast import _core, _validation
from nnfast._kernel_arrays import Array, check_array, check_out
from nnfast._kernel_losses import (
    binary_crossentropy as binary_crossentropy,
)
from nnfast._kernel_losses import (
    binary_focal_crossentropy as binary_focal_crossentropy,
)
from nnfast._kernel_losses import (
    categorical_crossentropy as categorical_crossentropy,
)
from nnfast._kernel_losses import (
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from nnfast._kernel_losses import (
    categorical_hinge as categorical_hinge,
)
from nnfast._kernel_losses import (
    cosine_similarity as cosine_similarity,
)
from nnfast._kernel_losses import (
    hinge as hinge,
)
from nnfast._kernel_losses import (
    huber as huber,
)
from nnfast._kernel_losses import (
    kl_divergence as kl_divergence,
)
from nnfast._kernel_losses import (
    log_cosh as log_cosh,
)
from nnfast._kernel_losses import (
    mean_absolute_error as mean_absolute_error,
)
from nnfast._kernel_losses import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from nnfast._kernel_losses import (
    mean_squared_error as mean_squared_error,
)
from nnfast._kernel_losses import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from nnfast._kernel_losses import (
    poisson as poisson,
)
from nnfast._kernel_losses import (
    quantile as quantile,
)
from nnfast._kernel_losses import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from nnfast._kernel_losses import (
    squared_hinge as squared_hinge,
)
from nnfast._kernel_losses import (
    sum_squared_error as sum_squared_error,
)


class _Forward(Protocol):
    def __call__(self, x: ArrayLike, *, out: Array | None = None) -> Array: ...


class _Backward(Protocol):
    def __call__(self, grad: ArrayLike, saved: ArrayLike, *, out: Array | None = None) -> Array: ...


# ---- activations ----


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
gelu, gelu_backward = _make_pair("gelu", "x Phi(x), Phi the standard normal distribution function")
softplus, softplus_backward = _make_pair("softplus", "log(1 + exp(x))")
silu, silu_backward = _make_pair("silu", "x / (1 + exp(-x))")
binary_step, binary_step_backward = _make_pair("binary_step", "1 where x > 0, else 0")
sign, sign_backward = _make_pair("sign", "-1, 0 or 1")
softmax, softmax_backward = _make_pair("softmax", "exp(x) divided by its sum along the last axis")


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


# ---- dense layers ----


def dense_forward(x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, *, out: Array | None = None) -> Array:
    """Return ``x @ w + b``.

    Parameters
    ----------
    x : array of shape (n, in_size)
        The rows.
    w : array of shape (in_size, out_size)
        The kernel.
    b : array of shape (out_size,), optional
        The bias.
    out : array of shape (n, out_size), optional
        Where the result goes; it must not overlap the others.

    Returns
    -------
    ndarray of shape (n, out_size)
    """
    rows = check_array("x", x, (None, None))
    kernel = check_array("w", w, (rows.shape[1], None), rows.dtype)
    bias = None if b is None else check_array("b", b, (kernel.shape[1],), rows.dtype)
    result = check_out("out", out, (len(rows), kernel.shape[1]), rows.dtype)
    _core.dense_forward(rows, kernel, bias, result)
    return result


def dense_backward(
    x: ArrayLike,
    w: ArrayLike,
    grad_y: ArrayLike,
    *,
    out: tuple[Array | None, Array | None, Array | None] = (None, None, None),
) -> tuple[Array, Array, Array]:
    """Return the gradients of ``y = x @ w + b`` with respect to x, w and b, from that of y.

    Parameters
    ----------
    x : array of shape (n, in_size)
        The rows.
    w : array of shape (in_size, out_size)
        The kernel.
    grad_y : array of shape (n, out_size)
        The gradient with respect to y.
    out : tuple of three arrays or None, optional
        Where the results go; they must not overlap the others.

    Returns
    -------
    tuple of ndarray, of the shapes of x, w and b
        Those of w and b are summed over the rows.
    """
    rows = check_array("x", x, (None, None))
    kernel = check_array("w", w, (rows.shape[1], None), rows.dtype)
    above = check_array("grad_y", grad_y, (len(rows), kernel.shape[1]), rows.dtype)
    if not isinstance(out, tuple) or len(out) != 3:
        raise _validation.mismatch("out", "a tuple of three arrays or None", out)
    grad_x = check_out("out[0]", out[0], rows.shape, rows.dtype)
    grad_w = check_out("out[1]", out[1], kernel.shape, rows.dtype)
    grad_b = check_out("out[2]", out[2], kernel.shape[1:], rows.dtype)
    _core.dense_backward(rows, kernel, above, grad_x, grad_w, grad_b)
    return grad_x, grad_w, grad_b


# ---- optimizer updates, in place ----


def sgd_update(w: Array, grad: ArrayLike, learning_rate: float) -> None:
    """Do ``w -= learning_rate * grad``."""
    _update("sgd", w, grad, (), (learning_rate,))


def momentum_update(
    w: Array, grad: ArrayLike, velocity: Array, learning_rate: float, momentum: float, nesterov: bool = False
) -> None:
    """Do ``velocity = momentum * velocity - learning_rate * grad``, then ``w += velocity``.

    With `nesterov` it is ``w += momentum * velocity - learning_rate * grad``.
    """
    rule = "nesterov" if _validation.check_bool("nesterov", nesterov) else "momentum"
    _update(rule, w, grad, (velocity,), (learning_rate, momentum))


def adam_update(
    w: Array,
    grad: ArrayLike,
    m: Array,
    v: Array,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> None:
    """Do one step of Adam; see `nnfast.optimizers.Adam`.

    Parameters
    ----------
    w : array
        The parameters.
    grad, m, v : array of w's shape
        Gradient, and running means of it and of its square; the latter two begin with 0 and are changed.
    step : int
        1, 2, ...
    learning_rate, beta_1, beta_2, epsilon : float
        See `nnfast.optimizers.Adam`.
    """
    number = _validation.check_integer("step", step, 1, 2**63 - 1)
    _update("adam", w, grad, (m, v), (learning_rate, beta_1, beta_2, epsilon), number)


# ---- inside ----


def _check_parameter(name: str, value: float) -> float:
    return _validation.check_real(name, value, "[0, 1e30]")


def _as_matrix(array: Array) -> Array:
    """Return the same memory as rows along the last axis."""
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


def _update(
    rule: str, w: Array, grad: ArrayLike, slots: tuple[Array, ...], values: tuple[float, ...], step: int = 1
) -> None:
    if not isinstance(w, np.ndarray):
        raise _validation.mismatch("w", "an array", w)
    parameter = check_out("w", w, w.shape, w.dtype)
    state = [check_out(f"state {place}", slot, w.shape, w.dtype) for place, slot in enumerate(slots)]
    names = _core.OPTIMIZERS[rule][1]
    numbers = [_validation.check_real(name, value, "[0, 1e30]") for name, value in zip(names, values, strict=True)]
    _core.update(rule, parameter, check_array("grad", grad, w.shape, w.dtype), state, numbers, step)
