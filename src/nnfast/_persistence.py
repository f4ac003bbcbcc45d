"""_persistence: a model as what is in a file of one, or in a copy or a pickle, and back."""

from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from nnfast import _lowering
from nnfast._checkpoints import check_equal
from nnfast.layers import check_layers
from nnfast.optimizers import Optimizer
from nnfast.saving.model_file import Compiled, SavedModel, describe_setup
from nnfast.saving.training_state import TrainingState

if TYPE_CHECKING:
    from nnfast._passes import Passes
    from nnfast.models import Sequential

Slots = tuple[tuple[NDArray[Any], ...], ...]

_OF_THE_CORE = ("_plan", "_network", "_learner", "_pass", "_pass_rows", "_has_gradients", "_states")
"""Attributes of a model that hold the core's objects, or go with them."""


class Remembered(NamedTuple):
    """What an optimizer remembers of a model."""

    optimizer: Optimizer
    step: int
    slots: Slots


def describe_model(model: "Sequential", training: TrainingState | None = None) -> SavedModel:
    """Return everything of a model that is saved, maybe in training; NotReadyError if it has no weights."""
    plan, _ = model._get_built()
    return SavedModel(
        name=model.name,
        dtype=model.dtype,
        seed=model.seed,
        epochs_done=model._epochs_done,
        in_size=plan.in_size,
        layers=tuple(model._stack),
        weights=tuple(model.get_weights()),
        compiled=_describe_compiled(model, model.optimizer) if model.optimizer else None,
        metadata=model.metadata,
        feature_names=model.feature_names,
        training=training,
    )


def restore_model(model: "Sequential", saved: SavedModel, with_compiled: bool) -> None:
    """Make a model that of a file."""
    stack = check_layers(saved.layers)
    model._install(_lowering.lower_layers(stack, saved.in_size), saved.weights)
    model._stack, model._epochs_done, model.metadata = stack, saved.epochs_done, saved.metadata
    model.feature_names = saved.feature_names
    if saved.compiled and with_compiled:
        _restore_compiled(model, saved.compiled)


def check_same(model: "Sequential", saved: SavedModel, name: str) -> None:
    """Raise ValueError, with the first thing that differs, unless a checkpoint's model is this one, weights apart.

    A seed that was drawn may be another: the checkpoint's is taken.
    """
    before, now = describe_setup(saved), describe_setup(describe_model(model))
    if model._is_seed_drawn:
        now["seed"] = before["seed"]
    check_equal(before, now, name)


def restore_training(model: "Sequential", saved: SavedModel) -> None:
    """Give a model weights, seed and what its optimizer remembers, of a checkpoint that `check_same` lets pass."""
    assert model.optimizer
    assert saved.compiled
    model.seed, model.feature_names = saved.seed, saved.feature_names
    model.set_weights(saved.weights)
    _restore_state(model, Remembered(model.optimizer, saved.compiled.step, saved.compiled.slots))


def describe_attributes(model: "Passes") -> dict[str, Any]:
    """Return everything of a model, built or not, as objects that can be copied and pickled."""
    kept = {name: value for name, value in vars(model).items() if name not in _OF_THE_CORE}
    if model.built:
        remembered = [_describe_state(model, optimizer) for optimizer in list(model._states)]
        kept["_built"] = model._get_built()[0].in_size, model.get_weights(), remembered
    return kept


def restore_attributes(model: "Passes", kept: dict[str, Any]) -> None:
    """Make a model that of `describe_attributes`; it has forgotten its last forward."""
    in_size, weights, remembered = kept.get("_built", (None, [], []))
    attributes = {name: value for name, value in kept.items() if name != "_built"}
    vars(model).update(attributes, _plan=None, _network=None, _learner=None)
    model._forget_passes()
    if in_size is not None:
        model._install(_lowering.lower_layers(model._stack, in_size), weights)
        for state in remembered:
            _restore_state(model, state)


def _describe_compiled(model: "Sequential", optimizer: Optimizer) -> Compiled:
    _, step, slots = _describe_state(model, optimizer)
    return Compiled(optimizer, model.loss, model.metrics, step, slots, model.weighted_metrics)


def _restore_compiled(model: "Sequential", compiled: Compiled) -> None:
    model.compile(compiled.optimizer, compiled.loss, compiled.metrics, compiled.weighted_metrics)
    _restore_state(model, Remembered(compiled.optimizer, compiled.step, compiled.slots))


def _describe_state(model: "Passes", optimizer: Optimizer) -> Remembered:
    state, (plan, _) = model._get_state(optimizer), model._get_built()
    slots = tuple(
        tuple(state.get_state(parameter.layer, parameter.name, slot) for parameter in plan.get_learned())
        for slot in range(_lowering.count_slots(optimizer))
    )
    return Remembered(optimizer, state.step, slots)


def _restore_state(model: "Passes", remembered: Remembered) -> None:
    state, (plan, _) = model._get_state(remembered.optimizer), model._get_built()
    state.step = remembered.step
    for slot, arrays in enumerate(remembered.slots):
        for parameter, values in zip(plan.get_learned(), arrays, strict=True):
            state.set_state(parameter.layer, parameter.name, slot, values)
