"""_persistence: a model as what is in a file of one, and back."""

from typing import TYPE_CHECKING

from nnfast import _lowering
from nnfast.layers import check_layers
from nnfast.optimizers import Optimizer
from nnfast.saving.model_file import Compiled, SavedModel

if TYPE_CHECKING:
    from nnfast.models import Sequential


def describe_model(model: "Sequential") -> SavedModel:
    """Return everything of a model that is saved; NotReadyError if it has no weights."""
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
    )


def restore_model(model: "Sequential", saved: SavedModel, with_compiled: bool) -> None:
    """Make a model that of a file."""
    stack = check_layers(saved.layers)
    model._install(_lowering.lower_layers(stack, saved.in_size), saved.weights)
    model._stack, model._epochs_done, model.metadata = stack, saved.epochs_done, saved.metadata
    if saved.compiled and with_compiled:
        _restore_compiled(model, saved.compiled)


def _describe_compiled(model: "Sequential", optimizer: Optimizer) -> Compiled:
    state, (plan, _) = model._get_state(optimizer), model._get_built()
    slots = tuple(
        tuple(state.get_state(parameter.layer, parameter.name, slot) for parameter in plan.get_learned())
        for slot in range(_lowering.count_slots(optimizer))
    )
    return Compiled(optimizer, model.loss, model.metrics, state.step, slots, model.weighted_metrics)


def _restore_compiled(model: "Sequential", compiled: Compiled) -> None:
    model.compile(compiled.optimizer, compiled.loss, compiled.metrics, compiled.weighted_metrics)
    state, (plan, _) = model._get_state(compiled.optimizer), model._get_built()
    state.step = compiled.step
    for slot, arrays in enumerate(compiled.slots):
        for parameter, values in zip(plan.get_learned(), arrays, strict=True):
            state.set_state(parameter.layer, parameter.name, slot, values)
