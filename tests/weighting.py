"""weighting.py: small models of any loss, targets and weights, for tests of weights."""

import numpy as np
from problems import make_classes

import nnfast
from nnfast import Sequential, losses
from nnfast.layers import Dense, Input
from nnfast.losses import Loss

X, LABELS = make_classes(120)
EVERY_LOSS = sorted(losses.CATALOGUE.by_class_name)


def make_weights(n: int = 120) -> np.ndarray:
    """Whole numbers, fractions and zeros."""
    return np.random.default_rng(3).choice([0.0, 0.25, 1.0, 2.0, 3.7], n)


def make_model(loss: str | Loss, n_outputs: int = 3, dtype: str = "float64", **more) -> Sequential:
    last = "sigmoid" if n_outputs == 1 else "softmax"
    model = Sequential([Input(6), Dense(7, "tanh"), Dense(n_outputs, last)], seed=5, dtype=dtype)
    model.compile(nnfast.optimizers.SGD(0.05), loss, **more)
    return model


def make_targets(loss: str, labels: np.ndarray = LABELS) -> np.ndarray:
    return labels if losses.get(loss).takes_labels else np.eye(3)[labels]
