"""_elementary: powers and cosines of additions, multiplications and divisions alone, which every CPU rounds alike.

NumPy's own differ in the last bit from one processor to the next, and with them would whole trainings. These are within
a few units in the last place.
"""

import math

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_LN_2 = 0.6931471805599453
_ROOT_HALF = 0.7071067811865476


def half_cosine(x: Doubles) -> Doubles:
    """Return (1 + cos(pi x)) / 2 for x in [0, 1]: the square of a sine, or one less it; exactly 1 and 0 at the ends."""
    angle = math.pi / 2 * np.minimum(x, 1 - x)
    square = angle * angle
    series = np.ones_like(angle)
    for k in range(16, 0, -2):
        series = 1 - square / (k * (k + 1)) * series
    sine = angle * series
    return np.where(x < 0.5, 1 - sine * sine, sine * sine)


def power(base: Doubles | float, exponent: Doubles | float) -> Doubles:
    """Return base^exponent, both >= 0; infinity where that is too much for a double."""
    bases, exponents = np.broadcast_arrays(np.asarray(base, np.float64), np.asarray(exponent, np.float64))
    whole = np.floor(exponents)
    part = exponents - whole
    with np.errstate(over="ignore"):
        result = _integer_power(bases, whole.astype(np.int64))
        if part.any():
            result = result * np.where((bases == 0) & (part > 0), 0, _exp2(part * _log2(bases)))
    return result


def _integer_power(base: Doubles, exponent: NDArray[np.int64]) -> Doubles:
    """Square and multiply."""
    result = np.ones_like(base)
    while exponent.any():
        result = np.where(exponent & 1, result * base, result)
        base, exponent = base * base, exponent >> 1
    return result


def _log2(x: Doubles) -> Doubles:
    """Return the logarithm of x > 0: that of a number from sqrt(1/2) to sqrt(2) by the series of atanh."""
    fraction, exponent = np.frexp(x)
    is_low = fraction < _ROOT_HALF
    fraction = np.where(is_low, 2 * fraction, fraction)
    s = (fraction - 1) / (fraction + 1)
    series = np.zeros_like(s)
    for k in range(25, 0, -2):
        series = s * s * series + 1 / k
    logarithm: Doubles = 2 * s * series / _LN_2
    return exponent - is_low + logarithm


def _exp2(x: Doubles) -> Doubles:
    """Return 2^x by the series of exp, for x between the logarithms of the least and the largest double."""
    whole = np.rint(x)
    y = (x - whole) * _LN_2
    series = np.ones_like(y)
    for k in range(15, 0, -1):
        series = 1 + y / k * series
    return np.ldexp(series, whole.astype(np.int32))
