"""bench: the command ``nnfast bench``."""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import click

from nnfast import _core, config
from nnfast.cli.display import Display, count
from nnfast.cli.option import FiniteRange
from nnfast.cli.workloads import PREDICT_TASKS, TRAIN_TASKS, PredictTask, TrainTask

_LEAST_TIMES = 3
_LEAST_SECONDS = 1e-3  # of what is timed at once: a clock and a loop cost a tenth of a microsecond
_TASKS: dict[str, TrainTask | PredictTask] = {task.name: task for task in (*TRAIN_TASKS, *PREDICT_TASKS)}
_COLUMNS = "{:24} {:>16} {:>10} {:>10}"


@click.command(short_help="Measure how fast this computer trains and predicts.")
@click.option(
    *("--task", "names"),
    multiple=True,
    type=click.Choice(list(_TASKS)),
    metavar="TASK",
    help=f"One of {', '.join(_TASKS)}; all if none is named.",
)
@click.option("--threads", type=click.IntRange(1), help="By default as many as there are cores.")
@click.option(
    "--seconds", type=FiniteRange(0, 3600), default=1.0, show_default=True, help="For each task, after warming up."
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def bench(names: tuple[str, ...], threads: int | None, seconds: float, as_json: bool) -> None:
    """Measure what this computer can do, and how much of it training and prediction reach.

    The nets and the data, random numbers, are those of the benchmarks in nnfast's repository.
    """
    if threads is not None:
        config.set_num_threads(threads)
    n_threads = config.get_num_threads()
    display = Display(stderr=as_json)
    with display.stage("measuring"):
        peak = _core.measure_peak("float32", n_threads)
        bandwidth = _core.measure_bandwidth(n_threads)
        display.result(f"{_core.get_isa()}, {count(n_threads, 'thread')}")
        display.result(f"float32 multiply-adds: {peak:.1f} GFLOP/s")
        display.result(f"reading memory: {bandwidth:.1f} GB/s")
        display.result(_COLUMNS.format("task", "speed", "GFLOP/s", "of peak"))
        results = []
        for name in names or _TASKS:
            results.append(_measure(_TASKS[name], seconds, peak))
            display.result(_describe(results[-1]))
    if as_json:
        machine = {"isa": _core.get_isa(), "threads": n_threads, "peak_gflops": peak, "memory_gb_per_s": bandwidth}
        click.echo(json.dumps({**machine, "tasks": results}))


def _measure(task: TrainTask | PredictTask, seconds: float, peak: float) -> dict[str, Any]:
    """Return what is known of a task's speed."""
    obstacle = task.find_obstacle()
    if obstacle:
        return {"task": task.name, "left_out": obstacle}
    rate = task.n_rows / _time(_make_run(task), seconds)
    gflops = rate * task.flop_per_row / 1e9
    return {
        "task": task.name,
        "unit": task.unit,
        "speed": 1e6 / rate if task.unit == "us/call" else rate,
        "gflops": gflops,
        "share_of_peak": gflops / peak,
    }


def _describe(result: dict[str, Any]) -> str:
    """Return a task's row of the table."""
    if "left_out" in result:
        return f"{result['task']:24} left out: {result['left_out']}"
    speed = f"{result['speed']:.2f} us/call" if result["unit"] == "us/call" else f"{result['speed']:,.0f}/s"
    return _COLUMNS.format(result["task"], speed, f"{result['gflops']:.1f}", f"{result['share_of_peak']:.1%}")


def _make_run(task: TrainTask | PredictTask) -> Callable[[], object]:
    """Return an epoch of training, or a prediction."""
    data = task.make_data(task.n_rows)
    if isinstance(task, PredictTask):
        return task.make_call(task.net.make_model(data), data.x)
    model = task.make_model(data)
    return lambda: task.fit(model, data, n_epochs=1, shuffle=True)


def _time(run: Callable[[], object], seconds: float) -> float:
    """Return the median of the seconds a run takes."""
    n_runs = 1
    while _time_runs(run, n_runs) < _LEAST_SECONDS:  # the first of these is the warming up
        n_runs *= 2
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < _LEAST_TIMES or time.perf_counter() < end:
        times.append(_time_runs(run, n_runs) / n_runs)
    return statistics.median(times)


def _time_runs(run: Callable[[], object], n_runs: int) -> float:
    start = time.perf_counter()
    for _ in range(n_runs):
        run()
    return time.perf_counter() - start
