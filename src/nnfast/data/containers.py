"""containers: whatever users hand in as an array or a frame -> a NumPy array, by view wherever that is possible.

The only place that knows who makes arrays: the buffer protocol, ``__array__``, DLPack, Arrow, and frames.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Names = tuple[str, ...]

PROTOCOLS = (
    "shape",
    *("__array__", "__array_interface__", "__array_struct__", "__dlpack__"),
    *("__arrow_c_array__", "__arrow_c_stream__"),
)
"""Attributes of what is an array or a frame; the buffer protocol has none."""

_LIBRARIES = ("narwhals", "pandas", "polars", "pyarrow")
_TABLE = "nnfast.data.table"  # the module of `Table`: who has none does not need to import it
_HOST_DEVICES = (1, 3, 11, 13)  # of DLPack: whose memory the CPU can read
_ENCODER = "preprocessing.TableEncoder makes numbers of tables and frames"


def as_array(x: Any, name: str) -> Array:
    """Make a plain array of what a user hands in.

    Parameters
    ----------
    x : array-like
        An array, nested lists, or anything with the buffer protocol, ``__array__``, ``__array_interface__`` or DLPack,
        in the CPU's memory; a `Table`, a frame or a column of pandas, polars, pyarrow or narwhals, or anything with
        ``__arrow_c_stream__``. Missing numbers of frames are NaN.
    name : str
        What error messages call it.

    Returns
    -------
    ndarray
        Of any shape and dtype, never to be written to. It shares memory with `x` where `x` has such an array.

    Raises
    ------
    TypeError
        If `x` has a mask, is sparse, lies on another device, or a column of a frame holds no numbers; a single column
        may hold anything.
    ValueError
        If `x` is ragged, or a column is of a type that is not known.
    """
    if type(x) is np.ndarray:
        return x
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name}: expected an array without a mask, received a masked array; use {name}.filled(value)")
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise TypeError(f"{name}: expected a dense array, received {type(x).__name__}; use {name}.toarray()")
    if _is_frame(x):
        return _read_frame(x, name)
    try:
        if hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
            return np.from_dlpack(x)
        return np.asarray(x)
    except (ValueError, TypeError, RuntimeError, BufferError) as error:
        raise _make_error(x, name, error) from error


def as_known(x: Any, name: str) -> Any:
    """Return what scikit-learn understands as it is, frames and sparse matrices too; all else as `as_array` does."""
    if x is None or hasattr(x, "tocsr"):
        return x
    known = x if _is_frame(x) and hasattr(x, "__array__") else as_array(x, name)
    if isinstance(known, np.ndarray) and (known.dtype.kind == "V" or (known.ndim == 0 and known.dtype.kind in "OSU")):
        raise TypeError(f"{name}: expected an array of numbers or texts, received {_describe(known, x)}")
    return known


def as_numbers(x: Any, name: str) -> Array:
    """Make an array of real numbers, of any shape, as `as_array` does; TypeError if `x` holds others."""
    array = as_native(as_array(x, name))
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected real numbers, received {_describe(array, x)}")
    return array


def as_native(array: Array) -> Array:
    """Return the same array; if its dtype names this machine's order of bytes, as Zarr does, with one that does not."""
    dtype = array.dtype
    return array.view(dtype.newbyteorder("=")) if dtype.byteorder in "<>" and dtype.isnative else array


def as_plain(array: Array, dtype: DTypeLike) -> Array:
    """Return the array in C order, aligned and of a dtype: itself if it is so, which numpy.require finds out slowly."""
    plain = np.ascontiguousarray(array, dtype)
    return plain if plain.flags.aligned else plain.copy()


def is_file_array(x: Any) -> bool:
    """Return whether `x` takes slices of rows, and need not lie in memory: an array of HDF5 or Zarr, for example."""
    if (
        _is_frame(x)
        or isinstance(x, memoryview | np.ndarray)
        or any(hasattr(x, name) for name in ("__dlpack__", "columns", "iloc"))
    ):
        return False
    return hasattr(x, "shape") and hasattr(x, "__getitem__")


def find_library(x: Any) -> str:
    """Return which of the libraries of frames made the class of `x`, or one that it inherits from; "" for none."""
    roots = (str(kind.__module__).split(".")[0] for kind in type(x).__mro__)  # that of arrays of ctypes is None
    return next((root for root in roots if root in _LIBRARIES), "")


def find_names(x: Any, name: str) -> Names | None:
    """Return the names of a frame's columns, if they are texts; TypeError if only some are."""
    if type(x) is np.ndarray or isinstance(x, list | tuple) or not _is_frame(x):
        return None
    names = _list_names(x)
    n_texts = sum(isinstance(each, str) for each in names)
    if 0 < n_texts < len(names):
        other = next(each for each in names if not isinstance(each, str))
        raise TypeError(f"{name}: expected columns whose names are all texts, or none, received {other!r} among texts")
    return tuple(names) if n_texts else None


def find_labels(x: Any) -> Names | None:
    """Return the labels of a series of pandas' if they are texts: for a row of a frame the names of its columns."""
    if find_library(x) != "pandas" or not _is_column(x) or not hasattr(x, "iloc"):
        return None
    labels = tuple(x.index)
    return labels if labels and all(isinstance(label, str) for label in labels) else None


def check_names(name: str, received: Names | None, expected: Names | None) -> None:
    """Raise ValueError if there are names on both sides that are others, or in another order."""
    if received is None or expected is None or received == expected:
        return
    from nnfast.data.table import shorten

    if sorted(received) == sorted(expected):
        hint = f"{name}[list(model.feature_names)] has that order"
        raise ValueError(
            f"{name}: expected columns in the order of fit, {shorten(expected)}, received {shorten(received)}; {hint}"
        )
    missing = [each for each in expected if each not in received]
    others = [each for each in received if each not in expected]
    faults = [f"without {shorten(missing)}"] * bool(missing) + [f"with {shorten(others)}"] * bool(others)
    raise ValueError(
        f"{name}: expected columns named as in fit, {shorten(expected)}, received {shorten(received)}"
        f"{': ' if faults else ''}{' and '.join(faults)}"
    )


def _is_table(x: Any) -> bool:
    return type(x).__module__ == _TABLE


def _is_frame(x: Any) -> bool:
    """Return whether `x` has columns, or is one, that NumPy alone may not understand."""
    if find_library(x):
        return _has_columns(x) or _is_column(x)
    return _is_table(x) or (hasattr(x, "__arrow_c_stream__") and not hasattr(x, "__array__"))


def _has_columns(x: Any) -> bool:
    return hasattr(type(x), "columns") or hasattr(type(x), "read_all")  # the latter of pyarrow's readers


def _is_column(x: Any) -> bool:
    return not _has_columns(x) and (hasattr(type(x), "dtype") or hasattr(type(x), "null_count"))


def _list_names(x: Any) -> list[Any]:
    if _is_table(x):
        return list(x.feature_names) if x.has_names else []
    if hasattr(x, "collect_schema"):  # of polars and narwhals, lazy ones too
        return list(x.collect_schema().names())
    if find_library(x) == "pyarrow" and _has_columns(x):
        return list(x.schema.names)
    return list(x.columns) if find_library(x) == "pandas" and _has_columns(x) else []


def _read_frame(x: Any, name: str) -> Array:
    from nnfast.data.frame_columns import read_column, read_columns

    if _is_table(x):
        return np.asarray(x.x)
    if _is_column(x):
        return read_column(x, name)
    if find_library(x) == "pandas" and len(kinds := set(x.dtypes)) == 1:
        kind = kinds.pop()
        if isinstance(kind, np.dtype) and kind.kind in "fiub":
            return np.asarray(x)
    names, columns = read_columns(x, name)
    return _join(name, names, [column.view(np.uint8) if column.dtype == bool else column for column in columns])


def _join(name: str, names: Names, columns: list[Array]) -> Array:
    from nnfast.data.table import describe_kind, join_columns

    if len(columns) == 1:
        return columns[0].reshape(-1, 1)
    matrix = join_columns(columns) if columns else np.empty((0, 0))
    if isinstance(matrix, np.ndarray):
        return matrix
    place = next(place for place, column in enumerate(columns) if column.dtype.kind not in "fiu")
    received = f"{describe_kind(columns[place])} in column {names[place]!r}"
    raise TypeError(f"{name}: expected columns of numbers, received {received}; {_ENCODER}")


def _describe(array: Array, x: Any) -> str:
    """Return what an array holds, what it was made of, and what to do."""
    source = "" if isinstance(x, np.ndarray | list | tuple) else f" ({type(x).__name__})"
    hint = ""
    if array.dtype.kind == "O" and array.ndim:
        hint = f"; {_ENCODER}" if _is_frame(x) or hasattr(x, "columns") else "; astype(float) makes numbers of objects"
    elif array.dtype.kind == "V":
        fields = "name one field, or use numpy.lib.recfunctions.structured_to_unstructured"
        hint = f"; {fields if array.dtype.names else 'use astype(numpy.float32)'}"
    return f"dtype {array.dtype}{source}{hint}"


def _make_error(x: Any, name: str, error: Exception) -> Exception:
    """Make the error for what could not be made an array."""
    kind = type(x).__name__
    if _find_device(x) not in (*_HOST_DEVICES, None):
        received = f"{kind} on {getattr(x, 'device', None) or f'device {_find_device(x)} of DLPack'}"
        return TypeError(f"{name}: expected an array in the CPU's memory, received {received}; copy it there first")
    if getattr(x, "requires_grad", False) is True:
        expected = "an array that no gradients are recorded for"
        return TypeError(f"{name}: expected {expected}, received {kind} that requires them; use {name}.detach()")
    if "bfloat16" in str(getattr(x, "dtype", "")):
        return TypeError(f"{name}: expected numbers that NumPy has, received {kind} of bfloat16; use {name}.float()")
    expected = "an array of numbers, rows of equal length"
    make = ValueError if isinstance(error, ValueError) else TypeError
    return make(f"{name}: expected {expected}, received {kind} ({error})")


def _find_device(x: Any) -> int | None:
    """Return DLPack's number for where an array lies; None if it does not say."""
    try:
        return int(x.__dlpack_device__()[0])
    except Exception:  # each library has errors of its own
        return None
