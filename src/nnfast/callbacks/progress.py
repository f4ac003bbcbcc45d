"""progress: shows that training is alive: a bar on a terminal, else a line of log an epoch."""

import importlib.util
import sys
import time
from typing import Any

from nnfast import _validation
from nnfast.callbacks.callback import Callback, Logs


def report(text: str) -> None:
    """Log a line to "nnfast.progress"; to standard output where the program has set up no logging."""
    import logging

    logger = logging.getLogger("nnfast.progress")
    logger.setLevel(logging.INFO)
    handler = None if logger.hasHandlers() else logging.StreamHandler(sys.stdout)
    if handler:
        logger.addHandler(handler)
    try:
        logger.info(text)
    finally:
        if handler:
            logger.removeHandler(handler)


def describe(logs: Logs) -> str:
    """Return logs as text: "loss: 0.1234 - accuracy: 0.9876"."""
    return " - ".join(f"{name}: {_write(value)}" for name, value in logs.items())


def _write(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e6 or value == 0 else f"{value:.4g}"


def check_verbosity(verbose: object) -> int:
    """Return 0, 1 or 2; "auto" is 1, and so is True, as Keras scripts write."""
    if isinstance(verbose, bool):
        return int(verbose)
    if isinstance(verbose, str) and verbose == "auto":
        return 1
    return _validation.check_integer("verbose ('auto', 0, 1 or 2)", verbose, 0, 2)


def check_reports(verbose: object) -> int:
    """Return 0 or 1, what callbacks take for ``verbose``; True is 1."""
    return _validation.check_integer("verbose", int(verbose) if isinstance(verbose, bool) else verbose, 0, 1)


def choose_display(verbosity: int) -> list[Callback]:
    """Return what shows progress: nothing for 0, a bar for 1 if rich and a terminal are there, else lines."""
    if verbosity == 0:
        return []
    if verbosity == 1 and sys.stdout.isatty() and importlib.util.find_spec("rich"):
        return [ProgressBar()]
    return [ProgressLog()]


class ProgressLog(Callback):
    """Logs a line an epoch to the logger "nnfast.progress"; to standard output where no logging is set up."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        seconds = time.perf_counter() - self._start
        report(f"Epoch {epoch + 1}/{self.params['epochs']} - {seconds:.2f}s - {describe(logs or {})}")


class ProgressBar(Callback):
    """Shows a bar for the current epoch and leaves a line for each finished one. Needs rich."""

    def __init__(self) -> None:
        super().__init__()
        self._progress: Any = None
        self._task: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        try:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        except ImportError as error:
            raise ImportError("ProgressBar needs rich: pip install rich") from error
        columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "{task.fields[logs]}")
        self._progress = Progress(*(TextColumn(c) if isinstance(c, str) else c for c in columns), transient=True)
        self._progress.start()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        self._start = time.perf_counter()
        name = f"Epoch {epoch + 1}/{self.params['epochs']}"
        self._task = self._progress.add_task(name, total=self.params["steps"], logs="")

    def on_progress(self, batch: int, logs: Logs | None = None) -> None:  # noqa: D102
        self._progress.update(self._task, completed=batch, logs=describe(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        name = self._progress.tasks[-1].description
        seconds = time.perf_counter() - self._start
        self._progress.remove_task(self._task)
        self._progress.console.print(f"{name} - {seconds:.2f}s - {describe(logs or {})}", highlight=False)

    def close(self) -> None:  # noqa: D102
        if self._progress is not None:
            self._progress.stop()
        self._progress = None
