"""Digits as scikit-learn's estimators take them, small and scaled, with targets of every kind."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.datasets import load_digits

Array = NDArray[Any]


def make_digits(n: int = 300) -> tuple[Array, Array]:
    """Pixels in [0, 1] and labels."""
    (x, y), _ = load_digits()
    return x[:n] / 16, y[:n].astype(np.int64)


def make_target(kind: str) -> Array:
    """Of `make_digits`: classes, two classes, labels, numbers or counts."""
    x, y = make_digits()
    return {
        "classes": y,
        "two": np.where(y > 4, "large", "small"),
        "labels": np.stack([y > 4, y % 2, y % 3 == 0], axis=1).astype(np.int64),
        "number": 2 * x[:, 3] + np.sin(5 * x[:, 20]),
        "numbers": np.stack([2 * x[:, 3] + x[:, 10], np.sin(5 * x[:, 20]), x[:, 30]], axis=1),
        "counts": np.stack([y, y % 3], axis=1),
    }[kind]
