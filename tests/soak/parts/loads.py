"""Loads: reading a file imports, runs and unpickles nothing, and opens no other file.

Files are made as those of the part on hostile files are, and read in a process that is told of every event of the
interpreter (`sys.addaudithook`): imports, compiled and executed code, pickles, processes, sockets, other files. What
reading itself needs is imported with the first 300 files.
"""

import sys
from collections.abc import Iterator

from soak import children
from soak.hostile.forms import get_forms
from soak.row import Row, Size

_OF_EVERY_DAY = ("described", "idx_gz", "npz", "csv_numpy", "onnx")


def watch(name: str, seed: int, n_files: int) -> tuple[int, list[str]]:
    """Return how many files were loaded, and which events there were."""
    said = children.ask("loading.py", [name, seed, n_files], 1800)
    return (said["loaded"], said["events"]) if said else (0, ["an end without a word"])


def rows(size: Size) -> Iterator[Row]:
    forms = get_forms()
    for name in size.pick(_OF_EVERY_DAY, tuple(forms)):
        form = forms[name]
        n_files = size.pick(50, 1000)
        n_loaded, events = watch(name, size.seed, n_files)
        print(*events, sep="\n", file=sys.stderr, end="\n" * bool(events))
        yield Row(form.title, "no event", n_files, len(events), f"{n_loaded:,} were whole")
