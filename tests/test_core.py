"""The raw classes of nnfast._core: Network and Optimizer. Pass and Trainer have files of their own."""

import gc
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
import reference
from nets import HYPERPARAMETERS, STACK, Twins, activation, dense, spaced
from numpy.typing import NDArray

import nnfast
from nnfast import _core
from nnfast._core import LayerSpec

Array = NDArray[Any]

SIZES = ((1, 1), (1, 67), (67, 1), (3, 5), (16, 16), (17, 15), (31, 33), (64, 64), (65, 63), (5, 130))


# ---- the process -----------------------------------------------------------------------------------------------------


def test_isas() -> None:
    isas = _core.get_runnable_isas()
    assert isas[-1] == "scalar"
    assert _core.get_isa() in isas
    for isa in isas:
        _core.set_isa(isa)
        assert _core.get_isa() == isa


@pytest.mark.parametrize("name", ["", "sse9", "AVX2", "scalar "])
def test_unknown_isa(name: str) -> None:
    before = _core.get_isa()
    with pytest.raises(ValueError, match="instruction set"):
        _core.set_isa(name)
    assert _core.get_isa() == before


def test_unknown_isa_of_the_environment() -> None:
    command, environment = [sys.executable, "-c", "import nnfast"], os.environ | {"NNFAST_ISA": "sse9"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    expected = " or ".join(_core.get_runnable_isas())
    assert done.stderr.splitlines()[-1] == f"ValueError: NNFAST_ISA: expected {expected}, received 'sse9'"


def test_threads(n_threads: int) -> None:
    assert _core.get_num_threads() == nnfast.get_num_threads() == n_threads
    _core.set_num_threads(0)
    assert 1 <= _core.get_num_threads() <= _core.count_usable_cores()


def test_limits_within_limits() -> None:
    """The least counts, and each ends with its block, by an error too."""
    nnfast.set_num_threads(4)
    seen = []
    with nnfast.config.limit_threads(3):
        for n in (5, 2, None):
            with nnfast.config.limit_threads(n):
                seen.append(nnfast.get_num_threads())
        with pytest.raises(RuntimeError), nnfast.config.limit_threads(1):
            raise RuntimeError
        seen.append(nnfast.get_num_threads())
    assert [*seen, nnfast.get_num_threads()] == [3, 2, 3, 3, 4]


def test_peak(dtype: str, isa: str) -> None:
    """More than any kernel reaches, and less than any core has: two 64-byte multiply-adds a cycle at 10 GHz."""
    assert 0.1 < _core.measure_peak(dtype, 1) < 640


def test_bandwidth() -> None:
    assert 0.1 < _core.measure_bandwidth(1) < 2000


@pytest.mark.parametrize("measure", [lambda: _core.measure_peak("float32", 0), lambda: _core.measure_bandwidth(0)])
def test_measuring_needs_a_thread(measure: Any) -> None:
    with pytest.raises(ValueError, match="argument"):
        measure()


# ---- Network ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_parameters_come_back(size: tuple[int, int], dtype: str, isa: str, rng: np.random.Generator) -> None:
    network = _core.Network(dtype, size[0], 1.0, 0.0, [dense(size[1]), dense(3)])
    assert (network.dtype, network.in_size, network.out_size) == (dtype, size[0], 3)
    shapes = {(0, "weights"): size, (0, "bias"): size[1:], (1, "weights"): (size[1], 3), (1, "bias"): (3,)}
    values = {}
    for key, shape in shapes.items():
        fresh = network.get_parameter(*key)
        assert fresh.shape == shape
        assert fresh.dtype == dtype
        assert not fresh.any()
        values[key] = rng.standard_normal(shape).astype(dtype)
        network.set_parameter(*key, values[key])
    for key, expected in values.items():
        assert network.get_parameter(*key).tobytes() == expected.tobytes()


def test_parameters_are_copies() -> None:
    network = _core.Network("float32", 2, 1.0, 0.0, [dense(3)])
    values = np.ones((2, 3), "float32")
    network.set_parameter(0, "weights", values)
    values[:] = 5
    network.get_parameter(0, "weights")[:] = 7
    assert (network.get_parameter(0, "weights") == 1).all()


@pytest.mark.parametrize(
    ("layer", "name"), [(1, "bias"), (2, "weights"), (0, "kernel"), (-1, "weights"), (3, "bias"), (99, "bias")]
)
def test_parameters_that_are_not_there(layer: int, name: Any) -> None:
    network = _core.Network("float32", 2, 1.0, 0.0, [dense(3), dense(3, use_bias=False), activation("relu")])
    with pytest.raises(ValueError, match=r"parameter|contract"):
        network.get_parameter(layer, name)
    with pytest.raises(ValueError, match=r"parameter|contract"):
        network.set_parameter(layer, name, np.zeros(3, "float32"))


@pytest.mark.parametrize(
    "values",
    [np.zeros((3, 3), "float32"), np.zeros((2, 3)), np.zeros(5, "float32"), np.zeros((2, 3), "int32"), np.zeros(0)],
)
def test_parameters_of_another_shape_or_dtype(values: Array) -> None:
    network = _core.Network("float32", 2, 1.0, 0.0, [dense(3)])
    with pytest.raises(ValueError, match="expected"):
        network.set_parameter(0, "weights", values)


def test_parameters_are_set_together_or_not_at_all() -> None:
    network = _core.Network("float32", 2, 1.0, 0.0, [dense(3)])
    weights = np.ones((2, 3), "float32")
    with pytest.raises(ValueError, match="expected"):
        network.set_parameters([(0, "weights", weights), (0, "bias", np.ones(2, "float32"))])
    assert not network.get_parameter(0, "weights").any()
    network.set_parameters([(0, "weights", weights), (0, "bias", weights[0])])
    assert network.get_parameter(0, "weights").all()
    assert network.get_parameter(0, "bias").all()


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [dense(0)],
        [dense(-1)],
        [dense(2**40)],
        [LayerSpec("dropout", rate=1.0)],
        [LayerSpec("dropout", rate=-0.1)],
        [LayerSpec("dropout", rate=float("nan"))],
        [dense(3, "gleu")],
        [LayerSpec("convolution")],
    ],
)
def test_impossible_layers(layers: list[LayerSpec]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        _core.Network("float32", 2, 1.0, 0.0, layers)


@pytest.mark.parametrize("in_size", [0, -1, 2**40])
def test_impossible_input(in_size: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        _core.Network("float32", in_size, 1.0, 0.0, [dense(1)])


@pytest.mark.parametrize("x_dtype", ["uint8", "float32", "float64"])
def test_predict(x_dtype: str, dtype: str, isa: str, n_threads: int, rng: np.random.Generator) -> None:
    twins = Twins(STACK, 21, dtype, rng, in_scale=1 / 128, in_offset=-0.5)
    x = rng.integers(0, 256, (300, 21)).astype(x_dtype)
    (source, _), (out, untouched) = spaced(x), spaced(np.zeros((300, 5), dtype))
    twins.core.predict(source, out)
    expected = twins.reference.forward(x)
    np.testing.assert_allclose(out, expected, rtol=300 * np.finfo(dtype).eps)
    assert untouched()
    assert twins.predict(x).tobytes() == out.tobytes()
    assert twins.predict(x[::-1]).tobytes() == out[::-1].tobytes()
    assert twins.predict(np.broadcast_to(x[:1], x.shape)).tobytes() == np.repeat(out[:1], 300, axis=0).tobytes()


def test_predict_of_any_number_of_rows(n_threads: int, rng: np.random.Generator) -> None:
    """How rows are cut and shared depends on their number; no row does."""
    twins = Twins([dense(300, "tanh"), dense(5)], 200, "float32", rng)
    x = rng.standard_normal((1000, 200)).astype("float32")
    expected = twins.predict(x)
    for n in (1, 2, 3, 5, 8, 13, 23, 48, 95, 96, 97, 191, 192, 193, 200, 385, 700):
        assert twins.predict(x[:n]).tobytes() == expected[:n].tobytes()
        assert twins.predict(x[-n:]).tobytes() == expected[-n:].tobytes()


@pytest.mark.parametrize(
    ("x", "out"),
    [
        (np.zeros((3, 4)), np.zeros((3, 2), "float32")),
        (np.zeros((3, 5), "int32"), np.zeros((3, 2), "float32")),
        (np.zeros((3, 5)), np.zeros((3, 2))),
        (np.zeros((3, 5)), np.zeros((4, 2), "float32")),
        (np.zeros((3, 5)), np.zeros((3, 3), "float32")),
        (np.zeros((0, 5)), np.zeros((0, 2), "float32")),
        (np.zeros(5), np.zeros(2, "float32")),
        (np.zeros((3, 5), ">f4"), np.zeros((3, 2), "float32")),
        (np.zeros((5, 3)).T, np.zeros((3, 2), "float32")),
        (np.zeros((3, 5), "complex64"), np.zeros((3, 2), "float32")),
    ],
)
def test_predict_refuses(x: Array, out: Array) -> None:
    network = _core.Network("float32", 5, 1.0, 0.0, [dense(2)])
    out[...] = 7
    with pytest.raises(ValueError, match=r".+"):
        network.predict(x, out)
    assert (out == 7).all()


def test_predict_does_not_write_to_read_only_arrays() -> None:
    network = _core.Network("float32", 5, 1.0, 0.0, [dense(2)])
    out = np.zeros((3, 2), "float32")
    out.setflags(write=False)
    with pytest.raises((ValueError, BufferError)):
        network.predict(np.zeros((3, 5)), out)
    x = np.ones((3, 5))
    x.setflags(write=False)
    network.predict(x, np.zeros((3, 2), "float32"))


def test_predict_in_several_threads_at_once(rng: np.random.Generator) -> None:
    twins = Twins(STACK, 21, "float32", rng)
    x = rng.standard_normal((400, 21)).astype("float32")
    expected = twins.predict(x)
    wrong = []

    def work() -> None:
        for _ in range(20):
            if twins.predict(x).tobytes() != expected.tobytes():
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# ---- Optimizer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
def test_apply(rule: str, dtype: str, isa: str, n_threads: int, rng: np.random.Generator) -> None:
    """Three steps of pass, backward, apply; parameters, state and step against the reference."""
    specs = [dense(33, "tanh", train_weights=False), dense(17, train_bias=False), dense(5)]
    twins = Twins(specs, 21, dtype, rng)
    ours = _core.Optimizer(twins.core, rule, HYPERPARAMETERS[rule])
    theirs = reference.Optimizer(rule, HYPERPARAMETERS[rule])
    one_pass = _core.Pass(twins.core)
    x, grad = rng.standard_normal((40, 21)).astype(dtype), rng.standard_normal((40, 5)).astype(dtype)
    tolerance = 2e-4 if dtype == "float32" else 1e-11
    for step in range(3):
        assert ours.step == step
        one_pass.forward(x, np.empty((40, 5), dtype), True, 0, 0)
        one_pass.backward(grad, None)
        one_pass.apply(ours)
        twins.reference.forward(x)
        twins.reference.backward(grad.astype(float))
        theirs.apply(twins.reference)
    for i, name in twins.names:
        expected = getattr(twins.reference.layers[i], name)
        np.testing.assert_allclose(twins.core.get_parameter(i, name), expected, rtol=tolerance, atol=tolerance)
        for slot in range(theirs.n_slots):
            expected = theirs.slots.get((i, name), [np.zeros_like(expected)] * theirs.n_slots)[slot]
            np.testing.assert_allclose(ours.get_state(i, name, slot), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
def test_state_comes_back(rule: str, dtype: str, isa: str, rng: np.random.Generator) -> None:
    network = _core.Network(dtype, 19, 1.0, 0.0, [dense(35)])
    optimizer = _core.Optimizer(network, rule, HYPERPARAMETERS[rule])
    n_slots = _core.OPTIMIZERS[rule][0]
    values = {}
    for name, shape in (("weights", (19, 35)), ("bias", (35,))):
        for slot in range(n_slots):
            assert not optimizer.get_state(0, name, slot).any()
            values[name, slot] = rng.standard_normal(shape).astype(dtype)
            optimizer.set_state(0, name, slot, values[name, slot])
    for (name, slot), expected in values.items():
        assert optimizer.get_state(0, name, slot).tobytes() == expected.tobytes()
    optimizer.step = 12345678901
    assert optimizer.step == 12345678901
    for bad in (n_slots, -1):
        with pytest.raises(ValueError, match=r".+"):
            optimizer.get_state(0, "bias", bad)
        with pytest.raises(ValueError, match=r".+"):
            optimizer.set_state(0, "bias", bad, np.zeros(35, dtype))


def test_hyperparameters_may_change(rng: np.random.Generator) -> None:
    twins = Twins([dense(2)], 3, "float64", rng)
    optimizer, one_pass = _core.Optimizer(twins.core, "sgd", [0.5]), _core.Pass(twins.core)
    x, grad = np.ones((1, 3)), np.ones((1, 2))
    one_pass.forward(x, np.empty((1, 2)), True, 0, 0)
    one_pass.backward(grad, None)
    before = twins.core.get_parameter(0, "bias")
    one_pass.apply(optimizer)
    np.testing.assert_allclose(before - twins.core.get_parameter(0, "bias"), 0.5)
    optimizer.set_hyperparameters([0.25])
    one_pass.apply(optimizer)
    np.testing.assert_allclose(before - twins.core.get_parameter(0, "bias"), 0.75)


@pytest.mark.parametrize(
    ("rule", "hyperparameters"), [("sgd", []), ("sgd", [0.1, 0.9]), ("adam", [0.1]), ("lion", [0.1])]
)
def test_impossible_optimizers(rule: str, hyperparameters: list[float]) -> None:
    network = _core.Network("float32", 3, 1.0, 0.0, [dense(2)])
    with pytest.raises((ValueError, KeyError)):
        _core.Optimizer(network, rule, hyperparameters)


def test_what_holds_a_network_keeps_it_alive() -> None:
    network = _core.Network("float32", 3, 1.0, 0.0, [dense(2)])
    optimizer, one_pass = _core.Optimizer(network, "adam", HYPERPARAMETERS["adam"]), _core.Pass(network)
    trainer = _core.Trainer(network, optimizer, "mean_squared_error", [])
    del network
    gc.collect()
    x, y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")
    one_pass.forward(x, y.copy(), True, 0, 0)
    one_pass.backward(y, None)
    one_pass.apply(optimizer)
    del optimizer
    gc.collect()
    (stats,) = trainer.run(x, y, batch_size=2, first_epoch=0, n_epochs=1, shuffle=True, seed=0)
    assert stats.n_rows == 4
