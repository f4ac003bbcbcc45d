"""graphs: ONNX files."""

from functools import cache
from random import Random
from typing import Any

import numpy as np

import nnfast
from nnfast.exceptions import ModelFileError
from nnfast.export import onnx
from nnfast.layers import BatchNormalization, Dense, Input, LayerNormalization
from soak.hostile.damage import damage, draw_number
from soak.hostile.form import MIB, Form

_OPERATIONS = (
    *(
        "Gemm",
        "MatMul",
        "Add",
        "Mul",
        "Relu",
        "Sigmoid",
        "Tanh",
        "Softmax",
        "Identity",
        "Cast",
        "Neg",
        "Transpose",
        "Reshape",
        "Concat",
    ),
    *(
        "Flatten",
        "Clip",
        "Where",
        "Pow",
        "BatchNormalization",
        "LayerNormalization",
        "Constant",
        "Squeeze",
        "If",
        "Loop",
        "Gelu",
    ),
    *("ReduceMean", "Unsqueeze", "Sqrt", "Reciprocal", "ZipMap", "Scaler", "RandomNormal", "../x", ""),
)


@cache
def _write_graphs() -> list[bytes]:
    stacks: list[list[Any]] = [
        [Input(3), Dense(4, "relu"), Dense(2, "softmax")],
        [Input(4, scale=0.5), BatchNormalization(), Dense(3, "gelu"), LayerNormalization(), Dense(1, "mish")],
        [Input(2), Dense(3, "hard_sigmoid"), Dense(3, "elu"), Dense(2, "log_softmax")],
    ]
    return [onnx.make_model(nnfast.Sequential(stack, seed=1)).SerializeToString() for stack in stacks]


def make_onnx(rng: Random) -> bytes:
    from onnx import ModelProto

    content = rng.choice(_write_graphs())
    if rng.random() < 0.4:
        return damage(rng, content)
    model = ModelProto.FromString(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        _change_node(rng, model.graph) if rng.random() < 0.6 else _change_tensor(rng, model.graph)
    return bytes(model.SerializeToString())


def _change_node(rng: Random, graph: Any) -> None:
    from onnx import helper

    node, other = rng.choice(graph.node), rng.choice(graph.node)
    names = [name for node in graph.node for name in (*node.input, *node.output)]
    match rng.randrange(8):
        case 0:
            node.op_type = rng.choice(_OPERATIONS)
        case 1 if node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice((*names, "none", ""))
        case 2:
            node.output[0] = rng.choice((*names, ""))
        case 3:
            name, value = (
                rng.choice(("axis", "alpha", "to", "perm", "epsilon", "min", "value")),
                rng.choice((-1, 0, 7, 1e300, [0, 0], "x")),
            )
            node.attribute.append(helper.make_attribute(name, value))
        case 4:
            node.CopyFrom(other)
        case 5 if node.attribute:
            attribute = rng.choice(node.attribute)
            attribute.i, attribute.f, attribute.type = (
                draw_number(rng) - 2**63,
                rng.choice((float("nan"), 1e38, -1.0)),
                rng.randrange(12),
            )
        case 6:
            node.domain = rng.choice(("", "ai.onnx.ml", "com.microsoft"))
        case _:
            graph.node.remove(node) if len(graph.node) > 1 else node.Clear()


def _change_tensor(rng: Random, graph: Any) -> None:
    if not graph.initializer:
        return
    tensor = rng.choice(graph.initializer)
    match rng.randrange(6):
        case 0 if tensor.dims:
            tensor.dims[rng.randrange(len(tensor.dims))] = draw_number(rng) % 2**63 - rng.choice((0, 0, 2**62))
        case 1:
            tensor.data_type = rng.randrange(25)
        case 2:
            tensor.raw_data = tensor.raw_data[: rng.randrange(len(tensor.raw_data) + 1)]
        case 3:
            tensor.data_location = 1
            for key, value in (
                ("location", rng.choice(("../x", "/etc/passwd", "file.onnx.safetensors", ""))),
                ("length", str(draw_number(rng))),
            ):
                entry = tensor.external_data.add()
                entry.key, entry.value = key, value
        case 4:
            dim = rng.choice(graph.input).type.tensor_type.shape.dim.add()
            dim.dim_value = draw_number(rng) % 2**63
        case 5:
            tensor.name = rng.choice(graph.initializer).name


def is_right_onnx(_: bytes, model: nnfast.Sequential) -> bool:
    """Nothing tells damaged weights from others there, but it predicts."""
    n_features = model._get_built()[0].in_size
    return n_features > 10_000 or len(model.predict(np.zeros((2, n_features)), verbose=0)) == 2


def _allow(content: bytes) -> int:
    return 4 * MIB + 10 * len(content)


FORMS = {
    "onnx": Form(
        "ONNX",
        10_000,
        make_onnx,
        onnx.load,
        is_right_onnx,
        ModelFileError,
        allow=_allow,
        allowance="10 x file + 4 MiB, without protobuf's own",
    )
}
