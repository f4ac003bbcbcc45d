"""The program of the third text: 784-10-10, ReLU and softmax, full-batch gradient descent on a 42,000 x 785 CSV.

The CSV has the format of the digit competition, label,pixel0,...,pixel783, and MNIST's first 42,000 training images;
examples/numpy_twin.py writes it, trains on it, and does the same in NumPy.
"""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scripts import load, run

from nnfast.data.csv import read_csv
from nnfast.datasets import load_mnist

Array = NDArray[Any]

N_ROWS, N_ITERATIONS = 42_000, 200


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load("numpy_twin.py")


@pytest.fixture(scope="module")
def csv_file(script: ModuleType, mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kaggle") / "train.csv"
    script.write_csv(path, str(mnist_folder))
    return path


@pytest.fixture(scope="module")
def digits(csv_file: Path, mnist_folder: Path) -> tuple[Array, Array]:
    """Pixels and labels, by way of the CSV file."""
    (pixels, labels), _ = load_mnist(mnist_folder)
    table = read_csv(csv_file, target="label")
    assert table.y is not None
    assert table.x.shape == (N_ROWS, 784)
    assert table.x.dtype == np.uint8
    np.testing.assert_array_equal(table.x, pixels[:N_ROWS].reshape(N_ROWS, 784))
    np.testing.assert_array_equal(table.y, labels[:N_ROWS])
    return table.x, table.y


def test_accuracy(script: ModuleType, digits: tuple[Array, Array]) -> None:
    """Of the training data, every ten of 200 iterations of 500 and at the end; then predictions."""
    x, y = digits
    model = script.make_model()
    history = model.fit(x, y, batch_size=N_ROWS, epochs=N_ITERATIONS, verbose=0).history
    every_ten = history["accuracy"][::10]
    assert len(history["loss"]) == N_ITERATIONS
    assert history["accuracy"][-1] >= 0.85
    assert every_ten == pytest.approx(sorted(every_ten), abs=0.02)
    assert model.evaluate(x, y, verbose=0)[1] >= history["accuracy"][-1] - 0.001
    assert (model.predict(x[:1000]).argmax(axis=1) == y[:1000]).mean() >= 0.83


def test_first_losses_equal_numpys(csv_file: Path, tmp_path: Path) -> None:
    # One thread of BLAS: two that wait for each other by spinning take ten times as long on a busy machine.
    environment = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "MKL", "OMP")}
    picture = tmp_path / "predictions.png"
    arguments = ["--csv", str(csv_file), "--iterations", "21", "--numpy-iterations", "20", "--picture", str(picture)]
    result = run("numpy_twin.py", *arguments, **environment)
    assert result.returncode == 0, result.stderr
    assert re.findall(r"^iteration (\d+): accuracy 0\.\d{4}$", result.stdout, re.MULTILINE) == ["0", "10", "20"]
    found = re.search(r"over 20 steps losses differ by (\S+), accuracies by (\S+), at most", result.stdout)
    assert found is not None, result.stdout
    assert float(found[1]) < 1e-5
    assert float(found[2]) < 5e-4
    assert re.search(r"times as long$", result.stdout)
    assert picture.read_bytes().startswith(b"\x89PNG")
