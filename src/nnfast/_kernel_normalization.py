"""_kernel_normalization: the normalizations of `nnfast.kernels`: each call makes a network of one layer."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnfast import _core, _validation
from nnfast._core import LayerSpec
from nnfast._kernel_arrays import Array, check_array, check_out

__all__ = [
    "batch_normalization",
    "batch_normalization_backward",
    "layer_normalization",
    "layer_normalization_backward",
    "normalization",
    "normalization_backward",
]


def batch_normalization(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-3,
    *,
    out: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Return ``(x - mean) / sqrt(variance + epsilon) * gamma + beta``, and mean and variance of the columns.

    Parameters
    ----------
    x : array of shape (n, n_features)
        The rows of a batch.
    gamma, beta : array of shape (n_features,), optional
        1 and 0 if not given.
    epsilon : float
        > 0.
    out : array of x's shape, optional
        Where the result goes; it may be `x`.

    Returns
    -------
    tuple of ndarray, of shapes (n, n_features), (n_features,) and (n_features,)
        The variance is the biased one: squared deviations are divided by n.
    """
    rows = _check_rows(x)
    result = check_out("out", out, rows.shape, rows.dtype)
    network, _ = _run_trained("batch_normalization", rows, result, (gamma, beta), epsilon)
    return result, network.get_parameter(0, "mean"), network.get_parameter(0, "variance")


def batch_normalization_backward(
    grad: ArrayLike, x: ArrayLike, gamma: ArrayLike | None = None, epsilon: float = 1e-3, *, out: Array | None = None
) -> tuple[Array, Array, Array]:
    """Return the gradients with respect to x, gamma and beta from that of y = batch_normalization(x, gamma, beta)[0].

    Parameters
    ----------
    grad, x : array of shape (n, n_features)
        The gradient with respect to y, and the input.
    gamma : array of shape (n_features,), optional
        1 if not given.
    epsilon : float
        > 0.
    out : array of x's shape, optional
        Where the gradient with respect to x goes; it may be `grad`.

    Returns
    -------
    tuple of ndarray, of shapes (n, n_features), (n_features,) and (n_features,)
    """
    return _go_back("batch_normalization", grad, x, gamma, epsilon, out)


def layer_normalization(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 1e-3,
    *,
    out: Array | None = None,
) -> Array:
    """Return ``(x - mean) / sqrt(variance + epsilon) * gamma + beta`` with mean and biased variance of each row.

    Arguments are those of `batch_normalization`.
    """
    rows = _check_rows(x)
    result = check_out("out", out, rows.shape, rows.dtype)
    _run_trained("layer_normalization", rows, result, (gamma, beta), epsilon)
    return result


def layer_normalization_backward(
    grad: ArrayLike, x: ArrayLike, gamma: ArrayLike | None = None, epsilon: float = 1e-3, *, out: Array | None = None
) -> tuple[Array, Array, Array]:
    """Return the gradients with respect to x, gamma and beta from that of y = layer_normalization(x, gamma, beta).

    Arguments and results are those of `batch_normalization_backward`.
    """
    return _go_back("layer_normalization", grad, x, gamma, epsilon, out)


def normalization(
    x: ArrayLike, mean: ArrayLike, variance: ArrayLike, epsilon: float = 1e-7, *, out: Array | None = None
) -> Array:
    """Return ``(x - mean) / max(sqrt(variance), epsilon)``; mean and variance have shape (n_features,)."""
    rows = _check_rows(x)
    result = check_out("out", out, rows.shape, rows.dtype)
    _run(_make_given_spec(epsilon), rows, result, {"mean": mean, "variance": variance})
    return result


def normalization_backward(
    grad: ArrayLike, variance: ArrayLike, epsilon: float = 1e-7, *, out: Array | None = None
) -> Array:
    """Return the gradient with respect to x from that of y = normalization(x, mean, variance)."""
    above = _check_rows(grad, "grad")
    result = check_out("out", out, above.shape, above.dtype)
    _run(_make_given_spec(epsilon), above, result, {"variance": variance})
    return result


def _check_rows(x: ArrayLike, name: str = "x") -> Array:
    rows = check_array(name, x, (None, None))
    if not rows.size:
        raise ValueError(f"{name}: expected at least one element, received shape {rows.shape}")
    return rows


def _make_given_spec(epsilon: float) -> LayerSpec:
    return LayerSpec("normalization", epsilon=_validation.check_real("epsilon", epsilon, "(0, inf)"))


def _run(
    spec: LayerSpec, rows: Array, result: Array, vectors: dict[Any, ArrayLike | None]
) -> tuple[_core.Network, _core.Pass]:
    network = _core.Network(rows.dtype.name, rows.shape[1], 1.0, 0.0, [spec])
    for name, values in vectors.items():
        if values is not None:
            network.set_parameter(0, name, check_array(name, values, rows.shape[1:], rows.dtype))
    one_pass = _core.Pass(network)
    one_pass.forward(rows, result, True, 0, 0)
    return network, one_pass


def _run_trained(
    kind: Any, rows: Array, result: Array, vectors: tuple[ArrayLike | None, ArrayLike | None], epsilon: float
) -> tuple[_core.Network, _core.Pass]:
    """Run a layer whose moving statistics, if it has such, become those of the rows."""
    spec = LayerSpec(
        kind,
        use_gamma=vectors[0] is not None,
        use_bias=vectors[1] is not None,
        momentum=0.0,
        epsilon=_validation.check_real("epsilon", epsilon, "(0, inf)"),
    )
    return _run(spec, rows, result, dict(zip(("gamma", "beta"), vectors, strict=True)))


def _go_back(
    kind: Any, grad: ArrayLike, x: ArrayLike, gamma: ArrayLike | None, epsilon: float, out: Array | None
) -> tuple[Array, Array, Array]:
    rows = _check_rows(x)
    above = check_array("grad", grad, rows.shape, rows.dtype)
    grad_x = check_out("out", out, rows.shape, rows.dtype)
    vectors = np.ones_like(rows[0]) if gamma is None else gamma, np.zeros_like(rows[0])
    _, one_pass = _run_trained(kind, rows, rows.copy(), vectors, epsilon)
    one_pass.backward(above, grad_x)
    return grad_x, one_pass.get_gradient(0, "gamma"), one_pass.get_gradient(0, "beta")
