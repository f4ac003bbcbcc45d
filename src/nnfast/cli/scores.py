"""scores: how good outputs are, in a line."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast import Sequential
from nnfast.report.subject import find_last_activation

Array = NDArray[Any]


class Score(NamedTuple):
    """What a model is worth on some data."""

    text: str
    predictions: Array
    """Classes from 0, or values."""
    figures: dict[str, float]
    """What the text says, by the names of metrics."""


def is_classifier(network: Sequential) -> bool:
    """Return whether the outputs are probabilities, or logarithms of them."""
    return find_last_activation(network) in ("softmax", "log_softmax", "sigmoid")


def count_outputs(network: Sequential) -> int:
    """Return the number of outputs."""
    return network._get_built()[0].out_size


def choose_classes(outputs: Array) -> Array:
    """Return the class of the largest output; of one output whether it is on the upper side of 0.5."""
    return np.argmax(outputs, axis=1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0.5).astype(np.int64)


def score_classes(outputs: Array, y: Array, where: str = "test ") -> Score:
    """Measure a classification."""
    predictions = choose_classes(outputs)
    accuracy = float(np.mean(predictions == y))
    return Score(f"{where}accuracy {accuracy:.4f}", predictions, {"accuracy": accuracy})


def score_values(outputs: Array, y: Array, where: str = "test ") -> Score:
    """Measure a regression."""
    predictions = outputs[:, 0].astype(np.float64)
    mse = float(np.mean((predictions - y) ** 2))
    variance = float(np.var(y))
    figures = {"r2_score": 1 - mse / variance} if variance > 0 else {}
    r2 = f"{where}R2 {figures['r2_score']:.4f}, " if figures else ""
    return Score(f"{r2}{where}MSE {mse:.6g}", predictions, figures | {"mean_squared_error": mse})
