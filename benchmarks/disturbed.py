"""How much training suffers from another process: ``python -m benchmarks.disturbed``.

Measures tasks alone and beside a process that keeps one core busy, in turns, and prints how many times slower they are.
"""

import argparse
import multiprocessing
import os
import statistics
import sys
import time

from benchmarks.contestants import OURS, Contestant, find_task, set_threads

TASKS = ("mnist128_b32_sgd", "mnist128_b128_adam", "mnist512x2_b128_adam")


def keep_busy() -> None:
    while True:
        pass


def measure(name: str, arguments: argparse.Namespace) -> tuple[float, float]:
    """Median samples a second alone and disturbed."""
    contestant = Contestant("train", find_task("train", name), OURS, arguments.threads)
    alone, disturbed = [], []
    try:
        contestant.prepare(arguments.turn_seconds)
        for _ in range(arguments.turns):
            contestant.take_turn()
            alone.append(contestant.rates[-1])
            other = multiprocessing.Process(target=keep_busy)
            other.start()
            time.sleep(0.2)  # until the scheduler has given it a core
            contestant.take_turn()
            disturbed.append(contestant.rates[-1])
            other.kill()
            other.join()
    finally:
        contestant.stop()
    return statistics.median(alone), statistics.median(disturbed)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.disturbed", description="Training beside a busy process."
    )
    parser.add_argument("tasks", nargs="*", default=TASKS, metavar="TASK")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--turn-seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    print(f"{'samples/s':24} {'alone':>12} {'disturbed':>12}   times slower")
    for name in arguments.tasks:
        alone, disturbed = measure(name, arguments)
        print(f"{name:24} {alone:12,.0f} {disturbed:12,.0f}   {alone / disturbed:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
