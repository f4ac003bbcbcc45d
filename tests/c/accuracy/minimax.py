"""The polynomial, or the two of a rational function, of least largest weighted error. Needs mpmath.

Remez's exchange over a dense grid. A polynomial's coefficients are rounded to the type one after the other, lowest
power first, and the rest is fitted anew after each, so that the ones above make good the rounding of those below.
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 100


def chebyshev_grid(low, high, n_points):
    low, high = mp.mpf(low), mp.mpf(high)
    return [(low + high - (high - low) * mp.cos(mp.pi * (i + mp.mpf(1) / 2) / n_points)) / 2 for i in range(n_points)]


def geometric_grid(low, high, n_points):
    return [mp.exp(x) for x in chebyshev_grid(mp.log(low), mp.log(high), n_points)]


def alternating_extrema(error, n_wanted):
    """Indices of the largest |error| of each run of one sign; too many are thinned out, smallest first."""
    extrema = []
    for i, e in enumerate(error):
        if extrema and (e > 0) == (error[extrema[-1]] > 0):
            if abs(e) > abs(error[extrema[-1]]):
                extrema[-1] = i
        else:
            extrema.append(i)
    while len(extrema) > n_wanted:
        size = [abs(error[i]) for i in extrema]
        if len(extrema) == n_wanted + 1:
            del extrema[0 if size[0] < size[-1] else -1]
        else:
            smallest = min(range(len(extrema) - 1), key=lambda k: max(size[k], size[k + 1]))
            del extrema[smallest : smallest + 2]
    return extrema


def remez(basis, target, weight):
    """Coefficients c for which max |weight * (target - basis c)| over the grid is least, and that maximum."""
    n_points, n = len(target), len(basis[0])
    reference = [i * (n_points - 1) // n for i in range(n + 1)]
    for _ in range(40):
        matrix = mp.matrix([[weight[k] * b for b in basis[k]] + [(-1) ** row] for row, k in enumerate(reference)])
        *coefficients, level = mp.lu_solve(matrix, mp.matrix([weight[k] * target[k] for k in reference]))
        error = [w * (t - mp.fdot(row, coefficients)) for row, t, w in zip(basis, target, weight)]
        largest = max(abs(e) for e in error)
        reference = alternating_extrema(error, n + 1)
        if largest <= abs(level) * mp.mpf("1.002") or len(reference) < n + 1:
            break
    return coefficients, largest


def rounded(x, bits):
    return mp.mpf(float(np.float32(float(x)))) if bits == 32 else mp.mpf(float(x))


def powers(grid, degree):
    return [[x**i for i in range(degree + 1)] for x in grid]


def polynomial(function, weight, grid, degree, bits):
    """Rounded coefficients of the polynomial nearest to function, and its largest weighted error."""
    target, weights = [function(x) for x in grid], [abs(weight(x)) for x in grid]
    free, _ = remez(powers(grid, degree), target, weights)
    done = []
    while free:
        done.append(rounded(free.pop(0), bits))
        target = [(t - done[-1]) / x for t, x in zip(target, grid)]
        weights = [w * abs(x) for w, x in zip(weights, grid)]
        if free:
            terms = powers(grid, len(free) - 1)
            refitted, error = remez(terms, target, weights)
            if error <= max(abs(w * (t - mp.fdot(row, free))) for row, t, w in zip(terms, target, weights)):
                free = refitted
    return done, max(abs(w * t) for w, t in zip(weights, target))


def rational(function, grid, degree, bits):
    """Rounded coefficients of P and Q with P/Q nearest to function in relative error, Q(0) = 1, and that error.

    The error of P - f Q, weighted with the Q of the round before, tends to that of P/Q - f."""
    target = [function(x) for x in grid]
    terms = powers(grid, degree)
    denominator = [mp.mpf(1)] * len(grid)
    for _ in range(8):
        basis = [row + [-f * p for p in row[1:]] for row, f in zip(terms, target)]
        coefficients, _ = remez(basis, target, [1 / abs(f * q) for f, q in zip(target, denominator)])
        denominator = [mp.fdot(row, [1, *coefficients[degree + 1 :]]) for row in terms]
    p = [rounded(c, bits) for c in coefficients[: degree + 1]]
    q = [mp.mpf(1)] + [rounded(c, bits) for c in coefficients[degree + 1 :]]
    return p, q, max(abs(mp.fdot(row, p) / mp.fdot(row, q) / f - 1) for row, f in zip(terms, target))
