"""scaling: features and values of mean 0 and deviation 1 within a model that takes and gives them as they are."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.layers import Input, Layer, Normalization, Rescaling

Array = NDArray[Any]

_FLOAT32_SHIFT = 1e4  # a mean of so many deviations leaves float32 three digits for the rest
_FLOAT32_DEVIATIONS = 1e-6, 1e15
_NO_VARIANCE = 1e36  # a feature that never varied is divided by 1e18: other values of it change no output


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
        """Whether float32 would lose too much of the columns as they are."""
        low, high = _FLOAT32_DEVIATIONS
        far = np.abs(self.mean) / self.deviation > _FLOAT32_SHIFT
        return bool((self._varies & (far | (self.deviation < low) | (self.deviation > high))).any())

    def apply(self, x: Array) -> Array:
        """Return the columns with mean 0 and deviation 1."""
        standardised: Array = (x - self.mean) / self.deviation
        return standardised

    def make_first_layers(self) -> list[Layer]:
        """Make the layers that do the same to features as they are."""
        scale = self._choose_scale()
        variance = np.where(self._varies, np.square(self.deviation * scale), _NO_VARIANCE)
        return [Input(len(self.mean), scale=scale), Normalization(mean=self.mean * scale, variance=variance)]

    def make_last_layer(self) -> Rescaling:
        """Make the layer that brings one column back to its own scale."""
        return Rescaling(float(self.deviation[0] * self._varies[0]), float(self.mean[0]))

    def _choose_scale(self) -> float:
        """Return a power of two that lifts the smallest deviation above what `Normalization` takes for none."""
        smallest = float(self.deviation.min())
        least = 10 * Normalization.epsilon
        return 1.0 if smallest >= least else 2.0 ** math.ceil(math.log2(least / smallest))
