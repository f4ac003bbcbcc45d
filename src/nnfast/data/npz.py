"""npz: tables from NumPy's archives of arrays."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.data.arrays import as_features
from nnfast.data.table import Table, is_numeric, narrow_target, shorten
from nnfast.exceptions import DataFileError

Array = NDArray[Any]


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
        If the file is damaged or no archive, there is no such array, it holds Python objects or no numbers, or lengths
        differ.
    OSError
        If the file cannot be opened or read.
    """
    path = Path(path)
    with path.open("rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise DataFileError(path, f"expected an archive of arrays, received one array {archive.shape}")
            x = _choose(archive.files, ("x", "x_train") if x is None else (x,), path)
            target = x.replace("x", "y", 1) if y is None else _choose(archive.files, (y,), path)
            targets = archive[target] if target in archive.files and target != x else None
            samples = archive[x]
        except (DataFileError, MemoryError):
            raise
        except Exception as error:  # zipfile, its decompressors and NumPy have many
            raise DataFileError(path, f"expected an archive of arrays of numbers or text ({error})") from error
    return _make_table(samples, targets, target, path)


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
