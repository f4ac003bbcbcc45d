"""training: what `compile` makes: steps of training, measuring, and the numbers of logs."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnfast import _core, _lowering
from nnfast._core import RunStopped, Stats
from nnfast._custom_training import CustomTrainer, add_stats
from nnfast._examples import Examples
from nnfast._lowering import Objective
from nnfast._reporting import Outcome, join_outcomes, make_room
from nnfast._sources import Source, Whole
from nnfast._work import Steps, Work, run_alone
from nnfast.callbacks.callback import Logs
from nnfast.data.arrays import as_metric_targets
from nnfast.exceptions import NotFiniteError
from nnfast.optimizers import Optimizer
from nnfast.saving.model_file import SavedModel
from nnfast.saving.training_state import TrainingState

if TYPE_CHECKING:
    from nnfast._core import Poll

Array = NDArray[Any]


class Model(Protocol):
    """What the loop knows of a model."""

    seed: int
    stop_training: bool
    feature_names: tuple[str, ...] | None
    _epochs_done: int

    def _describe(self, training: TrainingState) -> SavedModel: ...
    def _check_same(self, saved: SavedModel, name: str) -> None: ...
    def _restore(self, saved: SavedModel) -> None: ...
    def _restore_rate(self, saved: SavedModel) -> None: ...


@dataclass(frozen=True)
class Learner:
    """What ``compile`` makes: an optimizer's state and a trainer, for one network and objective."""

    optimizer: Optimizer
    state: _core.Optimizer
    objective: Objective
    trainer: _core.Trainer | CustomTrainer
    layer_names: tuple[str, ...]

    def plan(
        self, model: Model, examples: Examples, outputs: Array | None, poll: "Poll | None" = None, **settings: Any
    ) -> Work:
        """Return the training of the epochs that come next for `model`; see ``_core.Trainer.run``."""
        step, n_steps = self.state.step, settings["n_epochs"] * _count_batches(len(examples.x), **settings)
        rates = _lowering.lower_rates(self.optimizer, step, n_steps)
        if rates is None:
            self.state.set_hyperparameters(_lowering.lower_optimizer(self.optimizer)[1])
        settings |= {"first_epoch": model._epochs_done, "seed": model.seed, "learning_rates": rates}
        return Work(self.trainer, examples, outputs, settings, poll)

    def evaluate(self, source: Source) -> "Tally":
        """Measure the rows of an epoch of a source."""
        return run_alone(self.measure(source))

    def measure(self, source: Source) -> Steps["Tally"]:
        """Do the same as ``evaluate``, in steps."""
        tally = Tally(self)
        with source.read() as portions:
            for examples, *_ in portions:
                outputs = self.make_room(examples)
                tally.add((yield Work(self.trainer, examples, outputs)))
                tally.keep(examples, outputs)
        return tally

    def try_weights(self, *sources: Source | None) -> None:
        """Let a loss of one's own show with a few rows at hand that it can be weighed, before anything is changed."""
        for source in sources:
            if isinstance(source, Whole) and isinstance(self.trainer, CustomTrainer):
                few = source.portion.examples.slice(slice(2))
                if few.weights is not None:
                    self.trainer.evaluate(few.x, few.y, few.weights)

    def train_on_batch(self, model: Model, examples: Examples) -> Logs:
        """Take one step; it counts as an epoch."""
        n_samples, outputs = len(examples.x), self.make_room(examples)
        try:
            [stats] = self.plan(model, examples, outputs, batch_size=n_samples, n_epochs=1, shuffle=False).run()
        except RunStopped as stop:
            raise self.explain(stop, 0, 0) from None
        model._epochs_done += 1
        tally = Tally(self, stats)
        tally.keep(examples, outputs)
        return tally.make_logs()

    def make_room(self, examples: Examples) -> Array | None:
        """Return an array that collects outputs, if a metric needs them."""
        if not self.objective.reports.wants_outputs:
            return None
        return make_room(len(examples.x), self.objective.n_outputs, self.trainer.dtype)

    def explain(self, stop: RunStopped, epoch: int, batch: int) -> Exception:
        """Make the error a user sees where the core refused a batch."""
        place = f"epoch {epoch}, batch {batch} (counted from 0)"
        if stop.reason != "not_finite" or stop.layer is None:
            return ValueError(f"y: expected labels that stay as they are during training, received others in {place}")
        source = ("the scaled input", *self.layer_names, "the loss alone")[stop.layer + 1]
        return NotFiniteError(
            f"the loss became NaN or infinite in {place}, first in {source}; the weights are those that the batch "
            "before left. A smaller learning rate or scaled inputs may help",
            epoch,
            batch,
        )


class Tally:
    """What is known of the rows that were trained on, or measured, so far.

    Parameters
    ----------
    learner : Learner
        Whose rows they are.
    stats : Stats, optional
        Their sums, to begin with.
    outputs : ndarray, optional
        Of the first rows, which are known already.
    """

    def __init__(self, learner: Learner, stats: Stats | None = None, outputs: Array | None = None) -> None:
        self.stats = stats
        self._learner = learner
        self._known = outputs
        self._rooms: list[Array] = []
        self._outcomes: list[Outcome] = []

    @property
    def n_batches(self) -> int:
        """The number of batches that were trained on."""
        return self.stats.n_batches if self.stats else 0

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return self.stats.n_rows if self.stats else 0

    def add(self, stats: Stats) -> None:
        """Add the sums of more rows."""
        self.stats = add_stats(self.stats, stats) if self.stats else stats

    def spoil(self) -> None:
        """Make the loss NaN, as in Keras, after one that is not finite; of one row if there is none."""
        assert self.stats is not None
        self.stats = self.stats._replace(loss=math.nan)
        if not self.stats.n_rows:
            self.stats = Stats(math.nan, (math.nan,) * len(self.stats.metrics), 1, self.stats.n_batches, 1.0)

    def make_room(self, examples: Examples) -> Array | None:
        """Return an array for outputs, if a metric needs them; what is known of them is in it."""
        outputs = self._learner.make_room(examples)
        if outputs is None:
            return None
        if self._known is not None:
            known, self._known = self._known[: len(outputs)], self._known[len(outputs) :]
            outputs[: len(known)] = known
        self._rooms.append(outputs)
        return outputs

    def join_outputs(self) -> Array | None:
        """Return a copy of all outputs for which there was made room."""
        return np.concatenate(self._rooms) if self._rooms else None

    def keep(self, examples: Examples, outputs: Array | None) -> None:
        """Keep the outputs for examples, where metrics need them."""
        if outputs is None:
            return
        y, objective = examples.y, self._learner.objective
        if objective.function is not None:
            y = as_metric_targets(y, n_outputs=objective.n_outputs, dtype=self._learner.trainer.dtype)
        self._outcomes.append(Outcome(y, outputs, examples.weights))

    def make_batch_logs(self) -> Logs:
        """Return loss and those metrics that are means of rows."""
        assert self.stats is not None
        return self._learner.objective.make_logs(self.stats)

    def make_logs(self) -> Logs:
        """Return loss and all metrics, whose outputs were kept."""
        assert self.stats is not None
        outcome = join_outcomes(self._outcomes) if self._outcomes else None
        if outcome and self.stats.n_rows < len(outcome.y):
            outcome = outcome.drop_missing()
        return self._learner.objective.make_logs(self.stats, outcome)


def make_trainer(
    network: _core.Network, optimizer: Optimizer, state: _core.Optimizer, objective: Objective
) -> _core.Trainer | CustomTrainer:
    """Return what takes the steps: the core, or Python for a loss of one's own."""
    if objective.function is not None:
        return CustomTrainer(network, optimizer, state, objective)
    reports = objective.reports
    return _core.Trainer(network, state, objective.loss, reports.core_metrics, n_weighted=reports.n_weighted)


def return_logs(logs: Logs, return_dict: bool) -> float | list[float] | Logs:
    """Return logs as they are, or as a list, or the loss alone where there is nothing else."""
    if return_dict:
        return logs
    return list(logs.values()) if len(logs) > 1 else logs["loss"]


def _count_batches(n_samples: int, batch_size: int, first_batch: int = 0, n_batches: int = 0, **_: Any) -> int:
    """Return how many batches of an epoch a run of these settings has."""
    left = -(-n_samples // batch_size) - first_batch
    return min(n_batches, left) if n_batches else left
