"""_examples: samples, targets and weights as users give them -> what the core trains on and measures."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast import _class_weights, _validation
from nnfast._lowering import Objective
from nnfast.data.arrays import as_any_targets, as_metric_targets, as_targets, as_weights
from nnfast.data.features import Features
from nnfast.data.sparse import Samples, check_finite

Array = NDArray[Any]


class Examples(NamedTuple):
    """Samples, their targets and weights as the core reads them, checked."""

    x: Samples
    y: Array
    weights: Array | None = None

    def slice(self, rows: slice) -> "Examples":
        """Return some rows."""
        return Examples(self.x[rows], self.y[rows], None if self.weights is None else self.weights[rows])


def prepare_examples(
    x: Samples, y: Any, objective: Objective, names: tuple[str, ...], sample_weight: Any = None
) -> Examples:
    """Make what the core reads of samples made by ``as_samples``, targets and weights, and check all their numbers."""
    prepare = _prepare_targets if objective.function is None else _prepare_own_targets
    targets = prepare(y, names[1], len(x), objective)
    check_finite(x, names[0])
    if sample_weight is None:
        return Examples(x, targets)
    weights = as_weights(sample_weight, name=names[2], n_samples=len(x), n_outputs=objective.most_weights)
    return _check_weights(Examples(x, targets, weights), objective)


def _prepare_targets(y: Any, name: str, n_samples: int, objective: Objective) -> Array:
    """Make what the core reads of targets."""
    n_outputs, labels = objective.n_outputs, objective.takes_labels
    targets = as_targets(y, name=name, n_samples=n_samples, n_outputs=n_outputs, labels=labels)
    if not labels:
        check_finite(targets, name)
    if objective.takes_probabilities:
        _check_probabilities(targets, name)
    return targets


def _prepare_own_targets(y: Any, name: str, n_samples: int, objective: Objective) -> Array:
    """Take targets as they are, for a loss of one's own; metrics must be able to read them."""
    targets = as_any_targets(y, name=name, n_samples=n_samples)
    if objective.reports.entries:
        as_metric_targets(targets, name=name, n_outputs=objective.n_outputs)
    return targets


def prepare_pair(pair: Any, objective: Objective, features: Features) -> Examples:
    """Do the same for ``validation_data``."""
    if not isinstance(pair, tuple | list) or len(pair) not in (2, 3):
        raise _validation.mismatch("validation_data", "(x, y), (x, y, sample_weight) or a stream of batches", pair)
    names = ("validation_data[0]", "validation_data[1]", "validation_data[2]")
    x = features.read(pair[0], names[0])
    return prepare_examples(x, pair[1], objective, names, *pair[2:])


def weigh_classes(examples: Examples, class_weight: Any, objective: Objective) -> Examples:
    """Multiply the examples' weights by those of their classes; None leaves them as they are."""
    if class_weight is None:
        return examples
    weights = _class_weights.make_weights(class_weight, examples.y, objective)
    both = examples._replace(weights=weights if examples.weights is None else weights * examples.weights)
    return _check_weights(both, objective)


def split_examples(examples: Examples, share: float) -> tuple[Examples, Examples]:
    """Cut off the last rows, a share of them, as Keras does."""
    n_samples = len(examples.x)
    n_kept = math.floor(n_samples * (1.0 - share))
    if not 0 < n_kept < n_samples:
        wanted = f"a share of {n_samples} samples that leaves both parts some"
        raise _validation.mismatch("validation_split", wanted, share)
    return examples.slice(slice(n_kept)), examples.slice(slice(n_kept, n_samples))


def _check_weights(examples: Examples, objective: Objective) -> Examples:
    """Return the examples if metrics can count them."""
    weighted = [entry.metric.name for entry in objective.reports.entries if entry.is_weighted]
    if weighted and examples.weights is not None and examples.weights.shape[1] > 1:
        received = f"{examples.weights.shape[1]}, one for each output"
        raise ValueError(f"weighted_metrics: expected one weight a row for {', '.join(weighted)}, received {received}")
    return examples


def _check_probabilities(y: Array, name: str) -> None:
    good = (y >= 0) & (y <= 1)
    if not good.all():
        row, column = np.argwhere(~good)[0]
        place = f"row {row}, column {column}"
        raise ValueError(f"{name}: expected numbers from 0 to 1, received {y[row, column]} in {place}")
