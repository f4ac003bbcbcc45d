"""What the promise of the same bits costs: ``python -m benchmarks.promise [TASK ...]``.

This tree is built twice, as it is and with ``NNFAST_MAY_REORDER``, by what ``make build`` needs, in a folder that is
deleted, or in ``--folder``, where the next run finds them. The two are then measured in turns. The cost is the share of
the freed build's throughput that is not reached.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.compare import SOURCES, Comparison, measure
from benchmarks.contestants import find_task, set_threads
from benchmarks.harness import TASKS

ROOT = SOURCES.parent


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.promise", description="What the same bits cost.")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="all of training and prediction if none is named")
    parser.add_argument("--folder", type=Path, help="keep both builds here; they are brought up to date, not made anew")
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, len(os.sched_getaffinity(0))}))
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--turn-seconds", type=float, default=0.5)
    return parser.parse_args()


def build(folder: Path, may_reorder: bool) -> Path:
    """Return the folder that holds the package nnfast."""
    package = folder / "nnfast"
    shutil.copytree(SOURCES / "nnfast", package, ignore=shutil.ignore_patterns("_core*.so"), dirs_exist_ok=True)
    options = ["-DCMAKE_BUILD_TYPE=Release", f"-DNNFAST_MAY_REORDER={'ON' if may_reorder else 'OFF'}"]
    commands = (
        ["-S", ROOT, "-B", folder / "build", f"-DPython_EXECUTABLE={sys.executable}", *options],
        ["--build", folder / "build", "-j", str(os.cpu_count())],
        ["--install", folder / "build", "--prefix", folder, "--component", "python"],
    )
    for command in commands:
        subprocess.run(["cmake", *command], check=True, stdout=subprocess.DEVNULL)
    return folder


def count_cost(ratio: float) -> float:
    """Percent of the freed build's rate, for a ratio of rates kept / freed."""
    return 100 * (1 - ratio)


def describe(name: str, found: Comparison) -> str:
    """Return a line: both rates, the cost by the median ratio, and by the quarters of the ratios."""
    quarters = statistics.quantiles(found.ratios, n=4) if len(found.ratios) > 1 else found.ratios * 3
    costs = [count_cost(ratio) for ratio in (statistics.median(found.ratios), quarters[2], quarters[0])]
    bits = "same bits" if found.distance == 0 else f"{found.distance:.0e} apart"
    rates = " ".join(f"{rate:13,.0f}" for rate in found.rates)
    return f"{name:24} {rates} {costs[0]:7.1f} %   {costs[1]:5.1f} to {costs[2]:5.1f} %   {bits}"


def run(folders: tuple[Path, Path], n_threads: int, arguments: argparse.Namespace) -> None:
    set_threads(n_threads)
    print(f"{f'samples/s, {n_threads} threads':24} {'kept':>13} {'freed':>13}      cost   quarters          results")
    costs: dict[str, float] = {}
    for name in arguments.tasks or [name for name, kind in TASKS.items() if kind != "mnist98"]:
        if obstacle := find_task(TASKS[name], name).find_obstacle():
            print(f"{name:24} left out: {obstacle}")
            continue
        found = measure(name, folders, n_threads, arguments.turns, arguments.turn_seconds)
        costs[name] = count_cost(statistics.median(found.ratios))
        print(describe(name, found), flush=True)
    if costs:
        ratios = [1 - cost / 100 for cost in costs.values()]
        most = max(costs, key=costs.__getitem__)
        print(
            f"overall {count_cost(statistics.geometric_mean(ratios)):.1f} %, by the geometric mean of the ratios; "
            f"median {statistics.median(costs.values()):.1f} %, most {costs[most]:.1f} % ({most})"
        )


def main() -> int:
    arguments = parse()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folders = build(folder / "kept", False), build(folder / "freed", True)
        for n_threads in arguments.threads:
            run(folders, n_threads, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
