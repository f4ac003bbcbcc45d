"""Losses and metrics: names, and which the core is asked for."""

import numpy as np
import pytest
from problems import make_classes

from nnfast import Sequential, _core, _lowering, losses, metrics
from nnfast.layers import Activation, Dense, Dropout, Input
from nnfast.losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    QuantileLoss,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    SumSquaredError,
)

EVERY_LOSS = [
    MeanSquaredError(),
    SumSquaredError(),
    MeanAbsoluteError(),
    MeanAbsolutePercentageError(),
    MeanSquaredLogarithmicError(),
    Huber(0.5),
    LogCosh(),
    QuantileLoss(0.8),
    Poisson(),
    CosineSimilarity(),
    Hinge(),
    SquaredHinge(),
    CategoricalHinge(),
    KLDivergence(),
    BinaryCrossentropy(label_smoothing=0.1, pos_weight=2),
    CategoricalCrossentropy(label_smoothing=0.1),
    SparseCategoricalCrossentropy(label_smoothing=0.1),
    BinaryFocalCrossentropy(True, 0.6, 1.5, label_smoothing=0.1),
    CategoricalFocalCrossentropy(0.6, 1.5, label_smoothing=0.1),
]
"""One of each, with parameters."""


def lower(loss, last, wanted=(), more=()):
    plan = _lowering.lower_layers([Dense(4), last, *more], 5)
    return _lowering.lower_objective(losses.get(loss), ([metrics.get(m) for m in wanted], []), plan)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", MeanSquaredError()),
        ("MSE", MeanSquaredError()),
        ("mean_squared_error", MeanSquaredError()),
        ("MeanSquaredError", MeanSquaredError()),
        ("sse", SumSquaredError()),
        ("sum_squared_error", SumSquaredError()),
        ("bce", BinaryCrossentropy()),
        ("binary_crossentropy", BinaryCrossentropy()),
        ("categorical_crossentropy", CategoricalCrossentropy()),
        ("sparse_categorical_crossentropy", SparseCategoricalCrossentropy()),
        (CategoricalCrossentropy, CategoricalCrossentropy()),
        ("mae", MeanAbsoluteError()),
        ("MAE", MeanAbsoluteError()),
        ("mean_absolute_error", MeanAbsoluteError()),
        ("mape", MeanAbsolutePercentageError()),
        ("msle", MeanSquaredLogarithmicError()),
        ("huber", Huber()),
        ("log_cosh", LogCosh()),
        ("LogCosh", LogCosh()),
        ("quantile", QuantileLoss()),
        ("poisson", Poisson()),
        ("cosine_similarity", CosineSimilarity()),
        ("hinge", Hinge()),
        ("squared_hinge", SquaredHinge()),
        ("categorical_hinge", CategoricalHinge()),
        ("kl_divergence", KLDivergence()),
        ("kld", KLDivergence()),
        ("KLD", KLDivergence()),
        ("binary_focal_crossentropy", BinaryFocalCrossentropy()),
        ("categorical_focal_crossentropy", CategoricalFocalCrossentropy()),
    ],
)
def test_losses_are_found(name, expected):
    assert losses.get(name) == expected


def test_every_loss_is_tried():
    assert {type(loss) for loss in EVERY_LOSS} == set(losses.CATALOGUE.by_class_name.values())


def test_every_loss_and_metric_is_the_cores():
    core_names = {cls.core_name for cls in losses.CATALOGUE.by_class_name.values()}
    joint = {name + "_logits" for name in core_names if name.endswith("crossentropy")}
    assert core_names | joint == set(_core.LOSSES)
    means = {cls for cls in metrics.CATALOGUE.by_class_name.values() if issubclass(cls, metrics.RowMean)}
    assert {cls.core_name for cls in means} - {None} == set(_core.METRICS)


@pytest.mark.parametrize(
    ("loss", "last", "expected"),
    [
        ("sparse_categorical_crossentropy", Dense(3, "softmax"), "categorical_crossentropy_logits"),
        ("categorical_crossentropy", Dense(3, "softmax"), "categorical_crossentropy_logits"),
        ("categorical_crossentropy", Dense(3, "sigmoid"), "categorical_crossentropy"),
        ("binary_crossentropy", Dense(1, "sigmoid"), "binary_crossentropy_logits"),
        ("binary_crossentropy", Dense(3, "softmax"), "binary_crossentropy"),
        (CategoricalCrossentropy(from_logits=True), Dense(3), "categorical_crossentropy_logits"),
        (SparseCategoricalCrossentropy(from_logits=True), Dense(3), "categorical_crossentropy_logits"),
        (BinaryCrossentropy(from_logits=True), Dense(1), "binary_crossentropy_logits"),
        ("binary_focal_crossentropy", Dense(1, "sigmoid"), "binary_focal_crossentropy_logits"),
        ("binary_focal_crossentropy", Dense(1, "tanh"), "binary_focal_crossentropy"),
        ("categorical_focal_crossentropy", Dense(3, "softmax"), "categorical_focal_crossentropy_logits"),
        (CategoricalFocalCrossentropy(from_logits=True), Dense(3), "categorical_focal_crossentropy_logits"),
        (BinaryFocalCrossentropy(from_logits=True), Dense(3), "binary_focal_crossentropy_logits"),
        ("kl_divergence", Dense(3, "softmax"), "kl_divergence"),
        ("mse", Dense(1, "sigmoid"), "mean_squared_error"),
        ("sse", Dense(2), "sum_squared_error"),
    ],
)
def test_joint_form_is_chosen(loss, last, expected):
    assert lower(loss, last).loss.name == expected


def test_separate_activation_layers_are_joined_too():
    assert lower("categorical_crossentropy", Dense(3), more=[Activation("softmax")]).loss.name.endswith("_logits")
    assert not lower("categorical_crossentropy", Dense(3, "softmax"), more=[Dropout(0.1)]).loss.name.endswith("_logits")


@pytest.mark.parametrize("activation", ["softmax", "relu"])
def test_from_logits_needs_a_linear_layer(activation):
    with pytest.raises(ValueError, match=f"expected a linear last layer .* received '{activation}'"):
        lower(CategoricalCrossentropy(from_logits=True), Dense(3, activation))


def test_softmax_with_from_logits_says_it_is_not_needed():
    with pytest.raises(ValueError, match="not needed"):
        lower(SparseCategoricalCrossentropy(from_logits=True), Dense(3, "softmax"))


def test_linear_outputs_taken_as_probabilities_warn():
    with pytest.warns(UserWarning, match="activation='softmax'"):
        lower("categorical_crossentropy", Dense(3))


@pytest.mark.parametrize(
    "loss", ["categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_focal_crossentropy"]
)
def test_categorical_needs_two_outputs(loss):
    with pytest.raises(ValueError, match=r"expected at least 2 outputs .* received a last layer with 1"):
        lower(loss, Dense(1, "softmax"))


@pytest.mark.parametrize(
    ("loss", "last", "expected"),
    [
        ("binary_crossentropy", Dense(1, "sigmoid"), "binary_accuracy"),
        ("binary_crossentropy", Dense(3, "sigmoid"), "binary_accuracy"),
        ("categorical_crossentropy", Dense(3, "softmax"), "categorical_accuracy"),
        ("sparse_categorical_crossentropy", Dense(3, "softmax"), "categorical_accuracy"),
        ("binary_focal_crossentropy", Dense(3, "sigmoid"), "binary_accuracy"),
        ("categorical_focal_crossentropy", Dense(3, "softmax"), "categorical_accuracy"),
        ("mse", Dense(1, "sigmoid"), "binary_accuracy"),
        ("mse", Dense(3, "sigmoid"), "categorical_accuracy"),
    ],
)
def test_accuracy_is_of_the_right_kind(loss, last, expected):
    assert lower(loss, last, ["accuracy"]).reports.core_metrics == (expected,)


def test_categorical_accuracy_needs_two_outputs():
    with pytest.raises(ValueError, match="expected at least 2 outputs for categorical_accuracy, received 1"):
        lower("mse", Dense(1), ["categorical_accuracy"])


def test_names_in_logs_are_the_users():
    wanted = ["acc", "mse", metrics.MeanAbsoluteError(), metrics.BinaryAccuracy(name="hits")]
    assert lower("mse", Dense(3), wanted).reports.names == ("acc", "mse", "mean_absolute_error", "hits")


def test_joint_and_separate_forms_agree(dtype):
    """Softmax in the layer, logits in the loss: the same weights, to the bit."""
    x, y = make_classes()
    results = []
    for activation, loss in (("softmax", "sparse_categorical_crossentropy"), (None, None)):
        model = Sequential([Input(6), Dense(8, "relu"), Dense(3, activation)], seed=3, dtype=dtype)
        model.compile("sgd", loss or SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
        history = model.fit(x, y, epochs=3, verbose=0)
        results.append((model.get_weights(), history.history))
    assert all(np.array_equal(a, b) for a, b in zip(results[0][0], results[1][0]))
    assert results[0][1] == results[1][1]


def test_sparse_and_one_hot_targets_agree():
    x, y = make_classes()
    results = []
    for loss, target in (("sparse_categorical_crossentropy", y), ("categorical_crossentropy", np.eye(3)[y])):
        model = Sequential([Input(6), Dense(3, "softmax")], seed=3)
        model.compile("adam", loss, ["accuracy"])
        results.append((model.fit(x, target, epochs=2, verbose=0).history, model.get_weights()))
    assert results[0][0] == results[1][0]
    assert all(np.array_equal(a, b) for a, b in zip(results[0][1], results[1][1]))


def test_sum_squared_error_is_a_sum(rng):
    x, y = rng.standard_normal((10, 2)), rng.standard_normal(10)
    model = Sequential([Input(2), Dense(1)], seed=0, dtype="float64")
    model.compile("sgd", "sse", ["mse"])
    total, mean = model.evaluate(x, y, verbose=0)
    residuals = model.predict(x).ravel() - y
    np.testing.assert_allclose([total, mean], [(residuals**2).sum(), (residuals**2).mean()], rtol=1e-12)
    gradient = 2 * residuals.sum()
    before = model.get_weights()[1]
    model.train_on_batch(x, y)
    np.testing.assert_allclose(model.get_weights()[1], before - 0.01 * gradient, rtol=1e-10)


@pytest.mark.parametrize("loss", ["mse", "sse", "binary_crossentropy", "categorical_crossentropy"])
def test_loss_and_metrics_against_their_formulas(loss, rng):
    x, t = rng.standard_normal((20, 3)), rng.random((20, 4))
    model = Sequential([Input(3), Dense(4, "sigmoid" if loss.startswith("b") else "softmax")], dtype="float64", seed=0)
    model.compile("sgd", loss, ["mse", "mae", "binary_accuracy", "categorical_accuracy"])
    y = model.predict(x)
    formulas = {
        "mse": ((y - t) ** 2).mean(),
        "sse": ((y - t) ** 2).sum(),
        "binary_crossentropy": -(t * np.log(y) + (1 - t) * np.log1p(-y)).mean(),
        "categorical_crossentropy": -(t * np.log(y)).sum(axis=1).mean(),
    }
    expected = {
        "loss": formulas[loss],
        "mse": ((y - t) ** 2).mean(),
        "mae": np.abs(y - t).mean(),
        "binary_accuracy": ((y > 0.5) == (t > 0.5)).mean(),
        "categorical_accuracy": (y.argmax(1) == t.argmax(1)).mean(),
    }
    measured = model.evaluate(x, t, verbose=0, return_dict=True)
    assert list(measured) == list(expected)
    np.testing.assert_allclose(list(measured.values()), list(expected.values()), rtol=1e-10)
