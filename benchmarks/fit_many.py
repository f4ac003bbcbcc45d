"""Many small fits: nnfast.fit_many and the same fits in a row, by one thread and by all, in turns.

    python -m benchmarks.fit_many                             # 64 nets of each size, 7 turns
    python -m benchmarks.fit_many --nets 24 --turns 15

Each turn fits new nets (their making is not timed) in three ways and checks that weights have the same bits. Prints
medians of seconds, and of the ratio, within a turn, of the faster fits in a row to `fit_many`. A ratio below 1.6 for
nets that are too small for two threads each, in fits that nobody listens to, ends with status 1. Beside it stands what
the machine can give: the speed of all threads at once to that of one in a loop of multiply-adds, each best of several
tries.
"""

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import numpy as np

import nnfast
from nnfast import Sequential, _core
from nnfast.callbacks import EarlyStopping
from nnfast.layers import Dense, Input

LEAST_RATIO = 1.6


class Task(NamedTuple):
    """Nets of one size, data for them, and how they are trained: Adam, batches of 32."""

    sizes: tuple[int, int, int]
    n_rows: int
    epochs: int
    is_small: bool
    """Whether a fit alone has no use for a second thread."""
    listens: bool = False
    """Whether a tenth of the rows validates and EarlyStopping listens, both in Python after each epoch."""

    def __str__(self) -> str:
        ends = ", validation and EarlyStopping" if self.listens else ""
        return f"{'-'.join(map(str, self.sizes))}, {self.n_rows} rows, {self.epochs} epochs{ends}"


SHAPES = (((8, 16, 3), 150, 200, True), ((30, 64, 2), 569, 50, True), ((64, 100, 10), 1797, 20, False))
TASKS = [Task(*shape, listens) for listens in (False, True) for shape in SHAPES]


def make_models(task: Task, n_models: int) -> list[Sequential]:
    n_features, n_hidden, n_classes = task.sizes
    models = []
    for seed in range(n_models):
        layers = [Input(n_features), Dense(n_hidden, "relu"), Dense(n_classes, "softmax")]
        models.append(Sequential(layers, seed=seed))
        models[-1].compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return models


def make_listeners(task: Task) -> list[EarlyStopping]:
    return [EarlyStopping("val_loss", patience=task.epochs)] if task.listens else []


def fit_in_a_row(models: list[Sequential], task: Task, x: Any, y: Any, **options: Any) -> None:
    for model in models:
        model.fit(x, y, callbacks=make_listeners(task), **options)


def fit_side_by_side(models: list[Sequential], task: Task, x: Any, y: Any, **options: Any) -> None:
    nnfast.fit_many(models, x, y, callbacks=[make_listeners(task) for _ in models], **options)


Way = tuple[Callable[..., None], int]


def run(way: Way, task: Task, n_models: int) -> tuple[float, list[Any]]:
    """Seconds, and all weights."""
    fit, n_threads = way
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(task.n_rows, task.sizes[0])), rng.integers(0, task.sizes[2], task.n_rows)
    models = make_models(task, n_models)
    nnfast.set_num_threads(n_threads)
    share = 0.1 if task.listens else 0.0
    start = time.perf_counter()
    fit(models, task, x, y, batch_size=32, epochs=task.epochs, verbose=0, validation_split=share)
    seconds = time.perf_counter() - start
    return seconds, [weights for model in models for weights in model.get_weights()]


def measure_machine(n_threads: int) -> float:
    return _core.measure_peak("float32", n_threads) / _core.measure_peak("float32", 1)


def compare(task: Task, options: argparse.Namespace) -> bool:
    """Print the line of a task; False if its ratio is too small."""
    ways: list[Way] = [(fit_in_a_row, 1), (fit_in_a_row, options.threads), (fit_side_by_side, options.threads)]
    turns, machine = [], []
    for turn in range(options.turns + 1):
        seconds, weights = zip(*(run(way, task, options.nets) for way in ways), strict=True)
        for other in weights[1:]:
            assert all(np.array_equal(a, b) for a, b in zip(weights[0], other, strict=True)), "other bits"
        if turn > 0:  # the first brings what first calls cost
            turns.append(seconds)
            machine.append(measure_machine(options.threads))
    ratio = median(min(row) / many for *row, many in turns)
    one, several, many = (median(column) for column in zip(*turns, strict=True))
    print(f"{task!s:68} {one:7.3f} {several:7.3f} {many:9.3f} {ratio:6.2f} {median(machine):8.2f}", flush=True)
    return task.listens or not task.is_small or ratio >= LEAST_RATIO


def main() -> int:
    """Compare; 1 if a ratio is too small."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", type=int, default=64)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--threads", type=int, default=nnfast.get_num_threads())
    options = parser.parse_args()
    print(f"seconds for {options.nets} fits, Adam, batches of 32, accuracy told; {options.threads} threads")
    print(f"{'':68} {'1 thread':>8}{'all':>7} {'fit_many':>9} {'ratio':>6} {'machine':>8}")
    results = [compare(task, options) for task in TASKS]
    return int(not all(results))


if __name__ == "__main__":
    sys.exit(main())
