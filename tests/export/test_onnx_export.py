"""ONNX files we write: ONNX Runtime computes from them what we compute, and they are as other programs expect."""

import numpy as np
import pytest
from random_models import ACTIVATIONS, STEPS, draw_model, measure_error

import nnfast
from nnfast import Sequential, activations
from nnfast.exceptions import NotReadyError
from nnfast.export import _onnx_activations
from nnfast.export.onnx import make_model
from nnfast.layers import Activation, BatchNormalization, Dense, Dropout, Input, LayerNormalization, Rescaling

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

N_NETS = 1000
ALLOWED = 2e-6
TINY = 1e-12


def run(proto, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    dtype = {"tensor(float)": "float32", "tensor(double)": "float64"}[session.get_inputs()[0].type]
    return session.run(None, {"input": x.astype(dtype)})[0]


def test_random_nets(rng):
    """Differences relative to the largest number that a net takes or gives, see `measure_error`."""
    for _ in range(N_NETS):
        model = draw_model(rng)
        x = rng.normal(size=(10, model._in_size)).astype("float32")
        assert measure_error(run(make_model(model), x), model.predict(x), x) <= ALLOWED, model


def test_every_activation_has_a_row():
    assert set(_onnx_activations.ROWS) == set(activations.CATALOGUE.by_class_name.values())


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_every_activation(activation, dtype, rng):
    """Alone, from -8 to 8, and behind weighted sums."""
    x = np.linspace(-8, 8, 3000).reshape(-1, 3).astype(dtype)
    alone = Sequential([Input(3), Activation(activation)], dtype=dtype)
    assert measure_error(run(make_model(alone), x), alone.predict(x), x) <= ALLOWED
    model = draw_model(rng, last=activation, dtype=dtype)
    x = rng.normal(size=(10, model._in_size)).astype(dtype)
    assert measure_error(run(make_model(model), x), model.predict(x), x) <= ALLOWED


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_float64_where_there_are_kernels(activation, rng):
    model = draw_model(rng, last=activation, dtype="float64", layers=lambda rng, size: [Dense(size, "tanh")])
    proto = make_model(model)
    x = rng.normal(size=(10, model._in_size))
    is_single = bool(_onnx_activations.FLOAT32_ONLY & {node.op_type for node in proto.graph.node})
    result = run(proto, x)
    assert result.dtype == ("float32" if is_single else "float64")
    if not is_single and activation not in STEPS and not hasattr(activation, "negative_slope"):
        assert measure_error(result, model.predict(x), x) <= TINY


@pytest.mark.parametrize("operation", sorted(_onnx_activations.FLOAT32_ONLY))
def test_what_has_no_float64_kernel(operation):
    """As soon as ONNX Runtime has one, the list is to be shorter."""
    helper = onnx.helper
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, ["n", 2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node(operation, ["x"], ["y"])], "g", ends[:1], ends[1:])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(Exception, match=r"NOT_IMPLEMENTED|INVALID_GRAPH"):
        onnxruntime.InferenceSession(proto.SerializeToString())


def test_graph():
    layers = [Input(3, scale=0.5), Rescaling(2.0, 1.0), Dense(4, "relu"), Dropout(0.5), Dense(2, use_bias=False)]
    model = Sequential([*layers, BatchNormalization(), LayerNormalization(scale=False)], seed=0, name="net")
    proto = make_model(model)
    onnx.checker.check_model(proto, full_check=True)
    assert [(entry.domain, entry.version) for entry in proto.opset_import] == [("", 17)]
    assert (proto.ir_version, proto.producer_name, proto.producer_version) == (8, "nnfast", nnfast.__version__)
    operations = ["Add", "Gemm", "Relu", "Gemm", "BatchNormalization", "LayerNormalization"]
    assert [node.op_type for node in proto.graph.node] == operations  # the two scales cancel out
    gemm = proto.graph.node[1]
    assert onnx.helper.get_node_attr_value(gemm, "transB") == 1
    assert list(gemm.input)[1:] == ["1.weight", "1.bias"]
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    np.testing.assert_array_equal(values[gemm.input[1]], model.get_weights()[0].T)
    [source], [result] = proto.graph.input, proto.graph.output
    shapes = [[d.dim_param or d.dim_value for d in end.type.tensor_type.shape.dim] for end in (source, result)]
    assert (source.name, result.name, shapes) == ("input", "output", [["batch", 3], ["batch", 2]])


@pytest.mark.parametrize("n_rows", [1, 2, 7])
def test_any_number_of_rows(n_rows, rng):
    model = draw_model(rng)
    x = rng.normal(size=(n_rows, model._in_size)).astype("float32")
    assert run(make_model(model), x).shape == model.predict(x).shape


def test_pixels(rng):
    model = Sequential([Input((4, 4), scale=1 / 255), Dense(3, "softmax")], seed=0)
    x = rng.integers(0, 256, (10, 16)).astype("uint8")
    np.testing.assert_allclose(run(make_model(model), x), model.predict(x), rtol=ALLOWED)


def test_same_model_same_file(tmp_path):
    for name in ("a.onnx", "b.onnx"):
        Sequential([Input(3), Dense(4, "gelu"), Dense(2)], seed=1).export(tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_model_that_only_drops(rng):
    x = rng.normal(size=(4, 3)).astype("float32")
    np.testing.assert_array_equal(run(make_model(Sequential([Input(3), Dropout(0.5)])), x), x)


def test_model_without_weights():
    with pytest.raises(NotReadyError, match="expected an Input"):
        make_model(Sequential([Dense(3)]))
