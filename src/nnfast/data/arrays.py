"""arrays: what users hand in as x and y -> the arrays the core reads, by view wherever that is possible.

Values never change, but for integers beyond 2**53 and long doubles, which are rounded to the nearest float64.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _core
from nnfast.data.containers import as_array, as_numbers, as_plain

Array = NDArray[Any]

_CORE_DTYPES = tuple(np.dtype(t) for t in (np.uint8, np.float32, np.float64))


def as_features(x: Any, *, name: str = "x", n_features: int | None = None) -> Array:
    """Make the 2-d array of samples that the core reads.

    Parameters
    ----------
    x : array-like of shape (n_samples, n_features) or (n_samples, ...)
        An array, nested lists, a data frame, or anything with the buffer protocol, ``__array__`` or DLPack. More than
        two dimensions (a stack of images) are flattened to two.
    name : str
        What error messages call it.
    n_features : int, optional
        The number of columns it must have.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        dtype uint8, float32 or float64, native and aligned, elements of a row side by side, rows at any stride. It
        shares memory with `x` unless dtype or layout forbid it, and is never to be written to.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.
    ValueError
        If `x` is empty, ragged, has fewer than two dimensions or not `n_features` columns.
    """
    array = _as_numbers(x, name)
    if array.ndim == 1:
        raise ValueError(
            f"{name}: expected 2 dimensions (n_samples, n_features), received shape {array.shape}; use "
            "reshape(-1, 1) if it is one feature of many samples, reshape(1, -1) if it is one sample"
        )
    n_columns = math.prod(array.shape[1:])
    if n_features is not None and n_columns != n_features:
        raise make_features_error(name, n_features, array.shape, n_columns)
    return as_rows(array)


def as_sample(x: Any, *, n_features: int) -> Array:
    """Make the 1-d array of one sample that the core reads.

    Parameters
    ----------
    x : array-like of shape (n_features,)
        Of what `as_features` takes.
    n_features : int
        The number of elements it must have.

    Returns
    -------
    ndarray of shape (n_features,)
        A row of what `as_features` returns, contiguous.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.
    ValueError
        If its shape is another.
    """
    array = _as_numbers(x, "x")
    if array.shape != (n_features,):
        hint = "; predict takes several samples" if array.ndim > 1 else ""
        raise ValueError(f"x: expected one sample of shape ({n_features},), received shape {array.shape}{hint}")
    sample: Array = as_rows(array.reshape(1, -1))[0]
    return sample


def as_result(out: Any, *, n_outputs: int, dtype: str) -> Array:
    """Return `out` as a plain array of the same memory if the core can write a row of outputs there.

    Parameters
    ----------
    out : ndarray of shape (n_outputs,)
        Contiguous, aligned and writable.
    n_outputs : int
        The number of elements it must have.
    dtype : str
        What it must hold.

    Returns
    -------
    ndarray of shape (n_outputs,)

    Raises
    ------
    TypeError
        If `out` is no array.
    ValueError
        If it is another one.
    """
    expected = f"out: expected a writable, contiguous array of shape ({n_outputs},) and dtype {dtype}, received"
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{expected} {type(out).__name__}")
    good = {"read-only": out.flags.writeable, "strided": out.flags.c_contiguous, "unaligned": out.flags.aligned}
    faults = [fault for fault, is_good in good.items() if not is_good]
    if faults or out.shape != (n_outputs,) or out.dtype != dtype:
        raise ValueError(" ".join([expected, *faults, f"{out.dtype} of shape {out.shape}"]))
    return np.asarray(out)


def as_any_targets(y: Any, *, name: str = "y", n_samples: int) -> Array:
    """Make the array that a loss of one's own is given rows of: of any shape and dtype, with as many rows as x."""
    array = as_array(y, name)
    if array.ndim == 0 or len(array) != n_samples:
        raise ValueError(f"{name}: expected as many rows as x has, {n_samples}, received shape {array.shape}")
    return array


def as_metric_targets(y: Array, *, name: str = "y", n_outputs: int, dtype: str = "float64") -> Array:
    """Make of those what metrics read: class labels, int32 of shape (n_samples, 1), or `dtype`, a number an output."""
    if y.dtype.kind in "fiub" and y.size == len(y) * n_outputs:
        return as_plain(y.reshape(len(y), n_outputs), dtype)
    if y.dtype.kind in "iu" and y.size == len(y):
        return as_plain(y.reshape(-1, 1), np.int32)
    wanted = f"targets of y_pred's shape ({len(y)}, {n_outputs}), or class labels, for metrics and class_weight"
    raise ValueError(f"{name}: expected {wanted}, received {y.dtype} of shape {y.shape}")


def as_targets(y: Any, *, name: str = "y", n_samples: int, n_outputs: int, labels: bool) -> Array:
    """Make the array of targets that the core reads.

    Parameters
    ----------
    y : array-like
        Class labels of shape (n_samples,) or (n_samples, 1), or values of shape (n_samples, n_outputs); with one
        output (n_samples,) will do.
    name : str
        What error messages call it.
    n_samples : int
        The number of rows x has.
    n_outputs : int
        The number of the network's outputs; labels are below it.
    labels : bool
        Whether `y` holds class labels.

    Returns
    -------
    ndarray
        int32 of shape (n_samples, 1) for labels, else as `as_features` does, of shape (n_samples, n_outputs).

    Raises
    ------
    TypeError
        If `y` does not hold real numbers.
    ValueError
        If the shape is wrong, or a label is no integer in [0, n_outputs).
    """
    array = _as_numbers(y, name)
    if len(array) != n_samples:
        raise ValueError(
            f"{name}: expected as many rows as x has, {n_samples}, received {len(array)} (shape {array.shape})"
        )
    if labels:
        return _as_labels(array, name, n_outputs)
    n_columns = math.prod(array.shape[1:])
    if n_columns != n_outputs:
        hint = "; class labels go with sparse_categorical_crossentropy" if n_columns == 1 else ""
        raise ValueError(
            f"{name}: expected shape ({n_samples}, {n_outputs}), as the network has {_count(n_outputs, 'output')}, "
            f"received {array.shape}{hint}"
        )
    return as_rows(array)


def as_weights(weights: Any, *, name: str = "sample_weight", n_samples: int, n_outputs: int = 1) -> Array:
    """Make the weights of samples that the core reads.

    Parameters
    ----------
    weights : array-like of shape (n_samples,), (n_samples, 1) or (n_samples, n_outputs)
        Finite numbers >= 0.
    name : str
        What error messages call it.
    n_samples : int
        The number of rows x has.
    n_outputs : int
        The number of weights that a row may have instead of one.

    Returns
    -------
    ndarray of float64, shape (n_samples, 1) or (n_samples, n_outputs)

    Raises
    ------
    TypeError
        If `weights` does not hold real numbers.
    ValueError
        If the shape is wrong, or a weight is negative or not finite.
    """
    array = _as_numbers(weights, name)
    if array.shape not in ((n_samples,), (n_samples, 1), (n_samples, n_outputs)):
        more = f", or of each output, shape ({n_samples}, {n_outputs})," if n_outputs > 1 else ","
        raise ValueError(
            f"{name}: expected a weight for each row of x, shape ({n_samples},){more} received shape {array.shape}"
        )
    values = array.reshape(n_samples, -1)
    good = np.isfinite(values) & (values >= 0)
    if not good.all():
        row, column = np.argwhere(~good)[0]
        raise ValueError(f"{name}: expected finite numbers >= 0, received {values[row, column]} in row {row}")
    return as_plain(values, np.float64)


def check_finite(x: Array, name: str) -> None:
    """Raise ValueError with row and column if `x`, as made by `as_features`, holds a NaN or an infinity."""
    if x.dtype.kind != "f":
        return
    index = _core.find_not_finite(x)
    if index >= 0:
        row, column = divmod(index, x.shape[1])
        raise make_finite_error(name, x[row, column], row, column)


def make_finite_error(name: str, value: Any, row: int, column: int) -> ValueError:
    """Make the error for a NaN or an infinity."""
    word = "NaN" if np.isnan(value) else "infinity"
    return ValueError(f"{name}: expected finite numbers, received {word} in row {row}, column {column}")


def make_empty_error(name: str, shape: tuple[int, ...]) -> ValueError:
    """Make the error for samples without an element."""
    return ValueError(f"{name}: expected at least one sample and one feature, received shape {shape}")


def make_features_error(name: str, expected: int, shape: tuple[int, ...], received: int | None = None) -> ValueError:
    """Make the error for samples of another number of features: ``shape[1]``, unless that is told."""
    n = shape[1] if received is None else received
    return ValueError(f"{name}: expected {_count(expected, 'feature')} a sample, received {n} (shape {shape})")


def _as_numbers(x: Any, name: str) -> Array:
    """Take `x` as an array of real numbers, with at least one dimension and one element."""
    array = as_numbers(x, name)
    if array.ndim == 0:
        raise ValueError(f"{name}: expected an array, received the single number {array}")
    if array.size == 0:
        raise make_empty_error(name, array.shape)
    return array


def as_rows(array: Array) -> Array:
    """Bring numbers into two dimensions, a dtype and a layout the core reads."""
    if array.dtype not in _CORE_DTYPES:
        array = _converted(array)
    if array.ndim != 2:
        array = array.reshape(len(array), -1)
    if array.strides[1] != array.itemsize or not array.flags.aligned:
        array = np.array(array, order="C")
    return array


def _converted(array: Array) -> Array:
    """Convert to the smallest of the core's dtypes that holds every value of the array's dtype."""
    if array.dtype.kind == "b":
        return array.view(np.uint8)
    narrow = 4 if array.dtype.kind == "f" else 2
    return array.astype(np.float32 if array.itemsize <= narrow else np.float64, order="C")


def _as_labels(array: Array, name: str, n_outputs: int) -> Array:
    if array.size != len(array):
        raise ValueError(
            f"{name}: expected class labels of shape ({len(array)},), received shape {array.shape}; one-hot targets "
            "go with categorical_crossentropy"
        )
    values = array.reshape(-1)
    if values.dtype.kind == "f":
        _check_each(values, np.trunc(values) == values, name, "integer class labels")
    if values.min() < 0 or values.max() >= n_outputs:
        _check_each(values, (values >= 0) & (values < n_outputs), name, f"class labels from 0 to {n_outputs - 1}")
    return as_plain(values, np.int32).reshape(-1, 1)


def _check_each(values: Array, good: NDArray[np.bool_], name: str, expected: str) -> None:
    if not good.all():
        row = int(np.argmin(good))
        raise ValueError(f"{name}: expected {expected}, received {values[row]} in row {row}")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
