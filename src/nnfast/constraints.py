"""constraints: what kernels and biases are brought back to after each step. Names and meaning are Keras 3's.

A constraint on norms means those of a kernel's columns, the weights of one unit; of a bias, the norm of the whole. It
costs a meeting of the threads in each batch. Parameters that are not trained, and first weights, are left as they are.

scikit-learn has no constraints; PyTorch's ``Embedding(max_norm=)`` is near to `MaxNorm`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from nnfast import _validation
from nnfast._descriptions import Catalogue, Description

Terms = tuple[Literal["non_negative", "norm"], float, float, float]


@dataclass(frozen=True)
class Constraint(Description):
    """The base of all constraints."""

    @property
    def terms(self) -> Terms:
        """The core's words: a kind, and for norms the least, the largest, and the share of the way to go."""
        raise NotImplementedError


class NonNeg(Constraint):
    """What is below 0 becomes 0."""

    names: ClassVar[tuple[str, ...]] = ("non_neg", "nonneg")

    @property
    def terms(self) -> Terms:  # noqa: D102
        return ("non_negative", 0.0, 0.0, 0.0)


class _Norm(Constraint):
    """The base of those on norms: columns are multiplied by wanted norm / (1e-7 + norm)."""

    def __post_init__(self) -> None:
        for name, value in self.get_config().items():
            if name == "axis":
                _validation.check_choice(name, value, (0,))
            else:
                self._settle(name, _validation.check_real(name, value, "[0, 1]" if name == "rate" else "[0, 1e30]"))


@dataclass(frozen=True)
class MaxNorm(_Norm):
    """Norms that are larger become `max_value`.

    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.

    Parameters
    ----------
    max_value : float
        The largest norm, in [0, 1e30].
    axis : int
        0: the norms are those of columns. There is no other yet.
    """

    names: ClassVar[tuple[str, ...]] = ("max_norm", "maxnorm")
    max_value: float = 2.0
    axis: int = 0

    @property
    def terms(self) -> Terms:  # noqa: D102
        return ("norm", 0.0, self.max_value, 1.0)


@dataclass(frozen=True)
class UnitNorm(_Norm):
    """Norms become 1.

    Parameters
    ----------
    axis : int
        0: the norms are those of columns. There is no other yet.
    """

    names: ClassVar[tuple[str, ...]] = ("unit_norm", "unitnorm")
    axis: int = 0

    @property
    def terms(self) -> Terms:  # noqa: D102
        return ("norm", 1.0, 1.0, 1.0)


@dataclass(frozen=True)
class MinMaxNorm(_Norm):
    """Norms are moved into an interval, or towards it.

    Parameters
    ----------
    min_value, max_value : float
        The interval, in [0, 1e30].
    rate : float
        The share of the way that a step goes, in [0, 1].
    axis : int
        0: the norms are those of columns. There is no other yet.
    """

    names: ClassVar[tuple[str, ...]] = ("min_max_norm", "minmaxnorm")
    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_value < self.min_value:
            raise _validation.mismatch("max_value", f"a number >= min_value, {self.min_value}", self.max_value)

    @property
    def terms(self) -> Terms:  # noqa: D102
        return ("norm", self.min_value, self.max_value, self.rate)


CATALOGUE: Catalogue[Constraint] = Catalogue("constraint", Constraint, (MaxNorm, NonNeg, UnitNorm, MinMaxNorm))


def get(identifier: Any) -> Constraint | None:
    """Return the constraint that a name, a class or an object stands for; None for None.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    return None if identifier is None else CATALOGUE.get(identifier)
