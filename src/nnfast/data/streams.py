"""streams: what gives batches one after the other -> pieces that the core takes in a call, epoch by epoch."""

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from nnfast import _core, _validation
from nnfast.data.containers import PROTOCOLS, Names

if TYPE_CHECKING:
    from nnfast.data.batches import Batches
    from nnfast.data.read_ahead import ReadAhead

T = TypeVar("T")

_NO_STREAMS = (np.ndarray, list, tuple, str, bytes, range, deque, Mapping)


class Piece(NamedTuple):
    """Rows as a user gives them: a batch, or several behind each other."""

    x: Any
    y: Any
    sample_weight: Any
    place: str
    """Behind the names of the three in messages."""
    batch_size: int | None = None
    """None if all rows are one batch."""
    shuffle: bool = False
    """Whether the rows are to be shuffled."""
    is_lasting: bool = False
    """Whether the rows stay as they are until ``close`` is called, and need not be copied."""
    close: Callable[[], object] | None = None
    names: Names | None = None
    """Of the columns, where the rows are those of a frame."""


class Order(NamedTuple):
    """What the order of a sequence's batches is drawn from."""

    get_seed: Callable[[], int]
    get_epoch: Callable[[], int]


def is_stream(x: Any) -> bool:
    """Return whether `x` gives batches: it can be iterated over, or has a length and items, and is no array itself."""
    if type(x) is np.ndarray or isinstance(x, _NO_STREAMS):
        return False
    if any(hasattr(x, name) for name in PROTOCOLS):
        return False
    try:
        memoryview(x)
    except TypeError:
        return hasattr(x, "__iter__") or hasattr(x, "__next__") or _is_sequence(x)
    return False


def check_steps(name: str, steps: Any) -> int | None:
    """Return a number of batches, or None."""
    return None if steps is None else _validation.check_integer(name, steps, 1)


def check_no_steps(name: str, steps: Any) -> None:
    """Raise ValueError if a number of batches is given where there is no stream."""
    if steps is not None:
        raise _validation.mismatch(name, "None, as there is no stream of batches it could count", steps)


class Stream:
    """Batches for one call of ``fit``, ``evaluate`` or ``predict``.

    Parameters
    ----------
    source : sequence, iterable or iterator of batches
        See `Sequential.fit`.
    steps : int, optional
        The batches of an epoch. None: until the source ends; an iterable is begun anew for each epoch.
    names : tuple of str
        What x, y and sample_weight are called in messages; of x alone if there are to be no targets.
    order : Order, optional
        If the batches of a sequence are to be shuffled.

    Attributes
    ----------
    is_over : bool
        Whether the source was an iterator that has ended.
    """

    def __init__(
        self,
        source: Any,
        steps: int | None = None,
        names: tuple[str, ...] = ("x", "y", "sample_weight"),
        order: Order | None = None,
    ) -> None:
        self.names, self.steps, self.is_over = names, steps, False
        self._source, self._order = source, order
        self._is_once = hasattr(source, "__next__") and not _is_sequence(source)
        self._pieces: Iterator[Piece] | None = None
        self._n_taken = self._epoch = 0  # of them; and what the way through the source was begun with
        self._batches = _find_batches(source)
        if self._batches:
            self._check_batches(self._batches)

    @property
    def n_batches(self) -> int | None:
        """Of an epoch; None if that is not known."""
        if self.steps is not None:
            return self.steps
        try:
            return len(self._source)
        except TypeError:
            return None

    def describe_data(self) -> dict[str, Any]:
        """Return what tells the source from others, as plain data: of `Batches` all, of others their number alone."""
        return {"batches": self.n_batches} | (self._batches.describe_data() if self._batches else {})

    def peek(self) -> Piece:
        """Return the first piece, which the first epoch still begins with."""
        self._pieces = self._begin()
        first = list(islice(self._pieces, 1))
        if not first:
            raise self._make_empty_error()
        self._pieces = chain(first, self._pieces)
        return first[0]

    @contextmanager
    def read(self, prepare: Callable[[Piece], T]) -> Iterator[Iterator[T]]:
        """Begin an epoch: within the block its pieces, prepared, come from a second thread."""
        from nnfast.data.read_ahead import ReadAhead

        self._call("on_epoch_begin")
        with ReadAhead((piece, prepare(piece)) for piece in self._take()) as pairs:
            yield _close_behind(pairs)
        self._call("on_epoch_end")

    def _take(self) -> Iterator[Piece]:
        """Yield the pieces of an epoch, of an iterator that goes on where the last epoch left it, or of a new one."""
        is_new = self._pieces is None
        self._pieces = self._pieces or self._begin()
        n = 0
        for piece in islice(self._pieces, self.steps):
            n += 1
            self._n_taken += 1
            yield piece
        if n == self.steps:
            return
        self._pieces, self.is_over = None, self._is_once
        if n == 0 and is_new:
            raise self._make_empty_error()
        if n == 0 and not self._is_once:
            yield from self._take()
        elif self.steps is not None:
            wanted = f"{self.names[0]}: expected {self.steps} batches an epoch, received {n} before they ended"
            warnings.warn(wanted, stacklevel=2)

    def describe_place(self) -> dict[str, Any]:
        """Return where the next epoch begins, as plain data for `go_on`."""
        is_new = self._pieces is None
        return {
            "epoch": self._find_epoch() if is_new else self._epoch,
            "n_taken": 0 if is_new else self._n_taken,
            "is_over": self.is_over,
            "seed": self._batches and self._batches.seed,
        }

    def go_on(self, place: dict[str, Any]) -> None:
        """Let the next epoch begin where one began; what was given before is read, and left out.

        Raises
        ------
        ValueError
            If the source ends before, or the description of the place is none.
        """
        if self._batches:
            places = [_validation.check_integer(name, place[name], 0, 2**64 - 1) for name in ("epoch", "seed")]
            self._batches._epochs_begun, self._batches.seed = places
        if not self._is_once:
            self._pieces = None
        if place["n_taken"]:
            self._pieces = self._pieces or self._begin(place["epoch"])
        n_taken = sum(1 for _ in islice(self._pieces or (), place["n_taken"]))
        if n_taken < place["n_taken"]:
            wanted = f"the {place['n_taken']} batches that were taken before, which are read again and left out"
            raise ValueError(f"{self.names[0]}: expected {wanted}, received {n_taken}")
        self._n_taken, self.is_over = n_taken, place["is_over"]

    def _find_epoch(self) -> int:
        """Return what a new way through the source is begun with: a number that `Batches`, or an order, count up."""
        if self._batches:
            return self._batches._epochs_begun
        return self._order.get_epoch() if self._order else 0

    def _begin(self, epoch: int | None = None) -> Iterator[Piece]:
        self._epoch, self._n_taken = self._find_epoch() if epoch is None else epoch, 0
        if self._batches:
            self._batches._epochs_begun = self._epoch
        if self._batches and self.steps is None:
            return _read_batches(self._batches)
        batches = self._iterate() if _is_sequence(self._source) else self._source
        return (self._make_piece(batch, number) for number, batch in enumerate(batches))

    def _iterate(self) -> Iterator[Any]:
        n = len(self._source)
        shuffled = self._order and _core.random_order(self._order.get_seed(), self._epoch, n)
        return (self._source[int(place)] for place in (range(n) if shuffled is None else shuffled))

    def _make_piece(self, batch: Any, number: int) -> Piece:
        wants_targets = len(self.names) > 1
        is_parts = isinstance(batch, tuple | list) and (wants_targets or hasattr(next(iter(batch), None), "shape"))
        parts = tuple(batch) if is_parts else (batch,)
        if not 1 + wants_targets <= len(parts) <= 3:
            wanted = "(x, y) or (x, y, sample_weight)" if wants_targets else "x, (x, y) or (x, y, sample_weight)"
            raise _validation.mismatch(f"{self.names[0]}, batch {number}", wanted, batch)
        x, y, sample_weight = (*parts, None, None)[:3]
        return Piece(x, y, sample_weight, f" of batch {number}")

    def _check_batches(self, source: "Batches") -> None:
        if len(self.names) > 1 and source.y is None:
            raise ValueError(f"{self.names[0]}: expected Batches(x, y), received Batches(x) without y")
        if len(self.names) == 1 and source.shuffle is not False:
            raise _validation.mismatch(
                self.names[0], "Batches(x, shuffle=False), so that outputs are in order", source.shuffle
            )

    def _make_empty_error(self) -> ValueError:
        hint = "; an iterator gives its batches once" if self._is_once else ""
        return ValueError(f"{self.names[0]}: expected at least one batch, received none{hint}")

    def _call(self, hook: str) -> None:
        if callable(method := getattr(self._source, hook, None)):
            method()


def _is_sequence(source: Any) -> bool:
    return hasattr(source, "__len__") and hasattr(source, "__getitem__")


def _find_batches(source: Any) -> "Batches | None":
    from nnfast.data.batches import Batches  # milliseconds that nobody needs for arrays

    return source if isinstance(source, Batches) else None


def _read_batches(source: "Batches") -> Iterator[Piece]:
    size, shuffle = source.batch_size, source.shuffle is not False
    for block in source.read_blocks():
        names = source.feature_names
        yield Piece(block.x, block.y, block.sample_weight, block.place, size, shuffle, True, block.close, names)


def _close_behind(pairs: "ReadAhead[tuple[Piece, T]]") -> Iterator[T]:
    """Yield what was made of pieces, and close each when the next is asked for."""
    for piece, made in pairs:
        yield made
        if piece.close is not None:
            piece.close()
