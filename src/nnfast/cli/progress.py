"""progress: how a training goes on: epochs, batches, rows a second, loss and metrics, and the time that is left."""

import time
from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nnfast.callbacks import Callback
from nnfast.callbacks.callback import Logs
from nnfast.callbacks.progress import describe

_SECONDS_BETWEEN_LINES = 1.0
_MOST_WIDTH, _WIDTH_FOR_TIMES = 100, 50


class _Progress(Callback):
    """What both displays count.

    Parameters
    ----------
    n_rows, batch_size : int
        Rows of an epoch, and of a batch.
    """

    def __init__(self, n_rows: int, batch_size: int) -> None:
        super().__init__()
        self._n_rows = n_rows
        self._batch_size = batch_size
        self._begin = time.monotonic()
        self._epoch_begin = self._begin
        self._first: int | None = None
        self._epoch = 0
        self._batch = 0
        self.rate = 0.0
        """Rows a second, of the last measured epoch or of this one so far."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Hear that an epoch begins."""
        self._epoch, self._batch = epoch, 0
        self._epoch_begin = time.monotonic()
        if self._first is None:
            self._first, self._begin = epoch, self._epoch_begin

    def on_progress(self, batch: int, logs: Logs | None = None) -> None:
        """Hear how many batches are done."""
        self._batch = batch
        self._measure(min(batch * self._batch_size, self._n_rows))

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Hear that all batches are done."""
        self._batch = self.params["steps"]
        self._measure(self._n_rows)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Hear that an epoch is over."""
        if self._batch < self.params["steps"]:
            self.on_test_begin()

    def _measure(self, n_rows: int) -> None:
        seconds = time.monotonic() - self._epoch_begin
        self.rate = n_rows / seconds if seconds > 0 else 0.0

    @property
    def _heading(self) -> str:
        return f"epoch {self._epoch + 1}/{self.params['epochs']}"


class PlainProgress(_Progress):
    """A line for the first and the last epoch, and about one a second between them.

    Parameters
    ----------
    n_rows, batch_size : int
        Rows of an epoch, and of a batch.
    write : callable
        Takes a line.
    """

    def __init__(self, n_rows: int, batch_size: int, write: Callable[[str], None]) -> None:
        super().__init__(n_rows, batch_size)
        self._write_line = write
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
        self._has_line = True

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES

    def on_progress(self, batch: int, logs: Logs | None = None) -> None:  # noqa: D102
        super().on_progress(batch, logs)
        if time.monotonic() >= self._next:
            self._write(f"batch {batch}/{self.params['steps']} - {describe(logs or {})}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        super().on_epoch_end(epoch, logs)
        self._has_line = epoch in (self._first, self.params["epochs"] - 1) or time.monotonic() >= self._next
        if self._has_line:
            self._write(describe(logs or {}))

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Write the last epoch's line where the training ended before its time."""
        if not self._has_line:
            self._write(describe(logs or {}))

    def _write(self, text: str) -> None:
        self._write_line(f"{self._heading} - {text} - {self.rate:,.0f} samples/s")
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES


class LiveProgress(_Progress):
    """Some lines that are written over while training goes on; at the end one line with the last epoch stays.

    Parameters
    ----------
    n_rows, batch_size : int
        Rows of an epoch, and of a batch.
    console : rich Console
        Where.
    """

    def __init__(self, n_rows: int, batch_size: int, console: Console) -> None:
        super().__init__(n_rows, batch_size)
        self._console = console
        self._live: Live | None = None
        self._running: Logs = {}
        self._finished: Logs = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: D102
        self._live = Live(console=self._console, get_renderable=self.render, refresh_per_second=8, transient=True)
        self._live.start()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        super().on_epoch_begin(epoch, logs)
        self._running = {}

    def on_progress(self, batch: int, logs: Logs | None = None) -> None:  # noqa: D102
        super().on_progress(batch, logs)
        self._running = logs or {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: D102
        super().on_epoch_end(epoch, logs)
        self._finished = dict(logs or {})

    def close(self) -> None:  # noqa: D102
        if self._live is None:
            return
        self._live.stop()
        self._live = None
        if self._finished:
            self._console.print(f"{self._heading} - {describe(self._finished)} - {self.rate:,.0f} samples/s")

    def render(self) -> RenderableType:
        """Return what is shown now."""
        steps = self.params.get("steps", 0)
        table = Table.grid(padding=(0, 2), expand=True)
        table.width = min(self._console.width, _MOST_WIDTH)
        table.add_column(no_wrap=True, min_width=len(f"batch {steps}/{steps}"))
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_row(self._heading, self._draw_bar(self._find_share()))
        table.add_row(f"batch {self._batch}/{steps}", f"{self.rate:,.0f} samples/s")
        table.add_row("so far", describe(self._running))
        training = {name: value for name, value in self._finished.items() if not name.startswith("val_")}
        validation = {name: value for name, value in self._finished.items() if name not in training}
        for heading, figures in (("last epoch", training), ("validation", validation)):
            if figures:
                table.add_row(heading, describe(figures))
        return table

    def _draw_bar(self, share: float) -> RenderableType:
        gone = time.monotonic() - self._begin
        left = f"{_clock(gone * (1 - share) / share)} left" if share > 0 and gone > 0.5 else ""
        texts = [f"{share:4.0%}", _clock(gone), left] if self._console.width >= _WIDTH_FOR_TIMES else [f"{share:4.0%}"]
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(ratio=1)
        for _ in texts:
            row.add_column(no_wrap=True, justify="right")
        row.add_row(ProgressBar(total=1.0, completed=share), *map(Text, texts))
        return row

    def _find_share(self) -> float:
        """Return the share that is done of the epochs that this call has to do."""
        first = self._first or 0
        n_batches: int = (self.params["epochs"] - first) * self.params["steps"]
        n_done: int = (self._epoch - first) * self.params["steps"] + self._batch
        return n_done / max(n_batches, 1)


def _clock(seconds: float) -> str:
    """Return seconds as "1:05" or "2:01:05"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
