"""splitting: rows in another order, and rows parted into those to train on and those to test with."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast._random_state import Numbers, RandomState
from nnfast.data.containers import as_array

Array = NDArray[Any]
Rows = NDArray[np.int64]
Share = float | int | None

_TEST_SHARE = 0.25


def train_test_split(
    *arrays: Any,
    test_size: Share = None,
    train_size: Share = None,
    random_state: RandomState = None,
    shuffle: bool = True,
    stratify: Any = None,
) -> list[Any]:
    """Part the rows of arrays at random into rows to train on and rows to test with.

    Parameters
    ----------
    *arrays : arrays, lists, sparse matrices or data frames
        With as many rows each; rows of the same number stay together.
    test_size, train_size : float or int, optional
        A share of the rows in (0, 1), of which the test's is rounded up and the training's down, or a number of rows.
        One that is missing is the rest; without both the test gets a quarter.
    random_state : int, Generator or None
        The seed. The same rows are drawn on every machine, but not those that scikit-learn draws from it.
    shuffle : bool
        Whether rows are drawn; if not, the first ones are for training, and arrays are parted without a copy.
    stratify : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
        Classes, numbers or text, whose shares are kept in both parts, as nearly as whole rows can. Of several columns
        each combination is a class.

    Returns
    -------
    list
        Training and test part of each array in turn: lists of lists, data frames of data frames, else arrays and sparse
        matrices of what was given.

    Raises
    ------
    ValueError
        If arrays differ in their numbers of rows, a part would be empty, or a class has too few rows for both.

    Examples
    --------
    >>> x, y = np.arange(10).reshape(5, 2), [0, 0, 0, 1, 1]
    >>> x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.4, random_state=0, stratify=y)
    >>> sorted(y_train), sorted(y_test)
    ([0, 0, 1], [0, 1])
    """
    arrays = tuple(map(_as_sliceable, arrays))
    n_rows = _count_rows(arrays)
    n_train, n_test = _find_sizes(n_rows, test_size, train_size)
    if not _validation.check_bool("shuffle", shuffle):
        if stratify is not None:
            raise _validation.mismatch("stratify", "None, as shuffle is False", stratify)
        parts: tuple[Any, Any] = slice(n_train), slice(n_train, n_train + n_test)
    else:
        order = Numbers(random_state).draw_order(n_rows)
        if stratify is None:
            parts = order[n_test : n_test + n_train], order[:n_test]
        else:
            parts = _stratify(order, _find_classes(stratify, n_rows), n_train, n_test)
    return [take_rows(array, rows) for array in arrays for rows in parts]


def shuffle(*arrays: Any, random_state: RandomState = None, n_samples: int | None = None) -> Any:
    """Bring the rows of arrays into another order, the same for all of them.

    Parameters
    ----------
    *arrays : arrays, lists, sparse matrices or data frames
        With as many rows each.
    random_state : int, Generator or None
        The seed, as in `train_test_split`.
    n_samples : int, optional
        How many of the rows are kept; all by default.

    Returns
    -------
    array, or list of them
        A copy of the only array, or one of each.

    Examples
    --------
    >>> sorted(shuffle([1, 2, 3], random_state=0))
    [1, 2, 3]
    """
    arrays = tuple(map(_as_sliceable, arrays))
    n_rows = _count_rows(arrays)
    n_kept = n_rows if n_samples is None else _validation.check_integer("n_samples", n_samples, 1, n_rows)
    order = Numbers(random_state).draw_order(n_rows)[:n_kept]
    taken = [take_rows(array, order) for array in arrays]
    return taken[0] if len(taken) == 1 else taken


def take_rows(array: Any, rows: Rows | slice) -> Any:
    """Return some rows of what users give as an array, as the same kind of thing."""
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    if hasattr(array, "tocsr"):
        return array.tocsr()[rows]
    if isinstance(array, list | tuple):
        return list(array[rows]) if isinstance(rows, slice) else [array[i] for i in rows]
    if hasattr(array, "to_pylist") and not isinstance(rows, slice):  # of pyarrow, whose brackets take no numbers
        return array.take(rows)
    return array[rows]


def _as_sliceable(array: Any) -> Any:
    """Return an array for what holds numbers and does not take slices of rows, or numbers of rows, itself."""
    if isinstance(array, str | bytes | dict | list | tuple) or hasattr(array, "to_pylist"):
        return array
    return array if hasattr(array, "shape") and not isinstance(array, memoryview) else as_array(array, "arrays")


def _count_rows(arrays: tuple[Any, ...]) -> int:
    if not arrays:
        raise ValueError("arrays: expected at least one array, received none")
    counts = []
    for array in arrays:
        shape = getattr(array, "shape", None)
        if shape == () or not (shape or hasattr(array, "__len__")) or isinstance(array, str | bytes | dict):
            raise _validation.mismatch("arrays", "arrays, lists, sparse matrices or data frames", array)
        counts.append(int(shape[0]) if shape else len(array))
    if len(set(counts)) > 1:
        raise ValueError(f"arrays: expected as many rows in each, received {', '.join(map(str, counts))}")
    if counts[0] == 0:
        raise ValueError("arrays: expected at least one row, received 0")
    return counts[0]


def _find_sizes(n_rows: int, test_size: Share, train_size: Share) -> tuple[int, int]:
    """Return how many rows are for training and for testing."""
    if test_size is None and train_size is None:
        test_size = _TEST_SHARE
    n_test = _find_size("test_size", test_size, n_rows, math.ceil)
    n_train = _find_size("train_size", train_size, n_rows, math.floor)
    if n_test is None:
        n_test = n_rows - (n_train or 0)
    if n_train is None:
        n_train = n_rows - n_test
    if min(n_train, n_test) < 1 or n_train + n_test > n_rows:
        expected = f"parts of at least one row, of at most {n_rows} together"
        raise ValueError(f"test_size, train_size: expected {expected}, received {n_test} and {n_train} rows")
    return n_train, n_test


def _find_size(name: str, size: Share, n_rows: int, round_off: Any) -> int | None:
    if size is None:
        return None
    if isinstance(size, float | np.floating) and 0 < size < 1:
        return int(round_off(float(size) * n_rows))
    try:
        return _validation.check_integer(name, size, 1, n_rows - 1)
    except ValueError:
        expected = f"a share in (0, 1), or an integer from 1 to {n_rows - 1}, as there are {n_rows} rows"
        raise _validation.mismatch(name, expected, size) from None


def _find_classes(stratify: Any, n_rows: int) -> Rows:
    """Return the place of each row's class among all classes."""
    values = as_array(stratify, "stratify")
    if values.dtype.kind in "cV":
        raise TypeError(f"stratify: expected classes that are numbers or texts, received dtype {values.dtype}")
    if values.ndim not in (1, 2) or len(values) != n_rows:
        raise ValueError(f"stratify: expected a class for each of {n_rows} rows, received shape {values.shape}")
    if values.ndim == 2 and values.shape[1] > 1:
        columns = [np.unique(column, return_inverse=True)[1].reshape(-1) for column in values.T]
        values = np.stack(columns, axis=1)
        return np.unique(values, axis=0, return_inverse=True)[1].reshape(-1)
    return np.unique(values.reshape(-1), return_inverse=True)[1].reshape(-1)


def _stratify(order: Rows, classes: Rows, n_train: int, n_test: int) -> tuple[Rows, Rows]:
    """Give of each class the first rows in the order to training, the next to the test."""
    counts = np.bincount(classes)
    if counts.min() < 2:
        raise ValueError(f"stratify: expected at least 2 rows of each class, received {counts.min()} of one")
    if min(n_train, n_test) < len(counts):
        received = f"{n_train} to train on and {n_test} to test with"
        raise ValueError(f"stratify: expected parts of at least {len(counts)} rows, one a class, received {received}")
    of_train = _share_out(counts, n_train)
    of_test = _share_out(counts - of_train, n_test)
    ordered = classes[order]
    by_class = np.argsort(ordered, kind="stable")
    place = np.empty_like(order)  # of a row within its class
    place[by_class] = np.arange(len(order)) - (np.cumsum(counts) - counts)[ordered[by_class]]
    is_train = place < of_train[ordered]
    is_test = ~is_train & (place < (of_train + of_test)[ordered])
    return order[is_train], order[is_test]


def _share_out(counts: Rows, n: int) -> Rows:
    """Share n rows out among classes in proportion to their counts; what is left goes to the largest remainders."""
    shares, remainders = np.divmod(counts * n, counts.sum())
    left = n - int(shares.sum())
    shares[np.argsort(-remainders, kind="stable")[:left]] += 1
    return shares
