"""weights_file: a model's weights alone as a safetensors file, with the names and the layout of a whole model's."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.layers import Layer
from nnfast.saving.model_file import list_keys
from nnfast.saving.tensor_file import StrPath, make_file_error, read_tensors, write_tensors

Array = NDArray[Any]

_DESCRIPTION = '{"format": 1, "content": "weights"}'


def write_weights(path: StrPath, stack: Sequence[Layer], weights: Sequence[Array]) -> None:
    """Write weights, in the order of ``get_weights``; a file that was there is replaced at once or not at all.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is untouched.
    ImportError
        If the safetensors library is missing.
    """
    write_tensors(path, _DESCRIPTION, name_weights(stack, weights))


def name_weights(stack: Sequence[Layer], weights: Sequence[Array]) -> dict[str, Array]:
    """Return weights, in the order of ``get_weights``, with the names and the layout of a torch.nn.Sequential."""
    [keys] = list_keys(stack, 0)
    return {key: np.ascontiguousarray(values.T) for key, values in zip(keys, weights, strict=True)}


def read_weights(path: StrPath, stack: Sequence[Layer], shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Read weights of these shapes, of a file of weights or of a whole model, in the order of ``get_weights``.

    Raises
    ------
    ModelFileError
        If the file is damaged, cut short, not one of nnfast's, or of another model.
    OSError
        If it cannot be read.
    ImportError
        If the safetensors library is missing.
    """
    _, tensors = read_tensors(path)
    found = {key: values for key, values in tensors.items() if not key.startswith(("optimizer.", "training."))}
    try:
        return order_weights(found, stack, shapes)
    except ValueError as error:
        raise make_file_error(path, f"weights of another model ({error})") from error


def order_weights(
    tensors: Mapping[str, Array], stack: Sequence[Layer], shapes: Sequence[tuple[int, ...]]
) -> list[Array]:
    """Undo `name_weights`: return weights of these shapes in the order of ``get_weights``.

    Raises
    ------
    ValueError
        If names or shapes are others; the message names the first.
    """
    [keys] = list_keys(stack, 0)
    expected = {key: shape[::-1] for key, shape in zip(keys, shapes, strict=True)}
    received = {key: values.shape for key, values in tensors.items()}
    if received != expected:
        raise ValueError(_describe_difference(received, expected))
    return [tensors[key].T for key in keys]


def _describe_difference(received: dict[str, tuple[int, ...]], expected: dict[str, tuple[int, ...]]) -> str:
    """Name the first array that is missing, too many, or of another shape."""
    name = next(key for key in (*expected, *received) if received.get(key) != expected.get(key))
    wanted, came = (f"shape {shapes[name]}" if name in shapes else "no such array" for shapes in (expected, received))
    return f"{name}: expected {wanted}, received {came}"
