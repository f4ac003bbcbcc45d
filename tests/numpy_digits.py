"""numpy_digits.py: the program of the third text as it stands there: 784-10-10 by full-batch gradient descent in NumPy.

    python tests/numpy_digits.py problem.npz N_ITERATIONS

prints losses and accuracies as JSON.
"""

import json
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

RATE = 0.1


def gradient_descent(x: Array, y: Array, weights: list[Array], n_iterations: int) -> dict[str, list[float]]:
    """Loss and accuracy before each step, in double precision, a sample a column."""
    w1, b1, w2, b2 = weights[0].T, weights[1][:, None], weights[2].T, weights[3][:, None]
    a0, m, one_hot = (x / 255).T, len(x), np.eye(10)[y].T
    losses, accuracies = [], []
    for _ in range(n_iterations):
        z1 = w1 @ a0 + b1
        a1 = np.maximum(z1, 0)
        e = np.exp(w2 @ a1 + b2)
        a2 = e / e.sum(axis=0)
        losses.append(float(-np.log((a2 * one_hot).sum(axis=0)).mean()))
        accuracies.append(float((a2.argmax(axis=0) == y).mean()))
        dz2 = a2 - one_hot
        dz1 = w2.T @ dz2 * (z1 > 0)
        w2, b2 = w2 - RATE / m * dz2 @ a1.T, b2 - RATE / m * dz2.sum(axis=1, keepdims=True)
        w1, b1 = w1 - RATE / m * dz1 @ a0.T, b1 - RATE / m * dz1.sum(axis=1, keepdims=True)
    return {"losses": losses, "accuracies": accuracies}


if __name__ == "__main__":
    problem = np.load(sys.argv[1])
    first_weights = [problem[name] for name in ("w1", "b1", "w2", "b2")]
    print(json.dumps(gradient_descent(problem["x"], problem["y"], first_weights, int(sys.argv[2]))))
