"""scaling: features and values of mean 0 and deviation 1 while training, of their own scale in the finished model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_FLOAT32_SHIFT = 1e4  # a mean of so many deviations leaves float32 three digits for the rest
_FLOAT32_DEVIATIONS = 1e-15, 1e15


class Standardizer:
    """Mean and deviation of each column.

    Parameters
    ----------
    x : ndarray of shape (n, n_columns)
        What they are measured on.
    """

    def __init__(self, x: Array) -> None:
        self.mean = x.mean(axis=0, dtype=np.float64)
        deviation = x.std(axis=0, dtype=np.float64)
        # The deviation of equal numbers is not 0 but what rounding leaves of it.
        self._varies = deviation > len(x) * np.finfo(np.float64).eps * np.abs(self.mean)
        self.deviation = np.where(self._varies, deviation, 1.0)

    @property
    def needs_float64(self) -> bool:
        """Whether sums of the columns as they are would lose too much in float32."""
        low, high = _FLOAT32_DEVIATIONS
        far = np.abs(self.mean) / self.deviation > _FLOAT32_SHIFT
        return bool((self._varies & (far | (self.deviation < low) | (self.deviation > high))).any())

    def apply(self, x: Array) -> Array:
        """Return the columns with mean 0 and deviation 1."""
        standardised: Array = (x - self.mean) / self.deviation
        return standardised

    def fold_into_inputs(self, weights: list[Array]) -> list[Array]:
        """Make of weights for standardised features those for the features as they are: the first layer's change.

        A feature that never varied taught its weights nothing: they become 0, and other values of it change no output.
        """
        kernel, bias, *others = weights
        scaled = np.where(self._varies[:, None], kernel, 0.0) / self.deviation[:, None]
        return [scaled, bias - self.mean @ scaled, *others]

    def fold_into_outputs(self, weights: list[Array]) -> list[Array]:
        """Make of weights for standardised values those for the values as they are: the last layer's change."""
        *others, kernel, bias = weights
        scale = np.where(self._varies, self.deviation, 0.0)
        return [*others, kernel * scale, bias * scale + self.mean]
