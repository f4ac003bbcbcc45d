"""display: what the program says while it works: a live area and spinners on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from nnfast.callbacks import Callback
from nnfast.cli.progress import LiveProgress, PlainProgress


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

    @property
    def is_live(self) -> bool:
        """Whether lines can be written over."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

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
        elif self.is_live:
            with self._console.status(text):
                yield
        else:
            self.note(f"{text} ...")
            yield

    def make_callbacks(self, n_rows: int, batch_size: int) -> list[Callback]:
        """Make what shows the progress of ``fit``, of an epoch with so many rows."""
        if self._quiet:
            return []
        if self.is_live:
            return [LiveProgress(n_rows, batch_size, self._console)]
        return [PlainProgress(n_rows, batch_size, self.note)]


def count(number: int, noun: str) -> str:
    """Return "1 thread" or "2 threads"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
