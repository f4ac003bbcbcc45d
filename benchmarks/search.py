"""A search: GridSearchCV over 24 settings of nnfast.sklearn.MLPClassifier, with one job and with two, in turns.

    python -m benchmarks.search                               # 24 settings, 3 folds, scikit-learn's digits
    python -m benchmarks.search --jobs 2 --turns 5

Prints seconds of each, the ratio of medians, and, seen from outside 100 times a second, how many threads ran, or could
have run, at once in the workers: the most, and the share of the moments with more of them than jobs. A share above 5 %
ends with status 1: workers that start threads of their own would hinder each other. With one job the process that
searches is the worker, and may use all cores. Linux alone tells of threads.
"""

import argparse
import multiprocessing
import os
import sys
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from nnfast.sklearn import MLPClassifier

MOST_CROWDED = 0.05  # of the moments
GRID = {
    "hidden_layer_sizes": [(64,), (128,), (256,)],
    "alpha": [1e-5, 1e-4, 1e-3, 1e-2],
    "learning_rate_init": [1e-3, 1e-2],
}


def count_runnable(root: int) -> int:
    """Threads in state R of the descendants of a process."""
    parents, runnable = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            states = [read_state(thread) for thread in (folder / "task").iterdir()]
            parents[int(folder.name)] = int(read_fields(folder)[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
        runnable[int(folder.name)] = states.count("R")
    return sum(n for process, n in runnable.items() if process != root and descends(process, root, parents))


def read_fields(folder: Path) -> list[str]:
    """State, parent and so on: what follows the name, which may hold anything."""
    return (folder / "stat").read_text().rpartition(")")[2].split()


def read_state(folder: Path) -> str:
    return read_fields(folder)[0]


def descends(process: int, root: int, parents: dict[int, int]) -> bool:
    while process and process != root:
        process = parents.get(process, 0)
    return process == root


def watch(root: int, pipe: Any) -> None:
    """Count runnable threads, but for this one, from one message to the next; send all counts."""
    counts = []
    pipe.send("ready")
    while not pipe.poll(0.01):
        counts.append(count_runnable(root) - 1)
    pipe.send(counts)


class Search(NamedTuple):
    """What a search gave."""

    seconds: float
    n_runnable: list[int]
    scores: Any


def search(n_jobs: int) -> Search:
    """Run one, watched."""
    x, y = load_digits(return_X_y=True)
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    watcher = context.Process(target=watch, args=(os.getpid(), other))
    watcher.start()
    pipe.recv()
    model = MLPClassifier(max_iter=40, random_state=0)
    start = time.perf_counter()
    results = GridSearchCV(model, GRID, n_jobs=n_jobs, cv=3, refit=False).fit(x / 16, y).cv_results_
    seconds = time.perf_counter() - start
    pipe.send("over")
    counts = pipe.recv()
    watcher.join()
    return Search(seconds, counts, results["mean_test_score"])


def main() -> int:
    """Compare; 1 if there were more threads than jobs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    os.environ["PYTHONWARNINGS"] = "ignore"  # of workers
    search(options.jobs)  # starts the workers
    turns = [(search(1), search(options.jobs)) for _ in range(options.turns)]
    for one, several in turns:
        np.testing.assert_array_equal(one.scores, several.scores)
    print(f"24 settings, 3 folds, 1,797 digits, 40 epochs; medians of {options.turns}; {os.cpu_count()} cores")
    seconds = [median(turn[way].seconds for turn in turns) for way in (0, 1)]
    counts = np.concatenate([several.n_runnable for _, several in turns])
    share = float((counts > options.jobs).mean())
    found = f"at most {counts.max()} runnable threads of workers, over {options.jobs} in {share:.1%} of moments"
    print(f"n_jobs=1  {seconds[0]:6.2f} s")
    print(f"n_jobs={options.jobs}  {seconds[1]:6.2f} s  {found}")
    print(f"ratio {median(a.seconds / b.seconds for a, b in turns):.2f}; the same scores")
    return int(share > MOST_CROWDED)


if __name__ == "__main__":
    sys.exit(main())
