"""scores: metrics made of counts of right and wrong answers, and R2."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast.metrics.metric import Sample, Score, divide

Array = NDArray[Any]


class Counts(NamedTuple):
    """Of each output the weight of the rows that rightly, wrongly, and wrongly not have it."""

    true_positive: Array
    false_positive: Array
    false_negative: Array


def count(sample: Sample, is_chosen: NDArray[np.bool_]) -> Counts:
    """Count the answers that are given against the targets above 0.5."""
    is_wanted, weight = sample.y_true > 0.5, sample.weight
    return Counts(
        weight @ (is_chosen & is_wanted), weight @ (is_chosen & ~is_wanted), weight @ (~is_chosen & is_wanted)
    )


@dataclass(frozen=True)
class _Ratio(Score):
    higher_is_better: ClassVar[bool] = True
    _wrong: ClassVar[Literal["false_positive", "false_negative"]]
    """Which answers the true positives are set against."""

    thresholds: float | None = None
    top_k: int | None = None
    class_id: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.thresholds is not None:
            self._settle("thresholds", _validation.check_real("thresholds", self.thresholds, "[0, 1]"))
        if self.top_k is not None:
            self._settle("top_k", _validation.check_integer("top_k", self.top_k, 1))
        if self.class_id is not None:
            self._settle("class_id", _validation.check_integer("class_id", self.class_id, 0))

    def _count(self, sample: Sample) -> Counts:
        """Sum over the outputs that count."""
        threshold = self.thresholds if self.thresholds is not None else 0.5 if self.top_k is None else -np.inf
        is_chosen = sample.y_pred > threshold
        if self.top_k is not None:
            order = np.argsort(-sample.y_pred, axis=1, kind="stable")
            is_chosen &= np.argsort(order, axis=1) < self.top_k  # of the rank of each
        n_outputs = is_chosen.shape[1]
        if self.class_id is not None and self.class_id >= n_outputs:
            raise _validation.mismatch("class_id", f"an output, 0 to {n_outputs - 1}", self.class_id)
        outputs = slice(None) if self.class_id is None else slice(self.class_id, self.class_id + 1)
        return Counts(*(counts[outputs].sum() for counts in count(sample, is_chosen)))

    def compute(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:
        counts = self._count(Sample(y_true, y_pred, sample_weight))
        return float(divide(counts.true_positive, counts.true_positive + getattr(counts, self._wrong)))


@dataclass(frozen=True)
class Precision(_Ratio):
    """The share of what the model says that is true: of outputs above a threshold, those with target 1.

    0 if there are none.
    All outputs count alike (scikit-learn's ``average="micro"``).

    Parameters
    ----------
    thresholds : float, optional
        Outputs above it count, 0.5 by default. (Keras takes several at once.)
    top_k : int, optional
        Of each row only the k largest outputs count, whatever they are; 1 for a classifier's answers.
    class_id : int, optional
        The only output that counts.
    name : str
        The key in logs and history.
    """

    names: ClassVar[tuple[str, ...]] = ("precision",)
    _wrong = "false_positive"


@dataclass(frozen=True)
class Recall(_Ratio):
    """The share of what is true that the model says: of outputs with target 1, those above a threshold.

    0 if there are none.
    All outputs count alike (scikit-learn's ``average="micro"``).

    Parameters
    ----------
    thresholds, top_k, class_id, name
        See `Precision`.
    """

    names: ClassVar[tuple[str, ...]] = ("recall",)
    _wrong = "false_negative"


@dataclass(frozen=True)
class F1Score(Score):
    """The harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn); 0 for an output never wanted nor given.

    Parameters
    ----------
    average : {"macro", "micro", "weighted"}
        The mean of the outputs' scores; the score of all outputs' counts together; or the mean with each output as
        often as it is wanted. (Keras's default, None, gives an array: logs are numbers.)
    threshold : float, optional
        Outputs above it are given. None: a row's largest outputs; or 0.5 if there is only one output (Keras takes that
        one as given in every row).
    name : str
        The key in logs and history.
    """

    names: ClassVar[tuple[str, ...]] = ("f1_score", "f1")
    higher_is_better: ClassVar[bool] = True

    average: Literal["macro", "micro", "weighted"] = "macro"
    threshold: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle("average", _validation.check_choice("average", self.average, ("macro", "micro", "weighted")))
        if self.threshold is not None:
            self._settle("threshold", _validation.check_real("threshold", self.threshold, "(0, 1]"))

    def _choose(self, outputs: Array) -> NDArray[np.bool_]:
        if self.threshold is None and outputs.shape[1] > 1:
            chosen: NDArray[np.bool_] = outputs == outputs.max(axis=1, keepdims=True)
            return chosen
        return outputs > (0.5 if self.threshold is None else self.threshold)

    def compute(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:  # noqa: D102
        sample = Sample(y_true, y_pred, sample_weight)
        counts = count(sample, self._choose(sample.y_pred))
        if self.average == "micro":
            counts = Counts(*(each.sum(keepdims=True) for each in counts))
        right, false_positive, false_negative = counts
        scores = divide(2 * right, 2 * right + false_positive + false_negative)
        if self.average == "weighted":
            wanted = right + false_negative
            return float(divide((scores * wanted).sum(), wanted.sum()))
        return float(scores.mean())


@dataclass(frozen=True)
class R2Score(Score):
    """1 - (sum of squared errors) / (sum of squared deviations of the targets from their mean): 1 is perfect.

    Of targets that are all the same it is 1 if every output is right, else 0, as scikit-learn has it; of fewer than two
    rows NaN.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average"}
        How the outputs' scores become one: their mean, or each as much as its targets vary. (Keras's None gives an
        array.)
    name : str
        The key in logs and history.
    """

    names: ClassVar[tuple[str, ...]] = ("r2_score", "r2")
    higher_is_better: ClassVar[bool] = True

    class_aggregation: Literal["uniform_average", "variance_weighted_average"] = "uniform_average"

    def __post_init__(self) -> None:
        super().__post_init__()
        choices = ("uniform_average", "variance_weighted_average")
        self._settle(
            "class_aggregation", _validation.check_choice("class_aggregation", self.class_aggregation, choices)
        )

    def compute(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:  # noqa: D102
        sample = Sample(y_true, y_pred, sample_weight)
        if len(sample) < 2:
            return float("nan")
        y, weight = sample.y_true, sample.weight
        errors = weight @ (y - sample.y_pred) ** 2
        variation = np.where((y == y[0]).all(axis=0), 0, weight @ (y - weight @ y / weight.sum()) ** 2)
        scores = np.where(variation > 0, 1 - divide(errors, variation), errors == 0)
        if self.class_aggregation == "variance_weighted_average" and variation.any():
            return float(scores @ variation / variation.sum())
        return float(scores.mean())
