"""The bare activations for every ISA and dtype. Other kernels: test_kernels_losses.py, test_kernels_dense.py."""

from typing import Any

import numpy as np
import pytest
import reference
from nets import PARAMETER, SIZES, all_isas_agree, assert_ulps, spaced
from numpy.typing import NDArray

from nnfast import _core

Array = NDArray[Any]

ELEMENTWISE = sorted(set(_core.ACTIVATIONS) - set(reference.BY_ROW))
NOT_MONOTONE = ("gelu", "gelu_tanh", "silu", "mish", "hard_swish")
RANGES = {
    "sigmoid": (0, 1),
    "tanh": (-1, 1),
    "softsign": (-1, 1),
    "hard_sigmoid": (0, 1),
    "hard_tanh": (-1, 1),
    "relu6": (0, 6),
    "exponential": (0, np.inf),
}


def samples(dtype: str) -> Array:
    """Every sign, many exponents, what lies around 0 and where functions bend; 8 rows."""
    rng = np.random.default_rng(1)
    info = np.finfo(dtype)
    exponents = rng.uniform(-30, 12, 2000)
    x = np.concatenate(
        [
            np.exp2(exponents) * rng.choice([-1, 1], 2000),
            rng.uniform(-20, 20, 2000),
            rng.uniform(-1, 1, 1000),
            [0, -0.0, info.tiny, -info.tiny, info.eps, -info.eps, 1, -1, info.max, -info.max],
        ]
    ).astype(dtype)
    return np.resize(x, (8, len(x) // 8))


def apply(name: str, x: Array, parameter: float | None = None) -> Array:
    out = np.empty_like(x)
    _core.activation(name, x, out, PARAMETER.get(name, 0.0) if parameter is None else parameter)
    return out


def wide_reference(name: str, x: Array) -> Array:
    """f(x) in long double, of the numbers as the dtype holds them."""
    parameter = np.longdouble(x.dtype.type(PARAMETER.get(name, 0.0)))
    with np.errstate(all="ignore"):
        return reference.ACTIVATIONS[name].forward(x.astype(np.longdouble), parameter)


# ---- activations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", _core.ACTIVATIONS)
def test_activation(name: str, dtype: str, isa: str) -> None:
    x = samples(dtype) if name not in reference.BY_ROW else samples(dtype)[:, :67].clip(-50, 50)
    allowed = 2
    if name in reference.BY_ROW:  # a rounded difference, its exponential, and a sum
        allowed = 8 + np.abs(x - x.max(axis=1, keepdims=True))
    if name == "log_softmax":
        allowed = allowed * np.finfo(dtype).eps / np.spacing(np.abs(apply(name, x)))
    assert_ulps(apply(name, x), wide_reference(name, x), allowed, x)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activation_of_special_values(name: str, dtype: str, isa: str) -> None:
    x = np.array([[0.0, -0.0, np.inf, -np.inf, np.nan]], dtype)
    np.testing.assert_array_equal(apply(name, x), wide_reference(name, x).astype(dtype))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activation_is_monotone_and_bounded(name: str, dtype: str, isa: str) -> None:
    x = np.sort(samples(dtype).ravel()).reshape(1, -1)
    y = apply(name, x)
    if name not in NOT_MONOTONE:
        assert (y[:, 1:] >= y[:, :-1]).all()
    low, high = RANGES.get(name, (-np.inf, np.inf))
    assert y.min() >= low
    assert y.max() <= high


@pytest.mark.parametrize("name", _core.ACTIVATIONS)
def test_activation_of_any_shape(name: str, dtype: str, isa: str) -> None:
    """Rows apart in memory, of any length; in place; nothing beside them is touched."""
    x = samples(dtype).ravel()[1900:2101].reshape(3, 67).clip(-30, 30)
    whole = apply(name, x)
    for n in SIZES:
        expected = whole[:, :n] if name not in reference.BY_ROW else apply(name, x[:, :n].copy())
        source, (out, untouched) = spaced(x[:, :n])[0], spaced(np.zeros((3, n), dtype))
        _core.activation(name, source, out, PARAMETER.get(name, 0.0))
        assert out.tobytes() == expected.tobytes(), n
        assert untouched()
        _core.activation(name, source, source, PARAMETER.get(name, 0.0))
        assert source.tobytes() == expected.tobytes(), n


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivative(name: str, dtype: str, isa: str) -> None:
    saved = samples(dtype)
    if _core.ACTIVATIONS[name] == "output":
        saved = apply(name, saved)
    gradient = np.ones_like(saved)
    parameter = np.longdouble(saved.dtype.type(PARAMETER.get(name, 0.0)))
    _core.activation_gradient(name, saved, gradient, float(parameter))
    with np.errstate(all="ignore"):
        expected = reference.ACTIVATIONS[name].derivative(saved.astype(np.longdouble), parameter)
    expected = expected + np.zeros(saved.shape)
    # Near the roots of gelu', silu' and their kind, and where selu' goes to 0, the long double itself has lost digits.
    unsure = np.finfo(np.longdouble).eps / np.spacing(np.abs(expected).astype(dtype)).astype(np.longdouble)
    cancels = _core.ACTIVATIONS[name] == "input" or name == "selu"
    allowed = 2 + np.where((np.abs(saved) < 2) & cancels, unsure, 0)
    assert_ulps(gradient, expected, allowed, saved)

    factor = np.random.default_rng(0).standard_normal(saved.shape).astype(dtype)
    product = factor.copy()
    _core.activation_gradient(name, saved, product, float(parameter))
    with np.errstate(all="ignore"):
        expected = factor * gradient
    np.testing.assert_array_equal(product, np.where(np.abs(expected) < np.finfo(dtype).tiny, 0, expected))


def test_relu_has_no_slope_at_0(dtype: str, isa: str) -> None:
    gradient = np.ones((1, 2), dtype)
    _core.activation_gradient("relu", np.array([[0.0, -0.0]], dtype), gradient, 0.0)
    assert not gradient.any()


@pytest.mark.parametrize("name", reference.BY_ROW)
def test_gradient_by_row(name: str, dtype: str, isa: str, rng: np.random.Generator) -> None:
    for n in SIZES:
        p = reference.softmax(3 * rng.standard_normal((4, n)))
        y = (p if name == "softmax" else np.log(p)).astype(dtype)
        grad = rng.standard_normal((4, n)).astype(dtype)
        expected = reference.activation_backward(name, y.astype(float), grad.astype(float))
        (source, _), (target, untouched) = spaced(y), spaced(grad)
        _core.activation_gradient(name, source, target, 0.0)
        if name == "softmax":
            size = p * (np.abs(grad) + np.abs(grad * p).sum(axis=1, keepdims=True))
        else:
            size = np.abs(grad) + p * np.abs(grad).sum(axis=1, keepdims=True)
        bound = 4 * np.finfo(dtype).eps * size
        assert (np.abs(target - expected) <= bound + np.finfo(dtype).tiny).all()
        assert untouched()


def test_softmax_of_large_values(dtype: str, isa: str) -> None:
    x = np.array([[1e4, 1e4 - 1, -1e4], [-1e30, -1e30, -1e30]], dtype)
    y = apply("softmax", x)
    np.testing.assert_allclose(y, reference.softmax(x.astype(float)), rtol=1e-6)
    np.testing.assert_allclose(apply("log_softmax", x), reference.log_softmax(x.astype(float)), rtol=1e-6)
    for name in reference.BY_ROW:
        assert np.isnan(apply(name, np.array([[0.0, np.nan, 1.0]], dtype))).all()


@pytest.mark.parametrize("name", _core.ACTIVATIONS)
def test_activations_have_the_same_bits_on_every_isa(name: str, dtype: str) -> None:
    x = samples(dtype)
    x[0, :3] = np.inf, -np.inf, np.nan

    def compute() -> list[Array]:
        y = apply(name, x)
        gradient = np.full_like(x, 1.25)
        _core.activation_gradient(
            name, y if _core.ACTIVATIONS[name] == "output" else x, gradient, PARAMETER.get(name, 0)
        )
        return [y, gradient]

    assert all_isas_agree(compute)
