"""Optimizers: their words, and steps against the reference."""

import numpy as np
import pytest
import reference
from problems import make_classes, make_classifier

from nnfast import Sequential, _core, _lowering, optimizers
from nnfast.exceptions import NotReadyError
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop, Rprop

EVERY_RULE = [
    *(SGD(0.1), SGD(0.1, momentum=0.9, weight_decay=0.01), SGD(0.1, momentum=0.9, nesterov=True)),
    *(Adam(0.01, weight_decay=0.1), Adam(0.01, amsgrad=True), Nadam(0.01), Adamax(0.01, weight_decay=0.02)),
    *(RMSprop(0.01), RMSprop(0.01, momentum=0.9), RMSprop(0.01, centered=True, epsilon=1e-3)),
    *(RMSprop(0.01, 0.8, 0.5, 1e-3, centered=True), Adagrad(0.1, weight_decay=0.03), Adadelta(1.0, 0.9, 1e-3)),
    *(Lion(0.003, weight_decay=0.5), Rprop()),
]


def test_rules_are_the_cores():
    assert {optimizer.rule for optimizer in EVERY_RULE} == set(_core.OPTIMIZERS)
    assert {*map(type, EVERY_RULE), AdamW} == set(optimizers.CATALOGUE.by_class_name.values())


@pytest.mark.parametrize("optimizer", EVERY_RULE, ids=lambda optimizer: optimizer.rule)
def test_config_makes_the_optimizer_again(optimizer):
    again = optimizers.CATALOGUE.deserialize(optimizers.CATALOGUE.serialize(optimizer))
    assert (type(again), again.get_config()) == (type(optimizer), optimizer.get_config())


def test_defaults_are_keras():
    sgd = {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False, "weight_decay": None}
    means = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "weight_decay": None}
    assert SGD().get_config() == sgd
    assert Adam().get_config() == means | {"amsgrad": False}
    assert AdamW().get_config() == means | {"amsgrad": False, "weight_decay": 0.004}
    assert Nadam().get_config() == Adamax().get_config() == means
    rest = {"learning_rate": 0.001, "epsilon": 1e-7, "weight_decay": None}
    assert RMSprop().get_config() == rest | {"rho": 0.9, "momentum": 0.0, "centered": False}
    assert Adagrad().get_config() == rest | {"initial_accumulator_value": 0.1}
    assert Adadelta().get_config() == rest | {"rho": 0.95}
    assert Lion().get_config() == {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.99, "weight_decay": None}
    assert type(optimizers.get("adam")) is Adam
    assert type(optimizers.get("SGD")) is SGD


def test_only_the_learning_rate_may_change():
    optimizer = Adam()
    optimizer.learning_rate = np.float32(0.5)
    assert optimizer.learning_rate == 0.5
    with pytest.raises(AttributeError, match="beta_1 cannot be changed"):
        optimizer.beta_1 = 0.5
    with pytest.raises(ValueError, match=r"learning_rate: expected a finite number in \[0, 1e30\], received -1"):
        optimizer.learning_rate = -1
    assert optimizer.learning_rate == 0.5


@pytest.mark.parametrize("optimizer", EVERY_RULE, ids=lambda optimizer: optimizer.rule)
def test_steps_against_the_reference(optimizer, rng):
    """Ten steps by forward, backward and apply, one of them with another learning rate."""
    model = Sequential([Input(3), Dense(4)], dtype="float64", seed=0)
    layer = reference.Layer("dense", *model.get_weights())
    network = reference.Network([layer])
    rule, values = _lowering.lower_optimizer(optimizer)
    judge = reference.Optimizer(rule, values, optimizer.weight_decay or 0.0)
    rate = optimizer.learning_rate
    for step in range(10):
        optimizer.learning_rate = rate * (2 if step == 5 else 1)
        judge.hyperparameters = (optimizer.learning_rate, *values[1:])
        x, gradient = rng.standard_normal((5, 3)), rng.standard_normal((5, 4))
        model.forward(x)
        model.backward(gradient)
        optimizer.apply(model)
        network.forward(x)
        network.backward(gradient)
        judge.apply(network)
    optimizer.learning_rate = rate
    np.testing.assert_allclose(model.get_weights()[0], layer.weights, rtol=1e-12)
    np.testing.assert_allclose(model.get_weights()[1], layer.bias, rtol=1e-12)


def test_learning_rate_counts_from_the_next_call():
    x, y = make_classes()
    model = make_classifier(optimizer=SGD(0.1))
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    model.optimizer.learning_rate = 0.1
    model.fit(x, y, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_one_optimizer_serves_two_models():
    x, y = make_classes()
    shared = Adam()
    models = [make_classifier(seed, optimizer=shared) for seed in (1, 2)]
    alone = [make_classifier(seed, optimizer=Adam()) for seed in (1, 2)]
    for _ in range(3):
        for model, other in zip(models, alone):
            model.fit(x, y, verbose=0)
            other.fit(x, y, verbose=0)
    for model, other in zip(models, alone):
        assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights()))


def test_compile_forgets_the_optimizers_state():
    x, y = make_classes()
    model = make_classifier()
    start = model.get_weights()
    model.fit(x, y, verbose=0)
    first = model.get_weights()
    model.compile(model.optimizer, model.loss)
    model.set_weights(start)
    model._epochs_done = 0
    model.fit(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(first, model.get_weights()))


def test_apply_needs_gradients():
    model = Sequential([Input(3), Dense(1)])
    with pytest.raises(NotReadyError, match="expected a call of forward and backward"):
        SGD().apply(model)
    model.forward(np.zeros((1, 3)))
    with pytest.raises(NotReadyError):
        SGD().apply(model)


def test_apply_leaves_frozen_parameters():
    model = Sequential([Input(3), Dense(2, trainable="bias"), Dense(1, trainable=False)], seed=0)
    before = model.get_weights()
    model.forward(np.ones((2, 3)))
    model.backward(np.ones((2, 1)))
    SGD(0.1).apply(model)
    after = model.get_weights()
    assert [np.array_equal(a, b) for a, b in zip(before, after)] == [True, False, True, True]
    assert [gradient.any() for gradient in model.gradients()] == [False, True, False, False]
