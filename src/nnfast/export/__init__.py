"""export: models to and from other programs, a module for each of them: ``onnx``, ``keras``, ``sklearn``, ``torch``.

Files: ``model.export(filepath)`` writes, ``load`` of a module reads. Live objects: ``from_...`` makes a model of one,
``to_...`` the other way round. Nothing in a file can choose code: what is read is a closed list of operations.
"""

from typing import TYPE_CHECKING, Any

from nnfast import _validation
from nnfast.saving.tensor_file import StrPath

if TYPE_CHECKING:
    from nnfast._stack import Stack
    from nnfast.export import keras, onnx, sklearn, torch

__all__ = ["FORMATS", "keras", "onnx", "sklearn", "torch", "write"]

FORMATS = ("onnx", "safetensors", "npz")
"""What `write` knows; a file's suffix is the same word."""


def write(model: "Stack", filepath: StrPath, format: str | None = None) -> None:  # noqa: A002
    """Write a model, as it predicts, in the format of others; ``model.export`` does the same.

    Parameters
    ----------
    model : Sequential
        With weights.
    filepath : str or path
        The file; one that is there is replaced at once, or on an error not at all.
    format : {"onnx", "safetensors", "npz"}, optional
        None takes the suffix of `filepath`. "onnx" is the whole net, see `nnfast.export.onnx.save`; the others are the
        weights alone, with the names and the layout of a ``torch.nn.Sequential``: ``0.weight`` of shape (out, in),
        ``0.bias``, ``2.weight``.

    Raises
    ------
    NotReadyError
        If the model has no weights yet.
    ValueError
        If there is no such format, or `filepath` is no path.
    ImportError
        If the library that the format needs is missing.
    OSError
        If the file cannot be written.
    """
    from pathlib import Path

    filepath = _validation.check_path("filepath", filepath)
    chosen = Path(filepath).suffix.lower().lstrip(".") if format is None else format
    match _validation.check_choice("format", chosen, FORMATS):
        case "onnx":
            from nnfast.export import onnx

            onnx.save(model, filepath)
        case "safetensors":
            from nnfast.saving.weights_file import write_weights

            write_weights(filepath, model._stack, model.get_weights())
        case "npz":
            _write_npz(model, filepath)


def _write_npz(model: "Stack", filepath: StrPath) -> None:
    import io

    import numpy as np

    from nnfast.saving.atomic_write import write_atomically
    from nnfast.saving.weights_file import name_weights

    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **name_weights(model._stack, model.get_weights()))
    write_atomically(filepath, content.getvalue())


def __getattr__(name: str) -> Any:
    # Those are imported when first touched.
    if name in ("keras", "onnx", "sklearn", "torch"):
        from importlib import import_module

        return import_module(f"nnfast.export.{name}")
    raise AttributeError(f"module 'nnfast.export' has no attribute {name!r}")
