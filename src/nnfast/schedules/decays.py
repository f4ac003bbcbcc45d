"""decays: schedules that stay, fall by a formula, or step down."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfast import _validation
from nnfast._elementary import power
from nnfast.schedules.schedule import Doubles, LearningRateSchedule


@dataclass(frozen=True)
class Constant(LearningRateSchedule):
    """The same rate always."""

    learning_rate: float

    def _compute(self, steps: Doubles) -> Doubles:
        return np.full_like(steps, self.learning_rate)


@dataclass(frozen=True)
class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate^(step / decay_steps)``, the exponent rounded down with `staircase`.

    PyTorch's ``ExponentialLR(gamma)`` has ``decay_steps=1`` and counts what its user counts, mostly epochs.
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def _compute(self, steps: Doubles) -> Doubles:
        return self.initial_learning_rate * power(self.decay_rate, _divide(steps, self.decay_steps, self.staircase))


@dataclass(frozen=True)
class StepDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate^floor(step / decay_steps)``: PyTorch's ``StepLR`` with its ``gamma``.

    It is `ExponentialDecay` with a staircase; Keras has no other name for it.
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float = 0.1

    def _compute(self, steps: Doubles) -> Doubles:
        return self.initial_learning_rate * power(self.decay_rate, _divide(steps, self.decay_steps, True))


@dataclass(frozen=True)
class InverseTimeDecay(LearningRateSchedule):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``, the quotient rounded down with `staircase`."""

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def _compute(self, steps: Doubles) -> Doubles:
        quotients = _divide(steps, self.decay_steps, self.staircase)
        return np.asarray(self.initial_learning_rate / (1 + self.decay_rate * quotients))


@dataclass(frozen=True)
class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to and with step ``boundaries[0]``, then ``values[1]`` up to and with ``boundaries[1]``, ...

    Parameters
    ----------
    boundaries : list of float
        Ascending.
    values : list of float
        One more than `boundaries`.
    """

    boundaries: Sequence[float]
    values: Sequence[float]

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(low >= high for low, high in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise _validation.mismatch("boundaries", "ascending numbers", self.boundaries)
        if len(self.values) != len(self.boundaries) + 1:
            raise _validation.mismatch("values", f"{len(self.boundaries) + 1} numbers", self.values)

    def _compute(self, steps: Doubles) -> Doubles:
        return np.array(self.values)[np.searchsorted(np.array(self.boundaries), steps)]

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {name: list(values) for name, values in super().get_config().items()}


@dataclass(frozen=True)
class PolynomialDecay(LearningRateSchedule):
    """From the initial rate to the last one as ``(1 - step / decay_steps)^power`` falls from 1 to 0.

    Parameters
    ----------
    initial_learning_rate, end_learning_rate : float
        In [0, 1e30].
    decay_steps : int
        How many steps that takes.
    power : float
        1 is a straight line.
    cycle : bool
        Whether behind `decay_steps` it begins anew, ``decay_steps`` being a multiple of itself that is at least `step`.
        Without it the last rate stays.
    """

    initial_learning_rate: float
    decay_steps: int
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def _compute(self, steps: Doubles) -> Doubles:
        n_cycles = np.maximum(np.ceil(steps / self.decay_steps), 1) if self.cycle else np.ones_like(steps)
        rest = 1 - np.minimum(steps / (self.decay_steps * n_cycles), 1)
        return (self.initial_learning_rate - self.end_learning_rate) * power(rest, self.power) + self.end_learning_rate


def _divide(steps: Doubles, decay_steps: int, is_whole: bool) -> Doubles:
    quotients = steps / decay_steps
    return np.floor(quotients) if is_whole else quotients
