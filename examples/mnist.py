"""mnist: a plain dense network that reads digits, above 98.5 % without augmentation.

    NNFAST_MNIST=folder python examples/mnist.py [--seeds 0 1 2] [--epochs 30]

The folder holds MNIST's four IDX files. 784-512-512-10, ReLU, dropout before every layer, Adam with a learning rate
that falls to nothing by a half cosine; the test images are looked at once, at the end.

Expected: test accuracy 0.987, the mean of seeds 0 to 2.
"""

import argparse
import math
import os
import time

import numpy as np

from nnfast import Sequential
from nnfast.callbacks import LearningRateScheduler
from nnfast.datasets import load_mnist
from nnfast.layers import Dense, Dropout, Input
from nnfast.optimizers import Adam

BATCH_SIZE = 256
LEARNING_RATE = 2e-3


def make_model(seed: int) -> Sequential:
    """Return the network, compiled; pixels stay bytes and are scaled as they are read."""
    layers = [
        Input(784, scale=1 / 255),
        Dropout(0.2),
        Dense(512, activation="relu", kernel_initializer="he_uniform"),
        Dropout(0.4),
        Dense(512, activation="relu", kernel_initializer="he_uniform"),
        Dropout(0.4),
        Dense(10, activation="softmax"),
    ]
    model = Sequential(layers, seed=seed)
    model.compile(Adam(LEARNING_RATE), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def train(seed: int, epochs: int, folder: str, verbose: int = 2) -> float:
    """Train with one seed and return the share of test images read rightly."""
    (x_train, y_train), (x_test, y_test) = load_mnist(folder)
    cosine = LearningRateScheduler(lambda epoch: LEARNING_RATE * (1 + math.cos(math.pi * epoch / epochs)) / 2)
    model = make_model(seed)
    model.fit(x_train, y_train, BATCH_SIZE, epochs, verbose=verbose, callbacks=[cosine])
    return model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]


def main(arguments: list[str] | None = None) -> float:
    """Train with each seed, print the accuracies, and return their mean."""
    parser = argparse.ArgumentParser(description="Train on MNIST.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args(arguments)
    folder = os.environ.get("NNFAST_MNIST") or parser.error("NNFAST_MNIST names no folder with MNIST's four IDX files")
    accuracies = []
    for seed in options.seeds:
        start = time.perf_counter()
        accuracies.append(train(seed, options.epochs, folder))
        print(f"seed {seed}: test accuracy {accuracies[-1]:.4f}, {time.perf_counter() - start:.0f} s")
    print(f"mean test accuracy {np.mean(accuracies):.4f}")
    return float(np.mean(accuracies))


if __name__ == "__main__":
    main()
