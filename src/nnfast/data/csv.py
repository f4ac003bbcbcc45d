"""csv: tables of numbers with a column to predict.

NumPy's reader takes files that hold numbers alone; its C parser reads the 42,000 x 785 cells of a digit table in half
a second. What it refuses goes through the standard library's, a few times slower: there text targets are read,
and there every error is found again, with its line and column.
"""

import csv
import difflib
import os
import warnings
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from nnfast.exceptions import DataFileError

Array = NDArray[Any]
Header = bool | Literal["auto"]
_LARGEST_EXACT = 2.0**53


class Table(NamedTuple):
    """What a CSV file holds."""

    x: Array
    """(n_samples, n_features); uint8 if every cell is an integer from 0 to 255, else float64."""
    y: Array | None
    """(n_samples,), the target column: uint8 or int64 if it holds integers, float64 for other numbers, else text."""
    feature_names: tuple[str, ...]
    """From the header, or the columns' numbers."""
    target_name: str | None


class _Layout(NamedTuple):
    has_header: bool
    names: tuple[str, ...]
    target: int | None


def read_csv(path: str | os.PathLike[str], target: str | int | None = None, *, header: Header = "auto") -> Table:
    """Read a file of comma-separated numbers.

    Parameters
    ----------
    path : path-like
        UTF-8 text, with or without a byte-order mark; lines end in LF, CRLF or CR; cells may be quoted; empty lines
        are passed over.
    target : str or int, optional
        The column to predict, by name or by number from 0. It may hold text; all others hold numbers.
    header : bool or "auto"
        Whether the first line has the columns' names. "auto": it has if none of its cells is a number.

    Returns
    -------
    Table
        Features, target and names. Numbers are what ``float`` makes of the cells.

    Raises
    ------
    DataFileError
        If a cell is no number, rows differ in length, there are no rows, or there is no such column; with line and
        column where there is one.
    OSError
        If the file cannot be opened or read.
    """
    layout = _open_layout(path, target, header)
    values = _read_numbers(path, layout)
    if values is not None:
        return _split(values, layout)
    try:
        return _read_rows(path, layout)
    except UnicodeDecodeError as error:
        raise _not_text(path, error) from error


def read_names(path: str | os.PathLike[str], *, header: Header = "auto") -> tuple[str, ...]:
    """Read the names of the columns alone: those of the header, or the columns' numbers. Errors as in `read_csv`."""
    return _open_layout(path, None, header).names


def _open_layout(path: str | os.PathLike[str], target: str | int | None, header: Header) -> _Layout:
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return _read_layout(file, path, target, header)
    except UnicodeDecodeError as error:
        raise _not_text(path, error) from error


def _not_text(path: str | os.PathLike[str], error: UnicodeDecodeError) -> DataFileError:
    return DataFileError(path, f"expected UTF-8 text, received byte {error.object[error.start]:#04x}")


def _read_layout(file: TextIO, path: str | os.PathLike[str], target: str | int | None, header: Header) -> _Layout:
    first = next(_rows(csv.reader(file), path), None)
    if first is None:
        raise DataFileError(path, "expected at least one row of numbers, received an empty file")
    has_header = not any(map(_is_number, first)) if header == "auto" else header
    names = first if has_header else [str(i) for i in range(len(first))]
    if target is not None and len(names) < 2:
        raise DataFileError(path, f"expected columns beside the target, received one column: {names[0]!r}")
    return _Layout(has_header, tuple(names), None if target is None else _find_column(target, names, path))


def _find_column(target: str | int, names: list[str], path: str | os.PathLike[str]) -> int:
    if isinstance(target, str):
        if names.count(target) == 1:
            return names.index(target)
        if target in names or not target.isdecimal():
            raise DataFileError(path, f"expected one column named {target!r}, received {_columns(target, names)}")
    if not 0 <= int(target) < len(names):
        raise DataFileError(path, f"expected a column from 0 to {len(names) - 1}, received {target}")
    return int(target)


def _columns(target: str, names: list[str]) -> str:
    if target in names:
        return f"{names.count(target)} of them"
    close = difflib.get_close_matches(target, names, 1)
    shown = ", ".join(names[:8]) + (f", ... {names[-1]}" if len(names) > 8 else "")
    return f"{shown}; did you mean {close[0]!r}?" if close else shown


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_numbers(path: str | os.PathLike[str], layout: _Layout) -> Array | None:
    """Read all cells by NumPy's parser; None if it takes one of them for no number, or finds another fault."""
    for dtype in (np.uint8, np.float64):
        with Path(path).open(encoding="utf-8-sig", newline="") as file, warnings.catch_warnings():
            warnings.simplefilter("error")  # old NumPy only warns when it cuts a fraction off
            if layout.has_header:
                next(_rows(csv.reader(file), path))
            try:
                values = np.loadtxt(file, dtype, comments=None, delimiter=",", quotechar='"', ndmin=2)
            except (ValueError, Warning):
                continue
            return values if values.shape[1] == len(layout.names) else None
    return None


def _read_rows(path: str | os.PathLike[str], layout: _Layout) -> Table:
    """Row by row, for text targets, and to name the cell that is wrong."""
    features, target, lines, n_rows = array("B"), list[str](), array("Q"), 0
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        rows = _rows(reader, path)
        if layout.has_header:
            next(rows)
        for cells in rows:
            if len(cells) != len(layout.names):
                reason = f"expected {len(layout.names)} columns, received {len(cells)}"
                raise DataFileError(path, f"line {reader.line_num}: {reason}")
            if layout.target is not None:
                target.append(cells.pop(layout.target))
                lines.append(reader.line_num)
            try:
                features = _extended(features, cells)
            except ValueError as error:
                raise DataFileError(path, f"line {reader.line_num}, {_describe_cell(cells, layout)}") from error
            n_rows += 1
    if n_rows == 0:
        raise DataFileError(path, "expected at least one row of numbers below the header, received none")
    x = np.frombuffer(features, features.typecode).reshape(n_rows, -1)
    bad = _find_bad_target(target)
    if bad is not None:
        expected = "a class or a number" if not target[bad].strip() else "a number as in most rows"
        received = repr(target[bad]) if target[bad].strip() else "an empty cell"
        raise DataFileError(path, f"line {lines[bad]}, target: expected {expected}, received {received}")
    return Table(x, _as_target(target) if target else None, *_names(layout))


def _rows(reader: Any, path: str | os.PathLike[str]) -> Iterator[list[str]]:
    """Yield the rows that are not empty."""
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        raise DataFileError(path, f"line {reader.line_num}: {error}") from error


def _extended(features: "array[Any]", cells: list[str]) -> "array[Any]":
    """Append a row; bytes turn into doubles with the first cell that does not fit."""
    n = len(features)
    if features.typecode == "B":
        try:
            features.extend(map(int, cells))
        except (ValueError, OverflowError):
            features = array("d", features[:n])
        else:
            return features
    features.extend(map(float, cells))
    return features


def _describe_cell(cells: list[str], layout: _Layout) -> str:
    """Describe the first cell that is no number: its column, counted from 1, its name, and what it holds."""
    index = next(i for i, cell in enumerate(cells) if not _is_number(cell))
    column = index if layout.target is None or index < layout.target else index + 1
    received = repr(cells[index]) if cells[index].strip() else "an empty cell"
    name = f" ({layout.names[column]})" if layout.has_header else ""
    return f"column {column + 1}{name}: expected a number, received {received}"


def _find_bad_target(cells: list[str]) -> int | None:
    """Return the first empty cell, or where most are numbers the first that is none: such a gap is no class."""
    empty = next((i for i, cell in enumerate(cells) if not cell.strip()), None)
    if empty is not None:
        return empty
    others = [i for i, cell in enumerate(cells) if not _is_number(cell)]
    return others[0] if 0 < len(others) < len(cells) / 2 else None


def _as_target(cells: list[str]) -> Array:
    if all(map(_is_number, cells)):
        return _narrowed(np.array(list(map(float, cells))))
    return np.array(cells)


def _narrowed(y: Array) -> Array:
    """Turn float64 into int64 where nothing is lost."""
    if y.dtype == np.float64 and np.all((np.trunc(y) == y) & (np.abs(y) <= _LARGEST_EXACT)):
        return y.astype(np.int64)
    return y


def _split(values: Array, layout: _Layout) -> Table:
    """Features by view where the target is the first or last column."""
    if layout.target is None:
        return Table(values, None, *_names(layout))
    if layout.target == 0:
        x = values[:, 1:]
    elif layout.target == len(layout.names) - 1:
        x = values[:, :-1]
    else:
        x = np.delete(values, layout.target, axis=1)
    return Table(x, _narrowed(values[:, layout.target].copy()), *_names(layout))


def _names(layout: _Layout) -> tuple[tuple[str, ...], str | None]:
    t = layout.target
    if t is None:
        return layout.names, None
    return layout.names[:t] + layout.names[t + 1 :], layout.names[t]
