"""cells: what cells of a CSV file mean: numbers, truth values, text or nothing. One set of rules for all readers."""

import csv
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.data.table import narrow_features, narrow_target

Array = NDArray[Any]

MISSING_VALUES = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")
"""Cells that hold nothing, blanks around them left out."""

_TRUTH = {"true": 1.0, "false": 0.0}


class CellError(ValueError):
    """A cell that is not what its column needs: of which row, counted from 0, and why."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(row, reason)
        self.row = row
        self.reason = reason


def is_number(cell: str) -> bool:
    """Whether ``float`` reads a cell."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def as_feature(cells: Sequence[str], missing: frozenset[str], *, is_text: bool = False) -> Array:
    """Make a column of cells.

    Parameters
    ----------
    cells : sequence of str
        As they stand in the file.
    missing : frozenset of str
        Those that hold nothing.
    is_text : bool
        Whether numbers are text too.

    Returns
    -------
    ndarray of shape (n,)
        Numbers, NaN where missing: uint8 if all are integers from 0 to 255, else float64; true and false are 1 and 0.
        Or objects, if more than half of the cells are no numbers: str without blanks around it, None where missing.

    Raises
    ------
    CellError
        If some cells, but not more than half, are no numbers.
    """
    values = {cell: _read_cell(cell, missing) for cell in _find_values(cells)}
    others = {cell for cell, value in values.items() if isinstance(value, str)}
    if others and not is_text and all(value != value or cell in others for cell, value in values.items()):
        values = _read_truth(values, others)
        others = {cell for cell, value in values.items() if isinstance(value, str)}
    if is_text or others:
        texts = {cell: _as_text(cell, value) for cell, value in values.items()}
        _check_share(cells, others, texts, is_text)
        column = np.empty(len(cells), object)
        column[:] = [texts[cell] for cell in cells]
        return column
    return narrow_features(np.array([values[cell] for cell in cells], np.float64))


def as_target(cells: Sequence[str], missing: frozenset[str], *, is_text: bool = False) -> Array:
    """Make the target of cells: integers, other numbers, or text.

    Raises
    ------
    CellError
        If a cell holds nothing, or some cells, but not more than half, are no numbers.
    """
    values = _find_values(cells)
    empty = {cell for cell in values if cell.strip() in missing}
    if empty:
        row = next(row for row, cell in enumerate(cells) if cell in empty)
        raise CellError(row, f"expected a class or a number, received {_describe(cells[row])}")
    others = {cell for cell in values if not is_number(cell)}
    if is_text or others:
        _check_share(cells, others, {}, is_text)
        return np.array([cell.strip() for cell in cells])
    return narrow_target(np.array(list(map(float, cells))))


def _find_values(cells: Sequence[str]) -> set[str]:
    """Return the different cells, none of which is longer than the standard library's reader takes."""
    values = set(cells)
    if max(map(len, values)) > csv.field_size_limit():
        raise CellError(0, f"expected at most {csv.field_size_limit()} characters")
    return values


def _read_cell(cell: str, missing: frozenset[str]) -> float | str:
    text = cell.strip()
    if text in missing:
        return np.nan
    return float(text) if is_number(text) else text


def _read_truth(values: dict[str, float | str], others: set[str]) -> dict[str, float | str]:
    """Read true and false as 1 and 0, if a column holds nothing else."""
    if all(cell.strip().lower() in _TRUTH for cell in others):
        return values | {cell: _TRUTH[cell.strip().lower()] for cell in others}
    return values


def _as_text(cell: str, value: float | str) -> str | None:
    return None if value != value else cell.strip()


def _check_share(cells: Sequence[str], others: set[str], texts: dict[str, str | None], is_text: bool) -> None:
    """Refuse text among numbers."""
    if is_text:
        return
    n_others = sum(cell in others for cell in cells)
    n_present = len(cells) - sum(texts.get(cell, cell) is None for cell in cells)
    if 2 * n_others <= n_present:
        row = next(row for row, cell in enumerate(cells) if cell in others)
        raise CellError(row, f"expected a number, as in most rows, received {_describe(cells[row])}")


def _describe(cell: str) -> str:
    return repr(cell) if cell.strip() else "an empty cell"
