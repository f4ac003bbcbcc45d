"""dosage: a network of two units that tells what a dosage of 0, 0.5 or 1 does, taken apart and trained.

    python examples/dosage.py [--output FOLDER]

Small and large dosages do not help (0), the one between does (1): no straight line fits that, and two bent ones do.

Expected: predictions -0.01, 1.03 and 0.00; with all but the last bias known, sums of squared residuals 20.4, 7.77, 1.11
and 0.458 at biases 0, 1, 2 and 3, and steps 0, 1.57, 2.19, ... to 2.61; from a random start all three points are met
within 1e-4.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from nnfast import Sequential, kernels, plotting
from nnfast.callbacks import EarlyStopping
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD, Adam

DOSAGES = np.array([[0.0], [0.5], [1.0]])
EFFECTS = np.array([[0.0], [1.0], [0.0]])


def make_network(hidden: tuple[Any, Any], output: tuple[Any, Any], *, only_last_bias: bool = False) -> Sequential:
    """Return a 1-2-1 network with given weights and biases, all to be trained or the last bias alone."""
    trained: tuple[Any, Any] = (False, "bias") if only_last_bias else (True, True)
    layers = [
        Dense(len(bias), activation, kernel_initializer=np.array(kernel), bias_initializer=np.array(bias), trainable=t)
        for (kernel, bias), activation, t in zip((hidden, output), ("softplus", "linear"), trained, strict=True)
    ]
    return Sequential([Input(1), *layers], dtype="float64")


def predict_step_by_step(model: Sequential, dosage: float) -> float:
    """Print what happens to a dosage on its way, and return the prediction."""
    weights, biases, output_weights, output_bias = model.get_weights()
    sums = dosage * weights[0] + biases
    bent = kernels.softplus(sums.reshape(1, 2))[0]  # log(1 + exp(z))
    scaled = bent * output_weights[:, 0]
    prediction = float(scaled.sum() + output_bias[0])
    steps = f"sums {sums.round(2)}, softplus {bent.round(2)}, times weights {scaled.round(2)}"
    print(f"dosage {dosage}: {steps} -> {prediction:.2f}")
    return prediction


def fit_last_bias() -> tuple[Sequential, list[float]]:
    """Take steps of gradient descent on the last bias, b3, of a network of which all else is known."""
    model = make_network(([[3.34, -3.53]], [-1.43, 0.57]), ([[-1.22], [-2.30]], [0.0]), only_last_bias=True)
    model.compile(SGD(0.1), "sum_squared_error")
    path = [0.0]
    while len(path) < 2 or abs(path[-1] - path[-2]) > 0.001:
        model.fit(DOSAGES, EFFECTS, batch_size=3, verbose=0)  # a step: b3 := b3 - 0.1 * slope
        path.append(float(model.get_weights()[-1][0]))
    return model, path


def fit_everything(seed: int = 0) -> Sequential:
    """Train all seven parameters from a random start."""
    model = Sequential([Input(1), Dense(2, "softplus"), Dense(1)], seed=seed)
    model.compile(Adam(0.05), "sum_squared_error")
    best = EarlyStopping("loss", patience=3000, restore_best_weights=True)
    model.fit(DOSAGES, EFFECTS, batch_size=3, epochs=3000, verbose=0, callbacks=[best])
    return model


def main(arguments: list[str] | None = None) -> tuple[list[float], list[float], float]:
    """Return the given network's predictions, the path of b3, and the largest error after training from scratch."""
    parser = argparse.ArgumentParser(description="The dosage network.")
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the pictures (this one)")
    folder = parser.parse_args(arguments).output

    given = make_network(([[-34.4, -2.52]], [2.14, 1.29]), ([[-1.30], [2.28]], [-0.58]))
    for dosage in (0.0, 0.1, 0.5, 1.0):
        predict_step_by_step(given, dosage)
    plotting.save_figure(plotting.squiggle_steps(given, DOSAGES, EFFECTS), folder / "squiggle.png")

    fitted, path = fit_last_bias()
    residuals = EFFECTS - (fitted.predict(DOSAGES) - path[-1])  # at b3 = 0

    def ssr(b3: float) -> float:
        return float(((residuals - b3) ** 2).sum())

    def slope(b3: float) -> float:
        return float((-2 * (residuals - b3)).sum())

    print("sum of squared residuals:", ", ".join(f"{ssr(b3):.3g} at {b3}" for b3 in range(4)))
    print(f"slopes {slope(path[0]):.3g} and {slope(path[1]):.3g}; b3:", *(f"{b3:.2f}" for b3 in path))
    descent = plotting.descent_path(ssr, path, slope=slope, names=("b3", "sum of squared residuals"))
    plotting.save_figure(descent, folder / "descent.png")

    trained = fit_everything()
    plotting.save_figure(plotting.squiggle_steps(trained, DOSAGES, EFFECTS), folder / "trained.png")
    error = float(np.abs(trained.predict(DOSAGES) - EFFECTS).max())
    print(f"from a random start: {trained.predict(DOSAGES).ravel().round(3)}, largest error {error:.1e}")
    return given.predict(DOSAGES).ravel().tolist(), path, error


if __name__ == "__main__":
    main()
