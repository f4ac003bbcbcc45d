"""The bare kernels for every ISA and dtype: updates, dense products to the bit, searching, random numbers."""

import itertools
from statistics import NormalDist
from typing import Any

import exact
import numpy as np
import pytest
import reference
import reference_updates
from nets import HYPERPARAMETERS, SIZES, all_isas_agree, spaced
from numpy.typing import NDArray

from nnfast import _core

Array = NDArray[Any]

# ---- updates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
def test_update(rule: str, dtype: str, isa: str, rng: np.random.Generator) -> None:
    hyperparameters = HYPERPARAMETERS[rule]
    formula, n_slots = reference.OPTIMIZERS[rule]
    for n in SIZES:
        numbers = rng.standard_normal((4, n)).astype(dtype)
        w, slots = numbers[0].copy(), [np.zeros(n, dtype) for _ in range(n_slots)]
        expected, wide_slots = w.astype(float), [np.zeros(n) for _ in range(n_slots)]
        for step, g in enumerate(numbers[1:], start=1):
            _core.update(rule, w, g, slots, hyperparameters, step)
            expected = formula(expected, g.astype(float), wide_slots, hyperparameters, step)
        tolerance = {"rtol": 8 * np.finfo(dtype).eps, "atol": 4 * np.finfo(dtype).eps}
        np.testing.assert_allclose(w, expected, **tolerance)
        for slot, wide in zip(slots, wide_slots, strict=True):
            np.testing.assert_allclose(slot, wide, **tolerance)


@pytest.mark.parametrize("step", [1, 2, 3, 1000, 10**6, 10**12])
def test_adam_corrects_its_bias_at_any_step(step: int, dtype: str, isa: str) -> None:
    hyperparameters = [0.001, 0.9, 0.999, 1e-7]
    w, slots = np.ones(5, dtype), [np.full(5, 0.3, dtype), np.full(5, 0.2, dtype)]
    wide = [s.astype(float) for s in slots]
    expected = reference_updates.adam(np.ones(5), np.full(5, 0.25), wide, hyperparameters, step)
    _core.update("adam", w, np.full(5, 0.25, dtype), slots, hyperparameters, step)
    np.testing.assert_allclose(w - 1, expected - 1, rtol=1e-3 if dtype == "float32" else 1e-11)


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
def test_updates_have_the_same_bits_on_every_isa(rule: str, dtype: str, rng: np.random.Generator) -> None:
    numbers = rng.standard_normal((2 + _core.OPTIMIZERS[rule][0], 1003)).astype(dtype)

    def compute() -> list[Array]:
        w, g = numbers[0].copy(), numbers[1]
        slots = [np.abs(s) for s in numbers[2:]]
        _core.update(rule, w, g, slots, HYPERPARAMETERS[rule], 3)
        return [w, *slots]

    assert all_isas_agree(compute)


# ---- dense -----------------------------------------------------------------------------------------------------------

SHAPES = [(1, 1, 1), (1, 67, 1), (67, 1, 1), (1, 1, 67), (2, 3, 5), (6, 16, 64), (7, 17, 65), (5, 33, 31), (13, 9, 67),
          (4, 64, 16), (12, 5, 48), (31, 2, 33), (3, 67, 15), (1, 20, 130)]  # fmt: skip


def make_dense(shape: tuple[int, int, int], dtype: str) -> tuple[Array, Array, Array, Array]:
    """x, w, bias and grad_y; a quarter of x is 0, as after ReLU."""
    m, k, n = shape
    rng = np.random.default_rng(shape)
    x = rng.standard_normal((m, k)) * (rng.random((m, k)) > 0.25)
    return tuple(a.astype(dtype) for a in (x, *map(rng.standard_normal, ((k, n), n, (m, n)))))


@pytest.mark.parametrize("shape", SHAPES)
def test_dense_forward_is_one_chain(shape: tuple[int, int, int], dtype: str) -> None:
    x, w, bias, _ = make_dense(shape, dtype)
    for b in (bias, None):
        expected = exact.product(b, x, w)
        for isa in _core.get_runnable_isas():
            _core.set_isa(isa)
            (source, _), (out, untouched) = spaced(x), spaced(np.zeros_like(expected))
            _core.dense_forward(source, w, b, out)
            assert out.tobytes() == expected.tobytes(), isa
            assert untouched()


@pytest.mark.parametrize("shape", SHAPES)
def test_dense_backward_is_one_chain(shape: tuple[int, int, int], dtype: str) -> None:
    x, w, _, grad = make_dense(shape, dtype)
    expected = [
        exact.product(None, grad, w.T),
        exact.product(None, x.T.copy(), grad),
        exact.column_sum(grad) + grad.dtype.type(0),
    ]
    for isa in _core.get_runnable_isas():
        _core.set_isa(isa)
        results = [np.empty_like(e) for e in expected]
        (grad_x, untouched_x), (grad_w, untouched_w) = spaced(results[0]), spaced(results[1])
        grad_bias = results[2]
        _core.dense_backward(spaced(x)[0], w, spaced(grad)[0], grad_x, grad_w, grad_bias)
        for result, e in zip((grad_x, grad_w, grad_bias), expected, strict=True):
            assert result.tobytes() == e.tobytes(), isa
        assert untouched_x()
        assert untouched_w()


def test_dense_backward_gives_what_is_asked_for(dtype: str, isa: str) -> None:
    x, w, bias, grad = make_dense((9, 7, 5), dtype)
    whole = [np.empty_like(a) for a in (x, w, bias)]
    _core.dense_backward(x, w, grad, *whole)
    for wanted in itertools.product((True, False), repeat=3):
        part = [np.empty_like(a) if want else None for a, want in zip(whole, wanted, strict=True)]
        _core.dense_backward(x, w, grad, *part)
        for p, a in zip(part, whole, strict=True):
            assert p is None or p.tobytes() == a.tobytes()


@pytest.mark.parametrize(("rows", "columns", "outputs"), [(0, 3, 2), (2, 0, 20), (1, 0, 3), (2, 3, 0)])
def test_sums_of_nothing(rows: int, columns: int, outputs: int, dtype: str, isa: str) -> None:
    x, w, bias, grad = make_dense((rows, columns, outputs), dtype)
    out, grad_x, grad_w, grad_bias = (np.full_like(a, 7) for a in (grad, x, w, bias))
    _core.dense_forward(x, w, bias, out)
    _core.dense_backward(x, w, grad, grad_x, grad_w, grad_bias)
    np.testing.assert_array_equal(out, np.broadcast_to(bias, out.shape) if columns == 0 else x @ w + bias)
    np.testing.assert_array_equal(grad_x, grad @ w.T)
    np.testing.assert_array_equal(grad_w, x.T @ grad)
    np.testing.assert_allclose(grad_bias, grad.sum(axis=0), rtol=1e-6)


def test_gradients_of_many_rows_are_summed_in_shards(isa: str, n_threads: int) -> None:
    x, w, _, grad = make_dense((2500, 5, 3), "float32")
    grad_w, grad_bias = np.empty_like(w), np.empty(3, "float32")
    _core.dense_backward(x, w, grad, None, grad_w, grad_bias)
    assert grad_w.tobytes() == exact.in_shards(lambda x, g: exact.product(None, x.T, g), x, grad).tobytes()
    assert grad_bias.tobytes() == exact.in_shards(exact.column_sum, grad).tobytes()
    assert grad_w.tobytes() != exact.product(None, x.T, grad).tobytes()


def test_dense_rows_do_not_depend_on_threads(dtype: str, n_threads: int) -> None:
    x, w, bias, grad = make_dense((601, 67, 65), dtype)
    out, grad_x = np.empty_like(grad), np.empty_like(x)
    _core.dense_forward(x, w, bias, out)
    _core.dense_backward(x, w, grad, grad_x, None, None)
    for rows in (slice(0, 1), slice(299, 303), slice(595, 601)):
        one, one_grad = np.empty_like(out[rows]), np.empty_like(x[rows])
        _core.dense_forward(x[rows], w, bias, one)
        _core.dense_backward(x[rows], w, grad[rows], one_grad, None, None)
        assert out[rows].tobytes() == one.tobytes()
        assert grad_x[rows].tobytes() == one_grad.tobytes()


def test_a_sum_is_never_minus_zero(dtype: str, isa: str) -> None:
    x, w = np.zeros((2, 3), dtype), np.full((3, 5), -1, dtype)
    for bias in (None, np.full(5, -0.0, dtype)):
        out = np.empty((2, 5), dtype)
        _core.dense_forward(x, w, bias, out)
        assert not np.signbit(out).any()


def test_nan_and_infinity_pass_through(dtype: str, isa: str) -> None:
    x, w = np.ones((4, 3), dtype), np.ones((3, 5), dtype)
    x[1, 1], x[2, 0], x[3] = np.nan, np.inf, (np.inf, -np.inf, 0)
    out = np.empty((4, 5), dtype)
    _core.dense_forward(x, w, None, out)
    np.testing.assert_array_equal(out, np.array([[3], [np.nan], [np.inf], [np.nan]], dtype) + np.zeros((4, 5), dtype))


# ---- searching, random numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_find_not_finite(value: float, dtype: str, isa: str) -> None:
    for n in SIZES:
        x = np.full((3, n), np.finfo(dtype).max, dtype)
        assert _core.find_not_finite(spaced(x)[0]) == -1
        for at in {0, n // 2, n - 1, 2 * n, 3 * n - 1}:
            bad = x.copy()
            bad.flat[at] = value
            bad.flat[-1] = value
            assert _core.find_not_finite(spaced(bad)[0]) == at


def test_random_uniform() -> None:
    for seed, layer, n in ((0, 0, 1), (7, 3, 70), (2**64 - 1, 255, 200)):
        assert _core.random_uniform(seed, layer, n).tobytes() == exact.uniform(seed, layer, n).tobytes()


def test_normal_quantile(isa: str) -> None:
    p = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 501), 10.0 ** np.arange(-300, -6, 7)])
    expected = [NormalDist().inv_cdf(v) for v in p]
    np.testing.assert_allclose(_core.normal_quantile(p), expected, rtol=1e-13, atol=1e-15)
    assert all_isas_agree(lambda: [_core.normal_quantile(p)])
