"""callbacks: what may listen to training, and change or stop it. Names, arguments and meaning are Keras 3's."""

from nnfast.callbacks.callback import Callback, History, LambdaCallback
from nnfast.callbacks.csv_logger import CSVLogger
from nnfast.callbacks.early_stopping import EarlyStopping
from nnfast.callbacks.model_checkpoint import ModelCheckpoint
from nnfast.callbacks.progress import ProgressBar, ProgressLog

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "ModelCheckpoint",
    "ProgressBar",
    "ProgressLog",
]
