"""csv: tables from CSV files, the same whichever library reads them.

What a cell means is decided in ``cells``, once for all readers. Where a fast one would differ from the standard
library's, or finds a fault, that one reads the file, and names line and column.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from nnfast import _validation
from nnfast.data.cells import MISSING_VALUES
from nnfast.data.csv_engines import ENGINES, read_by_engine
from nnfast.data.csv_layout import Format, Header, read_layout
from nnfast.data.csv_rows import read_by_rows
from nnfast.data.engines import choose_engine
from nnfast.data.table import Table, make_table

StrPath = str | os.PathLike[str]


def read_csv(
    path: StrPath,
    target: str | int | None = None,
    *,
    header: Header = "auto",
    delimiter: str = ",",
    text: Iterable[str | int] = (),
    missing_values: Iterable[str] = MISSING_VALUES,
    engine: str = "auto",
) -> Table:
    """Read a CSV file.

    Parameters
    ----------
    path : path-like
        UTF-8 text, with or without a byte-order mark, compressed with gzip or not; lines end in LF, CRLF or CR; cells
        may be quoted; empty lines are passed over; blanks around cells do not count.
    target : str or int, optional
        The column to predict, by name or by number from 0.
    header : bool or "auto"
        Whether the first line has the columns' names. "auto": it has if none of its cells is a number.
    delimiter : str
        What stands between cells, one character: a semicolon, say.
    text : iterable of str or int
        Columns whose cells are text even where they look like numbers: codes, or classes like 1, 2, B.
    missing_values : iterable of str
        Cells that hold nothing.
    engine : "auto", "pyarrow", "polars", "pandas" or "numpy"
        What reads the file. "auto": the first of these that is installed. The table is the same with all of them.

    Returns
    -------
    Table
        Features, target and names. A column holds numbers, as ``float`` reads them (NaN where a cell holds nothing), or
        truth values ("true", "false", in capitals or not: 1 and 0), or text, if more than half of its cells are no
        numbers.

    Raises
    ------
    DataFileError
        If some cells of a column, but not more than half, are no numbers, the target has a missing value, rows differ
        in length, there are no rows, or there is no such column; with line and column where there is one.
    ValueError
        If `engine` is not installed, or an argument is not as described.
    OSError
        If the file cannot be opened or read.
    """
    form = _make_format(path, header, delimiter, missing_values)
    engine = choose_engine(engine, tuple(ENGINES), "CSV files")
    layout = read_layout(form, target, text)
    columns = read_by_engine(layout, engine)
    if columns is None:
        columns = read_by_rows(layout)
    return make_table(columns, layout.names, layout.target, has_names=layout.has_header, source=form.path)


def read_names(path: StrPath, *, header: Header = "auto", delimiter: str = ",") -> tuple[str, ...]:
    """Read the names of the columns alone: those of the header, or the columns' numbers. Errors as in `read_csv`."""
    return read_layout(_make_format(path, header, delimiter, MISSING_VALUES), None, ()).names


def _make_format(path: StrPath, header: Header, delimiter: str, missing_values: Iterable[str]) -> Format:
    if not isinstance(delimiter, str) or len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
        raise _validation.mismatch("delimiter", "one ASCII character, no quote and no end of a line", delimiter)
    missing = frozenset(missing_values)
    if isinstance(missing_values, str) or not all(isinstance(cell, str) for cell in missing):
        raise _validation.mismatch("missing_values", "a list of texts", missing_values)
    chosen: Header = _validation.check_choice("header", header, (True, False, "auto"))
    return Format(Path(_validation.check_path("path", path)), chosen, delimiter, missing)
