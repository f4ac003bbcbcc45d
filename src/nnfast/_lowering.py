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
from nnfast.data.containers import as_array, as_plain
from nnfast.exceptions import NotReadyError
from nnfast.initializers import Initializer
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
    name_layers,
)
from nnfast.losses import CallableLoss, Loss
from nnfast.losses.callable_loss import LossFunction
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
_FIRST_STREAM_OF_NORMALIZATIONS = 2**20


class Parameter(NamedTuple):
    """An array of a layer's: where the core keeps it, its shape, and how it starts."""

    layer: int
    name: Literal["weights", "bias", "gamma", "beta", "mean", "variance"]
    shape: tuple[int, ...]
    initializer: Initializer
    stream: int
    """Keys its first values beside the seed: 2 i for the kernel of the i-th Dense layer, 2 i + 1 for its bias; those of
    normalizations count from 2**20."""
    is_trained: bool


class Given(NamedTuple):
    """Numbers that a layer brings along."""

    layer: int
    name: Literal["mean", "variance"]
    values: NDArray[np.float64]


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
    given: tuple[Given, ...] = ()

    def get_learned(self) -> list[Parameter]:
        """Return those that optimizers may change, and remember something of."""
        return [parameter for parameter in self.parameters if parameter.name not in ("mean", "variance")]

    def make_network(self, dtype: str) -> _core.Network:
        """Make the core's network; its parameters are 0."""
        network = _core.Network(dtype, self.in_size, self.in_scale, self.in_offset, self.specs)
        for layer, name, values in self.given:
            network.set_parameter(layer, name, values.astype(dtype))
        return network


@dataclass(frozen=True)
class Objective:
    """A loss and metrics as the core takes them."""

    loss: LossSpec
    reports: Reports
    n_outputs: int
    takes_labels: bool
    takes_probabilities: bool
    is_sum: bool
    function: LossFunction | None = None
    """In place of the core's loss."""

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
    placed: list[tuple[int, Layer]] = []
    for layer, name in zip(stack, name_layers(stack), strict=True):
        if isinstance(layer, Rescaling) and not specs:
            scale, offset = scale * layer.scale, offset * layer.scale + layer.offset
        elif isinstance(layer, Activation) and specs and _is_linear_dense(specs[-1]):
            specs[-1] = specs[-1]._replace(**_activation_fields(layer))
        else:
            placed.append((len(specs), layer))
            specs.append(_lower_layer(layer))
            names.append(name)
    if not specs:
        raise NotReadyError(f"model: expected a layer that computes, received {len(layers)} layers; use add() first")
    parameters = tuple(_list_parameters(placed, in_size))
    sizes = [layer.units for layer in stack if isinstance(layer, Dense)]
    given = tuple(_list_given(placed, in_size))
    return Plan(in_size, [in_size, *sizes][-1], scale, offset, tuple(specs), parameters, tuple(names), given)


def wants_data(layers: Sequence[Layer]) -> bool:
    """Return whether a layer has to be adapted before the stack can be translated."""
    return not all(layer.is_adapted for layer in layers if isinstance(layer, Normalization))


def lower_weights(weights: Any, plan: Plan, dtype: str) -> list[tuple[int, "_core.ParameterName", NDArray[Any]]]:
    """Return layer, name and checked values of each parameter as the core takes them."""
    if not isinstance(weights, list | tuple) or len(weights) != len(plan.parameters):
        received = len(weights) if isinstance(weights, list | tuple) else type(weights).__name__
        raise ValueError(f"weights: expected a list of {len(plan.parameters)} arrays, received {received}")
    lowered = []
    for place, (values, parameter) in enumerate(zip(weights, plan.parameters, strict=True)):
        array = as_array(values, f"weights[{place}]")
        if array.shape != parameter.shape or array.dtype.kind not in "fiub":
            received = f"{array.dtype} of shape {array.shape}"
            raise ValueError(f"weights[{place}]: expected numbers of shape {parameter.shape}, received {received}")
        lowered.append((parameter.layer, parameter.name, as_plain(array, dtype)))
    return lowered


def lower_objective(loss: Loss, metrics: tuple[Sequence[Metric], Sequence[Metric]], plan: Plan) -> Objective:
    """Translate what is to be made small and what is to be reported (plain, weighted), for the outputs of `plan`."""
    if loss.fuses_with == "softmax" and plan.out_size < 2:
        raise ValueError(
            f"loss: expected at least 2 outputs for {loss.names[0]}, received a last layer with {plan.out_size}; for "
            "two classes use binary_crossentropy with a sigmoid, or two outputs"
        )
    return Objective(
        loss=LossSpec(
            _choose_loss(loss, plan.specs[-1]),
            loss.parameters,
            _REDUCTIONS[loss.reduction],
            loss.factor,
            loss.gradient_factor,
            loss.divides_penalties,
        ),
        reports=lower_metrics(*metrics, loss, plan.out_size),
        n_outputs=plan.out_size,
        takes_labels=loss.takes_labels,
        takes_probabilities=loss.takes_probabilities,
        is_sum=loss.is_sum,
        function=loss.function if isinstance(loss, CallableLoss) else None,
    )


def lower_optimizer(optimizer: Optimizer, n_batches: int = 0) -> tuple[str, tuple[float, ...]]:
    """Return the core's rule and its hyperparameters, for the batch that comes after so many."""
    _, names = _core.OPTIMIZERS[optimizer.rule]
    rate = compute_rate(optimizer.learning_rate, n_batches)
    return optimizer.rule, (rate, *(float(getattr(optimizer, name)) for name in names[1:]))


def lower_rates(optimizer: Optimizer, n_batches: int, n_new: int) -> NDArray[np.float64] | None:
    """Return the rates of the `n_new` batches after `n_batches`; None if they are one number."""
    if isinstance(optimizer.learning_rate, float):
        return None
    return compute_rates(optimizer.learning_rate, np.arange(n_batches, n_batches + n_new))


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
        case BatchNormalization():
            return LayerSpec("batch_normalization", momentum=layer.momentum, **_normalization_fields(layer))
        case LayerNormalization():
            return LayerSpec("layer_normalization", **_normalization_fields(layer))
        case Normalization():
            return LayerSpec("normalization", epsilon=layer.epsilon)
    raise _validation.mismatch("layer", "an Input first, then the other layers of nnfast.layers", layer)


def _is_linear_dense(spec: LayerSpec) -> bool:
    return spec.kind == "dense" and spec.activation == "linear"


def _activation_fields(layer: Dense | Activation) -> dict[str, Any]:
    return {"activation": layer.activation.core_name, "parameter": layer.activation.parameter}


def _get_factors(regularizer: Regularizer | None) -> tuple[float, float]:
    return regularizer.factors if regularizer else (0.0, 0.0)


def _normalization_fields(layer: BatchNormalization | LayerNormalization) -> dict[str, Any]:
    return {
        "use_gamma": layer.scale,
        "use_bias": layer.center,
        "train_weights": layer.trainable,
        "train_bias": layer.trainable,
        "epsilon": layer.epsilon,
    }


def _list_parameters(placed: Sequence[tuple[int, Layer]], in_size: int) -> Iterator[Parameter]:
    """List those of layers that stand at these places of the spec."""
    stream, other_stream = 0, _FIRST_STREAM_OF_NORMALIZATIONS
    for place, layer in placed:
        if isinstance(layer, Dense):
            yield from _list_dense(place, layer, in_size, stream)
            in_size = layer.units
            stream += 2
        elif isinstance(layer, BatchNormalization | LayerNormalization):
            yield from _list_normalization(place, layer, in_size, other_stream)
            other_stream += 4


def _list_dense(place: int, layer: Dense, in_size: int, stream: int) -> Iterator[Parameter]:
    trained = layer.trainable
    shape = (in_size, layer.units)
    yield Parameter(place, "weights", shape, layer.kernel_initializer, stream, trained in (True, "weights"))
    if layer.use_bias:
        yield Parameter(place, "bias", shape[1:], layer.bias_initializer, stream + 1, trained in (True, "bias"))


def _list_normalization(
    place: int, layer: BatchNormalization | LayerNormalization, size: int, stream: int
) -> Iterator[Parameter]:
    if layer.scale:
        yield Parameter(place, "gamma", (size,), layer.gamma_initializer, stream, layer.trainable)
    if layer.center:
        yield Parameter(place, "beta", (size,), layer.beta_initializer, stream + 1, layer.trainable)
    if isinstance(layer, BatchNormalization):
        yield Parameter(place, "mean", (size,), layer.moving_mean_initializer, stream + 2, False)
        yield Parameter(place, "variance", (size,), layer.moving_variance_initializer, stream + 3, False)


def _list_given(placed: Sequence[tuple[int, Layer]], size: int) -> Iterator[Given]:
    for place, layer in placed:
        size = layer.units if isinstance(layer, Dense) else size
        if isinstance(layer, Normalization):
            if layer.mean is None or layer.variance is None:
                raise NotReadyError(
                    "Normalization: expected adapt(data), or mean and variance, before; received neither"
                )
            if layer.mean.shape not in ((), (size,)):
                raise ValueError(f"Normalization: expected statistics of {size} features, received {layer.mean.size}")
            yield Given(place, "mean", np.broadcast_to(layer.mean, size).copy())
            yield Given(place, "variance", np.broadcast_to(layer.variance, size).copy())


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
