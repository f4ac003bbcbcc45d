"""Writes the tables of coefficients of csrc/kernels/vector_math.inc.h: python coefficients.py [name ...]. Needs mpmath.

A table is the polynomial (or the two of a rational function) of least largest weighted error, by minimax.py. Errors go
to stderr.
"""

import itertools
import sys
from typing import NamedTuple

import mpmath as mp
from minimax import chebyshev_grid, geometric_grid, polynomial, rational, rounded


def exp_table(bits):
    """exp(r) = 1 + r + r^2 P(r), |r| <= log(2)/2: relative to exp(r) - 1."""
    degree, half = {32: 4, 64: 9}[bits], mp.log(2) / 2 * mp.mpf("1.0001")
    grid = chebyshev_grid(-half, half, 24 * (degree + 2))
    p, error = polynomial(lambda r: (mp.expm1(r) - r) / r**2, lambda r: r**2 / mp.expm1(r), grid, degree, bits)
    return {"exp_p": p}, error


def log_table(bits):
    """log(1 + f) = f + f^2 P(f), 1 + f between sqrt(1/2) and sqrt(2)."""
    degree = {32: 8, 64: 19}[bits]
    grid = chebyshev_grid(mp.sqrt(0.5) - 1, mp.sqrt(2) - 1, 24 * (degree + 2))
    p, error = polynomial(lambda f: (mp.log1p(f) - f) / f**2, lambda f: f**2 / mp.log1p(f), grid, degree, bits)
    return {"log_p": p}, error


class TanhPlaces(NamedTuple):
    """The sixteen intervals of a between which the leading bits of intercept + slope a tell."""

    per_octave: int  # how many there are between two powers of two
    intercept: mp.mpf
    slope: mp.mpf
    end: mp.mpf  # of a, where tanh(a) is 1
    flat: mp.mpf  # those that begin below have the centre 0
    share: mp.mpf  # of the first other before its centre
    degree: int


TANH_PLACES = {
    32: TanhPlaces(4, mp.mpf(2), mp.mpf("3.28125"), mp.mpf("9.1"), mp.mpf("0.3"), mp.mpf("0.5"), 3),
    64: TanhPlaces(8, mp.mpf("8.3125"), mp.mpf("1.23828125"), mp.mpf("19.1"), mp.mpf("0.5"), mp.mpf("0.3"), 11),
}


def last_place(x, bits):
    return mp.ldexp(1, mp.frexp(x)[1] - {32: 24, 64: 53}[bits])


def tanh_intervals(places):
    """(low, high, wanted centre) of each."""
    first, n = mp.ldexp(1, mp.frexp(places.intercept)[1] - 1), places.per_octave
    numbers = [first * 2 ** (i // n) * (1 + mp.mpf(i % n) / n) for i in range(17)]
    edges = [min(max((number - places.intercept) / places.slope, mp.mpf(0)), places.end) for number in numbers]
    intervals, share = [], places.share
    for low, high in itertools.pairwise(edges):
        if low < places.flat:
            intervals.append((low, high, mp.mpf(0)))
        else:
            intervals.append((low, high, low + share * (high - low)))
            share = mp.mpf("0.5")
    return intervals


def tanh_centre(low, high, wanted, bits):
    """A t near tanh(wanted), of many tried one for which atanh(t) and 1 - t^2 lose least when they are rounded."""
    if not wanted:
        return mp.mpf(0), mp.mpf(0), mp.mpf(0)
    middle, slope, unit = rounded(mp.tanh(wanted), bits), 1 - mp.tanh(low) ** 2, last_place(mp.tanh(low), bits)
    tried = []
    for i in range(-400, 401):
        t = middle + i * last_place(middle, bits)
        if not 0 < t < 1 or (i and abs(mp.atanh(t) - wanted) > mp.mpf("0.03") * (high - low)):
            continue
        centre, rest = mp.atanh(t), 1 - t * t
        lost = abs(centre - rounded(centre, bits)) * slope
        lost += abs(rest - rounded(rest, bits)) / rest * abs(mp.tanh(low) - t)
        tried.append((lost / unit, rounded(centre, bits), t))
    return min(tried)


def tanh_weights(intervals, grid, bits):
    """In last places of the result what an error of tanh(r) becomes, in the interval where that is most."""
    weights = [mp.mpf("1e-3")] * len(grid)  # Remez's exchange wants some weight everywhere
    for low, high, centre in intervals:
        t = mp.tanh(centre)
        for i, (size, sign) in enumerate((r, s) for r in grid for s in (1, -1)):
            if max(low, 0) <= centre + sign * size <= high:
                slope = (1 - t * t) / (1 + sign * t * mp.tanh(size)) ** 2
                weights[i // 2] = max(weights[i // 2], slope / last_place(mp.tanh(centre + sign * size), bits))
    return weights


def tanh_table(bits):
    """tanh(c + r) = t + tau (1 - t^2) / (1 + t tau), t = tanh(c), tau = r + r^3 P(r^2). Errors in ULP of the result."""
    places = TANH_PLACES[bits]
    intervals = tanh_intervals(places)
    reach = max(max(centre - low, high - centre) for low, high, centre in intervals)
    grid = chebyshev_grid(mp.mpf("1e-3"), reach * mp.mpf("1.0001"), 24 * (places.degree + 2))
    weights = dict(zip((r**2 for r in grid), (w * r**3 for r, w in zip(grid, tanh_weights(intervals, grid, bits)))))

    def rest(square):
        return (mp.tanh(mp.sqrt(square)) / mp.sqrt(square) - 1) / square

    p, error = polynomial(rest, weights.get, list(weights), places.degree, bits)
    lost, centres, results = zip(*(tanh_centre(*interval, bits) for interval in intervals))
    line = [places.intercept, places.slope]
    return {"tanh_p": p, "tanh_line": line, "tanh_centre": centres, "tanh_of_centre": results}, max(error, *lost)


TAIL_SLOPE = {32: mp.mpf("0.5"), 64: mp.mpf("0.375")}
TAIL_END = {32: 14, 64: 39}  # beyond, the tail is below every normal number


def scaled_tail(a):
    """P(a standard normal variable > a) exp(a^2/2)."""
    return mp.erfc(a / mp.sqrt(2)) / 2 * mp.exp(a * a / 2)


def scaled_slope(a):
    """-(d gelu(x) / dx at x = -a) exp(a^2/2)."""
    return a / mp.sqrt(2 * mp.pi) - scaled_tail(a)


def tail_fit(function, middle, degree, bits):
    """function(a) = P(v - middle), v = a/(1 + TAIL_SLOPE a), 0 <= a <= TAIL_END.

    A smaller slope needs a lower degree, but then the terms cancel for a large a. Near the middle the rounding of the
    first coefficient is the error, so the middle is one of many tried for which that rounding is small."""
    slope, end = TAIL_SLOPE[bits], TAIL_END[bits]
    grid = chebyshev_grid(-middle, end / (1 + slope * end) - middle, 12 * (degree + 2))

    def quotient(x):
        v = x + middle
        return function(v / (1 - slope * v))

    return polynomial(quotient, lambda x: 1 / quotient(x), grid, degree, bits)


def tail_table(bits):
    """scaled_tail(a) (1 + TAIL_SLOPE a)."""
    slope, middle = TAIL_SLOPE[bits], mp.mpf({32: 27, 64: 33}[bits]) / 32
    p, error = tail_fit(lambda a: scaled_tail(a) * (1 + slope * a), middle, {32: 11, 64: 25}[bits], bits)
    return {"tail_p": p, "tail_middle": [middle], "tail_slope": [slope]}, error


def slope_table(bits):
    """scaled_slope(a) / (a - root)."""
    root, middle = mp.findroot(scaled_slope, 0.75), mp.mpf({32: 29, 64: 18}[bits]) / 32
    p, error = tail_fit(lambda a: scaled_slope(a) / (a - root), middle, {32: 10, 64: 24}[bits], bits)
    high = rounded(root, bits)
    return {"slope_p": p, "slope_middle": [middle], "slope_root": [high, rounded(root - high, bits)]}, error


def normal_quantile(probability):
    """By Newton on the logarithm, for probability < 1/2."""
    goal = mp.log(probability)
    x = -mp.sqrt(-2 * goal) + mp.mpf("0.5")
    for _ in range(60):
        below = mp.erfc(-x / mp.sqrt(2)) / 2
        step = (mp.log(below) - goal) * below / mp.npdf(x)
        x -= step
        if abs(step) < mp.mpf(10) ** -50:
            return x
    raise ArithmeticError(f"no quantile of {probability}")


QUANTILE_CENTRE = mp.mpf("0.1849")  # 0.43^2
QUANTILE_TAIL = mp.mpf("1.59375")


def quantile_centre_table(bits):
    """quantile(1/2 + q) = q P(r)/Q(r), r = 0.1849 - q^2, |q| <= 0.43."""
    degree = {32: 4, 64: 8}[bits]

    def function(r):
        q = mp.sqrt(QUANTILE_CENTRE - r)
        return mp.sqrt(2) * mp.erfinv(2 * q) / q

    p, q, error = rational(function, chebyshev_grid(0, QUANTILE_CENTRE, 24 * degree), degree, bits)
    return {"quantile_centre_p": p, "quantile_centre_q": q}, error


def quantile_tail_table(bits):
    """quantile(p) = -P(s)/Q(s), s = sqrt(-log p) - 1.59375, p <= 0.07 and a normal number."""
    degree, end = {32: (4, 10), 64: (11, 27)}[bits]
    grid = [s - QUANTILE_TAIL for s in geometric_grid(QUANTILE_TAIL, end, 30 * degree)]

    def function(s):
        return -normal_quantile(mp.exp(-((s + QUANTILE_TAIL) ** 2)))

    p, q, error = rational(function, grid, degree, bits)
    return {"quantile_tail_p": p, "quantile_tail_q": q}, error


def log_cosh_table(bits):
    """log(cosh(x / 2)) = x^2 P(x^2), |x| <= 0.53: relative to x^2, as the rest of softplus is larger."""
    degree = {32: 3, 64: 7}[bits]
    grid = [x**2 for x in chebyshev_grid(mp.mpf("1e-3"), mp.mpf("0.53"), 24 * (degree + 2))]
    p, error = polynomial(lambda s: mp.log(mp.cosh(mp.sqrt(s) / 2)) / s, lambda s: s, grid, degree, bits)
    return {"log_cosh_p": p}, error


def pair(x, bits):
    high = rounded(x, bits)
    return [high, rounded(x - high, bits)]


def pairs(numbers, bits):
    columns = {name: pair(x, bits) for name, x in numbers.items()}
    return columns, max(abs(mp.fsum(columns[name]) / x - 1) for name, x in numbers.items())


def fractions_table(bits):
    return pairs({"sixth": mp.mpf(1) / 6, "third": mp.mpf(1) / 3}, bits)


def selu_table(bits):
    """Klambauer et al., NeurIPS 2017: scale, and scale times alpha."""
    scale, alpha = mp.mpf("1.0507009873554804934193349852946"), mp.mpf("1.6732632423543772848170429916717")
    return pairs({"selu_scale": scale, "selu_floor": scale * alpha}, bits)


def gelu_tanh_table(bits):
    """u(x) = linear x + cubic x^3, and at the root of the slope what activations.inc.h says."""
    linear = 2 * mp.sqrt(2 / mp.pi)
    cubic = linear * mp.mpf("0.044715")

    def u(x):
        return linear * x + cubic * x**3

    root = mp.findroot(lambda x: 1 + mp.exp(u(x)) + linear * x + 3 * cubic * x**3, mp.mpf("-0.75"))
    numbers = {
        "gelu_tanh_linear": linear,
        "gelu_tanh_cubic": cubic,
        "gelu_tanh_minus_root": -root,
        "gelu_tanh_root_exp": mp.exp(u(root)),
        "gelu_tanh_bend": 3 * cubic * root,
        "gelu_tanh_rise": linear + 3 * cubic * root**2,
        "gelu_tanh_slope": linear + 9 * cubic * root**2,
    }
    return pairs(numbers, bits)


def mish_table(bits):
    """The root of mish', and the coefficients of h that activations.inc.h speaks of."""

    def factor(x):
        e = mp.exp(x)
        return e**3 + 4 * e**2 + 6 * e + 4 + 4 * x * (e + 1)

    root = mp.findroot(factor, mp.mpf("-1.19"))
    e = mp.exp(root)
    numbers = {
        "mish_minus_root": -root,
        "mish_root_exp": e,
        "mish_c_0": e * (3 * e**2 + 8 * e + 6 + 4 * root),
        "mish_c_1": e * (3 * e**2 + 4 * e),
        "mish_c_2": e**3,
    }
    return pairs(numbers, bits)


TABLES = [
    exp_table,
    log_table,
    tanh_table,
    tail_table,
    slope_table,
    quantile_centre_table,
    quantile_tail_table,
    log_cosh_table,
    fractions_table,
    selu_table,
    gelu_tanh_table,
    mish_table,
]


def c_number(x, bits):
    digits = 6 if bits == 32 else 13
    mantissa, exponent = float(x).hex().split("p")
    head, _, tail = mantissa.partition(".")
    tail = tail[:digits].rstrip("0")
    return f"{head}{'.' if tail else ''}{tail}p{exponent}{'f' if bits == 32 else ''}"


def main(names):
    for bits in (32, 64):
        print("#if REAL_BITS == 32" if bits == 32 else "#else")
        for table in TABLES:
            if names and table.__name__.removesuffix("_table") not in names:
                continue
            columns, error = table(bits)
            print(
                f"{bits} bits, {table.__name__}: largest error 2^{float(mp.log(error, 2)):.1f}",
                file=sys.stderr,
                flush=True,
            )
            per_line = 6 if bits == 32 else 5
            for name, values in columns.items():
                numbers = [c_number(x, bits) for x in values]
                lines = [", ".join(numbers[i : i + per_line]) for i in range(0, len(numbers), per_line)]
                print(f"static const real {name}[] = {{" + ",\n    ".join(lines) + "};")
    print("#endif")


main(sys.argv[1:])
