"""Weights of single outputs."""

import numpy as np
import pytest
from nets import Twins, dense, loss_spec, run
from problems import hash_weights
from reference_losses import FUSED
from weighting import LABELS, X, make_model, make_weights

from nnfast import _core


@pytest.mark.parametrize("loss", _core.LOSSES)
def test_which_losses_are_made_of_elements(loss, rng):
    """Those whose row is the mean or the sum of what its elements are alone."""
    y, t = rng.uniform(0.1, 0.9, (2, 5, 3))
    whole, parts = np.empty(5), np.empty((3, 5))
    _core.loss(loss_spec(loss), y.copy(), t, 1.0, whole, None)
    for j, part in enumerate(parts):
        _core.loss(loss_spec(loss), y[:, j : j + 1].copy(), t[:, j : j + 1].copy(), 1.0, part, None)
    is_made = any(np.allclose(whole, total) for total in (parts.mean(axis=0), parts.sum(axis=0)))
    assert is_made == (loss in _core.ELEMENT_LOSSES)


def test_weighted_metrics_need_one_weight_a_row():
    model = make_model("mse", weighted_metrics=["mae"])
    with pytest.raises(
        ValueError, match="weighted_metrics: expected one weight a row for mae, received 3, one for each"
    ):
        model.fit(X, np.eye(3)[LABELS], sample_weight=np.ones((120, 3)))


@pytest.mark.parametrize("loss", sorted(_core.ELEMENT_LOSSES))
@pytest.mark.parametrize("n_rows", [1, 40, 1500, 5000])
def test_weights_of_elements_against_the_kernels(loss, n_rows, dtype, n_threads, rng):
    """More outputs than are done at once; each output's gradient and loss alone, times its weight."""
    n_outputs = 5 if n_rows > 40 else 70
    twins = Twins([dense(n_outputs, FUSED.get(loss, "sigmoid"))], 4, dtype, rng)
    x, t = rng.standard_normal((n_rows, 4)).astype(dtype), rng.uniform(0.1, 0.9, (n_rows, n_outputs)).astype(dtype)
    weights = rng.choice([0.0, 0.5, 1.0, 3.0], t.shape)
    total, slopes, losses_of_rows = 0.0, np.zeros(t.shape), np.empty(n_rows)
    last = twins.reference.layers[-1]
    y = twins.reference.forward(x)
    seen = last.saved["input"] if loss in FUSED else y
    whole = np.empty(n_rows)
    _core.loss(loss_spec(loss), seen.astype(dtype), t, 1.0, whole, None)
    for j in range(n_outputs):
        slope, output = np.zeros((n_rows, 1), dtype), seen[:, j : j + 1].astype(dtype)
        _core.loss(loss_spec(loss), output, t[:, j : j + 1].copy(), 1.0, losses_of_rows, slope)
        slopes[:, j] = slope[:, 0] * weights[:, j]
        total += losses_of_rows @ weights[:, j]
    factor = 1.0 if loss in ("sum_squared_error", "kl_divergence") else 1 / n_outputs
    if loss in FUSED:
        last.activation = "linear"
    rate = 1e-3 if factor == 1 or "percentage" in loss else 0.5
    reduction = 1.0 if loss == "sum_squared_error" else 1 / n_rows
    twins.reference.backward(slopes * factor * reduction)
    trainer = _core.Trainer(twins.core, _core.Optimizer(twins.core, "sgd", [rate]), loss_spec(loss), [])
    (stats,) = run(trainer, x, t, weights=weights, shuffle=True, seed=3)
    tolerance = 5e-5 if dtype == "float32" else 1e-12
    assert stats.loss == pytest.approx(total * factor, rel=tolerance)
    assert stats.weight == pytest.approx(weights.mean(axis=1).sum(), rel=1e-14)
    for name in ("weights", "bias"):
        expected = getattr(last, name) - rate * last.grads[name]
        np.testing.assert_allclose(twins.core.get_parameter(0, name), expected, rtol=tolerance, atol=tolerance / 5)


@pytest.mark.parametrize("loss", ["mse", "sse", "binary_crossentropy"])
def test_equal_weights_of_a_rows_elements_are_the_rows_weight(loss, dtype):
    """The same steps, to the bit; the loss is added up in another order."""
    rows, y = make_weights().reshape(-1, 1), np.eye(3)[LABELS]
    one, many = make_model(loss, dtype=dtype), make_model(loss, dtype=dtype)
    first = one.fit(X, y, batch_size=17, epochs=2, verbose=0, sample_weight=rows).history["loss"]
    second = many.fit(X, y, batch_size=17, epochs=2, verbose=0, sample_weight=np.tile(rows, 3)).history["loss"]
    assert hash_weights(one) == hash_weights(many)
    np.testing.assert_allclose(first, second, rtol=1e-6)


def test_batches_may_have_weights_of_rows_or_of_outputs():
    weights, y = make_weights(360).reshape(120, 3), np.eye(3)[LABELS]
    rows = np.repeat(weights[:60, :1], 3, axis=1)
    model = make_model("mse", metrics=["f1_score"])
    expected = model.evaluate(X, y, sample_weight=np.concatenate([rows, weights[60:]]), verbose=0)
    batches = [(X[:60], y[:60], weights[:60, 0]), (X[60:], y[60:], weights[60:])]
    np.testing.assert_allclose(model.evaluate(iter(batches), verbose=0), expected, rtol=1e-6)
