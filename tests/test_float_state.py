"""Denormals and rounding: the core computes in a state of its own, and the caller's is as it was after every call."""

import ctypes
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from nets import CROSSENTROPY, HYPERPARAMETERS, STACK, Twins, dense, normalization, run, spaced
from numpy.typing import NDArray

import nnfast
from nnfast import _core

Array = NDArray[Any]

FE_UPWARD = {"x86_64": 0x800, "aarch64": 0x400000}.get(platform.machine())


def sees_denormals() -> bool:
    return bool(np.float32(1e-38) * np.float32(1e-3) > 0 and np.float64(1e-308) * np.float64(1e-3) > 0)


def calls(dtype: str) -> dict[str, Callable[[], Any]]:
    """Every way into the core that computes, on data worth a team."""
    twins = Twins(STACK, 64, dtype, np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((3000, 64)).astype(dtype)
    out, labels = np.empty((3000, 5), dtype), np.zeros((3000, 1), "int32")
    optimizer, one_pass = _core.Optimizer(twins.core, "momentum", [1e-9, 0.9]), _core.Pass(twins.core)
    trainer = _core.Trainer(twins.core, optimizer, CROSSENTROPY, [])
    w, grad_x = np.ones((64, 64), dtype), np.empty_like(x)

    def passes() -> None:
        one_pass.forward(x, out, True, 0, 0)
        one_pass.backward(out, grad_x)
        one_pass.apply(optimizer)

    return {
        "predict": lambda: twins.core.predict(x, out),
        "predict_one": lambda: twins.core.predict_one(x[0], out[0]),
        "passes": passes,
        "run": lambda: run(trainer, x, labels),
        "evaluate": lambda: trainer.evaluate(x, labels),
        "activation": lambda: _core.activation("tanh", x, grad_x, 0.0),
        "dense_forward": lambda: _core.dense_forward(x, w, None, grad_x),
        "dense_backward": lambda: _core.dense_backward(x, w, x, grad_x, w.copy(), None),
        "loss": lambda: _core.loss("mean_squared_error", x, x, 1.0, np.empty(3000), None),
        "update": lambda: _core.update("sgd", w, w.copy(), [], [0.0], 1),
    }


@pytest.fixture
def rounding_up() -> Iterator[None]:
    if sys.platform != "linux" or FE_UPWARD is None:
        pytest.skip("the number of FE_UPWARD is known for Linux on x86-64 and arm64 alone")
    libm = ctypes.CDLL("libm.so.6")
    before = libm.fegetround()
    assert libm.fesetround(FE_UPWARD) == 0
    yield
    still = libm.fegetround()
    libm.fesetround(before)
    assert still == FE_UPWARD


@pytest.mark.parametrize("call", calls("float32"))
def test_the_callers_denormals_live_on(call: str, dtype: str, n_threads: int) -> None:
    assert sees_denormals()
    calls(dtype)[call]()
    assert sees_denormals()


def test_importing_leaves_denormals_alone() -> None:
    program = "import nnfast, numpy as np; print(np.float32(1e-38) * np.float32(1e-3) > 0)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "True"


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
def test_the_core_flushes_denormals(rule: str, dtype: str, isa: str) -> None:
    """State and weights that sink do not stay denormal, where arithmetic is a hundred times slower on some CPUs."""
    tiny = float(np.finfo(dtype).tiny)
    n_slots = _core.OPTIMIZERS[rule][0]
    w = np.full(20, 0.25 * tiny, dtype)
    slots = [np.full(20, 0.5 * tiny, dtype) for _ in range(n_slots)]
    _core.update(rule, w, np.zeros(20, dtype), slots, HYPERPARAMETERS[rule], 1)
    for array in (w, *slots):
        assert ((array == 0) | (np.abs(array) >= tiny)).all()


def test_the_callers_rounding_does_not_matter(rounding_up: None, dtype: str, n_threads: int) -> None:
    """With the caller rounding up: the bits of one thread whose caller rounds to nearest."""
    x = np.random.default_rng(1).standard_normal((700, 64)).astype(dtype)
    twins = Twins([dense(64, "gelu"), dense(9, "softmax")], 64, dtype, np.random.default_rng(0))
    out = spaced(np.zeros((700, 9), dtype))[0]
    twins.core.predict(x, out)
    one = twins.core.predict_one(x[7])
    libm = ctypes.CDLL("libm.so.6")
    libm.fesetround(0)
    nnfast.set_num_threads(1)
    expected = twins.predict(x)
    libm.fesetround(FE_UPWARD)
    assert out.tobytes() == expected.tobytes()
    assert one.tobytes() == expected[7].tobytes()


def compute_beside_teams(x: Array, w: Array, probability: Array) -> dict[str, Array]:
    """What the calling thread computes alone: constants of a step, copies made of parameters, sums of sums."""
    dtype, size = x.dtype.name, x.shape[1]
    between = normalization("batch")
    network = _core.Network(dtype, size, 1.0, 0.0, [between, dense(size, weights_penalty=(0.1, 0.3)), between])
    network.set_parameter(0, "variance", np.abs(w[0]))
    network.set_parameter(1, "weights", w)
    optimizer, one_pass = _core.Optimizer(network, "nadam", HYPERPARAMETERS["nadam"]), _core.Pass(network)
    trainer = _core.Trainer(network, optimizer, "mean_squared_error", [])
    result = {"predict": np.empty_like(x), "metric": np.empty(len(x)), "update": w.copy()}
    network.predict(x, result["predict"])
    result["penalty"] = np.array(network.get_penalty())
    result["evaluate"] = np.array([trainer.evaluate(x, x[::-1].copy())[i] for i in (0, 5)])
    one_pass.forward(x, np.empty_like(x), False, 0, 0)
    one_pass.backward(x, None)
    one_pass.apply(optimizer)
    result["apply"] = network.get_parameter(1, "weights")
    _core.metric("mean_squared_error", x, x[::-1].copy(), 0.0, result["metric"])
    result["quantile"] = _core.normal_quantile(probability)
    _core.update("nadam", result["update"], w, [np.ones_like(w), np.ones_like(w)], HYPERPARAMETERS["nadam"], 3)
    return result


def test_the_callers_rounding_does_not_matter_beside_teams(rounding_up: None, dtype: str, isa: str) -> None:
    libm = ctypes.CDLL("libm.so.6")
    libm.fesetround(0)
    rng = np.random.default_rng(2)
    x, w = rng.standard_normal((300, 23)).astype(dtype), rng.standard_normal((23, 23)).astype(dtype)
    data = x, w, rng.random(200)
    expected = compute_beside_teams(*data)
    libm.fesetround(FE_UPWARD)
    received = compute_beside_teams(*data)
    for name, values in expected.items():
        assert received[name].tobytes() == values.tobytes(), name


def test_penalties_flush_denormals_as_training_does(isa: str) -> None:
    network = _core.Network("float32", 2, 1.0, 0.0, [dense(3, weights_penalty=(0.0, 1.0))])
    network.set_parameter(0, "weights", np.full((2, 3), 1e-21, "float32"))
    trainer = _core.Trainer(network, _core.Optimizer(network, "sgd", [0.0]), "mean_squared_error", [])
    x, y = np.ones((4, 2), "float32"), np.ones((4, 3), "float32")
    assert run(trainer, x, y)[0].penalty == trainer.evaluate(x, y).penalty == network.get_penalty() == 0


def test_poll_computes_as_its_caller_does() -> None:
    """Progress functions and signal handlers are not the core's: they see denormals."""
    twins = Twins(STACK, 64, "float32", np.random.default_rng(0))
    optimizer = _core.Optimizer(twins.core, "sgd", [0.0])
    trainer = _core.Trainer(twins.core, optimizer, CROSSENTROPY, [])
    seen: list[bool] = []

    def poll(progress: _core.Progress) -> bool:
        seen.append(sees_denormals())
        return False

    with pytest.raises(_core.RunStopped):
        run(trainer, np.ones((3000, 64), "float32"), np.zeros((3000, 1), "int32"), n_epochs=1_000_000, poll=poll)
    assert seen == [True]
