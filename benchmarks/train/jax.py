"""JAX: one compiled function an epoch, a scan over its batches; parameters and state are donated."""

import os
from functools import partial
from typing import Any


def limit_threads(n_threads: int) -> None:
    """XLA takes as many threads as the process has cores, and knows no other way to tell it."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:n_threads])


limit_threads(int(os.environ.get("OMP_NUM_THREADS", "1024")))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.workloads import BETA_1, BETA_2, EPSILON, Data, TrainTask  # noqa: E402

Arrays = Any
NARROW = 64  # features
UNROLL = 4
ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: TrainTask, data: Data, n_threads: int) -> None:
        del n_threads  # see above
        self.task = task
        self.x, self.y = jnp.asarray(data.as_float()), jnp.asarray(data.y)
        self.rng = np.random.default_rng(0)
        weights = [jnp.array(array) for array in data.weights]
        n_moments = 2 if task.optimizer == "adam" else 0
        moments = [[jnp.zeros_like(array) for array in weights] for _ in range(n_moments)]
        self.state = (weights, moments, jnp.zeros((), jnp.float32))
        self.train = jax.jit(partial(train_epoch, task), donate_argnums=0)

    def run(self, n: int, shuffle: bool) -> None:
        n_rows = len(self.x)
        for _ in range(n):
            is_shuffled = shuffle and self.task.batch_size is not None
            order = self.rng.permutation(n_rows) if is_shuffled else np.arange(n_rows)
            self.state = self.train(self.state, self.x, self.y, order.astype(np.int32))
        jax.block_until_ready(self.state)

    def get_results(self) -> list[np.ndarray]:
        return [np.asarray(array) for array in self.state[0]]

    @staticmethod
    def describe() -> str:
        return f"JAX {jax.__version__}"


def train_epoch(task: TrainTask, state: Arrays, x: Arrays, y: Arrays, order: Arrays) -> Arrays:
    """The rows that fill no whole batch are a batch of their own, at the end.

    Rows are gathered batch by batch, but narrow ones all at once: a gather has its price for each row.
    """
    if task.batch_size is None:
        return train_batch(task, state, x, y)

    def gather(rows: Arrays) -> list[Arrays]:
        return [jnp.take(array, rows, axis=0, mode="clip") for array in (x, y)]

    n_whole = len(order) // task.batch_size * task.batch_size
    batches, gather_batch = order[:n_whole].reshape(-1, task.batch_size), gather
    if x.shape[1] < NARROW:
        batches, gather_batch = gather(batches), lambda batch: batch
    if n_whole:
        state, _ = jax.lax.scan(
            lambda state, batch: (train_batch(task, state, *gather_batch(batch)), None), state, batches, unroll=UNROLL
        )
    return state if n_whole == len(order) else train_batch(task, state, *gather(order[n_whole:]))


def train_batch(task: TrainTask, state: Arrays, x: Arrays, y: Arrays) -> Arrays:
    weights, moments, step = state
    gradients = jax.grad(partial(compute_loss, task))(weights, x, y)
    if task.optimizer == "sgd":
        new = [w - task.learning_rate * g for w, g in zip(weights, gradients, strict=True)]
        return new, moments, step
    step = step + 1
    rate = task.learning_rate * jnp.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
    m = [BETA_1 * m + (1 - BETA_1) * g for m, g in zip(moments[0], gradients, strict=True)]
    v = [BETA_2 * v + (1 - BETA_2) * g * g for v, g in zip(moments[1], gradients, strict=True)]
    new = [w - rate * m / (jnp.sqrt(v) + EPSILON) for w, m, v in zip(weights, m, v, strict=True)]
    return new, [m, v], step


def compute_loss(task: TrainTask, weights: Arrays, x: Arrays, y: Arrays) -> Arrays:
    h = x
    for kernel, bias, name in zip(weights[::2], weights[1::2], task.net.activations, strict=True):
        h = h @ kernel + bias
        if name in ACTIVATIONS:
            h = ACTIVATIONS[name](h)
    if task.loss == "mean_squared_error":
        return jnp.mean((h - y) ** 2)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], axis=1))
