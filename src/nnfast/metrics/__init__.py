"""metrics: what is reported beside the loss. Names are Keras 3's.

Most are means over rows of one number a row, which the core adds up as it goes. The others (`Score`) are computed by
NumPy from the outputs of all rows together, which are kept for that: of an epoch in training, where the weights change
from batch to batch, those that each batch was trained with. They are in the logs of epochs, not in those of batches.

Behind a loss that takes logits, metrics see the probabilities made of them. Class labels are compared as one-hot rows.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nnfast import _core, _validation, losses
from nnfast._descriptions import Catalogue
from nnfast.losses import Loss
from nnfast.metrics.areas import AUC
from nnfast.metrics.loss_mean import CosineSimilarity, LossMean
from nnfast.metrics.metric import FunctionMetric, Metric, Score
from nnfast.metrics.row_means import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    RootMeanSquaredError,
    RowMean,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from nnfast.metrics.scores import F1Score, Precision, R2Score, Recall

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "CosineSimilarity",
    "F1Score",
    "FunctionMetric",
    "LossMean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "R2Score",
    "Recall",
    "RootMeanSquaredError",
    "RowMean",
    "Score",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
]

CATALOGUE: Catalogue[Metric] = Catalogue(
    "metric",
    Metric,
    (
        *(Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy),
        *(TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy),
        *(MeanSquaredError, RootMeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError),
        *(Precision, Recall, F1Score, AUC, R2Score, CosineSimilarity, LossMean),
    ),
)


def get(identifier: Any) -> Metric:
    """Return the metric that a name, a class, an object, a loss or a function stands for.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    if _is_loss(identifier):
        return LossMean(identifier, name=identifier if isinstance(identifier, str) else "")
    if callable(identifier) and not isinstance(identifier, type | Metric):
        return FunctionMetric(identifier)
    metric = CATALOGUE.get(identifier)
    return type(metric)(name=identifier) if isinstance(identifier, str) else metric


def get_metrics(metrics: Any, weighted_metrics: Any = None) -> tuple[tuple[Metric, ...], tuple[Metric, ...]]:
    """Return the metrics that two lists of names, classes, objects and functions stand for.

    A weighted metric with the name of one that is not becomes "weighted_" and that name, as in Keras.

    Raises
    ------
    ValueError
        If one is no list, or there are more row means than the core takes, or two of the same name.
    """
    plain = tuple(_get_each("metrics", metrics))
    taken = {metric.name for metric in plain}
    weighted = tuple(
        replace(metric, name=f"weighted_{metric.name}") if metric.name in taken else metric
        for metric in _get_each("weighted_metrics", weighted_metrics)
    )
    names = [metric.name for metric in (*plain, *weighted)]
    n_means = sum(isinstance(metric, RowMean) for metric in (*plain, *weighted))
    if len(set(names) | {"loss"}) <= len(names) or n_means > _core.MAX_METRICS:
        wanted = f"at most {_core.MAX_METRICS} that are means of rows, of different names, none of them 'loss'"
        raise _validation.mismatch("metrics", wanted, names)
    return plain, weighted


def _is_loss(identifier: Any) -> bool:
    """Tell of names that only a loss has."""
    if isinstance(identifier, str):
        return losses.CATALOGUE.knows(identifier) and not CATALOGUE.knows(identifier)
    return isinstance(identifier, Loss) or (isinstance(identifier, type) and issubclass(identifier, Loss))


def _get_each(argument: str, identifiers: Any) -> Iterator[Metric]:
    if identifiers is not None and not isinstance(identifiers, list | tuple):
        raise _validation.mismatch(argument, "a list of metrics", identifiers)
    return map(get, identifiers or ())
