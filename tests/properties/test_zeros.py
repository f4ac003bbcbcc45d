"""Inputs that are 0 are left out of products, and nobody can tell from the results.

The judge is the same network behind a rescaling by 1: what comes from a layer is taken as it is, zeros and all.
"""

from collections.abc import Callable, Sequence
from typing import Any

import exact
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import HYPERPARAMETERS, dense, hash_of, parameters
from numpy.typing import NDArray

import nnfast
from nnfast import _core
from nnfast._core import LayerSpec

Array = NDArray[Any]

IDENTITY = LayerSpec("rescaling", scale=1.0, offset=0.0)


# ---- data with zeros -------------------------------------------------------------------------------------------------


def only(rows: Any, columns: Any, x: Array) -> Array:
    kept = np.zeros_like(x)
    kept[rows, columns] = x[rows, columns]
    return kept


EVERY = slice(None)
PATTERNS: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "dense": lambda x, rng: x,
    "all 0": lambda x, rng: np.zeros_like(x),
    "pixels": lambda x, rng: np.where(rng.random(x.shape) < 0.2, x, 0),
    "half": lambda x, rng: np.where(rng.random(x.shape) < 0.5, x, 0),
    "few columns": lambda x, rng: only(EVERY, rng.random(x.shape[1]) < 0.3, x),
    "few rows": lambda x, rng: only(rng.random(len(x)) < 0.3, EVERY, x),
    "one row": lambda x, rng: only(rng.integers(len(x)), EVERY, x),
    "one element": lambda x, rng: only(rng.integers(len(x)), rng.integers(x.shape[1]), x),
    "last column": lambda x, rng: only(EVERY, -1, x),
    "thin, then full": lambda x, rng: only(slice(len(x) // 2, None), EVERY, x) + only(EVERY, 0, x) // 2,
    "full, then thin": lambda x, rng: only(slice(len(x) // 2), EVERY, x),
}


def make_data(pattern: str, dtype: str, n_rows: int, in_size: int, seed: int) -> Array:
    """Floats are of either sign, their zeros too, and some are too small to be normal, which makes them 0 inside."""
    rng = np.random.default_rng(seed)
    if dtype == "uint8":
        return PATTERNS[pattern](rng.integers(1, 256, (n_rows, in_size)).astype(dtype), rng).astype(dtype)
    x = PATTERNS[pattern](np.floor(rng.uniform(-64, 64, (n_rows, in_size))), rng).astype(dtype)
    x[rng.random(x.shape) < 0.02] = np.finfo(dtype).tiny / 4
    return np.where((x == 0) & (rng.random(x.shape) < 0.5), -x, x).astype(dtype)


# ---- runs ------------------------------------------------------------------------------------------------------------


class Net:
    """The specs behind a scaled input or, if blind, behind one more layer."""

    def __init__(self, specs: Sequence[LayerSpec], in_size: int, dtype: str, is_blind: bool) -> None:
        self.dtype = dtype
        self.network = _core.Network(dtype, in_size, 1 / 255, 0.0, [*[IDENTITY] * is_blind, *specs])
        self.names = [(i + is_blind, name) for i, name, _ in parameters(specs, in_size)]
        for i, name, shape in parameters(specs, in_size):
            u = exact.uniform(3, 2 * i + (name == "bias"), int(np.prod(shape))).reshape(shape)
            self.network.set_parameter(i + is_blind, name, ((u - 0.5) / 2).astype(dtype))

    def train(self, x: Array, y: Array, batch_size: int) -> tuple[str, Any]:
        """What an epoch leaves, and what it tells."""
        optimizer = _core.Optimizer(self.network, "momentum", HYPERPARAMETERS["momentum"])
        trainer = _core.Trainer(self.network, optimizer, "mean_squared_error", [])
        stats = trainer.run(x, y, batch_size=batch_size, first_epoch=0, n_epochs=1, shuffle=True, seed=5)
        return hash_of(self.network, self.names, optimizer, 1), stats

    def predict(self, x: Array) -> bytes:
        out = np.empty((len(x), self.network.out_size), self.dtype)
        self.network.predict(x, out)
        return out.tobytes()


def results(specs: Sequence[LayerSpec], x: Array, dtype: str, batch_size: int, is_blind: bool) -> tuple[Any, ...]:
    net = Net(specs, x.shape[1], dtype, is_blind)
    y = np.cos(np.arange(len(x) * net.network.out_size)).reshape(len(x), -1).astype(dtype)
    before = net.predict(x)
    return before, *net.train(x, y, batch_size), net.predict(x)


def assert_nobody_can_tell(
    specs: Sequence[LayerSpec], x: Array, dtype: str, batch_size: int, threads: Sequence[int]
) -> None:
    _core.set_isa(_core.get_runnable_isas()[0])
    nnfast.set_num_threads(1)
    expected = results(specs, x, dtype, batch_size, is_blind=True)
    for isa in _core.get_runnable_isas():
        _core.set_isa(isa)
        for n_threads in threads:
            nnfast.set_num_threads(n_threads)
            assert results(specs, x, dtype, batch_size, is_blind=False) == expected, (isa, n_threads)


dtypes = st.sampled_from(["float32", "float64"])
sources = st.sampled_from(["uint8", "float32", "float64"])
patterns = st.sampled_from(sorted(PATTERNS))
# 1,024 rows of weights are a block of a product.
in_sizes = st.one_of(st.integers(1, 70), st.sampled_from([784, 1023, 1024, 1025, 1100, 2100]))


@settings(max_examples=60)
@given(
    dtypes, sources, patterns, in_sizes, st.integers(1, 70), st.integers(1, 70), st.integers(2, 7), st.integers(0, 999)
)
def test_random_nets(
    dtype: str, source: str, pattern: str, in_size: int, out_size: int, batch_size: int, n_threads: int, seed: int
) -> None:
    x = make_data(pattern, source, batch_size + batch_size // 2, in_size, seed)
    assert_nobody_can_tell([dense(out_size, "tanh"), dense(3, "sigmoid")], x, dtype, batch_size, (1, n_threads))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_batches_of_a_team(pattern: str, dtype: str) -> None:
    """Work enough for seven threads; by columns (512 of 512 for 40 rows), then by rows."""
    specs = [dense(512, "relu"), dense(3, "sigmoid")]
    assert_nobody_can_tell(specs, make_data(pattern, "uint8", 50, 512, 8), dtype, 40, (7,))


@pytest.mark.parametrize("pattern", ["pixels", "thin, then full"])
@pytest.mark.parametrize(("in_size", "out_size"), [(37, 30), (530, 140)])
def test_batches_of_several_shards(pattern: str, in_size: int, out_size: int, dtype: str) -> None:
    """Shards that members take whole, and shards too heavy in parameters for that."""
    n_rows = 2600 if in_size < 100 else 1050
    x = make_data(pattern, "float32", n_rows, in_size, 9)
    assert_nobody_can_tell([dense(out_size, "tanh"), dense(2)], x, dtype, n_rows - 20, (3,))


# ---- the chain itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_size", [1, 4, 31, 32, 33, 70, 784, 1024, 1025, 2100])
def test_outputs_are_chains(in_size: int, isa: str) -> None:
    """Against exact.py: every summand is there. A bias of -0 and all inputs 0 give +0."""
    net = Net([dense(19)], in_size, "float32", is_blind=False)
    bias = net.network.get_parameter(0, "bias")
    bias[::3] = -0.0
    net.network.set_parameter(0, "bias", bias)
    weights = net.network.get_parameter(0, "weights")
    for pattern in ("pixels", "few columns", "all 0", "last column"):
        x = make_data(pattern, "uint8", 23, in_size, 1)
        scaled = exact.multiply_add_f32(
            x.astype(np.float32), np.full(x.shape, 1 / 255, np.float32), np.zeros(x.shape, np.float32)
        )
        assert net.predict(x) == exact.product(bias, scaled, weights).tobytes(), pattern


def test_zeros_are_left_out(dtype: str, isa: str) -> None:
    """Else all tests here would compare like with like: a weight so large that 0 times it is NaN must not matter."""
    net, blind = (Net([dense(19)], 64, dtype, is_blind) for is_blind in (False, True))
    x = make_data("all 0", "uint8", 23, 64, 1)
    x[:, 5] = 1
    for one in (net, blind):
        weights = one.network.get_parameter(one.names[0][0], "weights")
        weights[6] = np.inf
        one.network.set_parameter(*one.names[0], weights)
    assert np.isnan(np.frombuffer(blind.predict(x), dtype)).all()
    assert np.isfinite(np.frombuffer(net.predict(x), dtype)).all()
