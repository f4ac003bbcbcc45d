"""overfitting: too few weights miss what the data say, too many learn their noise by heart; test data tell.

    python examples/overfitting.py [--splits 5] [--picture fits.png]

Forty points of a parabola with noise. Networks learn from 70 % or 80 % of them and are measured on both parts; as few
test points say little, this is done for several splits.

Expected, means of five splits: the line has the largest errors on both parts, 0.5 and more; 2 x 50 units have the
smallest on the training part, 0.02, and on the test part twice that of 8 units.
"""

import argparse
from typing import Any

import numpy as np

from nnfast import Sequential, plotting
from nnfast.layers import Dense, Input
from nnfast.optimizers import Adam
from nnfast.preprocessing import train_test_split

# Hidden layers, and epochs.
NETWORKS: dict[str, tuple[list[Dense], int]] = {
    "a line underfits": ([], 500),
    "8 units fit": ([Dense(8, "tanh")], 1500),
    "2 x 50 units overfit": ([Dense(50, "tanh"), Dense(50, "tanh")], 3000),
}


def make_data(n: int = 40) -> tuple[Any, Any]:
    """Return the points."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 5, (n, 1))
    return x, x**2 / 5 + rng.normal(0, 0.5, (n, 1))


def train(x: Any, y: Any) -> dict[str, Sequential]:
    """Return the networks, trained."""
    models = {}
    for name, (hidden, epochs) in NETWORKS.items():
        model = Sequential([Input(1), *hidden, Dense(1)], seed=1)
        model.compile(Adam(0.02), "mean_squared_error")
        model.fit(x, y, batch_size=len(x), epochs=epochs, verbose=0)
        models[name] = model
    return models


def main(arguments: list[str] | None = None) -> dict[float, Any]:
    """Return by test share the mean errors, a row for each network: of the training part, of the test part."""
    parser = argparse.ArgumentParser(description="Underfitting and overfitting.")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--picture", default="fits.png")
    options = parser.parse_args(arguments)
    results = {}
    for share in (0.3, 0.2):
        errors = []
        for split in range(options.splits):
            x, x_test, y, y_test = train_test_split(*make_data(), test_size=share, random_state=split)
            models = train(x, y)
            parts = ((x, y), (x_test, y_test))
            errors.append([[model.evaluate(*part, verbose=0) for part in parts] for model in models.values()])
            if share == 0.3 and split == 0:
                plotting.save_figure(plotting.fitted_curves(models, *parts), options.picture)
        results[share] = np.mean(errors, axis=0)
        print(f"{len(x)} points to train, {len(x_test)} to test; means of {options.splits} splits")
        for name, (error, test_error) in zip(NETWORKS, results[share], strict=True):
            print(f"    {name}: error {error:.3f} of the training part, {test_error:.3f} of the test part")
    print(f"curves of the first split in {options.picture}")
    return results


if __name__ == "__main__":
    main()
