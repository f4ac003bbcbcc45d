"""scalers: features moved and scaled, one by one, by what was seen of them."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast.data.arrays import as_features, check_finite
from nnfast.exceptions import NotReadyError
from nnfast.layers import Normalization

Array = NDArray[Any]
Doubles = NDArray[np.float64]

_CHUNK_SIZE = 2**20  # elements converted at a time


class _Scaler:
    """The base of both: ``(X - center) / unit``, a pair of numbers for each feature."""

    n_features_in_: int
    n_samples_seen_: int

    def fit(self, X: Any, y: Any = None) -> Self:
        """Look at data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : None
            Not looked at.

        Returns
        -------
        self
        """
        rows = as_features(X, name="X")
        check_finite(rows, "X")
        self.n_samples_seen_, self.n_features_in_ = rows.shape
        self._look_at(rows)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """Look at data, and return it scaled."""
        return self.fit(X, y).transform(X)

    def transform(self, X: Any) -> Array:
        """Return data scaled.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Of as many features as `fit` saw.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            float32 for numbers of up to 32 bits, integers of up to 16; float64 for others. (scikit-learn makes float64
            of all integers.)
        """
        center, unit = self._get_scale()
        return self._convert(X, lambda chunk: (chunk - center) / unit)

    def inverse_transform(self, X: Any) -> Array:
        """Return what was scaled as it was before."""
        center, unit = self._get_scale()
        return self._convert(X, lambda chunk: chunk * unit + center)

    def to_layer(self, *, name: str | None = None) -> Normalization:
        """Make the layer that does the same within a model.

        As the first layer of a model it is saved with it, so that the model takes data as they are.

        Parameters
        ----------
        name : str, optional
            What summaries call it.

        Returns
        -------
        Normalization

        Raises
        ------
        ValueError
            If numbers of a feature lie closer together than the layer divides by, 1e-7.
        """
        center, unit = self._get_scale()
        if (unit < Normalization.epsilon).any():
            feature = int(np.argmin(unit))
            expected = f"features to be divided by at least {Normalization.epsilon}"
            raise ValueError(f"to_layer: expected {expected}, received {unit[feature]} for column {feature}")
        return Normalization(mean=center, variance=unit * unit, name=name)

    def _look_at(self, rows: Array) -> None:
        raise NotImplementedError

    def _find_scale(self) -> tuple[Doubles, Doubles]:
        raise NotImplementedError

    def _get_scale(self) -> tuple[Doubles, Doubles]:
        """Return what is taken away, and what is divided by."""
        if not hasattr(self, "n_features_in_"):
            raise NotReadyError(f"{type(self).__name__}: expected fit before, received no call of it")
        return self._find_scale()

    def _convert(self, X: Any, function: Any) -> Array:
        rows = as_features(X, name="X", n_features=self.n_features_in_)
        out = np.empty(rows.shape, np.float64 if rows.dtype == np.float64 else np.float32)
        size = max(1, _CHUNK_SIZE // rows.shape[1])
        for first in range(0, len(rows), size):
            out[first : first + size] = function(rows[first : first + size].astype(np.float64))
        return out


class StandardScaler(_Scaler):
    """Give each feature mean 0 and deviation 1.

    Mean and variance (biased) are found in float64, with the same bits on every machine. A feature that never changes
    is not divided. Within a model ``Normalization`` does the same, and its ``adapt`` looks at sparse matrices too.

    Parameters
    ----------
    with_mean, with_std : bool
        Whether the mean is taken away, and whether what is left is divided by the deviation.

    Attributes
    ----------
    mean_, var_, scale_ : ndarray of float64, shape (n_features,)
        What `fit` found; the last is the deviation, or 1 where there is none.
    n_samples_seen_, n_features_in_ : int
        The numbers of rows and columns that `fit` saw.

    Examples
    --------
    >>> scaler = StandardScaler()
    >>> scaler.fit_transform([[0.0, 5.0], [2.0, 5.0]]).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    >>> scaler.inverse_transform([[0.0, 0.0]]).tolist()
    [[1.0, 5.0]]
    """

    mean_: Doubles
    var_: Doubles
    scale_: Doubles

    def __init__(self, *, with_mean: bool = True, with_std: bool = True) -> None:
        self.with_mean = _validation.check_bool("with_mean", with_mean)
        self.with_std = _validation.check_bool("with_std", with_std)

    def _look_at(self, rows: Array) -> None:
        layer = Normalization()
        with np.errstate(over="ignore", invalid="ignore"):
            layer.adapt(rows)
        assert layer.mean is not None
        assert layer.variance is not None
        if not np.isfinite(layer.variance).all():
            column = int(np.argmin(np.isfinite(layer.variance)))
            raise ValueError(f"X: expected a finite variance, received {layer.variance[column]} for column {column}")
        self.mean_, self.var_ = layer.mean, layer.variance
        deviation: Doubles = np.sqrt(self.var_)
        self.scale_ = np.where(deviation > 0, deviation, 1.0)

    def _find_scale(self) -> tuple[Doubles, Doubles]:
        center = self.mean_ if self.with_mean else np.zeros_like(self.mean_)
        return center, self.scale_ if self.with_std else np.ones_like(self.scale_)


class MinMaxScaler(_Scaler):
    """Give each feature the same range. Numbers beyond those that `fit` saw end up beyond it.

    Parameters
    ----------
    feature_range : tuple of two floats
        The new least and largest number of each feature. One that never changes becomes the least.

    Attributes
    ----------
    data_min_, data_max_, data_range_ : ndarray of float64, shape (n_features,)
        What `fit` found.
    scale_, min_ : ndarray of float64, shape (n_features,)
        ``X * scale_ + min_`` is the result.
    n_samples_seen_, n_features_in_ : int
        The numbers of rows and columns that `fit` saw.

    Examples
    --------
    >>> scaler = MinMaxScaler()
    >>> scaler.fit_transform([[0.0, 5.0], [2.0, 9.0]]).tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """

    data_min_: Doubles
    data_max_: Doubles
    data_range_: Doubles
    scale_: Doubles
    min_: Doubles

    def __init__(self, feature_range: tuple[float, float] = (0, 1)) -> None:
        if not isinstance(feature_range, tuple | list) or len(feature_range) != 2:
            raise _validation.mismatch("feature_range", "a pair of numbers (least, largest)", feature_range)
        low, high = (_validation.check_real("feature_range", end, "(-inf, inf)") for end in feature_range)
        if low >= high:
            raise _validation.mismatch("feature_range", "a least number below the largest", feature_range)
        self.feature_range = low, high

    def _look_at(self, rows: Array) -> None:
        low, high = self.feature_range
        self.data_min_ = rows.min(axis=0).astype(np.float64)
        self.data_max_ = rows.max(axis=0).astype(np.float64)
        self.data_range_ = self.data_max_ - self.data_min_
        self.scale_ = (high - low) / self._find_ranges()
        self.min_ = low - self.data_min_ * self.scale_

    def _find_ranges(self) -> Doubles:
        return np.where(self.data_range_ > 0, self.data_range_, 1.0)

    def _find_scale(self) -> tuple[Doubles, Doubles]:
        low, high = self.feature_range
        unit = self._find_ranges() / (high - low)
        return self.data_min_ - low * unit, unit
