"""kernels: the core's bare loops on NumPy arrays, for those who want only them.

Arrays are float32 or float64, all of one call of the same dtype. `out`, where given, must be C-contiguous and of the
result's shape and dtype; it is returned. Functions of single elements take arrays of any shape, and `out` may be their
input. Arrays that do not fit are a ValueError.
"""

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast import _core, _validation

Array = NDArray[Any]


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
    rows = _check("x", x, (None, None))
    kernel = _check("w", w, (rows.shape[1], None), rows.dtype)
    bias = None if b is None else _check("b", b, (kernel.shape[1],), rows.dtype)
    result = _check_out("out", out, (len(rows), kernel.shape[1]), rows.dtype)
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
    rows = _check("x", x, (None, None))
    kernel = _check("w", w, (rows.shape[1], None), rows.dtype)
    above = _check("grad_y", grad_y, (len(rows), kernel.shape[1]), rows.dtype)
    if not isinstance(out, tuple) or len(out) != 3:
        raise _validation.mismatch("out", "a tuple of three arrays or None", out)
    grad_x = _check_out("out[0]", out[0], rows.shape, rows.dtype)
    grad_w = _check_out("out[1]", out[1], kernel.shape, rows.dtype)
    grad_b = _check_out("out[2]", out[2], kernel.shape[1:], rows.dtype)
    _core.dense_backward(rows, kernel, above, grad_x, grad_w, grad_b)
    return grad_x, grad_w, grad_b


# ---- losses: (the loss, its gradient with respect to y_pred) ----


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike, *, out: Array | None = None) -> tuple[float, Array]:
    """Return the mean of (y_pred - y_true)^2 over all elements of two arrays (n, n_outputs), and its gradient."""
    return _measure("mean_squared_error", y_true, y_pred, out)


def sum_squared_error(y_true: ArrayLike, y_pred: ArrayLike, *, out: Array | None = None) -> tuple[float, Array]:
    """Return the sum of (y_pred - y_true)^2 over all elements of two arrays (n, n_outputs), and its gradient."""
    return _measure("sum_squared_error", y_true, y_pred, out)


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, *, out: Array | None = None
) -> tuple[float, Array]:
    """Return the mean of -(t log p + (1 - t) log(1 - p)) over all elements, and its gradient.

    Both arrays have shape (n, n_outputs). With `from_logits` p is sigmoid(y_pred), and the gradient is with respect to
    y_pred nevertheless.
    """
    return _measure("binary_crossentropy", y_true, y_pred, out, from_logits)


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, *, out: Array | None = None
) -> tuple[float, Array]:
    """Return the mean over rows of -sum t log p, and its gradient.

    Both arrays have shape (n, n_outputs). With `from_logits` p is softmax(y_pred), and the gradient is with respect to
    y_pred nevertheless.
    """
    return _measure("categorical_crossentropy", y_true, y_pred, out, from_logits)


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, *, out: Array | None = None
) -> tuple[float, Array]:
    """Return the mean over rows of -log p of the output that the row's label names, and its gradient.

    `y_true` has shape (n,) and holds integers in [0, n_outputs). With `from_logits` p is softmax(y_pred), and the
    gradient is with respect to y_pred nevertheless.
    """
    outputs = _check("y_pred", y_pred, (None, None))
    labels = np.asarray(y_true)
    n, n_outputs = outputs.shape
    if labels.dtype.kind not in "iu" or labels.shape != (n,) or not ((labels >= 0) & (labels < n_outputs)).all():
        raise _validation.mismatch("y_true", f"{n} integer labels from 0 to {n_outputs - 1}", y_true)
    targets = np.zeros_like(outputs)
    targets[np.arange(n), labels] = 1
    return _measure("categorical_crossentropy", targets, outputs, out, from_logits)


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


def _check(name: str, array: ArrayLike, shape: tuple[int | None, ...] | None = None, dtype: Any = None) -> Array:
    """Return a C-contiguous array; a None in `shape` is any size, a None for it any shape."""
    values = np.asarray(array)
    if values.dtype not in (np.float32, np.float64) or (dtype is not None and values.dtype != dtype):
        raise ValueError(f"{name}: expected dtype {dtype or 'float32 or float64'}, received {values.dtype}")
    if shape is not None and not _fits(values.shape, shape):
        wanted = str(shape).replace("None", "n")
        raise ValueError(f"{name}: expected shape {wanted}, received {values.shape}")
    return np.asarray(values, order="C")


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b in (None, a) for a, b in zip(shape, wanted, strict=True))


def _check_out(name: str, out: Array | None, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return `out`, or a new array if there is none."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or not out.flags.c_contiguous or not out.flags.writeable:
        raise _validation.mismatch(name, "a writable C-contiguous array", out)
    return _check(name, out, shape, dtype)


def _check_parameter(name: str, value: float) -> float:
    return _validation.check_real(name, value, "[0, 1e30]")


def _as_matrix(array: Array) -> Array:
    """Return the same memory as rows along the last axis."""
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def _activate(name: str, x: ArrayLike, parameter: float, out: Array | None) -> Array:
    values = _check("x", x)
    result = _check_out("out", out, values.shape, values.dtype)
    if values.size:
        _core.activation(name, _as_matrix(values), _as_matrix(result), parameter)
    return result


def _go_back(name: str, grad: ArrayLike, saved: ArrayLike, parameter: float, out: Array | None) -> Array:
    above = _check("grad", grad)
    kept = _check("saved", saved, above.shape, above.dtype)
    result = _check_out("out", out, above.shape, above.dtype)
    if result is not above:
        np.copyto(result, above)
    if result.size:
        _core.activation_gradient(name, _as_matrix(kept), _as_matrix(result), parameter)
    return result


def _measure(
    name: str, y_true: ArrayLike, y_pred: ArrayLike, out: Array | None, from_logits: bool = False
) -> tuple[float, Array]:
    outputs = _check("y_pred", y_pred, (None, None))
    targets = _check("y_true", y_true, outputs.shape, outputs.dtype)
    gradient = _check_out("out", out, outputs.shape, outputs.dtype)
    if not outputs.size:
        raise ValueError(f"y_pred: expected at least one element, received shape {outputs.shape}")
    core_name = f"{name}_logits" if _validation.check_bool("from_logits", from_logits) else name
    n = len(outputs)
    scale = 1.0 if name == "sum_squared_error" else 1.0 / n
    row_loss = np.empty(n)
    _core.loss(core_name, outputs.copy(), targets, scale, row_loss, gradient)
    return math.fsum(row_loss) * scale, gradient


def _update(
    rule: str, w: Array, grad: ArrayLike, slots: tuple[Array, ...], values: tuple[float, ...], step: int = 1
) -> None:
    if not isinstance(w, np.ndarray):
        raise _validation.mismatch("w", "an array", w)
    parameter = _check_out("w", w, w.shape, w.dtype)
    state = [_check_out(f"state {place}", slot, w.shape, w.dtype) for place, slot in enumerate(slots)]
    names = _core.OPTIMIZERS[rule][1]
    numbers = [_validation.check_real(name, value, "[0, 1e30]") for name, value in zip(names, values, strict=True)]
    _core.update(rule, parameter, _check("grad", grad, w.shape, w.dtype), state, numbers, step)
