"""one_sample_at_a_time: the whole algorithm, written out, and the same by `fit`.

    python examples/one_sample_at_a_time.py [--data FOLDER] [--epochs 3] [--samples 60000]

Shuffle; for each sample go forward, go backward, and change the weights; then see how many test images are read
rightly. With --data, or NNFAST_MNIST, the folder with MNIST's four IDX files; without either they are downloaded once.

Expected: test accuracy 0.946 after one epoch, 0.963 after three; `fit(batch_size=1)` ends with the same weights as the
loop, to the bit. The last line says how much sooner.
"""

import argparse
import os
import time
from typing import Any

import numpy as np

from nnfast import Sequential, kernels
from nnfast.datasets import fetch_mnist, load_mnist
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD
from nnfast.preprocessing import shuffle

LEARNING_RATE = 0.01


def make_model(*, with_softmax: bool) -> Sequential:
    """Return 784-32-10 with random weights, the same ones every time."""
    last = Dense(10, "softmax" if with_softmax else "linear")
    return Sequential([Input(784, scale=1 / 255), Dense(32, "relu"), last], seed=0)


def train_written_out(orders: list[Any], train: tuple[Any, Any], test: tuple[Any, Any]) -> Sequential:
    """Train step by step."""
    (x, y), (x_test, y_test) = train, test
    model, optimizer = make_model(with_softmax=False), SGD(LEARNING_RATE)
    for epoch, order in enumerate(orders, start=1):
        for i in order:
            logits = model.forward(x[i : i + 1])
            # Softmax and cross-entropy at once: the gradient is the probabilities, less 1 for the class it is.
            _, gradient = kernels.sparse_categorical_crossentropy(y[i : i + 1], logits, from_logits=True)
            model.backward(gradient)
            optimizer.apply(model)
        accuracy = (model.predict(x_test).argmax(axis=1) == y_test).mean()  # weights stay as they are here
        print(f"written out, epoch {epoch}: test accuracy {accuracy:.4f}")
    return model


def train_by_calls(orders: list[Any], train: tuple[Any, Any], test: tuple[Any, Any]) -> tuple[Sequential, float]:
    """Train with `fit`, which shuffles by itself; here it takes the orders of the loop, to be compared with it."""
    model = make_model(with_softmax=True)
    model.compile(SGD(LEARNING_RATE), "sparse_categorical_crossentropy", ["accuracy"])
    accuracy = 0.0
    for epoch, order in enumerate(orders, start=1):
        x, y = (part[order] for part in train)
        history = model.fit(x, y, batch_size=1, shuffle=False, validation_data=test, verbose=0).history
        accuracy = history["val_accuracy"][-1]
        print(f"by fit, epoch {epoch}: test accuracy {accuracy:.4f}")
    return model, accuracy


def main(arguments: list[str] | None = None) -> tuple[float, bool]:
    """Return the last test accuracy, and whether both ways gave the same weights."""
    parser = argparse.ArgumentParser(description="Train one sample at a time.")
    parser.add_argument("--data", default=os.environ.get("NNFAST_MNIST"), help="folder with MNIST's files")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--samples", type=int, default=60_000, help="train on the first ones alone")
    options = parser.parse_args(arguments)
    (x, y), test = load_mnist(options.data) if options.data else fetch_mnist()
    train = x[: options.samples], y[: options.samples]
    orders = [shuffle(np.arange(len(train[0])), random_state=epoch) for epoch in range(options.epochs)]

    start = time.perf_counter()
    looped = train_written_out(orders, train, test)
    middle = time.perf_counter()
    called, accuracy = train_by_calls(orders, train, test)
    end = time.perf_counter()
    is_same = all(a.tobytes() == b.tobytes() for a, b in zip(looped.get_weights(), called.get_weights(), strict=True))
    looped_time, called_time = middle - start, end - middle
    print(f"the same weights, to the bit: {is_same}")
    print(f"{looped_time:.2f} s written out, {called_time:.2f} s by fit, {looped_time / called_time:.0f} times as fast")
    return accuracy, is_same


if __name__ == "__main__":
    main()
