"""Predictions: a row is predicted the same alone, in any batch, in any order and layout.

Bits are compared with those of all rows in one call, in each element type, and each instruction set of the machine.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnfast
from nnfast import _core
from nnfast.layers import BatchNormalization, Dense
from soak.row import Row, Size

Array = NDArray[Any]


def make_model(dtype: str) -> nnfast.Sequential:
    """With statistics that are not those of a new model."""
    stack = [
        Dense(37, activation="gelu"),
        BatchNormalization(),
        Dense(33, activation="tanh"),
        Dense(3, activation="softmax"),
    ]
    model = nnfast.Sequential([nnfast.layers.Input(20), *stack], seed=1, dtype=dtype)
    model.compile("adam", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(2)
    model.fit(rng.normal(size=(500, 20)), rng.integers(0, 3, 500), epochs=1, verbose=0)
    return model


def count_differing(ours: Array, expected: Array) -> int:
    """Rows of which any bit differs."""
    assert ours.shape == expected.shape
    return int((ours.view(np.uint8) != expected.view(np.uint8)).any(axis=1).sum())


def predict_in_batches(model: nnfast.Sequential, x: Array, size: int) -> Array:
    """A call of predict for each batch, not one call that cuts them."""
    return np.concatenate([model.predict(x[i : i + size], verbose=0) for i in range(0, len(x), size)])


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "every second column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "bytes swapped": lambda x: x.astype(x.dtype.newbyteorder()),
}


def rows(size: Size) -> Iterator[Row]:
    settings = [(dtype, isa) for dtype in ("float32", "float64") for isa in _core.get_runnable_isas()]
    n = size.pick(1000, 1_000_000 // len(settings) + 1)
    sizes, by_call = size.pick((1, 7, 130), range(1, 131)), size.pick((1, 7), (1, 2, 3, 5, 16, 31, 64, 130))
    failed = dict.fromkeys(("option", "calls", "order", "layout"), 0)
    for dtype, isa in settings:
        _core.set_isa(isa)
        model = make_model(dtype)
        rng = np.random.default_rng(size.seed)
        x = rng.normal(size=(n, 20)).astype(dtype)
        expected = model.predict(x, batch_size=n, verbose=0)
        order = rng.permutation(n)
        failed["option"] += sum(count_differing(model.predict(x, batch_size=b, verbose=0), expected) for b in sizes)
        failed["calls"] += sum(count_differing(predict_in_batches(model, x, b), expected) for b in by_call)
        failed["order"] += count_differing(model.predict(x[order], verbose=0), expected[order])
        for change in LAYOUTS.values():
            failed["layout"] += count_differing(model.predict(change(x), verbose=0), expected)
    same, total = "the same bits", n * len(settings)
    what = f"{total:,} rows, {len(settings)} kinds of core"
    yield Row(f"`batch_size` {min(sizes)} to {max(sizes)}", same, total * len(sizes), failed["option"], what)
    yield Row(f"calls with {min(by_call)} to {max(by_call)} rows", same, total * len(by_call), failed["calls"], what)
    yield Row("another order of rows", same, total, failed["order"], what)
    yield Row(f"another layout: {', '.join(LAYOUTS)}", same, total * len(LAYOUTS), failed["layout"], what)
