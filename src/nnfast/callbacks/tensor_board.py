"""tensor_board: logs for TensorBoard, by way of tensorboardX."""

import os
import time
from numbers import Real
from pathlib import Path
from typing import Any, Literal

from nnfast import _validation
from nnfast.callbacks.callback import BATCH_HOOKS, Callback, Logs
from nnfast.callbacks.learning_rate import compute_learning_rate

_KERAS_NAMES = {"weights": "kernel", "mean": "moving_mean", "variance": "moving_variance"}


class TensorBoard(Callback):
    """Writes logs that TensorBoard shows: ``tensorboard --logdir logs``. Needs tensorboardX, and no TensorFlow.

    Tags are Keras': ``epoch_loss``, ``epoch_learning_rate`` and ``epoch_`` of each metric, from training in the folder
    ``train``, from validation in ``validation``; steps are epochs, counted from 0. With batches there are
    ``batch_loss`` and the like, over the batches since training began, counted from 1.

    Parameters
    ----------
    log_dir : str or path
        The folder; it is made, and files that are there stay.
    histogram_freq : int
        Every how many epochs histograms of all weights are written; 0 is never.
    write_graph : bool
        Whether the layers are written, as a table under the tag "model".
    write_images, write_steps_per_second, profile_batch, embeddings_freq, embeddings_metadata
        Only Keras' defaults; they are here for calls that name them.
    update_freq : int or {"epoch", "batch"}
        Every how many batches loss and metrics of the epoch so far are written; "batch" is 1, "epoch" is never. With
        batches training is a call of the core a batch, not an epoch.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | Literal["epoch", "batch"] = "epoch",
        profile_batch: int = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: None = None,
    ) -> None:
        super().__init__()
        self.log_dir = _validation.check_path("log_dir", log_dir)
        self.histogram_freq = _validation.check_integer("histogram_freq", histogram_freq, 0)
        self.write_graph = _validation.check_bool("write_graph", write_graph)
        self.update_freq = _check_frequency(update_freq)
        _validation.check_choice("write_images", write_images, (False,))
        _validation.check_choice("write_steps_per_second", write_steps_per_second, (False,))
        _validation.check_choice("profile_batch", profile_batch, (0,))
        _validation.check_choice("embeddings_freq", embeddings_freq, (0,))
        _validation.check_choice("embeddings_metadata", embeddings_metadata, (None,))
        self._writers: dict[str, Any] = {}
        self._n_batches = 0

    def listens(self, hook: str) -> bool:
        """Return whether a hook does anything: those of batches only if they are written."""
        return super().listens(hook) and (self.update_freq > 0 or hook not in BATCH_HOOKS)

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        self._n_batches = 0
        writer = self._get_writer("train")
        if self.write_graph:
            lines: list[str] = []
            self.model.summary(print_fn=lines.append)
            writer.add_text("model", "\n".join(f"    {line}" for line in lines), 0)

    def get_state(self) -> dict[str, Any]:  # noqa: D102
        return {"n_batches": self._n_batches}

    def set_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        self._n_batches = state["n_batches"]

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:  # noqa: D102
        self._n_batches += 1
        if self.update_freq and self._n_batches % self.update_freq == 0:
            self._write("train", "batch", logs or {}, self._n_batches)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        values = {"learning_rate": compute_learning_rate(self)} | (logs or {})
        validation = {name: value for name, value in values.items() if name.startswith("val_")}
        training = {name: value for name, value in values.items() if name not in validation}
        self._write("train", "epoch", training, epoch)
        if validation:
            without = {name.removeprefix("val_"): value for name, value in validation.items()}
            self._write("validation", "epoch", without, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_histograms(epoch)

    def close(self) -> None:  # noqa: D102
        writers, self._writers = self._writers, {}
        for writer in writers.values():
            writer.close()

    def _get_writer(self, part: str) -> Any:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ImportError("TensorBoard needs tensorboardX: pip install tensorboardX") from error
        if part not in self._writers:
            suffix = f".{time.time_ns()}"  # files are named by the second, and one of the same name would be replaced
            self._writers[part] = SummaryWriter(str(Path(self.log_dir, part)), filename_suffix=suffix)
        return self._writers[part]

    def _write(self, part: str, prefix: str, values: Logs, step: int) -> None:
        writer = self._get_writer(part)
        for name, value in values.items():
            if isinstance(value, Real):
                writer.add_scalar(f"{prefix}_{name}", value, step)
        writer.flush()

    def _write_histograms(self, epoch: int) -> None:
        plan = self.model._plan
        for parameter, values in zip(plan.parameters, self.model.get_weights(), strict=True):
            layer = plan.names[parameter.layer]
            name = _KERAS_NAMES.get(parameter.name, parameter.name)
            self._get_writer("train").add_histogram(f"{layer}/{name}/histogram", values, epoch)


def _check_frequency(update_freq: Any) -> int:
    """Return every how many batches logs are written; 0 for "epoch"."""
    if isinstance(update_freq, str):
        return {"epoch": 0, "batch": 1}[_validation.check_choice("update_freq", update_freq, ("epoch", "batch"))]
    return _validation.check_integer("update_freq ('epoch', 'batch' or batches)", update_freq, 1)
