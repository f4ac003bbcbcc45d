"""fingerprint: what tells data from other data: shape, dtype, and a SHA-256 of their bytes."""

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

_MOST_BYTES = 2**28  # of larger arrays so many are read, in pieces from all over them
_N_PIECES = 2**12
_BLOCK_BYTES = 2**20


def describe_rows(rows: Any) -> dict[str, Any] | None:
    """Return what tells rows from others, as plain data; None of None.

    Parameters
    ----------
    rows : array, sparse matrix or what has a shape and takes slices, shape (n_samples, ...)
        Up to 256 MiB of an array are read whole. Of a larger one 4,096 pieces are, evenly spread, first and last rows
        among them, 256 MiB together: a change elsewhere is not noticed.
    """
    if rows is None:
        return None
    parts = _list_parts(rows)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part.dtype} {tuple(part.shape)}\n".encode())
        _read(part, digest)
    return {"shape": [int(n) for n in rows.shape], "dtype": str(parts[0].dtype), "sha256": digest.hexdigest()}


def _list_parts(rows: Any) -> tuple[Any, ...]:
    """Return the arrays that make rows: one, or three of a sparse matrix."""
    if not hasattr(rows, "indptr"):
        return (rows if hasattr(rows, "dtype") else np.asarray(rows),)
    return rows.values if hasattr(rows, "values") else rows.data, rows.indices, rows.indptr


def _read(part: Any, digest: Any) -> None:
    for rows in _choose_slices(part):
        values = np.ascontiguousarray(part[rows])
        digest.update(repr(values.tolist()).encode() if values.dtype.hasobject else values.view(np.uint8).data)


def _choose_slices(part: Any) -> Iterator[slice]:
    n, row_bytes = part.shape[0], max(part.dtype.itemsize * math.prod(part.shape[1:]), 1)
    if n * row_bytes <= _MOST_BYTES:
        n_rows = max(_BLOCK_BYTES // row_bytes, 1)
        yield from (slice(first, first + n_rows) for first in range(0, n, n_rows))
        return
    n_rows = max(_MOST_BYTES // _N_PIECES // row_bytes, 1)
    for first in np.linspace(0, max(n - n_rows, 0), min(_N_PIECES, n)).astype(np.int64).tolist():
        yield slice(first, first + n_rows)
