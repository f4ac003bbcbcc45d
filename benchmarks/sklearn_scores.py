"""Scores and times of nnfast.sklearn and scikit-learn's MLPs, with the same settings, split and seeds, in turns.

    python -m benchmarks.sklearn_scores                             # all data sets, 10 seeds
    python -m benchmarks.sklearn_scores --data mnist --seeds 3

Prints for each data set both mean scores, their difference in standard errors, and medians of the seconds of `fit` and
of their ratio. A difference of more than two standard errors, or a ratio below 5 on MNIST, ends with status 1.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.datasets
import sklearn.neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import nnfast.sklearn
from nnfast.datasets import load_mnist

LEAST_RATIO = 5.0  # on MNIST
MOST_ERRORS = 2.0


def load_table(load: Callable[..., Any]) -> tuple[Any, ...]:
    """One of scikit-learn's, a quarter of it for testing, scaled by what is known of the rest."""
    x, y = load(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
    scaler = StandardScaler().fit(x_train)
    return scaler.transform(x_train), y_train, scaler.transform(x_test), y_test


def load_images() -> tuple[Any, ...]:
    """MNIST's, from the folder that NNFAST_MNIST names."""
    (x_train, y_train), (x_test, y_test) = load_mnist(os.environ["NNFAST_MNIST"])
    return x_train / 255, y_train, x_test / 255, y_test


TASKS: dict[str, tuple[str, Callable[[], tuple[Any, ...]], dict[str, Any]]] = {
    "digits": ("MLPClassifier", lambda: load_table(sklearn.datasets.load_digits), {}),
    "wine": ("MLPClassifier", lambda: load_table(sklearn.datasets.load_wine), {}),
    "breast_cancer": ("MLPClassifier", lambda: load_table(sklearn.datasets.load_breast_cancer), {}),
    "diabetes": ("MLPRegressor", lambda: load_table(sklearn.datasets.load_diabetes), {"max_iter": 2000}),
    "mnist": ("MLPClassifier", load_images, {}),
}
"""Data set -> estimator, its rows, and settings that are not the defaults."""


def run(estimator: Any, data: tuple[Any, ...]) -> tuple[float, float]:
    """Seconds of fit, and the score of the test rows."""
    x_train, y_train, x_test, y_test = data
    start = time.perf_counter()
    estimator.fit(x_train, y_train)
    return time.perf_counter() - start, estimator.score(x_test, y_test)


def compare(name: str, n_seeds: int) -> bool:
    """Print the line of a data set; False if it is not as it should be."""
    kind, load, settings = TASKS[name]
    data = load()
    kinds = getattr(sklearn.neural_network, kind), getattr(nnfast.sklearn, kind)
    results = [[run(each(random_state=seed, **settings), data) for each in kinds] for seed in range(n_seeds)]
    seconds, scores = np.moveaxis(np.array(results), 2, 0)  # each (seed, library)
    theirs, ours = scores.mean(axis=0)
    error = np.sqrt(scores.var(axis=0, ddof=1).sum() / n_seeds)
    difference = abs(ours - theirs) / error if error > 0 else np.inf * float(ours != theirs)
    ratio = float(np.median(seconds[:, 0] / seconds[:, 1]))
    print(
        f"{name:13}  scores {theirs:.4f} and {ours:.4f}, {difference:.2f} standard errors apart;  "
        f"fit {np.median(seconds[:, 0]):.3f} s and {np.median(seconds[:, 1]):.3f} s, ratio {ratio:.1f}",
        flush=True,
    )
    return difference <= MOST_ERRORS and (name != "mnist" or ratio >= LEAST_RATIO)


def main() -> int:
    """Compare; 1 if anything is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=10, help="at least 2")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # of both alike
    print(f"scikit-learn {sklearn.__version__} and nnfast, {nnfast.get_num_threads()} threads, {chosen.seeds} seeds")
    results = [compare(name, chosen.seeds) for name in chosen.data]
    return int(not all(results))


if __name__ == "__main__":
    sys.exit(main())
