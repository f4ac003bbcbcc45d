"""learning_rates: steps that are too small take forever, steps that are too large never arrive.

    python examples/learning_rates.py [--epochs 20] [--picture learning_rates.png]

Gradient descent by batches of 32 on the digits that come with nnfast.

Expected after 20 epochs: test accuracy 0.97 with 0.2; 0.29 with 0.002, growing slowly; 0.10 with 2, which is guessing.
"""

import argparse
import math

from nnfast import Sequential, plotting
from nnfast.datasets import load_digits
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD

RATES = {"0.002, too small": 0.002, "0.2, good": 0.2, "2, too large": 2.0}


def train(rate: float, epochs: int) -> tuple[dict[str, list[float]], float]:
    """Return the history, and the share of test images read rightly."""
    (x, y), (x_test, y_test) = load_digits()
    model = Sequential([Input(64, scale=1 / 16), Dense(32, "relu"), Dense(10, "softmax")], seed=0)
    model.compile(SGD(rate), "sparse_categorical_crossentropy", ["accuracy"])
    history = model.fit(x, y, batch_size=32, epochs=epochs, verbose=0).history
    return history, model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]


def main(arguments: list[str] | None = None) -> dict[float, tuple[float, float]]:
    """Return the last loss and the test accuracy for each rate."""
    parser = argparse.ArgumentParser(description="Learning rates: too small, good, too large.")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--picture", default="learning_rates.png")
    options = parser.parse_args(arguments)
    print(f"guessing one of ten classes: loss {math.log(10):.3f}, accuracy about 0.1")
    histories, results = {}, {}
    for name, rate in RATES.items():
        histories[name], accuracy = train(rate, options.epochs)
        results[rate] = (histories[name]["loss"][-1], accuracy)
        print(f"learning rate {name}: loss {results[rate][0]:.3f}, test accuracy {accuracy:.4f}")
    plotting.save_figure(plotting.compared_curves(histories), options.picture)
    print(f"curves in {options.picture}")
    return results


if __name__ == "__main__":
    main()
