"""loss: what all losses have in common."""

import copy
from dataclasses import dataclass, field
from typing import ClassVar, Self

from nnfast import _core, _validation
from nnfast._descriptions import Description

_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight")


@dataclass(frozen=True)
class Loss(Description):
    """The base of all losses.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "mean", "sum", "mean_with_sample_weight"}
        How the losses of rows become one: the first two are their mean over the rows, the last divides by the sum of
        the rows' weights instead, which is the same without weights. The gradient of a "sum" grows with the batch, and
        the loss told of an epoch is then the sum over its rows (Keras tells the mean over batches).
    """

    reduction: str = field(default="sum_over_batch_size", kw_only=True)
    core_name: ClassVar[str]
    """The core's name; with "_logits" behind it that of the joint form."""
    fuses_with: ClassVar[str | None] = None
    """The activation that the joint form replaces."""
    takes_labels: ClassVar[bool] = False
    """Whether targets are class labels, not one number an output."""
    takes_probabilities: ClassVar[bool] = False
    """Whether targets must lie between 0 and 1."""
    factor: ClassVar[float] = 1.0
    """What losses that are told are multiplied by, see `share`; a file keeps none of these three."""
    gradient_factor: ClassVar[float] = 1.0
    """What gradients are multiplied by."""
    divides_penalties: ClassVar[bool] = False
    """Whether penalties are divided as the sum of the rows' losses is."""

    def __post_init__(self) -> None:
        if self.reduction in (None, "none"):
            hint = "training needs one number of a batch"
            raise _validation.mismatch("reduction", f"one of {_REDUCTIONS}", self.reduction, hint)
        self._settle("reduction", _validation.check_choice("reduction", self.reduction, _REDUCTIONS))

    @property
    def wants_logits(self) -> bool:
        """Whether the user declared the outputs to be logits."""
        return bool(getattr(self, "from_logits", False))

    @property
    def is_sum(self) -> bool:
        """Whether it is the rows' sum, not their mean."""
        return self.reduction == "sum"

    @property
    def parameters(self) -> tuple[float, ...]:
        """The numbers that the core takes with the loss, in its order."""
        return tuple(float(getattr(self, name)) for name in _core.LOSSES[self.core_name])

    def share(self, factor: float, gradient_factor: float) -> Self:
        """Return the loss in scikit-learn's form: times a factor, with penalties that the rows of a batch share."""
        changed = copy.copy(self)
        for name, value in (("factor", factor), ("gradient_factor", gradient_factor), ("divides_penalties", True)):
            changed._settle(name, value)
        return changed

    def _check_numbers(self, **intervals: str) -> None:
        """Check parameters that are numbers in an interval."""
        for name, interval in intervals.items():
            self._settle(name, _validation.check_real(name, getattr(self, name), interval))

    def _check_bools(self, *names: str) -> None:
        for name in names:
            self._settle(name, _validation.check_bool(name, getattr(self, name)))
