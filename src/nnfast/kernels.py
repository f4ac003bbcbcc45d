"""kernels: the core's bare loops on NumPy arrays, for those who want only them.

Arrays are float32 or float64, all of one call of the same dtype. `out`, where given, must be C-contiguous and of the
result's shape and dtype; it is returned. Functions of single elements take arrays of any shape, and `out` may be their
input. Arrays that do not fit are a ValueError.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from nnfast import _core, _kernel_activations, _kernel_losses, _kernel_normalization, _validation, optimizers
from nnfast._kernel_activations import *  # noqa: F403
from nnfast._kernel_arrays import Array, check_array, check_out
from nnfast._kernel_losses import *  # noqa: F403
from nnfast._kernel_normalization import *  # noqa: F403
from nnfast.schedules import compute_rate

__all__ = [
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "adamw_update",
    "dense_backward",
    "dense_forward",
    "lion_update",
    "nadam_update",
    "rmsprop_update",
    "rprop_update",
    "sgd_update",
]
__all__ += _kernel_activations.__all__
__all__ += _kernel_losses.__all__
__all__ += _kernel_normalization.__all__

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


class _Update(Protocol):
    def __call__(self, w: Array, grad: ArrayLike, *state: Array, step: int = 1, **hyperparameters: Any) -> None: ...


def _make_update(cls: type[optimizers.Optimizer], formula: str) -> _Update:
    """Make the function that takes one step of an optimizer."""

    def update(w: Array, grad: ArrayLike, *state: Array, step: int = 1, **hyperparameters: Any) -> None:
        _update(cls(**hyperparameters), w, grad, state, _validation.check_integer("step", step, 1, 2**63 - 1))

    update.__name__ = update.__qualname__ = f"{cls.names[0]}_update"
    update.__doc__ = f"""Take one step of `nnfast.optimizers.{cls.__name__}`: {formula}.

    Parameters
    ----------
    w : array
        The parameters, changed.
    grad, *state : array of w's shape
        The gradient, and what the optimizer remembers, in this order and changed; it begins with 0.
    step : int
        1, 2, ...
    {", ".join(cls.arguments)}
        By name; see `nnfast.optimizers.{cls.__name__}`.
    """
    return update


sgd_update = _make_update(optimizers.SGD, "``w -= learning_rate * grad``, with momentum by a velocity")
adam_update = _make_update(optimizers.Adam, "by the running means m and v, with `amsgrad` also the largest v so far")
adamw_update = _make_update(optimizers.AdamW, "Adam's with decay")
nadam_update = _make_update(optimizers.Nadam, "by the running means m and v")
adamax_update = _make_update(optimizers.Adamax, "by the running mean m and the largest gradient u")
rmsprop_update = _make_update(
    optimizers.RMSprop, "by the running mean v, if `centered` that of the gradient, with `momentum` the sum s of steps"
)
adagrad_update = _make_update(
    optimizers.Adagrad, "by the sum of squares, without the `initial_accumulator_value` it began with"
)
adadelta_update = _make_update(optimizers.Adadelta, "by the running means v of gradients and u of steps")
lion_update = _make_update(optimizers.Lion, "by the running mean m")
rprop_update = _make_update(optimizers.Rprop, "by the last gradient and the steps' lengths, 0 being the learning rate")


# ---- inside ----


def _update(optimizer: optimizers.Optimizer, w: Array, grad: ArrayLike, slots: tuple[Array, ...], step: int) -> None:
    n_slots, names = _core.OPTIMIZERS[optimizer.rule]
    if not isinstance(w, np.ndarray):
        raise _validation.mismatch("w", "an array", w)
    if len(slots) != n_slots:
        raise ValueError(f"state: expected {n_slots} arrays for {optimizer!r}, received {len(slots)}")
    parameter = check_out("w", w, w.shape, w.dtype)
    gradient = check_array("grad", grad, w.shape, w.dtype)
    state = [check_out(f"state {place}", slot, w.shape, w.dtype) for place, slot in enumerate(slots)]
    values = [compute_rate(optimizer.learning_rate, step - 1), *(getattr(optimizer, name) for name in names[1:])]
    _core.update(optimizer.rule, parameter, gradient, state, values, step, optimizer.weight_decay or 0.0)
