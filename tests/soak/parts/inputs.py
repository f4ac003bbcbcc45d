"""Inputs: arrays of every layout at every entry point, shapes beyond all memory, hyperparameters that are none.

A cell is an entry point, a layout (`tests/layouts.py`: strides, bytes swapped, buffers, DLPack, frames, sparse
matrices, text, none at all ...) and an element type. Bits are compared with those that the C-contiguous copy gives;
what is given must stay as it was. An error is clear if it says argument, expected and received.
"""

import sys
import warnings
from collections.abc import Iterator

from cells import Cell, Trial, list_cells
from entry_points import ENTRY_POINTS
from layouts import LAYOUTS
from settings import RIGHT, Setting, find_fault, list_settings, list_wrong

from soak import children
from soak.row import Row, Size

CLEAR = "ValueError or TypeError that is clear"


def run_cells(names: list[str]) -> dict[Cell, str]:
    """What is wrong with each, or nothing."""
    trials = {name: Trial() for name in names}
    return {cell: trials[name].run(cell) for name in names for cell in list_cells(name)}


def try_cells(names: list[str]) -> Iterator[Row]:
    outcomes = run_cells(names)
    report(f"{cell}: {fault}" for cell, fault in outcomes.items() if fault)
    what = f"{len(LAYOUTS)} layouts, {len(names)} entry points"
    for is_error, fault, must in (
        (False, "an array in a layout that is taken", "the bits of the plain copy"),
        (True, "an array in another layout, of another shape or type", CLEAR),
    ):
        found = [outcome for cell, outcome in outcomes.items() if (cell.expected == "error") == is_error]
        yield Row(fault, must, len(found), sum(map(bool, found)), what)


def is_taken(setting: Setting) -> bool:
    """Whether a scalar of NumPy's does for a good value."""
    try:
        setting.call(RIGHT[setting.kind](setting.good))
    except (ValueError, TypeError):
        return False
    return True


def try_settings(settings: list[Setting]) -> Iterator[Row]:
    outcomes = [
        (f"{setting.owner}.{setting.name}={value!r}", find_fault(setting, value))
        for setting in settings
        for value in list_wrong(setting)
    ]
    faults = [f"{call}: {fault}" for call, fault in outcomes if fault]
    report(faults)
    what = f"{len(settings)} parameters of {len({setting.owner for setting in settings})} classes and functions"
    fault = "a hyperparameter of another type, NaN, infinite, out of range, a truth value"
    yield Row(fault, CLEAR, len(outcomes), len(faults), what)
    refused = [f"{setting.owner}.{setting.name}: NumPy's scalar" for setting in settings if not is_taken(setting)]
    report(refused)
    yield Row("a hyperparameter as a scalar of NumPy's", "taken", len(settings), len(refused), what)


def try_huge_shapes() -> Row:
    said = children.ask("huge_shapes.py", [], 300) or {"tried": 1, "faults": ["ended or hung"]}
    report(said["faults"])
    must = f"works, MemoryError, or {CLEAR}; the model as before"
    return Row("a shape whose product passes 2^31, 2^32 or 2^63", must, said["tried"], len(said["faults"]), "in 4 GiB")


def report(faults: "Iterator[str] | list[str]") -> None:
    for fault in faults:
        print(fault, file=sys.stderr)


def rows(size: Size) -> Iterator[Row]:
    names, settings = list(ENTRY_POINTS), list_settings()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from try_cells(size.pick(names[::10], names))
        yield from try_settings(size.pick(settings[::10], settings))
    yield try_huge_shapes()
