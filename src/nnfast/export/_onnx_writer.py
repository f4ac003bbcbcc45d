"""_onnx_writer: layers and weights as an ONNX graph: opset 17, ``Gemm`` with transB, any number of rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast.activations import ActivationFunction
from nnfast.config import get_version
from nnfast.export._onnx_activations import FLOAT32_ONLY, ROWS
from nnfast.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Input,
    Layer,
    LayerNormalization,
    Normalization,
    Rescaling,
)

Array = NDArray[Any]
Weights = Iterator[tuple[str, Array]]

_OPSET = 17
_IR_VERSION = 8  # of the ONNX release that brought opset 17


@dataclass(frozen=True)
class Net:
    """What is written."""

    name: str
    dtype: str
    in_size: int
    out_size: int
    scale: float
    offset: float
    """What features are taken as, leading `Rescaling` layers included."""
    stack: Sequence[Layer]
    weights: Sequence[tuple[str, Array]]
    """Names and values in the order of ``get_weights``, as PyTorch lays them out."""
    properties: Mapping[str, str]
    """Texts that are kept in the file."""


@dataclass
class _Graph:
    """Nodes and constants; called, it adds a node and returns the name of what comes out."""

    dtype: str
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def __call__(self, operation: str, *inputs: Any, **attributes: Any) -> str:
        from onnx import helper

        name = f"{operation.lower()}_{len(self.nodes)}"
        names = [value if isinstance(value, str) else self.keep(value) for value in inputs]
        self.nodes.append(helper.make_node(operation, names, [name], name=name, **attributes))
        return name

    def keep(self, values: Any, name: str = "") -> str:
        """Keep a constant under a name, by default one of its own."""
        name = name or f"constant_{len(self.constants)}"
        self.constants[name] = np.asarray(values, self.dtype)
        return name

    def keep_next(self, weights: Weights) -> str:
        """Keep the next of the weights under its own name."""
        name, values = next(weights)
        return self.keep(values, name)


def make_model(net: Net) -> Any:
    """Return the ``onnx.ModelProto``: float64 if the net is and ONNX Runtime has all the kernels, else float32."""
    graph = _fill(_Graph(net.dtype), net)
    if net.dtype == "float64" and FLOAT32_ONLY & {node.op_type for node in graph.nodes}:
        graph = _fill(_Graph("float32"), net)
    return _wrap(graph, net)


def add_activation(ops: Any, x: Any, activation: ActivationFunction) -> Any:
    """Put an activation behind x."""
    if type(activation) not in ROWS:
        raise _validation.mismatch("activation", "one of those that can be exported", activation)
    return ROWS[type(activation)](ops, x, activation)


def _wrap(graph: _Graph, net: Net) -> Any:
    from onnx import helper, numpy_helper

    kind = helper.np_dtype_to_tensor_dtype(np.dtype(graph.dtype))
    ends = [
        helper.make_tensor_value_info(name, kind, ["batch", size])
        for name, size in (("input", net.in_size), ("output", net.out_size))
    ]
    constants = [numpy_helper.from_array(values, name) for name, values in graph.constants.items()]
    proto = helper.make_model(
        helper.make_graph(graph.nodes, net.name, ends[:1], ends[1:], constants),
        producer_name="nnfast",
        producer_version=get_version(),
        doc_string=f"A dense network from {net.in_size} features to {net.out_size} outputs, for inference.",
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    helper.set_model_props(proto, dict(net.properties))
    return proto


def _fill(graph: _Graph, net: Net) -> _Graph:
    """Add all layers; the last tensor is called output."""
    x, size = _add_rescaling(graph, "input", net.scale, net.offset), net.in_size
    weights = iter(net.weights)
    is_leading = True
    for layer in net.stack:
        is_leading = is_leading and isinstance(layer, Input | Rescaling)
        if not is_leading:
            x = _add_layer(graph, x, layer, size, weights)
            size = layer.units if isinstance(layer, Dense) else size
    if x == "input":
        graph("Identity", x)
    graph.nodes[-1].output[0] = "output"
    return graph


def _add_layer(graph: _Graph, x: str, layer: Layer, size: int, weights: Weights) -> str:
    match layer:
        case Dense():
            names = [graph.keep_next(weights) for _ in range(1 + layer.use_bias)]
            return str(add_activation(graph, graph("Gemm", x, *names, transB=1), layer.activation))
        case Activation():
            return str(add_activation(graph, x, layer.activation))
        case Dropout():
            return x
        case Rescaling():
            return _add_rescaling(graph, x, layer.scale, layer.offset)
        case BatchNormalization() | LayerNormalization():
            return _add_normalization(graph, x, layer, size, weights)
        case Normalization():
            assert layer.mean is not None
            assert layer.variance is not None
            return graph("Div", graph("Sub", x, layer.mean), np.maximum(np.sqrt(layer.variance), layer.epsilon))
    raise _validation.mismatch("layer", "one of those that can be exported", layer)


def _add_rescaling(graph: _Graph, x: str, scale: float, offset: float) -> str:
    x = graph("Mul", x, scale) if scale != 1 else x
    return graph("Add", x, offset) if offset != 0 else x


def _add_normalization(
    graph: _Graph, x: str, layer: BatchNormalization | LayerNormalization, size: int, weights: Weights
) -> str:
    """Where a layer has no gamma or no beta, ONNX is given one that changes nothing."""
    gamma = graph.keep_next(weights) if layer.scale else graph.keep(np.ones(size))
    beta = graph.keep_next(weights) if layer.center else graph.keep(np.zeros(size))
    if isinstance(layer, LayerNormalization):
        return graph("LayerNormalization", x, gamma, beta, axis=-1, epsilon=layer.epsilon)
    statistics = [graph.keep_next(weights) for _ in range(2)]
    options = {"epsilon": layer.epsilon, "momentum": layer.momentum}
    return graph("BatchNormalization", x, gamma, beta, *statistics, **options)
