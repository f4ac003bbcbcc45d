"""csv_engines: CSV files by pyarrow, polars, pandas or NumPy, where these read them as the standard library does.

Each is told what columns hold; it gives numbers in a matrix and the cells of text as they stand. What it refuses, or
would take in another way, is left to ``csv_rows``: no answer here is an answer there.
"""

import warnings
from collections.abc import Callable
from io import BytesIO
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast.data.cells import CellError, as_feature, as_target
from nnfast.data.csv_content import Content, open_content
from nnfast.data.csv_layout import Kind, Layout

Array = NDArray[Any]

_MANY_COLUMNS = 10_000  # of which each costs the other libraries more than NumPy


class _Job(NamedTuple):
    """Rows to read, and what their columns hold."""

    content: Content
    kinds: tuple[Kind, ...]
    delimiter: str
    missing: list[str]

    @property
    def names(self) -> list[str]:
        return list(map(str, range(len(self.kinds))))

    def choose(self, *, text: bool) -> list[str]:
        """Return the names of the columns of text, or of those of numbers."""
        return list(compress(self.names, [(kind == "text") == text for kind in self.kinds]))

    def make_types(self, uint8: Any, float64: Any, text: Any) -> dict[str, Any]:
        """Return a library's type for each column."""
        types = {"uint8": uint8, "float64": float64, "text": text}
        return {name: types[kind] for name, kind in zip(self.names, self.kinds, strict=True)}


class _Cells(NamedTuple):
    numbers: Array
    """(n_samples, n_columns of numbers)."""
    texts: list[list[str]]
    """Of each column of text the cells."""


class _RefusalError(Exception):
    """The library takes the file in a way of its own."""


def read_by_engine(layout: Layout, engine: str) -> Array | list[Array] | None:
    """Read all columns of a file, as a matrix if all hold numbers; None if that is left to others."""
    content = None if layout.form.has_missing_numbers else open_content(layout)
    if content is None:
        return None
    if len(layout.kinds) > _MANY_COLUMNS:
        engine = "numpy"
    wide: tuple[Kind, ...] = tuple("float64" if kind == "uint8" else kind for kind in layout.kinds)
    for kinds in dict.fromkeys((layout.kinds, wide)):
        job = _Job(content, kinds, layout.form.delimiter, sorted(layout.form.missing))
        try:
            cells = ENGINES[engine](job)
        except Exception:  # each library has errors of its own
            continue
        return _make_columns(cells, layout, kinds)
    return None


def _make_columns(cells: _Cells, layout: Layout, kinds: tuple[Kind, ...]) -> Array | list[Array] | None:
    """Make columns of what an engine read; None if there is a fault."""
    if not len(cells.texts[0] if cells.texts else cells.numbers):
        return None
    if not cells.texts:
        return None if _misses_target(cells.numbers[:, layout.target or 0], layout) else cells.numbers
    numbers, texts, columns = iter(cells.numbers.T), iter(cells.texts), []
    for index, kind in enumerate(kinds):
        make = as_target if index == layout.target else as_feature
        try:
            is_text = index in layout.text
            column = make(next(texts), layout.form.missing, is_text=is_text) if kind == "text" else next(numbers)
        except CellError:
            return None
        if index == layout.target and _misses_target(column, layout):
            return None
        columns.append(column)
    return columns


def _misses_target(column: Array, layout: Layout) -> bool:
    return layout.target is not None and column.dtype.kind == "f" and bool(np.isnan(column).any())


def _read_by_pyarrow(job: _Job) -> _Cells:
    import pyarrow as pa
    from pyarrow import csv

    if "uint8" in job.kinds and (job.content.has(b"x") or job.content.has(b"X")):
        raise _RefusalError  # 0x1F would be a number
    if job.content.has(b"(") and any(map(job.content.has, (b"nan(", b"NaN(", b"NAN(", b"Nan("))):
        raise _RefusalError  # so would nan(1)
    table = csv.read_csv(
        pa.BufferReader(pa.py_buffer(job.content.view())),
        read_options=csv.ReadOptions(column_names=job.names),
        parse_options=csv.ParseOptions(delimiter=job.delimiter, newlines_in_values=job.content.has_quotes),
        convert_options=csv.ConvertOptions(
            column_types=job.make_types(pa.uint8(), pa.float64(), pa.string()),
            null_values=job.missing,
            strings_can_be_null=False,
        ),
    )
    texts = [table[name].to_pylist() for name in job.choose(text=True)]
    return _Cells(_stack_arrow(table.select(job.choose(text=False)), len(table)), texts)


def _stack_arrow(table: Any, n_rows: int) -> Array:
    """Make a matrix of columns of numbers, batch by batch."""
    import pyarrow as pa

    is_bytes = all(column.type == pa.uint8() and column.null_count == 0 for column in table.columns)
    if not is_bytes:
        table = table.cast(pa.schema([(name, pa.float64()) for name in table.column_names]))
    matrix = np.empty((n_rows, table.num_columns), np.uint8 if is_bytes else np.float64)
    first = 0
    for batch in table.to_batches() if table.num_columns else ():
        tensor = batch.to_tensor(null_to_nan=not is_bytes, row_major=True)
        matrix[first : first + len(batch)] = tensor.to_numpy()
        first += len(batch)
    return matrix


def _read_by_polars(job: _Job) -> _Cells:
    import polars as pl

    if "" not in job.missing:
        raise _RefusalError  # to polars an empty cell holds nothing
    if job.content.ends_with(job.delimiter.encode()):
        raise _RefusalError  # an empty last cell, which it passes over
    frame = pl.read_csv(
        job.content.copy(),
        has_header=False,
        schema=job.make_types(pl.UInt8, pl.Float64, pl.String),
        separator=job.delimiter,
        null_values=None if set(job.kinds) == {"uint8"} else job.missing,
    )
    texts = [frame[name].fill_null("").to_list() for name in job.choose(text=True)]
    _check_last_column(job, frame[job.names[-1]].null_count() > 0, texts)
    numbers = frame.select(job.choose(text=False))
    if sum(numbers.null_count().row(0)) or len(set(numbers.dtypes)) > 1:
        numbers = numbers.cast(pl.Float64)
    return _Cells(numbers.to_numpy(order="c"), texts)


def _read_by_pandas(job: _Job) -> _Cells:
    import pandas as pd

    if set(job.kinds) == {"uint8"}:
        return _read_by_numpy(job)  # what is not read from a path takes pandas half as long again
    content = job.content.copy()
    texts, numbers = job.choose(text=True), job.choose(text=False)
    exact = {} if int(pd.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # rows that are too long are cut
        warnings.simplefilter("error", pd.errors.DtypeWarning)  # numbers here, text there
        frame = pd.read_csv(
            BytesIO(content),
            header=None,
            names=job.names,
            index_col=False,
            sep=job.delimiter,
            dtype=dict.fromkeys(texts, str),
            keep_default_na=False,
            na_values=dict.fromkeys(numbers, job.missing),
            **exact,
        )
    if len(frame) != content.count(b"\n") + (not content.endswith(b"\n")):
        raise _RefusalError  # lines of blanks alone are passed over
    cells = [frame[name].fillna("").tolist() for name in texts]
    _check_last_column(job, bool(frame[job.names[-1]].isna().any()), cells)
    if not all(kind.kind in "iuf" for kind in frame.dtypes[numbers]):
        raise _RefusalError  # truth values, say
    return _Cells(np.ascontiguousarray((frame[numbers] if texts else frame).to_numpy()), cells)


def _check_last_column(job: _Job, is_missing: bool, texts: list[list[str]]) -> None:
    """Refuse an empty last cell: it may as well be a row that is too short."""
    if is_missing or (job.kinds[-1] == "text" and "" in texts[-1]):
        raise _RefusalError


def _read_by_numpy(job: _Job) -> _Cells:
    if "text" in job.kinds:
        raise _RefusalError
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # old NumPy only warns when it cuts a fraction off
        numbers = np.loadtxt(
            job.content.lines(),
            np.uint8 if set(job.kinds) == {"uint8"} else np.float64,
            comments=None,
            delimiter=job.delimiter,
            quotechar='"',
            ndmin=2,
        )
    if numbers.shape[1] != len(job.kinds):
        raise _RefusalError
    return _Cells(numbers, [])


ENGINES: dict[str, Callable[[_Job], _Cells]] = {
    "pyarrow": _read_by_pyarrow,
    "polars": _read_by_polars,
    "pandas": _read_by_pandas,
    "numpy": _read_by_numpy,
}
"""The fastest first."""
