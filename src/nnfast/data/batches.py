"""batches: rows of arrays, or of files larger than memory, as batches that are trained on block by block."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast import _core, _validation
from nnfast.data.containers import as_array, find_names, is_file_array
from nnfast.data.memory_map import Pages, find_pages

Array = NDArray[Any]
Transform = Callable[[Any, "np.random.Generator"], Any]  # in quotes: it is imported when it is used

_BLOCK_BYTES = 3 * 2**24
_LAST_EPOCH = 2**32 - 1  # those of orders are counted down, as models count theirs up


class Block(NamedTuple):
    """Rows that are read at once: some batches."""

    x: Any
    y: Any
    sample_weight: Any
    place: str
    """Where they lie, for messages: "[0:640]"."""
    key: tuple[int, int, int]
    """Seed, epoch and number, which every block has for itself."""
    close: Callable[[], object]
    """Called when the rows are no longer used."""


class Batches:
    """Rows as batches, read block by block: for data larger than memory, or rows that are changed as they are read.

    `Sequential.fit`, ``evaluate`` and ``predict`` read the next blocks on a second thread while the core works. Rows of
    a `numpy.memmap` are not copied: pages are read before they are used and let go of afterwards.

    Parameters
    ----------
    x : array, numpy.memmap, SciPy CSR matrix, or what has a shape and takes slices, shape (n_samples, ...)
        The samples, HDF5 and Zarr arrays for example; all else, frames too, is made an array at once.
    y, sample_weight : the same, optional
        Their targets and weights.
    batch_size : int
        The samples of one step.
    shuffle : True, False or "blocks"
        True: every epoch has an order of its own, in which any row may be next. "blocks": each block has rows that lie
        behind each other; blocks come in an order of their own, and so do the rows of a block. A file is then read in
        large pieces; its rows should not lie sorted. False: rows come in order.
    block_size : int, optional
        How many rows are read at once, rounded up to whole batches; about 50 MB by default. Up to four blocks are in
        memory at once.
    transform : callable, optional
        Called as ``transform(x, rng)`` with the rows of a block and a `numpy.random.Generator`, on the second thread;
        returns as many rows, of any shape that the model takes, in an array of its own: `x` is not to be written to.
        What `rng` gives depends on seed, epoch and block alone.
    seed : int, optional
        What orders and `rng` are drawn from, in [0, 2**64). None draws one, kept in ``seed``; a ``fit``
        that goes on from a checkpoint then takes the checkpoint's. In ``fit`` the rows within a block are shuffled by
        the model, from its seed.

    Raises
    ------
    ValueError
        If an argument is not as described, or numbers of rows differ.

    Examples
    --------
    >>> x, y = np.arange(10).reshape(5, 2), np.arange(5)
    >>> [targets.tolist() for _, targets in Batches(x, y, batch_size=2, shuffle=False)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        batch_size: int = 32,
        shuffle: bool | Literal["blocks"] = True,
        block_size: int | None = None,
        transform: Transform | None = None,
        seed: int | None = None,
    ) -> None:
        self.x = _as_sliceable("x", x)
        self.y = None if y is None else _as_sliceable("y", y)
        self.sample_weight = None if sample_weight is None else _as_sliceable("sample_weight", sample_weight)
        self.feature_names = None if transform is not None else find_names(x, "x")
        self._n_samples = _count_rows(self.x, self.y, self.sample_weight)
        self.batch_size = _validation.check_integer("batch_size", batch_size, 1)
        self.shuffle = _validation.check_choice("shuffle", shuffle, (True, False, "blocks"))
        rows = _choose_rows(self.x) if block_size is None else _validation.check_integer("block_size", block_size, 1)
        self.block_size = -(-rows // self.batch_size) * self.batch_size
        if transform is not None and not callable(transform):
            raise _validation.mismatch("transform", "a function of rows and a generator", transform)
        self.transform = transform
        self._is_seed_drawn = seed is None
        chosen = int.from_bytes(os.urandom(4)) if seed is None else seed
        self.seed = _validation.check_integer("seed", chosen, 0, 2**64 - 1)
        self._pages = find_pages(self.x)
        self._epochs_begun = 0

    def describe_data(self) -> dict[str, Any]:
        """Return what tells these batches from others, as plain data: rows, sizes, order, and a seed that was given."""
        from nnfast.data.fingerprint import describe_rows

        parts = {name: describe_rows(getattr(self, name)) for name in ("x", "y", "sample_weight")}
        settings = {name: getattr(self, name) for name in ("batch_size", "block_size", "shuffle")}
        return parts | settings | {"seed": None if self._is_seed_drawn else self.seed}

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-self._n_samples // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        """Begin an epoch: batches ``(x, y, sample_weight)`` as far as there are such; `x` alone without targets."""
        for block in self.read_blocks():
            n = block.x.shape[0]
            order = np.random.default_rng([*block.key, 1]).permutation(n) if self.shuffle else None
            for first in range(0, n, self.batch_size):
                part = slice(first, first + self.batch_size)
                rows = part if order is None else order[part]
                batch = tuple(array[rows] for array in block[:3] if array is not None)
                yield batch if len(batch) > 1 else batch[0]
            block.close()

    def read_blocks(self) -> Iterator[Block]:
        """Begin an epoch: its blocks, within which rows are in the order of `x`."""
        epoch, self._epochs_begun = self._epochs_begun, self._epochs_begun + 1
        for number, rows in enumerate(self._choose_blocks(epoch)):
            yield self._read(rows, (self.seed, epoch, number))

    def _choose_blocks(self, epoch: int) -> Iterator[slice | Array]:
        size, n = self.block_size, self._n_samples
        n_blocks = -(-n // size)
        if self.shuffle is True and n_blocks > 1:
            order = _core.random_order(self.seed, _LAST_EPOCH - epoch, n).view(np.uint32)
            yield from (np.sort(order[first : first + size]) for first in range(0, n, size))
            return
        in_order = range(n_blocks)
        places = _core.random_order(self.seed, _LAST_EPOCH - epoch, n_blocks) if self.shuffle else in_order
        yield from (slice(place * size, min((place + 1) * size, n)) for place in map(int, places))

    def _read(self, rows: slice | Array, key: tuple[int, int, int]) -> Block:
        x = self.x[rows]
        close = _prepare_pages(self._pages, x, self.x, rows)
        if self.transform is not None:
            x = _transform(self.transform, x, np.random.default_rng(key))
        y, weights = (None if part is None else part[rows] for part in (self.y, self.sample_weight))
        place = f"[{rows.start}:{rows.stop}]" if isinstance(rows, slice) else f" of block {key[2]}"
        return Block(x, y, weights, place, key, close)


def _as_sliceable(name: str, part: Any) -> Any:
    if callable(getattr(part, "tocsr", None)):
        return part.tocsr()
    return part if isinstance(part, np.memmap) or is_file_array(part) else as_array(part, name)


def _count_rows(x: Any, *others: Any) -> int:
    """Return the number of rows, which is that of the others."""
    if len(x.shape) < 1 or x.shape[0] == 0:
        raise _validation.mismatch("x", "at least one row", x.shape)
    if others[0] is None and others[1] is not None:
        raise _validation.mismatch("y", "targets, as there are weights", None)
    for name, part in zip(("y", "sample_weight"), others, strict=True):
        if part is not None and part.shape[:1] != x.shape[:1]:
            raise ValueError(
                f"{name}: expected as many rows as x has, {x.shape[0]}, received shape {tuple(part.shape)}"
            )
    return int(x.shape[0])


def _choose_rows(x: Any) -> int:
    """Return how many rows make a block."""
    is_sparse = hasattr(x, "indptr")
    n_bytes = (x.data.nbytes + x.indices.nbytes) // x.shape[0] if is_sparse else np.asarray(x[:1]).nbytes
    return max(1, _BLOCK_BYTES // max(1, int(n_bytes)))


def _prepare_pages(pages: Pages | None, x: Any, whole: Any, rows: slice | Array) -> Callable[[], object]:
    """Read the pages of rows of a map, and return what lets go of them; rows that were copied need theirs no more."""
    if pages is None:
        return _do_nothing
    if isinstance(rows, slice):
        pages.load(x)
        return partial(pages.drop, x)
    pages.drop(whole)
    return _do_nothing


def _transform(transform: Transform, x: Any, rng: "np.random.Generator") -> Any:
    """Return the rows that a user's function makes of some, which it cannot write to."""
    n = x.shape[0]
    if isinstance(x, np.ndarray):
        x = x.view(np.ndarray)
        x.flags.writeable = False
    made = transform(x, rng)
    if not hasattr(made, "shape") or len(made.shape) < 1 or made.shape[0] != n:
        received = f"shape {tuple(made.shape)}" if hasattr(made, "shape") else type(made).__name__
        raise ValueError(f"transform: expected a function that returns an array of {n} rows, received {received}")
    return made


def _do_nothing() -> None:
    pass
