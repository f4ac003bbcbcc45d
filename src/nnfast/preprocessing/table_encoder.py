"""table_encoder: tables of numbers and text as matrices of numbers."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast.data.frame_columns import as_text
from nnfast.data.frames import as_table
from nnfast.data.table import Table, describe_kind, is_numeric, join_columns
from nnfast.exceptions import DataFileError, NotReadyError

Array = NDArray[Any]

_STRATEGIES = ("mean", "median")


class TableEncoder:
    """Make numbers of all columns of a table.

    Numbers stay, and those that are missing become their column's mean. Of a column of text each category becomes a
    column: 1 where a row is of it, else 0; a row whose category is missing, or was not there in `fit`, has zeros alone.
    It is what scikit-learn does by a ``ColumnTransformer`` of ``SimpleImputer`` and
    ``OneHotEncoder(handle_unknown="ignore")``, with the columns in the table's order.

    Parameters
    ----------
    strategy : "mean" or "median"
        Of which numbers of a column, as `fit` sees them, take the place of those that are missing.
    add_indicator : bool
        Whether columns that miss numbers in `fit` are followed by a column that is 1 where one is missing, else 0.
    category_limit : int
        How many categories a column may have: one with more is likely to identify rows, and teaches nothing.

    Attributes
    ----------
    feature_names_in_ : tuple of str
        The columns that `fit` saw.
    statistics_ : dict of str to float
        For each column of numbers what takes the place of missing ones.
    categories_ : dict of str to tuple of str
        For each column of text its categories, sorted.
    indicators_ : tuple of str
        The columns that are followed by an indicator.

    Examples
    --------
    >>> from nnfast.data import Table
    >>> sizes, kinds = np.array([1.0, np.nan, 3.0]), np.array(["tulip", "rose", None], object)
    >>> table = Table((sizes, kinds), ("size", "kind"))
    >>> encoder = TableEncoder()
    >>> encoder.fit_transform(table).tolist()
    [[1.0, 0.0, 1.0], [2.0, 1.0, 0.0], [3.0, 0.0, 0.0]]
    >>> encoder.get_feature_names_out()
    ('size', 'kind_rose', 'kind_tulip')
    """

    feature_names_in_: tuple[str, ...]
    statistics_: dict[str, float]
    categories_: dict[str, tuple[str, ...]]
    indicators_: tuple[str, ...]

    def __init__(self, *, strategy: str = "mean", add_indicator: bool = False, category_limit: int = 100) -> None:
        self.strategy: str = _validation.check_choice("strategy", strategy, _STRATEGIES)
        self.add_indicator = _validation.check_bool("add_indicator", add_indicator)
        self.category_limit = _validation.check_integer("category_limit", category_limit, 1)
        self._has_names = True

    def fit(self, X: Any, y: None = None) -> Self:
        """Look at a table.

        Parameters
        ----------
        X : Table or frame
            What `nnfast.data` reads; or what `nnfast.data.read_arrow` takes.
        y : None
            Not looked at.

        Returns
        -------
        self

        Raises
        ------
        DataFileError
            If two columns have one name, or a column holds dates, infinities, nothing at all, or too many categories.
        """
        table = as_table(X)
        names = table.feature_names
        for name in names:
            if names.count(name) > 1:
                raise DataFileError(table.source, f"expected columns of different names, received two named {name!r}")
        numbers = [name for name, column in zip(names, table.columns, strict=True) if is_numeric(column)]
        categories = {name: self._find_categories(table, name) for name in names if name not in set(numbers)}
        self.statistics_, missing = self._find_statistics(table, numbers)
        self.indicators_ = tuple(missing) if self.add_indicator else ()
        self.categories_ = categories
        self.feature_names_in_ = names
        self._has_names = table.has_names
        return self

    def fit_transform(self, X: Any, y: None = None) -> Array:
        """Look at a table, and return it as numbers."""
        return self.fit(X).transform(X)

    def transform(self, X: Any) -> Array:
        """Return a table as numbers.

        Parameters
        ----------
        X : Table or frame
            Columns are found by name, in any order, and others left out; by place if it has no names.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            uint8 if all numbers are integers from 0 to 255, else float32 or float64. A table of numbers without gaps is
            returned without a copy.

        Raises
        ------
        DataFileError
            If a column is not there, or one of numbers holds text, dates or an infinity.
        """
        self._check_ready()
        table = as_table(X).select(self.feature_names_in_, has_names=self._has_names)
        if not self.categories_ and not self.indicators_ and isinstance(table.features, np.ndarray):
            matrix = self._fill(table.features)
        else:
            columns = zip(self.feature_names_in_, table.columns, strict=True)
            encoded = [part for name, column in columns for part in self._encode(name, column, table)]
            joined = join_columns(encoded)
            assert isinstance(joined, np.ndarray)
            matrix = joined
        _check_finite(matrix, self.get_feature_names_out(), table)
        return matrix

    def get_feature_names_out(self) -> tuple[str, ...]:
        """Return the names of the columns that `transform` makes."""
        self._check_ready()
        names: list[str] = []
        for name in self.feature_names_in_:
            names += [f"{name}_{category}" for category in self.categories_.get(name, ())]
            names += [name] if name in self.statistics_ else []
            names += [f"missingindicator_{name}"] if name in self.indicators_ else []
        return tuple(names)

    def get_config(self) -> dict[str, Any]:
        """Return all that `from_config` needs, what `fit` found too, as plain data: for ``model.metadata``."""
        self._check_ready()
        return {
            "strategy": self.strategy,
            "add_indicator": self.add_indicator,
            "category_limit": self.category_limit,
            "feature_names": list(self.feature_names_in_),
            "has_names": self._has_names,
            "statistics": dict(self.statistics_),
            "categories": {name: list(categories) for name, categories in self.categories_.items()},
            "indicators": list(self.indicators_),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the encoder that `get_config` described; ValueError if it is none."""
        try:
            options = {name: config[name] for name in ("strategy", "add_indicator", "category_limit")}
            encoder = cls(**options)
            encoder.feature_names_in_ = tuple(map(_as_name, config["feature_names"]))
            encoder.statistics_ = {_as_name(name): float(value) for name, value in config["statistics"].items()}
            encoder.categories_ = {
                _as_name(name): tuple(map(_as_name, categories)) for name, categories in config["categories"].items()
            }
            encoder.indicators_ = tuple(map(_as_name, config["indicators"]))
            encoder._has_names = _validation.check_bool("has_names", config["has_names"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise _validation.mismatch("config", "what TableEncoder.get_config returns", config) from error
        known = {*encoder.statistics_, *encoder.categories_}
        if known != set(encoder.feature_names_in_) or not set(encoder.indicators_) <= known:
            raise _validation.mismatch("config", "what TableEncoder.get_config returns", config)
        return encoder

    # ---- fit ----

    def _find_categories(self, table: Table, name: str) -> tuple[str, ...]:
        column = table.columns[table.feature_names.index(name)]
        if column.dtype.kind != "O":
            raise DataFileError(
                table.source, f"column {name!r}: expected numbers or text, received {describe_kind(column)}"
            )
        categories = sorted({text for text in column if text is not None})
        if not 1 <= len(categories) <= self.category_limit:
            received = f"{len(categories):,}, as {categories[0]!r}" if categories else "none"
            raise DataFileError(
                table.source,
                f"column {name!r}: expected at most {self.category_limit} different texts, received {received}; leave "
                "it out if it names rows, or holds dates or sentences",
            )
        return tuple(categories)

    def _find_statistics(self, table: Table, names: list[str]) -> tuple[dict[str, float], list[str]]:
        """Return means or medians of columns of numbers, and which of them miss some."""
        if not names:
            return {}, []
        numbers = table.select(names).x
        missing = _find_missing(numbers).sum(axis=0)
        if (missing == len(numbers)).any():
            name = names[int(np.argmax(missing))]
            raise DataFileError(table.source, f"column {name!r}: expected at least one number, received none")
        _check_finite(numbers, names, table)
        if self.strategy == "median":
            values = np.nanmedian(numbers, axis=0)
        else:
            values = np.nansum(numbers, axis=0, dtype=np.float64) / (len(numbers) - missing)
        return dict(zip(names, values.tolist(), strict=True)), [names[i] for i in np.flatnonzero(missing)]

    # ---- transform ----

    def _encode(self, name: str, column: Array, table: Table) -> list[Array]:
        """Return the columns that a column becomes."""
        if name in self.categories_:
            texts = as_text(column) if is_numeric(column) else column
            numbers = {category: number for number, category in enumerate(self.categories_[name])}
            codes = np.array([numbers.get(text, -1) for text in texts])
            return [(codes == number).astype(np.uint8) for number in numbers.values()]
        if not is_numeric(column):
            raise DataFileError(table.source, f"column {name!r}: expected numbers, received {describe_kind(column)}")
        missing = _find_missing(column)
        filled = np.where(missing, column.dtype.type(self.statistics_[name]), column) if missing.any() else column
        return [filled, missing.astype(np.uint8)] if name in self.indicators_ else [filled]

    def _fill(self, matrix: Array) -> Array:
        missing = _find_missing(matrix)
        if not missing.any():
            return matrix
        return np.where(
            missing, np.array([self.statistics_[name] for name in self.feature_names_in_], matrix.dtype), matrix
        )

    def _check_ready(self) -> None:
        if not hasattr(self, "feature_names_in_"):
            raise NotReadyError("TableEncoder: expected fit before, received no call of it")


def _find_missing(numbers: Array) -> Array:
    """Return where numbers are missing."""
    return np.isnan(numbers) if numbers.dtype.kind == "f" else np.zeros(numbers.shape, bool)


def _check_finite(matrix: Array, names: Sequence[str], table: Table) -> None:
    """Refuse infinities."""
    if matrix.dtype.kind == "f" and np.isinf(matrix).any():
        row, column = np.argwhere(np.isinf(matrix))[0]
        reason = f"column {names[column]!r}: expected finite numbers, received infinity in row {row}"
        raise DataFileError(table.source, reason)


def _as_name(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
