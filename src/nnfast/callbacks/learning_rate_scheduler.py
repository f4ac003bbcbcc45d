"""learning_rate_scheduler: a function decides on the learning rate of each epoch."""

from typing import Any

from nnfast import _validation
from nnfast.callbacks.callback import Callback, Hook, Logs
from nnfast.callbacks.learning_rate import get_learning_rate, log_learning_rate
from nnfast.callbacks.progress import check_reports, report


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch, and writes it to the logs at the end.

    Parameters
    ----------
    schedule : callable
        Called with (epoch, learning rate), the epoch counted from 0, or with (epoch) if it takes no more; returns the
        learning rate from now on.
    verbose : {0, 1}
        1 reports each rate.

    Examples
    --------
    >>> from nnfast.callbacks import LearningRateScheduler
    >>> halve_every_ten = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch and epoch % 10 == 0 else rate)
    """

    def __init__(self, schedule: Hook, verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise _validation.mismatch("schedule", "a function", schedule)
        self.schedule = schedule
        self.verbose = check_reports(verbose)
        self._takes_rate = _takes_rate(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        rate = get_learning_rate(self)
        chosen: Any = self.schedule(epoch, rate) if self._takes_rate else self.schedule(epoch)
        rate = _validation.check_real(f"schedule of epoch {epoch}", chosen, "[0, 1e30]")
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            report(f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        log_learning_rate(self, logs)


def _takes_rate(schedule: Hook) -> bool:
    """Return whether a function takes the learning rate beside the epoch."""
    import inspect

    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # of a built-in function nothing is known
        return True
    return True
