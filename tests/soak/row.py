"""row: what a part of the long tests is told, and what it answers."""

from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Size:
    """How much is asked for: the long form, or the short one of every day; and the seed of what is drawn."""

    long: bool
    seed: int = 0

    def pick(self, short: T, long: T) -> T:
        return long if self.long else short


@dataclass(frozen=True)
class Row:
    """A fault, what must happen, how often it was tried, how often something else happened, and what was measured."""

    fault: str
    must: str
    tried: int
    failed: int
    figure: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing else happened. Of what was never tried nothing is known."""
        return self.tried > 0 and self.failed == 0
