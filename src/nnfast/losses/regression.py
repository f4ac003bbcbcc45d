"""regression: losses of numbers. In formulas y is an output, t its target."""

from dataclasses import dataclass, field
from typing import ClassVar

from nnfast import _validation
from nnfast.losses.loss import Loss


class MeanSquaredError(Loss):
    """The mean over a row's outputs of (y - t)^2."""

    names: ClassVar[tuple[str, ...]] = ("mean_squared_error", "mse")
    core_name: ClassVar[str] = "mean_squared_error"


@dataclass(frozen=True)
class SumSquaredError(Loss):
    """The sum over all outputs of all rows of (y - t)^2: the sum of squared residuals.

    The gradient is the sum's too, so it grows with the batch; the loss of an epoch is the sum over its rows. Its
    `reduction` is "sum" and nothing else.
    """

    names: ClassVar[tuple[str, ...]] = ("sum_squared_error", "sse")
    core_name: ClassVar[str] = "sum_squared_error"
    reduction: str = field(default="sum", kw_only=True)

    def __post_init__(self) -> None:
        self._settle("reduction", _validation.check_choice("reduction", self.reduction, ("sum",)))


class MeanAbsoluteError(Loss):
    """The mean over a row's outputs of abs(y - t). The slope where they are equal is 0."""

    names: ClassVar[tuple[str, ...]] = ("mean_absolute_error", "mae")
    core_name: ClassVar[str] = "mean_absolute_error"


class MeanAbsolutePercentageError(Loss):
    """100 times the mean over a row's outputs of abs(y - t) / max(abs(t), 1e-7)."""

    names: ClassVar[tuple[str, ...]] = ("mean_absolute_percentage_error", "mape")
    core_name: ClassVar[str] = "mean_absolute_percentage_error"


class MeanSquaredLogarithmicError(Loss):
    """The mean over a row's outputs of (log(1 + y) - log(1 + t))^2, with y and t at least 1e-7.

    An output below that has no slope.
    """

    names: ClassVar[tuple[str, ...]] = ("mean_squared_logarithmic_error", "msle")
    core_name: ClassVar[str] = "mean_squared_logarithmic_error"


@dataclass(frozen=True)
class Huber(Loss):
    """The mean over a row's outputs of (y - t)^2 / 2 up to a distance of delta, beyond it a straight line.

    Parameters
    ----------
    delta : float
        In (0, 1e30]. The line is delta (abs(y - t) - delta / 2), as in PyTorch's HuberLoss; its SmoothL1Loss is this
        divided by delta.
    """

    names: ClassVar[tuple[str, ...]] = ("huber",)
    core_name: ClassVar[str] = "huber"
    delta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_numbers(delta="(0, 1e30]")


class LogCosh(Loss):
    """The mean over a row's outputs of log(cosh(y - t)): a smooth form of Huber's loss."""

    names: ClassVar[tuple[str, ...]] = ("log_cosh", "logcosh")
    core_name: ClassVar[str] = "log_cosh"


@dataclass(frozen=True)
class QuantileLoss(Loss):
    """The mean over a row's outputs of the pinball loss: its minimum is at a quantile of the targets.

    quantile (t - y) where y < t, (1 - quantile) (y - t) where y > t. Not in Keras; scikit-learn's mean_pinball_loss.

    Parameters
    ----------
    quantile : float
        In (0, 1); 0.5 is the median, and half of `MeanAbsoluteError`.
    """

    names: ClassVar[tuple[str, ...]] = ("quantile", "pinball")
    core_name: ClassVar[str] = "quantile"
    quantile: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_numbers(quantile="(0, 1)")


class Poisson(Loss):
    """The mean over a row's outputs of y - t log(y + 1e-7): outputs are rates, and must not be below 0.

    End the network with softplus or the like. PyTorch's PoissonNLLLoss is this with ``log_input=False, eps=1e-7``.
    """

    names: ClassVar[tuple[str, ...]] = ("poisson",)
    core_name: ClassVar[str] = "poisson"


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between a row's outputs and its targets: -1 where they point the same way.

    A row shorter than 1e-7 counts as one of that length.
    """

    names: ClassVar[tuple[str, ...]] = ("cosine_similarity",)
    core_name: ClassVar[str] = "cosine_similarity"
