"""Copies and pickles of models: everything is in them, and training goes on to the bit."""

import copy
import pickle

import numpy as np
import pytest
from problems import make_classes

from nnfast import Sequential
from nnfast.callbacks import EarlyStopping
from nnfast.exceptions import NotReadyError
from nnfast.layers import BatchNormalization, Dense, Dropout, Input
from nnfast.optimizers import SGD, Adam
from nnfast.schedules import ExponentialDecay

WAYS = [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
OPTIMIZERS = [
    Adam(ExponentialDecay(0.01, 5, 0.9), use_ema=True),
    SGD(0.1, momentum=0.9, gradient_accumulation_steps=3),
]


def make_model(optimizer):
    layers = [Dense(7, "relu", kernel_regularizer="l2"), Dropout(0.2), BatchNormalization(), Dense(3, "softmax")]
    model = Sequential(layers, seed=3, name="copied")
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    model.metadata = {"names": ["a", "b"]}
    return model


def train(model, epochs):
    x, labels = make_classes(50)
    return model.fit(x, labels, batch_size=20, epochs=epochs, verbose=0).history


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: type(optimizer).__name__)
@pytest.mark.parametrize("make_copy", WAYS, ids=["deepcopy", "pickle"])
def test_training_goes_on_to_the_bit(make_copy, optimizer):
    model = make_model(optimizer)
    train(model, 2)
    other = make_copy(model)
    assert train(other, 2) == train(model, 2)
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("make_copy", WAYS, ids=["deepcopy", "pickle"])
def test_everything_is_in_a_copy_and_is_its_own(make_copy):
    model = make_model("adam")
    train(model, 1)
    before = model.get_weights()
    other = make_copy(model)
    assert repr(other) == repr(model)
    assert (other.name, other.metadata, other.metrics) == ("copied", {"names": ["a", "b"]}, model.metrics)
    assert other.history.history == model.history.history
    assert other.history.model is other
    train(other, 3)
    other.metadata["names"].clear()
    for ours, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, kept)
    assert model.metadata == {"names": ["a", "b"]}


@pytest.mark.parametrize("make_copy", WAYS, ids=["deepcopy", "pickle"])
def test_a_model_that_is_not_built(make_copy):
    model, other = make_model("adam"), make_copy(make_model("adam"))
    assert not other.built
    assert train(other, 2) == train(model, 2)
    with pytest.raises(NotReadyError, match="expected add"):
        make_copy(Sequential()).predict([[1.0]])


def test_an_optimizer_of_a_loop_of_ones_own_comes_along():
    x = make_classes(20)[0]
    optimizer, model = Adam(0.1), Sequential([Input(x.shape[1]), Dense(2, "tanh")], seed=1)

    def take_step(stepped, with_optimizer):
        stepped.backward(stepped.forward(x))
        with_optimizer.apply(stepped)

    take_step(model, optimizer)
    other, own = pickle.loads(pickle.dumps((model, optimizer)))
    take_step(model, optimizer)
    take_step(other, own)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def test_a_callback_that_holds_a_model_can_be_copied():
    callback = EarlyStopping("loss", patience=1)
    x, labels = make_classes(50)
    make_model("adam").fit(x, labels, epochs=2, verbose=0, callbacks=callback)
    assert copy.deepcopy(callback).best == callback.best


def test_a_copy_knows_no_forward():
    model = Sequential([Input(2), Dense(1)], seed=1)
    model.forward([[1.0, 2.0]])
    with pytest.raises(NotReadyError, match="expected a call of forward before"):
        copy.deepcopy(model).backward([[1.0]])
