"""numpy_twin: a digit reader that many have written in NumPy, beside the same network here: same numbers, less time.

    python examples/numpy_twin.py [--csv train.csv] [--data FOLDER] [--iterations 500] [--picture predictions.png]

784 pixels, 10 ReLU units, 10 softmax units; every step of gradient descent uses all 42,000 images of a table with a
label and 784 pixels a row. Without --csv the table is made of MNIST's first images: with --data, or NNFAST_MNIST, the
folder with MNIST's four IDX files; without either they are downloaded once.

Expected: losses agree within 1e-5 and accuracies within 0.0005; training accuracy 0.90 after 500 steps. The last line
says how much longer NumPy took for a step.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from nnfast import Sequential, plotting
from nnfast.data.csv import read_csv
from nnfast.datasets import fetch_mnist, load_mnist
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD

N_ROWS, RATE = 42_000, 0.1


def write_csv(path: Path, folder: str | None) -> None:
    """Write MNIST's first images as label,pixel0,...,pixel783."""
    (pixels, labels), _ = load_mnist(folder) if folder else fetch_mnist()
    text = [str(value) for value in range(256)]
    with path.open("w") as file:
        file.write(",".join(["label", *(f"pixel{i}" for i in range(784))]) + "\n")
        for label, row in zip(labels[:N_ROWS], pixels[:N_ROWS], strict=True):
            file.write(",".join([text[label], *(text[value] for value in row.tobytes())]) + "\n")


def make_model() -> Sequential:
    """Return the network; pixels stay bytes and are divided by 255 as they are read."""
    model = Sequential([Input(784, scale=1 / 255), Dense(10, "relu"), Dense(10, "softmax")], seed=0)
    model.compile(SGD(RATE), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def train_by_numpy(a0: Any, y: Any, weights: list[Any], n_steps: int) -> tuple[list[float], list[float]]:
    """Return loss and accuracy before each step; a sample is a column, and so its weights are (outputs, inputs)."""
    w1, b1, w2, b2 = weights[0].T, weights[1][:, None], weights[2].T, weights[3][:, None]
    m, one_hot = len(y), np.eye(10)[y].T
    losses, accuracies = [], []
    for _ in range(n_steps):
        z1 = w1 @ a0 + b1
        a1 = np.maximum(z1, 0)
        e = np.exp(w2 @ a1 + b2)
        a2 = e / e.sum(axis=0)
        losses.append(float(-np.log((a2 * one_hot).sum(axis=0)).mean()))
        accuracies.append(float((a2.argmax(axis=0) == y).mean()))
        dz2 = a2 - one_hot
        dz1 = w2.T @ dz2 * (z1 > 0)
        w2, b2 = w2 - RATE / m * dz2 @ a1.T, b2 - RATE / m * dz2.sum(axis=1, keepdims=True)
        w1, b1 = w1 - RATE / m * dz1 @ a0.T, b1 - RATE / m * dz1.sum(axis=1, keepdims=True)
    return losses, accuracies


def load(path: Path | None, folder: str | None) -> tuple[Any, Any]:
    """Return pixels, bytes of shape (n, 784), and labels."""
    with tempfile.TemporaryDirectory() as elsewhere:
        if path is None:
            path = Path(elsewhere, "train.csv")
            write_csv(path, folder)
        table = read_csv(path, target="label")
    return table.x, table.y


def main(arguments: list[str] | None = None) -> tuple[float, float, float]:
    """Return the last training accuracy, the largest difference of the losses, and the ratio of the times."""
    parser = argparse.ArgumentParser(description="784-10-10 by gradient descent, and its twin in NumPy.")
    parser.add_argument("--csv", type=Path, help="a table with the columns label, pixel0, ..., pixel783")
    parser.add_argument("--data", default=os.environ.get("NNFAST_MNIST"), help="folder with MNIST's four IDX files")
    parser.add_argument("--iterations", type=int, default=500, help="steps of nnfast")
    parser.add_argument("--numpy-iterations", type=int, default=50, help="steps of NumPy, 50")
    parser.add_argument("--picture", default="predictions.png", help="where to draw the first images")
    options = parser.parse_args(arguments)
    x, y = load(options.csv, options.data)
    model = make_model()
    first_weights = [w.astype(float) for w in model.get_weights()]

    start = time.perf_counter()
    history = model.fit(x, y, batch_size=len(x), epochs=options.iterations, verbose=0).history
    our_time = (time.perf_counter() - start) / options.iterations
    for step in range(0, options.iterations, 10):
        print(f"iteration {step}: accuracy {history['accuracy'][step]:.4f}")
    plotting.save_figure(plotting.image_grid(x[:32], y[:32], model.predict(x[:32]).argmax(axis=1)), options.picture)

    columns, n_steps = (x / 255).T, min(options.numpy_iterations, options.iterations)
    start = time.perf_counter()
    losses, accuracies = train_by_numpy(columns, y, first_weights, n_steps)
    their_time = (time.perf_counter() - start) / n_steps
    differences = [
        float(np.abs(np.subtract(history[name][:n_steps], theirs)).max())
        for name, theirs in (("loss", losses), ("accuracy", accuracies))
    ]
    print(f"training accuracy {history['accuracy'][-1]:.4f}; first images in {options.picture}")
    print(f"over {n_steps} steps losses differ by {differences[0]:.1e}, accuracies by {differences[1]:.1e}, at most")
    ratio = their_time / our_time
    print(f"a step: {1e3 * our_time:.2f} ms, NumPy {1e3 * their_time:.2f} ms, {ratio:.1f} times as long")
    return history["accuracy"][-1], differences[0], ratio


if __name__ == "__main__":
    main()
