"""scores: how good outputs are, in a line."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Score(NamedTuple):
    """What a model is worth on some data."""

    text: str
    predictions: Array
    """Classes from 0, or values."""


def choose_classes(outputs: Array) -> Array:
    """Return the class of the largest output; of one output whether it is on the upper side of 0.5."""
    return np.argmax(outputs, axis=1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0.5).astype(np.int64)


def score_classes(outputs: Array, y: Array, where: str = "test ") -> Score:
    """Measure a classification."""
    predictions = choose_classes(outputs)
    return Score(f"{where}accuracy {np.mean(predictions == y):.4f}", predictions)


def score_values(outputs: Array, y: Array, where: str = "test ") -> Score:
    """Measure a regression."""
    predictions = outputs[:, 0].astype(np.float64)
    mse = np.mean((predictions - y) ** 2)
    variance = np.var(y)
    r2 = f"{where}R2 {1 - mse / variance:.4f}, " if variance > 0 else ""
    return Score(f"{r2}{where}MSE {mse:.6g}", predictions)
