"""Weights of samples: what they mean for losses, gradients, metrics and validation."""

from dataclasses import replace

import numpy as np
import pytest
from nets import Twins, dense, run
from problems import hash_weights, make_classifier
from reference_losses import LOSSES
from weighting import EVERY_LOSS, LABELS, X, make_model, make_targets, make_weights

import nnfast
from nnfast import Sequential, _core, losses
from nnfast._core import LossSpec
from nnfast.callbacks import LambdaCallback


def assert_same(first: Sequential, second: Sequential, tolerance: float = 1e-9) -> None:
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# ---- what a weight means ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", EVERY_LOSS)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_a_weight_of_n_is_the_row_n_times(loss, reduction):
    """A full batch. A mean is over the rows there are, so its weights shrink as the rows grow more."""
    counts = np.random.default_rng(1).integers(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), counts)
    chosen = losses.get(loss)
    chosen = chosen if chosen.is_sum else replace(chosen, reduction=reduction)
    factor = len(X) / len(rows) if reduction == "sum_over_batch_size" and not chosen.is_sum else 1.0
    weighted, repeated = make_model(chosen), make_model(chosen)
    y = make_targets(loss)
    first = weighted.fit(X, y, batch_size=len(X), epochs=3, sample_weight=counts * factor, verbose=0)
    second = repeated.fit(X[rows], y[rows], batch_size=len(rows), epochs=3, verbose=0)
    np.testing.assert_allclose(first.history["loss"], second.history["loss"], rtol=1e-12)
    assert_same(weighted, repeated)


@pytest.mark.parametrize("loss", EVERY_LOSS)
def test_weights_of_one_change_no_bit(loss, dtype):
    plain, weighted = make_model(loss, dtype=dtype), make_model(loss, dtype=dtype)
    y = make_targets(loss)
    first = plain.fit(X, y, batch_size=17, epochs=2, verbose=0)
    second = weighted.fit(X, y, batch_size=17, epochs=2, verbose=0, sample_weight=np.ones(len(X)))
    assert hash_weights(plain) == hash_weights(weighted)
    assert first.history == second.history


def test_a_mean_by_weight_is_over_each_batch():
    """Batches of an epoch, in order, each a step of its own."""
    loss = losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
    whole, steps, w = make_model(loss), make_model(loss), make_weights()
    w[17:34] = 0
    history = whole.fit(X, LABELS, batch_size=17, shuffle=False, sample_weight=w, verbose=0).history
    totals = []
    for first in range(0, len(X), 17):
        rows = slice(first, first + 17)
        totals.append(w[rows].sum() * steps.train_on_batch(X[rows], LABELS[rows], sample_weight=w[rows]))
    assert hash_weights(whole) == hash_weights(steps)
    assert history["loss"] == [pytest.approx(sum(totals) / w.sum(), rel=1e-12)]


@pytest.mark.parametrize("reduction", ["mean", "sum", "weighted_mean"])
@pytest.mark.parametrize("n_rows", [1, 40, 1500, 5000])
def test_one_step_against_the_reference(n_rows, reduction, dtype, isa, n_threads, rng):
    """One row alone, one shard, shards one by one (or a member each); the samples in an order of their own."""
    twins = Twins([dense(9, "tanh"), dense(4, "softmax")], 6, dtype, rng)
    x, t = rng.standard_normal((n_rows, 6)).astype(dtype), np.eye(4)[rng.integers(0, 4, n_rows)]
    weights = rng.choice([0.2, 0.5, 1.0, 3.0], (n_rows, 1))
    weights[1::2] *= rng.integers(0, 2, weights[1::2].shape)
    factor = {"mean": 1 / n_rows, "sum": 1.0, "weighted_mean": 1 / weights.sum()}[reduction]
    rate = 0.5 if reduction != "sum" else 0.5 / n_rows
    z = twins.reference
    z.layers[-1].activation = "linear"
    row_loss, grad = LOSSES["categorical_crossentropy_logits"](z.forward(x), t, 0.0)
    z.backward(grad * weights * factor)
    loss = LossSpec("categorical_crossentropy_logits", (0.0,), reduction)
    trainer = _core.Trainer(twins.core, _core.Optimizer(twins.core, "sgd", [rate]), loss, [])
    (stats,) = run(trainer, x, t.astype(dtype), weights=weights, shuffle=True, seed=3)
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    assert stats.loss == pytest.approx(row_loss @ weights[:, 0], rel=tolerance)
    assert stats.weight == pytest.approx(weights.sum(), rel=1e-15)
    for i, name in twins.names:
        layer = z.layers[i]
        expected = getattr(layer, name) - rate * layer.grads[name]
        np.testing.assert_allclose(twins.core.get_parameter(i, name), expected, rtol=tolerance, atol=tolerance / 5)


@pytest.mark.parametrize("cut", ["epochs", "batches", "nobody"])
def test_weights_however_training_is_cut(cut):
    listeners = {
        "nobody": [],
        "epochs": [LambdaCallback(on_epoch_end=lambda epoch, logs: None)],
        "batches": [LambdaCallback(on_train_batch_end=lambda batch, logs: None)],
    }
    results = []
    for callbacks in (listeners["nobody"], listeners[cut]):
        model = make_classifier()
        model.compile("adam", "sparse_categorical_crossentropy", ["acc"], weighted_metrics=["acc", "mae"])
        history = model.fit(X, LABELS, epochs=3, verbose=0, sample_weight=make_weights(), callbacks=callbacks)
        results.append((hash_weights(model), history.history))
    assert results[0] == results[1]


@pytest.mark.parametrize("sizes", [(9, 4), (512, 448)])
def test_threads_do_not_change_a_bit(sizes, dtype, rng):
    """By rows, by columns and by shards."""
    x, weights = rng.standard_normal((5000, 33)).astype(dtype), rng.uniform(0, 2, (5000, 1))
    y = rng.integers(0, 4, (5000, 1)).astype(np.int32)
    loss = LossSpec("categorical_crossentropy_logits", (0.0,), "weighted_mean")
    for batch_size, n_rows in ((16, 100), (100, 1000), (5000, 5000)) if sizes[0] < 100 else ((16, 60), (1100, 1100)):
        results = set()
        for n_threads in (1, 2, 3, 7):
            nnfast.set_num_threads(n_threads)
            twins = Twins(
                [*(dense(n, "tanh") for n in sizes), dense(4, "softmax")], 33, dtype, np.random.default_rng(0)
            )
            optimizer = _core.Optimizer(twins.core, "adam", [0.01, 0.9, 0.99, 1e-7])
            metrics = ["categorical_accuracy", "mean_absolute_error"]
            trainer = _core.Trainer(twins.core, optimizer, loss, metrics, n_weighted=1)
            outputs = np.empty((n_rows, 4), dtype)
            more = {"batch_size": batch_size, "shuffle": True, "weights": weights[:n_rows], "outputs": outputs}
            stats = run(trainer, x[:n_rows], y[:n_rows], **more)
            stats.append(trainer.evaluate(x[:n_rows], y[:n_rows], weights=weights[:n_rows]))
            values = [twins.core.get_parameter(*key) for key in twins.names]
            results.add((repr(stats), outputs.tobytes(), b"".join(v.tobytes() for v in values)))
        assert len(results) == 1


def test_loss_and_metrics_by_their_formulas():
    """The loss is a mean over the rows, metrics do not know weights, weighted metrics are weighted means."""
    w = make_weights()
    model = make_model("sparse_categorical_crossentropy", metrics=["acc"], weighted_metrics=["acc", "mse"])
    p = model.predict(X)
    rows = -np.log(p[np.arange(len(X)), LABELS])
    hits = p.argmax(axis=1) == LABELS
    squares = ((p - np.eye(3)[LABELS]) ** 2).mean(axis=1)
    logs = model.evaluate(X, LABELS, verbose=0, sample_weight=w, return_dict=True)
    expected = {
        "loss": (w * rows).sum() / len(X),
        "acc": hits.mean(),
        "weighted_acc": (w * hits).sum() / w.sum(),
        "mse": (w * squares).sum() / w.sum(),
    }
    assert list(logs) == list(expected)
    np.testing.assert_allclose(list(logs.values()), list(expected.values()), rtol=1e-12)
    assert model.train_on_batch(X, LABELS, sample_weight=w) == pytest.approx(list(expected.values()), rel=1e-12)


def test_rows_that_weigh_nothing():
    model = make_model("mse", weighted_metrics=["mae"])
    before = model.get_weights()
    logs = model.train_on_batch(X, np.eye(3)[LABELS], sample_weight=np.zeros(len(X)), return_dict=True)
    assert logs == {"loss": 0.0, "mae": 0.0}
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_row_that_weighs_nothing_must_be_finite_all_the_same():
    with pytest.raises(ValueError, match="x: expected finite numbers"):
        make_model("mse").fit(np.full((2, 6), np.nan), np.zeros((2, 3)), sample_weight=[0, 0])


# ---- validation ------------------------------------------------------------------------------------------------------


def test_validation_data_with_weights():
    w = make_weights()
    model = make_model("sparse_categorical_crossentropy", metrics=["acc"], weighted_metrics=["acc"])
    history = model.fit(X, LABELS, verbose=0, validation_data=(X[:50], LABELS[:50], w[:50])).history
    logs = model.evaluate(X[:50], LABELS[:50], sample_weight=w[:50], verbose=0, return_dict=True)
    assert {name: history[f"val_{name}"][0] for name in logs} == logs
    assert logs["acc"] != logs["weighted_acc"]


def test_validation_split_cuts_the_weights_too():
    w = make_weights()
    split, apart = make_classifier(), make_classifier()
    more = {"epochs": 2, "verbose": 0, "class_weight": "balanced"}
    first = split.fit(X, LABELS, validation_split=0.25, sample_weight=w, **more)
    pair = (X[90:], LABELS[90:], w[90:])
    second = apart.fit(X[:90], LABELS[:90], validation_data=pair, sample_weight=w[:90], **more)
    assert first.history == second.history
    assert hash_weights(split) == hash_weights(apart)


# ---- what is refused -------------------------------------------------------------------------------------------------

BAD_WEIGHTS = {
    "too few": (np.ones(119), r"sample_weight: expected a weight for each row of x, shape \(120,\), received .*119"),
    "an output each": (np.ones((120, 3)), r"sample_weight: expected a weight for each row .*received shape \(120, 3\)"),
    "negative": (-np.ones(120), "sample_weight: expected finite numbers >= 0, received -1.0 in row 0"),
    "NaN": (np.where(np.arange(120) == 7, np.nan, 1), "expected finite numbers >= 0, received nan in row 7"),
    "infinite": (np.full(120, np.inf), "expected finite numbers >= 0, received inf in row 0"),
    "words": (["a"] * 120, "sample_weight: expected real numbers, received dtype"),
    "a number": (2.0, "sample_weight: expected an array, received the single number 2.0"),
}


@pytest.mark.parametrize("shape", [(50, 2), (50, 3), (49, 1)])
def test_the_core_checks_weights_and_outputs(shape):
    twins = Twins([dense(3)], 6, "float64", np.random.default_rng(0))
    trainer = _core.Trainer(twins.core, None, LossSpec("categorical_crossentropy", (0.0,)), [])
    x, y = np.zeros((50, 6)), np.zeros((50, 3))
    for more in ({"weights": np.ones(shape)}, {"weights": np.ones((50, 1), np.float32)}, {"outputs": np.ones((50, 2))}):
        with pytest.raises(ValueError, match="argument"):
            trainer.evaluate(x, y, **more)
    with pytest.raises(ValueError, match="argument"):
        _core.Trainer(twins.core, None, "mean_squared_error", ["mean_squared_error"], n_weighted=2)


@pytest.mark.parametrize("case", BAD_WEIGHTS)
@pytest.mark.parametrize("call", ["fit", "evaluate", "train_on_batch", "validation"])
def test_bad_sample_weights(case, call):
    weights, message = BAD_WEIGHTS[case]
    model = make_classifier()
    before = hash_weights(model)
    if call == "validation":
        message = message.replace("sample_weight:", r"validation_data\[2\]:")
    more = {} if call == "train_on_batch" else {"verbose": 0}
    more |= {"validation_data": (X, LABELS, weights)} if call == "validation" else {"sample_weight": weights}
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(model, "fit" if call == "validation" else call)(X, LABELS, **more)
    assert hash_weights(model) == before
