"""_work: what is asked of trainers, done piece by piece as it comes, or that of many fits side by side."""

from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from nnfast import _core
from nnfast._core import RunStopped
from nnfast._custom_training import CustomTrainer
from nnfast._examples import Array, Examples

if TYPE_CHECKING:
    from nnfast._core import Poll

T = TypeVar("T")


class Work(NamedTuple):
    """Epochs to train, or rows to measure."""

    trainer: _core.Trainer | CustomTrainer
    examples: Examples
    outputs: Array | None
    """Where outputs are collected, if they are."""
    settings: dict[str, Any] | None = None
    """Of training, see ``_core.Trainer.run``; None: to measure."""
    poll: "Poll | None" = None
    """Asked while it is trained by itself."""

    def run(self) -> Any:
        """Do it, by itself."""
        x, y, weights = self.examples
        if self.settings is None:
            return self.trainer.evaluate(x, y, weights=weights, outputs=self.outputs)
        return self.trainer.run(x, y, weights=weights, outputs=self.outputs, poll=self.poll, **self.settings)

    def plan(self) -> _core.Call | None:
        """Return what the core does of it without the interpreter; None: a loss of one's own needs that."""
        if isinstance(self.trainer, CustomTrainer):
            return None
        x, y, weights = self.examples
        if self.settings is None:
            return self.trainer.plan_evaluation(x, y, weights=weights, outputs=self.outputs)
        return self.trainer.plan(x, y, weights=weights, outputs=self.outputs, **self.settings)


Steps = Generator[Work, Any, T]
"""Asks for work, goes on with its result, and returns something at the end."""


def run_alone(steps: Steps[T]) -> T:
    """Do the work of steps as it comes; return what they return."""
    try:
        work = next(steps)
        while True:
            try:
                result = work.run()
            except BaseException as error:
                work = steps.throw(error)
            else:
                work = steps.send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def run_side_by_side(several: Sequence[Steps[Any]]) -> None:
    """Do the work of several steps, a piece of each at a time, shared out over the threads in that order.

    An error that one of the steps raises, or a signal, ends all, when the others have been told the results at hand.
    """
    at_work: dict[Steps[Any], Work] = {}
    try:
        for steps in several:
            _advance(at_work, steps, None)
        while at_work:
            results, signal = _do([*at_work.values()])
            errors = [] if signal is None else [signal]
            for steps, result in zip([*at_work], results, strict=True):
                try:
                    _advance(at_work, steps, _blame(result, signal))
                except BaseException as error:
                    errors.append(error)
            if errors:
                raise errors[0]
    finally:
        for steps in at_work:
            steps.close()


def _advance(at_work: dict[Steps[Any], Work], steps: Steps[Any], result: Any) -> None:
    """Tell steps a result, or an error, and note what they want next."""
    at_work.pop(steps, None)
    with suppress(StopIteration):
        at_work[steps] = steps.throw(result) if isinstance(result, BaseException) else steps.send(result)


def _blame(result: Any, signal: BaseException | None) -> Any:
    """Return what work that a signal cut short would have raised by itself: the signal, with what was done before."""
    if signal is None or not isinstance(result, RunStopped) or result.reason != "stopped":
        return result
    signal.stats = result.stats  # type: ignore[attr-defined]
    return signal


def _do(several: list[Work]) -> tuple[list[Any], BaseException | None]:
    """Return results, or errors, and what a signal raised."""
    if len(several) == 1:  # has all threads
        return [_try(several[0])], None
    calls = [work.plan() for work in several]
    results, signal = _core.run_calls([call for call in calls if call is not None])
    done = iter(results)
    return [_try(work) if call is None else next(done) for work, call in zip(several, calls, strict=True)], signal


def _try(work: Work) -> Any:
    try:
        return work.run()
    except BaseException as error:
        return error
