"""_checkpoints: how far a training is, as what a checkpoint holds of it; and whether one is of the same training."""

import warnings
from copy import deepcopy
from typing import Any, NamedTuple

from nnfast import config
from nnfast._core import Stats
from nnfast._lowering import Objective
from nnfast.saving.tensor_file import make_file_error
from nnfast.saving.training_state import TrainingState
from nnfast.training import Tally

_N_SUMS = 4
"""Beside those of metrics."""


class Mark(NamedTuple):
    """Where an epoch begins."""

    epoch: int
    epochs_before: int
    """That the model counted."""
    source: dict[str, Any]
    """Where the sources of data stood."""


class Start(NamedTuple):
    """What a training began with."""

    epochs: int
    """That the model counted."""
    rate: float | None
    """Of learning; None if it is a schedule."""


def describe_state(
    start: Start, mark: Mark, tally: Tally, callbacks: list[tuple[str, dict[str, Any]]], data: dict[str, Any]
) -> TrainingState:
    """Return how far a training is; what goes on after this does not change it."""
    return TrainingState(
        version=config.get_version(),
        epoch=mark.epoch,
        batch=tally.n_batches,
        epochs_before=mark.epochs_before,
        epochs_at_start=start.epochs,
        rate_at_start=start.rate,
        is_finished=False,
        sums=_list_sums(tally.stats),
        outputs=tally.join_outputs(),
        callbacks=[list(pair) for pair in deepcopy(callbacks)],
        source=dict(mark.source),
        data=data,
    )


def restore_stats(sums: list[float], n_batches: int) -> Stats | None:
    """Return the sums of the batches of an epoch."""
    if not sums:
        return None
    loss, *metrics, n_rows, weight, penalty = sums
    return Stats(loss, tuple(metrics), int(n_rows), n_batches, weight, penalty)


def check_equal(before: dict[str, Any], now: dict[str, Any], name: str) -> None:
    """Raise ValueError, with the first thing that differs, unless a checkpoint's description of something is this."""
    for part in now:
        old, new = _flatten(part, before.get(part)), _flatten(part, now[part])
        for key in {**new, **old}:
            if old.get(key) != new.get(key):
                raise make_difference(name, key, old.get(key), new.get(key))


def check_start(state: TrainingState, rate: object, now: Start, name: str) -> None:
    """Raise ValueError if a model is younger than the one of a checkpoint was before its training.

    Another learning rate is a warning: the checkpoint's, `rate`, goes on, which callbacks may have changed.
    """
    if now.epochs < state.epochs_at_start:
        raise make_difference(name, "epochs of the model before it", state.epochs_at_start, now.epochs)
    if now.rate not in (state.rate_at_start, rate):
        wanted = f"expected learning_rate {state.rate_at_start}, with which it began, received {now.rate}"
        warnings.warn(f"{name}: {wanted}; training goes on with {rate}", stacklevel=2)


def check_state(state: TrainingState, objective: Objective, name: str) -> None:
    """Raise ModelFileError unless sums and outputs are as a training for this objective has them.

    Another version of nnfast is a warning: its bits may be others.
    """
    if state.version != config.get_version():
        wanted = f"nnfast {state.version}, by which it was saved, received {config.get_version()}"
        warnings.warn(f"{name}: expected {wanted}; bits may differ where the changelog says so", stacklevel=2)
    n_metrics, outputs = len(objective.reports.core_metrics), state.outputs
    if len(state.sums) != (_N_SUMS + n_metrics if state.batch else 0):
        raise make_file_error(name, f"one with {len(state.sums)} sums of {state.batch} batches")
    if state.sums and not isinstance(state.sums[-3], int):
        raise make_file_error(name, f"one with {state.sums[-3]} rows")
    wants_outputs = objective.reports.wants_outputs and state.batch > 0
    if (outputs is not None) != wants_outputs or (outputs is not None and outputs.shape[1] != objective.n_outputs):
        raise make_file_error(name, f"one with outputs {outputs}")


def make_difference(name: str, what: str, old: object, new: object) -> ValueError:
    """Make the error for a checkpoint of another training."""
    return ValueError(f"{name}: expected the training that it was saved in, with {what}: {old}, received {new}")


def _list_sums(stats: Stats | None) -> list[float]:
    if stats is None:
        return []
    return [stats.loss, *stats.metrics, stats.n_rows, stats.weight, stats.penalty]


def _flatten(name: str, value: Any) -> dict[str, Any]:
    """Return nested dicts, and lists of them, as one, with names like "data, x, shape"."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = dict(enumerate(value))
    if not isinstance(value, dict) or not value:
        return {name: value}
    parts = [_flatten(f"{name}, {key}", part) for key, part in value.items()]
    return {key: part for each in parts for key, part in each.items()}
