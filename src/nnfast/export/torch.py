"""torch: models to and from PyTorch's ``nn.Sequential`` and its state dicts; needs the ``torch`` package.

Names and layout are one: ``0.weight`` of shape (out, in), ``0.bias``; then, with an activation as module 1,
``2.weight``.
Tensors share memory with the arrays they are made of, by DLPack.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnfast import layers
from nnfast._validation import mismatch
from nnfast.export._torch_activations import make_activation, read_activation
from nnfast.layers import Layer

if TYPE_CHECKING:
    from nnfast._stack import Stack
    from nnfast.models import Sequential

Array = NDArray[Any]

__all__ = ["from_module", "load_state_dict", "to_module", "to_state_dict"]

_PARAMETERS = ("weight", "bias", "running_mean", "running_var")


def to_state_dict(model: "Stack") -> dict[str, Any]:
    """Return the weights as tensors, with the names a ``torch.nn.Sequential`` of the same layers gives them.

    Parameters
    ----------
    model : Sequential
        With weights.

    Returns
    -------
    dict of str to torch.Tensor
        Copies of the model's weights.

    Raises
    ------
    NotReadyError
        If the model has no weights yet.
    """
    from nnfast.saving.weights_file import name_weights

    torch = _import_torch()
    named = name_weights(model._stack, model.get_weights())
    return {name: torch.from_dlpack(values) for name, values in named.items()}


def load_state_dict(model: "Stack", state_dict: Mapping[str, Any]) -> None:
    """Take over the weights of a ``torch.nn.Sequential`` of the same layers.

    Tensors are read where they lie; matrices, which lie the other way round, are copied once on the way.

    Parameters
    ----------
    model : Sequential
        With weights.
    state_dict : dict of str to torch.Tensor or array
        With the names that `to_state_dict` gives; ``num_batches_tracked`` may be among them.

    Raises
    ------
    NotReadyError
        If the model has no weights yet.
    ValueError
        If names or shapes are those of another model; nothing is changed then.
    """
    from nnfast.saving.weights_file import order_weights

    plan, _ = model._get_built()
    if not isinstance(state_dict, Mapping):
        raise mismatch("state_dict", "a dict of tensors by name", state_dict)
    arrays = {
        name: _view(name, values) for name, values in state_dict.items() if not name.endswith(".num_batches_tracked")
    }
    model.set_weights(order_weights(arrays, model._stack, [parameter.shape for parameter in plan.parameters]))


def from_module(module: Any) -> "Sequential":
    """Return a model that computes what a module of PyTorch computes in its ``eval`` mode, to rounding.

    Parameters
    ----------
    module : torch.nn.Module
        A ``Sequential``, nested if need be, of ``Linear``, ``BatchNorm1d``, ``LayerNorm``, ``Dropout``, ``Flatten``,
        ``Identity`` and activations that nnfast has; or one of these alone.

    Returns
    -------
    Sequential
        Of float64 if the weights are, else float32.

    Raises
    ------
    ValueError
        If there is another module, or one with other options than nnfast has; the message names it.
    """
    from nnfast.models import Sequential

    stack: list[Layer] = []
    weights: list[Array] = []
    for name, part in _list_parts(module):
        _add(stack, name, part)
        weights += [_view(f"{name}.{key}", getattr(part, key)).T for key in _PARAMETERS if _has(part, key)]
    if not weights:
        raise mismatch("module", "one with weights", module)
    source = layers.Input(weights[0].shape[0])
    model = Sequential([source, *stack], seed=0, dtype="float64" if weights[0].dtype == np.float64 else "float32")
    model.set_weights(weights)
    return model


def to_module(model: "Stack") -> Any:
    """Return a ``torch.nn.Sequential`` that computes what the model does, to rounding.

    It is in ``eval`` mode, and its parameters are the tensors of `to_state_dict`: copies of the weights.

    Parameters
    ----------
    model : Sequential
        With weights.

    Returns
    -------
    torch.nn.Sequential

    Raises
    ------
    NotReadyError
        If the model has no weights yet.
    ValueError
        If PyTorch has no module for a layer or an activation: `Rescaling`, `Normalization`, ``Input(scale=)``,
        exponential, binary_step, sign.
    """
    torch = _import_torch()
    plan, _ = model._get_built()
    modules = []
    size = plan.in_size
    for layer in model._stack:
        modules += _make_modules(layer, size)
        size = layer.units if isinstance(layer, layers.Dense) else size
    module = torch.nn.Sequential(*modules).to(getattr(torch, model.dtype))
    # Gamma or beta may be one that changes nothing: not all are replaced.
    module.load_state_dict(to_state_dict(model), strict=False, assign=True)
    return module.eval()


def _import_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ImportError("tensors and modules of PyTorch need it: pip install torch") from error
    return torch


def _list_parts(module: Any) -> Iterator[tuple[str, Any]]:
    """List modules that are no ``Sequential``, each with its name; one that stands at two places comes twice."""
    parts = module.named_modules(remove_duplicate=False) if hasattr(module, "named_modules") else [("", module)]
    for name, part in parts:
        if not type(part).__module__.startswith("torch.nn."):
            raise mismatch(name or "module", "a module of torch.nn", part)
        if type(part).__name__ != "Sequential":
            yield name or "module", part


def _add(stack: list[Layer], name: str, part: Any) -> None:
    """Add what a module does; an activation joins the linear layer before it."""
    try:
        activation = read_activation(part)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if type(part).__name__ == "Identity" or (type(part).__name__ == "Flatten" and part.start_dim == 1 and not stack):
        return
    if activation is None:
        stack.append(_make_layer(name, part))
    elif stack and isinstance(last := stack[-1], layers.Dense) and last.activation.names[0] == "linear":
        stack[-1] = layers.Dense(last.units, activation, last.use_bias)
    else:
        stack.append(layers.Activation(activation))


def _make_layer(name: str, part: Any) -> Layer:
    kind = type(part).__name__
    if kind == "Linear":
        return layers.Dense(part.out_features, use_bias=part.bias is not None)
    if kind == "Dropout" and part.p < 1:
        return layers.Dropout(part.p)
    center, scale = _has(part, "bias"), _has(part, "weight")
    if kind == "BatchNorm1d" and part.track_running_stats and part.momentum is not None:
        return layers.BatchNormalization(momentum=1 - part.momentum, epsilon=part.eps, center=center, scale=scale)
    if kind == "LayerNorm" and len(part.normalized_shape) == 1:
        return layers.LayerNormalization(epsilon=part.eps, center=center, scale=scale)
    raise mismatch(name, "a module that nnfast has a layer for, with options that it has", part)


def _has(part: Any, key: str) -> bool:
    return getattr(part, key, None) is not None


def _view(name: str, values: Any) -> Array:
    """Return a tensor as an array, of the same memory where it can be."""
    array = np.from_dlpack(_make_readable(values.detach().cpu())) if hasattr(values, "detach") else np.asarray(values)
    if array.dtype.kind != "f":
        raise mismatch(name, "floating-point numbers", array.dtype)
    return array


def _make_readable(tensor: Any) -> Any:
    """Widen short floating-point numbers, bfloat16 among them, which NumPy has not."""
    return tensor.float() if tensor.is_floating_point() and tensor.element_size() < 4 else tensor


def _make_modules(layer: Layer, size: int) -> list[Any]:
    """Return as many modules as the names of weights count: a `Dense` with an activation is two."""
    nn = _import_torch().nn
    match layer:
        case layers.Input(scale=1.0, offset=0.0):
            return []
        case layers.Dense():
            linear = nn.Linear(size, layer.units, layer.use_bias, device="meta")  # no memory, nothing drawn
            is_linear = layer.activation.names[0] == "linear"
            return [linear] if is_linear else [linear, _get_activation(layer)]
        case layers.Activation():
            return [_get_activation(layer)]
        case layers.Dropout():
            return [nn.Dropout(layer.rate)]
        case layers.BatchNormalization():
            return [nn.BatchNorm1d(size, layer.epsilon, 1 - layer.momentum, layer.scale or layer.center)]
        case layers.LayerNormalization():
            return [nn.LayerNorm(size, layer.epsilon, layer.scale or layer.center)]
    raise mismatch("model", "layers that PyTorch has a module for", layer, "scale the samples, or export to ONNX")


def _get_activation(layer: layers.Dense | layers.Activation) -> Any:
    module = make_activation(layer.activation)
    if module is None:
        raise mismatch("model", "activations that PyTorch has a module for", layer.activation, "or export to ONNX")
    return module
