"""table: samples in named columns of numbers, text or dates, and the column to predict. What every reader returns."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast.exceptions import DataFileError

Array = NDArray[Any]

_LARGEST_EXACT = 2.0**53
_N_SHOWN = 8
_MOST_COMPARED, _LONGEST_NAME = 1000, 80  # names that are looked at for one like another


@dataclass(frozen=True, eq=False)
class Table:
    """Samples in columns.

    `x` is the matrix if all columns hold numbers; ``preprocessing.TableEncoder`` makes numbers of the others.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), or tuple of ndarrays of shape (n_samples,)
        A matrix of numbers; or, if some columns hold no numbers, one array each: uint8, float32 or float64 (NaN:
        missing) for numbers and truth values (0, 1), objects (str, or None: missing) for text, datetime64 for dates.
    feature_names : tuple of str
        From the header, or the columns' numbers.
    y : ndarray of shape (n_samples,), optional
        The target: uint8 or int64 if it holds integers, float64 for other numbers, else text.
    target_name : str, optional
        Its name.
    has_names : bool
        Whether the names are the file's own.
    source : path-like
        What error messages call it.
    """

    features: Array | tuple[Array, ...]
    feature_names: tuple[str, ...]
    y: Array | None = None
    target_name: str | None = None
    has_names: bool = True
    source: str | Path = field(default="table")

    def __len__(self) -> int:
        return len(self.features) if isinstance(self.features, np.ndarray) else len(self.features[0])

    @property
    def columns(self) -> tuple[Array, ...]:
        """The features, one array of shape (n_samples,) each."""
        return tuple(self.features.T) if isinstance(self.features, np.ndarray) else self.features

    @property
    def x(self) -> Array:
        """All features as numbers, shape (n_samples, n_features); DataFileError names a column that holds none."""
        if isinstance(self.features, np.ndarray):
            return self.features
        matrix = join_columns(self.features)
        if isinstance(matrix, np.ndarray):
            return matrix
        index = next(i for i, column in enumerate(self.features) if not is_numeric(column))
        kind = describe_kind(self.features[index])
        raise DataFileError(
            self.source,
            f"column {self.feature_names[index]!r}: expected numbers, received {kind}; preprocessing.TableEncoder "
            "makes numbers of text",
        )

    def drop(self, names: Sequence[str]) -> "Table":
        """Return the table without the columns of these names; DataFileError lists those that are not there."""
        missing = [name for name in names if name not in self.feature_names]
        if missing:
            raise DataFileError(
                self.source,
                f"expected columns to leave out, received none of the name {shorten(missing)} but "
                f"{shorten(self.feature_names)}",
            )
        if len(left := [name for name in self.feature_names if name not in names]) == 0:
            raise DataFileError(self.source, "expected at least one column that is not left out, received none")
        return self.select(left)

    def take(self, rows: Any) -> "Table":
        """Return the table of some rows: a slice, their numbers, or a mask."""
        if isinstance(self.features, np.ndarray):
            features: Array | tuple[Array, ...] = self.features[rows]
        else:
            features = tuple(column[rows] for column in self.features)
        return replace(self, features=features, y=None if self.y is None else self.y[rows])

    def select(self, names: Sequence[str], *, has_names: bool = True) -> "Table":
        """Return the table of the columns of these names, in this order; others are left out.

        A table without names, or names that are none (`has_names` is False), are matched by place, and nothing is left
        out.

        Raises
        ------
        DataFileError
            If a column is not there; all that are not are listed.
        """
        if tuple(names) == self.feature_names:
            return self
        missing = [name for name in names if name not in self.feature_names]
        if missing and not (self.has_names and has_names):
            if len(names) != len(self.feature_names):
                reason = f"expected {len(names)} columns, as it has no names, received {len(self.feature_names)}"
                raise DataFileError(self.source, reason)
            return replace(self, feature_names=tuple(names))
        if missing:
            raise DataFileError(
                self.source,
                f"expected columns named {shorten(names)}, received none of the name {shorten(missing)} but "
                f"{shorten(self.feature_names)}",
            )
        places = [self.feature_names.index(name) for name in names]
        if isinstance(self.features, np.ndarray):
            return replace(self, features=self.features[:, places], feature_names=tuple(names))
        columns = [self.features[place] for place in places]
        return replace(self, features=join_columns(columns), feature_names=tuple(names))


def make_table(columns: Array | list[Array], names: Sequence[str], target: int | None, **others: Any) -> Table:
    """Make a table of columns, or of a matrix of numbers; see `Table` for `others`.

    Numbers become uint8 where all of a column, or all features of the matrix, are integers from 0 to 255.
    """
    if target is not None and len(names) < 2:
        raise DataFileError(others["source"], f"expected columns beside the target, received one column: {names[0]!r}")
    features: Array | tuple[Array, ...]
    if isinstance(columns, np.ndarray):
        features = narrow_features(_leave_out(columns, target))
    else:
        features = join_columns([_narrow(column) for index, column in enumerate(columns) if index != target])
    if target is None:
        return Table(features, tuple(names), **others)
    y = columns[:, target] if isinstance(columns, np.ndarray) else columns[target]
    feature_names = (*names[:target], *names[target + 1 :])
    return Table(features, feature_names, narrow_target(y) if is_numeric(y) else y, names[target], **others)


def _leave_out(matrix: Array, column: int | None) -> Array:
    """Leave a column out, by view where it is the first or the last."""
    if column is None:
        return matrix
    if column == 0:
        return matrix[:, 1:]
    return matrix[:, :-1] if column == matrix.shape[1] - 1 else np.delete(matrix, column, axis=1)


def _narrow(column: Array) -> Array:
    return narrow_features(column) if is_numeric(column) else column


def join_columns(columns: Sequence[Array]) -> Array | tuple[Array, ...]:
    """Make a matrix of columns if all hold numbers."""
    if not all(map(is_numeric, columns)):
        return tuple(columns)
    matrix = np.empty((len(columns[0]), len(columns)), np.result_type(*columns))
    rows = max(1, (1 << 16) // len(columns))  # rows that stay in the cache while they are filled column by column
    for first in range(0, len(matrix), rows):
        for index, column in enumerate(columns):
            matrix[first : first + rows, index] = column[first : first + rows]
    return matrix


def is_numeric(column: Array) -> bool:
    """Whether a column holds numbers."""
    return column.dtype.kind in "uif"


def find_column(name: str | int, names: Sequence[str], source: str | Path) -> int:
    """Return a column's place; by name, or by number from 0."""
    if isinstance(name, bool) or not isinstance(name, str | SupportsIndex):
        raise _validation.mismatch("column", "a name, or a number from 0", name)
    if isinstance(name, str):
        if names.count(name) == 1:
            return names.index(name)
        if name in names or not name.isdecimal():
            shown = shorten([name])
            raise DataFileError(source, f"expected one column named {shown!r}, received {_describe_names(name, names)}")
    if not 0 <= int(name) < len(names):
        raise DataFileError(source, f"expected a column from 0 to {len(names) - 1}, received {name}")
    return int(name)


def find_text(text: Iterable[str | int], names: Sequence[str], source: str | Path) -> frozenset[int]:
    """Return the places of the columns that a reader's `text` lists."""
    if isinstance(text, str | int):
        raise _validation.mismatch("text", "a list of columns", text)
    return frozenset(find_column(name, names, source) for name in text)


def _describe_names(name: str, names: Sequence[str]) -> str:
    if name in names:
        return f"{names.count(name)} of them"
    near = [other for other in names[:_MOST_COMPARED] if len(other) <= _LONGEST_NAME]
    close = difflib.get_close_matches(name[:_LONGEST_NAME], near, 1)
    shown = shorten(names)
    delimiters = [character for character in ";\t|," if len(names) == 1 and character in names[0]]
    if delimiters:
        return f"{shown}; is the delimiter {delimiters[0]!r}?"
    return f"{shown}; did you mean {close[0]!r}?" if close else shown


def narrow_features(values: Array) -> Array:
    """Turn numbers into uint8 if all of them are integers from 0 to 255; others are float32 or float64."""
    if values.dtype == np.uint8:
        return values
    rows = max(1, (1 << 18) // max(1, values[:1].size))
    with np.errstate(invalid="ignore"):
        for first in range(0, len(values), rows):
            part = values[first : first + rows]
            if not np.array_equal(part.astype(np.uint8), part):
                return values if values.dtype.kind == "f" else values.astype(np.float64)
    return values.astype(np.uint8)


def narrow_target(y: Array) -> Array:
    """Turn numbers into uint8 or int64 where nothing is lost."""
    y = narrow_features(y)
    if y.dtype == np.uint8:
        return np.ascontiguousarray(y)
    if np.all((np.trunc(y) == y) & (np.abs(y) <= _LARGEST_EXACT)):
        return y.astype(np.int64)
    return y.astype(np.float64)


def describe_kind(column: Array) -> str:
    """Return what a column holds, in a word."""
    return {"M": "dates", "O": "text", "U": "text", "b": "truth values"}.get(column.dtype.kind, "numbers")


def shorten(names: Sequence[str]) -> str:
    """Return names in a line, of many the first and the last, of long ones the beginning."""
    shown = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in names[:_N_SHOWN]]
    return ", ".join(shown) + (f", ... {names[-1][:_LONGEST_NAME]}" if len(names) > _N_SHOWN else "")
