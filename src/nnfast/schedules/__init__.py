"""schedules: learning rates that follow the steps of an optimizer. Names, parameters and meaning are Keras 3's.

A schedule stands where an optimizer's ``learning_rate`` does. It is asked for each batch with the number of steps that
the optimizer has taken of the model before, so the first has number 0. `Constant`, `StepDecay`, `OneCycle` and `Warmup`
are not in Keras. Keras' ``name`` arguments are not here; what stands behind one in Keras is a keyword here.

Any function from a step to a rate is a schedule too, but a model that is trained with one cannot be saved.
"""

from nnfast.schedules.catalogue import CATALOGUE, Warmup, deserialize, serialize
from nnfast.schedules.cosines import CosineDecay, CosineDecayRestarts, OneCycle
from nnfast.schedules.decays import (
    Constant,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    StepDecay,
)
from nnfast.schedules.schedule import (
    LearningRate,
    LearningRateSchedule,
    check_learning_rate,
    compute_rate,
    compute_rates,
)

__all__ = [
    "CATALOGUE",
    "Constant",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRate",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "StepDecay",
    "Warmup",
    "check_learning_rate",
    "compute_rate",
    "compute_rates",
    "deserialize",
    "serialize",
]
