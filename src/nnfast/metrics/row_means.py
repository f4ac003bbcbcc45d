"""row_means: metrics that are the mean over rows of one number a row; the core adds them up."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from nnfast import _validation
from nnfast.metrics.metric import Metric


@dataclass(frozen=True)
class RowMean(Metric):
    """The base of metrics that are the mean over rows of one number a row.

    Parameters
    ----------
    name : str
        The key in logs and history.
    """

    core_name: ClassVar[str | None] = None
    """The core's name; None: chosen to go with the loss."""

    @property
    def parameter(self) -> float | None:
        """What the core's row of the metric takes; None is its default."""
        return None

    def finish(self, mean: float) -> float:
        """Return what is reported of the mean over rows."""
        return mean


class Accuracy(RowMean):
    """The share of right answers, of the kind that goes with the loss and the number of outputs.

    `BinaryAccuracy` for binary cross-entropy or one output, else `CategoricalAccuracy`. (Keras does not ask for the
    loss: of several labels a row it takes `CategoricalAccuracy`, which compares the largest alone.)
    """

    names: ClassVar[tuple[str, ...]] = ("accuracy", "acc")
    higher_is_better: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class BinaryAccuracy(RowMean):
    """The share of outputs on the same side of a threshold as their targets are of 0.5.

    Parameters
    ----------
    threshold : float
        Outputs above it mean 1.
    name : str
        The key in logs and history.
    """

    names: ClassVar[tuple[str, ...]] = ("binary_accuracy",)
    core_name: ClassVar[str | None] = "binary_accuracy"
    higher_is_better: ClassVar[bool] = True

    threshold: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle("threshold", _validation.check_real("threshold", self.threshold, "(-inf, inf)"))

    @property
    def parameter(self) -> float | None:  # noqa: D102
        return self.threshold


class CategoricalAccuracy(RowMean):
    """The share of rows whose largest output is where the largest target is; of equals the first counts."""

    names: ClassVar[tuple[str, ...]] = ("categorical_accuracy",)
    core_name: ClassVar[str | None] = "categorical_accuracy"
    higher_is_better: ClassVar[bool] = True


class SparseCategoricalAccuracy(RowMean):
    """The share of rows whose largest output is the one their label names; of equals the first counts."""

    names: ClassVar[tuple[str, ...]] = ("sparse_categorical_accuracy",)
    core_name: ClassVar[str | None] = "categorical_accuracy"
    higher_is_better: ClassVar[bool] = True


@dataclass(frozen=True)
class _TopK(RowMean):
    core_name: ClassVar[str | None] = "top_k_categorical_accuracy"
    higher_is_better: ClassVar[bool] = True

    k: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle("k", _validation.check_integer("k", self.k, 1))

    @property
    def parameter(self) -> float | None:
        return float(self.k)


@dataclass(frozen=True)
class TopKCategoricalAccuracy(_TopK):
    """The share of rows where fewer than k outputs are larger than that where the largest target is.

    Of equal outputs all are among the k, as in Keras; scikit-learn's ``top_k_accuracy_score`` takes the last ones.

    Parameters
    ----------
    k : int
        How many outputs count as answers.
    name : str
        The key in logs and history.
    """

    names: ClassVar[tuple[str, ...]] = ("top_k_categorical_accuracy",)


@dataclass(frozen=True)
class SparseTopKCategoricalAccuracy(_TopK):
    """The share of rows where fewer than k outputs are larger than that of the label; of equals all are among the k.

    Parameters
    ----------
    k : int
        How many outputs count as answers.
    name : str
        The key in logs and history.
    """

    names: ClassVar[tuple[str, ...]] = ("sparse_top_k_categorical_accuracy",)


class MeanSquaredError(RowMean):
    """The mean over a row's outputs of (y_pred - y_true)^2."""

    names: ClassVar[tuple[str, ...]] = ("mean_squared_error", "mse")
    core_name: ClassVar[str | None] = "mean_squared_error"


class RootMeanSquaredError(RowMean):
    """The square root of the mean over all rows and outputs of (y_pred - y_true)^2."""

    names: ClassVar[tuple[str, ...]] = ("root_mean_squared_error", "rmse")
    core_name: ClassVar[str | None] = "mean_squared_error"

    def finish(self, mean: float) -> float:  # noqa: D102
        return sqrt(mean)


class MeanAbsoluteError(RowMean):
    """The mean over a row's outputs of ``|y_pred - y_true|``."""

    names: ClassVar[tuple[str, ...]] = ("mean_absolute_error", "mae")
    core_name: ClassVar[str | None] = "mean_absolute_error"


class MeanAbsolutePercentageError(RowMean):
    """The mean over a row's outputs of ``100 |y_pred - y_true| / |y_true|``, where ``|y_true|`` is at least 1e-7.

    scikit-learn's is a share, not a percentage, and lets ``|y_true|`` be as small as 2.2e-16.
    """

    names: ClassVar[tuple[str, ...]] = ("mean_absolute_percentage_error", "mape")
    core_name: ClassVar[str | None] = "mean_absolute_percentage_error"
