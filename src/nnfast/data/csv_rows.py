"""csv_rows: CSV files by the standard library's reader, which takes all that is right, and tells where a fault is.

Numbers are converted as rows are read; text is kept. A column that turns out to hold text after all is read again.
"""

import csv
from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nnfast.data.cells import CellError, as_feature, as_target
from nnfast.data.csv_layout import Layout, make_rows, open_text
from nnfast.data.table import narrow_features, narrow_target
from nnfast.exceptions import DataFileError

Array = NDArray[Any]

_CHUNK_ROWS = 4096


def read_by_rows(layout: Layout) -> list[Array]:
    """Read all columns of a file; DataFileError with line and column if a cell is not what its column needs."""
    texts = {index for index, kind in enumerate(layout.kinds) if kind == "text"} | layout.text
    while True:
        reading = _Reading(layout, texts)
        if reading.texts == texts:
            return reading.finish()
        texts = reading.texts


class _Reading:
    """One pass over a file: of the columns `texts` cells are kept, of others numbers, as long as they are some."""

    def __init__(self, layout: Layout, texts: set[int]) -> None:
        self._layout = layout
        self.texts = set(texts)
        self._lines = array("Q")
        self._cells: dict[int, list[str]] = {index: [] for index in texts}
        self._numbers: dict[int, list[Array]] = {i: [] for i in range(len(layout.names)) if i not in texts}
        self._known: dict[str, str] = {}
        with open_text(layout.form.path) as file:
            rows = self._read_rows(file)
            while chunk := list(islice(rows, _CHUNK_ROWS)):
                self._add(chunk)
        if not self._lines:
            below = " below the header" if layout.has_header else ""
            raise DataFileError(layout.form.path, f"expected at least one row of cells{below}, received none")

    def finish(self) -> list[Array]:
        """Return the columns."""
        columns: list[Array] = []
        faults: list[tuple[int, int, str]] = []
        for index in range(len(self._layout.names)):
            try:
                columns.append(self._finish_column(index))
            except CellError as error:
                faults.append((error.row, index, error.reason))
        if faults:
            self._refuse(*min(faults))
        return columns

    def _read_rows(self, file: Any) -> Iterator[list[str]]:
        form, n_columns = self._layout.form, len(self._layout.names)
        if file.read(1) != "\ufeff":
            file.seek(0)
        reader = csv.reader(file, delimiter=form.delimiter, strict=True)
        rows = make_rows(reader, form.path)
        if self._layout.has_header:
            next(rows)
        for cells in rows:
            if len(cells) != n_columns:
                reason = f"expected {n_columns} columns, received {len(cells)}"
                raise DataFileError(form.path, f"line {reader.line_num}: {reason}")
            self._lines.append(reader.line_num)
            yield cells

    def _add(self, rows: list[list[str]]) -> None:
        known = self._known
        for index, cells in enumerate(zip(*rows, strict=True)):
            if index in self._cells:
                self._cells[index] += [known.setdefault(cell, cell) for cell in cells]
            elif index not in self.texts:
                try:
                    self._numbers[index].append(self._as_numbers(cells, index == self._layout.target))
                except ValueError:
                    self.texts.add(index)

    def _as_numbers(self, cells: tuple[str, ...], is_target: bool) -> Array:
        """Read cells; ValueError if one is no number, or if one of the target is missing."""
        form = self._layout.form
        if is_target and any(cell.strip() in form.missing for cell in cells):
            raise ValueError
        if not form.has_missing_numbers:
            try:
                return narrow_features(np.array(list(map(float, cells))))
            except ValueError:
                pass
        return np.array([np.nan if cell.strip() in form.missing else float(cell) for cell in cells])

    def _finish_column(self, index: int) -> Array:
        layout = self._layout
        if index in self._cells:
            make = as_target if index == layout.target else as_feature
            return make(self._cells[index], layout.form.missing, is_text=index in layout.text)
        values = np.concatenate(self._numbers.pop(index))
        return narrow_target(values) if index == layout.target else narrow_features(values)

    def _refuse(self, row: int, index: int, reason: str) -> NoReturn:
        layout = self._layout
        name = f" ({layout.names[index]})" if layout.has_header else ""
        column = "target" if index == layout.target else f"column {index + 1}{name}"
        raise DataFileError(layout.form.path, f"line {self._lines[row]}, {column}: {reason}")
