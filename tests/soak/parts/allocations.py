"""Memory: allocations that fail, in every entry point, and allocations that nobody frees.

A shim of our own (`tests/soak/shim.c`) lets the n-th call fail, for each n: of those that the core makes, and of those
that NumPy makes for the elements of arrays; a site is such a call. After each the same call is made again. Not covered
is memory that the interpreter, NumPy and other libraries want for objects of their own: some of them end the process
where they get none.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from soak import batch_loops, entry_points, faults
from soak.faults import ARRAYS, CORE, FOREVER, MEMORY, Fault, Plan
from soak.row import Row, Size

GROWING = Path(__file__).parent.parent / "growth.py"
MOST_GROWTH = 1 << 20  # bytes


def fail_everywhere(size: Size, library: Path, folder: Path) -> Iterator[Row]:
    whose = {"of the core's": CORE, "for the elements of an array": ARRAYS}
    how = {"once": 1, "from then on": FOREVER}
    must = (
        "MemoryError, or the usual result; the model as before, or after a batch; no leak; then the same bits as ever"
    )
    plan = Plan(
        "soak.entry_points",
        tuple(entry_points.ENTRIES),
        MEMORY,
        {
            f"an allocation {group} fails, {times}": Fault(scope, length=length)
            for group, scope in whose.items()
            for times, length in how.items()
        },
        size.pick(40, 1),
    )
    for fault, outcome in faults.run(plan, library, folder).items():
        yield Row(fault, must, outcome.tried, len(outcome.problems), outcome.describe())


def count_in_batches(library: Path, folder: Path) -> Row:
    counted = {"counted": Fault(CORE, length=0)}
    plan = Plan("soak.batch_loops", tuple(batch_loops.ENTRIES), MEMORY, counted, sys.maxsize)
    [outcome] = faults.run(plan, library, folder).values()
    n, sites = batch_loops.N_BATCHES, outcome.sites
    more = {name: sites[f"{name}: {n:,}"] - sites[f"{name}: 1"] for name, *_ in batch_loops.PAIRS}
    figure = f"{sum(more.values()) / len(more) / (n - 1):g} calls of the allocator a batch"
    n_wrong = sum(change != 0 for change in more.values()) + len(outcome.problems)
    return Row(f"training of {n:,} batches", "as many allocations as of one", len(more), n_wrong, figure)


def measure_growth(size: Size, folder: Path) -> Iterator[Row]:
    n = size.pick(50, 10_000)
    for what in ("fit", "predict", "load_model", "save"):
        finished = subprocess.run([sys.executable, GROWING, what, str(n), folder], capture_output=True, text=True)
        growth = json.loads(finished.stdout) if finished.returncode == 0 else MOST_GROWTH + 1
        figure = f"{growth / 1024:.0f} KiB more after {n:,} calls"
        yield Row(f"{n:,} x {what}", "at most 1 MiB more", n, int(growth > MOST_GROWTH), figure)


def rows(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        library = faults.build(folder)
        yield from fail_everywhere(size, library, folder)
        yield count_in_batches(library, folder)
        yield from measure_growth(size, folder)
