"""_fit: the loop over epochs: a call of the core for all of them, or one a portion or a batch, as callbacks ask."""

import os
import time
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nnfast._checkpoints import Mark, Start, check_equal, check_start, check_state, describe_state, restore_stats
from nnfast._core import Progress, RunStopped, Stats
from nnfast._reporting import Array
from nnfast._sources import Portion, Source, Whole
from nnfast._work import Steps, run_alone
from nnfast.callbacks.callback import BATCH_HOOKS, CallbackList, Logs
from nnfast.exceptions import NotFiniteError
from nnfast.saving.model_file import SavedModel, read_model, write_model
from nnfast.saving.tensor_file import StrPath, make_file_error
from nnfast.training import Learner, Model, Tally

_EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end", "on_progress", *BATCH_HOOKS)

_EPOCHS_A_CALL = 10_000  # where nobody listens: sums are kept for each until the call returns
_STEPS_A_CALL = 2**20  # of a schedule, whose rates are kept
_SECONDS_A_REPORT = 0.05  # as in the core


@dataclass
class Fit:
    """One call of ``fit``.

    Parameters
    ----------
    model : Model
        Its ``_epochs_done`` keys shuffling and dropout, and grows with every portion.
    learner : Learner
        What trains.
    source, validation : Source
        The latter may be None.
    epochs : range
        The numbers that callbacks hear.
    validated : collection of int
        Those of them that end with a validation.
    callbacks : CallbackList
        Who listens.
    """

    model: Model
    learner: Learner
    source: Source
    validation: Source | None
    epochs: range
    validated: Collection[int]
    callbacks: CallbackList
    _logs: Logs = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._by_batch = False
        self._stand_before(self.epochs.start)
        rate = self.learner.optimizer.learning_rate
        self._start = Start(self.model._epochs_done, rate if isinstance(rate, float) else None)
        self._n_batches = 0  # of the portion
        self._n_left_out = 0  # batches of the epoch, done before a checkpoint
        self._reported = 0.0
        self._is_finished = False
        self._checkpoint: tuple[SavedModel, str] | None = None
        self._data: dict[str, Any] = {}

    def run(self) -> None:
        """Train until the end, until someone sets ``model.stop_training``, or until an error."""
        run_alone(self.take_steps())

    def take_steps(self) -> Steps[None]:
        """Do the same, in steps."""
        try:
            self.callbacks.set_training(self)
            self.callbacks.call("on_train_begin", {})
            if self._checkpoint:
                self._go_on(*self._checkpoint)
            if isinstance(self.source, Whole) and not (self._wants_epochs() or self._n_left_out):
                yield from self._run_all(self.source.portion)
            else:
                yield from self._run_one_by_one()
            if self.learner.optimizer.use_ema:
                self.learner.state.overwrite()
            self._is_finished = True
            self.callbacks.call("on_train_end", self._logs)
        finally:
            self._count_epochs()
            self.callbacks.set_training(None)
            self.callbacks.close()

    def _wants_epochs(self) -> bool:
        wants_outputs = self.learner.objective.reports.wants_outputs
        return self.validation is not None or wants_outputs or self.callbacks.hears(*_EPOCH_HOOKS)

    # ---- all epochs ----

    def _run_all(self, portion: Portion) -> Steps[None]:
        self._begin(portion)
        n_epochs = min(_EPOCHS_A_CALL, max(_STEPS_A_CALL // self._n_batches, 1))
        for first in range(0, len(self.epochs), n_epochs):
            if not self.model.stop_training:
                yield from self._run_together(portion, self.epochs[first : first + n_epochs])

    def _run_together(self, portion: Portion, epochs: range) -> Steps[None]:
        """Run whole epochs in one call and tell of each that was finished, or cut short."""
        try:
            stats = yield from self._call_core(portion, None, n_epochs=len(epochs))
        except RunStopped as stop:
            *whole, _ = stop.stats
            self._tell(epochs, whole)
            self._take_stop(stop, epochs[len(whole)])
            yield from self._end_epoch(epochs[len(whole)])
        except BaseException as error:  # from a signal: the core ends at a batch border
            self._tell(epochs, getattr(error, "stats", [])[:-1])
            raise
        else:
            self._tell(epochs, stats)

    def _tell(self, epochs: range, stats: Sequence[Stats]) -> None:
        """Tell of the first of the epochs those who only hear of their ends."""
        make_logs = self.learner.objective.make_logs
        for epoch, part in zip(epochs, stats, strict=False):
            self._logs = make_logs(part)
            self.callbacks.call("on_epoch_end", epoch, self._logs)
        self._stand_before(epochs.start + len(stats))

    # ---- one epoch ----

    def _run_one_by_one(self) -> Steps[None]:
        hears_batches = self.callbacks.hears(*BATCH_HOOKS)
        for epoch in self.epochs:
            if self.model.stop_training:
                return
            if self.source.is_over:
                warnings.warn(f"x: expected batches for epoch {epoch + 1}, received none; training ends", stacklevel=6)
                return
            self.callbacks.call("on_epoch_begin", epoch, {})
            if self._checkpoint and self._n_left_out:
                self._restore_callbacks(*self._checkpoint)
            self._by_batch = hears_batches or self._n_left_out > 0  # sums of batches are added up in the same order
            yield from self._run_epoch(epoch)
            yield from self._end_epoch(epoch)

    def _run_epoch(self, epoch: int) -> Steps[None]:
        with self.source.read() as portions:
            for portion in portions:
                if self._leave_out(portion):
                    continue
                self._begin(portion)
                yield from self._run_portion(portion, epoch)
                if self.model.stop_training:
                    return
        if self._n_left_out:
            wanted = f"{self._n_left_out} batches more, which were trained on before the checkpoint"
            raise ValueError(f"x: expected {wanted}, received the end of the epoch")

    def _leave_out(self, portion: Portion) -> bool:
        """Return whether a portion was done before the checkpoint; it is counted then."""
        if self._n_left_out < portion.n_batches:
            return False
        self._n_left_out -= portion.n_batches
        self.model._epochs_done += 1
        self._tally.keep(portion.examples, self._tally.make_room(portion.examples))
        return True

    def _run_portion(self, portion: Portion, epoch: int) -> Steps[None]:
        """Train on a portion: in one call, or batch by batch: the same bits, with a call for each."""
        outputs = self._tally.make_room(portion.examples)
        try:
            if self._by_batch:
                yield from self._run_batches(portion, outputs)
            else:
                [stats] = yield from self._call_core(portion, outputs, n_epochs=1)
                self._tally.add(stats)
        except RunStopped as stop:
            self._take_stop(stop, epoch)
        self._tally.keep(portion.examples, outputs)

    def _run_batches(self, portion: Portion, outputs: Array | None) -> Steps[None]:
        for batch in range(self._first, self._n_batches):
            number = self._tally.n_batches
            self.callbacks.call("on_train_batch_begin", number, {})
            [stats] = yield from self._call_core(portion, outputs, n_epochs=1, first_batch=batch, n_batches=1)
            self._tally.add(stats)
            logs = self._tally.make_batch_logs()
            self.callbacks.call("on_train_batch_end", number, logs)
            self.callbacks.call("on_progress", number + 1, logs)
            if self.model.stop_training:
                return

    # ---- portions ----

    def _begin(self, portion: Portion) -> None:
        """Remember what is counted from, and tell how far the epoch is, as often as the core would."""
        self._n_batches, self._before = portion.n_batches, self._tally.stats
        self._first, self._n_left_out = self._n_left_out, 0
        self._epochs_before, self._steps_before = self.model._epochs_done, self.learner.state.step - self._first
        if self.model.feature_names is None:
            self.model.feature_names = portion.names
        if self._before and not self._by_batch and time.perf_counter() - self._reported > _SECONDS_A_REPORT:
            self._poll(Progress(0, 0, self._n_batches, 0.0))

    def _call_core(self, portion: Portion, outputs: Array | None, **part: int) -> Steps[list[Stats]]:
        settings: dict[str, Any] = {"batch_size": portion.batch_size, "shuffle": portion.shuffle, **part}
        try:
            work = self.learner.plan(self.model, portion.examples, outputs, self._poll, **settings)
            stats: list[Stats] = yield work
            return stats
        finally:
            self._count_epochs()

    def _count_epochs(self) -> None:
        """Count whole epochs of the portion by the optimizer's steps, which are right wherever an error struck."""
        if self._n_batches:
            steps = self.learner.state.step - self._steps_before
            self.model._epochs_done = self._epochs_before + steps // self._n_batches

    def _poll(self, progress: Progress) -> bool:
        self._reported = time.perf_counter()
        n, loss = progress.batch, progress.loss
        if self._before:
            n_before = self._before.n_batches
            loss = (self.learner.objective.make_logs(self._before)["loss"] * n_before + loss * n) / (n_before + n)
            n += n_before
        self.callbacks.call("on_progress", n, {} if self.learner.objective.is_sum else {"loss": loss})
        return not self.model.stop_training

    # ---- ends ----

    def _take_stop(self, stop: RunStopped, epoch: int) -> None:
        """Count the batches before; raise the error for one that the core refused, unless a callback wants none."""
        self._tally.add(stop.stats[-1])
        if stop.reason == "stopped":
            return
        error = self.learner.explain(stop, epoch, self._tally.n_batches)
        if not (isinstance(error, NotFiniteError) and self.callbacks.ask("on_not_finite", error)):
            raise error from None
        self.model.stop_training = True
        self._tally.spoil()

    def _end_epoch(self, epoch: int) -> Steps[None]:
        """Measure, and tell of the epoch, if a batch of it was done."""
        if not self._tally.n_rows:
            return
        self._logs = self._tally.make_logs()
        if self.validation and epoch in self.validated:
            self._logs |= yield from self._validate(self.validation)
        self._stand_before(epoch + 1)
        self.callbacks.call("on_epoch_end", epoch, self._logs)

    def _validate(self, validation: Source) -> Steps[Logs]:
        self.callbacks.call("on_test_begin", {})
        tally = yield from self.learner.measure(validation)
        if not tally.n_rows:
            raise ValueError("validation_data: expected batches, received none: an iterator gives its batches once")
        logs = tally.make_logs()
        self.callbacks.call("on_test_end", logs)
        return {f"val_{name}": value for name, value in logs.items()}

    # ---- checkpoints ----

    def save(self, path: StrPath) -> None:
        """Write model and training as they are now."""
        write_model(path, self.describe())

    def describe(self) -> SavedModel:
        """Return model and training as they are now, between two batches or epochs."""
        self._data = self._data or self._describe_data()
        state = describe_state(self._start, self._mark, self._tally, self.callbacks.get_states(), self._data)
        return self.model._describe(replace(state, is_finished=self._is_finished))

    def resume(self, path: StrPath) -> None:
        """Read a checkpoint to go on from, as soon as every callback has heard that training begins."""
        saved = read_model(path)
        if saved.training is None:
            raise make_file_error(path, "one that no callback saved in training: there is nothing to go on from")
        self.take_up(saved, os.fspath(path))

    def take_up(self, saved: SavedModel, name: str) -> None:
        """Check that a checkpoint is one of this training, to go on from."""
        assert saved.training
        self._data = self._data or self._describe_data()
        check_equal(saved.training.data, self._data, name)
        self.model._check_same(saved, name)
        assert saved.compiled
        check_start(saved.training, saved.compiled.optimizer.learning_rate, self._start, name)
        check_state(saved.training, self.learner.objective, name)
        if saved.training.epoch < self.epochs.start:
            wanted = f"at most {saved.training.epoch}, with which {name} goes on"
            raise ValueError(f"initial_epoch: expected {wanted}, received {self.epochs.start}")
        if (n_begun := saved.training.epoch + (saved.training.batch > 0)) > self.epochs.stop:
            raise ValueError(
                f"epochs: expected at least {n_begun}, so many has {name} begun, received {self.epochs.stop}"
            )
        if saved.training.is_finished and self.learner.optimizer.use_ema and saved.training.epoch < self.epochs.stop:
            raise ValueError(f"{name}: expected a training that can go on, received one that ended with its average")
        self._checkpoint = saved, name

    def _go_on(self, saved: SavedModel, name: str) -> None:
        """Make model, callbacks and data those of a checkpoint."""
        state = saved.training
        assert state
        try:
            self.source.go_on(state.source["data"])
            if self.validation:
                self.validation.go_on(state.source["validation data"])
        except (KeyError, TypeError) as error:
            raise make_file_error(name, f"one with a bad description of where the data stood: {error!r}") from error
        self.model._restore(saved)
        self.model._epochs_done = state.epochs_before
        self._start = Start(state.epochs_at_start, state.rate_at_start)
        self.epochs = range(min(state.epoch, self.epochs.stop), self.epochs.stop)
        self._stand_before(state.epoch)
        self._tally = Tally(self.learner, restore_stats(state.sums, state.batch), state.outputs)
        self._n_left_out = state.batch
        self._restore_callbacks(saved, name)

    def _restore_callbacks(self, saved: SavedModel, name: str) -> None:
        assert saved.training
        try:
            self.callbacks.set_states(saved.training.callbacks)
        except (KeyError, TypeError, AttributeError) as error:
            raise make_file_error(name, f"one with a bad state of a callback: {error!r}") from error
        self.model._restore_rate(saved)

    def _describe_data(self) -> dict[str, Any]:
        validation = self.validation and self.validation.describe_data()
        return {"data": self.source.describe_data(), "validation data": validation}

    def _stand_before(self, epoch: int) -> None:
        """Begin to count the batches of an epoch."""
        validation = self.validation and self.validation.describe_place()
        places = {"data": self.source.describe_place(), "validation data": validation}
        self._mark = Mark(epoch, self.model._epochs_done, places)
        self._tally = Tally(self.learner)
