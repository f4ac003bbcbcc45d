"""training: the loop over epochs: a call of the core for all of them, or one an epoch or a batch, as callbacks ask."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnfast import _core, _lowering
from nnfast._core import Progress, RunStopped, Stats
from nnfast._custom_training import CustomTrainer, add_stats
from nnfast._examples import Examples
from nnfast._lowering import Objective
from nnfast._reporting import Outcome, make_room
from nnfast.callbacks.callback import BATCH_HOOKS, CallbackList, Logs
from nnfast.data.arrays import as_metric_targets
from nnfast.exceptions import NotFiniteError
from nnfast.optimizers import Optimizer

Array = NDArray[Any]

_EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end", "on_progress", *BATCH_HOOKS)

_EPOCHS_A_CALL = 10_000  # where nobody listens: sums are kept for each until the call returns
_STEPS_A_CALL = 2**20  # of a schedule, whose rates are kept


class Model(Protocol):
    """What the loop knows of a model."""

    seed: int
    stop_training: bool
    _epochs_done: int


@dataclass(frozen=True)
class Learner:
    """What ``compile`` makes: an optimizer's state and a trainer, for one network and objective."""

    optimizer: Optimizer
    state: _core.Optimizer
    objective: Objective
    trainer: _core.Trainer | CustomTrainer
    layer_names: tuple[str, ...]

    def run(self, model: Model, examples: Examples, **settings: Any) -> list[Stats]:
        """Train the epochs that come next for `model`; see ``_core.Trainer.run``."""
        step, n_steps = self.state.step, settings["n_epochs"] * _count_batches(len(examples.x), **settings)
        rates = _lowering.lower_rates(self.optimizer, step, n_steps)
        if rates is None:
            self.state.set_hyperparameters(_lowering.lower_optimizer(self.optimizer)[1])
        settings |= {"first_epoch": model._epochs_done, "seed": model.seed, "learning_rates": rates}
        return self.trainer.run(examples.x, examples.y, weights=examples.weights, **settings)

    def evaluate(self, examples: Examples) -> Logs:
        """Return loss and metrics."""
        outputs = self.make_room(examples)
        stats = self.trainer.evaluate(examples.x, examples.y, weights=examples.weights, outputs=outputs)
        return self.make_logs(stats, examples, outputs)

    def try_weights(self, *several: Examples | None) -> None:
        """Let a loss of one's own show with a few rows that it can be weighed, before anything is changed."""
        for examples in several:
            if examples and examples.weights is not None and isinstance(self.trainer, CustomTrainer):
                few = examples.slice(slice(2))
                self.trainer.evaluate(few.x, few.y, few.weights)

    def train_on_batch(self, model: Model, examples: Examples) -> Logs:
        """Take one step; it counts as an epoch."""
        n_samples, outputs = len(examples.x), self.make_room(examples)
        try:
            [stats] = self.run(model, examples, batch_size=n_samples, n_epochs=1, shuffle=False, outputs=outputs)
        except RunStopped as stop:
            raise self.explain(stop, 0, 0) from None
        model._epochs_done += 1
        return self.make_logs(stats, examples, outputs)

    def make_room(self, examples: Examples) -> Array | None:
        """Return an array that collects outputs, if a metric needs them."""
        if not self.objective.reports.wants_outputs:
            return None
        return make_room(len(examples.x), self.objective.n_outputs, self.trainer.dtype)

    def make_logs(self, stats: Stats, examples: Examples, outputs: Array | None) -> Logs:
        """Return loss and metrics of the rows that `stats` summed up, some or all of the examples."""
        outcome = None if outputs is None else self._collect(examples, outputs)
        if outcome and stats.n_rows < len(examples.x):
            outcome = outcome.drop_missing()
        return self.objective.make_logs(stats, outcome)

    def _collect(self, examples: Examples, outputs: Array) -> Outcome:
        y = examples.y
        if self.objective.function is not None:
            y = as_metric_targets(y, n_outputs=self.objective.n_outputs, dtype=self.trainer.dtype)
        return Outcome(y, outputs, examples.weights)

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


@dataclass
class Fit:
    """One call of ``fit``.

    Parameters
    ----------
    model : Model
        Its ``_epochs_done`` keys shuffling and dropout, and grows.
    learner : Learner
        What trains.
    examples, validation : Examples
        The latter may be None.
    batch_size : int
        At most the number of samples.
    epochs : range
        The numbers that callbacks hear.
    shuffle : bool
        Whether each epoch has its own order.
    callbacks : CallbackList
        Who listens.
    """

    model: Model
    learner: Learner
    examples: Examples
    validation: Examples | None
    batch_size: int
    epochs: range
    shuffle: bool
    callbacks: CallbackList

    def __post_init__(self) -> None:
        self.n_batches = -(-len(self.examples.x) // self.batch_size)
        self._logs: Logs = {}
        self._outputs = self.learner.make_room(self.examples)
        self._epochs_before = self.model._epochs_done
        self._steps_before = self.learner.state.step

    def run(self) -> None:
        """Train until the end, until someone sets ``model.stop_training``, or until an error."""
        try:
            self.callbacks.call("on_train_begin", {})
            if self.validation or self._outputs is not None or self.callbacks.hears(*_EPOCH_HOOKS):
                self._run_one_by_one()
            else:
                self._run_all()
            if self.learner.optimizer.use_ema:
                self.learner.state.overwrite()
            self.callbacks.call("on_train_end", self._logs)
        finally:
            self._count_epochs()
            self.callbacks.close()

    def _run_all(self) -> None:
        n_epochs = min(_EPOCHS_A_CALL, max(_STEPS_A_CALL // self.n_batches, 1))
        for first in range(0, len(self.epochs), n_epochs):
            if not self.model.stop_training:
                self._run_core(self.epochs[first : first + n_epochs])

    def _run_one_by_one(self) -> None:
        by_batch = self.callbacks.hears(*BATCH_HOOKS)
        for epoch in self.epochs:
            if self.model.stop_training:
                return
            self.callbacks.call("on_epoch_begin", epoch, {})
            if self._outputs is not None:
                self._outputs.fill(np.nan)
            if by_batch:
                self._run_batches(epoch)
            else:
                self._run_core(range(epoch, epoch + 1))

    def _run_core(self, epochs: range) -> None:
        """Run whole epochs in one call and tell of each that was finished, or cut short by ``stop_training``."""
        try:
            stats = self._call_core(n_epochs=len(epochs))
        except RunStopped as stop:
            *whole, begun = stop.stats
            self._finish(epochs, whole)
            if stop.reason != "stopped":
                self._refuse(stop, epochs[len(whole)], begun.n_batches)
                begun = _spoil(begun)
            self._finish(epochs[len(whole) :], [begun] if begun.n_rows else [])
        except BaseException as error:  # from a signal, or from on_progress: the core ends at a batch border
            self._finish(epochs, getattr(error, "stats", [])[:-1])
            raise
        else:
            self._finish(epochs, stats)

    def _run_batches(self, epoch: int) -> None:
        """Run an epoch batch by batch: the same bits, with a call for each."""
        total: Stats | None = None
        for batch in range(self.n_batches):
            self.callbacks.call("on_train_batch_begin", batch, {})
            try:
                [stats] = self._call_core(n_epochs=1, first_batch=batch, n_batches=1)
            except RunStopped as stop:
                if stop.reason != "stopped":
                    self._refuse(stop, epoch, batch)
                    total = _spoil(total or stop.stats[-1])
                break
            total = stats if total is None else add_stats(total, stats)
            self._count_epochs()
            logs = self.learner.objective.make_logs(total)
            self.callbacks.call("on_train_batch_end", batch, logs)
            self.callbacks.call("on_progress", batch + 1, logs)
            if self.model.stop_training:
                break
        if total is not None:
            self._finish(range(epoch, epoch + 1), [total])

    def _refuse(self, stop: RunStopped, epoch: int, batch: int) -> None:
        """Raise the error for a batch that the core refused, unless a callback wants the training to end without."""
        error = self.learner.explain(stop, epoch, batch)
        if not (isinstance(error, NotFiniteError) and self.callbacks.ask("on_not_finite", error)):
            raise error from None
        self.model.stop_training = True

    def _call_core(self, **part: int) -> list[Stats]:
        settings: dict[str, Any] = {"batch_size": self.batch_size, "shuffle": self.shuffle, "poll": self._poll}
        return self.learner.run(self.model, self.examples, outputs=self._outputs, **settings, **part)

    def _poll(self, progress: Progress) -> bool:
        logs = {} if self.learner.objective.is_sum else {"loss": progress.loss}
        self.callbacks.call("on_progress", progress.batch, logs)
        return not self.model.stop_training

    def _finish(self, epochs: range, stats: Sequence[Stats]) -> None:
        """Measure the first of the epochs and tell of them."""
        self._count_epochs()
        for epoch, part in zip(epochs, stats, strict=False):
            self._logs = self.learner.make_logs(part, self.examples, self._outputs)
            if self.validation:
                self._logs |= self._validate(self.validation)
            self.callbacks.call("on_epoch_end", epoch, self._logs)

    def _validate(self, validation: Examples) -> Logs:
        self.callbacks.call("on_test_begin", {})
        logs = self.learner.evaluate(validation)
        self.callbacks.call("on_test_end", logs)
        return {f"val_{name}": value for name, value in logs.items()}

    def _count_epochs(self) -> None:
        """Count the whole epochs by the optimizer's steps, which are right wherever an interrupt or an error struck."""
        steps = self.learner.state.step - self._steps_before
        self.model._epochs_done = self._epochs_before + steps // self.n_batches


def _count_batches(n_samples: int, batch_size: int, first_batch: int = 0, n_batches: int = 0, **_: Any) -> int:
    """Return how many batches of an epoch a run of these settings has."""
    left = -(-n_samples // batch_size) - first_batch
    return min(n_batches, left) if n_batches else left


def _spoil(stats: Stats) -> Stats:
    """Return the sums of an epoch that a loss that is not finite has ended: its loss is NaN, as in Keras."""
    if stats.n_rows:
        return stats._replace(loss=math.nan)
    return Stats(math.nan, (math.nan,) * len(stats.metrics), 1, stats.n_batches, 1.0)
