"""Planted bugs: each is found by the gate that is meant for it.

A bug of `tests/soak/planted.toml` is a piece of text that takes the place of another in a copy of the tree, which is
built anew where it is C: the sources themselves hold none, not even behind an option of the build. It is found if its
gate says that a test failed; a gate that cannot be run, or that does not pass without the bug, finds nothing.
"""

import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from soak import log
from soak.gates import GateError, Tree
from soak.row import Row, Size

BUGS = Path(__file__).parent.parent / "planted.toml"


class Bug(NamedTuple):
    """What planted.toml says of it."""

    name: str
    file: str
    before: str
    after: str
    gate: str


def read_bugs() -> list[Bug]:
    """ValueError unless what each replaces is there, and once."""
    bugs = [Bug(**bug) for bug in tomllib.loads(BUGS.read_text())["bug"]]
    for bug in bugs:
        n_times = (log.ROOT / bug.file).read_text().count(bug.before)
        if n_times != 1:
            raise ValueError(f"{bug.name}: expected its text once in {bug.file}, received {n_times} times")
    return bugs


def judge(tree: Tree, gate: str) -> bool | None:
    """Whether a gate passes; None if it cannot be run."""
    try:
        return tree.passes(gate)
    except GateError as error:
        print(error, file=sys.stderr)
        return None


def is_found(tree: Tree, bug: Bug) -> bool:
    with tree.change(bug.file, bug.before, bug.after):
        return judge(tree, bug.gate) is False


def rows(size: Size) -> Iterator[Row]:
    bugs = read_bugs()
    bugs = size.pick(bugs[:2], bugs)  # those are in Python, and their gates quick
    gates = list(dict.fromkeys(bug.gate for bug in bugs))
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder), must_build=size.long)
        passing = [gate for gate in gates if judge(tree, gate)]
        yield Row("no bug", "each gate passes", len(gates), len(gates) - len(passing))
        for bug in bugs:
            found = bug.gate in passing and is_found(tree, bug)
            yield Row(f"{bug.name} (`{bug.file}`)", "its gate fails", 1, int(not found), f"`{bug.gate}`")
