"""schedule: what all schedules share, and the learning rates of a number of steps."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast, overload

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast._descriptions import Description

Doubles = NDArray[np.float64]

_RATES = "[0, 1e30]"


def _check_rate(name: str, value: object) -> float:
    return _validation.check_real(name, value, _RATES)


def _check_share(name: str, value: object) -> float:
    return _validation.check_real(name, value, "[0, 1]")


def _check_factor(name: str, value: object) -> float:
    return _validation.check_real(name, value, "[1, 1e30]")


def _check_count(name: str, value: object) -> int:
    return _validation.check_integer(name, value, 1, 2**53)


def _check_rates(name: str, values: object) -> tuple[float, ...]:
    if not isinstance(values, Sequence | np.ndarray) or isinstance(values, str) or not len(values):
        raise _validation.mismatch(name, "a list of numbers", values)
    return tuple(_check_rate(f"{name}[{place}]", value) for place, value in enumerate(values))


_CHECKS: dict[str, Callable[[str, object], Any]] = {
    **dict.fromkeys(("learning_rate", "initial_learning_rate", "end_learning_rate", "max_learning_rate"), _check_rate),
    **dict.fromkeys(("decay_rate", "power", "m_mul"), _check_rate),
    **dict.fromkeys(("decay_steps", "first_decay_steps", "total_steps"), _check_count),
    **dict.fromkeys(("staircase", "cycle"), _validation.check_bool),
    "alpha": _check_share,
    **dict.fromkeys(("t_mul", "div_factor", "final_div_factor"), _check_factor),
    "warmup_target": lambda name, value: None if value is None else _check_rate(name, value),
    "warmup_steps": lambda name, value: _validation.check_integer(name, value, 0, 2**53),
    **dict.fromkeys(("boundaries", "values"), _check_rates),
    "pct_start": lambda name, value: _validation.check_real(name, value, "(0, 1)"),
    "schedule": lambda name, value: check_learning_rate(name, value),
}
"""Of every parameter of a schedule here; a name means the same in all of them."""


@dataclass(frozen=True)
class LearningRateSchedule(Description):
    """The base of all schedules."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            self._settle(field.name, _CHECKS[field.name](field.name, getattr(self, field.name)))

    @overload
    def __call__(self, step: int) -> float: ...
    @overload
    def __call__(self, step: NDArray[Any]) -> Doubles: ...
    def __call__(self, step: int | NDArray[Any]) -> float | Doubles:
        """Return the learning rate after so many steps, or for an array of numbers of steps those of each."""
        steps = np.asarray(step, np.float64)
        rates = self._compute(np.atleast_1d(steps))
        return rates.reshape(steps.shape) if steps.ndim else float(rates[0])

    def _compute(self, steps: Doubles) -> Doubles:
        raise NotImplementedError


LearningRate: TypeAlias = float | LearningRateSchedule | Callable[[int], float]


def check_learning_rate(name: str, value: object) -> LearningRate:
    """Return what an optimizer's learning rate may be: a number in [0, 1e30], a schedule, or another function."""
    if callable(value) and not isinstance(value, type):
        return cast(LearningRate, value)
    return _check_rate(name, value)


def compute_rates(learning_rate: LearningRate, steps: NDArray[Any]) -> Doubles:
    """Return the learning rate of each of the steps.

    Raises
    ------
    ValueError
        If a schedule gives anything but a finite number in [0, 1e30]; the message names the step.
    """
    if isinstance(learning_rate, float):
        return np.full(len(steps), learning_rate)
    if isinstance(learning_rate, LearningRateSchedule):
        rates = learning_rate(steps)
        bad = np.flatnonzero(~((rates >= 0) & (rates <= 1e30)))
        for place in bad[:1]:
            _check_rate(f"learning_rate of step {steps[place]:.0f}", float(rates[place]))
        return rates
    return np.array([_check_rate(f"learning_rate of step {step:.0f}", learning_rate(int(step))) for step in steps])


def compute_rate(learning_rate: LearningRate, step: int) -> float:
    """Return the learning rate of one step; see `compute_rates`."""
    if isinstance(learning_rate, float):
        return learning_rate
    return float(compute_rates(learning_rate, np.array([step]))[0])
