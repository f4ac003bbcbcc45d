"""NumPy in the fastest form we know.

Everything is allocated once and every operation writes in place. Parameters, gradients and Adam's state are one vector
each, updated in pieces that stay in the second-level cache. Adam keeps m / (1 - beta_1) and v / (1 - beta_2), which
saves two passes. It computes no loss value, which nnfast does.
"""

import numpy as np

from . import task

PIECE = 32768  # parameters updated together: smaller pieces cost calls, larger ones gain nothing


class Rival:
    """See ``harness.Rival``."""

    def __init__(self, data: task.Data, n_threads: int) -> None:
        del n_threads  # the environment has told BLAS
        self.data = data
        self.rng = np.random.default_rng(0)
        self.step = 0
        n_parameters = sum(array.size for array in data.weights)
        self.parameters, self.gradients, self.m, self.v = np.zeros((4, n_parameters), np.float32)
        self.piece = np.empty(PIECE, np.float32)
        self.w1, self.b1, self.w2, self.b2 = self.split(self.parameters)
        self.grad_w1, self.grad_b1, self.grad_w2, self.grad_b2 = self.split(self.gradients)
        for array, values in zip(self.split(self.parameters), data.weights, strict=True):
            array[...] = values
        rows = task.BATCH_SIZE
        self.x = np.empty((rows, task.N_FEATURES), np.float32)
        self.h, self.grad_h = np.empty((2, rows, task.N_HIDDEN), np.float32)
        self.positive = np.empty((rows, task.N_HIDDEN), bool)
        self.z = np.empty((rows, task.N_CLASSES), np.float32)
        self.row = np.empty((rows, 1), np.float32)
        self.row_index = np.arange(rows)

    def split(self, vector: np.ndarray) -> list[np.ndarray]:
        ends = np.cumsum([array.size for array in self.data.weights])[:-1]
        return [
            part.reshape(array.shape) for part, array in zip(np.split(vector, ends), self.data.weights, strict=True)
        ]

    def run(self, n_epochs: int, shuffle: bool) -> None:
        n = len(self.data.x)
        for _ in range(n_epochs):
            order = self.rng.permutation(n) if shuffle else np.arange(n)
            for first in range(0, n, task.BATCH_SIZE):
                self.train_on_rows(order[first : first + task.BATCH_SIZE])

    def train_on_rows(self, rows: np.ndarray) -> None:
        n = len(rows)
        x, h, z, row, grad_h, positive = (
            array[:n] for array in (self.x, self.h, self.z, self.row, self.grad_h, self.positive)
        )
        np.take(self.data.x, rows, axis=0, out=x, mode="clip")  # "raise" would go through a buffer
        np.dot(x, self.w1, out=h)
        h += self.b1
        np.maximum(h, 0, out=h)
        np.dot(h, self.w2, out=z)
        z += self.b2
        np.max(z, axis=1, keepdims=True, out=row)
        z -= row
        np.exp(z, out=z)
        np.sum(z, axis=1, keepdims=True, out=row)
        row *= n
        z /= row
        z[self.row_index[:n], self.data.y[rows]] -= np.float32(1 / n)
        np.dot(h.T, z, out=self.grad_w2)
        np.sum(z, axis=0, out=self.grad_b2)
        np.dot(z, self.w2.T, out=grad_h)
        np.greater(h, 0, out=positive)
        grad_h *= positive
        np.dot(x.T, grad_h, out=self.grad_w1)
        np.sum(grad_h, axis=0, out=self.grad_b1)
        self.update()

    def update(self) -> None:
        self.step += 1
        root = np.sqrt((1 - task.BETA_2) / (1 - task.BETA_2**self.step))
        rate = np.float32(task.LEARNING_RATE * (1 - task.BETA_1) / (1 - task.BETA_1**self.step) / root)
        epsilon = np.float32(task.EPSILON / np.sqrt(1 - task.BETA_2))  # Keras adds it before v is corrected
        beta_1, beta_2 = np.float32(task.BETA_1), np.float32(task.BETA_2)
        for first in range(0, self.parameters.size, PIECE):
            part = slice(first, first + PIECE)
            parameters, gradients, m, v = self.parameters[part], self.gradients[part], self.m[part], self.v[part]
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

    def get_weights(self) -> task.Weights:
        return [array.copy() for array in self.split(self.parameters)]

    @staticmethod
    def describe() -> str:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"NumPy {np.__version__}, {blas['name']} {blas['version']}"
