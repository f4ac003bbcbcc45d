"""The scripts in examples/ run: shortened, and far enough to show that what they do is right."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
CUSTOM = {
    "custom_loss.py": lambda enough: abs(enough - 0.9) < 0.04,
    "custom_activation.py": lambda error: error < 0.5,
    "custom_layer.py": lambda accuracy: accuracy > 0.95,
}
"""Scripts whose ``main`` returns a number, and what it must be like."""


def run(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(program, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"mnist.py", *CUSTOM}


def test_mnist(mnist_folder: Path) -> None:
    """Two epochs of thirty; the whole gives more than 98.5 %."""
    result = run("mnist.py", "--seeds", "0", "--epochs", "2", NNFAST_MNIST=str(mnist_folder))
    assert result.returncode == 0, result.stderr
    first, last = result.stdout.splitlines()[-2:]
    assert first.startswith("seed 0: test accuracy 0.9")
    assert float(last.removeprefix("mean test accuracy ")) >= 0.965


@pytest.mark.parametrize("folder", ["", "/nowhere"])
def test_mnist_without_its_files(folder: str) -> None:
    result = run("mnist.py", NNFAST_MNIST=folder)
    assert result.returncode != 0
    assert ("NNFAST_MNIST names no folder" if not folder else "/nowhere: expected a folder") in result.stderr


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name.removesuffix(".py"), EXAMPLES / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", CUSTOM)
def test_custom_parts(name: str) -> None:
    result = load(name).main()
    assert CUSTOM[name](result), result


def check_slopes(network: Any, x: Any, y: Any, parts: list[tuple[Any, Any]]) -> None:
    """Each array's gradient against central differences of the loss that ``backward`` returns."""
    for array, gradient in parts:
        for index in np.ndindex(array.shape):
            kept, losses = array[index], []
            for side in (1e-5, -1e-5):
                array[index] = kept + side
                losses.append(network.backward(x, y))
            array[index] = kept
            assert gradient[index] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-5, abs=1e-8)


def test_slopes_of_the_custom_layer(rng: np.random.Generator) -> None:
    network = load("custom_layer.py").RadialNetwork(2, 3, seed=0)
    x, y = rng.uniform(-1, 1, (5, 2)), rng.integers(0, 2, (5, 1)).astype(float)
    network.backward(x, y)
    layer = network.layer
    check_slopes(network, x, y, [(layer.centres, layer.grad_centres.copy()), (layer.widths, layer.grad_widths.copy())])


def test_slopes_below_the_custom_activation(rng: np.random.Generator) -> None:
    network = load("custom_activation.py").SnakeNetwork(3, seed=0)
    x, y = rng.uniform(-1, 1, (5, 1)), rng.uniform(-1, 1, (5, 1))
    network.backward(x, y)
    gradients = network.lower.gradients()
    for place, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            weights, losses = network.lower.get_weights(), []
            for side in (1e-5, -1e-5):
                changed = [w.copy() for w in weights]
                changed[place][index] += side
                network.lower.set_weights(changed)
                losses.append(network.backward(x, y))
            network.lower.set_weights(weights)
            assert gradient[index] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-5, abs=1e-8)
