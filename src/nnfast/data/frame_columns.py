"""frame_columns: the columns of frames as arrays of numbers, truth values, dates or text."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.data.containers import find_library
from nnfast.data.engines import choose_engine
from nnfast.exceptions import DataFileError

Array = NDArray[Any]

_EXPECTED = "expected numbers, truth values, text or dates"
_FLOATS = {2: np.float32, 4: np.float32, 8: np.float64}


def read_columns(frame: Any, source: str | Path) -> tuple[tuple[str, ...], list[Array]]:
    """Read names and columns of a frame.

    Parameters
    ----------
    frame : frame
        Of pandas, polars, pyarrow or narwhals, or anything with ``__arrow_c_stream__``.
    source : str or Path
        What error messages call it.

    Returns
    -------
    tuple
        The names, and of each column an array: numbers (NaN where missing), bool, datetime64, or objects (str, or None
        where missing).
    """
    library, frame = _as_known(frame)
    names, columns = _LIBRARIES[library](frame)
    arrays = []
    for name, (column, kind, make) in zip(names, columns, strict=True):
        array = make(column)
        if array is None:
            raise DataFileError(source, f"column {name!r}: {_EXPECTED}, received {kind}")
        arrays.append(_as_known_dtype(array))
    return tuple(map(str, names)), arrays


def read_column(column: Any, name: str) -> Array:
    """Read a column of pandas, polars, pyarrow or narwhals, as `read_columns` does; ValueError if it holds others."""
    library = find_library(column)
    if library == "narwhals":
        return read_column(column.to_native(), name)
    array = _MAKERS[library](column)
    if array is None:
        raise ValueError(f"{name}: {_EXPECTED}, received {getattr(column, 'dtype', None) or column.type}")
    return _as_known_dtype(array)


def as_text(numbers: Array) -> Array:
    """Return numbers as text, as short as they are read back: "3", "0.5", or None for NaN."""
    values, places = np.unique(numbers, return_inverse=True)
    texts = [None if value != value else str(value).removesuffix(".0") for value in values]
    return _as_objects(texts)[places]


def _as_known(frame: Any) -> tuple[str, Any]:
    """Return a frame of a library that is known, and its name."""
    library = find_library(frame)
    if library == "narwhals":
        return _as_known(frame.to_native())
    kind = type(frame)
    if library in _LIBRARIES and (hasattr(kind, "columns") or hasattr(kind, "read_all")):
        return library, frame
    if not hasattr(frame, "__arrow_c_stream__"):
        expected = "a path, a frame of pandas, polars, pyarrow or narwhals, or an object with __arrow_c_stream__"
        raise TypeError(f"source: expected {expected}, received {type(frame).__name__}")
    library = choose_engine("auto", ("pyarrow", "polars"), "Arrow streams")
    if library == "polars":
        import polars as pl

        return library, pl.DataFrame(frame)
    import pyarrow as pa

    return library, pa.RecordBatchReader.from_stream(frame)


Column = tuple[Any, str, Callable[[Any], Array | None]]
"""A column, the name of its type, and what makes an array of it, or None if its type is another."""


def _read_pyarrow(frame: Any) -> tuple[list[str], list[Column]]:
    import pyarrow as pa

    if hasattr(frame, "read_all"):
        frame = frame.read_all()
    if isinstance(frame, pa.RecordBatch):
        frame = pa.Table.from_batches([frame])
    return frame.column_names, [(column, str(column.type), _make_of_pyarrow) for column in frame.columns]


def _make_of_pyarrow(column: Any) -> Array | None:
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        return _make_of_pyarrow(column.cast(kind.value_type))
    if types.is_decimal(kind) or types.is_null(kind):
        return _make_of_pyarrow(column.cast(pa.float64()))
    if types.is_boolean(kind) and column.null_count:
        return _make_of_pyarrow(column.cast(pa.uint8()))
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if str(kind) in ("string", "large_string", "string_view"):
        return _as_objects(column.to_pylist())
    if types.is_date(kind) or types.is_timestamp(kind):
        return np.asarray(column.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False))
    return None


def _read_polars(frame: Any) -> tuple[list[str], list[Column]]:
    if hasattr(frame, "collect"):
        frame = frame.collect()
    return frame.columns, [(column, str(column.dtype), _make_of_polars) for column in frame.get_columns()]


def _make_of_polars(column: Any) -> Array | None:
    import polars as pl

    kind = column.dtype
    is_number = kind.is_numeric() or kind == pl.Boolean or kind == pl.Null
    if is_number and (column.null_count() or kind.is_decimal()) and kind != pl.Float32:
        column = column.cast(pl.Float64)
    if is_number:
        return np.asarray(column.to_numpy())
    if kind in (pl.String, pl.Categorical, pl.Enum):
        return _as_objects(column.cast(pl.String).to_list())
    return np.asarray(column.cast(pl.Datetime("us")).to_numpy()) if kind in (pl.Date, pl.Datetime) else None


def _read_pandas(frame: Any) -> tuple[list[str], list[Column]]:
    columns = [frame.iloc[:, index] for index in range(frame.shape[1])]
    return list(frame.columns), [(column, str(column.dtype), _make_of_pandas) for column in columns]


def _make_of_pandas(column: Any) -> Array | None:
    from pandas.api import types

    kind = column.dtype
    if types.is_bool_dtype(kind) and not column.isna().any():
        return np.asarray(column.to_numpy(bool))
    if types.is_numeric_dtype(kind) and not types.is_complex_dtype(kind):
        if isinstance(kind, np.dtype):
            return np.asarray(column.to_numpy())
        dtype = getattr(kind, "numpy_dtype", np.dtype(object))
        if dtype.kind in "fiu" and not column.isna().any():
            return np.asarray(column.to_numpy(dtype))
        return np.asarray(column.to_numpy(np.float32 if dtype == np.float32 else np.float64, na_value=np.nan))
    if types.is_datetime64_any_dtype(kind) and kind.type is not date:  # Arrow's dates are objects
        return np.asarray(column.to_numpy("M8[us]", na_value=np.datetime64("NaT")))
    if isinstance(kind, np.dtype) and kind.kind in "mc":
        return None
    return _make_of_objects([None if missing else value for value, missing in zip(column, column.isna(), strict=True)])


def _make_of_objects(values: list[Any]) -> Array | None:
    """Make an array of objects of one kind."""
    present = [value for value in values if value is not None]
    if not present or all(isinstance(value, Real | Decimal | np.bool_) for value in present):
        if len(present) == len(values) and all(isinstance(value, bool | np.bool_) for value in present):
            return np.array(values, bool)
        return np.array([np.nan if value is None else float(value) for value in values])
    if all(isinstance(value, str) for value in present):
        return _as_objects(values)
    return np.array(values, "M8[us]") if all(isinstance(value, date) for value in present) else None


def _as_objects(values: list[str | None]) -> Array:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _as_known_dtype(array: Array) -> Array:
    """Bring float16 to float32, and long doubles to float64."""
    return array.astype(_FLOATS.get(array.itemsize, np.float64), copy=False) if array.dtype.kind == "f" else array


_LIBRARIES: dict[str, Callable[[Any], tuple[list[str], list[Column]]]] = {
    "pyarrow": _read_pyarrow,
    "polars": _read_polars,
    "pandas": _read_pandas,
}
_MAKERS: dict[str, Callable[[Any], Array | None]] = {
    "pyarrow": _make_of_pyarrow,
    "polars": _make_of_polars,
    "pandas": _make_of_pandas,
}
