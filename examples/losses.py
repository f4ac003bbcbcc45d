"""losses: four ways to say how wrong a prediction is, and what one-hot rows are.

    python examples/losses.py

Expected: the core's numbers are those of the formulas within 1e-15, and classes as numbers or as one-hot rows train the
same weights, to the bit.
"""

from typing import Any

import numpy as np

from nnfast import Sequential, kernels
from nnfast.datasets import load_digits
from nnfast.layers import Dense, Input
from nnfast.preprocessing import from_categorical, to_categorical


def mean_squared_error(y: Any, p: Any) -> float:
    """Return the mean of the squares: 0 where all is right."""
    return float(((y - p) ** 2).mean())


def binary_crossentropy(y: Any, p: Any) -> float:
    """Return the mean of -log of what probability the truth was given, which grows without end for a sure mistake."""
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


def categorical_crossentropy(y: Any, p: Any) -> float:
    """Return the same of several classes: the 1 of a one-hot row picks the class that it is."""
    return float(-(y * np.log(p)).sum(axis=1).mean())


def compare(name: str, y: Any, p: Any, expected: float) -> float:
    """Print both numbers, and return their difference."""
    received, _ = getattr(kernels, name)(y, p)  # the other result is the gradient
    print(f"{name:>32}: {received:.6f}, by its formula {expected:.6f}")
    return abs(received - expected)


def train(loss: str, x: Any, y: Any) -> list[Any]:
    """Return the weights after two epochs."""
    model = Sequential([Input(64, scale=1 / 16), Dense(16, "relu"), Dense(10, "softmax")], seed=0)
    model.compile("adam", loss)
    model.fit(x, y, epochs=2, verbose=0)
    return model.get_weights()


def main() -> tuple[float, bool]:
    """Return the largest difference from a formula, and whether both kinds of classes trained the same weights."""
    labels = np.array([0, 2, 1])
    one_hot = to_categorical(labels, 3)
    print(f"classes {labels} as one-hot rows:\n{one_hot}\nand back: {from_categorical(one_hot)}")

    yes_or_no, sure = np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.2], [0.4]])
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3]])
    crossentropy = categorical_crossentropy(one_hot, shares)
    differences = [
        compare("mean_squared_error", one_hot, shares, mean_squared_error(one_hot, shares)),
        compare("binary_crossentropy", yes_or_no, sure, binary_crossentropy(yes_or_no, sure)),
        compare("categorical_crossentropy", one_hot, shares, crossentropy),
        compare("sparse_categorical_crossentropy", labels, shares, crossentropy),
    ]

    (x, y), _ = load_digits()
    by_number = train("sparse_categorical_crossentropy", x, y)
    by_row = train("categorical_crossentropy", x, to_categorical(y))
    is_same = all(a.tobytes() == b.tobytes() for a, b in zip(by_number, by_row, strict=True))
    print(f"largest difference {max(differences):.1e}; trained with either kind of classes, the same bits: {is_same}")
    return max(differences), is_same


if __name__ == "__main__":
    main()
