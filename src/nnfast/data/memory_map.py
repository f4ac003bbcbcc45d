"""memory_map: the pages of a file that is mapped into memory: read before they are used, let go of afterwards.

The kernel keeps what was read as long as memory is not wanted for something else; the process keeps only what it uses.
"""

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_WILLNEED = getattr(mmap, "MADV_WILLNEED", None)
_DONTNEED = getattr(mmap, "MADV_DONTNEED", None)


class Pages:
    """The pages below the rows of a map.

    Parameters
    ----------
    file : mmap.mmap
        The map.
    may_drop : bool
        Whether pages that are dropped come back as they were: not those that only this process has changed.
    """

    def __init__(self, file: mmap.mmap, may_drop: bool) -> None:
        self._file = file
        self._start = int(np.frombuffer(file, np.uint8).__array_interface__["data"][0])
        self._may_drop = may_drop and _DONTNEED is not None

    def load(self, rows: Array) -> None:
        """Read contiguous rows in; the time goes by without the interpreter's lock."""
        if _WILLNEED is not None:
            self._file.madvise(_WILLNEED, *self._find(rows))
        rows.reshape(-1).view(np.uint8)[:: mmap.PAGESIZE].max()

    def drop(self, rows: Array) -> None:
        """Let go of them."""
        if self._may_drop and _DONTNEED is not None:
            self._file.madvise(_DONTNEED, *self._find(rows))

    def _find(self, rows: Array) -> tuple[int, int]:
        """Return the first byte and the number of bytes of the pages that rows lie on."""
        first = int(rows.__array_interface__["data"][0]) - self._start
        begin = first // mmap.PAGESIZE * mmap.PAGESIZE
        return begin, first + rows.nbytes - begin


def find_pages(x: Any) -> Pages | None:
    """Return the pages of a `numpy.memmap` whose rows are contiguous, or None."""
    if not isinstance(x, np.memmap) or not x.flags.c_contiguous or x.size == 0:
        return None
    owner: Any = x
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return Pages(owner, x.mode != "c") if isinstance(owner, mmap.mmap) else None
