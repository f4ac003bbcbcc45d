"""Looks for cliffs: ``python -m benchmarks.cliffs``.

Trains 784-128-10 with batches of 1 to 512 rows, and 784-width-10 with widths of 8 to 2,048, each step at most a tenth
beyond the last, with one thread and with more. A step is a cliff if samples a second fall by more than a fifth, or if
more threads are slower than one by more than a tenth. What looks like one is measured again: a neighbour on the machine
makes cliffs that do not come back.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

import nnfast
from nnfast.layers import Dense, Input

N_FEATURES, N_CLASSES = 784, 10
MOST_ROWS = 8192
WORST_STEP, WORST_THREADS = 0.8, 0.9
N_TRIALS = 4
"""How often a doubtful figure is measured again."""


class Point(NamedTuple):
    batch_size: int
    width: int


def make_steps(first: int, last: int) -> Iterator[int]:
    """Each by one, and from 67 on by a twelfth."""
    while first < last:
        yield first
        first += max(1, first // 12) if first >= 67 else 1
    yield last


SWEEPS = {
    "batch": [Point(size, 128) for size in make_steps(1, 512)],
    "width": [Point(128, width) for width in make_steps(8, 2048)],
}


class Course:
    """One point's model and data; ``run`` measures them."""

    def __init__(self, point: Point, seconds: float) -> None:
        self.point, self.seconds = point, seconds
        rng = np.random.default_rng(0)
        n_rows = min(MOST_ROWS, max(point.batch_size * 8, 2**24 // (N_FEATURES * point.width)))
        self.n_rows = n_rows // point.batch_size * point.batch_size
        self.x = rng.random((self.n_rows, N_FEATURES), dtype=np.float32)
        self.y = rng.integers(0, N_CLASSES, self.n_rows).astype(np.int32)
        layers = [Input(N_FEATURES), Dense(point.width, "relu"), Dense(N_CLASSES, "softmax")]
        self.model = nnfast.Sequential(layers, seed=0)
        self.model.compile("sgd", "sparse_categorical_crossentropy")

    def run(self, n_threads: int) -> float:
        """Samples a second: the best of some epochs."""
        nnfast.set_num_threads(n_threads)
        best, end = 0.0, time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            self.model.fit(self.x, self.y, batch_size=self.point.batch_size, epochs=1, shuffle=False, verbose=0)
            best = max(best, self.n_rows / (time.perf_counter() - start))
        return best


def find_cliffs(points: list[Point], n_threads: int, seconds: float) -> list[str]:
    """Measures the points in order; says what falls."""
    cliffs = []
    before: dict[int, tuple[Course, float]] = {}
    for point in points:
        course = Course(point, seconds)
        rates = {n: course.run(n) for n in sorted({1, n_threads})}
        for n in rates:
            trials = 0
            while n in before and rates[n] < WORST_STEP * before[n][1] and trials < N_TRIALS:
                before[n] = (before[n][0], min(before[n][1], before[n][0].run(n)))
                rates[n] = max(rates[n], course.run(n))
                trials += 1
            if n in before and rates[n] < WORST_STEP * before[n][1]:
                cliffs.append(f"{n} threads, {before[n][0].point} {before[n][1]:,.0f}/s, {point} {rates[n]:,.0f}/s")
        for _ in range(N_TRIALS):
            if rates[n_threads] < WORST_THREADS * rates[1]:
                rates = {n: max(rate, course.run(n)) for n, rate in rates.items()}
        if rates[n_threads] < WORST_THREADS * rates[1]:
            cliffs.append(f"{point}: 1 thread {rates[1]:,.0f}/s, {n_threads} threads {rates[n_threads]:,.0f}/s")
        before = {n: (course, rate) for n, rate in rates.items()}
        print(point.batch_size, point.width, *(f"{rate:,.0f}" for rate in rates.values()), sep="\t", flush=True)
    return cliffs


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cliffs", description="Looks for cliffs.")
    parser.add_argument("sweeps", nargs="*", choices=[[], *SWEEPS], metavar="SWEEP", help="batch, width; both if none")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=0.1, help="for each point and number of threads")
    arguments = parser.parse_args()
    cliffs = []
    for name in arguments.sweeps or SWEEPS:
        print(f"\n{name}: batch size, width, samples a second with 1 and {arguments.threads} threads")
        cliffs += find_cliffs(SWEEPS[name], arguments.threads, arguments.seconds)
    print(f"\n{len(cliffs)} cliffs", *cliffs, sep="\n")
    return min(1, len(cliffs))


if __name__ == "__main__":
    sys.exit(main())
