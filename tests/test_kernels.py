"""The bare kernels for every ISA and dtype: activations and losses. The others are in test_kernels_dense.py."""

from typing import Any

import exact
import numpy as np
import pytest
import reference
from nets import PARAMETER, SIZES, THREADS, all_isas_agree, assert_ulps, spaced
from numpy.typing import NDArray

import nnfast
from nnfast import _core

Array = NDArray[Any]

ELEMENTWISE = sorted(set(_core.ACTIVATIONS) - {"softmax"})


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
    x = samples(dtype) if name != "softmax" else samples(dtype)[:, :67].clip(-50, 50)
    # Softmax adds and divides too, and takes the exponential of a rounded difference.
    allowed = 2 if name != "softmax" else 8 + np.abs(x - x.max(axis=1, keepdims=True))
    assert_ulps(apply(name, x), wide_reference(name, x), allowed, x)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activation_of_special_values(name: str, dtype: str, isa: str) -> None:
    x = np.array([[0.0, -0.0, np.inf, -np.inf, np.nan]], dtype)
    np.testing.assert_array_equal(apply(name, x), wide_reference(name, x).astype(dtype))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activation_is_monotone_and_bounded(name: str, dtype: str, isa: str) -> None:
    x = np.sort(samples(dtype).ravel()).reshape(1, -1)
    y = apply(name, x)
    if name not in ("gelu", "silu"):
        assert (np.diff(y) >= 0).all()
    low, high = {"sigmoid": (0, 1), "tanh": (-1, 1)}.get(name, (-np.inf, np.inf))
    assert y.min() >= low
    assert y.max() <= high


@pytest.mark.parametrize("name", _core.ACTIVATIONS)
def test_activation_of_any_shape(name: str, dtype: str, isa: str) -> None:
    """Rows apart in memory, of any length; in place; nothing beside them is touched."""
    x = samples(dtype).ravel()[1900:2101].reshape(3, 67).clip(-30, 30)
    whole = apply(name, x)
    for n in SIZES:
        expected = whole[:, :n] if name != "softmax" else apply(name, x[:, :n].copy())
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
    # Near the roots of gelu' and silu' the long double itself has lost digits.
    unsure = np.finfo(np.longdouble).eps / np.spacing(np.abs(expected).astype(dtype)).astype(np.longdouble)
    allowed = 2 + np.where((np.abs(saved) < 2) & (_core.ACTIVATIONS[name] == "input"), unsure, 0)
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


def test_softmax_gradient(dtype: str, isa: str, rng: np.random.Generator) -> None:
    for n in SIZES:
        y = reference.softmax(3 * rng.standard_normal((4, n))).astype(dtype)
        grad = rng.standard_normal((4, n)).astype(dtype)
        expected = reference.activation_backward("softmax", y.astype(float), grad.astype(float))
        (source, _), (target, untouched) = spaced(y), spaced(grad)
        _core.activation_gradient("softmax", source, target, 0.0)
        bound = 4 * np.finfo(dtype).eps * y * (np.abs(grad) + np.abs(grad * y).sum(axis=1, keepdims=True))
        assert (np.abs(target - expected) <= bound + np.finfo(dtype).tiny).all()
        assert untouched()


def test_softmax_of_large_values(dtype: str, isa: str) -> None:
    x = np.array([[1e4, 1e4 - 1, -1e4], [-1e30, -1e30, -1e30]], dtype)
    y = apply("softmax", x)
    np.testing.assert_allclose(y, reference.softmax(x.astype(float)), rtol=1e-6)
    assert np.isnan(apply("softmax", np.array([[0.0, np.nan, 1.0]], dtype))).all()


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


# ---- losses ----------------------------------------------------------------------------------------------------------


def outputs_and_targets(loss: str, shape: tuple[int, int], dtype: str, rng: np.random.Generator) -> tuple[Array, Array]:
    y = rng.standard_normal(shape) * 3
    if loss in ("binary_crossentropy", "categorical_crossentropy"):
        y = rng.uniform(0.01, 0.99, shape)
    return y.astype(dtype), rng.uniform(0, 1, shape).astype(dtype)


@pytest.mark.parametrize("loss", _core.LOSSES)
def test_loss(loss: str, dtype: str, isa: str, rng: np.random.Generator) -> None:
    eps = np.finfo(dtype).eps
    for n in SIZES:
        y, t = outputs_and_targets(loss, (5, n), dtype, rng)
        (output, _), (target, _), (gradient, untouched) = spaced(y), spaced(t), spaced(np.zeros_like(y))
        row_loss = np.empty(5)
        _core.loss(loss, output, target, 0.25, row_loss, gradient)
        expected, slope = reference.LOSSES[loss](y.astype(float), t.astype(float))
        np.testing.assert_allclose(row_loss, expected, rtol=4 * eps, atol=(n + 8) * eps)
        np.testing.assert_allclose(gradient, slope / 4, rtol=8 * eps, atol=(4 + n / 8) * eps)
        assert untouched()
        activation = reference.FUSED.get(loss)
        if activation is None:
            assert output.tobytes() == y.tobytes()
        else:
            p = reference.ACTIVATIONS[activation].forward(y.astype(float), 0)
            np.testing.assert_allclose(output, p, rtol=(n + 8) * eps)
            output[...] = y
        alone = np.empty(5)
        _core.loss(loss, output, target, 0.25, alone, None)
        assert alone.tobytes() == row_loss.tobytes()


@pytest.mark.parametrize("loss", ["mean_squared_error", "sum_squared_error"])
def test_rows_are_summed_in_sixteen_lanes(loss: str, dtype: str, isa: str, rng: np.random.Generator) -> None:
    for n in SIZES:
        y, t = rng.standard_normal((2, 5, n)).astype(dtype)
        row_loss = np.empty(5)
        _core.loss(loss, y, t, 1.0, row_loss, None)
        total = exact.row_sum((y - t) * (y - t)).astype(float)
        np.testing.assert_array_equal(row_loss, total * (1 / n) if loss == "mean_squared_error" else total)


def test_losses_of_extreme_logits(dtype: str, isa: str) -> None:
    """The joint forms stay finite where a probability would be 0 or 1, and right to the last digit."""
    z = np.array([[1e4, -1e4], [-1e4, 1e4], [88, -88]], dtype)
    t = np.array([[0, 1], [0, 1], [1, 0]], dtype)
    for loss in reference.FUSED:
        expected, slope = reference.LOSSES[loss](z.astype(float), t.astype(float))
        row_loss, gradient = np.empty(3), np.empty_like(z)
        _core.loss(loss, z.copy(), t, 1.0, row_loss, gradient)
        np.testing.assert_allclose(row_loss, expected, rtol=1e-6, atol=1e-37)
        np.testing.assert_allclose(gradient, slope, rtol=1e-6, atol=1e-37)


def test_clipped_probabilities(dtype: str, isa: str) -> None:
    y, t = np.array([[0, 1], [1, 0]], dtype), np.array([[1, 0], [1, 0]], dtype)
    for loss in ("binary_crossentropy", "categorical_crossentropy"):
        row_loss, gradient = np.empty(2), np.ones_like(y)
        _core.loss(loss, y, t, 1.0, row_loss, gradient)
        # Above 1 - 1e-7 single precision has only 1 - 2^-23 and 1 - 2^-24.
        np.testing.assert_allclose(
            row_loss, [-np.log(1e-7), -np.log1p(-1e-7)], rtol=0.2 if dtype == "float32" else 1e-8
        )
        assert row_loss[0] == pytest.approx(-np.log(1e-7), rel=0.02)
        assert not gradient.any()


@pytest.mark.parametrize("loss", _core.LOSSES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_loss_tells_of_bad_outputs(loss: str, value: float, dtype: str, isa: str) -> None:
    y, t = np.full((3, 5), 0.5, dtype), np.full((3, 5), 0.2, dtype)
    y[1, 3] = value
    row_loss = np.empty(3)
    _core.loss(loss, y, t, 1.0, row_loss, None)
    # A clipped probability is finite whatever it was, as in Keras, unless it was NaN.
    if not (np.isinf(value) and loss == "binary_crossentropy"):
        assert not np.isfinite(row_loss[1])
    assert np.isfinite(row_loss[[0, 2]]).all()


@pytest.mark.parametrize("loss", _core.LOSSES)
def test_losses_have_the_same_bits_on_every_isa(loss: str, dtype: str, rng: np.random.Generator) -> None:
    data = [outputs_and_targets(loss, (9, n), dtype, rng) for n in SIZES]

    def compute() -> list[Array]:
        results = []
        for y, t in data:
            output, row_loss, gradient = y.copy(), np.empty(len(y)), np.empty_like(y)
            _core.loss(loss, output, t, 0.3, row_loss, gradient)
            results += [output, row_loss, gradient]
        return results

    assert all_isas_agree(compute)


def test_threads_do_not_change_a_bit(dtype: str, rng: np.random.Generator) -> None:
    """Arrays large enough for a team; the number of rows is no multiple of any number of threads."""
    x, t = rng.standard_normal((2, 3001, 23)).astype(dtype)
    results = set()
    for n_threads in THREADS:
        nnfast.set_num_threads(n_threads)
        gradient, row_loss, p = np.empty_like(x), np.empty(len(x)), x.copy()
        _core.loss("binary_crossentropy_logits", p, t, 0.5, row_loss, gradient)
        y = apply("softmax", x)
        _core.activation_gradient("softmax", y, gradient, 0.0)
        results.add(b"".join(a.tobytes() for a in (y, p, row_loss, gradient)))
    assert len(results) == 1
