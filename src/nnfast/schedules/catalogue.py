"""catalogue: the list of schedules, how they are written as plain data, and the one schedule that holds another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np

from nnfast import _validation
from nnfast._descriptions import Catalogue
from nnfast.schedules.cosines import CosineDecay, CosineDecayRestarts, OneCycle
from nnfast.schedules.decays import (
    Constant,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    StepDecay,
)
from nnfast.schedules.schedule import Doubles, LearningRate, LearningRateSchedule, compute_rates


@dataclass(frozen=True)
class Warmup(LearningRateSchedule):
    """A straight line to where another schedule begins, and then that.

    Parameters
    ----------
    schedule : float, LearningRateSchedule or callable
        What comes after the warm-up; its step 0 is step `warmup_steps`.
    warmup_steps : int
        How many steps the line takes.
    initial_learning_rate : float
        Where the line starts.
    """

    schedule: LearningRate
    warmup_steps: int
    initial_learning_rate: float = 0.0

    def _compute(self, steps: Doubles) -> Doubles:
        target = compute_rates(self.schedule, np.zeros(1))[0]
        share = np.minimum(steps / max(self.warmup_steps, 1), 1)
        rising: Doubles = self.initial_learning_rate + (target - self.initial_learning_rate) * share
        after = steps >= self.warmup_steps
        rising[after] = compute_rates(self.schedule, steps[after] - self.warmup_steps)
        return rising

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config() | {"schedule": serialize(self.schedule, "schedule")}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:  # noqa: D102
        return cls(**{**config, "schedule": deserialize(config.get("schedule"))})


CATALOGUE: Catalogue[LearningRateSchedule] = Catalogue(
    "schedule",
    LearningRateSchedule,
    (
        *(Constant, ExponentialDecay, StepDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay),
        *(CosineDecay, CosineDecayRestarts, OneCycle, Warmup),
    ),
)


def serialize(value: LearningRate, name: str = "learning_rate") -> float | dict[str, Any]:
    """Return a learning rate as plain data: a number as it stands, a schedule as a dict.

    Raises
    ------
    ValueError
        If it is a function that is not a schedule of this module.
    """
    if isinstance(value, float):
        return value
    if type(value) not in CATALOGUE.by_class_name.values():
        raise _validation.mismatch(name, "a number or a schedule of nnfast.schedules to write down", value)
    return CATALOGUE.serialize(cast(LearningRateSchedule, value))


def deserialize(data: Any) -> Any:
    """Return the schedule that `serialize` made a dict of; anything else as it stands."""
    return CATALOGUE.deserialize(data) if isinstance(data, Mapping) else data
