"""Allocations: those that fail, in every entry point, and those that a batch makes.

A shim of our own (`tests/soak/shim.c`) lets the n-th call fail, for each n: of those that the core makes, and of those
that NumPy makes for the elements of arrays; a site is such a call. After each the same call is made again. Not covered
is memory that the interpreter, NumPy and other libraries want for objects of their own: some of them end the process
where they get none.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from soak import batch_loops, entry_points, faults
from soak.faults import ARRAYS, CORE, FOREVER, MEMORY, Fault, Plan
from soak.row import Row, Size


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
    pairs = [(sites[f"{name}: 1"], sites[f"{name}: {n:,}"]) for name, *_ in batch_loops.PAIRS]
    counted = [(one, many) for one, many in pairs if one > 0]
    more = [many - one for one, many in counted]
    figure = f"{sum(more) / max(len(more), 1) / (n - 1):g} calls of the allocator a batch"
    n_wrong = len(pairs) - more.count(0) + len(outcome.problems)
    return Row(f"training of {n:,} batches", "as many allocations as of one", len(pairs), n_wrong, figure)


def rows(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        library = faults.build(folder)
        yield from fail_everywhere(size, library, folder)
        yield count_in_batches(library, folder)
