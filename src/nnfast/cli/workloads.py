"""workloads: the nets and the data that nnfast's speed is measured with: by ``nnfast bench``, and against others.

A task is a row of ``TRAIN_TASKS`` or ``PREDICT_TASKS``. Nothing of nnfast is imported before a model is made: the
programs of others, which are given the same tasks, run without it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nnfast import Sequential

Array = NDArray[Any]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-13
"""Of Adam, everywhere. So small an epsilon lets those agree who add it at different places."""
MNIST_FOLDER = "NNFAST_MNIST"
"""The environment variable that names the folder with MNIST's four IDX files."""
_N_ONES = 50


class Data(NamedTuple):
    """What every system is given: the same rows, targets and initial weights."""

    x: Array
    """(n_rows, n_features), float32; or uint8, which nnfast takes as it is and others as float32 in [0, 1]."""
    y: Array
    """Labels, int32; or values, float32 (n_rows, n_outputs)."""
    weights: list[NDArray[np.float32]]
    """Kernel (in, out) and bias of each layer in turn."""

    def as_float(self) -> NDArray[np.float32]:
        """Return x as those take it who know no other type."""
        return self.x.astype(np.float32) / np.float32(255) if self.x.dtype == np.uint8 else self.x


@dataclass(frozen=True)
class Net:
    """Dense layers."""

    sizes: tuple[int, ...]
    hidden: str
    output: str

    @property
    def activations(self) -> list[str]:
        """Of each layer."""
        return [self.hidden] * (len(self.sizes) - 2) + [self.output]

    @property
    def multiplies(self) -> list[int]:
        """Multiply-adds of each layer's product for one row."""
        return [a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False)]

    def make_weights(self) -> list[NDArray[np.float32]]:
        """Return Glorot's uniform weights, and biases of 0."""
        rng = np.random.default_rng(1)
        weights: list[NDArray[np.float32]] = []
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False):
            limit = np.sqrt(6 / (fan_in + fan_out))
            weights.append(rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32))
            weights.append(np.zeros(fan_out, np.float32))
        return weights

    def make_model(self, data: Data) -> "Sequential":
        """Return nnfast's model with the weights given."""
        from nnfast import Sequential
        from nnfast.layers import Dense, Input

        scale = 1 / 255 if data.x.dtype == np.uint8 else 1
        layers = [Dense(size, name) for size, name in zip(self.sizes[1:], self.activations, strict=True)]
        model = Sequential([Input(self.sizes[0], scale=scale), *layers], seed=0)
        model.set_weights(data.weights)
        return model


@dataclass(frozen=True)
class TrainTask:
    """Epochs of training on rows in memory. Small batches are shuffled each epoch; one batch of all rows is not."""

    name: str
    net: Net
    loss: str
    optimizer: str
    learning_rate: float
    batch_size: int | None
    """None: all rows are one batch."""
    n_rows: int
    make_x: Callable[[np.random.Generator, int, int], Array] | None
    """None: MNIST's images and labels."""
    check_rows: int
    """Results are compared after one epoch of so many rows, unshuffled ..."""
    check_tolerance: float = 1e-3
    """... by the distance between the weights relative to the distance they moved. One unit of a ReLU that rounding
    puts on the other side of 0 counts a lot with Adam: its small gradients move weights as far as large ones."""
    check_runs: int = 1

    unit = "samples/s"

    @property
    def flop_per_row(self) -> int:
        """Count two for each multiply-add: outputs, weight gradients, and input gradients but the first layer's."""
        first, *others = self.net.multiplies
        return 2 * (2 * first + 3 * sum(others))

    def find_obstacle(self) -> str | None:
        """Return why the task cannot be run here; None if it can."""
        if self.make_x is None and not os.environ.get(MNIST_FOLDER):
            return f"{MNIST_FOLDER} names no folder with MNIST's four IDX files"
        return None

    def make_data(self, n_rows: int) -> Data:
        """Return the same rows in every process."""
        if self.make_x is None:
            x, labels = _load_mnist(n_rows)
        else:
            rng = np.random.default_rng(0)
            x = self.make_x(rng, n_rows, self.net.sizes[0])
            labels = rng.integers(0, self.net.sizes[-1], n_rows, dtype=np.int32)
        y: Array = labels
        if self.net.output == "linear":
            y = np.sin(x[:, :4].sum(axis=1, keepdims=True))
        elif self.loss == "mean_squared_error":
            y = np.eye(self.net.sizes[-1], dtype=np.float32)[labels]
        return Data(x, y, self.net.make_weights())

    def make_model(self, data: Data) -> "Sequential":
        """Return nnfast's model, ready to be trained."""
        from nnfast.optimizers import SGD, Adam

        model = self.net.make_model(data)
        if self.optimizer == "sgd":
            model.compile(SGD(self.learning_rate), self.loss)
        else:
            model.compile(Adam(self.learning_rate, BETA_1, BETA_2, EPSILON), self.loss)
        return model

    def fit(self, model: "Sequential", data: Data, n_epochs: int, shuffle: bool) -> None:
        """Train nnfast's model."""
        size = self.batch_size or len(data.x)
        is_shuffled = shuffle and self.batch_size is not None
        model.fit(data.x, data.y, batch_size=size, epochs=n_epochs, shuffle=is_shuffled, verbose=0)


@dataclass(frozen=True)
class PredictTask:
    """Outputs for rows in memory, call by call."""

    name: str
    net: Net
    n_rows: int

    check_tolerance = 1e-5
    check_runs = 1

    @property
    def unit(self) -> str:
        """What a rate is told in."""
        return "us/call" if self.n_rows == 1 else "samples/s"

    @property
    def check_rows(self) -> int:
        """Return how many rows are compared."""
        return self.n_rows

    @property
    def flop_per_row(self) -> int:
        """Count two for each multiply-add."""
        return 2 * sum(self.net.multiplies)

    def find_obstacle(self) -> str | None:
        """Return why the task cannot be run here: nothing hinders it."""
        return None

    def make_data(self, n_rows: int) -> Data:
        """Return the same rows in every process."""
        x = _make_uniform(np.random.default_rng(0), n_rows, self.net.sizes[0])
        return Data(x, np.empty(0, np.float32), self.net.make_weights())

    def make_call(self, model: "Sequential", x: Array) -> Callable[[], Array]:
        """Return nnfast's function that is measured: rows of float32 in, outputs out."""
        if self.n_rows > 1:
            return partial(model.predict, x)
        return partial(model.predict_one, x[0], out=np.empty(self.net.sizes[-1], np.float32))


def _make_uniform(rng: np.random.Generator, n_rows: int, n_features: int) -> Array:
    return rng.random((n_rows, n_features), dtype=np.float32)


def _make_normal(rng: np.random.Generator, n_rows: int, n_features: int) -> Array:
    return rng.standard_normal((n_rows, n_features), dtype=np.float32)


def _make_ones(rng: np.random.Generator, n_rows: int, n_features: int) -> Array:
    """Return rows with 50 ones each, as counts and one-hot columns have them."""
    width = n_features // _N_ONES  # a one in each group of columns
    x = np.zeros((n_rows, n_features), np.float32)
    columns = rng.integers(0, width, (n_rows, _N_ONES)) + np.arange(_N_ONES) * width
    np.put_along_axis(x, columns, 1, axis=1)
    return x


def _load_mnist(n_rows: int) -> tuple[Array, Array]:
    from nnfast.datasets import load_mnist

    (x, y), _ = load_mnist(os.environ[MNIST_FOLDER])
    return x[:n_rows], y[:n_rows].astype(np.int32)


_ENTROPY, _SQUARES = "sparse_categorical_crossentropy", "mean_squared_error"
_MNIST10 = Net((784, 10, 10), "relu", "softmax")
_MNIST128 = Net((784, 128, 10), "relu", "softmax")
_MNIST512X2 = Net((784, 512, 512, 10), "relu", "softmax")
_TAB64X2 = Net((20, 64, 64, 1), "tanh", "linear")
_ONLINE30 = Net((784, 30, 10), "sigmoid", "sigmoid")
_CIRESAN = Net((784, 2500, 2000, 1500, 1000, 500, 10), "tanh", "softmax")
_WIDE4096 = Net((1024, 4096, 4096, 10), "relu", "softmax")
_ONEHOT2000 = Net((2000, 64, 2), "relu", "softmax")

TRAIN_TASKS = (
    TrainTask("mnist10_gd", _MNIST10, _ENTROPY, "sgd", 0.01, None, 42_000, _make_uniform, 3_000, check_runs=5),
    TrainTask("mnist128_b32_sgd", _MNIST128, _ENTROPY, "sgd", 0.01, 32, 60_000, _make_uniform, 650),
    TrainTask("mnist128_b128_adam", _MNIST128, _ENTROPY, "adam", 1e-4, 128, 60_000, _make_uniform, 650),
    TrainTask("mnist512x2_b128_adam", _MNIST512X2, _ENTROPY, "adam", 1e-4, 128, 20_000, _make_uniform, 300, 2e-2),
    TrainTask("tab64x2_b32_adam", _TAB64X2, _SQUARES, "adam", 1e-3, 32, 100_000, _make_normal, 650),
    TrainTask("online30_b1_sgd", _ONLINE30, _SQUARES, "sgd", 0.1, 1, 20_000, _make_uniform, 200),
    TrainTask("ciresan_b256_sgd", _CIRESAN, _ENTROPY, "sgd", 0.01, 256, 2_560, _make_uniform, 300),
    TrainTask("wide4096_b512_sgd", _WIDE4096, _ENTROPY, "sgd", 0.01, 512, 3_072, _make_uniform, 600),
    TrainTask("mnist128_b128_adam_real", _MNIST128, _ENTROPY, "adam", 1e-3, 128, 60_000, None, 650),
    TrainTask("onehot2000_b128_adam", _ONEHOT2000, _ENTROPY, "adam", 1e-3, 128, 20_000, _make_ones, 650),
)

PREDICT_TASKS = (
    PredictTask("one_row_tab64x2", _TAB64X2, 1),
    PredictTask("one_row_mnist128", _MNIST128, 1),
    PredictTask("one_row_mnist512x2", _MNIST512X2, 1),
    PredictTask("rows_mnist128", _MNIST128, 10_000),
    PredictTask("rows_mnist512x2", _MNIST512X2, 10_000),
)
