"""JAX: one compiled function an epoch; pixels stay bytes until they are gathered.

The 32 images that are left when an epoch is cut into batches are left out: they are others in each epoch, and a second
compiled function would cost more.
"""

import os
from functools import partial
from typing import Any

from benchmarks.mnist98 import recipe

os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: recipe.get_threads()])  # XLA counts these

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402


def train(seed: int) -> tuple[str, float]:
    (x, y), (x_test, y_test) = (
        (jnp.asarray(images), jnp.asarray(labels.astype(np.int32))) for images, labels in recipe.load()
    )
    rng = np.random.default_rng(seed)
    weights = [[jnp.asarray(array) for array in pair] for pair in recipe.draw_weights(seed)]
    state = (weights, *(jax.tree.map(jnp.zeros_like, weights) for _ in range(2)), np.float32(0))
    n_whole = len(x) // recipe.BATCH_SIZE * recipe.BATCH_SIZE
    for rate in recipe.LEARNING_RATES:
        order = rng.permutation(len(x))[:n_whole].astype(np.int32).reshape(-1, recipe.BATCH_SIZE)
        state = train_epoch(state, x, y, order, np.float32(rate))
    return f"JAX {jax.__version__}", measure(state[0], x_test, y_test)


@partial(jax.jit, donate_argnums=0)
def train_epoch(state: Any, x: Any, y: Any, order: Any, rate: Any) -> Any:
    def train_rows(state: Any, rows: Any) -> tuple[Any, None]:
        weights, m, v, step = state
        images, labels = (jnp.take(array, rows, axis=0, mode="clip") for array in (x, y))
        gradients = jax.grad(compute_loss)(weights, images, labels)
        step = step + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
        length = rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weights = jax.tree.map(lambda w, m, v: w - length * m / (jnp.sqrt(v) + 1e-7), weights, m, v)
        return (weights, m, v, step), None

    return jax.lax.scan(train_rows, state, order)[0]


def compute_logits(weights: Any, images: Any) -> Any:
    h = images.astype(jnp.float32) / 255
    for kernel, bias in weights[:-1]:
        h = jax.nn.relu(h @ kernel + bias)
    return h @ weights[-1][0] + weights[-1][1]


def compute_loss(weights: Any, images: Any, labels: Any) -> Any:
    logarithms = jax.nn.log_softmax(compute_logits(weights, images))
    return -jnp.mean(jnp.take_along_axis(logarithms, labels[:, None], axis=1))


@jax.jit
def measure(weights: Any, images: Any, labels: Any) -> Any:
    return jnp.mean(compute_logits(weights, images).argmax(axis=1) == labels)


if __name__ == "__main__":
    recipe.run(train)
