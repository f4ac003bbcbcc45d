"""Regularizers: their words, and fit(), evaluate() and apply() against the reference."""

import json

import numpy as np
import pytest
import reference
from problems import hash_weights, make_classes
from reference_losses import LOSSES

from nnfast import Sequential, _lowering, layers, load_model, regularizers
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD
from nnfast.regularizers import L1, L1L2, L2

EVERY_REGULARIZER = [L1(0.02), L2(0.03), L1L2(0.02, 0.03)]


def make_model(kernel, bias=None, *, dtype="float64", loss="mse", trainable=True, optimizer=None):
    hidden = Dense(8, "tanh", kernel_regularizer=kernel, bias_regularizer=bias, trainable=trainable)
    model = Sequential([Input(6), hidden, Dense(3, kernel_regularizer=kernel)], seed=1, dtype=dtype)
    model.compile(optimizer or SGD(0.1), loss)
    return model


def make_reference(model):
    specs = _lowering.lower_layers(model._stack, 6).specs
    weights = iter(model.get_weights())
    return reference.Network(
        [
            reference.Layer(
                "dense",
                next(weights),
                next(weights),
                spec.activation,
                train_weights=spec.train_weights,
                train_bias=spec.train_bias,
                penalties={"weights": spec.weights_penalty, "bias": spec.bias_penalty},
            )
            for spec in specs
        ]
    )


def make_values(n=50):
    x, labels = make_classes(n)
    return x.astype(np.float64), np.eye(3)[labels]


# ---- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regularizer", EVERY_REGULARIZER, ids=repr)
def test_config_makes_the_regularizer_again(regularizer):
    data = json.loads(json.dumps(regularizers.CATALOGUE.serialize(regularizer)))
    assert regularizers.CATALOGUE.deserialize(data) == regularizer
    layer = Dense(2, kernel_regularizer=regularizer, bias_regularizer="l2")
    again = layers.CATALOGUE.deserialize(json.loads(json.dumps(layers.CATALOGUE.serialize(layer))))
    assert (again.kernel_regularizer, again.bias_regularizer) == (regularizer, L2(0.01))


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [(None, None), ("l1", L1(0.01)), ("L2", L2(0.01)), ("l1_l2", L1L2(0.01, 0.01)), (L2, L2()), (L1(0.5), L1(0.5))],
)
def test_regularizers_are_found(identifier, expected):
    assert regularizers.get(identifier) == expected
    assert Dense(1, kernel_regularizer=identifier).kernel_regularizer == expected


def test_defaults_are_keras():
    assert (L1().l1, L2().l2, L1L2().l1, L1L2().l2) == (0.01, 0.01, 0.0, 0.0)
    assert Dense(1).kernel_regularizer is Dense(1).bias_regularizer is None


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "0.1", True])
def test_bad_factors(value):
    with pytest.raises(ValueError, match=r"l2: expected a finite number in \[0, 1e30\], received"):
        L2(value)
    with pytest.raises(ValueError, match="l1: expected a finite number"):
        L1L2(l1=value)


def test_unknown_names():
    with pytest.raises(ValueError, match=r"regularizer: expected one of 'l1', 'l2', .* did you mean 'l2'"):
        Dense(1, kernel_regularizer="l2l")
    with pytest.raises(ValueError, match="regularizer: expected a name or an object"):
        Dense(1, bias_regularizer=0.01)


# ---- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 7, 50])
@pytest.mark.parametrize("regularizer", EVERY_REGULARIZER, ids=repr)
def test_fit_against_the_reference(regularizer, batch_size):
    """Weights, and the losses told: of each batch with the penalty of the parameters it met."""
    model = make_model(regularizer, "l2")
    network, optimizer = make_reference(model), reference.Optimizer("sgd", [0.1])
    x, y = make_values()
    history = model.fit(x, y, batch_size=batch_size, epochs=3, shuffle=False, verbose=0).history
    for epoch in range(3):
        total = 0
        for first in range(0, 50, batch_size):
            rows = slice(first, first + batch_size)
            penalty = network.penalty() * len(x[rows])
            [(loss, _)] = reference.train(network, optimizer, "mean_squared_error", x, y, [rows])
            total += loss * len(x[rows]) + penalty
        assert history["loss"][epoch] == pytest.approx(total / 50, rel=1e-12)
    for ours, (_, _, theirs) in zip(model.get_weights(), network.parameters(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)
    expected = LOSSES["mean_squared_error"](network.forward(x), y)[0].mean() + network.penalty()
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-11)


def test_validation_losses_have_the_penalty():
    model = make_model(L2(0.5))
    x, y = make_values()
    history = model.fit(x, y, validation_data=(x, y), epochs=2, verbose=0).history
    assert history["val_loss"][-1] == model.evaluate(x, y, verbose=0) > make_reference(model).penalty() > 1


def test_batches_one_by_one_tell_the_same_losses():
    from nnfast.callbacks import Callback

    class Listener(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.loss = logs["loss"]

    listener, losses = Listener(), []
    for callbacks in ([], [listener]):
        model = make_model(L1L2(0.1, 0.2))
        losses.append(model.fit(*make_values(), verbose=0, callbacks=callbacks).history["loss"][0])
    assert losses[0] == pytest.approx(losses[1], rel=1e-14)
    assert listener.loss == losses[1]


def test_the_penalty_of_a_sum_is_added_once():
    """The epoch's loss of a sum is a sum over rows; its penalty is the mean of what its batches met."""
    model = make_model(L2(0.5), loss="sse", optimizer=SGD(0.0))
    x, y = make_values()
    network = make_reference(model)
    expected = LOSSES["sum_squared_error"](network.forward(x), y)[0].sum() + network.penalty()
    assert model.fit(x, y, batch_size=8, verbose=0).history["loss"][0] == pytest.approx(expected, rel=1e-12)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("trainable", ["weights", "bias", False])
def test_parameters_that_are_not_trained_add_nothing(trainable):
    model = make_model(L2(0.5), "l1", trainable=trainable)
    x, y = make_values()
    network = make_reference(model)
    before = model.get_weights()
    loss = LOSSES["mean_squared_error"](network.forward(x), y)[0].mean() + network.penalty()
    assert model.evaluate(x, y, verbose=0) == pytest.approx(loss, rel=1e-12)
    model.fit(x, y, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights())]
    assert same == [trainable != "weights", trainable != "bias", False, False]


def test_gradients_are_the_datas_and_apply_adds_the_penaltys():
    model = make_model(L1L2(0.1, 0.2), L2(0.3))
    x, y = make_values()
    network, optimizer = make_reference(model), reference.Optimizer("sgd", [0.1])
    _, _, out = network.loss_and_grad("mean_squared_error", x, y)
    grad = LOSSES["mean_squared_error"](out, y)[1] / len(x)
    model.forward(x)
    model.backward(grad)
    model.optimizer.apply(model)
    names = [(i, name) for i, name, _ in network.parameters()]
    for ours, (i, name) in zip(model.gradients(), names, strict=True):
        np.testing.assert_allclose(ours, network.layers[i].grads[name], rtol=1e-11, atol=1e-14)
    optimizer.apply(network)
    for ours, (_, _, theirs) in zip(model.get_weights(), network.parameters(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_fit_takes_the_steps_of_apply(dtype):
    """The same bits by both ways."""
    x, y = make_values()
    fitted, applied = (make_model(L1L2(0.1, 0.2), "l2", dtype=dtype) for _ in range(2))
    x, y = x.astype(dtype), y.astype(dtype)
    fitted.fit(x, y, batch_size=50, shuffle=False, verbose=0)
    grad = (applied.forward(x) - y) * np.asarray(2 / 3 / 50, dtype)
    applied.backward(grad)
    applied.optimizer.apply(applied)
    for a, b in zip(fitted.get_weights(), applied.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6 if dtype == "float32" else 1e-14, atol=1e-7)


def test_saved_models_keep_their_regularizers(tmp_path):
    model = make_model(L1L2(0.1, 0.2), "l2")
    x, y = make_values()
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.layers[0].kernel_regularizer == L1L2(0.1, 0.2)
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    for each in (model, again):
        each.fit(x, y, verbose=0)
    assert hash_weights(again) == hash_weights(model)


def test_scikit_learns_alpha():
    """What the module's docstring promises of alpha, over three steps."""
    neural_network = pytest.importorskip("sklearn.neural_network", reason="scikit-learn is not installed")
    x, labels = make_classes(40)
    settings = {"solver": "sgd", "batch_size": 40, "learning_rate_init": 0.1, "momentum": 0, "shuffle": False}
    judge = neural_network.MLPClassifier((8,), activation="tanh", alpha=0.7, random_state=0, **settings)
    judge.partial_fit(x, labels, classes=range(3))
    model = Sequential([Input(6), Dense(8, "tanh", kernel_regularizer=L2(0.7 / (2 * 40)))], seed=1, dtype="float64")
    model.add(Dense(3, "softmax", kernel_regularizer=L2(0.7 / (2 * 40))))
    model.compile(SGD(0.1), "sparse_categorical_crossentropy")
    model.set_weights([judge.coefs_[0], judge.intercepts_[0], judge.coefs_[1], judge.intercepts_[1]])
    for _ in range(3):
        judge.partial_fit(x, labels)
    model.fit(x, labels, batch_size=40, epochs=3, shuffle=False, verbose=0)
    ends = (judge.coefs_[0], judge.intercepts_[0], judge.coefs_[1], judge.intercepts_[1])
    for ours, theirs in zip(model.get_weights(), ends, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)
