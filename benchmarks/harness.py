"""Runs a task: rivals in processes of their own, results compared first, then time in turns A B A B ...

A task is a folder of ``tasks`` with a ``task.py`` and a file a rival. ``task.py`` gives ``make_data(n_rows)``,
``N_ROWS``, ``CHECK_ROWS``, ``CHECK_TOLERANCE`` and ``FLOP_PER_ROW``; a rival's file gives a class ``Rival``.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

TASKS = Path(__file__).parent / "tasks"
OURS = "nnfast"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NNFAST_NUM_THREADS")


class Rival(Protocol):
    """One system's program for a task."""

    def __init__(self, data: Any, n_threads: int) -> None: ...
    def run(self, n_epochs: int, shuffle: bool) -> None: ...
    def get_weights(self) -> list[Any]: ...
    @staticmethod
    def describe() -> str: ...


# ---- in a rival's process ----


def serve(task_name: str, rival_name: str, n_threads: int, pipe: Connection) -> None:
    """Answers ("describe"), ("check") and ("time", n_epochs) until ("stop")."""
    task = importlib.import_module(f"benchmarks.tasks.{task_name}.task")
    rival_class: type[Rival] = importlib.import_module(f"benchmarks.tasks.{task_name}.{rival_name}").Rival
    rival: Rival | None = None
    while (request := pipe.recv())[0] != "stop":
        if request[0] == "describe":
            pipe.send(rival_class.describe())
        elif request[0] == "check":
            checked = rival_class(task.make_data(task.CHECK_ROWS), n_threads)
            checked.run(1, shuffle=False)
            pipe.send(checked.get_weights())
        else:
            rival = rival or rival_class(task.make_data(task.N_ROWS), n_threads)
            start = time.perf_counter()
            rival.run(request[1], shuffle=True)
            pipe.send(time.perf_counter() - start)


class Contestant:
    """A rival seen from the harness."""

    def __init__(self, task_name: str, name: str, n_threads: int) -> None:
        self.name = name
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(task_name, name, n_threads, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.n_epochs = 1
        self.rates: list[float] = []

    def ask(self, *request: Any) -> Any:
        self.pipe.send(request)
        return self.pipe.recv()

    def stop(self) -> None:
        self.pipe.send(("stop",))
        self.process.join()


# ---- in the harness ----


def describe_machine(n_threads: int) -> dict[str, Any]:
    """Measures what the machine gives beside naming it: shared machines differ from hour to hour."""
    import numpy as np

    a = np.ones((1024, 1024), np.float32)
    times = []
    for _ in range(30):
        start = time.perf_counter()
        np.dot(a, a)
        times.append(time.perf_counter() - start)
    cpu = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    return {
        "cpu": cpu,
        "usable_cores": len(os.sched_getaffinity(0)),
        "threads": n_threads,
        "load_average": os.getloadavg()[0],
        "blas_gflops": round(2 * 1024**3 / min(times) / 1e9, 1),
        "python": platform.python_version(),
        "system": platform.platform(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def check_equal(task: Any, contestants: list[Contestant]) -> dict[str, float]:
    """How far each rival's weights are from ours after the same steps; raises if one is too far."""
    import numpy as np

    def join(arrays: list[Any]) -> Any:
        return np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays])

    start = join(task.make_data(task.CHECK_ROWS).weights)
    ours, *others = [join(contestant.ask("check")) for contestant in contestants]
    moved = float(np.linalg.norm(ours - start))
    distances = {
        contestant.name: float(np.linalg.norm(weights - ours)) / moved
        for contestant, weights in zip(contestants[1:], others, strict=True)
    }
    for name, distance in distances.items():
        if not distance <= task.CHECK_TOLERANCE:
            raise SystemExit(f"{name} does not compute what {OURS} computes: weights differ by {distance:.1e}")
    return distances


def take_turns(task: Any, contestants: list[Contestant], n_turns: int, turn_seconds: float) -> None:
    for contestant in contestants:
        contestant.ask("time", 1)  # warm up: memory, caches, compilation
        contestant.n_epochs = max(1, round(turn_seconds / contestant.ask("time", 1)))
    for turn in range(n_turns):
        print(f"\rturn {turn + 1} of {n_turns}", end="", file=sys.stderr, flush=True)
        for contestant in contestants:
            seconds = contestant.ask("time", contestant.n_epochs)
            contestant.rates.append(task.N_ROWS * contestant.n_epochs / seconds)
    print("\r", end="", file=sys.stderr)


def run_task(name: str, rivals: list[str], n_threads: int, n_turns: int, turn_seconds: float) -> dict[str, Any]:
    task = importlib.import_module(f"benchmarks.tasks.{name}.task")
    found = sorted(path.stem for path in (TASKS / name).glob("*.py") if path.stem not in ("task", OURS, "__init__"))
    machine = describe_machine(n_threads)
    contestants = [Contestant(name, rival, n_threads) for rival in (OURS, *(rivals or found))]
    systems = {contestant.name: contestant.ask("describe") for contestant in contestants}
    distances = check_equal(task, contestants)
    take_turns(task, contestants, n_turns, turn_seconds)
    for contestant in contestants:
        contestant.stop()
    ours = contestants[0].rates
    rows = {
        contestant.name: {
            "system": systems[contestant.name],
            "samples_per_second": statistics.median(contestant.rates),
            "share_of_blas_gflops": statistics.median(contestant.rates)
            * task.FLOP_PER_ROW
            / (machine["blas_gflops"] * 1e9),
            "nnfast_is_faster_by": statistics.median(a / b for a, b in zip(ours, contestant.rates, strict=True)),
            "all_samples_per_second": [round(rate) for rate in contestant.rates],
        }
        for contestant in contestants
    }
    return {"task": name, "machine": machine, "distance_from_nnfast": distances, "rivals": rows}


def print_result(result: dict[str, Any]) -> None:
    machine = result["machine"]
    print(f"{result['task']}: {machine['cpu']}, {machine['threads']} threads, BLAS {machine['blas_gflops']} GFLOP/s")
    for name, row in result["rivals"].items():
        ratio = "" if name == OURS else f"  nnfast is {row['nnfast_is_faster_by']:.2f} times as fast"
        rate = f"{row['samples_per_second']:10,.0f} samples/s  {row['share_of_blas_gflops']:5.0%} of BLAS"
        print(f"  {name:8} {rate}{ratio}  ({row['system']})")


def main() -> int:
    names = sorted(path.parent.name for path in TASKS.glob("*/task.py"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="nnfast against others, in turns.")
    parser.add_argument("tasks", nargs="*", choices=[*names, []], help="all tasks if none is named", metavar="TASK")
    parser.add_argument("--rivals", nargs="*", default=[], help="all of a task's if none is named")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--turn-seconds", type=float, default=1.0)
    parser.add_argument("--output", type=Path, help="write the results as JSON")
    arguments = parser.parse_args()
    for variable in THREAD_VARIABLES:  # before NumPy is imported, here and in the rivals' processes
        os.environ[variable] = str(arguments.threads)
    results = []
    for name in arguments.tasks or names:
        results.append(run_task(name, arguments.rivals, arguments.threads, arguments.turns, arguments.turn_seconds))
        print_result(results[-1])
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=2) + "\n")
    return 0
