"""The program of the third text: 784-10-10, ReLU and softmax, full-batch gradient descent on a 42,000 x 785 CSV.

The CSV has the format of the digit competition, label,pixel0,...,pixel783, and MNIST's first 42,000 training images.
"""

import json
import os
import subprocess
import sys
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
    first_weights: list[Array], history: dict[str, list[float]], digits: tuple[Array, Array], tmp_path: Path
) -> None:
    arrays = dict(zip(("w1", "b1", "w2", "b2"), first_weights, strict=True))
    np.savez(tmp_path / "problem.npz", x=digits[0], y=digits[1], **arrays)
    # One thread of BLAS: two that wait for each other by spinning take ten times as long on a busy machine.
    environment = os.environ | {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "MKL", "OMP")}
    program = [sys.executable, str(Path(__file__).with_name("numpy_digits.py")), str(tmp_path / "problem.npz"), "50"]
    result = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    theirs = json.loads(result.stdout)
    np.testing.assert_allclose(history["loss"][:50], theirs["losses"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(history["accuracy"][:50], theirs["accuracies"], rtol=0, atol=5e-4)
