"""numbers: how figures are written, and where the ticks of an axis stand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

_STEPS = 1, 2, 5, 10


def write_share(share: float) -> str:
    """Return a share in percent, rounded down, so that 100 % is said of 1 alone."""
    return f"{math.floor(1000 * share + 1e-9) / 10:.1f} %"


def write_number(value: float) -> str:
    """Return four significant digits, or a whole number with all of its digits."""
    value = float(value) + 0.0  # which makes 0 of -0
    if value.is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def write_rate(rate: float) -> str:
    """Return a number of samples: "40,000", "3.07 million"."""
    return f"{rate:,.0f}" if rate < 1e6 else f"{rate / 1e6:.2f} million"


def write_seconds(seconds: float) -> str:
    """Return a time as one reads it: "42 ms", "0.42 s", "12 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 0.1:
        return f"{1000 * seconds:.2g} ms"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def write_time(text: str) -> str:
    """Return a moment, given as ISO 8601, to the minute, "2026-01-02 03:04 UTC"; another text as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".rstrip()


@dataclass(frozen=True)
class Axis:
    """An axis: its ends in values, its ticks, and whether equal steps are equal factors."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def place(self, value: float) -> float:
        """Return where a value stands: 0 at the low end, 1 at the high one."""
        low, high, x = (math.log10(v) if self.is_log else v for v in (self.low, self.high, value))
        return (x - low) / (high - low)

    def write(self, tick: float) -> str:
        """Return a tick's words, as many digits as tell it from its neighbours."""
        size = max(abs(self.low), abs(self.high))
        if self.is_log or tick == 0 or 1e-3 <= size < 1e5:
            return f"{tick:.6g}"
        return f"{tick:.1e}".replace("e+0", "e").replace("e-0", "e-").replace(".0e", "e")


def make_axis(values: Sequence[float], n_steps: int = 5, *, may_be_log: bool = False) -> Axis:
    """Choose ends and ticks for finite values, at least one; of decades equal steps may be equal factors."""
    low, high = min(values), max(values)
    if may_be_log and low > 0 and high / low > 30:
        return _make_log_axis(low, high)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        margin = abs(low) / 2 or 1.0
        low, high = low - margin, high + margin
    step = _choose_step((high - low) / n_steps)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def make_integer_axis(low: int, high: int, n_steps: int = 6) -> Axis:
    """Choose ticks among whole numbers; the ends stay as they are."""
    high = max(high, low + 1)
    step = max(1, round(_choose_step((high - low) / n_steps)))
    ticks = [tick for tick in range(-(-low // step) * step, high + 1, step) if tick > low]
    return Axis(low, high, (float(low), *(float(tick) for tick in ticks if tick - low > 0.6 * step)))


def _choose_step(least: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the first that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def _make_log_axis(low: float, high: float) -> Axis:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    parts = (1, 3) if last - first <= 3 else (1,)
    stride = -(-(last - first) // 6)
    ticks = [part * 10.0**power for power in range(first, last + 1, stride) for part in parts]
    inner = [tick for tick in ticks if low / 1.05 <= tick <= high * 1.05]
    return Axis(min(low / 1.1, inner[0]), max(high, inner[-1]), tuple(float(f"{tick:.6g}") for tick in inner), True)
