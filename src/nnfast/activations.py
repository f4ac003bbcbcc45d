"""activations: what may stand behind a layer. Names, parameters and meaning are Keras 3's.

Where a formula is given, x is the layer's weighted sum. The derivative of `ReLU` and `LeakyReLU` at 0 is that of the
negative side.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnfast import _validation
from nnfast._descriptions import Catalogue, Description


@dataclass(frozen=True)
class ActivationFunction(Description):
    """The base of all activations."""

    @property
    def parameter(self) -> float:
        """The number the core takes with the function; 0 where there is none."""
        return 0.0


class Linear(ActivationFunction):
    """x."""

    names: ClassVar[tuple[str, ...]] = ("linear",)


class Sigmoid(ActivationFunction):
    """1 / (1 + exp(-x))."""

    names: ClassVar[tuple[str, ...]] = ("sigmoid",)


class Tanh(ActivationFunction):
    """The hyperbolic tangent."""

    names: ClassVar[tuple[str, ...]] = ("tanh",)


class ReLU(ActivationFunction):
    """max(x, 0)."""

    names: ClassVar[tuple[str, ...]] = ("relu",)


@dataclass(frozen=True)
class LeakyReLU(ActivationFunction):
    """x where x > 0, else negative_slope x.

    Parameters
    ----------
    negative_slope : float
        0.2, as in Keras' activation of that name (Keras' layer of that name has 0.3, PyTorch's 0.01). In [0, 1e30].
    """

    names: ClassVar[tuple[str, ...]] = ("leaky_relu",)
    negative_slope: float = 0.2

    def __post_init__(self) -> None:
        self._settle("negative_slope", _validation.check_real("negative_slope", self.negative_slope, "[0, 1e30]"))

    @property
    def parameter(self) -> float:  # noqa: D102
        return self.negative_slope


@dataclass(frozen=True)
class ELU(ActivationFunction):
    """x where x > 0, else alpha (exp(x) - 1). Clevert et al., ICLR 2016.

    Parameters
    ----------
    alpha : float
        In [0, 1e30].
    """

    names: ClassVar[tuple[str, ...]] = ("elu",)
    alpha: float = 1.0

    def __post_init__(self) -> None:
        self._settle("alpha", _validation.check_real("alpha", self.alpha, "[0, 1e30]"))

    @property
    def parameter(self) -> float:  # noqa: D102
        return self.alpha


class GELU(ActivationFunction):
    """x Phi(x), with Phi the standard normal distribution function: the exact form, Keras' and PyTorch's default."""

    names: ClassVar[tuple[str, ...]] = ("gelu",)


class Softplus(ActivationFunction):
    """log(1 + exp(x))."""

    names: ClassVar[tuple[str, ...]] = ("softplus",)


class SiLU(ActivationFunction):
    """x / (1 + exp(-x)), also called swish."""

    names: ClassVar[tuple[str, ...]] = ("silu", "swish")


class BinaryStep(ActivationFunction):
    """1 where x > 0, else 0. Its derivative is 0: for inference, nothing before it learns."""

    names: ClassVar[tuple[str, ...]] = ("binary_step",)


class Sign(ActivationFunction):
    """-1, 0 or 1. Its derivative is 0: for inference, nothing before it learns."""

    names: ClassVar[tuple[str, ...]] = ("sign",)


class Softmax(ActivationFunction):
    """exp(x) divided by its sum over the layer's units: shares that are positive and add up to 1."""

    names: ClassVar[tuple[str, ...]] = ("softmax",)


CATALOGUE: Catalogue[ActivationFunction] = Catalogue(
    "activation",
    ActivationFunction,
    (Linear, Sigmoid, Tanh, ReLU, LeakyReLU, ELU, GELU, Softplus, SiLU, BinaryStep, Sign, Softmax),
)


def get(identifier: Any) -> ActivationFunction:
    """Return the activation that a name, a class or an object stands for; None is `Linear`.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    return Linear() if identifier is None else CATALOGUE.get(identifier)
