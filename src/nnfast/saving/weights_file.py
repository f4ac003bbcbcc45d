"""weights_file: a model's weights alone as a safetensors file, with the names and the layout of a whole model's."""

from collections.abc import Sequence
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
    [keys] = list_keys(stack, 0)
    tensors = {key: np.ascontiguousarray(values.T) for key, values in zip(keys, weights, strict=True)}
    write_tensors(path, _DESCRIPTION, tensors)


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
    [keys] = list_keys(stack, 0)
    found = {key: values.T for key, values in tensors.items() if not key.startswith("optimizer.")}
    expected = dict(zip(keys, shapes, strict=True))
    received = {key: values.shape for key, values in found.items()}
    if received != expected:
        raise make_file_error(path, f"weights of another model, {_describe_difference(received, expected)}")
    return [found[key] for key in keys]


def _describe_difference(received: dict[str, tuple[int, ...]], expected: dict[str, tuple[int, ...]]) -> str:
    """Name the first array that is missing, too many, or of another shape."""
    name = next(key for key in (*expected, *received) if received.get(key) != expected.get(key))
    shapes = (received.get(name, "none"), expected.get(name, "none"))
    return f"whose {name!r} has shape {shapes[0]}, here {shapes[1]} (in, out)"
