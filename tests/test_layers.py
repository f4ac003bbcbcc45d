"""Layers and activations as descriptions, and what _lowering makes of them."""

import json

import numpy as np
import pytest
from problems import hash_weights, make_classes

from nnfast import Sequential, _core, _lowering, activations, initializers, layers, losses, metrics, optimizers
from nnfast.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Input,
    LayerNormalization,
    Normalization,
    Rescaling,
)

EVERY_LAYER = [
    Input(4),
    Input((2, 3), scale=1 / 255, offset=-0.5, name="pixels"),
    Dense(3),
    Dense(3, "leaky_relu", use_bias=False, kernel_initializer="he_normal", trainable="bias", name="hidden"),
    Dense(2, activations.ELU(0.5), kernel_initializer=np.arange(8.0).reshape(4, 2)),
    Activation("softmax"),
    Dropout(0.25),
    Rescaling(2, 1),
    BatchNormalization(),
    BatchNormalization(-1, 0.9, 1e-5, False, False, moving_mean_initializer="ones", trainable=False, name="batch"),
    LayerNormalization(epsilon=1e-5, gamma_initializer=[1.5, 2]),
    Normalization(),
    Normalization(mean=[0.1, 1], variance=[1 / 3, 0]),
]

OPTIONS = [
    *(cls() for cls in activations.CATALOGUE.by_class_name.values()),
    *(activations.LeakyReLU(0.1), activations.ELU(0.5), activations.CELU(2), activations.GELU(approximate=True)),
    *(activations.BinaryStep(straight_through=True), activations.Sign(straight_through=True)),
]


def test_names_of_activations_are_the_cores():
    classes = activations.CATALOGUE.by_class_name.values()
    objects = [cls() for cls in classes]
    objects += [activations.GELU(True), activations.BinaryStep(True), activations.Sign(True)]
    assert {activation.core_name for activation in objects} == set(_core.ACTIVATIONS)


@pytest.mark.parametrize("activation", OPTIONS, ids=repr)
def test_config_makes_the_activation_again(activation):
    data = json.loads(json.dumps(activations.CATALOGUE.serialize(activation)))
    assert activations.CATALOGUE.deserialize(data) == activation
    for plan in (lower(Dense(3, activation)), lower(Activation(activation))):
        assert (plan.specs[0].activation, plan.specs[0].parameter) == (activation.core_name, activation.parameter)


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=lambda layer: type(layer).__name__)
def test_config_makes_the_layer_again(layer):
    data = json.loads(json.dumps(layers.CATALOGUE.serialize(layer)))
    again = layers.CATALOGUE.deserialize(data)
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("relu", activations.ReLU()),
        ("ReLU", activations.ReLU()),
        ("swish", activations.SiLU()),
        ("hard_silu", activations.HardSwish()),
        ("celu", activations.CELU(1.0)),
        ("log_softmax", activations.LogSoftmax()),
        (None, activations.Linear()),
        (activations.Tanh, activations.Tanh()),
        (activations.LeakyReLU(0.1), activations.LeakyReLU(0.1)),
    ],
)
def test_activations_are_found(identifier, expected):
    assert activations.get(identifier) == expected
    assert Dense(1, identifier).activation == expected


def test_defaults_are_keras():
    assert activations.get("leaky_relu").negative_slope == 0.2
    assert activations.get("elu").alpha == 1.0
    dense = Dense(1)
    assert dense.get_config()["kernel_initializer"]["class_name"] == "GlorotUniform"
    assert dense.get_config()["bias_initializer"]["class_name"] == "Zeros"


def test_layers_are_fixed_but_for_trainable():
    dense = Dense(3)
    with pytest.raises(AttributeError, match="units cannot be changed"):
        dense.units = 4
    with pytest.raises(AttributeError):
        dense.trainble = False
    dense.trainable = "weights"
    assert dense.trainable == "weights"
    with pytest.raises(ValueError, match="trainable: expected one of True, False, 'weights', 'bias', received 'all'"):
        dense.trainable = "all"
    assert dense.trainable == "weights"


def test_repr_can_be_read():
    """What differs from the defaults, in the words a user would write."""
    assert [repr(layer) for layer in EVERY_LAYER[:4]] == [
        "Input(shape=(4,))",
        "Input(shape=(2, 3), scale=0.00392156862745098, offset=-0.5, name='pixels')",
        "Dense(units=3, activation='linear')",
        "Dense(units=3, activation='leaky_relu', use_bias=False, kernel_initializer='he_normal', trainable='bias', "
        "name='hidden')",
    ]
    assert repr(Dense(2, activations.ELU(0.5))) == "Dense(units=2, activation=ELU(alpha=0.5))"
    assert repr(Dropout(0.5)) == "Dropout(rate=0.5)"
    assert repr(Sequential([Input(4), Dense(1)], seed=3)) == (
        "Sequential([Input(shape=(4,)), Dense(units=1, activation='linear')], seed=3, dtype='float32', name=None)"
    )


@pytest.mark.parametrize("module", [activations, initializers, layers, losses, metrics, optimizers])
def test_no_repr_is_an_address(module):
    required = {"Input": (4,), "Dense": (4,), "Activation": ("relu",), "Dropout": (0.5,), "Rescaling": (2,)}
    required |= {"GivenArray": ([1, 2],), "LossMean": ("huber",)}
    for name, cls in module.CATALOGUE.by_class_name.items():
        text = repr(cls(*required.get(name, ())))
        assert text.startswith(f"{name}("), text
        assert " at 0x" not in text


def lower(*stack, in_size=4):
    return _lowering.lower_layers(stack, in_size)


def test_activation_behind_linear_dense_is_fused():
    plan = lower(Input(4), Dense(3), Activation("relu"), Activation("tanh"), Dense(2, "sigmoid"), Activation("tanh"))
    assert [(spec.kind, spec.activation) for spec in plan.specs] == [
        ("dense", "relu"),
        ("activation", "tanh"),
        ("dense", "sigmoid"),
        ("activation", "tanh"),
    ]


def test_leading_rescalings_are_part_of_reading():
    plan = lower(Input(4, scale=2, offset=1), Rescaling(3, 5), Rescaling(1, 1), Dense(3), Rescaling(7))
    assert (plan.in_scale, plan.in_offset) == (6, 9)
    assert [spec.kind for spec in plan.specs] == ["dense", "rescaling"]


def test_parameters_know_their_place():
    plan = lower(Dropout(0.1), Dense(3), Dense(2, use_bias=False), Activation("tanh"), Dense(5))
    assert [(p.layer, p.name, p.shape, p.stream) for p in plan.parameters] == [
        (1, "weights", (4, 3), 0),
        (1, "bias", (3,), 1),
        (2, "weights", (3, 2), 2),
        (3, "weights", (2, 5), 4),
        (3, "bias", (5,), 5),
    ]


@pytest.mark.parametrize(
    ("trainable", "expected"),
    [(True, (True, True)), (False, (False, False)), ("weights", (True, False)), ("bias", (False, True))],
)
def test_trainable_parts(trainable, expected):
    spec = lower(Dense(3, trainable=trainable)).specs[0]
    assert (spec.train_weights, spec.train_bias) == expected


def test_activation_parameters_reach_the_core():
    plan = lower(Dense(3, "leaky_relu"), Activation(activations.ELU(0.7)))
    assert [spec.parameter for spec in plan.specs] == [0.2, 0.7]


def test_a_model_is_frozen_as_a_whole():
    """From the next compile on; layers without weights take no part."""
    x, y = make_classes(40)
    stack = [Input(6), Dense(5, trainable="bias"), BatchNormalization(), Dropout(0.1), Dense(3, "softmax")]
    model = Sequential(stack, seed=0)
    assert model.trainable
    model.trainable = False
    assert not model.trainable
    assert [layer.trainable for layer in (stack[1], stack[2], stack[4])] == [False] * 3
    model.compile("adam", "sparse_categorical_crossentropy")
    before = hash_weights(model)
    model.fit(x, y, verbose=0)
    assert hash_weights(model) == before
    assert model.count_params(trainable=True) == 0
    with pytest.raises(ValueError, match="trainable: expected True or False, received 'bias'"):
        model.trainable = "bias"
    model.trainable = True
    assert stack[1].trainable is True
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    assert hash_weights(model) != before
    assert not Sequential([Input(6), Dropout(0.5)]).trainable
