"""ONNX Runtime: one Gemm a layer, input and output bound to arrays once."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.workloads import Data, PredictTask

OPERATORS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "softmax": "Softmax"}


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: PredictTask, data: Data, n_threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
        session = onnxruntime.InferenceSession(
            make_model(task, data).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.x, self.out = data.x, np.empty((task.n_rows, task.net.sizes[-1]), np.float32)
        self.binding = session.io_binding()
        for bind, name, array in (
            (self.binding.bind_input, "x", self.x),
            (self.binding.bind_output, "y", self.out),
        ):
            bind(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
        self.call = session.run_with_iobinding

    def run(self, n: int, shuffle: bool) -> None:
        del shuffle
        for _ in range(n):
            self.call(self.binding)

    def get_results(self) -> list[np.ndarray]:
        return [self.out]

    @staticmethod
    def describe() -> str:
        return f"ONNX Runtime {onnxruntime.__version__}"


def make_model(task: PredictTask, data: Data) -> onnx.ModelProto:
    nodes, below = [], "x"
    for layer, name in enumerate(task.net.activations):
        z = f"z{layer}"
        nodes.append(helper.make_node("Gemm", [below, f"w{2 * layer}", f"w{2 * layer + 1}"], [z]))
        below = z
        if name in OPERATORS:
            below = f"h{layer}"
            nodes.append(helper.make_node(OPERATORS[name], [z], [below]))
    nodes.append(helper.make_node("Identity", [below], ["y"]))
    sizes = task.net.sizes
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [task.n_rows, size])
        for name, size in (("x", sizes[0]), ("y", sizes[-1]))
    )
    weights = [numpy_helper.from_array(array, f"w{i}") for i, array in enumerate(data.weights)]
    graph = helper.make_graph(nodes, task.name, [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
