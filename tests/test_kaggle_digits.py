"""The program of the third text: 784-10-10, ReLU and softmax, full-batch gradient descent on a 42,000 x 785 CSV.

The CSV has the format of the digit competition, label,pixel0,...,pixel783, and MNIST's first 42,000 training images.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnfast import Sequential
from nnfast.data.csv import read_csv
from nnfast.datasets import load_mnist
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD

Array = NDArray[Any]

N_ROWS, N_ITERATIONS, RATE = 42_000, 500, 0.1


@pytest.fixture(scope="module")
def digits(mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Array, Array]:
    """Pixels and labels, by way of a CSV file."""
    (pixels, labels), _ = load_mnist(mnist_folder)
    path = tmp_path_factory.mktemp("kaggle") / "train.csv"
    text = [str(v) for v in range(256)]
    with path.open("w") as file:
        file.write(",".join(["label", *(f"pixel{i}" for i in range(784))]) + "\n")
        for label, row in zip(labels[:N_ROWS], pixels[:N_ROWS], strict=True):
            file.write(",".join([text[label], *(text[v] for v in row.tobytes())]) + "\n")
    table = read_csv(path, target="label")
    path.unlink()
    assert table.x.shape == (N_ROWS, 784)
    assert table.x.dtype == np.uint8
    np.testing.assert_array_equal(table.x, pixels[:N_ROWS].reshape(N_ROWS, 784))
    np.testing.assert_array_equal(table.y, labels[:N_ROWS])
    return table.x, table.y


@pytest.fixture(scope="module")
def model() -> Sequential:
    """With the weights it starts from."""
    model = Sequential([Input(784, scale=1 / 255), Dense(10, "relu"), Dense(10, "softmax")], seed=0)
    model.compile(optimizer=SGD(RATE), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def first_weights(model: Sequential) -> list[Array]:
    return [w.astype(float) for w in model.get_weights()]


@pytest.fixture(scope="module")
def history(model: Sequential, first_weights: list[Array], digits: tuple[Array, Array]) -> dict[str, list[float]]:
    return model.fit(*digits, batch_size=N_ROWS, epochs=N_ITERATIONS, verbose=0).history


def test_accuracy(model: Sequential, history: dict[str, list[float]], digits: tuple[Array, Array]) -> None:
    """Of the training data, every ten iterations and at the end; then predictions."""
    x, y = digits
    every_ten = history["accuracy"][::10]
    print([round(a, 3) for a in every_ten])
    assert len(history["loss"]) == N_ITERATIONS
    assert history["accuracy"][-1] >= 0.85
    assert every_ten == pytest.approx(sorted(every_ten), abs=0.02)
    assert model.evaluate(x, y, verbose=0)[1] >= history["accuracy"][-1] - 0.001
    assert (model.predict(x[:1000]).argmax(axis=1) == y[:1000]).mean() >= 0.83


def test_first_losses_equal_numpys(
    first_weights: list[Array], history: dict[str, list[float]], digits: tuple[Array, Array]
) -> None:
    losses, accuracies = gradient_descent(*digits, first_weights, 50)
    np.testing.assert_allclose(history["loss"][:50], losses, rtol=0, atol=1e-4)
    np.testing.assert_allclose(history["accuracy"][:50], accuracies, rtol=0, atol=5e-4)


def gradient_descent(x: Array, y: Array, weights: list[Array], n_iterations: int) -> tuple[list[float], list[float]]:
    """The text's program, a sample a column, in double precision: loss and accuracy before each step."""
    w1, b1, w2, b2 = weights[0].T, weights[1][:, None], weights[2].T, weights[3][:, None]
    a0, m, one_hot = (x / 255).T, len(x), np.eye(10)[y].T
    losses, accuracies = [], []
    for _ in range(n_iterations):
        z1 = w1 @ a0 + b1
        a1 = np.maximum(z1, 0)
        e = np.exp(w2 @ a1 + b2)
        a2 = e / e.sum(axis=0)
        losses.append(-np.log((a2 * one_hot).sum(axis=0)).mean())
        accuracies.append((a2.argmax(axis=0) == y).mean())
        dz2 = a2 - one_hot
        dz1 = w2.T @ dz2 * (z1 > 0)
        w2, b2 = w2 - RATE / m * dz2 @ a1.T, b2 - RATE / m * dz2.sum(axis=1, keepdims=True)
        w1, b1 = w1 - RATE / m * dz1 @ a0.T, b1 - RATE / m * dz1.sum(axis=1, keepdims=True)
    return losses, accuracies
