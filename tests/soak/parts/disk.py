"""Disks and threads: calls of the system that fail: files are the old ones or the new, work is done by fewer threads.

A shim of our own (`tests/soak/shim.c`) lets the n-th call on a folder's files fail, for each n: open, read, write,
fsync, close, rename, chmod, mkdir; or the n-th thread that nnfast starts; a site is such a call. Removing a file never
fails here: what it leaves cannot be taken away.
"""

import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path

from soak import faults, file_entries, thread_entries
from soak.faults import CORE, DISK, FOREVER, OTHERS, SHORT_WRITE, THREADS, Fault, Plan
from soak.row import Row, Size

WRITING = {
    "disk full": errno.ENOSPC,
    "input/output error": errno.EIO,
    "read-only file system": errno.EROFS,
    "half of the bytes are written": SHORT_WRITE,
}
READING = {"input/output error": errno.EIO}
HOW = {"once": 1, "from then on": FOREVER}
INTERRUPTED = {  # who is interrupted tries again, for ever if need be
    "interrupted call, once": Fault(0, errno.EINTR, 1),
    "interrupted call, three times": Fault(0, errno.EINTR, 3),
}


def make_faults(errors: dict[str, int]) -> dict[str, Fault]:
    every = {f"{name}, {how}": Fault(0, error, n) for name, error in errors.items() for how, n in HOW.items()}
    return every | INTERRUPTED


def fail_on_disk(size: Size, library: Path, folder: Path) -> Iterator[Row]:
    whole = "OSError, or no harm; each file is the old one or the new, whole; no other is left; then all is as ever"
    same = "OSError or the error of a damaged file, or no harm; then all is as ever"
    for verb, errors, entries, must in (
        ("writing", WRITING, file_entries.WRITERS, whole),
        ("reading", READING, file_entries.READERS, same),
    ):
        plan = Plan("soak.file_entries", tuple(entries), DISK, make_faults(errors), size.pick(9, 1))
        for fault, outcome in faults.run(plan, library, folder).items():
            yield Row(f"{verb}: {fault}", must, outcome.tried, len(outcome.problems), outcome.describe())


def fail_to_start(size: Size, library: Path, folder: Path) -> Iterator[Row]:
    team = f"one of a team of {thread_entries.N_THREADS}"
    for name, entries, scope in (
        (team, thread_entries.TEAMS, CORE),
        ("the one that reads a stream ahead", thread_entries.READERS, OTHERS),
    ):
        tries = {f"a thread cannot be started, {how}: {name}": Fault(scope, length=n) for how, n in HOW.items()}
        plan = Plan("soak.thread_entries", tuple(entries), THREADS, tries, size.pick(3, 1))
        for fault, outcome in faults.run(plan, library, folder).items():
            figure = f"{sum(outcome.sites.values())} threads in {len(entries)} calls"
            yield Row(fault, "fewer threads, the same bits, no error", outcome.tried, len(outcome.problems), figure)


def rows(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        library = faults.build(folder)
        yield from fail_on_disk(size, library, folder)
        yield from fail_to_start(size, library, folder)
