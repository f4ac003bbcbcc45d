"""training_state: how far a training is: what a checkpoint holds beside the model."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation


@dataclass(frozen=True)
class TrainingState:
    """Where a call of ``fit`` stands, between two batches.

    Parameters
    ----------
    version : str
        Of nnfast.
    epoch : int
        The number of the epoch, as callbacks hear it, of which the next batch is.
    batch : int
        How many batches of it are done.
    epochs_before : int
        How many epochs the model counted where this one began.
    epochs_at_start : int
        How many it counted where the training began.
    rate_at_start : float or None
        The learning rate that the training began with; None if it is a schedule.
    is_finished : bool
        Whether ``fit`` ended there.
    sums : list of float
        Of these batches: loss, metrics ..., n_rows, weight, penalty; empty if there are none.
    outputs : ndarray or None
        Of the rows of this epoch, where metrics are computed from them; NaN where a row's batch is not done.
    callbacks : list of (str, dict)
        Their classes and what ``get_state`` returned.
    source : dict
        Where the sources of data and validation data stood at the beginning of the epoch.
    data : dict
        What tells the data from others.
    """

    version: str
    epoch: int
    batch: int
    epochs_before: int
    epochs_at_start: int
    rate_at_start: float | None
    is_finished: bool
    sums: list[float]
    outputs: NDArray[Any] | None
    callbacks: list[Any]
    source: dict[str, Any]
    data: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Undo `as_dict`; ValueError if it is not what that gives."""
        names = [field.name for field in fields(cls)]
        if not isinstance(data, dict) or sorted(data) != sorted(names):
            raise _validation.mismatch("training", f"a dict with exactly the keys {names}", data)
        for name in ("epoch", "batch", "epochs_before", "epochs_at_start"):
            _validation.check_integer(name, data[name], 0, 2**32 - 1)
        if data["rate_at_start"] is not None:
            _validation.check_real("rate_at_start", data["rate_at_start"], "[0, inf)")
        _validation.check_bool("is_finished", data["is_finished"])
        _validation.check_text("version", data["version"])
        _check_parts(data)
        return cls(**data)


def _check_parts(data: dict[str, Any]) -> None:
    if not isinstance(data["sums"], list) or not all(isinstance(number, int | float) for number in data["sums"]):
        raise _validation.mismatch("sums", "a list of numbers", data["sums"])
    if data["outputs"] is not None and not (isinstance(data["outputs"], np.ndarray) and data["outputs"].ndim == 2):
        raise _validation.mismatch("outputs", "an array of two dimensions or None", data["outputs"])
    for name in ("source", "data"):
        if not isinstance(data[name], dict):
            raise _validation.mismatch(name, "a dict", data[name])
    pairs = data["callbacks"]
    is_list = isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)
    if not is_list or not all(isinstance(name, str) and isinstance(state, dict) for name, state in pairs):
        raise _validation.mismatch("callbacks", "a list of pairs of a text and a dict", pairs)
