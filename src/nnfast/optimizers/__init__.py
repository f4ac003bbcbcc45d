"""optimizers: how gradients become steps. Names, parameters and meaning are Keras 3's.

An optimizer is a description; what it remembers of a model (velocities, moments, the number of steps) is kept by that
model. One optimizer may therefore serve several models without mixing them up.

In the formulas w is a parameter, g its gradient, t the number of the step, counted from 1. ``schedules`` is
`nnfast.schedules`, which Keras has here.
"""

from typing import Any

from nnfast import schedules
from nnfast._descriptions import Catalogue
from nnfast.optimizers.adam import Adam, Adamax, AdamW, Nadam
from nnfast.optimizers.adaptive import Adadelta, Adagrad, RMSprop
from nnfast.optimizers.optimizer import Optimizer
from nnfast.optimizers.sgd import SGD
from nnfast.optimizers.signs import Lion, Rprop

__all__ = [
    "CATALOGUE",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "Rprop",
    "get",
    "schedules",
]

CATALOGUE: Catalogue[Optimizer] = Catalogue(
    "optimizer", Optimizer, (SGD, Adam, AdamW, Nadam, Adamax, RMSprop, Adagrad, Adadelta, Lion, Rprop)
)


def get(identifier: Any) -> Optimizer:
    """Return the optimizer that a name, a class or an object stands for.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    return CATALOGUE.get(identifier)
