"""callable_loss: a loss that is a Python function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from nnfast import _validation
from nnfast.losses.loss import Loss

LossFunction = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class CallableLoss(Loss):
    """A loss of one's own; what ``compile`` makes of a function.

    Each batch goes through the core forward and back, with the function between: slower than losses of the list, with
    the same order of samples, dropout, steps and callbacks. Losses that are told are means of the batches' losses, by
    their rows; ``evaluate`` calls the function once, on all rows. A file does not keep it: a model that is loaded has
    to be compiled again.

    Parameters
    ----------
    function : callable
        ``function(y_true, y_pred)`` returns loss and gradient of a batch: its mean loss, a number, and the gradient of
        that with respect to `y_pred`, whose shape it has; or the losses of its rows, of shape (n_rows,), and of each
        the gradient with respect to its row of `y_pred`, not divided by n_rows. Weights of samples or classes are for
        the second form alone. `y_true` are rows of the array given to ``fit``, of any shape; `y_pred`,
        (n_rows, n_outputs), may be written to.
    reduction : {"sum_over_batch_size", "mean", "mean_with_sample_weight"}
        Of the losses of rows, see `Loss`.
    """

    core_name: ClassVar[str] = ""
    function: LossFunction

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.is_sum:
            raise _validation.mismatch("reduction", "a mean of a function", self.reduction)

    @property
    def parameters(self) -> tuple[float, ...]:  # noqa: D102
        return ()
