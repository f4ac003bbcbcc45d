"""frames: tables from Parquet and Arrow files, from streams, and from frames of pandas, polars, pyarrow, narwhals."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast.data.engines import choose_engine
from nnfast.data.frame_columns import as_text, read_columns
from nnfast.data.table import Table, describe_kind, find_column, find_text, is_numeric, make_table
from nnfast.exceptions import DataFileError

Array = NDArray[Any]
StrPath = str | os.PathLike[str]


def read_parquet(
    path: StrPath, target: str | int | None = None, *, text: Iterable[str | int] = (), engine: str = "auto"
) -> Table:
    """Read a Parquet file.

    Parameters
    ----------
    path : path-like
        The file.
    target : str or int, optional
        The column to predict, by name or by number from 0.
    text : iterable of str or int
        Columns of numbers that are codes, to be taken as text.
    engine : "auto", "pyarrow", "polars" or "pandas"
        What reads the file. "auto": the first of these that is installed.

    Returns
    -------
    Table
        As `read_arrow` returns it.

    Raises
    ------
    DataFileError
        If the file is damaged or of another format, or as for `read_arrow`.
    ValueError
        If `path` is none, or `engine` not installed.
    ImportError
        If no engine is installed.
    OSError
        If the file cannot be opened or read.
    """
    read = _PARQUET[choose_engine(engine, tuple(_PARQUET), "Parquet files")]
    file = Path(_validation.check_path("path", path))
    return _make_table(_open(file, read, "a Parquet file"), target, text, file)


def read_arrow(source: Any, target: str | int | None = None, *, text: Iterable[str | int] = ()) -> Table:
    """Read an Arrow file, a stream, or a frame.

    Parameters
    ----------
    source : path-like, or frame
        A file of Arrow's (IPC: ``.arrow``, ``.feather``) or of a stream; a frame of pandas, polars, pyarrow or
        narwhals; or anything with ``__arrow_c_stream__``. pyarrow or polars reads files and such streams.
    target : str or int, optional
        The column to predict, by name or by number from 0.
    text : iterable of str or int
        Columns of numbers that are codes, to be taken as text.

    Returns
    -------
    Table
        Numbers stay numbers, float32 too; truth values become 1 and 0, in a target "True" and "False"; text and
        categories become text.

    Raises
    ------
    DataFileError
        If a column holds something else, the target has a missing value, there is no such column, there are no rows or
        the file is damaged; with row and column where there is one, rows counted from 0.
    TypeError
        If `source` is nothing of that kind.
    ImportError
        If no library that could read it is installed.
    OSError
        If the file cannot be opened or read.
    """
    if not isinstance(source, str | os.PathLike):
        return _make_table(source, target, text, type(source).__name__)
    read = _ARROW[choose_engine("auto", tuple(_ARROW), "Arrow files")]
    return _make_table(_open(Path(source), read, "an Arrow file or stream"), target, text, Path(source))


def as_table(x: Any) -> Table:
    """Return a table as it is, and a frame as a table."""
    return x if isinstance(x, Table) else read_arrow(x)


def _open(path: Path, read: Callable[[Path], Any], expected: str) -> Any:
    with path.open("rb"):  # the system's own error, where there is one
        pass
    try:
        return read(path)
    except Exception as error:  # each library has errors of its own
        raise DataFileError(path, f"expected {expected}, received another or a damaged one ({error})") from error


def _make_table(frame: Any, target: str | int | None, text: Iterable[str | int], source: str | Path) -> Table:
    names, columns = read_columns(frame, source)
    if not columns or not len(columns[0]):
        raise DataFileError(source, "expected at least one row and one column, received none")
    place = None if target is None else find_column(target, names, source)
    texts = find_text(text, names, source)
    for index, column in enumerate(columns):
        if index in texts and is_numeric(column):
            columns[index] = column = as_text(column)
        if index == place:
            columns[index] = _as_target(column, source)
        elif column.dtype.kind == "b":
            columns[index] = column.view(np.uint8)
    return make_table(columns, names, place, source=source)


def _as_target(column: Array, source: str | Path) -> Array:
    if column.dtype.kind == "M":
        raise DataFileError(source, f"target: expected classes or numbers, received {describe_kind(column)}")
    missing = np.array([value is None or value != value for value in column.tolist()])
    if missing.any():
        raise DataFileError(source, f"row {np.argmax(missing)}, target: expected a class or a number, received none")
    return column.astype(str) if column.dtype.kind in "bO" else column


def _read_parquet_by_pyarrow(path: Path) -> Any:
    from pyarrow import parquet

    table = parquet.ParquetFile(path).read()
    table.validate(full=True)
    return table


def _read_parquet_by_polars(path: Path) -> Any:
    import polars as pl

    return pl.read_parquet(path)


def _read_parquet_by_pandas(path: Path) -> Any:
    import pandas as pd

    return pd.read_parquet(path)


def _read_arrow_by_pyarrow(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import ipc

    open_source = ipc.open_file if _is_arrow_file(path) else ipc.open_stream
    with open_source(pa.BufferReader(path.read_bytes())) as reader:  # a file would be asked for what lengths claim
        table = reader.read_all()
    table.validate(full=True)  # or what it says of its memory would be believed
    return table


def _read_arrow_by_polars(path: Path) -> Any:
    import polars as pl

    return pl.read_ipc(path) if _is_arrow_file(path) else pl.read_ipc_stream(path)


def _is_arrow_file(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"ARROW1"


_PARQUET: dict[str, Callable[[Path], Any]] = {
    "pyarrow": _read_parquet_by_pyarrow,
    "polars": _read_parquet_by_polars,
    "pandas": _read_parquet_by_pandas,
}
_ARROW: dict[str, Callable[[Path], Any]] = {"pyarrow": _read_arrow_by_pyarrow, "polars": _read_arrow_by_polars}
