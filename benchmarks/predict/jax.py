"""JAX: one compiled function; arrays of NumPy in and out."""

from functools import partial

import numpy as np

from benchmarks.train.jax import ACTIVATIONS, jax, jnp
from benchmarks.train.jax import Rival as Trainer
from benchmarks.workloads import Data, PredictTask


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: PredictTask, data: Data, n_threads: int) -> None:
        del n_threads  # of the process: see train/jax.py
        self.x = data.x
        weights = [jnp.asarray(array) for array in data.weights]
        self.call = partial(jax.jit(partial(predict, task)), weights)

    def run(self, n: int, shuffle: bool) -> None:
        del shuffle
        for _ in range(n):
            self.out = np.asarray(self.call(self.x))

    def get_results(self) -> list[np.ndarray]:
        return [self.out]

    @staticmethod
    def describe() -> str:
        return Trainer.describe()


def predict(task: PredictTask, weights: list[jax.Array], x: jax.Array) -> jax.Array:
    h = x
    for kernel, bias, name in zip(weights[::2], weights[1::2], task.net.activations, strict=True):
        h = (ACTIVATIONS | {"softmax": jax.nn.softmax, "linear": lambda z: z})[name](h @ kernel + bias)
    return h
