"""exceptions: the errors nnfast raises beside ValueError and TypeError."""

from os import PathLike


class NnfastError(Exception):
    """The base of nnfast's own errors."""


class NotReadyError(NnfastError, ValueError):
    """The model lacks what the call needs: layers, weights (``build``) or a loss (``compile``); or a scaler ``fit``."""


class NotFiniteError(NnfastError, ArithmeticError):
    """The loss of a batch became NaN or infinite; the weights are those the batch before left.

    Attributes
    ----------
    epoch : int
        The epoch, counted from 0 as callbacks count.
    batch : int
        The batch within it, counted from 0.
    """

    def __init__(self, message: str, epoch: int = 0, batch: int = 0) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.batch = batch


class ModelFileError(NnfastError, ValueError):
    """A model file is damaged, cut short, or not one of nnfast's. The message names the file and the reason."""


class DataFileError(NnfastError, ValueError):
    """A data file is damaged, cut short, or not of the format it should be. `path` and `reason` say which and why."""

    def __init__(self, path: str | PathLike[str], reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class DownloadError(NnfastError, OSError):
    """No place gave a file of a data set. The message names the file and what each place gave instead."""
