"""`Loss.share`: penalties that the rows of a batch share, and losses and gradients times factors, scikit-learn's way.

tests/sklearn compares whole fits, with last batches that are smaller too, with scikit-learn's own.
"""

import numpy as np
import pytest

from nnfast import Sequential, losses
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD
from nnfast.regularizers import L1L2


def make_model(loss, regularizer, rate=0.1):
    hidden = Dense(8, "tanh", kernel_regularizer=regularizer, bias_regularizer=regularizer)
    model = Sequential([Input(6), hidden, Dense(3, kernel_regularizer=regularizer)], seed=1, dtype="float64")
    model.compile(SGD(rate), loss)
    return model


def make_values(n):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 6)), rng.normal(size=(n, 3))


def measure_by_function(y_true, y_pred):
    """The losses of rows, which may be weighed."""
    return ((y_pred - y_true) ** 2).mean(axis=1), 2 * (y_pred - y_true) / 3


def assert_same(ours, theirs):
    for own, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("loss", ["mean_squared_error", measure_by_function], ids=["core", "function"])
@pytest.mark.parametrize(("n", "size"), [(20, 1), (50, 10), (6000, 3000)], ids=["one row", "rows", "shards"])
def test_penalties_are_divided_by_the_rows_of_the_batch(loss, n, size):
    x, y = make_values(n)
    shared = make_model(losses.get(loss).share(1.0, 1.0), L1L2(0.2, 0.3))
    plain = make_model(loss, L1L2(0.2 / size, 0.3 / size))
    ours, theirs = (m.fit(x, y, batch_size=size, epochs=2, shuffle=False, verbose=0).history for m in (shared, plain))
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-12)
    assert_same(shared, plain)


def test_penalties_are_divided_by_the_sum_of_weights():
    x, y = make_values(40)
    weights = np.random.default_rng(1).uniform(0.5, 2, 40)
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    shared = make_model(loss.share(1.0, 1.0), L1L2(0.2, 0.3))
    plain = make_model(loss, L1L2(0.2 / weights.sum(), 0.3 / weights.sum()))
    for model in (shared, plain):
        model.fit(x, y, batch_size=40, epochs=2, shuffle=False, verbose=0, sample_weight=weights)
    assert_same(shared, plain)
    own, other = (model.evaluate(x, y, verbose=0, sample_weight=weights) for model in (shared, plain))
    assert own == pytest.approx(other, rel=1e-12)


def test_a_factor_of_gradients_is_one_of_the_rate_without_penalties():
    x, y = make_values(50)
    ours, theirs = make_model(losses.MeanSquaredError().share(0.5, 3.0), None), make_model("mse", None, 0.3)
    told, known = (m.fit(x, y, batch_size=20, epochs=2, verbose=0).history["loss"] for m in (ours, theirs))
    assert_same(ours, theirs)
    np.testing.assert_allclose(told, 0.5 * np.array(known), rtol=1e-12)
    assert ours.evaluate(x, y, verbose=0) == pytest.approx(0.5 * theirs.evaluate(x, y, verbose=0), rel=1e-12)


def test_the_loss_itself_stays_as_it_is():
    loss = losses.Huber(delta=2.0)
    shared = loss.share(0.5, 2.0)
    assert (loss.factor, loss.gradient_factor, loss.divides_penalties) == (1.0, 1.0, False)
    assert (shared.factor, shared.gradient_factor, shared.divides_penalties) == (0.5, 2.0, True)
    assert shared.get_config() == loss.get_config()
