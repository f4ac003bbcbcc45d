"""programs: contestants that are whole programs, timed from the start of their process to its end."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.contestants import MOST_SECONDS, Obstacle
from benchmarks.mnist98.recipe import GOAL


class Program:
    """A program of benchmarks/mnist98, with ``contestants.Contestant``'s methods. Each turn has a seed of its own."""

    def __init__(self, kind: str, task: Any, name: str, n_threads: int) -> None:
        del n_threads  # the environment has it
        self.name, self.task = name, task
        self.command = [sys.executable, "-m", f"benchmarks.{kind}.{name}"]
        self.rates: list[float] = []
        """Runs a second, one a turn."""
        self.notes: dict[str, Any] = {"accuracies": [], "share_that_reached_98": 0.0}

    def run(self, seed: int) -> dict[str, Any]:
        root = Path(__file__).parents[1]
        try:
            finished = subprocess.run(
                [*self.command, str(seed)], capture_output=True, text=True, cwd=root, timeout=MOST_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise Obstacle(f"gave no answer in {MOST_SECONDS} s") from error
        if finished.returncode:
            raise Obstacle((finished.stderr.strip().splitlines() or ["failed"])[-1])
        return json.loads(finished.stdout.splitlines()[-1])

    def describe(self) -> str:
        """A run that is not timed: what it reads from the disk is in memory afterwards."""
        return self.run(0)["system"]

    def get_results(self) -> None:
        """Nothing to compare: what counts is the accuracy."""

    def prepare(self, turn_seconds: float) -> None:
        """One run is a turn, however long it takes."""

    def take_turn(self) -> None:
        start = time.perf_counter()
        accuracy = self.run(len(self.rates) + 1)["accuracy"]
        self.rates.append(1 / (time.perf_counter() - start))
        accuracies = self.notes["accuracies"]
        accuracies.append(accuracy)
        self.notes["share_that_reached_98"] = sum(value >= GOAL for value in accuracies) / len(accuracies)

    def stop(self) -> None:
        """No process is left over."""
