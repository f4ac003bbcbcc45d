"""callbacks: what may listen to training, and change or stop it. Names, arguments and meaning are Keras 3's."""

from nnfast.callbacks.backup_and_restore import BackupAndRestore
from nnfast.callbacks.callback import Callback, History
from nnfast.callbacks.csv_logger import CSVLogger
from nnfast.callbacks.early_stopping import EarlyStopping
from nnfast.callbacks.lambda_callback import LambdaCallback
from nnfast.callbacks.learning_rate_scheduler import LearningRateScheduler
from nnfast.callbacks.model_checkpoint import ModelCheckpoint
from nnfast.callbacks.progress import ProgressBar, ProgressLog
from nnfast.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from nnfast.callbacks.tensor_board import TensorBoard
from nnfast.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgressBar",
    "ProgressLog",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
