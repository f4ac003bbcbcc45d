"""_onnx_activations: every activation in the words of ONNX, opset 17. Written by what writes, recognised by what reads.

A row takes `ops`, called as ``ops(operation, *inputs, **attributes)``, x, and the activation. What makes nodes of it
gives names of tensors back; `_expressions` gives formulas.
"""

import math
from collections.abc import Callable
from typing import Any

from nnfast import activations
from nnfast.activations import ActivationFunction

Ops = Callable[..., Any]
Row = Callable[[Ops, Any, Any], Any]

FLOAT32_ONLY = {"Elu", "Selu", "Celu", "Erf", "Softplus", "Softsign", "HardSigmoid", "HardSwish"}
"""Operations that ONNX Runtime has no float64 kernel of."""


def gelu(ops: Ops, x: Any, activation: Any) -> Any:
    """Return x Phi(x) in opset 17's operations; ``Gelu`` is one of opset 20."""
    if activation.approximate:
        cubic = ops("Add", x, ops("Mul", ops("Mul", ops("Mul", x, x), x), 0.044715))
        part = ops("Tanh", ops("Mul", cubic, math.sqrt(2 / math.pi)))
    else:
        part = ops("Erf", ops("Mul", x, math.sqrt(0.5)))
    return ops("Mul", ops("Mul", x, 0.5), ops("Add", part, 1.0))


def mish(ops: Ops, x: Any, _: Any) -> Any:
    """Return x tanh(softplus(x)); ``Mish`` is one of opset 18."""
    return ops("Mul", x, ops("Tanh", ops("Softplus", x)))


ROWS: dict[type[ActivationFunction], Row] = {
    activations.Linear: lambda _, x, __: x,
    activations.Sigmoid: lambda ops, x, _: ops("Sigmoid", x),
    activations.Tanh: lambda ops, x, _: ops("Tanh", x),
    activations.ReLU: lambda ops, x, _: ops("Relu", x),
    activations.LeakyReLU: lambda ops, x, f: ops("LeakyRelu", x, alpha=f.negative_slope),
    activations.ReLU6: lambda ops, x, _: ops("Clip", x, 0.0, 6.0),
    activations.ELU: lambda ops, x, f: ops("Elu", x, alpha=f.alpha),
    activations.SELU: lambda ops, x, _: ops("Selu", x),
    activations.CELU: lambda ops, x, f: ops("Celu", x, alpha=f.alpha),
    activations.GELU: gelu,
    activations.Softplus: lambda ops, x, _: ops("Softplus", x),
    activations.Softsign: lambda ops, x, _: ops("Softsign", x),
    activations.SiLU: lambda ops, x, _: ops("Mul", x, ops("Sigmoid", x)),
    activations.Mish: mish,
    activations.HardSigmoid: lambda ops, x, _: ops("HardSigmoid", x, alpha=1 / 6, beta=0.5),
    activations.HardTanh: lambda ops, x, _: ops("Clip", x, -1.0, 1.0),
    activations.HardSwish: lambda ops, x, _: ops("HardSwish", x),
    activations.Exponential: lambda ops, x, _: ops("Exp", x),
    activations.BinaryStep: lambda ops, x, _: ops("Relu", ops("Sign", x)),
    activations.Sign: lambda ops, x, _: ops("Sign", x),
    activations.Softmax: lambda ops, x, _: ops("Softmax", x, axis=-1),
    activations.LogSoftmax: lambda ops, x, _: ops("LogSoftmax", x, axis=-1),
}


def _divide_exponentials(ops: Ops, x: Any, _: Any) -> Any:
    exponentials = ops("Exp", ops("Sub", x, ops("ReduceMax", x, axes=(-1,))))
    return ops("Div", exponentials, ops("ReduceSum", exponentials, axes=(-1,)))


OTHER_FORMS: tuple[tuple[ActivationFunction, Row], ...] = (
    # PyTorch's is linear above 20, where the difference is below what a float32 can hold.
    (
        activations.Softplus(),
        lambda ops, x, _: ops("Where", ops("Greater", x, 20.0), x, ops("Softplus", x)),
    ),
    (activations.Sigmoid(), lambda ops, x, _: ops("Reciprocal", ops("Add", ops("Exp", ops("Neg", x)), 1.0))),
    (activations.Softmax(), _divide_exponentials),
)
"""What others write for the same."""
