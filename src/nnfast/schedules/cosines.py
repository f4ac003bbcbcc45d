"""cosines: schedules that fall, and rise, along half a cosine."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from nnfast import _validation
from nnfast._elementary import half_cosine, power
from nnfast.schedules.schedule import Doubles, LearningRateSchedule


@dataclass(frozen=True)
class CosineDecay(LearningRateSchedule):
    """Half a cosine from the initial rate to `alpha` of it, after a linear warm-up if one is wanted.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Parameters
    ----------
    initial_learning_rate : float
        In [0, 1e30].
    decay_steps : int
        How many steps the cosine takes; its end stays.
    alpha : float
        The last rate as a share of that from which the cosine starts; in [0, 1].
    warmup_target : float, optional
        Where the cosine starts, if not at the initial rate: that grows to it in a straight line over `warmup_steps`.
    warmup_steps : int
        They come before the `decay_steps`.
    """

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0
    _: dataclasses.KW_ONLY
    warmup_target: float | None = None
    warmup_steps: int = 0

    def _compute(self, steps: Doubles) -> Doubles:
        if self.warmup_target is None:
            return self._decay(steps, self.initial_learning_rate)
        rising = self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * (
            steps / max(self.warmup_steps, 1)
        )
        falling = self._decay(np.maximum(steps - self.warmup_steps, 0), self.warmup_target)
        return np.where(steps < self.warmup_steps, rising, falling)

    def _decay(self, steps: Doubles, start: float) -> Doubles:
        return start * _fall(np.minimum(steps / self.decay_steps, 1), self.alpha)


@dataclass(frozen=True)
class CosineDecayRestarts(LearningRateSchedule):
    """Cosines one after the other: Loshchilov and Hutter, as `CosineDecay`.

    Parameters
    ----------
    initial_learning_rate : float
        In [0, 1e30].
    first_decay_steps : int
        How many steps the first cosine takes.
    t_mul : float
        How many times as long as the one before each cosine is; at least 1.
    m_mul : float
        How many times as high.
    alpha : float
        The lowest rate as a share of the initial one; in [0, 1].
    """

    initial_learning_rate: float
    first_decay_steps: int
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0

    def _compute(self, steps: Doubles) -> Doubles:
        times = steps / self.first_decay_steps
        numbers, starts, lengths = self._find_cosines(times)
        return self.initial_learning_rate * _fall((times - starts) / lengths, self.alpha, power(self.m_mul, numbers))

    def _find_cosines(self, times: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        """Return number, start and length, in units of the first, of the cosine that each time falls in."""
        if self.t_mul == 1:
            return np.floor(times), np.floor(times), np.ones_like(times)
        longest = times.max(initial=0.0)
        starts, lengths = [0.0], [1.0]
        while starts[-1] + lengths[-1] <= longest:
            starts.append(starts[-1] + lengths[-1])
            lengths.append(lengths[-1] * self.t_mul)
        numbers = np.searchsorted(np.array(starts), times, side="right") - 1
        return numbers.astype(np.float64), np.array(starts)[numbers], np.array(lengths)[numbers]


@dataclass(frozen=True)
class OneCycle(LearningRateSchedule):
    """PyTorch's ``OneCycleLR``: up half a cosine to the highest rate, down another to almost nothing.

    Smith and Topin, "Super-convergence", arXiv:1708.07120. Unlike PyTorch's it moves no momentum, and after
    `total_steps` the last rate stays, where PyTorch's is an error.

    Parameters
    ----------
    max_learning_rate : float
        PyTorch's ``max_lr``.
    total_steps : int
        Of the whole training.
    pct_start : float
        The share of the steps that go up: more than one step of them, and not all.
    div_factor : float
        The highest rate divided by the first.
    final_div_factor : float
        The first rate divided by the last.
    """

    max_learning_rate: float
    total_steps: int
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 < self.pct_start * self.total_steps < self.total_steps:
            raise _validation.mismatch("total_steps", "pct_start * total_steps > 1", self.total_steps)

    def _compute(self, steps: Doubles) -> Doubles:
        peak, last = self.pct_start * self.total_steps - 1, self.total_steps - 1
        first_rate = self.max_learning_rate / self.div_factor
        last_rate = first_rate / self.final_div_factor
        rising = first_rate + (self.max_learning_rate - first_rate) * (1 - _fall(np.minimum(steps / peak, 1), 0.0))
        done = np.clip((steps - peak) / (last - peak), 0, 1)
        falling = last_rate + (self.max_learning_rate - last_rate) * _fall(done, 0.0)
        return np.where(steps <= peak, rising, falling)


def _fall(share: Doubles, alpha: float, height: Doubles | float = 1.0) -> Doubles:
    """Return half a cosine, `height` high, that falls to 0 as `share` grows from 0 to 1, squeezed to end at `alpha`."""
    return (1 - alpha) * height * half_cosine(share) + alpha
