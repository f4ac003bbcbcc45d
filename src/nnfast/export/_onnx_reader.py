"""_onnx_reader: an ONNX graph taken apart, from the output back to the input, into parts that layers can do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.activations import ActivationFunction, Sigmoid
from nnfast.export._expressions import OPERATIONS, Expression, NoFormulaError, X, apply, constant, shorten
from nnfast.export._onnx_graph import MATERIAL, Graph, read_attributes
from nnfast.export._recognition import Affine, Normal, recognise
from nnfast.layers import BatchNormalization, LayerNormalization

Array = NDArray[Any]


@dataclass(frozen=True)
class Product:
    """Weighted sums: kernel of shape (in, out), and perhaps a bias."""

    kernel: Array
    bias: Array | None


@dataclass(frozen=True)
class Flat:
    """Rows made of samples of several dimensions, of this size or, with -1, of any."""

    size: int


@dataclass(frozen=True)
class Both:
    """1 - p and p for p = sigmoid(x), scikit-learn's two classes."""


Part = Product | Normal | Flat | Both | ActivationFunction | Affine
Reader = Callable[[Graph, Any], Part]


def read_parts(graph: Graph) -> list[Part]:
    """Return what a graph computes, from the input to the output."""
    parts: list[Part] = []
    tensor = graph.output
    while tensor != graph.input:
        node = graph.get_node(tensor)
        if node.op_type in MATERIAL - {"Concat"}:
            part: Part = _READERS[node.op_type](graph, node)
            source: str = node.input[0]
        else:
            part, source = _read_formula(graph, tensor, node)
        parts.append(part)
        tensor = graph.find(source)
    return parts[::-1]


def _read_product(graph: Graph, node: Any) -> Product:
    options = {"transA": 0, "transB": 0, "alpha": 1.0, "beta": 1.0} | read_attributes(node)
    kernel = graph.get_weights(node, 1)
    if kernel.ndim != 2 or options["transA"]:
        raise graph.fail("rows times a matrix", f"transA={options['transA']}, weights of shape {kernel.shape}", node)
    kernel = kernel.T if options["transB"] else kernel
    kernel = kernel if options["alpha"] == 1 else kernel * kernel.dtype.type(options["alpha"])
    bias = None
    if node.op_type == "Gemm" and len(node.input) > 2 and node.input[2]:
        bias = graph.get_weights(node, 2)
        if bias.size != 1 and bias.shape not in ((kernel.shape[1],), (1, kernel.shape[1])):
            raise graph.fail(f"{kernel.shape[1]} biases", f"those of shape {bias.shape}", node)
        bias = np.broadcast_to(bias.reshape(-1) * bias.dtype.type(options["beta"]), kernel.shape[1])
    return Product(kernel, bias)


def _read_batch_normalization(graph: Graph, node: Any) -> Normal:
    options = {"epsilon": 1e-5, "momentum": 0.9, "training_mode": 0} | read_attributes(node)
    if options["training_mode"]:
        raise graph.fail("training_mode=0, a graph for inference", "training_mode=1", node)
    layer = BatchNormalization(momentum=shorten(options["momentum"]), epsilon=shorten(options["epsilon"]))
    return Normal(layer, tuple(graph.get_weights(node, place) for place in range(1, 5)))


def _read_layer_normalization(graph: Graph, node: Any) -> Normal:
    options = {"axis": -1, "epsilon": 1e-5} | read_attributes(node)
    if options["axis"] not in (-1, 1):
        raise graph.fail("axis=-1, that of features", f"axis={options['axis']}", node)
    has_beta = len(node.input) > 2 and bool(node.input[2])
    layer = LayerNormalization(epsilon=shorten(options["epsilon"]), center=has_beta)
    return Normal(layer, tuple(graph.get_weights(node, place) for place in range(1, 2 + has_beta)))


def _read_flatten(graph: Graph, node: Any) -> Flat:
    axis = read_attributes(node).get("axis", 1)
    if axis != 1:
        raise graph.fail("axis=1, the first dimension for samples", f"axis={axis}", node)
    return Flat(-1)


def _read_reshape(graph: Graph, node: Any) -> Flat:
    """Take a shape of two numbers, or one that is joined from the number of rows and a constant."""
    shape = graph.get_constant(node.input[1])
    if shape is None:
        source = graph.get_node(graph.find(node.input[1]))
        last = graph.get_constant(source.input[-1]) if source.op_type == "Concat" and len(source.input) == 2 else None
        shape = np.array([]) if last is None else np.array([-1, *last.reshape(-1)])
    if shape.shape != (2,):
        raise graph.fail("a shape of rows and features", f"{shape.tolist()}", node)
    return Flat(int(shape[1]))


_READERS: dict[str, Reader] = {
    "Gemm": _read_product,
    "MatMul": _read_product,
    "BatchNormalization": _read_batch_normalization,
    "LayerNormalization": _read_layer_normalization,
    "Flatten": _read_flatten,
    "Reshape": _read_reshape,
}


def _read_formula(graph: Graph, tensor: str, node: Any) -> tuple[Part, str]:
    """Return what a layer can do that leads to a tensor, the most at once, and what it does it to."""
    reasons = []
    for source in graph.list_sources(tensor):
        try:
            if node.op_type == "Concat":
                return _read_both(graph, node, source), source
            return recognise(_Formulas(graph, source).make(tensor)), source
        except (NoFormulaError, TypeError) as error:  # TypeError: another number of inputs, or other attributes
            reasons.append(str(error))
    raise graph.fail("an activation of nnfast, or a scale and an offset", next(iter(reasons), "a constant"), node)


def _read_both(graph: Graph, node: Any, source: str) -> Both:
    formulas = [_Formulas(graph, source).make(name) for name in node.input]
    p = apply("Sigmoid", X)
    if len(formulas) != 2 or recognise(formulas[1]) != Sigmoid() or not formulas[0].equals(apply("Sub", 1.0, p)):
        raise NoFormulaError("a Concat of something else than 1 - sigmoid(x) and sigmoid(x)")
    return Both()


class _Formulas:
    """Formulas of one tensor, the source."""

    def __init__(self, graph: Graph, source: str) -> None:
        self._graph = graph
        self._known: dict[str, Expression] = {source: X}

    def make(self, name: str) -> Expression:
        """Return the formula of a tensor; NoFormulaError if there are others than the source in it."""
        name = self._graph.find(name)
        if name not in self._known:
            self._known[name] = self._make(name)
        return self._known[name]

    def _make(self, name: str) -> Expression:
        if (array := self._graph.get_constant(name)) is not None:
            return constant(array)
        if name == self._graph.input:
            raise NoFormulaError("something that goes around a layer")
        node = self._graph.get_node(name)
        if node.op_type in MATERIAL:
            raise NoFormulaError("something that goes around a layer")
        self._graph.count_try(node)
        inputs = [self.make(source) if source else None for source in node.input]
        return OPERATIONS[node.op_type](*inputs, **read_attributes(node))
