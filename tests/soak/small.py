"""small: a problem that takes a team of threads some milliseconds, and the bits of what came out."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnfast
from nnfast.layers import Dense, Dropout, Input

Array = NDArray[Any]

N_FEATURES, N_CLASSES = 64, 5


def make_data(n_rows: int = 2000) -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n_rows, N_FEATURES)).astype("float32")
    return x, x[:, :N_CLASSES].argmax(axis=1).astype("int32")


def make_model(seed: int = 0, hidden: int = 128) -> nnfast.Sequential:
    """Compiled, with dropout and an optimizer that remembers."""
    stack = [Dense(hidden, activation="relu"), Dropout(0.2), Dense(N_CLASSES, activation="softmax")]
    model = nnfast.Sequential([Input(N_FEATURES), *stack], seed=seed)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def get_bits(model: nnfast.Sequential) -> str:
    """Of the weights, and of what the optimizer counted."""
    digest = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights()))
    digest.update(str(count_steps(model)).encode())
    return digest.hexdigest()


def count_steps(model: nnfast.Sequential) -> int:
    return 0 if model._learner is None else model._learner.state.step
