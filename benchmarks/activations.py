"""activations: nanoseconds an element of every activation, nnfast.kernels and NumPy, one thread each.

    python -m benchmarks.activations [--elements 65536] [--turns 20]

NumPy has exp and tanh of its own; the others are the formulas people write, into arrays that are there already. Times
are the best of many, taken in turns. Results are compared first.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnfast
from nnfast import kernels

Array = NDArray[Any]


def sigmoid(x: Array, y: Array) -> None:
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.reciprocal(y, out=y)


def elu(x: Array, y: Array) -> None:
    np.minimum(x, 0, out=y)
    np.expm1(y, out=y)
    np.maximum(x, y, out=y)


def selu(x: Array, y: Array) -> None:
    np.minimum(x, 0, out=y)
    np.expm1(y, out=y)
    np.multiply(y, 1.6732632423543772, out=y)
    np.add(y, np.maximum(x, 0), out=y)
    np.multiply(y, 1.0507009873554805, out=y)


def gelu_tanh(x: Array, y: Array) -> None:
    np.multiply(x, x, out=y)
    np.multiply(y, 0.044715 * 0.7978845608028654, out=y)
    np.add(y, 0.7978845608028654, out=y)
    np.multiply(y, x, out=y)
    np.tanh(y, out=y)
    np.add(y, 1, out=y)
    np.multiply(y, x, out=y)
    np.multiply(y, 0.5, out=y)


def softplus(x: Array, y: Array) -> None:
    np.logaddexp(x, 0, out=y)


def softsign(x: Array, y: Array) -> None:
    np.abs(x, out=y)
    np.add(y, 1, out=y)
    np.divide(x, y, out=y)


def silu(x: Array, y: Array) -> None:
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.divide(x, y, out=y)


def mish(x: Array, y: Array) -> None:
    np.exp(x, out=y)
    np.log1p(y, out=y)
    np.tanh(y, out=y)
    np.multiply(y, x, out=y)


def hard_sigmoid(x: Array, y: Array) -> None:
    np.add(x, 3, out=y)
    np.clip(y, 0, 6, out=y)
    np.divide(y, 6, out=y)


def hard_swish(x: Array, y: Array) -> None:
    hard_sigmoid(x, y)
    np.multiply(y, x, out=y)


def softmax(x: Array, y: Array) -> None:
    np.subtract(x, x.max(axis=-1, keepdims=True), out=y)
    np.exp(y, out=y)
    np.divide(y, y.sum(axis=-1, keepdims=True), out=y)


def log_softmax(x: Array, y: Array) -> None:
    np.subtract(x, x.max(axis=-1, keepdims=True), out=y)
    np.subtract(y, np.log(np.exp(y).sum(axis=-1, keepdims=True)), out=y)


NUMPY: dict[str, Callable[[Array, Array], Any]] = {
    "exponential": lambda x, y: np.exp(x, out=y),
    "tanh": lambda x, y: np.tanh(x, out=y),
    "sigmoid": sigmoid,
    "relu": lambda x, y: np.maximum(x, 0, out=y),
    "leaky_relu": lambda x, y: np.maximum(x, np.multiply(x, 0.2, out=y), out=y),
    "relu6": lambda x, y: np.clip(x, 0, 6, out=y),
    "elu": elu,
    "selu": selu,
    "celu": elu,
    "gelu_tanh": gelu_tanh,
    "softplus": softplus,
    "softsign": softsign,
    "silu": silu,
    "mish": mish,
    "hard_sigmoid": hard_sigmoid,
    "hard_tanh": lambda x, y: np.clip(x, -1, 1, out=y),
    "hard_swish": hard_swish,
    "binary_step": lambda x, y: np.greater(x, 0, out=y, casting="unsafe"),
    "sign": lambda x, y: np.sign(x, out=y),
    "softmax": softmax,
    "log_softmax": log_softmax,
}
"""gelu is missing: NumPy has no erf."""


def seconds(call: Callable[[], Any]) -> float:
    """Of one call, out of as many as take about a millisecond."""
    n_calls, spent = 1, 0.0
    while spent < 1e-3:
        n_calls *= 2
        start = time.perf_counter()
        for _ in range(n_calls):
            call()
        spent = time.perf_counter() - start
    return spent / n_calls


def best_of_turns(calls: tuple[Callable[[], Any], ...], n_turns: int) -> list[float]:
    turns = [[seconds(call) for call in calls] for _ in range(n_turns)]
    return [min(times) for times in zip(*turns, strict=True)]


def compare(dtype: str, n_elements: int, n_turns: int) -> Iterator[tuple[str, float, float]]:
    """(name, nnfast's, NumPy's nanoseconds an element)."""
    x = (3 * np.random.default_rng(0).standard_normal((n_elements // 64, 64))).astype(dtype)
    for name, formula in NUMPY.items():
        ours, theirs, kernel = np.empty_like(x), np.empty_like(x), getattr(kernels, name)
        kernel(x, out=ours)
        formula(x, theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
        calls = (lambda k=kernel, y=ours: k(x, out=y), lambda f=formula, y=theirs: f(x, y))
        a, b = best_of_turns(calls, n_turns)
        yield name, a / x.size * 1e9, b / x.size * 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description="Nanoseconds an element, nnfast and NumPy.")
    parser.add_argument("--elements", type=int, default=65536)
    parser.add_argument("--turns", type=int, default=20)
    arguments = parser.parse_args()
    nnfast.set_num_threads(1)
    for dtype in ("float32", "float64"):
        print(f"{dtype:14} {'nnfast':>8} {'NumPy':>8}   nanoseconds an element, {arguments.elements} of them")
        for name, ours, theirs in compare(dtype, arguments.elements, arguments.turns):
            print(f"{name:14} {ours:8.3f} {theirs:8.3f}   {theirs / ours:6.1f} x")


if __name__ == "__main__":
    main()
