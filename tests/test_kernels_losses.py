"""The bare losses for every ISA and dtype."""

from typing import Any

import exact
import numpy as np
import pytest
import reference_losses
from nets import SIZES, THREADS, all_isas_agree, loss_spec, spaced
from numpy.typing import NDArray
from reference import ACTIVATIONS
from reference_losses import FUSED, LOSSES, ON_PROBABILITIES

import nnfast
from nnfast import _core
from nnfast._core import LossSpec

Array = NDArray[Any]

CLIPPED = {"binary_crossentropy", "binary_focal_crossentropy", "kl_divergence"}
"""Losses that are finite whatever the output was, as in Keras, unless it was NaN."""


def outputs_and_targets(loss: str, shape: tuple[int, int], dtype: str, rng: np.random.Generator) -> tuple[Array, Array]:
    y = rng.uniform(0.01, 0.99, shape) if loss in ON_PROBABILITIES else rng.standard_normal(shape) * 3
    return y.astype(dtype), rng.uniform(0, 1, shape).astype(dtype)


def measure(loss: LossSpec | str, y: Array, t: Array, scale: float = 1.0) -> tuple[Array, Array, Array]:
    """Rows' losses, gradient, and what the loss made of the outputs."""
    output, row_loss, gradient = y.copy(), np.empty(len(y)), np.empty_like(y)
    _core.loss(loss, output, t, scale, row_loss, gradient)
    return row_loss, gradient, output


@pytest.mark.parametrize("loss", _core.LOSSES)
def test_loss(loss: str, dtype: str, isa: str, rng: np.random.Generator) -> None:
    eps = np.finfo(dtype).eps
    for n in SIZES:
        y, t = outputs_and_targets(loss, (5, n), dtype, rng)
        (output, _), (target, _), (gradient, untouched) = spaced(y), spaced(t), spaced(np.zeros_like(y))
        row_loss = np.empty(5)
        _core.loss(loss_spec(loss), output, target, 0.25, row_loss, gradient)
        expected, slope = reference_losses.measure(loss_spec(loss), y.astype(float), t.astype(float))
        steepest = np.maximum(np.abs(slope).max(axis=1, keepdims=True), 1)
        if loss == "cosine_similarity":  # differences of unit vectors, divided by the length
            steepest = 1 / np.sqrt((y.astype(float) ** 2).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(row_loss, expected, rtol=4 * eps, atol=(n + 8) * eps)
        assert (np.abs(gradient - slope / 4) <= 8 * eps * np.abs(slope / 4) + (4 + n / 8) * eps * steepest).all()
        assert untouched()
        activation = FUSED.get(loss)
        if activation is None:
            assert output.tobytes() == y.tobytes()
        else:
            p = ACTIVATIONS[activation].forward(y.astype(float), 0)
            np.testing.assert_allclose(output, p, rtol=(n + 8) * eps)
            output[...] = y
        alone = np.empty(5)
        _core.loss(loss_spec(loss), output, target, 0.25, alone, None)
        assert alone.tobytes() == row_loss.tobytes()


@pytest.mark.parametrize("loss", ["mean_squared_error", "sum_squared_error"])
def test_rows_are_summed_in_sixteen_lanes(loss: str, dtype: str, isa: str, rng: np.random.Generator) -> None:
    for n in SIZES:
        y, t = rng.standard_normal((2, 5, n)).astype(dtype)
        row_loss, *_ = measure(loss, y, t)
        total = exact.row_sum((y - t) * (y - t)).astype(float)
        np.testing.assert_array_equal(row_loss, total * (1 / n) if loss == "mean_squared_error" else total)


# ---- parameters ------------------------------------------------------------------------------------------------------

OTHER_PARAMETERS = {
    "huber": [(1e-3,), (1e3,)],
    "quantile": [(0.01,), (0.99,)],
    **{f"binary_crossentropy{form}": [(0.0, 1.0), (0.0, 0.0), (1.0, 30.0)] for form in ("", "_logits")},
    **{f"categorical_crossentropy{form}": [(0.0,), (1.0,)] for form in ("", "_logits")},
    **{
        f"binary_focal_crossentropy{form}": [(0, 0.25, 2.0, 0.0), (0, 0.25, 0.0, 0.0), (1, 0.9, 0.3, 0.0), (1, 0, 9, 1)]
        for form in ("", "_logits")
    },
    **{
        f"categorical_focal_crossentropy{form}": [(0.25, 2.0, 0.0), (1.0, 0.0, 0.0), (2.0, 0.3, 0.0), (1.0, 9.0, 1.0)]
        for form in ("", "_logits")
    },
}


def test_every_parameter_is_tried() -> None:
    assert set(OTHER_PARAMETERS) == {loss for loss, names in _core.LOSSES.items() if names}


@pytest.mark.parametrize(("loss", "parameters"), [(k, p) for k, many in OTHER_PARAMETERS.items() for p in many])
def test_parameters(loss: str, parameters: tuple[float, ...], dtype: str, rng: np.random.Generator) -> None:
    eps = np.finfo(dtype).eps
    for n in (2, 5, 16, 17, 40):
        y, t = outputs_and_targets(loss, (7, n), dtype, rng)
        t[::2] = t[::2] > 0.5
        row_loss, gradient, _ = measure(LossSpec(loss, parameters), y, t)
        expected, slope = LOSSES[loss](y.astype(float), t.astype(float), *parameters)
        np.testing.assert_allclose(row_loss, expected, rtol=16 * eps, atol=(n + 8) * eps)
        steepest = max(np.abs(slope).max(), 1)
        np.testing.assert_allclose(gradient, slope, rtol=64 * eps, atol=(8 + n / 4) * eps * steepest)


def test_without_focus_it_is_crossentropy(dtype: str, rng: np.random.Generator) -> None:
    y, t = outputs_and_targets("binary_crossentropy", (9, 21), dtype, rng)
    for form in ("", "_logits"):
        for kind, parameters in (("binary", (0.0, 1.0)), ("categorical", (0.0,))):
            plain = measure(LossSpec(f"{kind}_crossentropy{form}", parameters), y, t)
            focal = (0, 0.5, 0.0, 0.0) if kind == "binary" else (1.0, 0.0, 0.0)
            for ours, theirs in zip(measure(LossSpec(f"{kind}_focal_crossentropy{form}", focal), y, t), plain):
                np.testing.assert_allclose(ours, theirs, rtol=1e-5 if dtype == "float32" else 1e-13)


def test_smoothing_is_that_of_the_targets(dtype: str, rng: np.random.Generator) -> None:
    y, t = outputs_and_targets("binary_crossentropy", (9, 21), dtype, rng)
    for loss, more, n in (("binary_crossentropy", (1.0,), 2), ("categorical_crossentropy", (), 21)):
        for form in ("", "_logits"):
            smooth = measure(LossSpec(loss + form, (0.25, *more)), y, t)
            by_hand = measure(LossSpec(loss + form, (0.0, *more)), y, (t * 0.75 + 0.25 / n).astype(dtype))
            for ours, theirs in zip(smooth, by_hand):
                np.testing.assert_allclose(ours, theirs, rtol=2e-4 if dtype == "float32" else 1e-11, atol=1e-7)


# ---- extremes --------------------------------------------------------------------------------------------------------


def neutral_parameters(loss: str) -> tuple[float, ...]:
    return {"label_smoothing": (0.0,), "label_smoothing pos_weight": (0.0, 1.0)}.get(
        " ".join(_core.LOSSES[loss]), (0, 0.25, 2.0, 0.0)[4 - len(_core.LOSSES[loss]) :]
    )


@pytest.mark.parametrize("loss", FUSED)
def test_losses_of_extreme_logits(loss: str, dtype: str, isa: str) -> None:
    """The joint forms stay finite where a probability would be 0 or 1, and right to the last digit."""
    z = np.array([[1e4, -1e4], [-1e4, 1e4], [88, -88]], dtype)
    t = np.array([[0, 1], [0, 1], [1, 0]], dtype)
    for spec in (loss_spec(loss), LossSpec(loss, neutral_parameters(loss))):
        expected, slope = LOSSES[loss](z.astype(float), t.astype(float), *spec.parameters)
        row_loss, gradient, _ = measure(spec, z, t)
        np.testing.assert_allclose(row_loss, expected, rtol=1e-6, atol=1e-37)
        np.testing.assert_allclose(gradient, slope, rtol=2e-6, atol=1e-12 if "focal" in loss else 1e-37)


def test_clipped_probabilities(dtype: str, isa: str) -> None:
    y, t = np.array([[0, 1], [1, 0]], dtype), np.array([[1, 0], [1, 0]], dtype)
    for loss in ("binary_crossentropy", "categorical_crossentropy"):
        row_loss, gradient, _ = measure(LossSpec(loss, neutral_parameters(loss)), y, t)
        # Above 1 - 1e-7 single precision has only 1 - 2^-23 and 1 - 2^-24.
        np.testing.assert_allclose(
            row_loss, [-np.log(1e-7), -np.log1p(-1e-7)], rtol=0.2 if dtype == "float32" else 1e-8
        )
        assert row_loss[0] == pytest.approx(-np.log(1e-7), rel=0.02)
        assert not gradient.any()


@pytest.mark.parametrize(
    ("loss", "y", "slopes"),
    [
        ("kl_divergence", [-0.5, 0.0, 0.25, 1.5], [0, 0, -2, 0]),
        ("mean_squared_logarithmic_error", [-0.5, 0.0, 0.25, 0.5], [0, 0, -np.log(1.2) / 2.5, 0]),
        ("cosine_similarity", [3e-9, 0.0, 0.0, 4e-9], [-0.5e7] * 4),
        ("cosine_similarity", [3.0, 0.0, 0.0, 4.0], [-0.016, -0.1, -0.1, 0.012]),
    ],
)
def test_moved_outputs(loss: str, y: list[float], slopes: list[float], dtype: str, isa: str) -> None:
    """What is clipped has no slope; a row too short for a direction is pulled as one of length 1e-7."""
    outputs, targets = np.array([y], dtype), np.full((1, 4), 0.5, dtype)
    _, gradient, _ = measure(loss, outputs, targets)
    _, expected = reference_losses.measure(loss, outputs.astype(float), targets.astype(float))
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)
    np.testing.assert_allclose(gradient[0], slopes, rtol=1e-6)


@pytest.mark.parametrize("loss", _core.LOSSES)
@pytest.mark.parametrize("n", [2, 3, 19])
def test_extremes_are_finite(loss: str, n: int, dtype: str, isa: str) -> None:
    """Outputs of 0 and 1, targets of 0 and 1, outputs far away: a finite loss and a finite gradient."""
    for high in (1, 1e3) if loss not in ON_PROBABILITIES else (1,):
        for low in (0, -high) if loss not in ON_PROBABILITIES else (0,):
            y = np.where(np.arange(n) % 2, high, low).astype(dtype) * np.ones((4, 1), dtype)
            t = np.array([[0], [1], [0], [1]], dtype) * np.ones(n, dtype)
            t[2:, 0] = 1 - t[2:, 0]
            for spec in (loss_spec(loss), *(LossSpec(loss, p) for p in OTHER_PARAMETERS.get(loss, ()))):
                row_loss, gradient, output = measure(spec, y, t)
                assert np.isfinite(row_loss).all(), (spec, y)
                assert np.isfinite(gradient).all(), (spec, y)
                assert np.isfinite(output).all(), (spec, y)


@pytest.mark.parametrize("loss", _core.LOSSES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_loss_tells_of_bad_outputs(loss: str, value: float, dtype: str, isa: str) -> None:
    y, t = np.full((3, 5), 0.5, dtype), np.full((3, 5), 0.2, dtype)
    y[1, 3] = value
    row_loss, *_ = measure(loss_spec(loss), y, t)
    is_clipped = loss in CLIPPED or (loss == "mean_squared_logarithmic_error" and value < 0)
    assert np.isfinite(row_loss[1]) == (is_clipped and not np.isnan(value))
    assert np.isfinite(row_loss[[0, 2]]).all()


def test_slopes_at_kinks(dtype: str, isa: str) -> None:
    """Where two slopes meet there is none; of equal scores the first other is the one to lower."""
    y = np.array([[0.5, -0.25, 0.5]], dtype)
    for loss in ("mean_absolute_error", "mean_absolute_percentage_error", "quantile"):
        assert not measure(loss_spec(loss), y, y)[1].any()
    for loss in ("hinge", "squared_hinge"):
        assert not measure(loss, np.array([[1, -1, 3]], dtype), np.array([[1, -1, 1]], dtype))[1].any()
    assert measure("categorical_hinge", y, np.array([[0, 1, 0]], dtype))[1].tolist() == [[1, -1, 0]]
    assert not measure("categorical_hinge", np.array([[0, 1, 0]], dtype), np.array([[0, 1, 0]], dtype))[1].any()


def test_hinge_takes_both_kinds_of_labels(dtype: str, isa: str, rng: np.random.Generator) -> None:
    y, t = rng.standard_normal((5, 3)).astype(dtype), rng.integers(0, 2, (5, 3)).astype(dtype)
    for loss in ("hinge", "squared_hinge"):
        for ours, theirs in zip(measure(loss, y, t), measure(loss, y, 2 * t - 1)):
            assert ours.tobytes() == theirs.tobytes()


def test_log_cosh_is_precise_near_0(dtype: str, isa: str) -> None:
    r = np.array([[1e-6], [1e-3], [0.3], [0.999], [1.001], [30.0], [1e30]], dtype)
    row_loss, gradient, _ = measure("log_cosh", r, np.zeros_like(r))
    expected, _ = LOSSES["log_cosh"](r.astype(np.longdouble), np.zeros(r.shape, np.longdouble))
    np.testing.assert_allclose(row_loss, expected.astype(float), rtol=8 * np.finfo(dtype).eps)
    np.testing.assert_allclose(gradient, np.tanh(r.astype(float)), rtol=4 * np.finfo(dtype).eps)


# ---- the same bits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", _core.LOSSES)
def test_losses_have_the_same_bits_on_every_isa(loss: str, dtype: str, rng: np.random.Generator) -> None:
    data = [outputs_and_targets(loss, (9, n), dtype, rng) for n in SIZES]
    specs = [loss_spec(loss), *(LossSpec(loss, p) for p in OTHER_PARAMETERS.get(loss, ()))]

    def compute() -> list[Array]:
        return [array for spec in specs for y, t in data for array in measure(spec, y, t, 0.3)]

    assert all_isas_agree(compute)


@pytest.mark.parametrize("loss", ["binary_crossentropy_logits", "categorical_focal_crossentropy_logits"])
def test_threads_do_not_change_a_bit(loss: str, dtype: str, rng: np.random.Generator) -> None:
    """Arrays large enough for a team; the number of rows is no multiple of any number of threads."""
    x, t = rng.standard_normal((2, 3001, 23)).astype(dtype)
    results = set()
    for n_threads in THREADS:
        nnfast.set_num_threads(n_threads)
        row_loss, gradient, p = measure(loss_spec(loss), x, t, 0.5)
        y = np.empty_like(x)
        _core.activation("softmax", x, y, 0.0)
        _core.activation_gradient("softmax", y, gradient, 0.0)
        results.add(b"".join(a.tobytes() for a in (y, p, row_loss, gradient)))
    assert len(results) == 1


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        "mean_cubed_error",
        LossSpec("mean_cubed_error"),
        LossSpec("huber"),
        LossSpec("huber", (1.0, 2.0)),
        LossSpec("mean_squared_error", (1.0,)),
    ],
)
def test_impossible_losses(spec: LossSpec | str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        measure(spec, np.zeros((2, 3)), np.zeros((2, 3)))
