"""_matrix_initializers: initialisers of kernels alone, which see the matrix as a whole."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfast import _core, _validation
from nnfast._initializer import Array, Drawn, Initializer, Shape


@dataclass(frozen=True)
class Orthogonal(Drawn):
    """Rows, or columns where there are fewer of these, of length `gain` that are orthogonal to each other.

    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", ICLR 2014. The normal numbers that are made orthogonal are the same on every machine; NumPy's QR
    decomposition gives the same bits of them only with the same build of NumPy on the same kind of processor.

    Parameters
    ----------
    gain : float
        The length.
    seed : int, optional
        Takes the place of the model's.
    """

    names: ClassVar[tuple[str, ...]] = ("orthogonal",)
    gain: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle("gain", _validation.check_real("gain", self.gain, "(-inf, inf)"))

    def make(self, shape: Shape, seed: int, stream: int) -> Array:
        _check_matrix(self.names[0], shape)
        return super().make(shape, seed, stream)

    def _shape_numbers(self, uniform: Array, shape: Shape) -> Array:
        q, r = np.linalg.qr(_core.normal_quantile(uniform).reshape(max(shape), min(shape)))
        q *= np.where(np.diagonal(r) < 0, -self.gain, self.gain)
        return q if shape[0] >= shape[1] else q.T


@dataclass(frozen=True)
class Identity(Initializer):
    """`gain` on the diagonal, 0 elsewhere; the matrix need not be square.

    Parameters
    ----------
    gain : float
        What is on the diagonal.
    """

    names: ClassVar[tuple[str, ...]] = ("identity",)
    gain: float = 1.0

    def __post_init__(self) -> None:
        self._settle("gain", _validation.check_real("gain", self.gain, "(-inf, inf)"))

    def make(self, shape: Shape, seed: int, stream: int) -> Array:
        _check_matrix(self.names[0], shape)
        return self.gain * np.eye(shape[0], shape[1])


def _check_matrix(name: str, shape: Shape) -> None:
    if len(shape) != 2:
        raise _validation.mismatch(f"initializer {name!r}", "a kernel, shape (in_size, units)", shape)
