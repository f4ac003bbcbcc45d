"""model_file: a model as one safetensors file that PyTorch opens too.

Tensors have the names and the (out, in) layout that the same stack has as a ``torch.nn.Sequential``: "0.weight",
"0.bias", "2.weight", ...; an optimizer's state is under "optimizer.<slot>." and the same name, arrays that a training
goes on with under "training.<number>". All else is JSON in the metadata. Layers come from a closed list: nothing in a
file can choose code.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _lowering, _validation, layers, losses, metrics, optimizers
from nnfast._descriptions import Catalogue
from nnfast.layers import BatchNormalization, Dense, Input, Layer, LayerNormalization, Normalization
from nnfast.losses import Loss
from nnfast.metrics import Metric
from nnfast.optimizers import Optimizer
from nnfast.saving.plain import flatten, unflatten
from nnfast.saving.tensor_file import StrPath, make_file_error, read_tensors, write_tensors
from nnfast.saving.training_state import TrainingState

Array = NDArray[Any]
Arrays = tuple[Array, ...]

_FORMAT = 1
_KEYS = {"format", "name", "dtype", "seed", "epochs_done", "in_size", "layers", "compiled"}
_MOST_FREE_FEATURES = 1 << 14  # of normalizations: a megabyte in the core
_STATISTICS = ("running_mean", "running_var")
_TRAINING = "training."
_ADDED: dict[str, Any] = {"metadata": {}, "feature_names": None, "training": None}
"""Not in older files, and what that means."""
_COMPILED_KEYS = {"optimizer", "step", "loss", "metrics", "weighted_metrics"}


@dataclass(frozen=True)
class Compiled:
    """What a compiled model trains with, and what its optimizer remembers."""

    optimizer: Optimizer
    loss: Loss | None
    metrics: tuple[Metric, ...]
    step: int
    slots: tuple[Arrays, ...]
    """For each slot of the optimizer an array a learned parameter, in the order of ``get_weights``."""
    weighted_metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True)
class SavedModel:
    """Everything that is in a model file. Initialisers are not: the weights are."""

    name: str | None
    dtype: str
    seed: int
    epochs_done: int
    in_size: int
    layers: tuple[Layer, ...]
    weights: Arrays
    compiled: Compiled | None
    metadata: dict[str, Any] = field(default_factory=dict)
    """Plain data of the user's; nothing here reads them."""
    feature_names: tuple[str, ...] | None = None
    training: TrainingState | None = None
    """How far the training is in which it was saved."""


def write_model(path: StrPath, model: SavedModel) -> None:
    """Write a model file; a file that was there before is replaced at once or not at all.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is untouched.
    ImportError
        If the safetensors library is missing.
    """
    import json

    slots = model.compiled.slots if model.compiled else ()
    tensors = {
        key: np.ascontiguousarray(values.T)
        for keys, arrays in zip(list_keys(model.layers, len(slots)), (model.weights, *slots), strict=True)
        for key, values in zip(keys, arrays, strict=True)
    }
    state: list[Array] = []
    training = model.training and flatten(model.training.as_dict(), state)
    description = _describe(model) | {"training": training}
    tensors |= {f"{_TRAINING}{number}": values for number, values in enumerate(state)}
    write_tensors(path, json.dumps(description, allow_nan=False), tensors)


def read_model(path: StrPath) -> SavedModel:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If the file is damaged, cut short or not one of nnfast's.
    OSError
        If it cannot be read.
    ImportError
        If the safetensors library is missing.
    """
    import json

    text, tensors = read_tensors(path)
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
        data = _ADDED | data if isinstance(data, dict) else data
        _check_keys("model", data, _KEYS | _ADDED.keys())
        _validation.check_choice("format", data["format"], (_FORMAT,))
        state = _take_state(tensors)
        training = None if data["training"] is None else TrainingState.from_dict(unflatten(data["training"], state))
        return replace(_rebuild(data, tensors), training=training)
    except (ValueError, RecursionError) as error:
        raise make_file_error(path, f"one with a bad description: {error}") from error


def describe_setup(model: SavedModel) -> dict[str, Any]:
    """Return what a training must have in common with another that is to go on as this one: all but what it changes."""
    compiled = model.compiled
    setup = {
        "dtype": model.dtype,
        "seed": model.seed,
        "number of features": model.in_size,
        "layers": [_describe_layer(layer) for layer in model.layers],
    }
    if compiled is None:
        return setup | dict.fromkeys(("optimizer", "loss", "metrics", "weighted_metrics"))
    optimizer = optimizers.CATALOGUE.serialize(compiled.optimizer)
    if isinstance(optimizer["config"]["learning_rate"], float):  # which callbacks may change
        del optimizer["config"]["learning_rate"]
    return setup | {
        "optimizer": optimizer,
        "loss": _describe_known([compiled.loss], losses.CATALOGUE),
        "metrics": _describe_known(compiled.metrics, metrics.CATALOGUE),
        "weighted_metrics": _describe_known(compiled.weighted_metrics, metrics.CATALOGUE),
    }


def _describe_known(entries: Sequence[Any], catalogue: Catalogue[Any]) -> list[dict[str, Any]]:
    """Return entries as plain data, without those that only a program can give."""
    return [catalogue.serialize(entry) for entry in entries if type(entry) in catalogue.by_class_name.values()]


def _take_state(tensors: dict[str, Array]) -> list[Array]:
    """Take the arrays of a training out of all tensors, in order."""
    n = sum(key.startswith(_TRAINING) for key in tensors)
    names = [f"{_TRAINING}{number}" for number in range(n)]
    missing = [name for name in names if name not in tensors]
    if missing:
        raise _validation.mismatch("tensors", f"one named {missing[0]}", sorted(tensors))
    return [tensors.pop(name) for name in names]


def _describe(model: SavedModel) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "name": model.name,
        "dtype": model.dtype,
        "seed": model.seed,
        "epochs_done": model.epochs_done,
        "in_size": model.in_size,
        "layers": [_describe_layer(layer) for layer in model.layers],
        "compiled": model.compiled and _describe_compiled(model.compiled),
        "metadata": _validation.check_metadata(model.metadata),
        "feature_names": _validation.check_feature_names(model.feature_names, model.in_size),
    }


def _describe_layer(layer: Layer) -> dict[str, Any]:
    data = layers.CATALOGUE.serialize(layer)
    data["config"] = {key: value for key, value in data["config"].items() if not key.endswith("_initializer")}
    return data


def _describe_compiled(compiled: Compiled) -> dict[str, Any]:
    return {
        "optimizer": optimizers.CATALOGUE.serialize(compiled.optimizer),
        "step": compiled.step,
        "loss": _describe_loss(compiled.loss),
        "metrics": _describe_metrics(compiled.metrics),
        "weighted_metrics": _describe_metrics(compiled.weighted_metrics),
    }


def _describe_loss(loss: Loss | None) -> dict[str, Any] | None:
    """Leave out one that only a program can give: nothing in a file may choose a function."""
    if loss is None:
        return None
    if type(loss) in losses.CATALOGUE.by_class_name.values():
        return losses.CATALOGUE.serialize(loss)
    warnings.warn("loss: one of your own is not saved; compile again after loading", stacklevel=6)
    return None


def _describe_metrics(several: Sequence[Metric]) -> list[dict[str, Any]]:
    """Leave out those that only a program can give: functions and classes of its own."""
    known = [metric for metric in several if type(metric) in metrics.CATALOGUE.by_class_name.values()]
    if len(known) < len(several):
        others = ", ".join(metric.name for metric in several if metric not in known)
        warnings.warn(f"metrics: those of your own are not saved: {others}; compile again after loading", stacklevel=6)
    return [metrics.CATALOGUE.serialize(metric) for metric in known]


def _name_parameters(stack: Sequence[Layer]) -> Iterator[str]:
    """List the names of weights in a torch.nn.Sequential, in the order of ``get_weights``."""
    place = 0
    for layer in stack:
        if isinstance(layer, Dense):
            yield f"{place}.weight"
            if layer.use_bias:
                yield f"{place}.bias"
            place += layer.activation.names[0] != "linear"
        elif isinstance(layer, BatchNormalization | LayerNormalization):
            yield from (f"{place}.weight",) * layer.scale
            yield from (f"{place}.bias",) * layer.center
            if isinstance(layer, BatchNormalization):
                yield f"{place}.{_STATISTICS[0]}"
                yield f"{place}.{_STATISTICS[1]}"
        place += not isinstance(layer, Input)


def list_keys(stack: Sequence[Layer], n_slots: int) -> list[list[str]]:
    """List the tensors' names: of the weights, then of the optimizer's slots, which moving statistics do not have."""
    keys = list(_name_parameters(stack))
    learned = [key for key in keys if not key.endswith(_STATISTICS)]
    return [keys, *([f"optimizer.{slot}.{key}" for key in learned] for slot in range(n_slots))]


def _refuse_constant(text: str) -> None:
    raise ValueError(f"expected finite numbers, received {text}")


def _check_keys(name: str, data: object, keys: set[str]) -> None:
    if not isinstance(data, dict) or set(data) != keys:
        raise _validation.mismatch(name, f"a dict with exactly the keys {sorted(keys)}", data)


def _rebuild(data: dict[str, Any], tensors: dict[str, Array]) -> SavedModel:
    """Check everything, sizes before any memory is taken."""
    dtype = _validation.check_choice("dtype", data["dtype"], ("float32", "float64"))
    in_size = _validation.check_integer("in_size", data["in_size"], 1)
    stack = _rebuild_list("layers", data["layers"], layers.CATALOGUE)
    if stack and isinstance(stack[0], Input) and stack[0].size != in_size:
        raise _validation.mismatch("in_size", f"the Input's, {stack[0].size}", in_size)
    _check_normalizations(stack, in_size, sum(values.size for values in tensors.values()))
    optimizer = None if data["compiled"] is None else _rebuild_optimizer(data["compiled"])
    plan = _lowering.lower_layers(stack, in_size)
    weight_keys, *slot_keys = list_keys(stack, _lowering.count_slots(optimizer) if optimizer else 0)
    expected = {key: parameter.shape[::-1] for key, parameter in zip(weight_keys, plan.parameters, strict=True)}
    for keys in slot_keys:
        expected |= {key: parameter.shape[::-1] for key, parameter in zip(keys, plan.get_learned(), strict=True)}
    _check_tensors(tensors, expected, dtype)
    weights, *slots = (
        tuple(np.ascontiguousarray(tensors[key].T) for key in keys) for keys in (weight_keys, *slot_keys)
    )
    return SavedModel(
        name=None if data["name"] is None else _validation.check_text("name", data["name"]),
        dtype=dtype,
        seed=_validation.check_integer("seed", data["seed"], 0, 2**64 - 1),
        epochs_done=_validation.check_integer("epochs_done", data["epochs_done"], 0, 2**32 - 1),
        in_size=in_size,
        layers=stack,
        weights=weights,
        compiled=_rebuild_compiled(data["compiled"], optimizer, tuple(slots)) if optimizer else None,
        metadata=_validation.check_metadata(data["metadata"]),
        feature_names=_validation.check_feature_names(data["feature_names"], in_size),
    )


def _rebuild_list(name: str, data: object, catalogue: Catalogue[Any]) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise _validation.mismatch(name, "a list", data)
    return tuple(catalogue.deserialize(entry) for entry in data)


def _rebuild_optimizer(data: Any) -> Optimizer:
    _check_keys("compiled", data, _COMPILED_KEYS)
    return optimizers.CATALOGUE.deserialize(data["optimizer"])


def _rebuild_compiled(data: Any, optimizer: Optimizer, slots: tuple[Arrays, ...]) -> Compiled:
    return Compiled(
        optimizer=optimizer,
        loss=None if data["loss"] is None else losses.CATALOGUE.deserialize(data["loss"]),
        metrics=_rebuild_list("metrics", data["metrics"], metrics.CATALOGUE),
        step=_validation.check_integer("step", data["step"], 0, 2**62),
        slots=slots,
        weighted_metrics=_rebuild_list("weighted_metrics", data["weighted_metrics"], metrics.CATALOGUE),
    )


def _check_normalizations(stack: Sequence[Layer], size: int, n_weights: int) -> None:
    """Refuse normalizations of more features than a file has weights: of others it may claim any number."""
    n_features = 0
    for layer in stack:
        size = layer.units if isinstance(layer, Dense) else size
        is_given = isinstance(layer, Normalization) and layer.mean is not None and layer.mean.ndim > 0
        is_one = isinstance(layer, BatchNormalization | LayerNormalization | Normalization)
        n_features += size if is_one and not is_given else 0
    if n_features > _MOST_FREE_FEATURES + n_weights:
        raise ValueError(f"layers: expected weights for normalizations of {n_features} features, received {n_weights}")


def _check_tensors(tensors: dict[str, Array], expected: dict[str, tuple[int, ...]], dtype: str) -> None:
    if tensors.keys() != expected.keys():
        raise _validation.mismatch("tensors", f"exactly {sorted(expected)}", sorted(tensors))
    for key, shape in expected.items():
        if tensors[key].shape != shape or tensors[key].dtype != dtype:
            received = f"{tensors[key].dtype} of shape {tensors[key].shape}"
            raise ValueError(f"{key}: expected {dtype} of shape {shape}, received {received}")
