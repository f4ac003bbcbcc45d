"""reference.py: the whole library again in NumPy, written to be read, not to be fast.

Every test of numbers is held against this file, and ``test_reference.py`` holds this file against scikit-learn, PyTorch
and finite differences. Formulas are Keras 3's. Each list has one row per name of the core's lists.

Everything computes in the dtype it is given: float64 in general, long double where a test wants a wider judge.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import normalization
import numpy as np
from numpy.typing import NDArray
from reference_activations import *  # noqa: F403
from reference_activations import ACTIVATIONS, activation_backward
from reference_losses import FUSED, loss_reduction, measure, spec_of
from reference_updates import OPTIMIZERS, decayed

from nnfast._core import LossSpec

Array = NDArray[Any]


def one_hot(labels: Array, n_classes: int) -> Array:
    return (labels.reshape(-1, 1) == np.arange(n_classes)).astype(np.float64)


# ---- metrics: one value a row ----------------------------------------------------------------------------------------


def top_k_categorical_accuracy(y: Array, t: Array, k: int) -> Array:
    own = np.take_along_axis(y, t.argmax(axis=-1)[..., None], axis=-1)
    return ((y > own).sum(axis=-1) < k) * 1.0


METRICS: dict[str, Callable[[Array, Array], Array]] = {
    "binary_accuracy": lambda y, t: ((y > 0.5) == (t > 0.5)).mean(axis=-1),
    "categorical_accuracy": lambda y, t: (y.argmax(axis=-1) == t.argmax(axis=-1)) * 1.0,
    "top_k_categorical_accuracy": lambda y, t: top_k_categorical_accuracy(y, t, 5),
    "mean_squared_error": lambda y, t: ((y - t) ** 2).mean(axis=-1),
    "mean_absolute_error": lambda y, t: np.abs(y - t).mean(axis=-1),
    "mean_absolute_percentage_error": lambda y, t: (
        100 * np.abs(y - t) / np.maximum(np.abs(t.astype(float)), 1e-7)
    ).mean(axis=-1),
}

# ---- a stack of layers: forward, backward ----------------------------------------------------------------------------


@dataclass
class Layer:
    """One row of the core's spec, with its parameters. ``mask`` is what dropout multiplies by: 0 or 1 / (1 - rate)."""

    kind: str
    weights: Array | None = None
    bias: Array | None = None
    activation: str = "linear"
    parameter: float = 0.0
    scale: float = 1.0
    offset: float = 0.0
    mask: Array | None = None
    train_weights: bool = True
    train_bias: bool = True
    penalties: dict[str, tuple[float, float]] = field(default_factory=dict)
    """"weights" or "bias" -> (l1, l2)"""
    gamma: Array | None = None
    beta: Array | None = None
    mean: Array | None = None
    variance: Array | None = None
    momentum: float = 0.99
    epsilon: float = 1e-3
    takes_batch: bool = False
    """While training, for batch normalization: statistics are those of the batch."""
    saved: dict[str, Array] = field(default_factory=dict)
    grads: dict[str, Array] = field(default_factory=dict)

    def forward(self, x: Array) -> Array:
        if self.kind == "rescaling":
            return x * self.scale + self.offset
        if self.kind == "dropout":
            return x if self.mask is None else x * self.mask
        if self.kind.endswith("normalization"):
            return normalization.normalize(self, x)
        z = x
        if self.kind == "dense":
            z = x @ self.weights + (0 if self.bias is None else self.bias)
        y = ACTIVATIONS[self.activation].forward(z, self.parameter)
        self.saved = {"x": x, "input": z, "output": y}
        return y

    def backward(self, grad: Array) -> Array:
        if self.kind == "rescaling":
            return grad * self.scale
        if self.kind == "dropout":
            return grad if self.mask is None else grad * self.mask
        if self.kind.endswith("normalization"):
            return normalization.go_back(self, grad)
        needs = ACTIVATIONS[self.activation].needs
        grad = activation_backward(self.activation, self.saved[needs], grad, self.parameter)
        if self.kind == "activation":
            return grad
        self.grads = {"weights": self.saved["x"].T @ grad}
        if self.bias is not None:
            self.grads["bias"] = grad.sum(axis=0)
        return grad @ self.weights.T


@dataclass
class Network:
    layers: list[Layer]
    in_scale: float = 1.0
    in_offset: float = 0.0

    def forward(self, x: Array) -> Array:
        y = np.asarray(x, np.float64) * self.in_scale + self.in_offset
        for layer in self.layers:
            y = layer.forward(y)
        return y

    def backward(self, grad_output: Array) -> Array:
        grad = grad_output
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad * self.in_scale

    def loss_and_grad(self, loss: str | LossSpec, x: Array, t: Array) -> tuple[float, Array, Array]:
        """The sum of row losses, the gradient of the reduced loss with respect to x, and the output."""
        last = self.layers[-1]
        own = last.activation
        fused = FUSED.get(spec_of(loss).name)
        if fused:
            last.activation = "linear"
        y = self.forward(x)
        row_loss, grad = measure(loss, y, t)
        grad_input = self.backward(grad * loss_reduction(loss, len(x)))
        last.activation = own
        if fused:
            y = ACTIVATIONS[fused].forward(y, 0)
        return float(row_loss.sum()), grad_input, y

    def penalty(self) -> float:
        """What the parameters that are trained add to the loss of a batch."""
        return sum(
            l1 * np.abs(w).sum() + l2 * (w * w).sum()
            for i, name, w in self.parameters()
            if getattr(self.layers[i], "train_" + name)
            for l1, l2 in [self.layers[i].penalties.get(name, (0, 0))]
        )

    def parameters(self) -> Iterable[tuple[int, str, Array]]:
        for i, layer in enumerate(self.layers):
            for name in ("weights", "bias", "gamma", "beta"):
                if getattr(layer, name) is not None:
                    yield i, name, getattr(layer, name)


# ---- training --------------------------------------------------------------------------------------------------------


class Optimizer:
    def __init__(self, rule: str, hyperparameters: Sequence[float], weight_decay: float = 0.0) -> None:
        self.update, self.n_slots = OPTIMIZERS[rule]
        self.hyperparameters = hyperparameters
        self.weight_decay = weight_decay
        self.step = 0
        self.slots: dict[tuple[int, str], list[Array]] = {}

    def apply(self, network: Network) -> None:
        self.step += 1
        for i, name, w in network.parameters():
            layer = network.layers[i]
            if not (layer.train_weights if name in ("weights", "gamma") else layer.train_bias):
                continue
            slots = self.slots.setdefault((i, name), [np.zeros_like(w) for _ in range(self.n_slots)])
            l1, l2 = layer.penalties.get(name, (0, 0))
            gradient = layer.grads[name] + l1 * np.sign(w) + 2 * l2 * w
            w = decayed(w, self.hyperparameters[0], self.weight_decay)
            setattr(layer, name, self.update(w, gradient, slots, self.hyperparameters, self.step))


def train(
    network: Network, optimizer: Optimizer, loss: str | LossSpec, x: Array, t: Array, batches: Iterable[Any]
) -> list[tuple[float, Array]]:
    """One update for each batch of row numbers (or slice). Returns the mean row loss and the outputs before each."""
    history = []
    for rows in batches:
        total, _, y = network.loss_and_grad(loss, x[rows], t[rows])
        optimizer.apply(network)
        history.append((total / len(y), y))
    return history
