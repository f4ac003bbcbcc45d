"""initializers: the values parameters start with. Names, parameters and meaning are Keras 3's.

Values are a function of the seed and of the parameter's place among the model's parameters alone: the same on every
machine, whatever the number of threads. Numbers come from the core's counter-based generator; normal ones are quantiles
of uniform ones.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfast import _core, _validation
from nnfast._descriptions import Catalogue
from nnfast._initializer import Array, Drawn, Shape
from nnfast._initializer import Initializer as Initializer
from nnfast._matrix_initializers import Identity, Orthogonal
from nnfast.data.containers import PROTOCOLS, as_array

_PHI_OF_MINUS_2 = 0.022750131948179195  # 0.5 * math.erfc(math.sqrt(2))
_TRUNCATED_STDDEV = 0.87962566103423978  # of a standard normal variable cut at -2 and 2; Keras has the same digits


class Zeros(Initializer):
    """All 0."""

    names: ClassVar[tuple[str, ...]] = ("zeros",)

    def make(self, shape: Shape, seed: int, stream: int) -> Array:  # noqa: D102
        return np.zeros(shape)


class Ones(Initializer):
    """All 1."""

    names: ClassVar[tuple[str, ...]] = ("ones",)

    def make(self, shape: Shape, seed: int, stream: int) -> Array:  # noqa: D102
        return np.ones(shape)


@dataclass(frozen=True)
class Constant(Initializer):
    """All `value`.

    Parameters
    ----------
    value : float
        The number.
    """

    names: ClassVar[tuple[str, ...]] = ("constant",)
    value: float = 0.0

    def __post_init__(self) -> None:
        self._settle("value", _validation.check_real("value", self.value, "(-inf, inf)"))

    def make(self, shape: Shape, seed: int, stream: int) -> Array:  # noqa: D102
        return np.full(shape, self.value)


@dataclass(frozen=True, eq=False)
class GivenArray(Initializer):
    """The values of an array; what a layer makes of an array given as its initialiser.

    Parameters
    ----------
    values : array-like
        Finite numbers, of the parameter's shape.
    """

    values: Any

    def __post_init__(self) -> None:
        values = as_array(self.values, "initializer")
        if values.dtype.kind not in "fiub" or values.size == 0 or not np.isfinite(values).all():
            raise _validation.mismatch("initializer", "an array of finite numbers", self.values)
        values = values.astype(np.float64)
        values.flags.writeable = False
        self._settle("values", values)

    def make(self, shape: Shape, seed: int, stream: int) -> Array:  # noqa: D102
        if self.values.shape != shape:
            raise ValueError(f"initializer: expected an array of shape {shape}, received shape {self.values.shape}")
        return np.array(self.values)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"values": self.values.tolist()}


@dataclass(frozen=True)
class RandomUniform(Drawn):
    """Uniform between `minval` and `maxval`.

    Parameters
    ----------
    minval, maxval : float
        The limits, minval <= maxval.
    seed : int, optional
        Takes the place of the model's.
    """

    names: ClassVar[tuple[str, ...]] = ("random_uniform", "uniform")
    minval: float = -0.05
    maxval: float = 0.05
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle("minval", _validation.check_real("minval", self.minval, "(-inf, inf)"))
        self._settle("maxval", _validation.check_real("maxval", self.maxval, "(-inf, inf)"))
        if self.maxval < self.minval:
            raise _validation.mismatch("maxval", f"a number >= minval, {self.minval}", self.maxval)

    def _shape_numbers(self, uniform: Array, shape: Shape) -> Array:
        return self.minval + (self.maxval - self.minval) * uniform


@dataclass(frozen=True)
class _Normal(Drawn):
    """The base of `RandomNormal` and `TruncatedNormal`."""

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle("mean", _validation.check_real("mean", self.mean, "(-inf, inf)"))
        self._settle("stddev", _validation.check_real("stddev", self.stddev, "[0, inf)"))


class RandomNormal(_Normal):
    """Normal.

    Parameters
    ----------
    mean, stddev : float
        Of the distribution; stddev >= 0.
    seed : int, optional
        Takes the place of the model's.
    """

    names: ClassVar[tuple[str, ...]] = ("random_normal", "normal")

    def _shape_numbers(self, uniform: Array, shape: Shape) -> Array:
        return self.mean + self.stddev * _core.normal_quantile(uniform)


class TruncatedNormal(_Normal):
    """Normal, but never more than two standard deviations from the mean.

    Parameters
    ----------
    mean, stddev : float
        Of the distribution before it is cut, as in Keras; stddev >= 0.
    seed : int, optional
        Takes the place of the model's.
    """

    names: ClassVar[tuple[str, ...]] = ("truncated_normal",)

    def _shape_numbers(self, uniform: Array, shape: Shape) -> Array:
        return self.mean + self.stddev * _truncated_standard_normal(uniform)


@dataclass(frozen=True)
class _VarianceScaling(Drawn):
    """The base of those whose variance is scale / fan, with fan_in = in_size and fan_out = out_size.

    Parameters
    ----------
    seed : int, optional
        Takes the place of the model's.
    """

    seed: int | None = None
    _scale: ClassVar[float]
    _fan: ClassVar[str]  # "in" or "average" (of in and out)

    def _variance(self, shape: Shape) -> float:
        fan_in, fan_out = shape[0], shape[-1]
        return self._scale / max(1.0, fan_in if self._fan == "in" else (fan_in + fan_out) / 2)


class _ScaledUniform(_VarianceScaling):
    def _shape_numbers(self, uniform: Array, shape: Shape) -> Array:
        limit = math.sqrt(3 * self._variance(shape))
        return limit * (2 * uniform - 1)


class _ScaledNormal(_VarianceScaling):
    """Cut at two standard deviations, then widened so that the variance is right, as in Keras."""

    def _shape_numbers(self, uniform: Array, shape: Shape) -> Array:
        stddev = math.sqrt(self._variance(shape)) / _TRUNCATED_STDDEV
        return stddev * _truncated_standard_normal(uniform)


class GlorotUniform(_ScaledUniform):
    """Uniform with variance 2 / (fan_in + fan_out). Glorot and Bengio, AISTATS 2010."""

    names: ClassVar[tuple[str, ...]] = ("glorot_uniform",)
    _scale, _fan = 1.0, "average"


class GlorotNormal(_ScaledNormal):
    """Truncated normal with variance 2 / (fan_in + fan_out). Glorot and Bengio, AISTATS 2010."""

    names: ClassVar[tuple[str, ...]] = ("glorot_normal",)
    _scale, _fan = 1.0, "average"


class HeUniform(_ScaledUniform):
    """Uniform with variance 2 / fan_in, for ReLU. He et al., ICCV 2015."""

    names: ClassVar[tuple[str, ...]] = ("he_uniform",)
    _scale, _fan = 2.0, "in"


class HeNormal(_ScaledNormal):
    """Truncated normal with variance 2 / fan_in, for ReLU. He et al., ICCV 2015."""

    names: ClassVar[tuple[str, ...]] = ("he_normal",)
    _scale, _fan = 2.0, "in"


class LecunUniform(_ScaledUniform):
    """Uniform with variance 1 / fan_in. LeCun et al., "Efficient BackProp", 1998."""

    names: ClassVar[tuple[str, ...]] = ("lecun_uniform",)
    _scale, _fan = 1.0, "in"


class LecunNormal(_ScaledNormal):
    """Truncated normal with variance 1 / fan_in. LeCun et al., "Efficient BackProp", 1998."""

    names: ClassVar[tuple[str, ...]] = ("lecun_normal",)
    _scale, _fan = 1.0, "in"


CATALOGUE: Catalogue[Initializer] = Catalogue(
    "initializer",
    Initializer,
    (
        *(Zeros, Ones, Constant, GivenArray, RandomUniform, RandomNormal, TruncatedNormal),
        *(GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal),
        *(Orthogonal, Identity),
    ),
)


def get(identifier: Any) -> Initializer:
    """Return the initialiser that a name, a class, an object or an array of values stands for.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    is_array = not isinstance(identifier, str) and any(hasattr(identifier, name) for name in PROTOCOLS)
    if is_array or isinstance(identifier, list | tuple):
        return GivenArray(identifier)
    return CATALOGUE.get(identifier)


def _truncated_standard_normal(uniform: Array) -> Array:
    """Quantiles of probabilities squeezed to those of [-2, 2]."""
    return _core.normal_quantile(_PHI_OF_MINUS_2 + (1 - 2 * _PHI_OF_MINUS_2) * uniform)
