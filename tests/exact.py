"""exact.py: the rules of the library that hold to the bit, in NumPy: the chain of fused multiply-adds, shards, lanes.

``reference.py`` says what is computed; this file says in which order it is rounded.
"""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SHARD_ROWS = 1024
"""Batches above this many rows are cut; the gradients of the pieces are added in order."""
LANES = 16


def multiply_add_f32(a: Array, b: Array, c: Array) -> Array:
    """a * b + c rounded once. The product is exact in double; the sum is rounded to odd there, so that the second
    rounding, to single, is the only one that counts (Boldo and Melquiond 2008)."""
    product = a.astype(np.float64) * b.astype(np.float64)
    c = c.astype(np.float64) + np.zeros_like(product)
    total = product + c
    virtual = total - product
    error = (product - (total - virtual)) + (c - virtual)
    is_even = (total.view(np.uint64) & np.uint64(1)) == 0
    towards = np.where(error > 0, np.inf, -np.inf)
    return np.where((error != 0) & is_even, np.nextafter(total, towards), total).astype(np.float32)


def _multiply_add_one(a: float, b: float, c: float) -> float:
    return float(Fraction(a) * Fraction(b) + Fraction(c))


def multiply_add_f64(a: Array, b: Array, c: Array) -> Array:
    return np.asarray(np.frompyfunc(_multiply_add_one, 3, 1)(a, b, c)).astype(np.float64)


def multiply_add(a: Array, b: Array, c: Array) -> Array:
    return multiply_add_f32(a, b, c) if a.dtype == np.float32 else multiply_add_f64(a, b, c)


def product(start: Array | None, a: Array, b: Array) -> Array:
    """start + a @ b: one chain per element, in ascending order of the summed index, closed by adding +0."""
    chain = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    if start is not None:
        chain = chain + start
    for k in range(a.shape[1]):
        chain = multiply_add(
            np.repeat(a[:, k : k + 1], b.shape[1], axis=1), np.repeat(b[k : k + 1], len(a), axis=0), chain
        )
    return chain + a.dtype.type(0)


def column_sum(x: Array) -> Array:
    total = np.zeros(x.shape[1], x.dtype)
    for row in x:
        total = total + row
    return total


def in_shards(sum_of: Any, *arrays: Array) -> Array:
    """sum_of(pieces of the arrays) for each shard of rows, the results added in order."""
    total: Array | None = None
    for first in range(0, len(arrays[0]), SHARD_ROWS):
        part = sum_of(*(a[first : first + SHARD_ROWS] for a in arrays))
        total = part if total is None else total + part
    assert total is not None
    return total


def row_sum(x: Array) -> Array:
    """Element j joins lane j % 16 in ascending order; then the halves of the lanes are added until one is left."""
    lanes = np.zeros((*x.shape[:-1], LANES), x.dtype)
    for j in range(x.shape[-1]):
        lanes[..., j % LANES] += x[..., j]
    half = LANES // 2
    while half:
        lanes = lanes[..., :half] + lanes[..., half : 2 * half]
        half //= 2
    return lanes[..., 0]


# ---- random numbers: Threefry-4x32-20 --------------------------------------------------------------------------------

ROTATIONS = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))


def threefry(key: tuple[int, int, int, int], counter: Array) -> Array:
    """counter: uint32 (n, 4) -> uint32 (n, 4)."""
    keys = [np.uint32(k) for k in key]
    keys.append(np.bitwise_xor.reduce(np.array([*keys, 0x1BD11BDA], np.uint32)))
    with np.errstate(over="ignore"):
        x = [counter[:, i] + keys[i] for i in range(4)]
        for r in range(20):
            x[0], x[2] = x[0] + x[1], x[2] + x[3]
            for i, bits in ((1, ROTATIONS[r % 8][0]), (3, ROTATIONS[r % 8][1])):
                x[i] = ((x[i] << np.uint32(bits)) | (x[i] >> np.uint32(32 - bits))) ^ x[i - 1]
            x[1], x[3] = x[3], x[1]
            if r % 4 == 3:
                turn = r // 4 + 1
                x = [x[i] + keys[(turn + i) % 5] for i in range(4)]
                x[3] = x[3] + np.uint32(turn)
    return np.stack(x, axis=1)


SHUFFLE, DROPOUT, INITIALIZE = 1, 2, 3


def random_numbers(seed: int, purpose: int, epoch: int, n: int, layer: int = 0) -> Array:
    """The first n numbers of a stream: blocks of 16 counters, word by word."""
    n_blocks = -(-n // 64)
    counter = np.zeros((n_blocks, 16, 4), np.uint32)
    counter[:, :, 0] = np.arange(n_blocks)[:, None]
    counter[:, :, 2] = np.arange(16)
    key = (seed & 0xFFFFFFFF, seed >> 32, purpose | layer << 8, epoch)
    words = threefry(key, counter.reshape(-1, 4)).reshape(n_blocks, 16, 4)
    return words.transpose(0, 2, 1).reshape(-1)[:n]


def uniform(seed: int, layer: int, n: int) -> Array:
    """In (0, 1): the middle of one of 2^52 equal parts."""
    pairs = random_numbers(seed, INITIALIZE, 0, 2 * n, layer).astype(np.uint64).reshape(n, 2)
    return ((pairs[:, 0] << np.uint64(32) | pairs[:, 1]) >> np.uint64(12)).astype(np.float64) / 2**52 + 0.5**53


def shuffled(seed: int, epoch: int, n: int) -> Array:
    """Fisher and Yates from the end, each choice by Lemire's unbiased product."""
    numbers = iter(random_numbers(seed, SHUFFLE, epoch, 2 * n + 64).tolist())
    order = np.arange(n)
    for i in range(n, 1, -1):
        product = next(numbers) * i
        while product % 2**32 < (2**32 - i) % i:
            product = next(numbers) * i
        j = product >> 32
        order[i - 1], order[j] = order[j], order[i - 1]
    return order


def dropout_mask(
    seed: int, epoch: int, layer: int, n_rows: int, n_columns: int, rate: float, first_row: int = 0
) -> Array:
    """What dropout multiplies the rows first_row, first_row + 1, ... of an epoch by."""
    numbers = random_numbers(seed, DROPOUT, epoch, (first_row + n_rows) * n_columns, layer)
    kept = numbers.reshape(-1, n_columns)[first_row:] >= int(rate * 2**32)
    return kept / (1 - rate)
