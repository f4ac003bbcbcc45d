"""loss_mean: losses as metrics, and the one whose sign is another there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from nnfast import _core, _validation, losses
from nnfast._core import LossSpec
from nnfast.losses import Loss
from nnfast.metrics.metric import Array, Score, read_rows


@dataclass(frozen=True)
class LossMean(Score):
    """The mean over rows of a loss that is not trained for. A loss, or its name, among metrics stands for it.

    Parameters
    ----------
    loss : Loss or str
        Its `reduction` counts for nothing here. Not one ``from_logits``: metrics see probabilities.
    name : str
        The key in logs and history; by default the loss's name.
    """

    names: ClassVar[tuple[str, ...]] = ()

    loss: Loss = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._settle("loss", losses.get(self.loss))
        if self.loss.wants_logits:
            raise _validation.mismatch("metrics: from_logits", "False, as metrics see probabilities", True)
        self._settle("name", self.loss.names[0] if self.name in (None, "") else self.name)
        super().__post_init__()

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"name": self.name, "loss": losses.CATALOGUE.serialize(self.loss)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:  # noqa: D102
        return cls(**dict(config) | {"loss": losses.CATALOGUE.deserialize(config["loss"])})

    def compute(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:  # noqa: D102
        y_true, y_pred, sample_weight = read_rows(y_true, y_pred, sample_weight)
        outputs = np.array(y_pred, np.float32 if y_pred.dtype == np.float32 else np.float64, order="C")
        targets = np.ascontiguousarray(y_true, outputs.dtype)
        of_rows = np.empty(len(outputs))
        _core.loss(LossSpec(self.loss.core_name, self.loss.parameters), outputs, targets, 1.0, of_rows, None)
        if sample_weight is None:
            return float(of_rows.mean())
        total = sample_weight.sum()
        return float(of_rows @ sample_weight / total) if total else 0.0


@dataclass(frozen=True)
class CosineSimilarity(Score):
    """The mean over rows of the cosine of the angle between outputs and targets: 1 where they point the same way.

    As in Keras the loss of that name has the other sign; a row shorter than 1e-7 counts as one of that length.
    """

    names: ClassVar[tuple[str, ...]] = ("cosine_similarity",)
    higher_is_better: ClassVar[bool] = True

    def compute(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:  # noqa: D102
        return -LossMean(losses.CosineSimilarity()).compute(y_true, y_pred, sample_weight)
