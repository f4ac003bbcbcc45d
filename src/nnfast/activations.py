"""activations: what may stand behind a layer. Names, parameters and meaning are Keras 3's.

Where a formula is given, x is the layer's weighted sum. The derivative of `ReLU` and `LeakyReLU` at 0 is that of the
negative side; that of `ReLU6`, `HardSigmoid` and `HardTanh` is 0 at both bends.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnfast import _validation
from nnfast._descriptions import Catalogue, Description


@dataclass(frozen=True)
class ActivationFunction(Description):
    """The base of all activations."""

    @property
    def core_name(self) -> str:
        """What the core calls the function."""
        return self.names[0]

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


class ReLU6(ActivationFunction):
    """min(max(x, 0), 6)."""

    names: ClassVar[tuple[str, ...]] = ("relu6",)


class SELU(ActivationFunction):
    """scale x where x > 0, else scale alpha (exp(x) - 1), scale 1.0507, alpha 1.6733. Klambauer et al., NeurIPS 2017.

    Its networks start from `LecunNormal`.
    """

    names: ClassVar[tuple[str, ...]] = ("selu",)


@dataclass(frozen=True)
class CELU(ActivationFunction):
    """x where x > 0, else alpha (exp(x / alpha) - 1). Barron, 2017.

    Parameters
    ----------
    alpha : float
        In [1e-30, 1e30].
    """

    names: ClassVar[tuple[str, ...]] = ("celu",)
    alpha: float = 1.0

    def __post_init__(self) -> None:
        self._settle("alpha", _validation.check_real("alpha", self.alpha, "[1e-30, 1e30]"))

    @property
    def parameter(self) -> float:  # noqa: D102
        return self.alpha


@dataclass(frozen=True)
class GELU(ActivationFunction):
    """x Phi(x), with Phi the standard normal distribution function.

    Parameters
    ----------
    approximate : bool
        Whether Phi(x) is taken as (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. False, as in Keras (PyTorch writes
        ``approximate="tanh"`` and ``"none"``); `nnfast.kernels` calls the two gelu and gelu_tanh.
    """

    names: ClassVar[tuple[str, ...]] = ("gelu",)
    approximate: bool = False

    def __post_init__(self) -> None:
        self._settle("approximate", _validation.check_bool("approximate", self.approximate))

    @property
    def core_name(self) -> str:  # noqa: D102
        return "gelu_tanh" if self.approximate else "gelu"


class Softplus(ActivationFunction):
    """log(1 + exp(x))."""

    names: ClassVar[tuple[str, ...]] = ("softplus",)


class SiLU(ActivationFunction):
    """x / (1 + exp(-x)), also called swish."""

    names: ClassVar[tuple[str, ...]] = ("silu", "swish")


class Softsign(ActivationFunction):
    """x / (1 + abs(x))."""

    names: ClassVar[tuple[str, ...]] = ("softsign",)


class Mish(ActivationFunction):
    """x tanh(log(1 + exp(x))). Misra, BMVC 2020."""

    names: ClassVar[tuple[str, ...]] = ("mish",)


class HardSigmoid(ActivationFunction):
    """min(max(x + 3, 0), 6) / 6, as in Keras 3 and PyTorch (Keras 2 had a slope of 0.2)."""

    names: ClassVar[tuple[str, ...]] = ("hard_sigmoid",)


class HardTanh(ActivationFunction):
    """min(max(x, -1), 1)."""

    names: ClassVar[tuple[str, ...]] = ("hard_tanh",)


class HardSwish(ActivationFunction):
    """x min(max(x + 3, 0), 6) / 6, also called hard_silu. Its derivative at -3 and 3 is 0 and 1."""

    names: ClassVar[tuple[str, ...]] = ("hard_swish", "hard_silu")


class Exponential(ActivationFunction):
    """exp(x)."""

    names: ClassVar[tuple[str, ...]] = ("exponential",)


@dataclass(frozen=True)
class _Step(ActivationFunction):
    """A function whose derivative is 0.

    Parameters
    ----------
    straight_through : bool
        Whether the gradient is passed on nevertheless, as it is, where abs(x) <= 1. Hubara et al., NeurIPS 2016.
    """

    straight_through: bool = False

    def __post_init__(self) -> None:
        self._settle("straight_through", _validation.check_bool("straight_through", self.straight_through))

    @property
    def core_name(self) -> str:
        return f"{self.names[0]}_straight_through" if self.straight_through else self.names[0]


class BinaryStep(_Step):
    """1 where x > 0, else 0. Its derivative is 0: for inference, nothing before it learns.

    Parameters
    ----------
    straight_through : bool
        Whether the gradient is passed on nevertheless, as it is, where abs(x) <= 1. Hubara et al., NeurIPS 2016.
    """

    names: ClassVar[tuple[str, ...]] = ("binary_step",)


class Sign(_Step):
    """-1, 0 or 1. Its derivative is 0: for inference, nothing before it learns.

    Parameters
    ----------
    straight_through : bool
        As in `BinaryStep`.
    """

    names: ClassVar[tuple[str, ...]] = ("sign",)


class Softmax(ActivationFunction):
    """exp(x) divided by its sum over the layer's units: shares that are positive and add up to 1."""

    names: ClassVar[tuple[str, ...]] = ("softmax",)


class LogSoftmax(ActivationFunction):
    """The logarithm of `Softmax`. No loss joins with it: cross-entropy wants `Softmax`, and loses no digits by that."""

    names: ClassVar[tuple[str, ...]] = ("log_softmax",)


CATALOGUE: Catalogue[ActivationFunction] = Catalogue(
    "activation",
    ActivationFunction,
    (
        *(Linear, Sigmoid, Tanh, ReLU, LeakyReLU, ReLU6, ELU, SELU, CELU, GELU, Softplus, Softsign, SiLU, Mish),
        *(HardSigmoid, HardTanh, HardSwish, Exponential, BinaryStep, Sign, Softmax, LogSoftmax),
    ),
)


def get(identifier: Any) -> ActivationFunction:
    """Return the activation that a name, a class or an object stands for; None is `Linear`.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    return Linear() if identifier is None else CATALOGUE.get(identifier)
