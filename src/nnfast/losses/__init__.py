"""losses: what training makes small. Names, parameters and meaning are Keras 3's.

The loss of a batch is the mean of its rows' losses unless `reduction` says otherwise; of `SumSquaredError` it is the
sum. Cross-entropy behind a softmax or sigmoid layer is computed jointly with it, from the weighted sums, without being
asked: there is no need for ``from_logits``. In formulas y is an output, p one that is a probability, t the target.

Probabilities that do not come from such a layer are kept 1e-7 away from 0 and 1, as in Keras; one that is moved has no
slope. Label smoothing s makes t (1 - s) + s / 2 of a binary target and t (1 - s) + s / n of one of n classes; metrics
see the targets as they are.
"""

from typing import Any

from nnfast._descriptions import Catalogue
from nnfast.losses.callable_loss import CallableLoss, LossFunction
from nnfast.losses.classification import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from nnfast.losses.loss import Loss
from nnfast.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    QuantileLoss,
    SumSquaredError,
)

__all__ = [
    "CATALOGUE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CallableLoss",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunction",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "QuantileLoss",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "SumSquaredError",
    "get",
]

CATALOGUE: Catalogue[Loss] = Catalogue(
    "loss",
    Loss,
    (
        *(MeanSquaredError, SumSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError),
        *(MeanSquaredLogarithmicError, Huber, LogCosh, QuantileLoss, Poisson, CosineSimilarity),
        *(Hinge, SquaredHinge, CategoricalHinge, KLDivergence),
        *(BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy),
        *(BinaryFocalCrossentropy, CategoricalFocalCrossentropy),
    ),
)


def get(identifier: Any) -> Loss:
    """Return the loss that a name, a class, an object or a function stands for.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    if callable(identifier) and not isinstance(identifier, type):
        return CallableLoss(identifier)
    return CATALOGUE.get(identifier)
