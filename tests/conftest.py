"""conftest.py: what every test may ask for: element types, instruction sets and thread counts."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from nets import THREADS

import nnfast
from nnfast import _core

signal.signal(signal.SIGINT, signal.default_int_handler)  # what a script runs in the background ignores it
os.environ.setdefault("KERAS_BACKEND", "torch")  # read when Keras is imported
hypothesis.settings.register_profile("nnfast", max_examples=40, deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("nnfast")


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=_core.get_runnable_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs once for every instruction set this CPU has; networks made inside use it."""
    before = _core.get_isa()
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)


@pytest.fixture(params=THREADS)
def n_threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = nnfast.get_num_threads()
    nnfast.set_num_threads(request.param)
    yield request.param
    nnfast.set_num_threads(before)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """No test leaves another instruction set or thread count behind."""
    isa, threads = _core.get_isa(), nnfast.get_num_threads()
    yield
    _core.set_isa(isa)
    nnfast.set_num_threads(threads)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Numbers that depend on the name of the test function alone: every ISA and dtype meets the same."""
    return np.random.default_rng(list(request.node.originalname.encode()))


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    folder = os.environ.get("NNFAST_MNIST")
    if not folder:
        pytest.skip("NNFAST_MNIST names no folder with MNIST's four IDX files")
    return Path(folder)
