"""idx: the files MNIST and its relatives come in, plain or in gzip.

Layout: two zero bytes, a code for the element type, the number of dimensions, each dimension as a big-endian unsigned
32-bit integer, then the elements, big-endian, the last dimension running fastest.
"""

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from nnfast._validation import check_path
from nnfast.data.inflation import get_limit, is_gzip, open_gzip
from nnfast.exceptions import DataFileError

Array = NDArray[Any]
StrPath = str | os.PathLike[str]

_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_CODES = {dtype.newbyteorder("="): code for code, dtype in _DTYPES.items()}
_MAX_DIMENSIONS = 32
_CHUNK = 1 << 18


def read_idx(path: StrPath) -> Array:
    """Read an IDX file; whether it is compressed with gzip is seen from its first bytes.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    ndarray
        dtype uint8, int8, int16, int32, float32 or float64, native byte order, writeable. No more memory is asked for
        than a little above what the file really holds, whatever its header claims.

    Raises
    ------
    DataFileError
        If the file is no IDX file, is damaged, or holds fewer or more bytes than its header says.
    ValueError
        If `path` is none.
    OSError
        If the file cannot be opened or read.
    """
    with Path(check_path("path", path)).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        capacity, stream = (get_limit(size), open_gzip(path, file)) if is_gzip(Path(path)) else (size, file)
        try:
            return _read_array(stream, capacity, path)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataFileError(path, f"damaged gzip data near byte {file.tell()} of {size} ({error})") from error


def read_images_and_labels(images_path: StrPath, labels_path: StrPath) -> tuple[Array, Array]:
    """Read a pair of IDX files of bytes: images of shape (n, height, width) and labels of shape (n,).

    Raises
    ------
    DataFileError
        As for `read_idx`; or if dtype or dimensions are others, or one file has more entries than the other.
    """
    images = _read_bytes(images_path, 3, "images (n, height, width)")
    labels = _read_bytes(labels_path, 1, "labels (n,)")
    if len(images) != len(labels):
        raise DataFileError(
            images_path,
            f"expected an image for each of the {len(labels)} labels in {labels_path}, received {len(images)}",
        )
    return images, labels


def write_idx(path: StrPath, array: Array) -> None:
    """Write an IDX file, compressed with gzip if the name ends in ``.gz``; equal arrays give equal bytes.

    Parameters
    ----------
    path : path-like
        The file; replaced if it exists.
    array : ndarray
        dtype uint8, int8, int16, int32, float32 or float64; 1 to 32 dimensions, none of them 0.
    """
    array = np.asarray(array)
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        raise TypeError(f"array: expected dtype {', '.join(map(str, _CODES))}, received {array.dtype}")
    if not 1 <= array.ndim <= _MAX_DIMENSIONS or 0 in array.shape:
        raise ValueError(
            f"array: expected 1 to {_MAX_DIMENSIONS} dimensions, none of them 0, received shape {array.shape}"
        )
    header = bytes((0, 0, code, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    content = header + array.astype(_DTYPES[code], copy=False).tobytes()
    if os.fspath(path).endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    Path(path).write_bytes(content)


def _read_bytes(path: StrPath, n_dimensions: int, expected: str) -> Array:
    array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim != n_dimensions:
        raise DataFileError(path, f"expected {expected} of dtype uint8, received shape {array.shape} of {array.dtype}")
    return array


def _read_array(stream: IO[bytes], capacity: int, path: StrPath) -> Array:
    dtype, shape = _read_header(stream, path)
    n_bytes = dtype.itemsize * math.prod(shape)
    if n_bytes > capacity:
        raise DataFileError(
            path, f"header at byte 4: shape {shape} takes {n_bytes} bytes, the file has at most {capacity}"
        )
    content = _read_up_to(stream, n_bytes)
    if len(content) < n_bytes:
        raise DataFileError(path, f"cut short: expected {n_bytes} bytes for shape {shape}, received {len(content)}")
    if stream.read(1):
        raise DataFileError(path, f"expected {n_bytes} bytes for shape {shape}, received more")
    array = np.frombuffer(content, dtype)
    if not dtype.isnative:
        array.byteswap(inplace=True)
    return array.view(dtype.newbyteorder("=")).reshape(shape)


def _read_header(stream: IO[bytes], path: StrPath) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4:
        raise DataFileError(path, f"cut short: expected a header of 4 bytes, received {len(magic)}")
    if magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
        raise DataFileError(
            path, f"not an IDX file: expected it to begin 00 00 and 08 to 0e, received {magic[:3].hex(' ')}"
        )
    n_dimensions = magic[3]
    if not 1 <= n_dimensions <= _MAX_DIMENSIONS:
        raise DataFileError(
            path, f"header at byte 3: expected 1 to {_MAX_DIMENSIONS} dimensions, received {n_dimensions}"
        )
    sizes = stream.read(4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise DataFileError(path, f"cut short: expected {n_dimensions} dimensions, received {len(sizes)} bytes of them")
    shape = struct.unpack(f">{n_dimensions}I", sizes)
    if 0 in shape:
        raise DataFileError(path, f"header at byte 4: expected no dimension of 0, received shape {shape}")
    return _DTYPES[magic[2]], shape


def _read_up_to(stream: IO[bytes], n_bytes: int) -> bytearray:
    """Read piece by piece, so that memory follows what is there and not what a header claims."""
    content = bytearray()
    while len(content) < n_bytes:
        piece = stream.read(min(_CHUNK, n_bytes - len(content)))
        if not piece:
            break
        content += piece
    return content
