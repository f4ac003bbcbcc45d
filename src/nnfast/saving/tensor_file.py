"""tensor_file: named arrays and a JSON text in one safetensors file, with a checksum, written whole or not at all."""

import os
import re
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from nnfast import _validation
from nnfast.exceptions import ModelFileError

Array = NDArray[Any]
StrPath = str | os.PathLike[str]

_MOST_HEADER_BYTES = 1 << 24  # names, shapes and description; what is made of them takes some ten times the memory
_KEY = "nnfast"
_WRAPPED = '{{"sha256": "{}", "model": {}}}'
_UNWRAP = re.compile(r'\{"sha256": "([0-9a-f]{64})", "model": (.*)\}', re.DOTALL)


def write_tensors(path: StrPath, text: str, tensors: Mapping[str, Array]) -> None:
    """Write a file; one that was there before is replaced at once or not at all.

    The checksum stands in one JSON text with what it is for: two entries of metadata would be written in an order of
    chance, and equal models would not be equal files.
    """
    path = _validation.check_path("filepath", path)
    _import_safetensors()
    from safetensors.numpy import save

    from nnfast.saving.atomic_write import write_atomically

    content = save(dict(tensors), {_KEY: _WRAPPED.format(_hash(text, tensors), text)})
    if (n_header_bytes := int.from_bytes(content[:8], "little")) > _MOST_HEADER_BYTES:
        raise ValueError(
            f"metadata: expected a description of at most {_MOST_HEADER_BYTES} bytes, not {n_header_bytes}"
        )
    write_atomically(path, content)


def read_tensors(path: StrPath) -> tuple[str, dict[str, Array]]:
    """Read JSON text and arrays of a file; ModelFileError if a bit of them is not as it was written."""
    path = _validation.check_path("filepath", path)
    safetensors = _import_safetensors()
    with open(path, "rb") as start:  # a missing file or a folder: OSError in Python's words
        n_header_bytes = int.from_bytes(start.read(8), "little")
    if n_header_bytes > _MOST_HEADER_BYTES:
        expected = f"at most {_MOST_HEADER_BYTES}"
        raise make_file_error(
            path, f"no whole safetensors file (byte 0: a header of {n_header_bytes} bytes, {expected})"
        )
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise make_file_error(path, f"no whole safetensors file ({error})") from error
    parts = _UNWRAP.fullmatch(metadata.get(_KEY, ""))
    if not parts or len(metadata) > 1:
        raise make_file_error(path, f"metadata with the keys {sorted(metadata)}, not {_KEY} with checksum and model")
    checksum, text = parts.groups()
    if _hash(text, tensors) != checksum:
        raise make_file_error(path, "another content than its checksum stands for: it was damaged or changed")
    return text, tensors


def make_file_error(path: StrPath, received: str) -> ModelFileError:
    """Make the error that names the file and the reason."""
    return ModelFileError(f"{os.fspath(path)}: expected a model file of nnfast, received {received}")


def _import_safetensors() -> Any:
    try:
        import safetensors
    except ImportError as error:
        raise ImportError("model files need the safetensors library: pip install safetensors") from error
    return safetensors


def _hash(text: str, tensors: Mapping[str, Array]) -> str:
    import hashlib

    digest = hashlib.sha256(text.encode())
    for key in sorted(tensors):
        values = tensors[key]
        digest.update(f"\n{key} {values.dtype.str} {values.shape}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
