"""csv_content: the rows of a CSV file as bytes, for readers that would disagree on where cells of some files end."""

import gzip
import mmap
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.data.csv_layout import Layout
from nnfast.data.inflation import is_gzip, open_gzip

_CHUNK_BYTES = 1 << 24
_QUOTE, _RETURN, _NEWLINE = b'"\r\n'


class Content:
    """Rows of a file, without names.

    Parameters
    ----------
    data : bytes or mmap
        The file, uncompressed.
    start : int
        Where the rows begin.
    """

    def __init__(self, data: Any, start: int) -> None:
        self._data = data
        self._start = start
        self.has_quotes = self.has(b'"')

    def __len__(self) -> int:
        return len(self._data) - self._start

    def has(self, text: bytes) -> bool:
        """Whether bytes are found."""
        return bool(self._data.find(text, self._start) >= 0)

    def ends_with(self, text: bytes) -> bool:
        """Whether bytes are the last."""
        return len(self) >= len(text) and self._data[-len(text) :] == text

    def view(self) -> memoryview:
        """Return all bytes, where they are."""
        return memoryview(self._data)[self._start :]

    def copy(self) -> bytes:
        """Return all bytes."""
        return bytes(self._data[self._start :])

    def lines(self) -> Iterator[bytes]:
        """Return an iterator over lines."""
        file = BytesIO(self._data) if isinstance(self._data, bytes) else self._data
        file.seek(self._start)
        return iter(file.readline, b"")


def open_content(layout: Layout) -> Content | None:
    """Open a file, or return None if it is damaged or readers would disagree on it."""
    path = layout.form.path
    with path.open("rb") as file:
        try:
            data = (
                b"".join(iter(partial(open_gzip(path, file).read, _CHUNK_BYTES), b"")) if is_gzip(path) else _map(file)
            )
        except (EOFError, gzip.BadGzipFile, zlib.error):
            return None
    content = Content(data, layout.start)
    if len(content) <= 0 or data[layout.start : layout.start + len(BOM_UTF8)] == BOM_UTF8:  # of a cell, to some a mark
        return None
    if (content.has_quotes or content.has(b"\r")) and not _is_regular(content, ord(layout.form.delimiter)):
        return None
    return content


def _map(file: Any) -> mmap.mmap:
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _is_regular(content: Content, delimiter: int) -> bool:
    """Whether quotes stand around whole cells, or twice within such, and carriage returns before newlines.

    Of quotes with even numbers, counted from 0, each begins a cell or follows another quote; each other ends a cell or
    is followed by one.
    """
    data = np.frombuffer(content.view(), np.uint8)
    n_quotes = 0
    for first in range(0, len(data), _CHUNK_BYTES):
        part = data[first : first + _CHUNK_BYTES]
        returns, quotes = (np.flatnonzero(part == byte) + first for byte in (_RETURN, _QUOTE))
        is_odd = (np.arange(len(quotes)) + n_quotes) % 2 == 1
        n_quotes += len(quotes)
        before = _get(data, quotes[~is_odd] - 1)
        after = _get(data, quotes[is_odd] + 1)
        if not (
            np.isin(before, [delimiter, _NEWLINE, _QUOTE]).all()
            and np.isin(after, [delimiter, _NEWLINE, _RETURN, _QUOTE]).all()
            and (_get(data, returns + 1) == _NEWLINE).all()
        ):
            return False
    return n_quotes % 2 == 0


def _get(data: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return bytes; before the first and after the last there is a newline."""
    is_inside = (places >= 0) & (places < len(data))
    return np.where(is_inside, data[np.where(is_inside, places, 0)], np.uint8(_NEWLINE))
