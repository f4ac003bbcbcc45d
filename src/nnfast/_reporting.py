"""_reporting: metrics as the core takes them, and the numbers of logs, made of its sums and of collected outputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast._core import Stats
from nnfast.losses import Loss
from nnfast.metrics import Metric, RowMean, Score

Array = NDArray[Any]


class Report(NamedTuple):
    """One number of the logs."""

    metric: Metric
    is_weighted: bool
    core: tuple[str, float] | str
    """What the core averages over rows, with its parameter if that is not the default; "": nothing, it is a `Score`."""


class Outcome(NamedTuple):
    """What a run collected: a row of outputs for each row of targets."""

    y: Array
    outputs: Array
    weights: Array | None

    def drop_missing(self) -> "Outcome":
        """Return the rows whose outputs were written over the NaN of `make_room`."""
        done = ~np.isnan(self.outputs).all(axis=1)
        return Outcome(self.y[done], self.outputs[done], None if self.weights is None else self.weights[done])


def join_outcomes(outcomes: Sequence[Outcome]) -> Outcome:
    """Return all rows of some outcomes; rows without weights weigh 1 if others have them."""
    if len(outcomes) == 1:
        return outcomes[0]
    y, outputs = (np.concatenate([outcome[part] for outcome in outcomes]) for part in (0, 1))
    weighed = [outcome.weights for outcome in outcomes if outcome.weights is not None]
    if not weighed:
        return Outcome(y, outputs, None)
    n_columns = max(weights.shape[1] for weights in weighed)
    known = [np.ones(1) if each.weights is None else each.weights for each in outcomes]
    rows = [np.broadcast_to(part, (len(each.y), n_columns)) for part, each in zip(known, outcomes, strict=True)]
    return Outcome(y, outputs, np.concatenate(rows))


def make_room(n_samples: int, n_outputs: int, dtype: str) -> Array:
    """Return an array for collected outputs."""
    return np.full((n_samples, n_outputs), np.nan, dtype)


@dataclass(frozen=True)
class Reports:
    """All metrics of a model; those that count rows by weight stand last."""

    entries: tuple[Report, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Their names in logs."""
        return tuple(entry.metric.name for entry in self.entries)

    @property
    def core_metrics(self) -> tuple[tuple[str, float] | str, ...]:
        """What the core is asked for."""
        return tuple(entry.core for entry in self.entries if entry.core)

    @property
    def n_weighted(self) -> int:
        """How many of those count rows by weight."""
        return sum(entry.is_weighted for entry in self.entries if entry.core)

    @property
    def wants_outputs(self) -> bool:
        """Whether some are computed from collected outputs."""
        return any(not entry.core for entry in self.entries)

    def measure(self, stats: Stats, outcome: Outcome | None) -> dict[str, float]:
        """Return the numbers for the rows that `stats` summed up; without their outcome only what the core counts."""
        totals = iter(stats.metrics)
        logs = {}
        for entry in self.entries:
            if isinstance(entry.metric, RowMean):
                n = stats.weight if entry.is_weighted else stats.n_rows
                logs[entry.metric.name] = entry.metric.finish(float(next(totals) / n) if n else 0.0)
            elif isinstance(entry.metric, Score) and outcome is not None:
                logs[entry.metric.name] = _compute(entry.metric, outcome, entry.is_weighted)
        return logs


def lower_metrics(metrics: Sequence[Metric], weighted: Sequence[Metric], loss: Loss, n_outputs: int) -> Reports:
    """Translate what is to be reported beside a loss."""
    plain = [Report(metric, False, _choose_core(metric, loss, n_outputs)) for metric in metrics]
    return Reports((*plain, *(Report(metric, True, _choose_core(metric, loss, n_outputs)) for metric in weighted)))


def _choose_core(metric: Metric, loss: Loss, n_outputs: int) -> tuple[str, float] | str:
    if not isinstance(metric, RowMean):
        return ""
    is_binary = loss.fuses_with == "sigmoid" or (n_outputs == 1 and loss.fuses_with != "softmax")
    name = metric.core_name or ("binary_accuracy" if is_binary else "categorical_accuracy")
    if name.endswith("categorical_accuracy") and n_outputs < 2:
        raise ValueError(f"metrics: expected at least 2 outputs for {metric.name}, received {n_outputs}")
    return name if metric.parameter is None else (name, metric.parameter)


def _compute(score: Score, outcome: Outcome, is_weighted: bool) -> float:
    if len(outcome.outputs) == 0:
        return float("nan")
    labels = outcome.y.dtype == np.int32
    y = outcome.y[:, 0] if labels else outcome.y
    weights = outcome.weights[:, 0] if is_weighted and outcome.weights is not None else None
    return score.compute(y, outcome.outputs, weights)
