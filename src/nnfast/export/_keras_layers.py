"""_keras_layers: what layers and activations of Keras are in nnfast's words, a closed list."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast import activations, layers
from nnfast._validation import mismatch
from nnfast.activations import ActivationFunction
from nnfast.layers import Layer

Array = NDArray[Any]
Config = Mapping[str, Any]
_AXES: tuple[Any, ...] = (-1, 1, [-1], [1], (-1,), (1,))
"""What stands for the axis of features."""
_NOT_IN_KERAS = (activations.BinaryStep, activations.Sign)


Weights = list[Array]


class Converted(NamedTuple):
    """A layer, and its weights in the order of ``get_weights``."""

    layer: Layer
    weights: Weights


def open_entry(description: Any) -> tuple[str, Config]:
    """Return class and config of a layer or model; a class of the user's is refused, whatever its name."""
    entry = description if isinstance(description, Mapping) else {}
    kind, config = entry.get("class_name"), entry.get("config")
    if not isinstance(kind, str) or not isinstance(config, Mapping):
        raise mismatch("config", "class_name and config of a layer", description)
    module = entry.get("module")
    if entry.get("registered_name") not in (None, kind) or not f"{module}.".startswith("keras."):
        raise mismatch(str(config.get("name", "layer")), "a class of Keras", kind, f"it is one of {module}")
    return kind, config


def convert(kind: str, config: Config, weights: Sequence[Array], size: int) -> Converted:
    """Return what a layer of Keras does to `size` features; ValueError if nnfast has no such thing."""
    if kind not in _READERS:
        raise mismatch("layer", f"one of {', '.join(_READERS)}", kind)
    return _READERS[kind](config, [_check_array(array) for array in weights], size)


def _check_array(values: Array) -> Array:
    """Widen short floating-point numbers, which nnfast does not compute with, bfloat16 of ml_dtypes among them."""
    return values.astype(np.float32) if values.dtype.name in ("float16", "bfloat16") else values


def _check_shapes(weights: Sequence[Array], *shapes: tuple[int, ...]) -> None:
    received = [array.shape for array in weights]
    if received != list(shapes) or any(array.dtype.kind != "f" for array in weights):
        kinds = [array.dtype.name for array in weights]
        raise ValueError(f"weights: expected floats of shapes {list(shapes)}, received {kinds} of {received}")


def _check_options(config: Config, **options: tuple[Any, ...]) -> None:
    """Check that what nnfast cannot do is not asked for; an option that is not there has its first value."""
    for name, allowed in options.items():
        if (value := config.get(name, allowed[0])) not in allowed:
            raise mismatch(name, f"one of {list(allowed)}", value)


def _pick(config: Config, *names: str) -> dict[str, Any]:
    return {name: config[name] for name in names if name in config}


def _read_dense(config: Config, weights: Weights, size: int) -> Converted:
    _check_options(config, lora_rank=(None,), quantization_config=(None,))
    activation = _read_function(config.get("activation"))
    layer = layers.Dense(activation=activation, **_pick(config, "units", "use_bias", "trainable", "name"))
    _check_shapes(weights, (size, layer.units), *[(layer.units,)] * layer.use_bias)
    return Converted(layer, weights)


def _read_function(value: Any) -> ActivationFunction:
    """Return the activation of a layer: a name, or a layer of activation; a function of the user's is refused."""
    if isinstance(value, Mapping) and value.get("class_name") in _ACTIVATIONS:
        kind, config = open_entry(value)
        return _ACTIVATIONS[kind](config)
    if value is not None and not isinstance(value, str):
        raise mismatch("activation", "a name, or a layer that nnfast has an activation for", value)
    activation = activations.get(value)
    if isinstance(activation, _NOT_IN_KERAS):
        raise mismatch("activation", "a name that Keras has", value)
    return activation


def _read_relu(config: Config) -> ActivationFunction:
    _check_options(config, threshold=(0, None), max_value=(None, 6))
    slope = config.get("negative_slope") or 0.0
    if config.get("max_value") is None:
        return activations.LeakyReLU(slope) if slope else activations.ReLU()
    _check_options(config, negative_slope=(0, None))
    return activations.ReLU6()


def _read_softmax(config: Config) -> ActivationFunction:
    _check_options(config, axis=_AXES)
    return activations.Softmax()


_ACTIVATIONS: dict[str, Callable[[Config], ActivationFunction]] = {
    "ReLU": _read_relu,
    "LeakyReLU": lambda config: activations.LeakyReLU(config.get("negative_slope", 0.3)),
    "ELU": lambda config: activations.ELU(config.get("alpha", 1.0)),
    "Softmax": _read_softmax,
    "Activation": lambda config: _read_function(config.get("activation")),
}


def _read_activation(read: Callable[[Config], ActivationFunction]) -> Callable[..., Converted]:
    return lambda config, _, __: Converted(layers.Activation(read(config), **_pick(config, "name")), [])


def _read_dropout(config: Config, _: Weights, __: int) -> Converted:
    return Converted(layers.Dropout(**_pick(config, "rate", "name")), [])


def _read_batch_normalization(config: Config, weights: Weights, size: int) -> Converted:
    _check_options(config, axis=_AXES, renorm=(False,))
    names = ("momentum", "epsilon", "center", "scale", "trainable", "name")
    layer = layers.BatchNormalization(**_pick(config, *names))
    _check_shapes(weights, *[(size,)] * (2 + layer.scale + layer.center))
    return Converted(layer, weights)


def _read_layer_normalization(config: Config, weights: Weights, size: int) -> Converted:
    _check_options(config, axis=_AXES, rms_scaling=(False,))
    layer = layers.LayerNormalization(**_pick(config, "epsilon", "center", "scale", "trainable", "name"))
    _check_shapes(weights, *[(size,)] * (layer.scale + layer.center))
    return Converted(layer, weights)


def _read_rescaling(config: Config, _: Weights, __: int) -> Converted:
    return Converted(layers.Rescaling(**_pick(config, "scale", "offset", "name")), [])


def _read_normalization(config: Config, weights: Weights, size: int) -> Converted:
    """Take the statistics of the config, or those that ``adapt`` found: mean, variance and the number of samples."""
    _check_options(config, axis=_AXES, invert=(False,))
    mean, variance = config.get("mean"), config.get("variance")
    if weights:
        _check_shapes(weights[:2], (size,), (size,))
        mean, variance = weights[:2]
    elif mean is None:
        raise mismatch("mean", "statistics, given or found by adapt", mean)
    return Converted(layers.Normalization(-1, mean, variance, **_pick(config, "name")), [])


_READERS: dict[str, Callable[[Config, Weights, int], Converted]] = {
    "Dense": _read_dense,
    "Dropout": _read_dropout,
    "BatchNormalization": _read_batch_normalization,
    "LayerNormalization": _read_layer_normalization,
    "Rescaling": _read_rescaling,
    "Normalization": _read_normalization,
    **{kind: _read_activation(read) for kind, read in _ACTIVATIONS.items()},
}
"""Keras's class -> what makes ours of its config, its weights and the number of features."""
