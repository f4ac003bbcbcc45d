"""nnfast: pixels stay bytes."""

import os

import nnfast
from benchmarks.mnist98 import recipe
from nnfast.callbacks import LambdaCallback
from nnfast.datasets import load_mnist
from nnfast.layers import Dense, Input
from nnfast.optimizers import Adam


def train(seed: int) -> tuple[str, float]:
    (x, y), test = load_mnist(os.environ[recipe.MNIST_FOLDER])
    *hidden, n_classes = recipe.SIZES[1:]
    layers = [Dense(size, "relu") for size in hidden]
    model = nnfast.Sequential([Input(recipe.SIZES[0], scale=1 / 255), *layers, Dense(n_classes, "softmax")], seed=seed)
    optimizer = Adam()
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])

    def set_rate(epoch: int, logs: object) -> None:
        optimizer.learning_rate = recipe.LEARNING_RATES[epoch]

    n_epochs = len(recipe.LEARNING_RATES)
    rates = LambdaCallback(on_epoch_begin=set_rate)
    model.fit(x, y, recipe.BATCH_SIZE, n_epochs, verbose=0, callbacks=[rates])
    return f"nnfast {nnfast.__version__}", model.evaluate(*test, verbose=0)[1]


if __name__ == "__main__":
    recipe.run(train)
