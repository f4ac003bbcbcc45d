"""_class_weights: weights of classes -> weights of rows, or of each output of each row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast._lowering import Objective
from nnfast.data.arrays import as_metric_targets

Array = NDArray[Any]
ClassWeight = Mapping[int, float] | str | Sequence[Mapping[int, float]]


def make_weights(class_weight: Any, y: Array, objective: Objective) -> Array:
    """Make the weights of targets.

    Parameters
    ----------
    class_weight : dict of int to float, list of such, or "balanced"
        A class that is missing in the dict weighs 1. "balanced" is n_samples / (n_classes * count), as in scikit-learn.
        Where a row has several labels, a dict is of outputs, and a list has a dict of classes for each output.
    y : ndarray
        Targets as the core reads them, or as a loss of one's own does.
    objective : Objective
        What they are for.

    Returns
    -------
    ndarray of float64, shape (n_samples, 1) or (n_samples, n_outputs)

    Raises
    ------
    ValueError
        If `class_weight` is something else, or the targets are no classes.
    """
    is_word = isinstance(class_weight, str) and class_weight == "balanced"
    if not (is_word or isinstance(class_weight, Mapping | list | tuple)):
        raise _validation.mismatch("class_weight", "a dict of classes and weights, or 'balanced'", class_weight)
    if objective.takes_probabilities and objective.n_outputs > 1:
        return _weigh_labels(class_weight, y)
    if isinstance(class_weight, list | tuple):
        raise _validation.mismatch("class_weight", "a dict, as a row has one class", class_weight)
    if objective.function is not None:
        y = as_metric_targets(y, n_outputs=objective.n_outputs)
    return _weigh(class_weight, _find_classes(y, objective), objective.n_outputs).reshape(-1, 1)


def _weigh_labels(class_weight: Any, y: Array) -> Array:
    """Weigh each output of targets that are questions of their own."""
    n_outputs = y.shape[1]
    if isinstance(class_weight, Mapping):
        weights = _check_weights(class_weight, range(n_outputs))
        of_outputs: Array = np.array([weights.get(output, 1.0) for output in range(n_outputs)])
        return np.tile(of_outputs, (len(y), 1))
    each = [class_weight] * n_outputs if isinstance(class_weight, str) else class_weight
    if len(each) != n_outputs:
        raise _validation.mismatch("class_weight", f"a dict for each of {n_outputs} outputs", class_weight)
    columns = [_weigh(of_classes, _check_whole(y[:, output]), 1) for output, of_classes in enumerate(each)]
    return np.stack(columns, axis=1)


def _weigh(class_weight: Mapping[Any, Any] | str, classes: Array, n_classes: int) -> Array:
    """Weigh each of one row of classes, 0 to n_classes - 1, or any whole numbers for n_classes 1."""
    values, place = np.unique(classes, return_inverse=True)
    if isinstance(class_weight, str):
        weights: Array = len(classes) / (len(values) * np.bincount(place.reshape(-1)))
    else:
        known = _check_weights(class_weight, range(n_classes) if n_classes > 1 else None)
        weights = np.array([known.get(int(value), 1.0) for value in values])
    return weights[place.reshape(-1)]


def _find_classes(y: Array, objective: Objective) -> Array:
    """Return the class of each row: its label, the value of the only output, or the place of the only 1."""
    if objective.takes_labels or y.shape[1] == 1:
        return _check_whole(y.reshape(-1))
    good = ((y == 1).sum(axis=1) == 1) & ((y == 0).sum(axis=1) == y.shape[1] - 1)
    if not good.all():
        hint = "use sample_weight"
        raise ValueError(f"class_weight: expected one-hot targets, received others in row {np.argmin(good)}; {hint}")
    places: Array = y.argmax(axis=1)
    return places


def _check_whole(values: Array) -> Array:
    good = np.trunc(values) == values
    if not good.all():
        received = f"{values[~good][0]} in row {np.argmin(good)}; use sample_weight"
        raise ValueError(f"class_weight: expected targets that are classes, whole numbers, received {received}")
    return values


def _check_weights(class_weight: Any, allowed: range | None) -> dict[int, float]:
    """Return the weights by class, checked."""
    if not isinstance(class_weight, Mapping):
        raise _validation.mismatch("class_weight", "a dict of classes and weights", class_weight)
    checked = {}
    for key, weight in class_weight.items():
        label = _validation.check_integer("class_weight: class", key, -(2**31), 2**31)
        if allowed and label not in allowed:
            raise _validation.mismatch("class_weight", f"classes from 0 to {allowed[-1]}", key)
        checked[label] = _validation.check_real(f"class_weight[{label}]", weight, "[0, inf)")
    return checked
