"""bench: the command ``nnfast bench``."""

import statistics
import time
from collections.abc import Callable

import click

from nnfast import _core, config
from nnfast.cli.display import Display
from nnfast.cli.workloads import PREDICT_TASKS, TRAIN_TASKS, PredictTask, TrainTask

_LEAST_TIMES = 3
_LEAST_SECONDS = 1e-3  # of what is timed at once: a clock and a loop cost a tenth of a microsecond
_TASKS: dict[str, TrainTask | PredictTask] = {task.name: task for task in (*TRAIN_TASKS, *PREDICT_TASKS)}
_COLUMNS = "{:24} {:>16} {:>10} {:>10}"


@click.command()
@click.option("--task", "names", multiple=True, type=click.Choice(list(_TASKS)), help="All if none is named.")
@click.option("--threads", type=int, help="By default as many as there are cores.")
@click.option(
    "--seconds", type=click.FloatRange(0, 3600), default=1.0, show_default=True, help="For each task, after warming up."
)
def bench(names: tuple[str, ...], threads: int | None, seconds: float) -> None:
    """Measure what this computer can do, and how much of it training and prediction reach.

    The nets and the data, random numbers, are those of the benchmarks in nnfast's repository.
    """
    if threads is not None:
        config.set_num_threads(threads)
    n_threads = config.get_num_threads()
    display = Display()
    with display.stage("measuring"):
        peak = _core.measure_peak("float32", n_threads)
        bandwidth = _core.measure_bandwidth(n_threads)
        display.result(f"{_core.get_isa()}, {n_threads} thread{'' if n_threads == 1 else 's'}")
        display.result(f"float32 multiply-adds: {peak:.1f} GFLOP/s")
        display.result(f"reading memory: {bandwidth:.1f} GB/s")
        display.result(_COLUMNS.format("task", "speed", "GFLOP/s", "of peak"))
        for name in names or _TASKS:
            display.result(_measure(_TASKS[name], seconds, peak))


def _measure(task: TrainTask | PredictTask, seconds: float, peak: float) -> str:
    """Return a task's row of the table."""
    obstacle = task.find_obstacle()
    if obstacle:
        return f"{task.name:24} left out: {obstacle}"
    rate = task.n_rows / _time(_make_run(task), seconds)
    gflops = rate * task.flop_per_row / 1e9
    speed = f"{1e6 / rate:.2f} us/call" if task.unit == "us/call" else f"{rate:,.0f}/s"
    return _COLUMNS.format(task.name, speed, f"{gflops:.1f}", f"{gflops / peak:.1%}")


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
