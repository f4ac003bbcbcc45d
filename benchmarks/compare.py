"""Holds one build of nnfast against another, in turns: ``python -m benchmarks.compare OTHER [TASK ...]``.

OTHER and ``--this`` are folders that hold a built package ``nnfast``: a tree's ``src`` after ``make build``, or a
``site-packages``. Tasks are those of this tree.
"""

import argparse
import os
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.contestants import OURS, Contestant, Obstacle, find_task, set_threads
from benchmarks.harness import TASKS, measure_distance

LABELS = ("this", "other")
SOURCES = Path(__file__).parents[1] / "src"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description="One build against another.")
    parser.add_argument("other", type=Path, metavar="OTHER", help="the folder that holds the other build's nnfast")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="all of training and prediction if none is named")
    parser.add_argument("--this", type=Path, default=SOURCES, help="the same of the first; by default this tree's src")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--turn-seconds", type=float, default=1.0)
    return parser.parse_args()


def start(folder: Path, kind: str, name: str, n_threads: int, label: str) -> Contestant:
    """A process whose modules are looked for in the folder first."""
    if not (folder / "nnfast").is_dir():
        raise SystemExit(f"expected a folder that holds the package nnfast, received {folder}")
    sys.path.insert(0, str(folder.resolve()))
    try:
        return Contestant(kind, find_task(kind, name), OURS, n_threads, label)
    finally:
        sys.path.pop(0)


class Comparison(NamedTuple):
    """Of two builds at one task."""

    rates: list[float]
    """The median of each build's, in samples a second."""
    ratios: list[float]
    """Of the first's rate to the second's, one a turn, ascending."""
    distance: float
    """Of the second's results from the first's; 0: the same bits."""


def measure(name: str, folders: tuple[Path, Path], n_threads: int, turns: int, turn_seconds: float) -> Comparison:
    """In turns, after their results."""
    kind = TASKS[name]
    pair = [start(folder, kind, name, n_threads, label) for folder, label in zip(folders, LABELS, strict=True)]
    try:
        results = [contestant.get_results() or [] for contestant in pair]
        for contestant in pair:
            contestant.prepare(turn_seconds)
        for _ in range(turns):
            for contestant in pair:
                contestant.take_turn()
    finally:
        for contestant in pair:
            contestant.stop()
    ratios = sorted(a / b for a, b in zip(pair[0].rates, pair[1].rates, strict=True))
    rates = [statistics.median(contestant.rates) for contestant in pair]
    return Comparison(rates, ratios, measure_distance(results[1], results[0], []))


def compare(name: str, folders: tuple[Path, Path], arguments: argparse.Namespace) -> str:
    """A line about one task: both rates, the median of the ratios in a turn, and their range."""
    found = measure(name, folders, arguments.threads, arguments.turns, arguments.turn_seconds)
    rates = " ".join(f"{rate:13,.0f}" for rate in found.rates)
    ratios, distance = found.ratios, found.distance
    quarters = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
    return (
        f"{name:24} {rates} {statistics.median(ratios):7.3f}   {ratios[0]:.3f} {quarters[0]:.3f} {quarters[2]:.3f} "
        f"{ratios[-1]:.3f}   {'same bits' if distance == 0 else f'{distance:.0e} apart'}"
    )


def main() -> int:
    arguments = parse()
    set_threads(arguments.threads)
    names = arguments.tasks or [name for name, kind in TASKS.items() if kind != "mnist98"]
    print(f"{'samples/s':24} {'this':>13} {'other':>13}   ratio   least, quarters, most    results")
    for name in names:
        try:
            if obstacle := find_task(TASKS[name], name).find_obstacle():
                raise Obstacle(obstacle)
            print(compare(name, (arguments.this, arguments.other), arguments), flush=True)
        except Obstacle as obstacle:
            print(f"{name:24} left out: {obstacle}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
