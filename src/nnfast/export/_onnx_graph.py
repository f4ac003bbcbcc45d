"""_onnx_graph: an ONNX graph as a reader asks for it: what makes a tensor, what is constant, what comes out."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.exceptions import ModelFileError
from nnfast.export._expressions import OPERATIONS

Array = NDArray[Any]

MATERIAL = {"Gemm", "MatMul", "BatchNormalization", "LayerNormalization", "Flatten", "Reshape", "Concat"}
"""What is a layer by itself, or ends one."""
_WITHOUT_EFFECT = {"Identity", "Cast", "Dropout"}
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
_FLOATS = {1, 10, 11}  # TensorProto's FLOAT, FLOAT16 and DOUBLE
_ALWAYS_FOLDED = (
    1 << 20
)  # bytes made of constants, and four times those in the file: many nodes may take one and the same
_MOST_TRIES = 80_000  # nodes of formulas, in a second; those of a GELU between layers take some 80
_MAX_SOURCES = 40  # more tensors than the longest activation has


def _elementwise(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    def fold(a: Array, b: Array) -> Array:
        if math.prod(np.broadcast_shapes(a.shape, b.shape)) > max(a.size, b.size):
            raise ValueError(f"shapes {a.shape} and {b.shape}")
        return function(a, b)

    return fold


def _cast(a: Array, to: int, **_: Any) -> Array:
    from onnx import helper

    return a.astype(helper.tensor_dtype_to_np_dtype(to))


_FOLDED: dict[str, Callable[..., Array]] = {
    "Identity": lambda a: a,
    "Cast": _cast,
    "Neg": np.negative,
    "Sqrt": np.sqrt,
    "Reciprocal": np.reciprocal,
    "Add": _elementwise(np.add),
    "Sub": _elementwise(np.subtract),
    "Mul": _elementwise(np.multiply),
    "Div": _elementwise(np.divide),
    "Transpose": lambda a, perm=None: np.transpose(a, perm),
    "Reshape": lambda a, shape, allowzero=0: a.reshape([int(size) for size in shape]),
    "Squeeze": lambda a, axes=None: np.squeeze(a, None if axes is None else tuple(map(int, axes))),
    "Unsqueeze": lambda a, axes: np.expand_dims(a, tuple(map(int, axes))),
}
"""What is computed of constants when a graph is read."""


class Graph:
    """The part of a graph that leads from its input to the output that is wanted.

    Parameters
    ----------
    path : str
        What errors name.
    model : onnx.ModelProto
        As read.
    output : str or None
        The wanted output; by default the only one of floating-point numbers.
    """

    def __init__(self, path: str, model: Any, output: str | None) -> None:
        from onnx import numpy_helper

        graph = model.graph
        self.path = path
        self._nodes = {node.output[0]: node for node in graph.node}  # others are a mask, or statistics
        self._places = {name: place for place, name in enumerate(self._nodes)}
        self._constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self._n_folded_bytes = self._n_tries = 0
        self._most_folded_bytes = _ALWAYS_FOLDED + 4 * sum(array.nbytes for array in self._constants.values())
        self._origins: dict[str, str] = {}
        for node in graph.node:
            self._fold(node)
            if _has_no_effect(node) and node.output[0] not in self._constants:
                self._origins[node.output[0]] = self.find(node.input[0])
        inputs = [value for value in graph.input if value.name not in self._constants]
        if len(inputs) != 1:
            raise self.fail("one input", f"{len(inputs)}: {[value.name for value in inputs]}")
        self.input = inputs[0].name
        dims = inputs[0].type.tensor_type.shape.dim
        self.in_shape = tuple(dim.dim_value for dim in dims)[1:]
        self.output = self.find(self._choose_output(graph.output, output))

    def _choose_output(self, outputs: Any, wanted: str | None) -> str:
        """Leave out labels; of scikit-learn's dictionaries take what they are made of."""
        names: dict[str, str] = {}
        for value in outputs:
            node = self._nodes.get(value.name)
            if node is not None and node.op_type == "ZipMap":
                names[value.name] = node.input[0]
            elif value.type.tensor_type.elem_type in _FLOATS:
                names[value.name] = value.name
        chosen = names.get(wanted) if wanted else next(iter(names.values()), None) if len(names) == 1 else None
        if chosen is None:
            raise self.fail(
                "one output of floating-point numbers, or output= to say which", str(wanted or sorted(names))
            )
        return chosen

    def find(self, name: str) -> str:
        """Return the tensor that a name stands for, behind operations without effect."""
        return self._origins.get(name, name)

    def get_node(self, name: str) -> Any:
        """Return the node that makes a tensor, if it is one that can be read."""
        node = self._nodes.get(name)
        if node is None:
            raise self.fail(f"a tensor {name!r}", "none of that name")
        if not _is_standard(node) or node.op_type not in MATERIAL | OPERATIONS.keys():
            known = ", ".join(sorted(MATERIAL | OPERATIONS.keys() | _WITHOUT_EFFECT)).replace("Cast", "Cast to floats")
            raise self.fail(f"one of {known}", f"{node.domain or 'ai.onnx'} {node.op_type}", node)
        return node

    def list_sources(self, name: str) -> list[str]:
        """List tensors that a chain of operations up to this one may begin with, the farthest of the nearest first."""
        found: set[str] = set()
        waiting = [name]
        for tensor in waiting:  # which grows meanwhile
            if len(found) > _MAX_SOURCES or tensor in found or self.get_constant(tensor) is not None:
                continue
            found.add(tensor)
            if tensor != self.input and (tensor == name or self.get_node(tensor).op_type not in MATERIAL):
                waiting += [self.find(source) for source in self.get_node(tensor).input if source]
        return sorted(found - {name}, key=lambda tensor: self._places.get(tensor, -1))

    def get_constant(self, name: str) -> Array | None:
        """Return a tensor that does not depend on the input, else None."""
        return self._constants.get(self.find(name))

    def _fold(self, node: Any) -> None:
        """Compute what a node makes of constants alone; nodes come in the order of their tensors."""
        inputs = [self.get_constant(name) for name in node.input]
        if node.op_type == "Constant":
            self._constants[node.output[0]] = _read_constant(node)
        elif _is_standard(node) and node.op_type in _FOLDED and all(map(_is_numeric, inputs)):
            try:
                array = _FOLDED[node.op_type](*inputs, **read_attributes(node))
            except (ValueError, TypeError, OverflowError) as error:
                raise self.fail("constants that go together", str(error), node) from error
            self._constants[node.output[0]] = array
            self._n_folded_bytes += 0 if np.may_share_memory(array, inputs[0]) else array.nbytes
            if self._n_folded_bytes > self._most_folded_bytes:
                raise self.fail(f"at most {self._most_folded_bytes} bytes made of constants", "more", node)

    def count_try(self, node: Any) -> None:
        """Count one node of one formula that is tried; there are many ways through a long chain of activations."""
        self._n_tries += 1
        if self._n_tries > _MOST_TRIES:
            raise self.fail("layers between activations", "a long chain without any", node)

    def get_weights(self, node: Any, place: int) -> Array:
        """Return an input that has to be a constant."""
        array = self.get_constant(node.input[place]) if place < len(node.input) else None
        if array is None or array.dtype.kind not in "fiu":
            raise self.fail(f"numbers that are in the file as input {place}", "none", node)
        return array

    def fail(self, expected: str, received: str, node: Any = None) -> ModelFileError:
        """Make the error that names file and node."""
        where = "" if node is None else f" node {node.name or node.output[0]!r} ({node.op_type}):"
        return ModelFileError(f"{self.path}:{where} expected {expected}, received {received}")


def _is_standard(node: Any) -> bool:
    """Tell whether an operation is one of ONNX: others may have the name of one, and do something else."""
    return node.domain in _DOMAINS


def _has_no_effect(node: Any) -> bool:
    is_rounded = node.op_type == "Cast" and read_attributes(node)["to"] not in _FLOATS
    return _is_standard(node) and node.op_type in _WITHOUT_EFFECT and not is_rounded


def _is_numeric(constant: Array | None) -> bool:
    return constant is not None and constant.dtype.kind not in "OSU"


def read_attributes(node: Any) -> dict[str, Any]:
    """Return a node's attributes by name."""
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _read_constant(node: Any) -> Array:
    """Return what a ``Constant`` holds."""
    from onnx import numpy_helper

    [value] = read_attributes(node).values()
    return np.asarray(numpy_helper.to_array(value) if hasattr(value, "raw_data") else value)
