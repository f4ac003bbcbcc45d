"""_onnx_layers: the parts of a graph as a `Sequential`: scales and activations join the layers they belong to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast._validation import mismatch
from nnfast.activations import ActivationFunction, Softmax
from nnfast.export._onnx_reader import Both, Flat, Part, Product
from nnfast.export._recognition import Affine, Normal
from nnfast.layers import Activation, Dense, Input, Layer, Normalization, Rescaling
from nnfast.models import Sequential

Array = NDArray[Any]


def build_model(parts: list[Part], in_shape: tuple[int, ...], name: str | None) -> Sequential:
    """Return a model that does what the parts do; ValueError if their sizes do not go together."""
    joined = _join(parts)
    shape = in_shape if in_shape and all(in_shape) else _find_in_shape(joined)
    if len(shape) > 1 and not (joined and isinstance(joined[0], Flat)):
        raise ValueError(f"input: expected rows of features, received shape {shape} without a Flatten")
    source = Input(shape)
    layers: list[Layer] = [source]
    weights: list[Array] = []
    size = source.size
    for part in joined:
        size = _check_size(part, size, part is joined[-1])
        _add(layers, weights, part)
    if all(isinstance(layer, Input | Rescaling) for layer in layers):
        raise ValueError("output: expected what a layer computes, received the input, or a multiple of it")
    kernels = [part.kernel for part in joined if isinstance(part, Product)]
    is_double = any(array.dtype == np.float64 for array in kernels or weights)
    model = Sequential(layers, dtype="float64" if is_double else "float32", seed=0, name=name)
    model.set_weights(weights)
    return model


def _join(parts: list[Part]) -> list[Part]:
    """Take scales and offsets behind weighted sums into these: ``Add`` behind ``MatMul`` is the bias."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Affine) and isinstance(last, Product):
            joined[-1] = _scale_product(last, part)
        elif isinstance(part, Both):
            if not isinstance(last, Product) or last.kernel.shape[1] != 1:
                raise ValueError("Concat: expected the two classes of one weighted sum, received something else")
            bias = None if last.bias is None else np.insert(last.bias, 0, 0)
            joined[-1] = Product(np.insert(last.kernel, 0, 0, axis=1), bias)
            joined.append(Softmax())
        else:
            joined.append(part)
    return joined


def _scale_product(product: Product, affine: Affine) -> Product:
    kernel, bias, dtype = product.kernel, product.bias, product.kernel.dtype
    if np.any(affine.scale != 1):
        kernel = (kernel * affine.scale).astype(dtype)
        bias = None if bias is None else bias * affine.scale
    if np.any(affine.offset != 0) or bias is not None or np.ndim(affine.offset):
        bias = np.broadcast_to((0 if bias is None else bias) + affine.offset, kernel.shape[1]).astype(dtype)
    return Product(kernel, bias)


def _find_in_shape(parts: list[Part]) -> tuple[int, ...]:
    """Return the number of features where the input does not say it."""
    for part in parts:
        sizes = {
            Product: lambda p: p.kernel.shape[0],
            Normal: lambda p: p.weights[0].size,
            Affine: lambda p: max(p.scale.size, p.offset.size),
        }
        size = sizes[type(part)](part) if type(part) in sizes else 1
        if size > 1 or isinstance(part, Product):
            return (size,)
    raise ValueError("input: expected a number of features, received none")


def _check_size(part: Part, size: int, is_last: bool) -> int:
    """Return the number of features behind a part; skl2onnx puts several outputs below each other at the end."""
    if isinstance(part, Product):
        if part.kernel.shape[0] != size:
            raise mismatch("weights", f"a matrix for {size} features", part.kernel.shape)
        return int(part.kernel.shape[1])
    if isinstance(part, Flat) and part.size not in (-1, size) and not (is_last and part.size == 1):
        raise mismatch("Reshape", f"rows of {size} features", part.size)
    sizes = {a.size for a in part} - {1} if isinstance(part, Affine) else set()
    if sizes - {size}:
        raise mismatch("constants", f"one for each of {size} features", sorted(sizes))
    return size


def _add(layers: list[Layer], weights: list[Array], part: Part) -> None:
    """Add what does a part, and its weights."""
    match part:
        case Product():
            layers.append(Dense(part.kernel.shape[1], use_bias=part.bias is not None))
            weights += [part.kernel] if part.bias is None else [part.kernel, part.bias]
        case Normal():
            layers.append(part.layer)
            weights += part.weights
        case Affine():
            layers.append(_make_scaling(part))
        case ActivationFunction():
            last = layers[-1]
            if isinstance(last, Dense) and last.activation.names[0] == "linear":
                layers[-1] = Dense(last.units, part, last.use_bias)
            else:
                layers.append(Activation(part))


def _make_scaling(affine: Affine) -> Layer:
    """Return a layer that multiplies and adds; with numbers that differ it is a `Normalization`."""
    scale, offset = affine
    if scale.size == offset.size == 1:
        return Rescaling(float(scale), float(offset))
    if np.any(scale <= 0):
        raise mismatch("constants", "positive factors, where they differ and no weighted sum stands before", scale)
    mean, variance = np.broadcast_arrays(-offset / scale, 1 / scale**2)
    return Normalization(mean=mean, variance=variance)
