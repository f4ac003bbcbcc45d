"""reference_updates.py: the update rules of reference.py.

Each takes (w, g, slots, hyperparameters, step from 1), changes the slots in place and returns the new w.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sgd(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    return w - h[0] * g


def momentum(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, m = h
    slots[0][...] = m * slots[0] - rate * g
    return w + slots[0]


def nesterov(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, m = h
    slots[0][...] = m * slots[0] - rate * g
    return w + m * slots[0] - rate * g


def adam(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, beta_1, beta_2, epsilon = h
    m, v = slots
    m[...] = beta_1 * m + (1 - beta_1) * g
    v[...] = beta_2 * v + (1 - beta_2) * g * g
    return w - rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step) * m / (np.sqrt(v) + epsilon)


def amsgrad(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, beta_1, beta_2, epsilon = h
    m, v, largest = slots
    m[...] = beta_1 * m + (1 - beta_1) * g
    v[...] = beta_2 * v + (1 - beta_2) * g * g
    largest[...] = np.maximum(largest, v)
    return w - rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step) * m / (np.sqrt(largest) + epsilon)


def nadam(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, beta_1, beta_2, epsilon = h
    m, v = slots
    m[...] = beta_1 * m + (1 - beta_1) * g
    v[...] = beta_2 * v + (1 - beta_2) * g * g
    shares = [beta_1 * (1 - 0.5 * 0.96**i) for i in range(1, step + 2)]
    now, after = np.prod(shares[:-1]), np.prod(shares)
    mean = shares[-1] * m / (1 - after) + (1 - shares[-2]) * g / (1 - now)
    return w - rate * mean / (np.sqrt(v / (1 - beta_2**step)) + epsilon)


def adamax(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, beta_1, beta_2, epsilon = h
    m, u = slots
    m[...] = beta_1 * m + (1 - beta_1) * g
    u[...] = np.maximum(beta_2 * u, np.abs(g))
    return w - rate * m / ((1 - beta_1**step) * (u + epsilon))


def rmsprop_step(g: Array, slots: Sequence[Array], h: Sequence[float], is_centered: bool) -> Array:
    rate, rho, epsilon = h[:3]
    v = slots[0]
    v[...] = rho * v + (1 - rho) * g * g
    if not is_centered:
        return rate * g / np.sqrt(v + epsilon)
    mean = slots[1]
    mean[...] = rho * mean + (1 - rho) * g
    return rate * g / np.sqrt(np.maximum(v - mean * mean, 0) + epsilon)


def rmsprop(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    return w - rmsprop_step(g, slots, h, False)


def rmsprop_centered(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    return w - rmsprop_step(g, slots, h, True)


def rmsprop_momentum(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    slots[1][...] = h[3] * slots[1] + rmsprop_step(g, slots, h, False)
    return w - slots[1]


def rmsprop_centered_momentum(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    slots[2][...] = h[3] * slots[2] + rmsprop_step(g, slots, h, True)
    return w - slots[2]


def adagrad(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, initial, epsilon = h
    slots[0][...] += g * g
    return w - rate * g / np.sqrt(initial + slots[0] + epsilon)


def adadelta(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, rho, epsilon = h
    v, u = slots
    v[...] = rho * v + (1 - rho) * g * g
    change = np.sqrt(u + epsilon) * g / np.sqrt(v + epsilon)
    u[...] = rho * u + (1 - rho) * change * change
    return w - rate * change


def lion(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, beta_1, beta_2 = h
    direction = np.sign(beta_1 * slots[0] + (1 - beta_1) * g)
    slots[0][...] = beta_2 * slots[0] + (1 - beta_2) * g
    return w - rate * direction


def rprop(w: Array, g: Array, slots: Sequence[Array], h: Sequence[float], step: int) -> Array:
    rate, shrinking, growing, least, most = h
    previous, size = slots
    agreement = np.sign(g) * np.sign(previous)
    change = np.where(agreement > 0, growing, np.where(agreement < 0, shrinking, 1))
    size[...] = np.clip(np.where(size == 0, rate, size) * change, least, most)
    previous[...] = np.where(agreement < 0, 0, g)
    return w - np.sign(previous) * size


def decayed(w: Array, rate: float, weight_decay: float) -> Array:
    """What a step begins with."""
    return w - rate * weight_decay * w


Update = Callable[[Array, Array, Sequence[Array], Sequence[float], int], Array]

OPTIMIZERS: dict[str, tuple[Update, int]] = {
    "sgd": (sgd, 0),
    "momentum": (momentum, 1),
    "nesterov": (nesterov, 1),
    "adam": (adam, 2),
    "amsgrad": (amsgrad, 3),
    "nadam": (nadam, 2),
    "adamax": (adamax, 2),
    "rmsprop": (rmsprop, 1),
    "rmsprop_momentum": (rmsprop_momentum, 2),
    "rmsprop_centered": (rmsprop_centered, 2),
    "rmsprop_centered_momentum": (rmsprop_centered_momentum, 3),
    "adagrad": (adagrad, 1),
    "adadelta": (adadelta, 2),
    "lion": (lion, 1),
    "rprop": (rprop, 2),
}
