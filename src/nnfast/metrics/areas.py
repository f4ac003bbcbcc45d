"""areas: metrics that are areas below a curve over all thresholds."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast.metrics.metric import Sample, Score

Array = NDArray[Any]


def measure_roc_area(y_true: Array, y_pred: Array, weight: Array) -> float:
    """Return the area below the receiver operating characteristic: NaN if all targets are on one side of 0.5.

    It is the chance that a row with target 1 has a larger output than one with target 0, a tie being half a success.
    """
    order = np.argsort(-y_pred, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(y_pred[order]) != 0, len(order) > 0))  # of equal outputs the last
    is_positive = y_true[order] > 0.5
    found = np.append(0.0, np.cumsum(weight[order] * is_positive)[ends])
    mistaken = np.append(0.0, np.cumsum(weight[order] * ~is_positive)[ends])
    area = np.sum(np.diff(mistaken) * (found[1:] + found[:-1])) / 2
    whole = found[-1] * mistaken[-1]
    return float(area / whole) if whole > 0 else float("nan")


@dataclass(frozen=True)
class AUC(Score):
    """The area below the ROC curve, exact: the chance that a row with target 1 has a larger output than one with 0.

    The same as scikit-learn's ``roc_auc_score``, with NaN where all rows are of one class. Keras approximates it by 200
    thresholds, and gives 0 there.

    Parameters
    ----------
    multi_label : bool
        How several outputs become one number. False: as if all were one output of more rows, as in Keras
        (scikit-learn's ``average="micro"``). True: the mean of the areas of each (``"macro"``; for a classifier
        ``multi_class="ovr"``).
    name : str
        The key in logs and history.
    """

    names: ClassVar[tuple[str, ...]] = ("auc",)
    higher_is_better: ClassVar[bool] = True

    multi_label: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle("multi_label", _validation.check_bool("multi_label", self.multi_label))

    def compute(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:  # noqa: D102
        sample = Sample(y_true, y_pred, sample_weight)
        if np.isnan(sample.y_pred).any():
            return float("nan")
        if not self.multi_label:
            return measure_roc_area(*sample.flatten())
        areas = [measure_roc_area(*sample.get_column(index)) for index in range(sample.y_pred.shape[1])]
        return float(np.mean(areas))
