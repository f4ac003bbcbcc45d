"""Limits: threads that cannot be created, and the least of all that says how many there may be.

Control groups are the kernel's own where this user may make them, and the machine has their version with its controller
of CPU time; else a picture: the files that the core reads, in a folder, opened in the place of the machine's.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soak import children
from soak.groups import PIDS, make_groups
from soak.row import Row, Size
from soak.thread_limits import CASES, Case, try_case


def ask(way: str, n_more: int, n_threads: int, group: Path | None = None) -> dict[str, Any] | None:
    """What a process says that can have so many threads and wants others; None if it ended or hung without a word."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "SOAK_GROUP": str(group)}
    said: dict[str, Any] | None = children.ask("short_of_threads.py", [way, n_more, n_threads], 120, env=environment)
    return said


def ask_in_group(way: str, n_more: int, n_threads: int) -> dict[str, Any] | None:
    with make_groups(PIDS, [{}]) as group:
        return ask(way, n_more, n_threads, group)


def can_make_groups() -> bool:
    with make_groups(PIDS, [{}]) as group:
        return group is not None


def judge(said: dict[str, Any] | None, expected: dict[str, Any], n_had: int, n_wanted: int) -> str:
    """What was wrong, or nothing."""
    if said is None:
        return "ended"
    message = f"nnfast wanted {n_wanted} threads, of which the system let it have {n_had}:"
    told = [text.startswith(message) for text in said["messages"]]
    if told != [True] * (n_had < n_wanted):
        return "warned otherwise"
    return "other bits" if said["bits"] != expected["bits"] else "other threads" if said["threads"] != n_had else ""


def shortages(size: Size) -> Iterator[Row]:
    wanted, more = size.pick((4,), (2, 3, 4, 7, 16)), size.pick((0, 2), (0, 1, 2, 3, 5, 20))
    expected = ask("processes", 100 if os.geteuid() == 0 else 0, 2)
    assert expected
    in_group = more if can_make_groups() else ()
    ways = {
        "a limit of processes (RLIMIT_NPROC)": (ask, "processes", more if os.geteuid() == 0 else (0,)),
        "a limit of processes (pids.max of a control group)": (ask_in_group, "group", in_group),
        "no memory for a stack (RLIMIT_AS)": (ask, "memory", (0,)),
    }
    for name, (call, way, numbers) in ways.items():
        if not numbers:
            continue
        faults = Counter[str]()
        for n_wanted in wanted:
            for n_more in numbers:
                said = call(way, n_more, n_wanted)
                faults[judge(said, expected, min(1 + n_more, n_wanted), n_wanted)] += 1
        tried, failed = sum(faults.values()), sum(faults.values()) - faults[""]
        ranges = f"{min(wanted)} to {max(wanted)} threads wanted, {min(numbers)} to {max(numbers)} more possible"
        figure = f"{faults['ended']} exits; {ranges}"
        yield Row(
            f"threads cannot be created: {name}", "fewer threads, one warning, the same bits", tried, failed, figure
        )


def rows(size: Size) -> Iterator[Row]:
    yield from shortages(size)
    cores = len(os.sched_getaffinity(0))
    short: list[Case] = [*[case for case in CASES if case.version][5::10], CASES[12]]
    for case in size.pick(short, CASES):
        n_threads = min(case.n_threads, cores)
        received, kind = try_case(case)
        must = f"{n_threads} thread{'s' * (n_threads > 1)}"
        figure = f"says {received[0]}, has {received[1]}{kind}" if received else "ended or hung"
        yield Row(case.describe(), must, 1, int(received != [n_threads] * 2), figure)
