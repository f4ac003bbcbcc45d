"""exact_updates.py: the update rules to the bit, in NumPy: which operations round, and in which order.

A row of RULES is (prepare, update). prepare takes the hyperparameters and the number of the step, from 1, and gives
factors in double; update takes the parameters, their gradient, the slots, which it changes, and the factors.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from exact import multiply_add
from numpy.typing import NDArray

Array = NDArray[Any]
Factors = Sequence[float]


def power(base: float, exponent: int) -> float:
    result = 1.0
    while exponent:
        result = result * base if exponent % 2 else result
        base, exponent = base * base, exponent // 2
    return result


def fma(a: Any, b: Any, c: Any) -> Array:
    like = next(x for x in (a, b, c) if isinstance(x, np.ndarray))
    return multiply_add(*(np.broadcast_to(np.asarray(x, like.dtype), like.shape).copy() for x in (a, b, c)))


def approach(mean: Array, value: Array, share: Any) -> Array:
    return fma(share, value - mean, mean)


def approach_square(mean: Array, value: Array, share: Any) -> Array:
    return fma(share, fma(value, value, -mean), mean)


# ---- factors ---------------------------------------------------------------------------------------------------------


def prepare_adam(h: Factors, step: int) -> Factors:
    rate = -h[0] * math.sqrt(1 - power(h[2], step)) / (1 - power(h[1], step))
    return rate, 1 - h[1], 1 - h[2], h[3]


def prepare_nadam(h: Factors, step: int) -> Factors:
    product, decay = power(h[1], step), 1.0
    for _ in range(min(step, 1000)):
        if product <= 2.0**-80:
            break
        decay *= 0.96
        product *= 1 - 0.5 * decay
    root = math.sqrt(1 - power(h[2], step))
    share, after = (h[1] * (1 - 0.5 * power(0.96, t)) for t in (step, step + 1))
    past = -h[0] * root * after / (1 - product * after)
    return past, -h[0] * root * (1 - share) / (1 - product), 1 - h[1], 1 - h[2], h[3] * root


def prepare_adamax(h: Factors, step: int) -> Factors:
    return -h[0] / (1 - power(h[1], step)), 1 - h[1], h[2], h[3]


# ---- updates ---------------------------------------------------------------------------------------------------------


def sgd(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    return fma(f[0], g, w)


def momentum(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    s[0][...] = fma(f[1], s[0], f[0] * g)
    return w + s[0]


def nesterov(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    s[0][...] = fma(f[1], s[0], f[0] * g)
    return w + fma(f[1], s[0], f[0] * g)


def adam(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    s[0][...] = approach(s[0], g, f[1])
    s[1][...] = approach_square(s[1], g, f[2])
    if len(s) > 2:
        s[2][...] = np.maximum(s[1], s[2])
    return w + f[0] * s[0] / (np.sqrt(s[-1]) + f[3])


def nadam(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    s[0][...] = approach(s[0], g, f[2])
    s[1][...] = approach_square(s[1], g, f[3])
    return w + fma(f[0], s[0], f[1] * g) / (np.sqrt(s[1]) + f[4])


def adamax(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    s[0][...] = approach(s[0], g, f[1])
    s[1][...] = np.maximum(np.abs(g), f[2] * s[1])
    return w + f[0] * s[0] / (s[1] + f[3])


def rmsprop(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    s[0][...] = approach_square(s[0], g, f[1])
    return move(w, s[1:], f, f[0] * g / np.sqrt(s[0] + f[2]))


def rmsprop_centered(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    s[0][...] = approach_square(s[0], g, f[1])
    s[1][...] = approach(s[1], g, f[1])
    return move(w, s[2:], f, f[0] * g / np.sqrt(np.maximum(fma(-s[1], s[1], s[0]), 0) + f[2]))


def move(w: Array, velocity: list[Array], f: Factors, step: Array) -> Array:
    if not velocity:
        return w - step
    velocity[0][...] = fma(f[3], velocity[0], step)
    return w - velocity[0]


def adagrad(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    s[0][...] = fma(g, g, s[0])
    return w + f[0] * g / np.sqrt(s[0] + f[1])


def adadelta(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    s[0][...] = approach_square(s[0], g, f[1])
    change = g * np.sqrt((s[1] + f[2]) / (s[0] + f[2]))
    s[1][...] = approach_square(s[1], change, f[1])
    return fma(f[0], change, w)


def lion(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    direction = np.sign(approach(s[0], g, f[1]))
    s[0][...] = approach(s[0], g, f[2])
    return fma(f[0], direction, w)


def rprop(w: Array, g: Array, s: list[Array], f: Factors) -> Array:
    agreement = np.sign(g) * s[0]
    change = np.where(agreement > 0, f[2], np.where(agreement < 0, f[1], 1)).astype(w.dtype)
    s[0][...] = np.where(agreement < 0, 0, g)
    s[1][...] = np.clip(np.where(s[1] == 0, f[0], s[1]) * change, f[3], f[4])
    return w - np.sign(s[0]) * s[1]


Prepare = Callable[[Factors, int], Factors]
Update = Callable[[Array, Array, list[Array], Factors], Array]

RULES: dict[str, tuple[Prepare, Update]] = {
    "sgd": (lambda h, step: [-h[0]], sgd),
    "momentum": (lambda h, step: [-h[0], h[1]], momentum),
    "nesterov": (lambda h, step: [-h[0], h[1]], nesterov),
    "adam": (prepare_adam, adam),
    "amsgrad": (prepare_adam, adam),
    "nadam": (prepare_nadam, nadam),
    "adamax": (prepare_adamax, adamax),
    "rmsprop": (lambda h, step: [h[0], 1 - h[1], h[2]], rmsprop),
    "rmsprop_momentum": (lambda h, step: [h[0], 1 - h[1], h[2], h[3]], rmsprop),
    "rmsprop_centered": (lambda h, step: [h[0], 1 - h[1], h[2]], rmsprop_centered),
    "rmsprop_centered_momentum": (lambda h, step: [h[0], 1 - h[1], h[2], h[3]], rmsprop_centered),
    "adagrad": (lambda h, step: [-h[0], h[1] + h[2]], adagrad),
    "adadelta": (lambda h, step: [-h[0], 1 - h[1], h[2]], adadelta),
    "lion": (lambda h, step: [-h[0], 1 - h[1], 1 - h[2]], lion),
    "rprop": (lambda h, step: h, rprop),
}


def take_step(
    rule: str, w: Array, g: Array, slots: list[Array], h: Factors, step: int, weight_decay: float = 0.0
) -> Array:
    """Return the new parameters."""
    prepare, update = RULES[rule]
    factors = [w.dtype.type(factor) for factor in prepare(h, step)]
    if weight_decay:
        w = fma(w.dtype.type(-h[0] * weight_decay), w, w)
    return update(w, g, slots, factors)
