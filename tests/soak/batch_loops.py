"""batch_loops: training of one batch and of a thousand, in each way that a batch can go: what do they allocate?"""

from collections.abc import Callable
from typing import Any

import numpy as np

import nnfast
from nnfast.layers import BatchNormalization, Dense, Input
from soak.entry_points import AFTER, Entry, look_at_model

N_BATCHES = 1000
SIZES = {"rows one by one": 1, "batches": 32, "batches by shards": 1100}
"""Rows of a batch."""


def make(*hidden: Any) -> nnfast.Sequential:
    model = nnfast.Sequential([Input(8), *hidden, Dense(3, activation="softmax")], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


STACKS: dict[str, Callable[[], nnfast.Sequential]] = {
    "a small net": lambda: make(Dense(6, activation="relu")),
    "batch normalization": lambda: make(Dense(6), BatchNormalization()),
}


def make_entry(stack: str, size: int, n_batches: int) -> Entry:
    rng = np.random.default_rng(1)
    x, y = rng.random((size * n_batches, 8), "float32"), rng.integers(0, 3, size * n_batches).astype("int32")

    def fit(model: nnfast.Sequential) -> Any:
        return model.fit(x, y, batch_size=size, verbose=0).history

    return Entry(lambda _: STACKS[stack](), fit, look_at_model, AFTER)


PAIRS = [(f"{stack}, {way}", stack, size) for stack in STACKS for way, size in SIZES.items()]
ENTRIES = {f"{name}: {n:,}": make_entry(stack, size, n) for name, stack, size in PAIRS for n in (1, N_BATCHES)}
