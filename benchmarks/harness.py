"""harness: runs a task: results compared first, then time in turns A B A B ..."""

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import machine, mnist98, predict, train
from benchmarks.contestants import OURS, Contestant, Obstacle, find_rivals
from benchmarks.programs import Program

KINDS = {"train": train, "predict": predict, "mnist98": mnist98}
TASKS = {task.name: kind for kind, module in KINDS.items() for task in module.TASKS}
"""Name of a task -> the kind of work it is."""


@dataclass(frozen=True)
class Settings:
    """How to measure."""

    rivals: tuple[str, ...]
    """() is all there are."""
    n_threads: int
    n_turns: int
    turn_seconds: float


def run_task(task: Any, settings: Settings) -> dict[str, Any]:
    """Measure nnfast and its rivals at one task; the result can be written as JSON."""
    kind = TASKS[task.name]
    facts = machine.describe(settings.n_threads)
    names = [OURS, *settings.rivals] if settings.rivals else find_rivals(kind)
    make = Program if kind == "mnist98" else Contestant
    contestants = [make(kind, task, name, settings.n_threads) for name in names if name in find_rivals(kind)]
    left_out: dict[str, str] = {}
    try:
        systems = ask_all(contestants, left_out, lambda contestant: contestant.describe())
        distances = check_equal(task, contestants, left_out)
        ask_all(contestants, left_out, lambda contestant: contestant.prepare(settings.turn_seconds))
        for turn in range(settings.n_turns):
            print(f"\rturn {turn + 1} of {settings.n_turns}", end="", file=sys.stderr, flush=True)
            ask_all(contestants, left_out, lambda contestant: contestant.take_turn())
        print("\r" + " " * 20 + "\r", end="", file=sys.stderr)
    finally:
        for contestant in contestants:
            contestant.stop()
    facts["peak_gflops"] = max(facts["peak_gflops"], machine.measure_peak(settings.n_threads))
    return {
        "task": task.name,
        "unit": task.unit,
        "machine": facts,
        "rivals": {
            contestant.name: {
                "system": systems[contestant.name],
                "distance_from_nnfast": distances.get(contestant.name),
                **summarize(contestant, contestants[0], task.flop_per_row, facts["peak_gflops"]),
            }
            for contestant in contestants
        },
        "ratio_to_best": compare_with_best(contestants),
        "left_out": left_out,
    }


def ask_all(
    contestants: list[Contestant], left_out: dict[str, str], question: Callable[[Contestant], Any]
) -> dict[str, Any]:
    """Answers by name. Those who meet an obstacle leave the list, and their reasons are kept; nnfast must not."""
    answers = {}
    for contestant in list(contestants):
        try:
            answers[contestant.name] = question(contestant)
        except Obstacle as obstacle:
            if contestant.name == OURS:
                raise
            contestants.remove(contestant)
            contestant.stop()
            left_out[contestant.name] = str(obstacle)
    return answers


def check_equal(task: Any, contestants: list[Contestant], left_out: dict[str, str]) -> dict[str, float]:
    """How far each rival's results are from ours. One that is too far is left out, whatever its speed."""
    ours = contestants[0].get_results()
    if ours is None:
        return {}
    start = task.make_data(1).weights if TASKS[task.name] == "train" else []

    def measure(contestant: Contestant) -> float:
        results = ours if contestant is contestants[0] else contestant.get_results()
        distance = measure_distance(results or [], ours, start)
        if not distance <= task.check_tolerance:
            raise Obstacle(f"it does not compute what {OURS} does: {distance:.1e} apart")
        return distance

    return ask_all(contestants, left_out, measure)


def measure_distance(theirs: list[Any], ours: list[Any], start: list[Any]) -> float:
    """Relative to the distance of ours from the start, or from 0."""

    def join(arrays: list[Any]) -> Any:
        return np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays])

    moved = np.linalg.norm(join(ours) - (join(start) if start else 0))
    return float(np.linalg.norm(join(theirs) - join(ours)) / moved)


def summarize(contestant: Contestant, ours: Contestant, flop_per_row: int, peak_gflops: float) -> dict[str, Any]:
    rate = statistics.median(contestant.rates)
    return {
        "rate": rate,
        "share_of_peak": rate * flop_per_row / (peak_gflops * 1e9),
        "nnfast_is_faster_by": statistics.median(a / b for a, b in zip(ours.rates, contestant.rates, strict=True)),
        "rates": contestant.rates,
        **contestant.notes,
    }


def compare_with_best(contestants: list[Contestant]) -> float | None:
    """The median over turns of our rate to the best other in that turn; None if nnfast is alone."""
    ours, *others = [contestant.rates for contestant in contestants]
    if not others:
        return None
    return statistics.median(rate / max(turn) for rate, *turn in zip(ours, *others, strict=True))
