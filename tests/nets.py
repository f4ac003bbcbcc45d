"""nets.py: one network twice, in the core and in reference.py, with the same parameters; and what is compared of it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import reference
from numpy.typing import NDArray
from reference_losses import LOSS_PARAMETERS

from nnfast import _core
from nnfast._core import LayerSpec, LossSpec

Array = NDArray[Any]

THREADS = (1, 2, 3, 7)
SIZES = range(1, 68)
"""Lengths of rows: all around those of registers, tiles and virtual lanes."""
HYPERPARAMETERS = {
    "sgd": [0.1],
    "momentum": [0.05, 0.9],
    "nesterov": [0.05, 0.9],
    "adam": [0.01, 0.8, 0.95, 1e-5],
    "amsgrad": [0.01, 0.8, 0.95, 1e-5],
    "nadam": [0.01, 0.8, 0.95, 1e-5],
    "adamax": [0.01, 0.8, 0.95, 1e-5],
    "rmsprop": [0.01, 0.9, 1e-5],
    "rmsprop_momentum": [0.005, 0.9, 1e-5, 0.8],
    "rmsprop_centered": [0.01, 0.9, 1e-3],
    "rmsprop_centered_momentum": [0.005, 0.9, 1e-3, 0.8],
    "adagrad": [0.1, 0.1, 1e-5],
    "adadelta": [0.5, 0.9, 1e-3],
    "lion": [0.01, 0.8, 0.95],
    "rprop": [0.01, 0.5, 1.2, 1e-6, 50.0],
}
"""Ordinary ones for every rule, in the core's order."""
PARAMETER = {"leaky_relu": 0.2, "elu": 0.7, "celu": 0.7}


def dense(out_size: int, activation: str = "linear", **more: Any) -> LayerSpec:
    return LayerSpec(
        "dense", out_size=out_size, activation=activation, parameter=PARAMETER.get(activation, 0.0), **more
    )


def activation(name: str) -> LayerSpec:
    return LayerSpec("activation", activation=name, parameter=PARAMETER.get(name, 0.0))


def loss_spec(name: str) -> LossSpec:
    """With ordinary parameters."""
    return LossSpec(name, LOSS_PARAMETERS.get(name, ()))


def normalization(kind: str, **more: Any) -> LayerSpec:
    """kind: "batch", "layer" or ""."""
    return LayerSpec(f"{kind}_normalization".lstrip("_"), **more)


CROSSENTROPY = LossSpec("categorical_crossentropy_logits", (0.0,))
"""Of labels as they are."""


STACK = [
    LayerSpec("rescaling", scale=0.5, offset=0.25),
    dense(33, "gelu"),
    LayerSpec("dropout", rate=0.3),
    dense(17, "leaky_relu", use_bias=False),
    activation("tanh"),
    dense(5, "softmax"),
]
"""Some of everything."""


def parameters(specs: Sequence[LayerSpec], in_size: int) -> Iterator[tuple[int, str, tuple[int, ...]]]:
    """(layer, name, shape) of each parameter, and of moving and given statistics."""
    size = in_size
    for i, spec in enumerate(specs):
        if spec.kind.endswith("normalization"):
            yield from ((i, name, (size,)) for name in vectors(spec))
        if spec.kind == "dense":
            yield i, "weights", (size, spec.out_size)
            if spec.use_bias:
                yield i, "bias", (spec.out_size,)
            size = spec.out_size


def vectors(spec: LayerSpec) -> list[str]:
    """What a normalization has."""
    has_both = spec.kind != "normalization"
    names = ["gamma"] * (has_both and spec.use_gamma) + ["beta"] * (has_both and spec.use_bias)
    return names if spec.kind == "layer_normalization" else [*names, "mean", "variance"]


def is_trained(spec: LayerSpec, name: str) -> bool:
    return name not in ("mean", "variance") and (
        spec.train_weights if name in ("weights", "gamma") else spec.train_bias
    )


def draw(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Ordinary first values."""
    values = rng.standard_normal(shape) * (np.sqrt(2 / sum(shape)) if name == "weights" else 0.3)
    return np.exp(values) if name in ("gamma", "variance") else values


class Twins:
    """core and reference hold the same numbers; names lists their parameters as (layer, name)."""

    def __init__(
        self,
        specs: Sequence[LayerSpec],
        in_size: int,
        dtype: str,
        rng: np.random.Generator,
        in_scale: float = 1.0,
        in_offset: float = 0.0,
    ) -> None:
        self.dtype = dtype
        self.core = _core.Network(dtype, in_size, in_scale, in_offset, list(specs))
        layers = [
            reference.Layer(
                s.kind,
                activation=s.activation,
                parameter=s.parameter,
                scale=s.scale,
                offset=s.offset,
                train_weights=s.train_weights,
                train_bias=s.train_bias,
                penalties={"weights": s.weights_penalty, "bias": s.bias_penalty},
                momentum=s.momentum,
                epsilon=s.epsilon,
                takes_batch=s.kind == "batch_normalization" and s.train_weights,
            )
            for s in specs
        ]
        self.reference = reference.Network(layers, in_scale, in_offset)
        self.names: list[tuple[int, Any]] = []
        for i, name, shape in parameters(specs, in_size):
            values = draw(name, shape, rng).astype(dtype)
            self.core.set_parameter(i, name, values)
            setattr(layers[i], name, values.astype(np.float64))
            self.names.append((i, name))

    def predict(self, x: Array) -> Array:
        out = np.empty((len(x), self.core.out_size), self.dtype)
        self.core.predict(x, out)
        return out


def hash_of(
    network: _core.Network, names: Sequence[tuple[int, Any]], optimizer: _core.Optimizer | None = None, n_slots: int = 0
) -> str:
    """SHA-256 of the parameters, and of the optimizer's state and step."""
    digest = hashlib.sha256()
    for i, name in names:
        digest.update(np.ascontiguousarray(network.get_parameter(i, name)).tobytes())
        for slot in range(n_slots if optimizer and name not in ("mean", "variance") else 0):
            digest.update(np.ascontiguousarray(optimizer.get_state(i, name, slot)).tobytes())
    if optimizer:
        digest.update(str(optimizer.step).encode())
    return digest.hexdigest()


def run(trainer: _core.Trainer, x: Array, y: Array, **more: Any) -> list[_core.Stats]:
    settings: dict[str, Any] = {"batch_size": len(x), "first_epoch": 0, "n_epochs": 1, "shuffle": False, "seed": 0}
    return trainer.run(x, y, **(settings | more))


# ---- arrays ----------------------------------------------------------------------------------------------------------


def spaced(a: Array) -> tuple[Array, Callable[[], bool]]:
    """A copy of a whose rows lie apart, and a function that tells whether what lies between and around is untouched."""
    rows, columns = a.shape
    room = np.full((rows + 2, columns + 5), 77, a.dtype)
    inside = room[1:-1, 3 : 3 + columns]
    inside[...] = a

    def untouched() -> bool:
        others = np.ones(room.shape, bool)
        others[1:-1, 3 : 3 + columns] = False
        return bool((room[others] == 77).all())

    return inside, untouched


def ulp_error(result: Array, expected: Array) -> Array:
    """How many units in the last place the result is off the expected, a wider dtype; 0 for a flushed denormal."""
    info = np.finfo(result.dtype)
    with np.errstate(all="ignore"):
        rounded = expected.astype(result.dtype)
        unit = np.maximum(np.spacing(np.abs(rounded)), np.spacing(info.tiny)).astype(expected.dtype)
        error = np.abs(result.astype(expected.dtype) - expected) / unit
    same = (result == rounded) | (np.isnan(result) & np.isnan(rounded))
    flushed = (np.abs(expected) < 4 * info.tiny) & (np.abs(result) <= 4 * info.tiny)
    return np.where(same | flushed, 0, error)


def assert_ulps(result: Array, expected: Array, allowed: Any, x: Array) -> None:
    """Whether the result of x is off by no more units in the last place than are allowed; else the worst is told."""
    error = ulp_error(result, expected)
    excess = np.where(np.isnan(error), np.inf, error) - allowed
    i = int(excess.argmax())
    at = f"f({x.flat[i]!r} = {float(x.flat[i]).hex()}) = {result.flat[i]!r}, expected {expected.flat[i]!r}"
    assert excess.flat[i] <= 0, f"{at}: {float(error.flat[i]):.4g} ULP"


def all_isas_agree(compute: Callable[[], Sequence[Array]]) -> bool:
    """Whether the arrays have the same bits on every instruction set of this machine; one NaN is as good as another."""
    results = set()
    for isa in _core.get_runnable_isas():
        _core.set_isa(isa)
        results.add(b"".join(np.where(np.isnan(a), np.nan, a).tobytes() for a in compute()))
    return len(results) == 1
