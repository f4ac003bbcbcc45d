"""activations: the functions that bend, their derivatives, and their pictures.

    python examples/activations.py [--picture activations.png]

A model of one `Activation` layer gives the value by `forward`, and the derivative by `backward`: the chain rule
multiplies what comes from above by it, and here a 1 comes from above.

Expected: every derivative agrees with a difference quotient of its function, within 1e-8.
"""

import argparse
from typing import Any

import numpy as np

from nnfast import Sequential, plotting
from nnfast.layers import Activation, Input

SMOOTH = ["sigmoid", "tanh", "gelu", "softplus", "swish"]
BENT = ["relu", "leaky_relu", "elu"]
STEPS = ["binary_step", "sign"]  # flat everywhere: their derivative, 0, tells gradient descent nothing


def evaluate(name: str, z: Any) -> tuple[Any, Any]:
    """Return value and derivative at each number."""
    model = Sequential([Input(1), Activation(name)], dtype="float64")
    value = model.forward(z.reshape(-1, 1)).ravel()
    derivative = model.backward(np.ones((len(z), 1))).ravel()
    return value, derivative


def find_largest_error(name: str, z: Any, step: float = 1e-5) -> float:
    """Return how far the derivatives are from difference quotients, at most."""
    quotient = (evaluate(name, z + step)[0] - evaluate(name, z - step)[0]) / (2 * step)
    return float(np.abs(evaluate(name, z)[1] - quotient).max())


def softmax_slopes(z: Any) -> Any:
    """Return the derivatives of each output with respect to each input: of a whole layer they are a matrix."""
    model = Sequential([Input(len(z)), Activation("softmax")], dtype="float64")
    model.forward(np.tile(z, (len(z), 1)))
    return model.backward(np.eye(len(z)))  # row i asks for the derivatives of output i


def main(arguments: list[str] | None = None) -> float:
    """Print a table, check the derivatives, draw, and return the largest error of a derivative."""
    parser = argparse.ArgumentParser(description="Activations and their derivatives.")
    parser.add_argument("--picture", default="activations.png", help="where to draw (activations.png)")
    options = parser.parse_args(arguments)

    z = np.array([-2.0, -0.5, 0.5, 2.0])  # not 0, where some have a corner or a jump
    print(f"{'z':>12}:" + "".join(f"{number:16.1f}" for number in z))
    for name in [*SMOOTH, *BENT, *STEPS]:
        pairs = zip(*evaluate(name, z), strict=True)
        print(f"{name:>12}:" + "".join(f"{value:9.3f} {slope:+.3f}" for value, slope in pairs))

    logits = np.array([2.0, 1.0, -1.0])
    shares = Sequential([Input(3), Activation("softmax")], dtype="float64").predict(logits.reshape(1, 3))[0]
    print(f"softmax of {logits}: {shares.round(3)}, sum {shares.sum():.3f}")
    formula = np.diag(shares) - np.outer(shares, shares)

    errors = [find_largest_error(name, z) for name in [*SMOOTH, *BENT, *STEPS]]
    largest = max(*errors, float(np.abs(softmax_slopes(logits) - formula).max()))
    plotting.save_figure(plotting.activation_curves(["sigmoid", "tanh", "relu"]), options.picture)
    print(f"largest error of a derivative: {largest:.1e}; curves over [-8, 8] in {options.picture}")
    return largest


if __name__ == "__main__":
    main()
