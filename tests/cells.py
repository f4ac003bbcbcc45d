"""cells.py: a cell is an entry point, a layout and a dtype: what is expected of it, and what became of it."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from entry_points import BASES, ENTRY_POINTS, Entry
from layouts import LAYOUTS, Layout, copy_plainly


class Cell(NamedTuple):
    entry: str
    layout: str
    dtype: str
    expected: str


def list_cells(entry_name: str) -> Iterator[Cell]:
    entry = ENTRY_POINTS[entry_name]
    for name, layout in LAYOUTS.items():
        expected = entry.layouts.get(name, layout.roles.get(entry.role, layout.expected))
        for dtype in () if expected == "skip" else layout.dtypes:
            is_taken = dtype in entry.dtypes or (name == "list" and dtype == "float16" and "float64" in entry.dtypes)
            yield Cell(entry_name, name, dtype, expected if is_taken else "error")


def as_bits(result: Any) -> Any:
    """Return a result of arrays, numbers, lists and dicts as what can be compared bit for bit."""
    if isinstance(result, dict):
        return {name: as_bits(value) for name, value in result.items()}
    if isinstance(result, list | tuple):
        return [as_bits(value) for value in result]
    array = np.asarray(result)
    return None if result is None else (array.dtype.str, array.shape, array.tobytes())


def call(entry: Entry, container: Any, dtype: Any) -> Any:
    return as_bits(entry.call(container, dtype) if entry.is_bare else entry.call(container))


class Trial:
    """Tries cells; what C-contiguous copies give is remembered."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def run(self, cell: Cell) -> str:
        """Return what is wrong with a cell, or nothing."""
        entry, layout = ENTRY_POINTS[cell.entry], LAYOUTS[cell.layout]
        base = BASES[entry.role].astype(cell.dtype)
        before = base.tobytes()
        fault = self._compare(cell, entry, layout, base)
        return fault or ("the input was changed" if base.tobytes() != before else "")

    def _compare(self, cell: Cell, entry: Entry, layout: Layout, base: Any) -> str:
        container = layout.make(base)
        copy = base if cell.expected == "error" else copy_plainly(container, base)
        try:
            result = call(entry, container, copy.dtype)
        except (ValueError, TypeError) as error:
            if cell.expected != "error":
                return f"an error: {error}"
            return "" if re.search(entry.words, str(error), re.DOTALL) else f"a vague error: {error}"
        if cell.expected == "error":
            return "no error"
        reference = copy.astype(np.float64) if cell.expected == "double" else copy
        return "" if result == self._get_reference(cell.entry, entry, reference) else "other bits than the copy's"

    def _get_reference(self, name: str, entry: Entry, copy: Any) -> Any:
        key = name, copy.dtype.str, copy.shape, copy.tobytes()
        if key not in self._known:
            self._known[key] = call(entry, copy, copy.dtype)
        return self._known[key]
