"""custom_activation: an activation that the core does not have, written in NumPy between two stacks.

    python examples/custom_activation.py

A stack gives its weighted sums; `backward` takes the gradient of any function of them. What is between two stacks is
the user's, forward and back.

Expected: a mean error of 0.17 beyond the data.
"""

from typing import Any

import numpy as np

from nnfast import Sequential
from nnfast.layers import Dense, Input
from nnfast.optimizers import Adam


def snake(z: Any) -> Any:
    """Return z + sin(z)^2: a line with waves, which can learn what repeats (Ziyin et al., NeurIPS 2020)."""
    return z + np.sin(z) ** 2


def snake_slope(z: Any) -> Any:
    """Return its derivative."""
    return 1 + np.sin(2 * z)


class SnakeNetwork:
    """One hidden layer of such units."""

    def __init__(self, units: int, seed: int) -> None:
        self.lower = Sequential([Input(1), Dense(units)], seed=seed, dtype="float64")
        self.upper = Sequential([Input(units), Dense(1)], seed=seed + 1, dtype="float64")
        self.optimizer = Adam(0.01)

    def predict(self, x: Any) -> Any:
        """Compute the outputs."""
        return self.upper.predict(snake(self.lower.predict(x)))

    def backward(self, x: Any, y: Any) -> float:
        """Compute the mean squared error and all gradients."""
        z = self.lower.forward(x)
        error = self.upper.forward(snake(z)) - y
        self.lower.backward(self.upper.backward(2 * error / error.size) * snake_slope(z))
        return float((error**2).mean())

    def step(self, x: Any, y: Any) -> float:
        """Train on a batch and return its loss."""
        loss = self.backward(x, y)
        self.optimizer.apply(self.lower)
        self.optimizer.apply(self.upper)
        return loss


def main(n_steps: int = 3000) -> float:
    """Learn a wave on a line, and return the error beyond the data."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-6, 6, (512, 1))
    network = SnakeNetwork(16, seed=0)
    for step in range(n_steps):
        rows = rng.integers(0, len(x), 64)
        loss = network.step(x[rows], x[rows] / 3 + np.sin(2 * x[rows]))
        if step % 500 == 0:
            print(f"step {step}: loss {loss:.4f}")
    beyond = np.linspace(6, 8, 50).reshape(-1, 1)
    error = float(np.abs(network.predict(beyond) - beyond / 3 - np.sin(2 * beyond)).mean())
    print(f"mean error beyond the data: {error:.3f}")
    return error


if __name__ == "__main__":
    main()
