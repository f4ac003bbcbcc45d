"""labels: classes as numbers, and numbers as rows with a single 1."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast import _validation
from nnfast.data.containers import as_array
from nnfast.exceptions import NotReadyError

Array = NDArray[Any]


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Turn class numbers into rows of 0 with a single 1: one-hot, for ``categorical_crossentropy``.

    ``sparse_categorical_crossentropy`` takes the numbers as they are, and is faster.

    Parameters
    ----------
    x : array-like of int, shape (...) or (..., 1)
        From 0 to ``num_classes - 1``.
    num_classes : int, optional
        ``max(x) + 1`` by default; a part of the data in which the last class is missing needs to be told.

    Returns
    -------
    ndarray of float64, shape (..., num_classes)

    Raises
    ------
    TypeError
        If `x` holds no integers; `LabelEncoder` makes some of text.
    ValueError
        If a class is negative, or not below `num_classes`.

    Examples
    --------
    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    labels = _as_integers(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    known = None if num_classes is None else _validation.check_integer("num_classes", num_classes, 1)
    n_classes = int(labels.max()) + 1 if known is None else known
    good = (labels >= 0) & (labels < n_classes)
    if not good.all():
        expected = "classes >= 0" if known is None else f"classes from 0 to {n_classes - 1}, below num_classes"
        row = int(np.argmin(good)) // max(1, labels[:1].size) if labels.ndim else 0
        raise ValueError(f"x: expected {expected}, received {labels[~good].flat[0]} in row {row}")
    rows = np.zeros((*labels.shape, n_classes))
    np.put_along_axis(rows, labels[..., np.newaxis].astype(np.int64), 1.0, axis=-1)
    return rows


def from_categorical(x: ArrayLike) -> NDArray[np.int64]:
    """Turn one-hot rows, or rows of probabilities as ``predict`` returns them, into class numbers.

    Parameters
    ----------
    x : array-like of shape (..., n_classes)
        Two classes at least; the largest number of a row tells its class, the first of equal ones.

    Returns
    -------
    ndarray of int64, shape (...)

    Raises
    ------
    ValueError
        If there is only one column, or a number is NaN.

    Examples
    --------
    >>> from_categorical([[1, 0, 0], [0.1, 0.2, 0.7]])
    array([0, 2])
    """
    rows = as_array(x, "x")
    if rows.dtype.kind not in "fiub":
        raise TypeError(f"x: expected real numbers, received dtype {rows.dtype}")
    if rows.ndim == 0 or rows.size == 0 or rows.shape[-1] < 2:
        hint = "; one probability is of class 1 where it is above 0.5: (x > 0.5)" if rows.shape[-1:] == (1,) else ""
        raise ValueError(f"x: expected rows of at least 2 numbers, received shape {rows.shape}{hint}")
    if np.isnan(rows).any():
        raise ValueError(f"x: expected numbers, received NaN in row {np.argwhere(np.isnan(rows))[0][0]}")
    labels: NDArray[np.int64] = rows.argmax(axis=-1).astype(np.int64)
    return labels


class LabelEncoder:
    """Classes of any kind, text above all, as numbers from 0 up.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        In rising order, as `fit` found them.

    Examples
    --------
    >>> encoder = LabelEncoder()
    >>> encoder.fit_transform(["cat", "dog", "cat"])
    array([0, 1, 0])
    >>> encoder.inverse_transform([1, 0]).tolist()
    ['dog', 'cat']
    """

    classes_: Array

    def fit(self, y: ArrayLike) -> Self:
        """Find the classes of `y`, of shape (n_samples,)."""
        self.classes_ = np.unique(_as_column("y", y))
        return self

    def fit_transform(self, y: ArrayLike) -> NDArray[np.int64]:
        """Find the classes of `y`, and return their numbers."""
        return self.fit(y).transform(y)

    def transform(self, y: ArrayLike) -> NDArray[np.int64]:
        """Return the numbers of classes that `fit` found; ValueError for others."""
        values, classes = _as_column("y", y), self._get_classes()
        places = np.searchsorted(classes, values)
        places[places == len(classes)] = 0
        good = classes[places] == values
        if not np.all(good):
            row = int(np.argmin(good))
            received = f"{values.tolist()[row]!r} in row {row}"
            raise ValueError(f"y: expected one of the {len(classes)} classes that fit found, received {received}")
        return places.astype(np.int64)

    def inverse_transform(self, y: ArrayLike) -> Array:
        """Return the classes of numbers."""
        numbers, classes = _as_integers(y, "y"), self._get_classes()
        good = (numbers >= 0) & (numbers < len(classes))
        if not good.all():
            received = numbers[~good].flat[0]
            raise ValueError(f"y: expected numbers of classes from 0 to {len(classes) - 1}, received {received}")
        found: Array = classes[numbers]
        return found

    def _get_classes(self) -> Array:
        if not hasattr(self, "classes_"):
            raise NotReadyError("LabelEncoder: expected fit before, received no call of it")
        return self.classes_


def _as_column(name: str, y: ArrayLike) -> Array:
    values = as_array(y, name)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.dtype.kind in "cV":
        raise TypeError(f"{name}: expected classes that are numbers or texts, received dtype {values.dtype}")
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{name}: expected a class for each row, shape (n_samples,), received shape {values.shape}")
    return values


def _as_integers(x: ArrayLike, name: str = "x") -> Array:
    labels = as_array(x, name)
    if labels.size == 0:
        raise ValueError(f"{name}: expected at least one class, received shape {labels.shape}")
    if labels.dtype.kind in "f" and np.all(np.trunc(labels) == labels):
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iub":
        hint = "; LabelEncoder makes numbers of text" if labels.dtype.kind in "OSUT" else ""
        raise TypeError(f"{name}: expected integers, received dtype {labels.dtype}{hint}")
    return labels.astype(np.int64) if labels.dtype.kind == "b" else labels
