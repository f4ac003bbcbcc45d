"""NumPy in the fastest form we know.

Everything is allocated once and every operation writes in place. Parameters, gradients and Adam's state are one vector
each, updated in pieces that stay in the second-level cache. SGD's learning rate is put into the gradient of the
outputs, and Adam keeps m / (1 - beta_1) and v / (1 - beta_2): each saves passes over the parameters. Batches of one
row, and of all rows, are not copied. It computes no loss value, which nnfast does.
"""

import numpy as np

from benchmarks.workloads import BETA_1, BETA_2, EPSILON, Data, TrainTask

PIECE = 32768  # parameters updated together: smaller pieces cost calls, larger ones gain nothing


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: TrainTask, data: Data, n_threads: int) -> None:
        del n_threads  # the environment has told BLAS
        self.task, self.x, self.y = task, data.as_float(), data.y
        self.n_rows, self.batch_size = len(self.x), task.batch_size or len(self.x)
        self.rng = np.random.default_rng(0)
        self.step = 0
        self.shapes = [array.shape for array in data.weights]
        n_parameters = sum(array.size for array in data.weights)
        n_vectors = 4 if task.optimizer == "adam" else 2
        self.parameters, self.gradients, *self.moments = np.zeros((n_vectors, n_parameters), np.float32)
        self.piece = np.empty(PIECE, np.float32)
        for array, values in zip(self.split(self.parameters), data.weights, strict=True):
            array[...] = values
        self.kernels, self.biases = self.split(self.parameters)[::2], self.split(self.parameters)[1::2]
        self.grad_kernels, self.grad_biases = self.split(self.gradients)[::2], self.split(self.gradients)[1::2]
        sizes, rows = task.net.sizes, self.batch_size
        self.batch = np.empty((rows, sizes[0]), np.float32)
        self.outputs = [np.empty((rows, size), np.float32) for size in sizes[1:]]
        self.grads = [np.empty((rows, size), np.float32) for size in sizes[1:-1]]
        self.row = np.empty((rows, 1), np.float32)
        self.row_index = np.arange(rows)
        self.rate = np.float32(task.learning_rate if task.optimizer == "sgd" else 1)

    def split(self, vector: np.ndarray) -> list[np.ndarray]:
        ends = np.cumsum([np.prod(shape) for shape in self.shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(vector, ends), self.shapes, strict=True)]

    def run(self, n: int, shuffle: bool) -> None:
        for _ in range(n):
            if self.task.batch_size is None:
                self.train(self.x, self.y)
                continue
            order = self.rng.permutation(self.n_rows) if shuffle else np.arange(self.n_rows)
            if self.batch_size == 1:
                for i in order.tolist():
                    self.train(self.x[i : i + 1], self.y[i : i + 1])
                continue
            for first in range(0, self.n_rows, self.batch_size):
                rows = order[first : first + self.batch_size]
                x = self.batch[: len(rows)]
                np.take(self.x, rows, axis=0, out=x, mode="clip")  # "raise" would go through a buffer
                self.train(x, self.y[rows])

    def train(self, x: np.ndarray, y: np.ndarray) -> None:
        n = len(x)
        outputs = [array[:n] for array in self.outputs]
        below = x
        for kernel, bias, out, name in zip(self.kernels, self.biases, outputs, self.task.net.activations, strict=True):
            np.dot(below, kernel, out=out)
            out += bias
            ACTIVATE[name](self, out)
            below = out
        grad = outputs[-1]
        self.differentiate_loss(grad, y)
        for layer in reversed(range(len(outputs))):
            below = outputs[layer - 1] if layer else x
            np.dot(below.T, grad, out=self.grad_kernels[layer])
            np.sum(grad, axis=0, out=self.grad_biases[layer])
            if layer:
                grad_below = self.grads[layer - 1][:n]
                np.dot(grad, self.kernels[layer].T, out=grad_below)
                DIFFERENTIATE[self.task.net.hidden](below, grad_below)
                grad = grad_below
        self.update_adam() if self.moments else self.update_sgd()

    def softmax(self, z: np.ndarray) -> None:
        """The row's sum is made longer by what the gradient is divided by."""
        row = self.row[: len(z)]
        np.max(z, axis=1, keepdims=True, out=row)
        z -= row
        np.exp(z, out=z)
        np.sum(z, axis=1, keepdims=True, out=row)
        row *= len(z) / self.rate
        z /= row

    def differentiate_loss(self, output: np.ndarray, y: np.ndarray) -> None:
        """The outputs become the loss's gradient with respect to what the last activation was given."""
        if self.task.loss == "sparse_categorical_crossentropy":
            output[self.row_index[: len(y)], y] -= self.rate / np.float32(len(y))
            return
        slope = output * (1 - output) if self.task.net.output == "sigmoid" else np.float32(1)
        output -= y
        output *= slope
        output *= self.rate * np.float32(2 / y.size)

    def update_sgd(self) -> None:
        self.parameters -= self.gradients

    def update_adam(self) -> None:
        self.step += 1
        root = np.sqrt((1 - BETA_2) / (1 - BETA_2**self.step))
        rate = np.float32(self.task.learning_rate * (1 - BETA_1) / (1 - BETA_1**self.step) / root)
        epsilon = np.float32(EPSILON / np.sqrt(1 - BETA_2))  # Keras adds it before v is corrected
        beta_1, beta_2 = np.float32(BETA_1), np.float32(BETA_2)
        for first in range(0, self.parameters.size, PIECE):
            part = slice(first, first + PIECE)
            parameters, gradients = self.parameters[part], self.gradients[part]
            m, v = self.moments[0][part], self.moments[1][part]
            piece = self.piece[: m.size]
            m *= beta_1
            m += gradients
            v *= beta_2
            np.multiply(gradients, gradients, out=piece)
            v += piece
            np.sqrt(v, out=piece)
            piece += epsilon
            np.divide(m, piece, out=piece)
            piece *= rate
            parameters -= piece

    def get_results(self) -> list[np.ndarray]:
        return [array.copy() for array in self.split(self.parameters)]

    @staticmethod
    def describe() -> str:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"NumPy {np.__version__}, {blas['name']} {blas['version']}"


def sigmoid(z: np.ndarray) -> None:
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    np.reciprocal(z, out=z)


def slope_of_tanh(y: np.ndarray, grad: np.ndarray) -> None:
    slope = y * y
    np.subtract(1, slope, out=slope)
    grad *= slope


def slope_of_sigmoid(y: np.ndarray, grad: np.ndarray) -> None:
    slope = 1 - y
    slope *= y
    grad *= slope


ACTIVATE = {
    "relu": lambda _, z: np.maximum(z, 0, out=z),
    "tanh": lambda _, z: np.tanh(z, out=z),
    "sigmoid": lambda _, z: sigmoid(z),
    "softmax": Rival.softmax,
    "linear": lambda _, z: z,
}
DIFFERENTIATE = {
    "relu": lambda y, grad: np.multiply(grad, y > 0, out=grad),
    "tanh": slope_of_tanh,
    "sigmoid": slope_of_sigmoid,
}
