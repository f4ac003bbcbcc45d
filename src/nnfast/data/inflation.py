"""inflation: compressed content, read up to a limit: few bytes may stand for very many."""

import gzip
import io
import os
from pathlib import Path
from typing import IO, Any

from nnfast.exceptions import DataFileError

GZIP_MAGIC = b"\x1f\x8b"

_ALWAYS = 1 << 26
_RATIO = 100  # tables come to a tenth; what is a hundredth is hardly data


def get_limit(n_bytes: int) -> int:
    """Return how many bytes compressed ones may stand for: 64 MiB, and of many a hundred times as many."""
    return max(_ALWAYS, _RATIO * n_bytes)


def is_gzip(path: Path) -> bool:
    """Whether a file is compressed by gzip."""
    with path.open("rb") as raw:
        return raw.read(2) == GZIP_MAGIC


def open_gzip(path: str | os.PathLike[str], file: IO[bytes]) -> io.BufferedReader:
    """Read a file compressed by gzip; DataFileError, when it comes to that, for more than `get_limit` says."""
    return io.BufferedReader(_Inflated(path, file))


class _Inflated(io.RawIOBase):
    """What is in a file compressed by gzip."""

    def __init__(self, path: str | os.PathLike[str], file: IO[bytes]) -> None:
        self._path = path
        self._stream = gzip.GzipFile(fileobj=file)
        self._n_bytes = os.fstat(file.fileno()).st_size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: Any, /) -> int:
        n_read = self._stream.readinto(buffer)
        if self._stream.tell() > get_limit(self._n_bytes):
            limit = f"at most {get_limit(self._n_bytes)} bytes from {self._n_bytes} of gzip"
            raise DataFileError(self._path, f"expected {limit}, received more; if that is right, decompress it first")
        return n_read
