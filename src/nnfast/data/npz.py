"""npz: tables from NumPy's archives of arrays."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nnfast._validation import check_path
from nnfast.data.arrays import as_features
from nnfast.data.inflation import get_limit
from nnfast.data.npy import MAGIC, read_npy
from nnfast.data.table import Table, is_numeric, narrow_target, shorten
from nnfast.exceptions import DataFileError

Array = NDArray[Any]

_MOST_DIRECTORY_BYTES = 1 << 16  # of a thousand arrays


def read_npz(path: str | os.PathLike[str], x: str | None = None, y: str | None = None) -> Table:
    """Read samples, and what is to be predicted, from an archive of arrays: ``numpy.savez``, Keras' ``mnist.npz``.

    Parameters
    ----------
    path : path-like
        The file.
    x : str, optional
        The name of the array of samples, of shape (n_samples, ...). By default "x", or "x_train" if there is none.
    y : str, optional
        The name of the targets, of shape (n_samples,) or (n_samples, 1). By default that of `x` with a "y" for its "x",
        if there is one.

    Returns
    -------
    Table
        Samples as rows, of the dtype in which they are stored if the core reads it: uint8, float32 or float64.

    Raises
    ------
    DataFileError
        If the file is damaged or no archive, there is no such array, two have one name, it holds Python objects or no
        numbers, or lengths differ. No more memory is asked for than the file really holds, whatever it claims.
    ValueError
        If `path` is none.
    OSError
        If the file cannot be opened or read.
    """
    path = Path(check_path("path", path))
    with _Pieces(io.FileIO(path)) as file:
        archive = _Archive(file, path)
        x = _choose(archive.names, ("x", "x_train") if x is None else (x,), path)
        target = x.replace("x", "y", 1) if y is None else _choose(archive.names, (y,), path)
        targets = archive.read(target) if target in archive.names and target != x else None
        samples = archive.read(x)
    return _make_table(samples, targets, target, path)


class _Pieces(io.BufferedReader):
    """A file that is read in pieces: the most that is asked for at once is an archive's directory."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MOST_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"a directory of {size} bytes, of at most {_MOST_DIRECTORY_BYTES}")
        return super().read(size)


class _Archive:
    """The arrays of a file, by name."""

    def __init__(self, file: _Pieces, path: Path) -> None:
        self._path = path
        if file.peek(len(MAGIC)).startswith(MAGIC):
            raise DataFileError(path, "expected an archive of arrays, as numpy.savez writes, received one array")
        if file.peek(4)[:4] not in (b"PK\3\4", b"PK\5\6"):
            raise self._fail("it does not begin as one")
        try:
            self._archive = zipfile.ZipFile(file)
            members = self._archive.infolist()
            for member in members:  # names stand twice, and are in no checksum
                self._archive.open(member).close()
        except MemoryError:
            raise
        except Exception as error:
            raise self._fail(str(error)) from error
        if not all(member.filename.endswith(".npy") for member in members):
            raise self._fail("members that are no arrays")
        self.names = [member.filename.removesuffix(".npy") for member in members]
        self._members = dict(zip(self.names, members, strict=True))
        if len(self._members) < len(members):
            raise self._fail("two arrays of one name")

    def read(self, name: str) -> Array:
        member = self._members[name]
        n_bytes, n_stored, kind = member.file_size, member.compress_size, member.compress_type
        limit = {zipfile.ZIP_STORED: n_stored, zipfile.ZIP_DEFLATED: get_limit(n_stored)}.get(kind, -1)
        if n_bytes > limit:
            hint = f", of at most {limit}: if it is right, numpy.savez writes it as it is" if limit > n_stored else ""
            raise self._fail(f"{member.filename}: {n_bytes} bytes from {n_stored} by method {kind}{hint}")
        try:
            with self._archive.open(member) as stream:
                return read_npy(stream, n_bytes)
        except MemoryError:
            raise
        except Exception as error:  # zipfile and its decompressor have many
            raise self._fail(f"{member.filename}: {error}") from error

    def _fail(self, reason: str) -> DataFileError:
        return DataFileError(self._path, f"expected an archive of arrays of numbers or text ({reason})")


def _choose(names: list[str], wanted: tuple[str, ...], path: Path) -> str:
    found = [name for name in wanted if name in names]
    if not found:
        received = shorten(names) or "none"
        raise DataFileError(path, f"expected an array {' or '.join(map(repr, wanted))}, received {received}")
    return found[0]


def _make_table(samples: Array, targets: Array | None, target: str, path: Path) -> Table:
    try:
        features = as_features(samples)
    except (TypeError, ValueError) as error:
        raise DataFileError(path, str(error)) from error
    names = tuple(map(str, range(features.shape[1])))
    if targets is None:
        return Table(features, names, has_names=False, source=path)
    if targets.shape not in ((len(features),), (len(features), 1)):
        expected = f"as many targets as samples, shape ({len(features)},)"
        raise DataFileError(path, f"{target}: expected {expected}, received shape {targets.shape}")
    return Table(features, names, _as_target(targets.reshape(-1), target, path), target, False, path)


def _as_target(y: Array, name: str, path: Path) -> Array:
    if is_numeric(y):
        return narrow_target(y)
    try:
        if y.dtype.kind in "bSU":
            return y.astype(str)
    except UnicodeDecodeError:
        pass
    raise DataFileError(path, f"{name}: expected numbers or text, received dtype {y.dtype}")
