"""random_models.py: models of all kinds of layers with ordinary weights, and how far two programs' outputs differ."""

import numpy as np

from nnfast import Sequential, activations
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

ACTIVATIONS = [
    *(kind() for kind in activations.CATALOGUE.by_class_name.values()),
    *(activations.GELU(approximate=True), activations.LeakyReLU(0.05), activations.ELU(0.6), activations.CELU(1.7)),
]
STEPS = (activations.BinaryStep(), activations.Sign())


def draw_model(rng, *, last=None, dtype="float32", layers=None, scaled=True):
    """Draw a model of 1 to 4 layers with weights, `last` being the activation at its end."""
    size = int(rng.integers(1, 30))
    source = Input(size, scale=rng.uniform(0.5, 2), offset=rng.uniform(-1, 1)) if scaled else Input(size)
    stack = [source]
    for _ in range(rng.integers(0, 4)):
        size = int(rng.integers(1, 30))
        stack += (layers or draw_layers)(rng, size)
    stack.append(Dense(int(rng.integers(1, 12)), last or draw_activation(rng)))
    model = Sequential(stack, seed=int(rng.integers(2**32)), dtype=dtype)
    model.set_weights([draw_weights(rng, weights) for weights in model.get_weights()])
    return model


def draw_activation(rng):
    """Draw one that neither overflows nor jumps."""
    smooth = [a for a in ACTIVATIONS if a not in STEPS and not isinstance(a, activations.Exponential)]
    return smooth[rng.integers(len(smooth))]


def draw_layers(rng, size):
    """Draw a `Dense` and perhaps something behind it."""
    others = [
        [],
        [Dropout(0.3)],
        [Activation(draw_activation(rng))],
        [Rescaling(rng.uniform(0.5, 2), rng.uniform(-1, 1))],
        [BatchNormalization(scale=bool(rng.integers(2)), center=bool(rng.integers(2)))],
        [LayerNormalization(scale=bool(rng.integers(2)), center=bool(rng.integers(2)))],
        [Normalization(mean=rng.normal(size=size), variance=rng.uniform(0.3, 3, size))],
    ]
    return [Dense(size, draw_activation(rng), use_bias=bool(rng.integers(4))), *others[rng.integers(len(others))]]


def draw_weights(rng, like):
    """Draw weights as those of trained nets are; vectors are positive, since variances are among them."""
    if like.ndim == 2:
        return rng.normal(size=like.shape) * np.sqrt(2 / sum(like.shape))
    return rng.uniform(0.2, 1.2, like.shape)


def measure_error(result, expected, x):
    """Return the largest difference relative to the largest number that the net takes or gives.

    Relative to its own row an output can differ by anything: a sum near 0 of terms near 1 has their rounding errors.
    """
    largest = max(np.abs(expected).max(), np.abs(x).max())
    assert np.isfinite(largest)
    return float(np.abs(result - expected).max() / largest)
