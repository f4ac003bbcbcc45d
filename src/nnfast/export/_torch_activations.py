"""_torch_activations: which module of PyTorch does what an activation does."""

import dataclasses
from typing import Any, NamedTuple

from nnfast import activations
from nnfast.activations import ActivationFunction

_OF_ROWS = (("dim", (-1, 1, None)),)


class Row(NamedTuple):
    """An activation, the module, and the module's attributes."""

    activation: ActivationFunction
    module: str
    parameter: str = ""
    """What both call the activation's own number."""
    fixed: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """What other attributes may be; the first is what is written."""


ROWS = (
    Row(activations.Linear(), "Identity"),
    Row(activations.Sigmoid(), "Sigmoid"),
    Row(activations.Tanh(), "Tanh"),
    Row(activations.ReLU(), "ReLU"),
    Row(activations.LeakyReLU(), "LeakyReLU", "negative_slope"),
    Row(activations.ReLU6(), "ReLU6"),
    Row(activations.ELU(), "ELU", "alpha"),
    Row(activations.SELU(), "SELU"),
    Row(activations.CELU(), "CELU", "alpha"),
    Row(activations.GELU(), "GELU", fixed=(("approximate", ("none",)),)),
    Row(activations.GELU(approximate=True), "GELU", fixed=(("approximate", ("tanh",)),)),
    Row(activations.Softplus(), "Softplus", fixed=(("beta", (1,)), ("threshold", (20,)))),
    Row(activations.Softsign(), "Softsign"),
    Row(activations.SiLU(), "SiLU"),
    Row(activations.Mish(), "Mish"),
    Row(activations.HardSigmoid(), "Hardsigmoid"),
    Row(activations.HardTanh(), "Hardtanh", fixed=(("min_val", (-1,)), ("max_val", (1,)))),
    Row(activations.ReLU6(), "Hardtanh", fixed=(("min_val", (0,)), ("max_val", (6,)))),
    Row(activations.HardSwish(), "Hardswish"),
    Row(activations.Softmax(), "Softmax", fixed=_OF_ROWS),
    Row(activations.LogSoftmax(), "LogSoftmax", fixed=_OF_ROWS),
)


def read_activation(module: Any) -> ActivationFunction | None:
    """Return what a module does, None if it is none of these."""
    for row in ROWS:
        has_kind = type(module).__name__ == row.module
        if has_kind and all(getattr(module, name) in values for name, values in row.fixed):
            own = {row.parameter: getattr(module, row.parameter)} if row.parameter else {}
            return dataclasses.replace(row.activation, **own)
    return None


def make_activation(activation: ActivationFunction) -> Any:
    """Return a module that does it, None if PyTorch has none."""
    from torch import nn

    for row in ROWS:
        if type(row.activation) is type(activation) and (row.parameter or row.activation == activation):
            own = {row.parameter: getattr(activation, row.parameter)} if row.parameter else {}
            return getattr(nn, row.module)(**own, **{name: values[0] for name, values in row.fixed})
    return None
