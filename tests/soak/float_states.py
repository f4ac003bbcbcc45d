"""float_states: the floating-point state of the calling thread, around every function and method of the core."""

import ctypes
import platform
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from nets import CROSSENTROPY, HYPERPARAMETERS, STACK, Twins, dense, normalization, run
from numpy.typing import NDArray

from nnfast import _core

Array = NDArray[Any]

_LIBM = ctypes.CDLL("libm.so.6")
_ENVIRONMENT = ctypes.create_string_buffer(64)
_IS_X86 = platform.machine() == "x86_64"
_FLAGS = 0x3F if _IS_X86 else 0x1F  # raised exceptions, where they stand


def get_state() -> tuple[int, ...]:
    """On x86 MXCSR and the x87 control word; on ARM FPCR and FPSR."""
    _LIBM.fegetenv(_ENVIRONMENT)
    if _IS_X86:
        return struct.unpack_from("<I", _ENVIRONMENT, 28)[0], struct.unpack_from("<H", _ENVIRONMENT, 0)[0]
    return struct.unpack_from("<II", _ENVIRONMENT, 0)


def set_strange_state() -> None:
    """Rounding up, denormals flushed both ways, and no flags raised, as an inexact sum of ours would raise one."""
    _LIBM.fesetround({"x86_64": 0x800, "aarch64": 0x400000}[platform.machine()])
    _LIBM.feclearexcept(0x3D if _IS_X86 else 0x1F)
    _LIBM.fegetenv(_ENVIRONMENT)
    if _IS_X86:
        struct.pack_into("<I", _ENVIRONMENT, 28, get_state()[0] | 1 << 15 | 1 << 6)
    else:
        struct.pack_into("<I", _ENVIRONMENT, 0, get_state()[0] | 1 << 24)
    _LIBM.fesetenv(_ENVIRONMENT)


Calls = dict[str, Callable[[], Any]]


def make_calls(dtype: str) -> Calls:
    """Every name of the core that a program can call, on data that is worth a team."""
    x = np.random.default_rng(0).standard_normal((3000, 64)).astype(dtype)
    return call_networks(x) | call_trainers(x) | call_passes(x) | call_arrays(x) | call_process(dtype)


def make_network(x: Array) -> _core.Network:
    return Twins(STACK, 64, x.dtype.name, np.random.default_rng(0)).core


def make_optimizer(network: _core.Network) -> _core.Optimizer:
    return _core.Optimizer(network, "adam", HYPERPARAMETERS["adam"])


def call_networks(x: Array) -> Calls:
    core, out = make_network(x), np.empty((3000, 5), x.dtype)
    optimizer = make_optimizer(core)
    return {
        "Network": lambda: _core.Network(x.dtype.name, 64, 1.0, 0.0, [dense(9), normalization("batch")]),
        "Network.get_parameter": lambda: core.get_parameter(1, "weights"),
        "Network.set_parameter": lambda: core.set_parameter(1, "bias", core.get_parameter(1, "bias")),
        "Network.set_parameters": lambda: core.set_parameters([(1, "bias", core.get_parameter(1, "bias"))]),
        "Network.get_penalty": core.get_penalty,
        "Network.predict": lambda: core.predict(x, out),
        "Network.predict_one": lambda: core.predict_one(x[0]),
        "Optimizer": lambda: make_optimizer(core),
        "Optimizer.set_hyperparameters": lambda: optimizer.set_hyperparameters(HYPERPARAMETERS["adam"]),
        "Optimizer.step": lambda: setattr(optimizer, "step", optimizer.step + 1),
        "Optimizer.overwrite": optimizer.overwrite,
        "Optimizer.get_state": lambda: optimizer.get_state(1, "weights", 0),
        "Optimizer.set_state": lambda: optimizer.set_state(1, "weights", 0, optimizer.get_state(1, "weights", 0)),
    }


def call_trainers(x: Array) -> Calls:
    labels = np.zeros((3000, 1), "int32")
    networks = [make_network(x) for _ in range(2)]
    trainers = [_core.Trainer(core, make_optimizer(core), CROSSENTROPY, ["categorical_accuracy"]) for core in networks]
    trainer = trainers[0]

    def plan(chosen: _core.Trainer = trainer) -> _core.Call:
        return chosen.plan(x, labels, batch_size=500, first_epoch=0, n_epochs=1, shuffle=True, seed=0)

    return {
        "Trainer": lambda: _core.Trainer(networks[0], None, CROSSENTROPY, []),
        "Trainer.run": lambda: run(trainer, x, labels),
        "Trainer.evaluate": lambda: trainer.evaluate(x, labels),
        "Trainer.plan": plan,
        "Trainer.plan_evaluation": lambda: trainer.plan_evaluation(x, labels),
        "Call": plan,
        "Call.run": lambda: plan().run(),
        "run_calls": lambda: _core.run_calls([plan(each) for each in trainers]),
    }


def call_passes(x: Array) -> Calls:
    core, out, grad_x = make_network(x), np.empty((3000, 5), x.dtype), np.empty_like(x)
    one_pass, optimizer = _core.Pass(core), make_optimizer(core)
    return {
        "Pass": lambda: _core.Pass(core),
        "Pass.forward": lambda: one_pass.forward(x, out, True, 0, 0),
        "Pass.backward": lambda: one_pass.backward(out, grad_x),
        "Pass.get_gradient": lambda: one_pass.get_gradient(1, "weights"),
        "Pass.find_not_finite": one_pass.find_not_finite,
        "Pass.apply": lambda: one_pass.apply(optimizer),
    }


def call_arrays(x: Array) -> Calls:
    w, grad_x, rows = np.ones((64, 64), x.dtype), np.empty_like(x), np.empty(3000)
    return {
        "activation": lambda: _core.activation("tanh", x, grad_x, 0.0),
        "activation_gradient": lambda: _core.activation_gradient("tanh", x, x.copy(), 0.0),
        "dense_forward": lambda: _core.dense_forward(x, w, None, grad_x),
        "dense_backward": lambda: _core.dense_backward(x, w, x, grad_x, w.copy(), None),
        "loss": lambda: _core.loss("mean_squared_error", x, x, 1.0, rows, None),
        "metric": lambda: _core.metric("mean_squared_error", x, x, 0.0, rows),
        "update": lambda: _core.update("sgd", w, w.copy(), [], [0.1], 1),
        "find_not_finite": lambda: _core.find_not_finite(x),
        "random_order": lambda: _core.random_order(1, 2, 100),
        "random_uniform": lambda: _core.random_uniform(1, 2, 100),
        "normal_quantile": lambda: _core.normal_quantile(np.full(9, 0.3)),
    }


def call_process(dtype: str) -> Calls:
    isa = _core.get_isa()
    return {
        "get_isa": _core.get_isa,
        "get_runnable_isas": _core.get_runnable_isas,
        "set_isa": lambda: _core.set_isa(isa),
        "get_num_threads": _core.get_num_threads,
        "set_num_threads": lambda: _core.set_num_threads(2),
        "limit_threads": lambda: _core.limit_threads(0),
        "count_usable_cores": _core.count_usable_cores,
        "measure_peak": lambda: _core.measure_peak(dtype, 2),
        "measure_bandwidth": lambda: _core.measure_bandwidth(2),
    }


def list_entry_points() -> set[str]:
    """What the core offers: functions, classes that compute, and their methods and attributes that can be set."""
    names = set()
    for name, value in vars(_core).items():
        if name.startswith("_") or getattr(value, "__module__", None) != "nnfast._core":
            continue
        if isinstance(value, type):
            if not issubclass(value, tuple | Exception):
                members = {each for each in vars(value) if not each.startswith("_")}
                names |= {name} | {f"{name}.{each}" for each in members if is_computing(value, each)}
        elif callable(value):
            names.add(name)
    return names


def is_computing(cls: type, name: str) -> bool:
    member = vars(cls)[name]
    return callable(member) or name == "step"


def find_changed(dtype: str) -> Iterator[str]:
    """The entry points that leave another state than they found."""
    usual = get_state()
    for name, call in make_calls(dtype).items():
        call()  # what is made at first, by NumPy too
        set_strange_state()
        before = get_state()
        call()
        after = get_state()
        _LIBM.fesetenv(ctypes.c_void_p(-1))  # FE_DFL_ENV
        if before != after:
            yield f"{name}: {before} became {after}"
    assert get_state()[0] & ~_FLAGS == usual[0] & ~_FLAGS


def import_keeps_state() -> bool:
    program = "\n".join(
        [
            "import sys; sys.path.insert(0, 'TESTS')".replace("TESTS", sys.path[0]),
            "import numpy, ctypes; libm = ctypes.CDLL('libm.so.6'); buffer = ctypes.create_string_buffer(64)",
            "libm.fesetround({'x86_64': 0x800, 'aarch64': 0x400000}[__import__('platform').machine()])",
            "libm.fegetenv(buffer); before = libm.fegetround(), numpy.float32(1e-38) * numpy.float32(1e-3) > 0",
            "import nnfast, nnfast.models, nnfast.kernels",
            "print(before == (libm.fegetround(), numpy.float32(1e-38) * numpy.float32(1e-3) > 0))",
        ]
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "True\n"
