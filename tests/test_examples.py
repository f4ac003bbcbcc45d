"""The scripts in examples/ run: shortened, and far enough to show that what they do is right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(program, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"mnist.py"}


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
