"""ONNX graphs made by hand: every form of an operation is read, all else is refused by the name of the node."""

import contextlib

import numpy as np
import pytest
from random_models import measure_error

from nnfast import Sequential
from nnfast.exceptions import ModelFileError
from nnfast.export.onnx import load
from nnfast.layers import Activation, Dense, Dropout, Input, Rescaling

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def write(path, nodes, constants=(), *, shape=("n", 3), outputs=("y",), kind=TensorProto.FLOAT, opset=17):
    ends = [helper.make_tensor_value_info("x", kind, shape)]
    results = [helper.make_tensor_value_info(name, kind, ["rows", "columns"]) for name in outputs]
    tensors = [numpy_helper.from_array(np.asarray(values), name) for name, values in dict(constants).items()]
    graph = helper.make_graph(nodes, "g", ends, results, tensors)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("others", 1)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    return path


def node(operation, inputs, output="y", **attributes):
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(operation, names, output.split(), **attributes)


W = np.arange(12, dtype="float32").reshape(3, 4) / 10 - 0.5
B = np.array([0.5, -1, 0.25, 2], "float32")
CAST_BACK = [node("Cast", "a", "b", to=TensorProto.FLOAT)]
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")


def run(path):
    return onnxruntime.InferenceSession(path).run(None, {"x": X})[0]


@pytest.mark.parametrize(
    ("nodes", "constants", "layers"),
    [
        ([node("Gemm", "x w b", transB=0, alpha=0.5, beta=2.0)], {"w": W, "b": B}, "Dense"),
        ([node("Gemm", "x w b", transB=1)], {"w": W.T.copy(), "b": B[:1]}, "Dense"),
        ([node("MatMul", "x w", "a"), node("Add", "b a")], {"w": W, "b": B}, "Dense"),
        ([node("MatMul", "x w", "a"), node("Sub", "a b", "s"), node("Neg", "s")], {"w": W, "b": B[None]}, "Dense"),
        ([node("Transpose", "v", "w"), node("MatMul", "x w")], {"v": W.T.copy()}, "Dense"),
        (
            [node("Mul", "x c", "a"), node("Relu", "a", "r"), node("Mul", "r c", "s"), node("Tanh", "s")],
            {"c": np.float32(0.5)},
            "Rescaling Activation Rescaling Activation",
        ),
        ([node("Sub", "x m", "a"), node("Div", "a b")], {"m": B[:3], "b": abs(B[:3])}, "Normalization"),
        (
            [node("Neg", "x", "a"), node("Clip", "a low high", "b"), node("Neg", "b")],
            {"low": np.float32(-6), "high": np.float32(0)},
            "Activation",
        ),
        ([node("Clip", "x low high")], {"low": np.float32(0), "high": np.float32(6)}, "Activation"),
        (
            [node("Clip", "x - one", "a"), node("Clip", "a minus")],
            {"one": np.float32(1), "minus": np.float32(-1)},
            "Activation",
        ),
        (
            [
                *(node("ReduceMean", "x", "m", axes=[1]), node("Sub", "x m", "a"), node("Mul", "a a", "b")),
                *(node("ReduceMean", "b", "v", axes=[-1]), node("Add", "v e", "c"), node("Sqrt", "c", "d")),
                *(node("Div", "a d", "f"), node("Mul", "g f", "h"), node("Add", "h one")),
            ],
            {"e": np.float32(1e-3), "g": B[:3], "one": np.float32(1)},
            "LayerNormalization",
        ),
        (
            [node("Max", "minus x", "a"), node("Min", "a one")],
            {"one": np.float32(1), "minus": np.float32(-1)},
            "Activation",
        ),
        (
            [
                *(node("ReduceMax", "x", "m", axes=[1]), node("Sub", "x m", "a"), node("Exp", "a", "e")),
                *(node("ReduceSum", "e last", "s"), node("Div", "e s")),
            ],
            {"last": np.array([-1])},
            "Activation",
        ),
        (
            [node("Min", "high x", "a"), node("Max", "a low")],
            {"low": np.float32(-1), "high": np.float32(1)},
            "Activation",
        ),
        ([node("Dropout", "x", "a"), node("Identity", "a", "b"), node("Sigmoid", "b")], {}, "Activation"),
        (
            [node("Sigmoid", "x", "a"), node("Mul", "a x", "s"), node("Relu", "s", "r"), node("Exp", "r")],
            {},
            "Activation Activation Activation",
        ),
        (
            [
                node("Add", "x three", "a"),
                node("Clip", "a zero six", "b"),
                node("Mul", "x b", "c"),
                node("Div", "c six"),
            ],
            {"three": np.float32(3), "zero": np.float32(0), "six": np.float32(6)},
            "Activation",
        ),
        (
            [node("Neg", "x", "a"), node("Exp", "a", "b"), node("Add", "b i", "c"), node("Div", "i c")],
            {"i": np.float32(1)},
            "Activation",
        ),
        ([node("LayerNormalization", "x g")], {"g": abs(B[:3])}, "LayerNormalization"),
        (
            [
                *(node("Shape", "x", "a"), node("Gather", "a zero", "b"), node("Concat", "b minus", "c", axis=0)),
                *(node("Reshape", "x c", "d"), node("MatMul", "d w")),
            ],
            {"zero": np.array([0]), "minus": np.array([-1]), "w": W},
            "Dense",
        ),
    ],
)
def test_forms(nodes, constants, layers, tmp_path):
    path = write(tmp_path / "m.onnx", nodes, constants)
    model = load(path)
    assert measure_error(model.predict(X), run(path), X) <= 2e-6
    assert " ".join(type(layer).__name__ for layer in model.layers) == layers


def test_choice_of_outputs(tmp_path):
    nodes = [node("Tanh", "x", "a"), node("Relu", "a", "b")]
    path = write(tmp_path / "m.onnx", nodes, outputs=("a", "b"))
    with pytest.raises(ModelFileError, match=r"expected one output of .*, received \['a', 'b'\]"):
        load(path)
    with pytest.raises(ValueError, match=r"output: expected one of \['a', 'b'\], received 'c'"):
        load(path, output="c")
    assert measure_error(load(path, output="a").predict(X), np.tanh(X), X) <= 2e-6
    assert [type(layer) for layer in load(path, output="b").layers] == [Activation, Activation]


@pytest.mark.parametrize(
    ("nodes", "constants", "options", "message"),
    [
        ([node("Sin", "x")], {}, {}, r"node 'y' \(Sin\): expected one of Abs, Add, .*, received ai.onnx Sin"),
        (
            [node("Tanh", "x", "a"), node("Add", "a x")],
            {},
            {},
            r"node 'y' \(Add\): expected an activation .*, received the formula 1 Tanh\(1\*x\) \+ 1 x",
        ),
        (
            [node("MatMul", "x w", "a"), node("MatMul", "a w")],
            {"w": W},
            {},
            r"weights: expected a matrix for 4 features, received \(3, 4\)",
        ),
        (
            [node("MatMul", "x x")],
            {},
            {},
            r"node 'y' \(MatMul\): expected numbers that are in the file as input 1, received none",
        ),
        (
            [node("MatMul", "x w", "a"), node("Add", "a x")],
            {"w": W[:, :3]},
            {},
            "received something that goes around a layer",
        ),
        ([node("Gemm", "x w", transA=1)], {"w": W}, {}, "expected rows times a matrix, received transA=1"),
        (
            [node("Gemm", "x w b")],
            {"w": W, "b": np.ones((8, 4), "float32")},
            {},
            r"expected 4 biases, received those of shape \(8, 4\)",
        ),
        ([node("Softmax", "x", axis=0)], {}, {}, "Softmax along another axis"),
        (
            [node("Add", "c r", "w"), node("MatMul", "x w")],
            {"c": np.ones((3, 1), "float32"), "r": np.ones((1, 3), "float32")},
            {},
            r"node 'w' \(Add\): expected constants that go together, received shapes \(3, 1\) and \(1, 3\)",
        ),
        (
            [node("Gemm", "x w b")],
            {"w": W, "b": np.ones((4, 1), "float32")},
            {},
            r"expected 4 biases, received those of shape \(4, 1\)",
        ),
        (
            [node("Cast", "x", "a", to=TensorProto.INT32), *CAST_BACK, node("MatMul", "b w")],
            {"w": W},
            {},
            r"node 'a' \(Cast\): expected one of .*, Cast to floats, .*, received ai.onnx Cast",
        ),
        (
            [node("Identity", "x", "a", domain="others"), node("MatMul", "a w")],
            {"w": W},
            {},
            r"node 'a' \(Identity\): expected one of .*, received others Identity",
        ),
        (
            [node("Add", "c c", "a", domain="others"), node("MatMul", "x w", "b"), node("Mul", "a b")],
            {"c": B, "w": W},
            {},
            r"node 'a' \(Add\): expected one of .*, received others Add",
        ),
        (
            [node("LayerNormalization", "x g", "a m"), node("MatMul", "m w")],
            {"g": B[:3], "w": W[:1]},
            {},
            "expected a tensor 'm', received none of that name",
        ),
        (
            [node("MatMul", "x w", "a"), node("Reshape", "a s")],
            {"w": W, "s": np.array([-1, 2])},
            {},
            "Reshape: expected rows of 4 features, received 2",
        ),
        (
            [node("Reshape", "x s", "a"), node("MatMul", "a w")],
            {"w": W, "s": np.array([-1, 3])},
            {"shape": ("n", 2, 3)},
            "Reshape: expected rows of 6 features, received 3",
        ),
        ([node("Div", "x zero")], {"zero": np.float32(0)}, {}, "expected a finite number .*, received inf"),
        ([node("Sqrt", "minus", "a"), node("Mul", "x a")], {"minus": np.float32(-1)}, {}, "received nan"),
        ([node("Identity", "x")], {}, {}, "output: expected what a layer computes, received the input"),
        ([node("Mul", "x two")], {"two": np.float32(2)}, {}, "received the input, or a multiple of it"),
        ([node("ReduceMax", "x")], {}, {}, "ReduceMax along another axis"),
        ([node("ReduceSum", "x zero")], {"zero": np.array([0])}, {}, "ReduceSum along another axis"),
        ([node("Clip", "x - one")], {"one": np.float32(1)}, {}, r"the formula 1 Clip\(1\*x,-inf,1\)"),
        ([node("Mul", "x c")], {"c": np.array([1, -1, 2], "float32")}, {}, "expected positive factors"),
        ([node("Mul", "x c")], {"c": np.ones((8, 1), "float32")}, {}, r"a constant of shape \(8, 1\)"),
        (
            [node("Clip", "x high low")],
            {"low": np.float32(0), "high": np.float32(6)},
            {},
            "between two numbers of which the first is larger",
        ),
        ([node("Clip", "x low")], {"low": np.float32(-5)}, {}, r"the formula 1 Clip\(1\*x,-5,inf\)"),
        ([node("Pow", "x c")], {"c": np.float32(0.5)}, {}, "a power other than 2 or 3"),
        ([node("Tanh", "x")], {}, {"shape": ("n", "m")}, "expected a number of features, received none"),
        ([node("Tanh", "x")], {}, {"shape": ("n", 2, 3)}, r"expected rows of features, received shape \(2, 3\)"),
        (
            [node("BatchNormalization", "x w w w w", "y p q", training_mode=1)],
            {"w": B[:3]},
            {},
            "expected training_mode=0",
        ),
        ([node("Constant", "", "y", value_float=1.0)], {}, {}, "Constant"),
    ],
)
def test_what_is_refused(nodes, constants, options, message, tmp_path):
    path = write(tmp_path / "m.onnx", nodes, constants, **options)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("operation", "received"), [("Mul", "more factors"), ("Add", "more operations")])
def test_formulas_that_grow_are_refused(operation, received, tmp_path):
    """A power of 2^40, and a text of 2^40 characters."""
    nodes = [node("Tanh", "x", "t0")]
    for i in range(40):
        second = f"t{i}" if operation == "Mul" else f"s{i}"
        nodes += [node("Tanh", f"t{i}", f"s{i}"), node(operation, f"t{i} {second}", f"t{i + 1}")]
    path = write(tmp_path / "m.onnx", nodes, outputs=("t40",))
    with pytest.raises(ModelFileError, match=f"{received} than activations have"):
        load(path)


def test_texts_that_grow_are_refused(tmp_path):
    """A text of 2^40 characters."""
    nodes = [node("Add", f"s{i} s{i}", f"s{i + 1}") for i in range(40)]
    path = write(tmp_path / "m.onnx", [node("Constant", "", "s0", value_string="ab"), *nodes, node("Add", "x s40")])
    with pytest.raises(ModelFileError, match="could not convert string to float"):
        load(path)


@pytest.mark.parametrize(("operation", "n_nodes", "n_layers"), [("Identity", 20000, 1), ("Tanh", 100, 101)])
def test_long_chains(operation, n_nodes, n_layers, tmp_path):
    """In a time that grows with their length, not with its square."""
    nodes = [node(operation, f"t{i}", f"t{i + 1}") for i in range(1, n_nodes)]
    path = write(tmp_path / "m.onnx", [node(operation, "x", "t1"), *nodes, node("Tanh", f"t{n_nodes}")])
    assert [type(layer) for layer in load(path).layers] == [Activation] * n_layers


def test_operations_of_the_first_opsets_are_refused(tmp_path):
    """A Reshape whose shape is an attribute."""
    path = write(tmp_path / "m.onnx", [node("Reshape", "x", "a", shape=[-1, 3]), node("Tanh", "a")], opset=1)
    with pytest.raises(ModelFileError, match="expected a graph as of opset 6 or later"):
        load(path)


def test_types_that_there_are_not(tmp_path):
    path = write(tmp_path / "m.onnx", [node("MatMul", "x w")], {"w": W})
    proto = onnx.load(path)
    proto.graph.initializer[0].data_type = 99
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(ModelFileError, match=r"received KeyError\(99\)"):
        load(path)


def test_constants_that_are_cast(tmp_path):
    """Rounded where ONNX Runtime rounds."""
    casts = [node("Cast", "c", "a", to=TensorProto.INT32), *CAST_BACK]
    path = write(tmp_path / "m.onnx", [*casts, node("Mul", "x b", "d"), node("Tanh", "d")], {"c": np.float32(1.7)})
    assert measure_error(load(path).predict(X), run(path), X) <= 2e-6


def test_float64_of_normalizations_alone(tmp_path):
    nodes = [node("LayerNormalization", "x g")]
    path = write(tmp_path / "m.onnx", nodes, {"g": np.ones(3)}, kind=TensorProto.DOUBLE)
    assert load(path).dtype == "float64"


def test_no_onnx_file(tmp_path):
    path = tmp_path / "m.onnx"
    with pytest.raises(FileNotFoundError):
        load(path)
    for content in (b"", b"no graph at all", bytes(range(256))):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match="expected an ONNX graph"):
            load(path)


def test_every_byte_cut_off_or_changed(rng, tmp_path):
    """Nothing but an error that names the file, or a model."""
    model = Sequential([Input(3), Rescaling(0.5), Dense(4, "gelu"), Dropout(0.1), Dense(2)], seed=0)
    model.export(tmp_path / "m.onnx")
    content = (tmp_path / "m.onnx").read_bytes()
    for _ in range(300):
        damaged = bytearray(content[: rng.integers(1, len(content))] if rng.integers(4) == 0 else content)
        damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
        (tmp_path / "d.onnx").write_bytes(damaged)
        with contextlib.suppress(ModelFileError):
            assert isinstance(load(tmp_path / "d.onnx"), Sequential)
