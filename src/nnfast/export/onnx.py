"""onnx: networks as ONNX graphs, which ONNX Runtime and many other programs run; needs the ``onnx`` package."""

from typing import TYPE_CHECKING, Any

from nnfast._validation import check_metadata, check_path, mismatch
from nnfast.saving.tensor_file import StrPath

if TYPE_CHECKING:
    from nnfast._stack import Stack
    from nnfast.models import Sequential

_METADATA = "nnfast.metadata"

__all__ = ["load", "make_model", "save"]


def load(filepath: StrPath, *, output: str | None = None) -> "Sequential":
    """Read a dense network from an ONNX file, of nnfast or of others.

    What is read: ``Gemm``, or ``MatMul`` with ``Add``; every activation of nnfast, whole or decomposed in any order of
    operations; ``BatchNormalization``, ``LayerNormalization``; scales and offsets; ``Flatten`` of the input; operations
    on constants. ``Cast``, ``Identity`` and ``Dropout`` are left out. Of scikit-learn's classifiers (by skl2onnx) the
    probabilities are read, not the labels; those of two classes become a softmax. The model is one for inference until
    it is compiled.

    Parameters
    ----------
    filepath : str or path
        The file.
    output : str, optional
        The output that is wanted, of a graph with several of floating-point numbers.

    Returns
    -------
    Sequential
        Of float64 if the weights are, else float32.

    Raises
    ------
    ModelFileError
        If the file is no ONNX file, or its graph is none of a dense network; the message names the node.
    ValueError
        If there is no such output, or `filepath` is no path.
    ImportError
        If the onnx library is missing.
    OSError
        If the file cannot be read.
    """
    import numpy as np

    from nnfast.exceptions import ModelFileError
    from nnfast.export._onnx_graph import Graph
    from nnfast.export._onnx_layers import build_model
    from nnfast.export._onnx_reader import read_parts

    path = check_path("filepath", filepath)
    proto = _read(path)
    if output is not None and output not in (names := [value.name for value in proto.graph.output]):
        raise mismatch("output", f"one of {names}", output)
    try:
        with np.errstate(all="ignore"):  # a constant may be a division by 0
            graph = Graph(path, proto, output)
            model = build_model(read_parts(graph), graph.in_shape, proto.graph.name or None)
        model.metadata = _read_metadata(proto)
        return model
    except ModelFileError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ModelFileError(f"{path}: {error}") from error
    except LookupError as error:  # of an operation as it was in the first opsets, or of a type that there is not
        raise ModelFileError(f"{path}: expected a graph as of opset 6 or later, received {error!r}") from error


def save(model: "Stack", filepath: StrPath) -> None:
    """Write a model as an ONNX file; ``model.export("m.onnx")`` does the same.

    Parameters
    ----------
    model : Sequential
        With weights.
    filepath : str or path
        The file; one that is there is replaced at once, or on an error not at all.

    Raises
    ------
    NotReadyError
        If the model has no weights yet.
    ImportError
        If the onnx library is missing.
    OSError
        If the file cannot be written.
    """
    from nnfast.saving.atomic_write import write_atomically

    write_atomically(filepath, make_model(model).SerializeToString(deterministic=True))


def make_model(model: "Stack") -> Any:
    """Return a model as an ``onnx.ModelProto``: opset 17, IR version 8, ``Gemm`` with transB=1.

    The graph takes "input" of shape (batch, n_features) and gives "output" of shape (batch, n_outputs), for any batch.
    The scale of the input and all normalizations are in it, dropout is not. uint8 pixels are passed as floats. Weights
    have PyTorch's names, ``0.weight``; the model's metadata are in the file's properties, as JSON.

    A model of float64 stays so if all its activations can: ONNX Runtime has no float64 kernels of elu, selu, celu, gelu
    (the exact form), softplus, softsign, mish, hard_sigmoid and hard_swish; with one of these all is of float32.

    Parameters
    ----------
    model : Sequential
        With weights.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    NotReadyError
        If the model has no weights yet.
    ImportError
        If the onnx library is missing.
    """
    import json

    from nnfast.export._onnx_writer import Net, make_model
    from nnfast.saving.weights_file import name_weights

    _import_onnx()
    plan, _ = model._get_built()
    weights = name_weights(model._stack, model.get_weights())
    sizes = plan.in_size, plan.out_size, plan.in_scale, plan.in_offset
    properties = {_METADATA: json.dumps(check_metadata(model.metadata))} if model.metadata else {}
    name = model.name or "sequential"
    return make_model(Net(name, model.dtype, *sizes, model._stack, tuple(weights.items()), properties))


def _read(path: str) -> Any:
    """Read a file and check that it is a graph by the rules, without cycles above all."""
    from pathlib import Path

    from nnfast.exceptions import ModelFileError

    onnx = _import_onnx()
    from google.protobuf.message import DecodeError

    from nnfast.export._onnx_file import add_external_data

    try:
        proto = onnx.load(path, format="protobuf", load_external_data=False)
        add_external_data(proto, Path(path).parent)
        onnx.checker.check_model(proto)
    except (DecodeError, onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        raise ModelFileError(f"{path}: expected an ONNX graph, received {error}") from error
    return proto


def _read_metadata(proto: Any) -> dict[str, Any]:
    import json

    texts = [entry.value for entry in proto.metadata_props if entry.key == _METADATA]
    return check_metadata(json.loads(texts[0])) if texts else {}


def _import_onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise ImportError('ONNX files need the onnx library: pip install "nnfast[onnx]"') from error
    return onnx
