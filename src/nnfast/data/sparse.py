"""sparse: sparse matrices as samples: the core reads what is stored, and fills in the zeros of rows as it uses them.

SciPy is not needed: its matrices are known by their attributes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _core
from nnfast.data import arrays
from nnfast.data.arrays import Array
from nnfast.data.containers import as_native, as_plain

_MAX_FEATURES = 2**31 - 1
_CSR_PARTS = ("data", "indices", "indptr", "shape")


@dataclass(frozen=True, eq=False)
class CsrRows:
    """Samples in compressed sparse rows as the core reads them; never to be written to.

    Parameters
    ----------
    values : ndarray of shape (n_stored,)
        uint8, float32 or float64.
    indices : ndarray of int32, shape (n_stored,)
        The column of each value; no two of a row are the same.
    indptr : ndarray of int64, shape (n_samples + 1,)
        Row i has the values indptr[i] to indptr[i + 1] - 1.
    n_features : int
        The number of columns.
    """

    values: Array
    indices: NDArray[np.int32]
    indptr: NDArray[np.int64]
    n_features: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __getitem__(self, rows: slice) -> "CsrRows":
        """Return rows that follow each other, which share what is stored."""
        begin, end, _ = slice(rows.start, rows.stop).indices(len(self))
        return CsrRows(self.values, self.indices, self.indptr[begin : max(begin, end) + 1], self.n_features)

    @property
    def shape(self) -> tuple[int, int]:
        """As of the array that holds the zeros too."""
        return len(self), self.n_features


Samples = Array | CsrRows


def as_samples(x: Any, *, name: str = "x", n_features: int | None = None) -> Samples:
    """Make the samples that the core reads, of an array or a sparse matrix.

    Parameters
    ----------
    x : array-like or sparse matrix of shape (n_samples, n_features)
        What `arrays.as_features` takes; or a CSR matrix or array of SciPy's, or what its method ``tocsr`` makes one.
        Elements that are stored twice count as their sum. What this function returned is returned as it is.
    name : str
        What error messages call it.
    n_features : int, optional
        The number of columns it must have.

    Returns
    -------
    ndarray of shape (n_samples, n_features) or CsrRows
        See `arrays.as_features`. Of a CSR matrix the values and int32 indices are shared where nothing forbids it.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.
    ValueError
        If `x` is empty, has not two dimensions or not `n_features` columns, or if indices or indptr of a sparse matrix
        are not what they must be.
    """
    if isinstance(x, CsrRows):
        _check_shape(x.shape, name, n_features)
        return x
    matrix = _find_csr(x)
    if matrix is None:
        return arrays.as_features(x, name=name, n_features=n_features)
    n_rows, n_columns = _check_shape(matrix.shape, name, n_features)
    values = _as_vector(matrix.data, f"{name}.data", "fiub", "real numbers")
    indices = _as_vector(matrix.indices, f"{name}.indices", "iu", "integers")
    indptr = _as_vector(matrix.indptr, f"{name}.indptr", "iu", "integers").astype(np.int64)
    _check_indptr(indptr, n_rows, min(len(values), len(indices)), name)
    values, indices = values[: indptr[-1]], indices[: indptr[-1]]
    _check_indices(indices, n_columns, name)
    if _may_repeat(indices, indptr):
        values, indices, indptr = _sum_repeated(values, indices, indptr, n_columns)
    native = arrays.as_rows(values.reshape(1, -1))[0]
    return CsrRows(native, as_plain(indices, np.int32), indptr, n_columns)


def copy_samples(x: Samples) -> Samples:
    """Return the same samples in memory of their own."""
    if not isinstance(x, CsrRows):
        return x.copy()
    return CsrRows(x.values.copy(), x.indices.copy(), x.indptr.copy(), x.n_features)


def check_finite(x: Samples, name: str) -> None:
    """Raise ValueError with row and column if `x`, as made by `as_samples`, holds a NaN or an infinity."""
    if not isinstance(x, CsrRows):
        return arrays.check_finite(x, name)
    if x.values.dtype.kind != "f":
        return None
    first = _core.find_not_finite(x.values.reshape(1, -1)) if len(x.values) else -1
    if first >= 0:
        row = int(np.searchsorted(x.indptr, first, side="right")) - 1
        stored = slice(x.indptr[row], x.indptr[row + 1])
        values, columns = x.values[stored], x.indices[stored]
        at = np.flatnonzero(~np.isfinite(values))
        at = at[np.argmin(columns[at])]
        raise arrays.make_finite_error(name, values[at], row, int(columns[at]))
    return None


def _find_csr(x: Any) -> Any:
    """Return `x` as a CSR matrix, or None if it is not sparse."""
    if isinstance(x, np.ndarray) or not isinstance(getattr(x, "format", None), str):
        return None
    if x.format != "csr" and callable(getattr(x, "tocsr", None)):
        x = x.tocsr()
    return x if x.format == "csr" and all(hasattr(x, part) for part in _CSR_PARTS) else None


def _check_shape(shape: tuple[int, ...], name: str, n_features: int | None) -> tuple[int, int]:
    if len(shape) != 2:
        raise ValueError(f"{name}: expected 2 dimensions (n_samples, n_features), received shape {shape}")
    if 0 in shape:
        raise arrays.make_empty_error(name, shape)
    if n_features is not None and shape[1] != n_features:
        raise arrays.make_features_error(name, n_features, shape)
    if shape[1] > _MAX_FEATURES:
        raise ValueError(f"{name}: expected at most {_MAX_FEATURES} features a sample, received shape {shape}")
    return int(shape[0]), int(shape[1])


def _as_vector(values: Any, name: str, kinds: str, expected: str) -> Array:
    array = as_native(np.asarray(values))
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name}: expected {expected}, received dtype {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"{name}: expected 1 dimension, received shape {array.shape}")
    return array


def _check_indptr(indptr: NDArray[np.int64], n_rows: int, n_stored: int, name: str) -> None:
    if len(indptr) != n_rows + 1:
        raise ValueError(f"{name}.indptr: expected {n_rows + 1} numbers for {n_rows} rows, received {len(indptr)}")
    if indptr[0] != 0 or indptr[-1] > n_stored:
        raise ValueError(
            f"{name}.indptr: expected numbers from 0 to at most {n_stored}, as many as are stored, "
            f"received {indptr[0]} to {indptr[-1]}"
        )
    falls = np.flatnonzero(indptr[1:] < indptr[:-1])
    if len(falls):
        row = falls[0]
        raise ValueError(
            f"{name}.indptr: expected numbers that do not fall, received {indptr[row]} and then {indptr[row + 1]} "
            f"for row {row}"
        )


def _check_indices(indices: Array, n_columns: int, name: str) -> None:
    if len(indices) and (indices.min() < 0 or indices.max() >= n_columns):
        at = int(np.argmax((indices < 0) | (indices >= n_columns)))
        raise ValueError(
            f"{name}.indices: expected columns from 0 to {n_columns - 1}, received {indices[at]} at position {at}"
        )


def _may_repeat(indices: Array, indptr: NDArray[np.int64]) -> bool:
    """Whether the columns of some row do not rise."""
    falls = indices[1:] <= indices[:-1]
    starts = indptr[(indptr > 0) & (indptr < len(indices))]
    falls[starts - 1] = False
    return bool(falls.any())


def _sum_repeated(
    values: Array, indices: Array, indptr: NDArray[np.int64], n_columns: int
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Add up what is stored for one element, in the order and the dtype in which ``toarray`` does."""
    n_rows = len(indptr) - 1
    rows = np.repeat(np.arange(n_rows), np.diff(indptr))
    places, which = np.unique(rows * n_columns + indices.astype(np.int64), return_inverse=True)
    if len(places) == len(values):
        return values, indices, indptr
    sums = np.zeros(len(places), values.dtype)
    np.add.at(sums, which, values)
    return sums, places % n_columns, np.searchsorted(places, np.arange(n_rows + 1) * n_columns)
