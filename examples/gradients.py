"""gradients: the chain rule written out for a network of 4, 2 and 3 units, beside what `backward` computes.

    python examples/gradients.py

ReLU in the middle, sigmoid at the end, half the sum of squared errors as the loss. A sample is a column here, as on
paper; nnfast has samples in rows, and so kernels of shape (inputs, outputs).

Expected: all four gradients agree within 1e-15, and after one small step against them the loss is smaller.
"""

from typing import Any

import numpy as np

from nnfast import Sequential
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))


def gradients_by_hand(weights: list[Any], x: Any, y: Any) -> list[Any]:
    """Return the gradients of loss = sum((y - a2)^2) / 2 with respect to W1, b1, W2 and b2."""
    W1, b1, W2, b2 = weights
    # Forward: two linear maps, each bent by its activation.
    z1 = W1 @ x + b1
    a1 = np.maximum(z1, 0)
    z2 = W2 @ a1 + b2
    a2 = sigmoid(z2)
    # Backward: an error term for each layer, from the last to the first.
    delta2 = -(y - a2) * a2 * (1 - a2)  # slope of the loss, times slope of the sigmoid
    delta1 = W2.T @ delta2 * (z1 > 0)  # sent back through W2, times slope of ReLU
    # A weight's gradient is the error term of its layer times what came in; a bias has 1 coming in.
    return [delta1 @ x.T, delta1, delta2 @ a1.T, delta2]


def main() -> float:
    """Compare, take a step, and return the largest difference between the gradients."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((4, 1)), np.array([[0.0], [1.0], [0.0]])
    model = Sequential([Input(4), Dense(2, "relu"), Dense(3, "sigmoid")], seed=3, dtype="float64")

    outputs = model.forward(x.T)
    model.backward(outputs - y.T)  # the slope of the loss with respect to each output starts it all
    ours = model.gradients()
    by_hand = gradients_by_hand([w.T if w.ndim == 2 else w.reshape(-1, 1) for w in model.get_weights()], x, y)
    largest = 0.0
    for name, gradient, formula in zip(["W1", "b1", "W2", "b2"], ours, by_hand, strict=True):
        formula = formula.T if gradient.ndim == 2 else formula.ravel()
        difference = float(np.abs(gradient - formula).max())
        print(f"{name} {gradient.shape!s:>6}: largest {np.abs(gradient).max():.4f}, difference {difference:.1e}")
        largest = max(largest, difference)

    before = float(((outputs - y.T) ** 2).sum() / 2)
    SGD(0.1).apply(model)  # all weights at once: W := W - 0.1 * gradient
    after = float(((model.predict(x.T) - y.T) ** 2).sum() / 2)
    print(f"loss {before:.6f}, after a step {after:.6f}")
    print(f"largest difference from the formulas: {largest:.1e}")
    return largest


if __name__ == "__main__":
    main()
