"""Graphs that would cost much, and weights in other files."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnfast.exceptions import ModelFileError
from nnfast.export import onnx


def write(path, nodes, *weights):
    names = ["x", *(f"t{i}" for i in range(len(nodes) - 1)), "y"]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"]
    made = [
        helper.make_node(kind, [source, *others], [name])
        for (kind, *others), source, name in zip(nodes, names, names[1:], strict=False)
    ]
    graph = helper.make_graph(made, "g", values[:1], values[1:], list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return model


def move_out(tensor, location, length=36):
    """Say that a tensor is in another file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


KERNEL = np.arange(9, dtype=np.float32).reshape(3, 3)


def test_weights_beside_it(tmp_path):
    tensor = numpy_helper.from_array(KERNEL, "w")
    move_out(tensor, "m.data")
    (tmp_path / "m.data").write_bytes(KERNEL.tobytes())
    write(tmp_path / "m.onnx", [("MatMul", "w")], tensor)
    np.testing.assert_array_equal(onnx.load(tmp_path / "m.onnx").get_weights()[0], KERNEL)


@pytest.mark.parametrize("location", ["../m.data", "/etc/passwd", "none", "", ".", "link", "folder"])
def test_weights_elsewhere(tmp_path, location):
    (tmp_path / "folder").mkdir()
    (tmp_path.parent / "m.data").write_bytes(KERNEL.tobytes())
    (tmp_path / "link").symlink_to(tmp_path.parent / "m.data")
    tensor = numpy_helper.from_array(KERNEL, "w")
    move_out(tensor, location)
    write(tmp_path / "m.onnx", [("MatMul", "w")], tensor)
    with pytest.raises(ModelFileError, match="which is no file beside it"):
        onnx.load(tmp_path / "m.onnx")


def test_weights_that_claim_the_same_bytes(tmp_path):
    tensors = [numpy_helper.from_array(KERNEL, name) for name in "vw"]
    for tensor in tensors:
        move_out(tensor, "m.data")
    (tmp_path / "m.data").write_bytes(KERNEL.tobytes())
    write(tmp_path / "m.onnx", [("MatMul", "v"), ("MatMul", "w")], *tensors)
    with pytest.raises(ModelFileError, match="72 bytes of weights in files of 36"):
        onnx.load(tmp_path / "m.onnx")


def test_constants_of_nodes_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.data").write_bytes(KERNEL.tobytes())
    model = write(tmp_path / "m.onnx", [("MatMul", "w")])
    tensor = numpy_helper.from_array(KERNEL, "w")
    move_out(tensor, "m.data")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=tensor))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match="a constant of a node that is in another file"):
        onnx.load(tmp_path / "m.onnx")


def test_constants_that_are_made_again_and_again(tmp_path):
    big = numpy_helper.from_array(np.zeros(2**17, np.float32), "c0")
    model = write(tmp_path / "m.onnx", [("Relu",)], big)
    for i in range(20):
        model.graph.node.insert(i, helper.make_node("Neg", [f"c{i}"], [f"c{i + 1}"]))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match=r"node 'c7' \(Neg\): expected at most 3145728 bytes made of constants"):
        onnx.load(tmp_path / "m.onnx")


def test_chains_without_end(tmp_path):
    write(tmp_path / "m.onnx", [("Sigmoid",)] * 400)
    with pytest.raises(ModelFileError, match="expected layers between activations, received a long chain"):
        onnx.load(tmp_path / "m.onnx")


def test_a_shape_of_infinity(tmp_path):
    shape = numpy_helper.from_array(np.array([np.inf]), "s")
    write(tmp_path / "m.onnx", [("Relu",)], numpy_helper.from_array(KERNEL, "w"), shape)
    model = write(tmp_path / "m.onnx", [("MatMul", "v")], numpy_helper.from_array(KERNEL, "w"), shape)
    model.graph.node.insert(0, helper.make_node("Reshape", ["w", "s"], ["v"]))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match="expected constants that go together"):
        onnx.load(tmp_path / "m.onnx")
