"""_initializer: what all initialisers have in common."""

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from nnfast import _core, _validation
from nnfast._descriptions import Description

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Initializer(Description):
    """The base of all initialisers."""

    def make(self, shape: Shape, seed: int, stream: int) -> Array:
        """Make an array of values.

        Parameters
        ----------
        shape : tuple of int
            (in_size, out_size) for a kernel, (out_size,) for a bias.
        seed : int
            The model's.
        stream : int
            The parameter's place among the model's parameters.

        Returns
        -------
        ndarray of float64
        """
        raise NotImplementedError


class Drawn(Initializer):
    """The base of those that draw numbers."""

    def __post_init__(self) -> None:
        seed = getattr(self, "seed", None)
        if seed is not None:
            self._settle("seed", _validation.check_integer("seed", seed, 0, 2**64 - 1))

    def make(self, shape: Shape, seed: int, stream: int) -> Array:
        own_seed = getattr(self, "seed", None)
        uniform = _core.random_uniform(seed if own_seed is None else own_seed, stream, math.prod(shape))
        return self._shape_numbers(uniform, shape).reshape(shape)

    def _shape_numbers(self, uniform: Array, shape: Shape) -> Array:
        """Turn numbers uniform in (0, 1) into values."""
        raise NotImplementedError
