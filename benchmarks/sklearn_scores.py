"""Scores and times of nnfast.sklearn and scikit-learn's MLPs: same settings, split and seeds, a process each, in turns.

    python -m benchmarks.sklearn_scores                             # all data sets, 10 seeds
    python -m benchmarks.sklearn_scores --data mnist --seeds 3

Prints for each data set both mean scores, their difference in standard errors, and medians of the seconds of `fit` and
of their ratio. A difference of more than two standard errors, or a ratio below 5 on MNIST, ends with status 1.
"""

import argparse
import functools
import importlib
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import sklearn.datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import nnfast
from nnfast.datasets import load_mnist

LIBRARIES = ("sklearn.neural_network", "nnfast.sklearn")
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


@functools.cache
def load(name: str) -> tuple[Any, ...]:
    """A data set, once in each process."""
    return TASKS[name][1]()


def run(library: str, name: str, seed: int) -> tuple[float, float]:
    """Seconds of fit, and the score of the test rows."""
    warnings.simplefilter("ignore", ConvergenceWarning)  # of both alike
    kind, _, settings = TASKS[name]
    x_train, y_train, x_test, y_test = load(name)
    estimator = getattr(importlib.import_module(library), kind)(random_state=seed, **settings)
    start = time.perf_counter()
    estimator.fit(x_train, y_train)
    return time.perf_counter() - start, estimator.score(x_test, y_test)


def compare(name: str, n_seeds: int, processes: dict[str, ProcessPoolExecutor]) -> bool:
    """Print the line of a data set; False if it is not as it should be."""
    for library, process in processes.items():  # once for what first calls cost
        process.submit(run, library, "wine", 0).result()
    results = [
        [process.submit(run, library, name, seed).result() for library, process in processes.items()]
        for seed in range(n_seeds)
    ]
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
    print(f"scikit-learn {sklearn.__version__} and nnfast, {nnfast.get_num_threads()} threads, {chosen.seeds} seeds")
    spawn = multiprocessing.get_context("spawn")
    processes = {library: ProcessPoolExecutor(1, spawn) for library in LIBRARIES}
    results = [compare(name, chosen.seeds, processes) for name in chosen.data]
    for process in processes.values():
        process.shutdown()
    return int(not all(results))


if __name__ == "__main__":
    sys.exit(main())
