"""synthetic: made-up data for pictures and trials. Names and parameters are scikit-learn's.

Every number comes from the core's generator, additions, multiplications and divisions: it has the same bits on every
machine. scikit-learn draws other ones from the same seed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast._elementary import half_cosine
from nnfast._random_state import Numbers, RandomState

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]

_LARGEST_COEFFICIENT = 100.0


def make_moons(
    n_samples: int | tuple[int, int] = 100,
    *,
    shuffle: bool = True,
    noise: float | None = None,
    random_state: RandomState = None,
) -> tuple[Doubles, Labels]:
    """Make two half circles that reach into each other.

    Parameters
    ----------
    n_samples : int or pair of int
        How many points in all, or in the outer and in the inner moon.
    shuffle : bool
        Whether the points are in random order, or the outer moon's first.
    noise : float, optional
        The deviation of normal noise that is added to the points.
    random_state : int, Generator or None
        The seed, for order and noise.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, 2)
        The points.
    y : ndarray of int64, shape (n_samples,)
        0 for the outer moon, 1 for the inner one.

    Examples
    --------
    >>> X, y = make_moons(4, shuffle=False)
    >>> X[:, 0].tolist(), y.tolist()
    ([1.0, -1.0, 0.0, 2.0], [0, 0, 1, 1])
    """
    n_outer, n_inner = _halve(n_samples)
    outer, inner = _turn(_spread(n_outer) / 2), _turn(_spread(n_inner) / 2)
    points = np.concatenate([outer, np.array([1.0, 0.5]) - inner])
    return _finish(points, (n_outer, n_inner), shuffle, noise, random_state)


def make_circles(
    n_samples: int | tuple[int, int] = 100,
    *,
    shuffle: bool = True,
    noise: float | None = None,
    random_state: RandomState = None,
    factor: float = 0.8,
) -> tuple[Doubles, Labels]:
    """Make a circle around a smaller one.

    Parameters
    ----------
    n_samples : int or pair of int
        How many points in all, or in the outer and in the inner circle.
    shuffle : bool
        Whether the points are in random order, or the outer circle's first.
    noise : float, optional
        The deviation of normal noise that is added to the points.
    random_state : int, Generator or None
        The seed, for order and noise.
    factor : float
        The inner circle's radius, in [0, 1); the outer one's is 1.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, 2)
        The points.
    y : ndarray of int64, shape (n_samples,)
        0 for the outer circle, 1 for the inner one.
    """
    n_outer, n_inner = _halve(n_samples)
    radius = _validation.check_real("factor", factor, "[0, 1)")
    outer, inner = (_turn(np.arange(n) / n) for n in (n_outer, n_inner))
    return _finish(np.concatenate([outer, radius * inner]), (n_outer, n_inner), shuffle, noise, random_state)


def make_spirals(
    n_samples: int = 100,
    *,
    shuffle: bool = True,
    noise: float | None = None,
    random_state: RandomState = None,
    n_classes: int = 2,
    n_turns: float = 1.0,
) -> tuple[Doubles, Labels]:
    """Make arms of a spiral, a class each, that wind around each other; not one of scikit-learn's.

    Parameters
    ----------
    n_samples : int
        How many points in all; arms differ by one at most.
    shuffle : bool
        Whether the points are in random order, or arm after arm, from within.
    noise : float, optional
        The deviation of normal noise that is added to the points.
    random_state : int, Generator or None
        The seed, for order and noise.
    n_classes : int
        The number of arms.
    n_turns : float
        How often each goes around, > 0; its radius grows evenly to 1.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, 2)
        The points.
    y : ndarray of int64, shape (n_samples,)
        The arm's number.
    """
    n_arms = _validation.check_integer("n_classes", n_classes, 1)
    n_points = _validation.check_integer("n_samples", n_samples, n_arms)
    turns = _validation.check_real("n_turns", n_turns, "(0, inf)")
    counts = [(n_points + arm) // n_arms for arm in range(n_arms)]
    arms = []
    for arm, n in enumerate(counts):
        radius = np.arange(1, n + 1) / n
        arms.append(radius[:, np.newaxis] * _turn(turns * radius + arm / n_arms))
    return _finish(np.concatenate(arms), tuple(counts), shuffle, noise, random_state)


def make_regression(
    n_samples: int = 100,
    n_features: int = 100,
    *,
    n_informative: int = 10,
    n_targets: int = 1,
    bias: float = 0.0,
    noise: float = 0.0,
    shuffle: bool = True,
    coef: bool = False,
    random_state: RandomState = None,
) -> tuple[Any, ...]:
    """Make a linear problem: ``y = X @ coef + bias + noise``, with X normally distributed.

    Parameters
    ----------
    n_samples, n_features, n_targets : int
        Sizes of X and y.
    n_informative : int
        How many features y depends on, with coefficients uniform in (0, 100); those of the others are 0.
    bias : float
        What is added to y.
    noise : float
        The deviation of normal noise that is added to y.
    shuffle : bool
        Whether the informative features are anywhere, or the first ones.
    coef : bool
        Whether the coefficients are returned, too.
    random_state : int, Generator or None
        The seed.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, n_features)
    y : ndarray of float64, shape (n_samples,) or (n_samples, n_targets)
    coef : ndarray of float64, shape (n_features,) or (n_features, n_targets)
        Only if asked for.

    Notes
    -----
    scikit-learn's ``effective_rank`` and ``tail_strength`` are not there.
    """
    sizes = {"n_samples": n_samples, "n_features": n_features, "n_targets": n_targets}
    n_rows, n_columns, n_outputs = (_validation.check_integer(name, size, 1) for name, size in sizes.items())
    n_used = min(_validation.check_integer("n_informative", n_informative, 0), n_columns)
    offset = _validation.check_real("bias", bias, "(-inf, inf)")
    deviation = _validation.check_real("noise", noise, "[0, inf)")
    numbers = Numbers(random_state)
    x = numbers.draw_normal(n_rows, n_columns)
    coefficients = np.zeros((n_columns, n_outputs))
    coefficients[:n_used] = _LARGEST_COEFFICIENT * numbers.draw_uniform(n_used, n_outputs)
    if _validation.check_bool("shuffle", shuffle):
        coefficients = coefficients[numbers.draw_order(n_columns)]
    y = _multiply(x, coefficients) + offset + deviation * numbers.draw_normal(n_rows, n_outputs)
    if n_outputs == 1:
        y, coefficients = y[:, 0], coefficients[:, 0]
    return (x, y, coefficients) if _validation.check_bool("coef", coef) else (x, y)


def _multiply(x: Doubles, coefficients: Doubles) -> Doubles:
    """Return ``x @ coefficients``, summed up column by column: a BLAS would choose an order for the machine."""
    product = np.zeros((len(x), coefficients.shape[1]))
    for column in np.flatnonzero(coefficients.any(axis=1)):
        product += x[:, column, np.newaxis] * coefficients[column]
    return product


def _halve(n_samples: Any) -> tuple[int, int]:
    """Return the sizes of two classes."""
    if isinstance(n_samples, tuple | list):
        if len(n_samples) != 2:
            raise _validation.mismatch("n_samples", "an integer, or a pair of them", n_samples)
        first, second = (_validation.check_integer("n_samples", n, 1) for n in n_samples)
        return first, second
    n = _validation.check_integer("n_samples", n_samples, 2)
    return n // 2, n - n // 2


def _spread(n: int) -> Doubles:
    """Return n numbers from 0 to 1, evenly."""
    return np.arange(n) / max(1, n - 1)


def _turn(turns: Doubles) -> Doubles:
    """Return the points of the unit circle that many turns from (1, 0)."""
    return np.stack([_cosine(turns), _cosine(turns - 0.25)], axis=1)


def _cosine(turns: Doubles) -> Doubles:
    part = np.abs(turns) % 1.0
    return 2 * half_cosine(2 * np.minimum(part, 1 - part)) - 1


def _finish(
    points: Doubles, counts: tuple[int, ...], shuffle: bool, noise: float | None, random_state: RandomState
) -> tuple[Doubles, Labels]:
    """Label points that come class after class, shuffle them, and add noise."""
    labels = np.repeat(np.arange(len(counts)), counts)
    numbers = Numbers(random_state)
    if _validation.check_bool("shuffle", shuffle):
        order = numbers.draw_order(len(points))
        points, labels = points[order], labels[order]
    if noise is not None:
        points = points + _validation.check_real("noise", noise, "[0, inf)") * numbers.draw_normal(*points.shape)
    return points, labels
