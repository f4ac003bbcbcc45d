"""problems.py: small data sets and models that many tests train."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import Sequential, _core
from nnfast.layers import Dense, Dropout, Input

Array = NDArray[Any]


def make_classes(n: int = 200, n_features: int = 6, n_classes: int = 3, seed: int = 0) -> tuple[Array, Array]:
    """Samples and labels that a small network learns in a few epochs."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, n_features)).astype(np.float32)
    return x, (x @ rng.standard_normal((n_features, n_classes))).argmax(axis=1)


def make_classifier(seed: int = 1, dtype: str = "float32", rate: float = 0.0, optimizer: Any = "adam") -> Sequential:
    """Compiled, for the classes above; with dropout if there is a rate."""
    dropout = [Dropout(rate)] if rate else []
    layers = [Input(6), Dense(8, "tanh"), *dropout, Dense(3, "softmax")]
    model = Sequential(layers, seed=seed, dtype=dtype)
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    return model


def hash_weights(model: Sequential) -> str:
    return hashlib.sha256(b"".join(values.tobytes() for values in model.get_weights())).hexdigest()


def hash_state(model: Sequential) -> str:
    """Of weights, optimizer state, history and counters: what an error must not change."""
    digest = hashlib.sha256(repr((model.built, model._epochs_done, model.history and model.history.history)).encode())
    if model.built:
        digest.update(hash_weights(model).encode())
    if model._learner is not None:
        state = model._learner.state
        digest.update(str(state.step).encode())
        for parameter in model._plan.parameters:
            for slot in range(_core.OPTIMIZERS[model._learner.optimizer.rule][0]):
                digest.update(state.get_state(parameter.layer, parameter.name, slot).tobytes())
    return digest.hexdigest()
