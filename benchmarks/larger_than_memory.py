"""Trains on a file larger than memory: ``python -m benchmarks.larger_than_memory``.

First a sparse file of rows of float32, 20 GB by default: a fresh process maps it and trains 784-128-10 on it for an
epoch, batches of 128, blocks of rows in a drawn order; printed are the largest memory that the process had, and samples
a second. Then a file of random numbers, 1 GB by default, which is in the page cache: epochs from the map in turns with
epochs of the same rows as an array in memory; printed is the median of the ratios of samples a second. Memory beyond
``--most``, or a ratio below ``--least``, is a failure.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

N_FEATURES, N_CLASSES, WIDTH, BATCH_SIZE = 784, 10, 128, 128
MEGA, GIGA = 10**6, 10**9
ROWS_A_WRITE = 2**14


def make_model(n_threads: int) -> Any:
    import nnfast
    from nnfast.layers import Dense, Input

    nnfast.set_num_threads(n_threads)
    layers = [Input(N_FEATURES), Dense(WIDTH, "relu"), Dense(N_CLASSES, "softmax")]
    model = nnfast.Sequential(layers, seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def count_rows(gigabytes: float) -> int:
    return int(gigabytes * GIGA / (4 * N_FEATURES))


def make_labels(n_rows: int) -> np.ndarray:
    return np.arange(n_rows, dtype=np.uint32).astype(np.uint8) % N_CLASSES


def make_file(path: Path, n_rows: int, *, is_sparse: bool) -> None:
    with path.open("wb") as file:
        if is_sparse:
            file.truncate(4 * N_FEATURES * n_rows)
            return
        rng = np.random.default_rng(0)
        for first in range(0, n_rows, ROWS_A_WRITE):
            file.write(rng.random((min(ROWS_A_WRITE, n_rows - first), N_FEATURES), np.float32).tobytes())


def open_batches(path: Path, n_rows: int) -> Any:
    from nnfast.data import Batches

    x = np.memmap(path, np.float32, "r", shape=(n_rows, N_FEATURES))
    return Batches(x, make_labels(n_rows), batch_size=BATCH_SIZE, shuffle="blocks", seed=0)


def train_large(path: Path, n_rows: int, n_threads: int) -> tuple[float, float]:
    """The largest memory of this process in bytes, and samples a second."""
    model = make_model(n_threads)
    batches = open_batches(path, n_rows)
    start = time.perf_counter()
    model.fit(batches, verbose=0)
    rate = n_rows / (time.perf_counter() - start)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, rate


def compare(path: Path, n_rows: int, n_threads: int, turns: int) -> list[tuple[float, float]]:
    """Samples a second from the map and from memory, of each turn; the first is for warming up."""
    batches, model = open_batches(path, n_rows), make_model(n_threads)
    x, y = np.fromfile(path, np.float32).reshape(n_rows, N_FEATURES), make_labels(n_rows)
    rates = []
    for _ in range(turns + 1):
        start = time.perf_counter()
        model.fit(batches, verbose=0)
        middle = time.perf_counter()
        model.fit(x, y, batch_size=BATCH_SIZE, verbose=0)
        rates.append((n_rows / (middle - start), n_rows / (time.perf_counter() - middle)))
    return rates[1:]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.larger_than_memory", description="Memory and speed.")
    parser.add_argument("--large", type=float, default=20.0, metavar="GB", help="the sparse file")
    parser.add_argument("--small", type=float, default=1.0, metavar="GB", help="the file in the page cache")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--folder", type=Path, help="where the files are made for as long as they are used")
    parser.add_argument("--most", type=float, default=300.0, metavar="MB", help="of memory")
    parser.add_argument("--least", type=float, default=0.85, metavar="RATIO", help="of the speed in memory")
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder, spawn.Pool(1, maxtasksperchild=1) as pool:
        path = Path(folder, "rows")
        n_rows = count_rows(arguments.large)
        make_file(path, n_rows, is_sparse=True)
        peak, rate = pool.apply(train_large, (path, n_rows, arguments.threads))
        print(f"{arguments.large:g} GB, {n_rows:,} rows: at most {peak / MEGA:.0f} MB, {rate:,.0f} samples/s")
        n_rows = count_rows(arguments.small)
        make_file(path, n_rows, is_sparse=False)
        rates = pool.apply(compare, (path, n_rows, arguments.threads, arguments.turns))
    ratios = sorted(mapped / in_memory for mapped, in_memory in rates)
    medians = [statistics.median(column) for column in zip(*rates, strict=True)]
    print(
        f"{arguments.small:g} GB, {n_rows:,} rows: {medians[0]:,.0f} samples/s, in memory {medians[1]:,.0f}; "
        f"ratio {statistics.median(ratios):.3f}, {ratios[0]:.3f} to {ratios[-1]:.3f}"
    )
    return int(peak > arguments.most * MEGA or statistics.median(ratios) < arguments.least)


if __name__ == "__main__":
    sys.exit(main())
