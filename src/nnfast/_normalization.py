"""_normalization: the layers of `nnfast.layers` that give features mean 0 and deviation 1."""

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast import _validation, initializers
from nnfast._kernel_normalization import batch_normalization
from nnfast._layer import Layer
from nnfast.data.containers import as_array, as_numbers
from nnfast.initializers import Initializer

Array = NDArray[Any]
FirstValues = str | Initializer | NDArray[Any]

_CHUNK_SIZE = 2**20  # elements that `Normalization.adapt` reads at a time


class _Trained(Layer):
    """The base of those with gamma and beta."""

    __slots__ = ("_trainable", "beta_initializer", "center", "epsilon", "gamma_initializer", "scale")
    settable: ClassVar[tuple[str, ...]] = ("trainable", "_trainable")
    epsilon: float
    center: bool
    scale: bool
    beta_initializer: Initializer
    gamma_initializer: Initializer

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: FirstValues = "zeros",
        gamma_initializer: FirstValues = "ones",
        *,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        _validation.check_choice("axis", axis, (-1, 1))
        self.epsilon = _validation.check_real("epsilon", epsilon, "(0, inf)")
        self.center = _validation.check_bool("center", center)
        self.scale = _validation.check_bool("scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.trainable = trainable

    @property
    def trainable(self) -> bool:
        """Whether training may change it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable: bool = _validation.check_bool("trainable", value)

    def get_config(self) -> dict[str, Any]:
        return {
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.CATALOGUE.serialize(self.beta_initializer),
            "gamma_initializer": initializers.CATALOGUE.serialize(self.gamma_initializer),
            "trainable": self.trainable,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Any) -> Self:
        arguments = dict(config)
        for name in arguments:
            if name.endswith("_initializer"):
                arguments[name] = initializers.CATALOGUE.deserialize(arguments[name])
        return cls(**arguments)


class BatchNormalization(_Trained):
    """Give each feature mean 0 and deviation 1 over the batch, then ``gamma`` and ``beta``.

    While training, mean and (biased) variance are those of the batch, and moving ones come nearer to them with every
    batch: ``moving = momentum * moving + (1 - momentum) * batch``. `predict`, `evaluate` and `forward` without
    ``training`` take the moving ones. All rows of a batch are at hand at once, whatever its size.

    PyTorch's ``BatchNorm1d`` counts its momentum the other way round (its 0.1 is 0.9 here), has an epsilon of 1e-5, and
    lets the moving variance take in the unbiased variance, n / (n - 1) times the one here.

    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift",
    ICML 2015.

    Parameters
    ----------
    axis : int
        The last one, -1 or 1: that of features.
    momentum : float
        What the moving statistics keep with a batch, in [0, 1].
    epsilon : float
        What is added to a variance before its root is taken, > 0.
    center, scale : bool
        Whether there is a ``beta``, to be added, and a ``gamma``, to be multiplied by.
    beta_initializer, gamma_initializer : str, Initializer or array of shape (n_features,)
        Their first values.
    moving_mean_initializer, moving_variance_initializer : str, Initializer or array of shape (n_features,)
        The first moving statistics.
    trainable : bool
        Whether training may change it. If not, the layer takes its moving statistics while training, too, and leaves
        them as they are.
    name : str, optional
        What summaries call it.

    Attributes
    ----------
    trainable : bool
        May be changed; a model takes notice at its next ``compile``.
    """

    __slots__ = ("momentum", "moving_mean_initializer", "moving_variance_initializer")

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: FirstValues = "zeros",
        gamma_initializer: FirstValues = "ones",
        moving_mean_initializer: FirstValues = "zeros",
        moving_variance_initializer: FirstValues = "ones",
        *,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, trainable=trainable, name=name
        )
        self.momentum = _validation.check_real("momentum", momentum, "[0, 1]")
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def get_config(self) -> dict[str, Any]:
        return {
            "momentum": self.momentum,
            **super().get_config(),
            "moving_mean_initializer": initializers.CATALOGUE.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.CATALOGUE.serialize(self.moving_variance_initializer),
        }


class LayerNormalization(_Trained):
    """Give the features of each sample mean 0 and deviation 1, then multiply by ``gamma`` and add ``beta``.

    PyTorch's ``LayerNorm`` is the same with an epsilon of 1e-5.

    Ba, Kiros and Hinton, "Layer normalization", arXiv:1607.06450, 2016.

    Parameters
    ----------
    axis : int
        The last one, -1 or 1: that of features.
    epsilon : float
        What is added to a variance before its root is taken, > 0.
    center, scale : bool
        Whether there is a ``beta``, to be added, and a ``gamma``, to be multiplied by.
    beta_initializer, gamma_initializer : str, Initializer or array of shape (n_features,)
        Their first values.
    trainable : bool
        Whether training may change it.
    name : str, optional
        What summaries call it.

    Attributes
    ----------
    trainable : bool
        May be changed; a model takes notice at its next ``compile``.
    """

    __slots__ = ()


class Normalization(Layer):
    """``(x - mean) / max(sqrt(variance), 1e-7)`` with statistics of the data, which training does not change.

    They belong to the layer, not to the weights of a model: ``get_weights`` does not list them. (Keras lists those that
    `adapt` found, with the number of samples.) PyTorch has no such layer; scikit-learn's ``StandardScaler`` does the
    same, but takes a variance of 0 for 1.

    Parameters
    ----------
    axis : int
        The last one, -1 or 1: that of features.
    mean, variance : float or array-like of shape (n_features,), optional
        Both or neither; without them `adapt` finds them, before the model gets its weights.
    name : str, optional
        What summaries call it.

    Attributes
    ----------
    mean, variance : ndarray of float64, of shape () or (n_features,), or None
        None before `adapt`.
    """

    __slots__ = ("_statistics",)
    epsilon: ClassVar[float] = 1e-7

    def __init__(
        self,
        axis: int = -1,
        mean: ArrayLike | None = None,
        variance: ArrayLike | None = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        _validation.check_choice("axis", axis, (-1, 1))
        if (mean is None) != (variance is None):
            raise _validation.mismatch("variance", "both mean and variance, or neither", variance)
        if mean is not None:
            self._settle(_check_numbers("mean", mean), _check_numbers("variance", variance))

    @property
    def is_adapted(self) -> bool:
        """Whether there are statistics."""
        return hasattr(self, "_statistics")

    @property
    def mean(self) -> Array | None:
        """Of each feature, or of all."""
        return self._statistics[0] if self.is_adapted else None

    @property
    def variance(self) -> Array | None:
        """Of each feature, or of all."""
        return self._statistics[1] if self.is_adapted else None

    def adapt(self, data: Any) -> None:
        """Find mean and variance of each feature, in float64.

        A layer is adapted once: models that have it would not notice another time.

        Parameters
        ----------
        data : array-like or sparse matrix of shape (n_samples, n_features)
            Finite numbers; converted some rows at a time.

        Raises
        ------
        ValueError
            If `data` is no such array, or the layer has statistics already.
        """
        if self.is_adapted:
            raise ValueError("adapt: expected a layer without statistics, received one that has them; make a new one")
        rows = data.tocsr() if hasattr(data, "tocsr") else as_numbers(data, "data")
        if rows.ndim != 2 or 0 in rows.shape or rows.dtype.kind not in "fiub":
            raise _validation.mismatch("data", "numbers of shape (n_samples, n_features)", data)
        self._settle(*_find_moments(rows))

    def get_config(self) -> dict[str, Any]:
        mean, variance = (None if array is None else array.tolist() for array in (self.mean, self.variance))
        return {"mean": mean, "variance": variance, "name": self.name}

    def _settle(self, mean: Array, variance: Array) -> None:
        if mean.shape != variance.shape:
            raise ValueError(f"variance: expected shape {mean.shape}, as mean has, received {variance.shape}")
        if (variance < 0).any():
            raise _validation.mismatch("variance", "numbers >= 0", variance)
        mean.flags.writeable = variance.flags.writeable = False
        self._statistics = mean, variance


def _check_numbers(name: str, values: Any) -> Array:
    array = as_array(values, name)
    if array.dtype.kind not in "fiub" or array.ndim > 1 or not np.isfinite(array).all():
        raise _validation.mismatch(name, "a finite number, or one for each feature", values)
    return array.astype(np.float64)


def _find_moments(rows: Any) -> tuple[Array, Array]:
    """Mean and variance of chunks, joined as Chan, Golub and LeVeque do (1983)."""
    n_rows, n_features = rows.shape
    mean = variance = np.zeros(n_features)
    size = max(1, _CHUNK_SIZE // n_features)
    for first in range(0, n_rows, size):
        chunk = rows[first : first + size]
        values = np.asarray(chunk.toarray() if hasattr(chunk, "toarray") else chunk, np.float64)
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            place = f"row {first + row}, column {column}"
            raise ValueError(f"data: expected finite numbers, received {values[row, column]} in {place}")
        _, of_chunk, spread = batch_normalization(values)
        share = len(values) / (first + len(values))
        apart = of_chunk - mean
        mean = mean + share * apart
        variance = (1 - share) * variance + share * spread + share * (1 - share) * apart * apart
    return mean, variance
