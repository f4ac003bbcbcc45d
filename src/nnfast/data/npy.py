"""npy: an array in NumPy's format, of which all sizes must agree before memory is taken.

NumPy's own reader takes the memory that a header claims, and has Python parse it; this one knows the three keys of
https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, and no Python objects.
"""

import math
import re
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MAGIC = b"\x93NUMPY"

_MOST_HEADER_BYTES = 10_000  # as NumPy has it
_PIECE = 1 << 16
_VALUE = r"""(?:True|False|\([\d\sL,]*\)|'[^'\\]*'|"[^"\\]*")"""
_ITEM = re.compile(rf"""\s*['"](descr|fortran_order|shape)['"]\s*:\s*({_VALUE})\s*(?:,|(?=\}}))""")
_HEADER = re.compile(rf"\{{(?:{_ITEM.pattern}){{3}}\s*\}}\s*")
_DTYPE = re.compile(r"[<>=|]?(?:[?biufcSUVO]\d{0,9}|[mM]8(?:\[\w{1,9}\])?)")


class _Header(NamedTuple):
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    is_fortran: bool

    @property
    def n_bytes(self) -> int:
        return self.dtype.itemsize * math.prod(self.shape)


def read_npy(stream: IO[bytes], n_bytes: int) -> Array:
    """Read an array from a stream that holds so many bytes, and nothing else; ValueError says what is wrong."""
    start = _read(stream, 8)
    if start[:6] != MAGIC or start[6] not in (1, 2, 3):
        raise ValueError(f"byte 0: expected {MAGIC!r} and a version from 1 to 3, received {bytes(start[:7])!r}")
    n_digits = 2 if start[6] == 1 else 4
    n_header_bytes = int.from_bytes(_read(stream, n_digits), "little")
    if n_header_bytes > _MOST_HEADER_BYTES:
        raise ValueError(f"byte 8: expected a header of at most {_MOST_HEADER_BYTES} bytes, received {n_header_bytes}")
    header = _parse_header(_read(stream, n_header_bytes).decode("latin-1" if start[6] < 3 else "utf-8"))
    n_content_bytes = n_bytes - 8 - n_digits - n_header_bytes
    if header.n_bytes != n_content_bytes or not header.dtype.itemsize:
        claim = f"shape {header.shape} of {header.dtype}, {header.n_bytes} bytes"
        raise ValueError(f"byte {8 + n_digits}: the header says {claim}, behind it are {n_content_bytes}")
    content = _read(stream, n_content_bytes)
    if stream.read(1):
        raise ValueError(f"expected {n_bytes} bytes, received more")
    return np.ndarray(header.shape, header.dtype, content, order="F" if header.is_fortran else "C")


def _parse_header(text: str) -> _Header:
    items = dict(_ITEM.findall(text)) if _HEADER.fullmatch(text) else {}
    dtype, shape, is_fortran = (items.get(key, "") for key in ("descr", "shape", "fortran_order"))
    if not _DTYPE.fullmatch(dtype[1:-1]) or shape[:1] != "(" or is_fortran not in ("True", "False"):
        expected = "a header with the descr of one type, fortran_order and shape"
        raise ValueError(f"byte 8: expected {expected}, received {text.strip()[:200]!r}")
    kind = np.dtype(dtype[1:-1])
    if kind.hasobject:
        raise ValueError("Python objects, which are never unpickled")
    sizes = tuple(int(size) for size in re.findall(r"\d+", shape))
    if max(sizes, default=0) >= 2**63:
        raise ValueError(f"byte 8: expected sizes below 2**63, received shape {shape}")
    return _Header(kind, sizes, is_fortran == "True")


def _read(stream: IO[bytes], n_bytes: int) -> bytearray:
    """Read piece by piece, so that memory follows what is there."""
    content = bytearray()
    while len(content) < n_bytes:
        piece = stream.read(min(_PIECE, n_bytes - len(content)))
        if not piece:
            raise ValueError(f"cut short: expected {n_bytes} bytes more, received {len(content)}")
        content += piece
    return content
