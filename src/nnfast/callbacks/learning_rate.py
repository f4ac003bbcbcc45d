"""learning_rate: how callbacks read the learning rate they are to change, or to report."""

from numbers import Real
from typing import Any

from nnfast import _validation
from nnfast.callbacks.callback import Callback, Logs
from nnfast.schedules import compute_rate


def get_learning_rate(callback: Callback) -> float:
    """Return the learning rate of the model in training; ValueError if it is no number that could be changed."""
    rate: Any = callback.model.optimizer.learning_rate
    if not isinstance(rate, Real):
        name = f"{type(callback).__name__}: learning_rate of the optimizer"
        raise _validation.mismatch(name, "a number", rate, "what changes by itself cannot be set as well")
    return float(rate)


def compute_learning_rate(callback: Callback) -> float:
    """Return the learning rate of the next step of the model in training, of a schedule too."""
    optimizer = callback.model.optimizer
    return compute_rate(optimizer.learning_rate, callback.model._get_state(optimizer).step)


def log_learning_rate(callback: Callback, logs: Logs | None) -> float:
    """Return the learning rate, and write it to the logs as "learning_rate"."""
    rate = get_learning_rate(callback)
    if logs is not None:
        logs["learning_rate"] = rate
    return rate
