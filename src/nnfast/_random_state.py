"""_random_state: what users give as `random_state` -> random numbers that are the same on every machine."""

import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _core, _validation

RandomState = int | np.random.Generator | None

_LAST_LAYER = 2**24 - 1
_LAST_EPOCH = 2**32 - 1
_MOST_ROWS = 2**31 - 1


class Numbers:
    """The core's random numbers of one seed, each call with a stream of its own.

    Streams are counted down from the last, so that a model of the same seed, whose layers and epochs count up from 0,
    draws others.

    Parameters
    ----------
    random_state : int, Generator or None
        A seed from 0 to 2^64 - 1, NumPy's generator to draw one from, or None for another one each time.
    """

    def __init__(self, random_state: RandomState) -> None:
        self._seed = _find_seed(random_state)
        self._n_taken = 0

    def draw_order(self, n: int) -> NDArray[np.int64]:
        """Return the numbers from 0 to n - 1, shuffled."""
        _validation.check_integer("number of rows to shuffle", n, 0, _MOST_ROWS)
        return _core.random_order(self._seed, _LAST_EPOCH - self._take(), n).astype(np.int64)

    def draw_uniform(self, *shape: int) -> NDArray[np.float64]:
        """Return numbers uniform in (0, 1)."""
        return _core.random_uniform(self._seed, _LAST_LAYER - self._take(), math.prod(shape)).reshape(shape)

    def draw_normal(self, *shape: int) -> NDArray[np.float64]:
        """Return numbers of mean 0 and deviation 1, normally distributed."""
        uniform = self.draw_uniform(math.prod(shape))
        return _core.normal_quantile(uniform).reshape(shape)

    def _take(self) -> int:
        self._n_taken += 1
        return self._n_taken - 1


def _find_seed(random_state: Any) -> int:
    if random_state is None:
        return int.from_bytes(os.urandom(8))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    try:
        return _validation.check_integer("random_state", random_state, 0, 2**64 - 1)
    except ValueError:
        expected = "an integer from 0 to 2^64 - 1, a numpy.random.Generator or None"
        raise _validation.mismatch("random_state", expected, random_state) from None
