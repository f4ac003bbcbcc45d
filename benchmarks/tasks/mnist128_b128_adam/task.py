"""784-128-10, ReLU and softmax, Adam, batches of 128, float32; 60,000 random rows in memory, shuffled every epoch."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

N_ROWS = 60_000
N_FEATURES, N_HIDDEN, N_CLASSES = 784, 128, 10
BATCH_SIZE = 128
LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-7

# The rivals' results are compared after so many steps, unshuffled, from equal weights.
CHECK_ROWS = 20 * BATCH_SIZE
CHECK_TOLERANCE = 1e-3  # distance between the weights, relative to the distance they moved

FLOP_PER_ROW = 2 * (2 * N_FEATURES * N_HIDDEN + 3 * N_HIDDEN * N_CLASSES)
"""Two for each multiply-add: forward and weight gradients of both layers, input gradient of the second."""

Weights = list[NDArray[np.float32]]


class Data(NamedTuple):
    """What every rival is given."""

    x: NDArray[np.float32]
    y: NDArray[np.int32]
    weights: Weights


def make_data(n_rows: int) -> Data:
    """The same rows, labels and initial weights in every process."""
    rng = np.random.default_rng(0)
    x = rng.random((n_rows, N_FEATURES), dtype=np.float32)
    y = rng.integers(0, N_CLASSES, n_rows, dtype=np.int32)
    weights: Weights = []
    for fan_in, fan_out in ((N_FEATURES, N_HIDDEN), (N_HIDDEN, N_CLASSES)):
        limit = np.sqrt(6 / (fan_in + fan_out))
        weights.append(rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32))
        weights.append(np.zeros(fan_out, np.float32))
    return Data(x, y, weights)
