"""_lowering: the one translator from the user's words to the plain spec the core takes.

What is fused here: scaling of the input (``Input(scale=)`` and leading `Rescaling` layers) into the reading of rows, an
`Activation` behind a linear `Dense` into that layer, and softmax or sigmoid with its cross-entropy into one loss.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast import _core, _validation
from nnfast._core import LayerSpec, LossSpec, StepOptions
from nnfast._reporting import Outcome, Reports, lower_metrics
from nnfast.exceptions import NotReadyError
from nnfast.initializers import Initializer
from nnfast.layers import Activation, Dense, Dropout, Input, Layer, Rescaling, name_layers
from nnfast.losses import Loss
from nnfast.metrics import Metric
from nnfast.optimizers import Optimizer
from nnfast.regularizers import Regularizer
from nnfast.schedules import compute_rate, compute_rates

_REDUCTIONS: dict[str, Literal["mean", "sum", "weighted_mean"]] = {
    "sum_over_batch_size": "mean",
    "mean": "mean",
    "sum": "sum",
    "mean_with_sample_weight": "weighted_mean",
}


class Parameter(NamedTuple):
    """A kernel or a bias: where the core keeps it, its shape, and how it starts."""

    layer: int
    name: Literal["weights", "bias"]
    shape: tuple[int, ...]
    initializer: Initializer
    stream: int
    """Keys its first values beside the seed: 2 i for the kernel of the i-th Dense layer, 2 i + 1 for its bias."""


@dataclass(frozen=True)
class Plan:
    """A stack of layers as the core takes it."""

    in_size: int
    out_size: int
    in_scale: float
    in_offset: float
    specs: tuple[LayerSpec, ...]
    parameters: tuple[Parameter, ...]
    """In the order of ``get_weights``."""
    names: tuple[str, ...]
    """Of the layers behind the specs."""

    def make_network(self, dtype: str) -> _core.Network:
        """Make the core's network; its parameters are 0."""
        return _core.Network(dtype, self.in_size, self.in_scale, self.in_offset, self.specs)


@dataclass(frozen=True)
class Objective:
    """A loss and metrics as the core takes them."""

    loss: LossSpec
    reports: Reports
    n_outputs: int
    takes_labels: bool
    takes_probabilities: bool
    is_sum: bool

    @property
    def most_weights(self) -> int:
        """The number of weights that a row may have: one an output if the loss is made of single outputs."""
        return self.n_outputs if self.loss.name in _core.ELEMENT_LOSSES else 1

    def make_logs(self, stats: _core.Stats, outcome: Outcome | None = None) -> dict[str, float]:
        """Return loss and metrics of the rows that `stats` summed up."""
        n = 1 if self.is_sum else stats.weight if self.loss.reduction == "weighted_mean" else stats.n_rows
        loss = stats.loss / n + stats.penalty / stats.n_rows if n else 0.0
        return {"loss": float(loss), **self.reports.measure(stats, outcome)}


def lower_layers(layers: Sequence[Layer], in_size: int) -> Plan:
    """Translate a stack; an `Input`, if there is one, stands first."""
    source = layers[0] if layers and isinstance(layers[0], Input) else Input(in_size)
    scale, offset = source.scale, source.offset
    stack = [layer for layer in layers if layer is not source]
    specs: list[LayerSpec] = []
    names: list[str] = []
    for layer, name in zip(stack, name_layers(stack), strict=True):
        if isinstance(layer, Rescaling) and not specs:
            scale, offset = scale * layer.scale, offset * layer.scale + layer.offset
        elif isinstance(layer, Activation) and specs and _is_linear_dense(specs[-1]):
            specs[-1] = specs[-1]._replace(**_activation_fields(layer))
        else:
            specs.append(_lower_layer(layer))
            names.append(name)
    if not specs:
        raise NotReadyError(f"model: expected a layer that computes, received {len(layers)} layers; use add() first")
    dense = [layer for layer in stack if isinstance(layer, Dense)]
    parameters = tuple(_list_parameters(dense, specs, in_size))
    out_size = dense[-1].units if dense else in_size
    return Plan(in_size, out_size, scale, offset, tuple(specs), parameters, tuple(names))


def lower_weights(weights: Any, plan: Plan, dtype: str) -> list[NDArray[Any]]:
    """Return the values as the core takes them."""
    if not isinstance(weights, list | tuple) or len(weights) != len(plan.parameters):
        received = len(weights) if isinstance(weights, list | tuple) else type(weights).__name__
        raise ValueError(f"weights: expected a list of {len(plan.parameters)} arrays, received {received}")
    arrays = []
    for place, (values, parameter) in enumerate(zip(weights, plan.parameters, strict=True)):
        array = np.asarray(values)
        if array.shape != parameter.shape or array.dtype.kind not in "fiub":
            received = f"{array.dtype} of shape {array.shape}"
            raise ValueError(f"weights[{place}]: expected numbers of shape {parameter.shape}, received {received}")
        arrays.append(np.ascontiguousarray(array, dtype))
    return arrays


def lower_objective(loss: Loss, metrics: tuple[Sequence[Metric], Sequence[Metric]], plan: Plan) -> Objective:
    """Translate what is to be made small and what is to be reported (plain, weighted), for the outputs of `plan`."""
    if loss.fuses_with == "softmax" and plan.out_size < 2:
        raise ValueError(
            f"loss: expected at least 2 outputs for {loss.names[0]}, received a last layer with {plan.out_size}; for "
            "two classes use binary_crossentropy with a sigmoid, or two outputs"
        )
    return Objective(
        loss=LossSpec(_choose_loss(loss, plan.specs[-1]), loss.parameters, _REDUCTIONS[loss.reduction]),
        reports=lower_metrics(*metrics, loss, plan.out_size),
        n_outputs=plan.out_size,
        takes_labels=loss.takes_labels,
        takes_probabilities=loss.takes_probabilities,
        is_sum=loss.is_sum,
    )


def lower_optimizer(optimizer: Optimizer, n_batches: int = 0) -> tuple[str, tuple[float, ...]]:
    """Return the core's rule and its hyperparameters, for the step that comes after so many batches."""
    _, names = _core.OPTIMIZERS[optimizer.rule]
    rate = compute_rate(optimizer.learning_rate, _count_steps(optimizer, n_batches))
    return optimizer.rule, (rate, *(float(getattr(optimizer, name)) for name in names[1:]))


def lower_rates(optimizer: Optimizer, n_batches: int, n_new: int) -> NDArray[np.float64] | None:
    """Return the rates of the steps after `n_batches` batches, enough for `n_new`; None if they are one number."""
    if isinstance(optimizer.learning_rate, float):
        return None
    step = _count_steps(optimizer, n_batches)
    return compute_rates(optimizer.learning_rate, np.arange(step, step + n_new))


def _count_steps(optimizer: Optimizer, n_batches: int) -> int:
    """Return the number of steps that so many batches made."""
    return n_batches // (optimizer.gradient_accumulation_steps or 1)


def make_state(network: _core.Network, optimizer: Optimizer) -> _core.Optimizer:
    """Make what the core keeps of an optimizer for a network; nothing is in it."""
    return _core.Optimizer(
        network, *lower_optimizer(optimizer), optimizer.weight_decay or 0.0, lower_options(optimizer)
    )


def lower_options(optimizer: Optimizer) -> StepOptions:
    """Return what the core does beside the rule."""
    return StepOptions(
        clip_value=optimizer.clipvalue or 0.0,
        clip_norm=optimizer.clipnorm or 0.0,
        clip_global_norm=optimizer.global_clipnorm or 0.0,
        n_batches=optimizer.gradient_accumulation_steps or 1,
        use_average=optimizer.use_ema,
        average_momentum=optimizer.ema_momentum,
        overwrite_interval=optimizer.ema_overwrite_frequency or 0,
    )


def count_slots(optimizer: Optimizer) -> int:
    """Return how many state arrays the optimizer keeps for a parameter."""
    n_slots, _ = _core.OPTIMIZERS[optimizer.rule]
    return n_slots + (optimizer.gradient_accumulation_steps is not None) + optimizer.use_ema


def _lower_layer(layer: Layer) -> LayerSpec:
    match layer:
        case Dense():
            return LayerSpec(
                "dense",
                out_size=layer.units,
                use_bias=layer.use_bias,
                train_weights=layer.trainable in (True, "weights"),
                train_bias=layer.trainable in (True, "bias"),
                weights_penalty=_get_factors(layer.kernel_regularizer),
                bias_penalty=_get_factors(layer.bias_regularizer),
                weights_constraint=layer.kernel_constraint.terms if layer.kernel_constraint else None,
                bias_constraint=layer.bias_constraint.terms if layer.bias_constraint else None,
                **_activation_fields(layer),
            )
        case Activation():
            return LayerSpec("activation", **_activation_fields(layer))
        case Dropout():
            return LayerSpec("dropout", rate=layer.rate)
        case Rescaling():
            return LayerSpec("rescaling", scale=layer.scale, offset=layer.offset)
    raise _validation.mismatch("layer", "an Input first, then Dense, Activation, Dropout or Rescaling", layer)


def _is_linear_dense(spec: LayerSpec) -> bool:
    return spec.kind == "dense" and spec.activation == "linear"


def _activation_fields(layer: Dense | Activation) -> dict[str, Any]:
    return {"activation": layer.activation.names[0], "parameter": layer.activation.parameter}


def _get_factors(regularizer: Regularizer | None) -> tuple[float, float]:
    return regularizer.factors if regularizer else (0.0, 0.0)


def _list_parameters(dense: Sequence[Dense], specs: Sequence[LayerSpec], in_size: int) -> Iterator[Parameter]:
    places = [index for index, spec in enumerate(specs) if spec.kind == "dense"]
    for i, (layer, index) in enumerate(zip(dense, places, strict=True)):
        yield Parameter(index, "weights", (in_size, layer.units), layer.kernel_initializer, 2 * i)
        if layer.use_bias:
            yield Parameter(index, "bias", (layer.units,), layer.bias_initializer, 2 * i + 1)
        in_size = layer.units


def _choose_loss(loss: Loss, last: LayerSpec) -> str:
    """Return the joint form, on logits, where it applies."""
    activation = last.activation if last.kind in ("dense", "activation") else ""
    if not loss.fuses_with:
        return loss.core_name
    if loss.wants_logits and activation != "linear":
        hint = "leave it out: it is not needed" if activation == loss.fuses_with else "or end with Activation('linear')"
        raise _validation.mismatch("loss", "a linear last layer with from_logits=True", activation or last.kind, hint)
    if not loss.wants_logits and activation == "linear":
        warnings.warn(
            f"{loss.names[0]} takes the outputs of the last, linear layer as probabilities; give that layer "
            f"activation={loss.fuses_with!r}, or the loss from_logits=True",
            stacklevel=4,
        )
    joint = loss.wants_logits or activation == loss.fuses_with
    return f"{loss.core_name}_logits" if joint else loss.core_name
