"""_keras_writer: models as ``keras.Sequential``."""

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nnfast import activations, layers
from nnfast._validation import mismatch
from nnfast.activations import ActivationFunction
from nnfast.layers import Layer

if TYPE_CHECKING:
    from nnfast._lowering import Plan
    from nnfast._stack import Stack

_NORMALIZATION = ("epsilon", "center", "scale", "trainable")


def make_model(model: "Stack", plan: "Plan") -> Any:
    """Return a model of the same layers, with first weights."""
    keras = _import_keras()
    made = [keras.Input((plan.in_size,), dtype=model.dtype)]
    for layer, names in zip(model._stack, _choose_names(model._stack), strict=True):
        made += _make_layers(keras, layer, names, model.dtype)
    return keras.Sequential(made, name=model.name)


def _choose_names(stack: Sequence[Layer]) -> Iterator[tuple[str, str]]:
    """Yield a name for each layer, and for one behind it: no two are alike, and those of the user's stay."""
    taken = {layer.name for layer in stack}
    for layer, name in zip(stack, layers.name_layers(stack), strict=True):
        first = layer.name or _make_unique(name, taken)
        yield first, _make_unique(f"{first}_activation", taken)


def _make_unique(name: str, taken: set[str | None]) -> str:
    """Return the name, with a number behind it if it is taken, and take it."""
    numbered = (f"{name}_{number}" for number in itertools.count(1))
    free = next(each for each in itertools.chain([name], numbered) if each not in taken)
    taken.add(free)
    return free


def _make_layers(keras: Any, layer: Layer, names: tuple[str, str], dtype: str) -> list[Any]:
    """Return what does the same: a `Dense` with an activation that has a number of its own is two layers."""
    kinds, own = keras.layers, {"name": names[0], "dtype": dtype}
    match layer:
        case layers.Input():
            is_scaled = (layer.scale, layer.offset) != (1.0, 0.0)
            return [kinds.Rescaling(layer.scale, layer.offset, **own)] if is_scaled else []
        case layers.Dense():
            name = _find_name(keras, layer.activation)
            config = {"use_bias": layer.use_bias, "trainable": bool(layer.trainable), **own}
            behind = [] if name else [_make_activation(keras, layer.activation, own | {"name": names[1]})]
            return [kinds.Dense(layer.units, name, **config), *behind]
        case layers.Activation():
            return [_make_activation(keras, layer.activation, own)]
        case layers.Dropout():
            return [kinds.Dropout(layer.rate, **own)]
        case layers.Rescaling():
            return [kinds.Rescaling(layer.scale, layer.offset, **own)]
        case layers.Normalization():
            return [kinds.Normalization(mean=layer.mean, variance=layer.variance, **own)]
    config = {name: getattr(layer, name) for name in _NORMALIZATION}
    if isinstance(layer, layers.BatchNormalization):
        return [kinds.BatchNormalization(momentum=layer.momentum, **config, **own)]
    return [kinds.LayerNormalization(**config, **own)]


def _find_name(keras: Any, activation: ActivationFunction) -> str | None:
    """Return what Keras calls an activation; None if it has none, or one with another number."""
    name = activation.names[0]
    return name if hasattr(keras.activations, name) and type(activation)() == activation else None


def _make_activation(keras: Any, activation: ActivationFunction, own: dict[str, Any]) -> Any:
    name = _find_name(keras, activation)
    if name:
        return keras.layers.Activation(name, **own)
    match activation:
        case activations.LeakyReLU():
            return keras.layers.LeakyReLU(activation.negative_slope, **own)
        case activations.ELU():
            return keras.layers.ELU(activation.alpha, **own)
    raise mismatch("model", "activations that Keras has by name", activation, "or export to ONNX")


def _import_keras() -> Any:
    try:
        import keras
    except ImportError as error:
        raise ImportError("models of Keras need it: pip install keras, and a backend") from error
    return keras
