"""terminate_on_nan: a loss that is not finite ends training, and is no error."""

from nnfast import _validation
from nnfast.callbacks.callback import Callback
from nnfast.callbacks.progress import report
from nnfast.exceptions import NotFiniteError


class TerminateOnNaN(Callback):
    """Ends training quietly where the loss of a batch becomes NaN or infinite.

    Without it ``fit`` raises `NotFiniteError` there. Either way the step of that batch is not taken, and the model
    keeps the finite weights that the batch before left (Keras takes the step). As in Keras the epoch is the last one in
    `History`, with NaN as its loss, and ``on_epoch_end`` and ``on_train_end`` are called.

    Parameters
    ----------
    raise_error : bool
        Whether to raise RuntimeError instead; ``on_train_end`` is not called then.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = _validation.check_bool("raise_error", raise_error)

    def on_not_finite(self, error: NotFiniteError) -> bool:  # noqa: D102
        if self.raise_error:
            raise RuntimeError(str(error)) from error
        report(f"Epoch {error.epoch + 1}, batch {error.batch}: invalid loss, terminating training")
        return True
