"""Metrics in fit and evaluate: collected outputs, weights, losses and functions as metrics, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from problems import hash_weights, make_classes

import nnfast
from nnfast import Sequential, losses, metrics
from nnfast.callbacks import EarlyStopping, LambdaCallback
from nnfast.layers import Dense, Input
from nnfast.metrics import AUC, F1Score, FunctionMetric, Precision, R2Score, Recall

sklearn = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
X, LABELS = make_classes(150)


EVERY_METRIC = sorted(set(metrics.CATALOGUE.by_class_name) - {"LossMean"})


def make_model(loss="sparse_categorical_crossentropy", n_outputs=3, trainable=True, **more):
    last = "softmax" if n_outputs > 1 else "sigmoid"
    layers = [Input(6), Dense(7, "tanh", trainable=trainable), Dense(n_outputs, last, trainable=trainable)]
    model = Sequential(layers, seed=2, dtype="float64")
    model.compile("adam", loss, **more)
    return model


def formula(name, t, p, w):
    """Weighted, in NumPy and scikit-learn; t is one-hot."""
    labels, place = t.argmax(axis=1), np.arange(len(t))
    larger = (p > p[place, labels][:, None]).sum(axis=1)
    flat = np.repeat(w, t.shape[1])
    rows = {
        "Accuracy": p.argmax(axis=1) == labels,
        "BinaryAccuracy": ((p > 0.5) == t).mean(axis=1),
        "CategoricalAccuracy": p.argmax(axis=1) == labels,
        "SparseCategoricalAccuracy": p.argmax(axis=1) == labels,
        "TopKCategoricalAccuracy": larger < 5,
        "SparseTopKCategoricalAccuracy": larger < 5,
        "MeanSquaredError": ((p - t) ** 2).mean(axis=1),
        "RootMeanSquaredError": ((p - t) ** 2).mean(axis=1),
        "MeanAbsoluteError": abs(p - t).mean(axis=1),
        "MeanAbsolutePercentageError": (100 * abs(p - t) / np.maximum(t, 1e-7)).mean(axis=1),
    }
    if name in rows:
        mean = (w * rows[name]).sum() / w.sum()
        return np.sqrt(mean) if name.startswith("Root") else mean
    scores = {
        "Precision": lambda: sklearn.precision_score(t.ravel(), p.ravel() > 0.5, sample_weight=flat, zero_division=0),
        "Recall": lambda: sklearn.recall_score(t.ravel(), p.ravel() > 0.5, sample_weight=flat),
        "F1Score": lambda: sklearn.f1_score(labels, p.argmax(axis=1), average="macro", sample_weight=w),
        "AUC": lambda: sklearn.roc_auc_score(t, p, average="micro", sample_weight=w),
        "CosineSimilarity": lambda: np.average((t * p).sum(axis=1) / np.linalg.norm(p, axis=1), weights=w),
        "R2Score": lambda: sklearn.r2_score(t, p, sample_weight=w),
    }
    return scores[name]()


@pytest.mark.parametrize("name", EVERY_METRIC)
def test_every_metric_in_a_model(name):
    """As the model is: fit cannot change it, so all batches in any order give what evaluate gives."""
    w = np.random.default_rng(8).uniform(0, 2, len(X))
    for loss, y in (("sparse_categorical_crossentropy", LABELS), ("categorical_crossentropy", np.eye(3)[LABELS])):
        model = make_model(loss, trainable=False, metrics=[name], weighted_metrics=[name])
        history = model.fit(
            X, y, verbose=0, epochs=2, sample_weight=w, batch_size=32, validation_data=(X, y, w)
        ).history
        p, t = model.predict(X), np.eye(3)[LABELS]
        expected = {name: formula(name, t, p, np.ones(len(X))), f"weighted_{name}": formula(name, t, p, w)}
        found = model.evaluate(X, y, verbose=0, sample_weight=w, return_dict=True)
        for key, value in expected.items():
            assert found[key] == pytest.approx(value, rel=1e-9), key
            assert history[key] == pytest.approx([value] * 2, rel=1e-9), key
            assert history[f"val_{key}"] == pytest.approx([value] * 2, rel=1e-9), key


def test_metrics_of_training_are_of_the_outputs_it_computed():
    """A step with all rows: the outputs before it; and what has been collected leaves the weights alone."""
    model, other = make_model(metrics=["auc", "f1"]), make_model()
    p = model.predict(X)
    logs = model.train_on_batch(X, LABELS, return_dict=True)
    assert logs["auc"] == AUC().compute(LABELS, p)
    assert logs["f1"] == F1Score().compute(LABELS, p)
    other.train_on_batch(X, LABELS)
    assert hash_weights(model) == hash_weights(other)


@pytest.mark.parametrize("seed", [0, 1])
def test_outputs_lie_at_their_samples_place(seed, dtype):
    """By rows, by columns, by shards, shuffled; those of logits are probabilities."""
    rng = np.random.default_rng(seed)
    for sizes, batch_size, n in (((5,), 32, 200), ((512, 448), 16, 40), ((5,), 5000, 5100), ((300, 200), 1100, 1200)):
        layers = [Input(6), *(Dense(size, "relu", trainable=False) for size in sizes), Dense(3, trainable=False)]
        model = Sequential(layers, seed=seed, dtype=dtype)
        model.compile("sgd", nnfast.losses.SparseCategoricalCrossentropy(from_logits=True))
        x, y = rng.standard_normal((n, 6)).astype(dtype), rng.integers(0, 3, (n, 1)).astype(np.int32)
        outputs, kept = np.full((n, 3), -1, dtype), np.full((n, 3), -1, dtype)
        model.train_on_batch(x[:2], y[:2])
        trainer = model._learner.trainer
        settings = {"first_epoch": 3, "n_epochs": 1, "shuffle": True, "seed": 5}
        trainer.run(x, y, batch_size=batch_size, outputs=outputs, **settings)
        trainer.evaluate(x, y, outputs=kept)
        z = np.exp(model.predict(x).astype(np.float64))
        np.testing.assert_allclose(kept, z / z.sum(axis=1, keepdims=True), rtol=2e-5 if dtype == "float32" else 1e-12)
        assert outputs.tobytes() == kept.tobytes()


def test_an_epoch_that_is_cut_short_counts_the_rows_it_saw():
    model = make_model(trainable=False, metrics=["auc", "acc"])
    stop = LambdaCallback(on_train_batch_end=lambda batch, logs: setattr(model, "stop_training", batch == 2))
    history = model.fit(X, LABELS, batch_size=20, shuffle=False, verbose=0, callbacks=[stop]).history
    expected = make_model(trainable=False, metrics=["auc", "acc"])
    logs = expected.evaluate(X[:60], LABELS[:60], verbose=0, return_dict=True)
    assert history == {name: [pytest.approx(value, rel=1e-12)] for name, value in logs.items()}


def test_logs_of_batches_have_row_means_only():
    model, heard = make_model(metrics=["auc", "acc"], weighted_metrics=["mae"]), []
    model.fit(
        X, LABELS, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=lambda batch, logs: heard.append(logs))]
    )
    assert all(list(logs) == ["loss", "acc", "mae"] for logs in heard)
    assert list(model.history.history) == ["loss", "auc", "acc", "mae"]


@pytest.mark.parametrize("listens", [False, True])
def test_collecting_changes_no_bit(listens):
    callbacks = [LambdaCallback(on_train_batch_end=lambda batch, logs: None)] if listens else []
    plain, collecting = make_model(metrics=["acc"]), make_model(metrics=["acc", "auc"])
    first = plain.fit(X, LABELS, epochs=3, verbose=0, callbacks=callbacks).history
    second = collecting.fit(X, LABELS, epochs=3, verbose=0, callbacks=callbacks).history
    assert hash_weights(plain) == hash_weights(collecting)
    assert first == {name: second[name] for name in first}
    assert len(second["auc"]) == 3


def test_early_stopping_knows_what_is_good():
    for name, is_good in (("auc", True), ("r2", True), ("rmse", False), ("top_k_categorical_accuracy", True)):
        model = make_model(weighted_metrics=[name])
        stopping = EarlyStopping(f"val_{name}", patience=1)
        model.fit(X, LABELS, epochs=2, verbose=0, callbacks=stopping, validation_split=0.2)
        assert stopping.wants_max() == is_good
        assert stopping.best is not None


def test_one_output():
    t = LABELS > 0
    model = make_model("binary_crossentropy", 1, metrics=["accuracy", "auc", "precision", "recall", "f1"])
    p = model.predict(X)[:, 0]
    found = model.evaluate(X, t, verbose=0, return_dict=True)
    expected = [sklearn.accuracy_score(t, p > 0.5), sklearn.roc_auc_score(t, p)]
    scores = (sklearn.precision_score, sklearn.recall_score, sklearn.f1_score)
    expected += [score(t, p > 0.5, zero_division=0) for score in scores]
    assert list(found.values())[1:] == pytest.approx(expected, rel=1e-12)


def test_parameters():
    model = make_model(metrics=[metrics.TopKCategoricalAccuracy(2), metrics.BinaryAccuracy(threshold=0.3, name="low")])
    p, t = model.predict(X), np.eye(3)[LABELS]
    _, top, low = model.evaluate(X, LABELS, verbose=0)
    assert top == pytest.approx(sklearn.top_k_accuracy_score(LABELS, p, k=2))
    assert low == pytest.approx(((p > 0.3) == t).mean())


def test_ties_of_top_k():
    """Equal outputs are all among the k, as in Keras."""
    model = Sequential([Input(4), Dense(4, kernel_initializer="zeros")], seed=0)
    model.compile("sgd", "mse", [metrics.TopKCategoricalAccuracy(1)])
    assert model.evaluate(np.ones((4, 4)), np.eye(4), verbose=0)[1] == 1


# ---- losses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", losses.CATALOGUE.by_class_name)
def test_every_loss_is_a_metric_too(name, tmp_path):
    """As a loss by weight is what it is as a weighted metric; and models with it can be saved."""
    w = np.random.default_rng(8).uniform(0, 2, len(X))
    loss = losses.get(name)
    y = LABELS if loss.takes_labels else np.eye(3)[LABELS]
    trained = loss if loss.is_sum else replace(loss, reduction="mean_with_sample_weight")
    for given in ([] if metrics.CATALOGUE.knows(name) else [name]) + [loss, type(loss)]:
        model = make_model(trained, metrics=[given], weighted_metrics=[given])
        value, plain, weighted = model.evaluate(X, y, verbose=0, sample_weight=w)
        assert weighted == pytest.approx(value / w.sum() if loss.is_sum else value, rel=1e-6)
        assert plain == pytest.approx(model.evaluate(X, y, verbose=0)[0] / (len(X) if loss.is_sum else 1), rel=1e-6)
    model.save(tmp_path / "m")
    assert nnfast.load_model(tmp_path / "m").weighted_metrics == model.weighted_metrics


def test_losses_with_parameters_as_metrics():
    model = make_model("mse", 1, metrics=[losses.Huber(0.1), metrics.LossMean("huber", name="wide"), "auc"])
    p, t = model.predict(X)[:, 0], LABELS > 0
    found = model.evaluate(X, t, verbose=0, return_dict=True)
    error = np.abs(p - t)
    assert found["huber"] == pytest.approx(np.where(error < 0.1, error**2 / 2, 0.1 * (error - 0.05)).mean(), rel=1e-12)
    assert found["wide"] == pytest.approx((error**2 / 2).mean(), rel=1e-12)
    assert make_model(metrics=["MSE"]).metrics == (metrics.MeanSquaredError(name="MSE"),)


# ---- functions -------------------------------------------------------------------------------------------------------


def test_functions():
    w = np.random.default_rng(8).uniform(0, 2, len(X))

    def largest_error(y_true, y_pred):
        assert y_true.shape == (150,)
        assert y_pred.shape == (150, 3)
        return np.abs(np.eye(3)[y_true] - y_pred).max()

    model = make_model(trainable=False, metrics=[largest_error], weighted_metrics=[sklearn.log_loss])
    p = model.predict(X)
    history = model.fit(X, LABELS, verbose=0, sample_weight=w).history
    assert history["largest_error"] == [largest_error(LABELS, p)]
    assert history["log_loss"] == [pytest.approx(sklearn.log_loss(LABELS, p, sample_weight=w), rel=1e-12)]


def test_functions_that_return_no_number():
    model = make_model(metrics=[lambda y_true, y_pred: y_pred])
    with pytest.raises(ValueError, match="expected a function that returns a number, received"):
        model.evaluate(X, LABELS, verbose=0)


def test_functions_are_not_saved(tmp_path):
    model = make_model(
        metrics=["acc", FunctionMetric(lambda t, p: 1.0, name="mine")], weighted_metrics=[AUC(True), "acc"]
    )
    with pytest.warns(UserWarning, match="those of your own are not saved: mine"):
        model.save(tmp_path / "m")
    again = nnfast.load_model(tmp_path / "m")
    assert (again.metrics, again.weighted_metrics) == (model.metrics[:1], model.weighted_metrics)
    assert again.weighted_metrics[1].name == "weighted_acc"


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Precision(2), r"thresholds: expected a finite number in \[0, 1\], received 2"),
        (lambda: Recall(top_k=0), "top_k: expected an integer >= 1, received 0"),
        (lambda: F1Score(average=None), "average: expected one of 'macro', 'micro', 'weighted', received None"),
        (lambda: AUC("ROC"), "multi_label: expected True or False, received 'ROC'"),
        (lambda: R2Score("mean"), "class_aggregation: expected one of"),
        (lambda: metrics.TopKCategoricalAccuracy(0), "k: expected an integer >= 1, received 0"),
        (lambda: metrics.LossMean(), "loss: expected a name or an object"),
        (lambda: metrics.get(losses.BinaryCrossentropy(from_logits=True)), "expected False, as metrics see prob"),
        (lambda: FunctionMetric(3), "function: expected a function, received 3"),
        (lambda: metrics.get("precison"), "did you mean 'precision'"),
        (lambda: make_model(metrics=["acc", "acc"]), "metrics: expected at most 8 that are means of rows"),
        (lambda: make_model(weighted_metrics="acc"), "weighted_metrics: expected a list of metrics, received 'acc'"),
        (lambda: make_model("mse", 1, metrics=["top_k_categorical_accuracy"]), "at least 2 outputs for top_k"),
        (lambda: make_model(metrics=[Precision(class_id=3)]).evaluate(X, LABELS), "an output, 0 to 2, received 3"),
    ],
)
def test_bad_metrics(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_many_scores_beside_the_cores():
    model = make_model(metrics=[*[AUC(name=f"auc_{i}") for i in range(9)], "acc"])
    assert len(model.evaluate(X, LABELS, verbose=0)) == 11
