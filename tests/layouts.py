"""layouts.py: ways in which the same numbers may be handed in, and what must become of each.

A layout makes of a C-contiguous array what a user hands in. "same": the results have the bits of the C-contiguous copy;
"error": a ValueError or TypeError that says argument, expected and received; "skip": it means nothing there. Roles (see
entry_points.py) may differ.
"""

import array
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from numpy.lib.stride_tricks import sliding_window_view

torch = pytest.importorskip("torch")

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = ("bool", *INTEGERS, "float16", "float32", "float64", "longdouble")
WIDE = tuple(dtype for dtype in DTYPES if dtype not in ("float16", "longdouble"))
FLOATS = ("float32", "float64")
FLAT = ("row", "labels", "weights")  # roles of one dimension


class OnlyDlpack:
    """What knows DLPack and nothing else."""

    def __init__(self, values, device=None):
        self._values, self._device = values, device

    def __dlpack__(self, **options):
        if self._device:
            raise BufferError("not on this device")
        return self._values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._device or self._values.__dlpack_device__()


class OnlyArray:
    def __init__(self, values):
        self._values = values

    def __array__(self, dtype=None, copy=None):
        return self._values


class OnlyInterface:
    def __init__(self, values):
        self.__array_interface__ = values.__array_interface__
        self._values = values


class OnlyArrow:
    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class Subclass(np.ndarray):
    """Whose operators mean something else."""

    def __getitem__(self, key):
        raise AssertionError("nothing asks a subclass for its elements")


@dataclass(frozen=True)
class Layout:
    """What makes a container of an array, and what must become of it, by role if there it is something else."""

    make: Callable[[Any], Any]
    expected: str = "same"
    dtypes: tuple[str, ...] = DTYPES
    roles: dict[str, str] = field(default_factory=dict)


def copy_plainly(container, a):
    """Return the C-contiguous array of this machine's bytes that a container stands for, made of `a`."""
    if isinstance(container, np.ndarray | np.generic | list | array.array | bytearray):
        plain = np.array(container, order="C", subok=False)
        return plain.astype(plain.dtype.newbyteorder("="), copy=False)
    return a.copy()


def map_file(a):
    with tempfile.NamedTemporaryFile() as file:
        mapped = np.memmap(file.name, a.dtype, "w+", shape=a.shape)
        mapped[...] = a
        return mapped


def misalign(a):
    return np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)


def overlap(a):
    return sliding_window_view(a.ravel(), a.shape[1])[: len(a)] if a.ndim == 2 else repeat(a)


def repeat(a):
    return np.broadcast_to(a[:1], a.shape)


def reverse(a):
    return np.flip(np.flip(a).copy())


def step(a):
    return np.repeat(np.repeat(a, 2, axis=0), 3, axis=-1)[::2, ..., ::3] if a.ndim > 1 else np.repeat(a, 2)[::2]


def as_frame(a):
    return pd.DataFrame(a, columns=[f"f{i}" for i in range(a.shape[1])]) if a.ndim > 1 else pd.Series(a)


def as_other_index(a):
    frame = as_frame(a)
    frame.index = np.arange(len(a))[::-1] * 7
    return frame


def as_text(a):
    return as_frame(a).map(lambda value: f"<{value}>")


def as_polars(a):
    return pl.DataFrame(a, schema=[f"f{i}" for i in range(a.shape[1])]) if a.ndim > 1 else pl.Series(a)


def as_arrow(a):
    return pa.table({f"f{i}": a[:, i] for i in range(a.shape[1])}) if a.ndim > 1 else pa.array(a)


def as_chunks(a):
    parts = [as_arrow(a[:2]), as_arrow(a[2:])]
    return pa.concat_tables(parts) if a.ndim > 1 else pa.chunked_array(parts)


def as_narwhals(a):
    import narwhals as nw

    return nw.from_native(as_polars(a), allow_series=True)


def as_nullable(a):
    name = {"bool": "boolean", "float32": "Float32", "float64": "Float64"}.get(a.dtype.name)
    return as_frame(a).astype(name or a.dtype.name.replace("int", "Int").replace("uI", "UI"))


def as_ragged(a):
    return [[1, 2, 3], [1], *[[1, 2]] * (len(a) - 2)]


CODES = {np.dtype(code).name: code for code in "bBhHiIlLfd"}

LAYOUTS = {
    # ---- arrays of NumPy ----
    "C": Layout(lambda a: a),
    "F": Layout(np.asfortranarray),
    "negative stride": Layout(reverse),
    "zero stride": Layout(repeat),
    "step": Layout(step),
    "overlapping": Layout(overlap),
    "part of a wider one": Layout(lambda a: np.concatenate([a, a], axis=-1)[..., : a.shape[-1]]),
    "misaligned": Layout(misalign),
    "byte-swapped": Layout(
        lambda a: a.astype(a.dtype.newbyteorder()),
        dtypes=tuple(d for d in DTYPES if d not in ("bool", "int8", "uint8")),
    ),
    "read-only": Layout(lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape)),
    "memory-mapped": Layout(map_file),
    "subclass": Layout(lambda a: a.view(Subclass)),
    "0 rows": Layout(lambda a: a[:0], "error"),
    "0 columns": Layout(lambda a: a[..., :0], "error"),
    "0-d": Layout(lambda a: a.ravel()[0], "error"),
    "1-d": Layout(np.ravel, "error", roles=dict.fromkeys(FLAT, "same")),
    "3-d": Layout(lambda a: a.reshape(len(a), -1, 1), roles=dict.fromkeys(("row", "weights", "matrix"), "error")),
    "complex": Layout(lambda a: a.astype(complex), "error", FLOATS),
    "object": Layout(lambda a: a.astype(object), "error", WIDE),
    "string": Layout(lambda a: a.astype(str), "error", WIDE),
    "bytes": Layout(lambda a: a.astype("S"), "error", FLOATS),
    "dates": Layout(lambda a: a.astype("M8[s]"), "error", INTEGERS),
    "structured": Layout(lambda a: np.zeros(a.shape, [("a", a.dtype), ("b", a.dtype)]), "error"),
    "masked": Layout(lambda a: np.ma.masked_less(a, 1), "error"),
    # ---- Python's own ----
    "list": Layout(np.ndarray.tolist, dtypes=(*WIDE, "float16")),
    "tuple of arrays": Layout(tuple, dtypes=WIDE),
    "ragged list": Layout(as_ragged, "error", FLOATS),
    "array.array": Layout(
        lambda a: array.array(CODES[a.dtype.name], a.tobytes()), "error", tuple(CODES), dict.fromkeys(FLAT, "same")
    ),
    "bytearray": Layout(lambda a: bytearray(a.tobytes()), "error", ("uint8",), dict.fromkeys(FLAT, "same")),
    "memoryview": Layout(memoryview),
    "ctypes": Layout(np.ctypeslib.as_ctypes, dtypes=WIDE),
    "text": Layout(lambda a: "data.csv", "error", FLOATS),
    "None": Layout(lambda a: None, "error", FLOATS, {"weights": "skip"}),
    # ---- protocols ----
    "DLPack": Layout(OnlyDlpack, dtypes=tuple(d for d in DTYPES if d != "longdouble")),
    "DLPack of a GPU": Layout(lambda a: OnlyDlpack(a, (2, 0)), "error", FLOATS),
    "__array__": Layout(OnlyArray),
    "__array_interface__": Layout(OnlyInterface),
    "tensor": Layout(torch.from_numpy, dtypes=tuple(d for d in DTYPES if d != "longdouble")),
    "tensor with gradients": Layout(lambda a: torch.from_numpy(a).requires_grad_(), "error", ("float16", *FLOATS)),
    "tensor of bfloat16": Layout(lambda a: torch.from_numpy(a).bfloat16(), "error", FLOATS),
    "tensor of another device": Layout(lambda a: torch.from_numpy(a).to("meta"), "error", FLOATS),
    # ---- frames and columns ----
    "pandas": Layout(as_frame, dtypes=(*WIDE, "float16")),
    "pandas, other index": Layout(as_other_index, dtypes=WIDE),
    "pandas, nullable": Layout(as_nullable, dtypes=WIDE),
    "pandas, Arrow": Layout(lambda a: as_frame(a).astype(pd.ArrowDtype(pa.from_numpy_dtype(a.dtype))), dtypes=WIDE),
    "pandas, text": Layout(as_text, "error", FLOATS),
    "pandas, categories of text": Layout(lambda a: as_text(a).astype("category"), "error", FLOATS),
    "polars": Layout(as_polars, dtypes=WIDE),
    "polars, text": Layout(lambda a: as_polars(a.astype(str)), "error", FLOATS),
    "Arrow": Layout(as_arrow, dtypes=WIDE),
    "Arrow, chunks": Layout(as_chunks, dtypes=WIDE),
    "Arrow stream": Layout(lambda a: OnlyArrow(as_arrow(a)), dtypes=WIDE, roles=dict.fromkeys(FLAT, "skip")),
    "narwhals": Layout(as_narwhals, dtypes=WIDE),
    # ---- sparse ----
    "sparse": Layout(scipy.sparse.csr_array, "error", WIDE, {"samples": "same", **dict.fromkeys(FLAT, "skip")}),
}
