"""metrics: what is reported beside the loss: the mean over rows of one number a row. Names are Keras 3's.

Behind a loss that takes logits, metrics see the probabilities made of them. Class labels are compared as one-hot rows.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnfast import _core, _validation
from nnfast._descriptions import Catalogue, Description


@dataclass(frozen=True)
class Metric(Description):
    """The base of all metrics.

    Parameters
    ----------
    name : str
        The key in logs and history; for a metric given by a string that string.
    """

    name: str = ""
    core_name: ClassVar[str | None] = None
    """The core's name; None: chosen to go with the loss."""
    higher_is_better: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self._settle("name", _validation.check_text("name", self.name or self.names[0]))


class Accuracy(Metric):
    """The share of right answers, of the kind that goes with the loss and the number of outputs.

    `BinaryAccuracy` for binary cross-entropy or one output, else `CategoricalAccuracy`.
    """

    names: ClassVar[tuple[str, ...]] = ("accuracy", "acc")
    higher_is_better: ClassVar[bool] = True


class BinaryAccuracy(Metric):
    """The share of outputs on the same side of 0.5 as their targets."""

    names: ClassVar[tuple[str, ...]] = ("binary_accuracy",)
    core_name: ClassVar[str | None] = "binary_accuracy"
    higher_is_better: ClassVar[bool] = True


class CategoricalAccuracy(Metric):
    """The share of rows whose largest output is where the largest target is; of equals the first counts."""

    names: ClassVar[tuple[str, ...]] = ("categorical_accuracy",)
    core_name: ClassVar[str | None] = "categorical_accuracy"
    higher_is_better: ClassVar[bool] = True


class SparseCategoricalAccuracy(Metric):
    """The share of rows whose largest output is the one their label names; of equals the first counts."""

    names: ClassVar[tuple[str, ...]] = ("sparse_categorical_accuracy",)
    core_name: ClassVar[str | None] = "categorical_accuracy"
    higher_is_better: ClassVar[bool] = True


class MeanSquaredError(Metric):
    """The mean over a row's outputs of (y_pred - y_true)^2."""

    names: ClassVar[tuple[str, ...]] = ("mean_squared_error", "mse")
    core_name: ClassVar[str | None] = "mean_squared_error"


class MeanAbsoluteError(Metric):
    """The mean over a row's outputs of |y_pred - y_true|."""

    names: ClassVar[tuple[str, ...]] = ("mean_absolute_error", "mae")
    core_name: ClassVar[str | None] = "mean_absolute_error"


CATALOGUE: Catalogue[Metric] = Catalogue(
    "metric",
    Metric,
    (
        *(Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy),
        *(MeanSquaredError, MeanAbsoluteError),
    ),
)


def get(identifier: Any) -> Metric:
    """Return the metric that a name, a class or an object stands for.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    metric = CATALOGUE.get(identifier)
    return type(metric)(name=identifier) if isinstance(identifier, str) else metric


def get_metrics(identifiers: Any) -> tuple[Metric, ...]:
    """Return the metrics that a list of names, classes and objects stands for.

    Raises
    ------
    ValueError
        If it is no list, or there are more than the core takes, or two of the same name.
    """
    if identifiers is not None and not isinstance(identifiers, list | tuple):
        raise _validation.mismatch("metrics", "a list of metrics", identifiers)
    chosen = tuple(get(identifier) for identifier in identifiers or ())
    names = [metric.name for metric in chosen]
    if len(set(names) | {"loss"}) <= len(names) or len(names) > _core.MAX_METRICS:
        raise _validation.mismatch(
            "metrics", f"at most {_core.MAX_METRICS}, of different names, none of them 'loss'", names
        )
    return chosen
