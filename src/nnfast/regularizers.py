"""regularizers: what large parameters add to the loss. Names, parameters and meaning are Keras 3's.

The penalty of a batch is that of the parameters it meets, ``l1 * sum(|w|) + l2 * sum(w ** 2)``, whatever the size of
the batch; losses that are reported contain it. Parameters that are not trained add nothing.

scikit-learn's ``alpha`` is ``0.5 * alpha * sum(w ** 2) / n_rows_of_the_batch`` on kernels: l2 = alpha / (2 *
batch_size), and twice that beside a squared error, which it halves.
PyTorch's ``weight_decay`` adds ``weight_decay * w`` to the gradient, which is 2 * l2 * w here: l2 = weight_decay / 2.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnfast import _validation
from nnfast._descriptions import Catalogue, Description


@dataclass(frozen=True)
class Regularizer(Description):
    """The base of all regularizers."""

    @property
    def factors(self) -> tuple[float, float]:
        """What the sums of ``|w|`` and of ``w ** 2`` are multiplied by."""
        return (getattr(self, "l1", 0.0), getattr(self, "l2", 0.0))

    def __post_init__(self) -> None:
        for name in self.get_config():
            self._settle(name, _validation.check_real(name, getattr(self, name), "[0, 1e30]"))


@dataclass(frozen=True)
class L1(Regularizer):
    """``l1 * sum(|w|)``: drives weights to 0. The slope at 0 is 0.

    Parameters
    ----------
    l1 : float
        In [0, 1e30].
    """

    names: ClassVar[tuple[str, ...]] = ("l1",)
    l1: float = 0.01


@dataclass(frozen=True)
class L2(Regularizer):
    """``l2 * sum(w ** 2)``: keeps weights small.

    Parameters
    ----------
    l2 : float
        In [0, 1e30]. There is no half in it: the gradient is ``2 * l2 * w``.
    """

    names: ClassVar[tuple[str, ...]] = ("l2",)
    l2: float = 0.01


@dataclass(frozen=True)
class L1L2(Regularizer):
    """The sum of both. As in Keras the factors are 0 unless given; the string "l1_l2" stands for 0.01 of each.

    Parameters
    ----------
    l1, l2 : float
        In [0, 1e30].
    """

    names: ClassVar[tuple[str, ...]] = ("l1_l2", "l1l2")
    l1: float = 0.0
    l2: float = 0.0


CATALOGUE: Catalogue[Regularizer] = Catalogue("regularizer", Regularizer, (L1, L2, L1L2))


def get(identifier: Any) -> Regularizer | None:
    """Return the regularizer that a name, a class or an object stands for; None for None.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    if isinstance(identifier, str) and identifier.lower() in L1L2.names:
        return L1L2(0.01, 0.01)
    return None if identifier is None else CATALOGUE.get(identifier)
