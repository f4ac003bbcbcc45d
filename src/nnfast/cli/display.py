"""display: what the program says while it works: bars and spinners on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from nnfast.callbacks import Callback
from nnfast.callbacks.callback import Logs
from nnfast.callbacks.progress import describe

_SECONDS_BETWEEN_LINES = 1.0


class Display:
    """Where a command writes.

    Parameters
    ----------
    quiet : bool
        Whether to write results alone.
    stderr : bool
        Whether standard output is for data, so that everything else goes to standard error.
    """

    def __init__(self, quiet: bool = False, stderr: bool = False) -> None:
        self._quiet = quiet
        self._console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def result(self, text: str) -> None:
        """Write a line in any case."""
        self._console.print(text)

    def note(self, text: str) -> None:
        """Write a line unless told to be quiet."""
        if not self._quiet:
            self._console.print(text)

    @contextmanager
    def stage(self, text: str) -> Iterator[None]:
        """Show that something is being done, for as long as it takes."""
        if self._quiet:
            yield
        elif self._console.is_terminal:
            with self._console.status(text):
                yield
        else:
            self.note(f"{text} ...")
            yield

    def make_callbacks(self) -> list[Callback]:
        """Make what shows the progress of ``fit``."""
        if self._quiet:
            return []
        return [_Bar(self._console)] if self._console.is_terminal else [_Lines(self)]


class _Bar(Callback):
    """One bar for all epochs with a figure of the last; it leaves a line with all of them."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(24),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figure]}"),
        )
        self._progress = Progress(*columns, console=console, transient=True)
        self._epoch = 0
        self._text = ""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        total = self.params["epochs"] * self.params["steps"]
        self._task = self._progress.add_task("training", total=total, figure="")
        self._progress.start()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch
        self._progress.update(self._task, description=f"epoch {epoch + 1}/{self.params['epochs']}")

    def on_progress(self, batch: int, logs: Logs | None = None) -> None:
        self._progress.update(self._task, completed=self._epoch * self.params["steps"] + batch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        last = dict(list((logs or {}).items())[-1:])
        self._text = f"epoch {epoch + 1}/{self.params['epochs']} - {describe(logs or {})}"
        self._progress.update(self._task, completed=(epoch + 1) * self.params["steps"], figure=describe(last))

    def close(self) -> None:
        self._progress.stop()
        if self._text:
            self._progress.console.print(self._text)


class _Lines(Callback):
    """A line for the first and the last epoch, and about one a second between them."""

    def __init__(self, display: Display) -> None:
        super().__init__()
        self._display = display
        self._next = 0.0
        self._epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_progress(self, batch: int, logs: Logs | None = None) -> None:
        if time.monotonic() >= self._next:
            self._write(f"batch {batch}/{self.params['steps']} - {describe(logs or {})}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if epoch in (0, self.params["epochs"] - 1) or time.monotonic() >= self._next:
            self._write(describe(logs or {}))

    def _write(self, text: str) -> None:
        self._display.note(f"epoch {self._epoch + 1}/{self.params['epochs']} - {text}")
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
