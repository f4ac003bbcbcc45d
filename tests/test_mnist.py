"""The main job on MNIST: 784-128-10, ReLU and softmax, Adam, batches of 128, ten epochs from uint8. Needs NNFAST_MNIST.

One process trains for five seeds and tells its accuracies and how much memory it took beyond the images.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfast.datasets import load_mnist

# The images come as plain .npy files, so that nothing but reading them is in the memory that is measured first.
PROGRAM = """
import json, sys
import numpy as np
import nnfast
from nnfast.layers import Dense, Input

x_train, y_train, x_test, y_test = (np.load(f"{sys.argv[1]}/{name}.npy") for name in ("a", "b", "c", "d"))


def read_status(name):  # in KiB. Not ru_maxrss: Linux has that begin at the size of the process that started this one
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


before = read_status("VmRSS")
accuracies = []
for seed in range(5):
    model = nnfast.Sequential(
        [Input(784, scale=1 / 255), Dense(128, activation="relu"), Dense(10, activation="softmax")], seed=seed
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=128, epochs=10, verbose=0)
    accuracies.append(model.evaluate(x_test, y_test, verbose=0)[1])
    model.predict(x_test)
print(json.dumps({"accuracies": accuracies, "memory": (read_status("VmHWM") - before) / 1024}))
"""


@pytest.fixture(scope="module")
def report(mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("mnist")
    (x_train, y_train), (x_test, y_test) = load_mnist(mnist_folder)
    assert x_train.dtype == x_test.dtype == np.uint8
    for name, array in zip("abcd", (x_train, y_train, x_test, y_test), strict=True):
        np.save(folder / f"{name}.npy", array)
    result = subprocess.run([sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_accuracy(report: Any) -> None:
    """Mean over the seeds 0 to 4."""
    print(report)
    assert len(report["accuracies"]) == 5
    assert np.mean(report["accuracies"]) >= 0.977


def test_memory(report: Any) -> None:
    """Above the data itself, in MiB; a float copy of the images alone would take 180."""
    assert 0 < report["memory"] <= 40
