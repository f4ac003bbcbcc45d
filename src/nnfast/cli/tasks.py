"""tasks: what a command works on: data by name or file, and how one trains on them if not told otherwise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from nnfast.cli.columns import Columns, make_key
from nnfast.data.arrays import check_finite
from nnfast.data.files import read_names, read_table
from nnfast.data.table import Table, shorten
from nnfast.exceptions import DataFileError
from nnfast.preprocessing import TableEncoder

Array = NDArray[Any]

_MAX_INTEGER_CLASSES = 50
_MIN_IMAGE_SIDE = 8
_STEPS = 5000


class Part(NamedTuple):
    """Samples, and of each its class from 0, or its value."""

    x: Array
    y: Array


class Recipe(NamedTuple):
    """How to train if not told otherwise."""

    hidden: tuple[int, ...]
    dropout: float
    input_dropout: float
    epochs: int
    batch_size: int
    scale: float | None
    """Features are taken as ``x * scale + offset``; None: each is brought to mean 0 and deviation 1."""
    offset: float = 0.0


@dataclass(frozen=True)
class Task:
    """Data, in the order in which the last training rows may serve for validation."""

    name: str
    train: Part
    test: Part
    columns: Columns
    recipe: Recipe
    image_side: int | None = None
    """Features are the pixels of a square image of this side."""


def load_csv_task(
    path: Path, target: str | None, kind: str, test_share: float, seed: int, drop: Sequence[str] = ()
) -> Task:
    """Load a table and split it: by class, so that all classes have their share in both parts, or at random.

    What `TableEncoder` learns of columns it learns of the part for training. The columns `drop` are left out.
    """
    if not path.exists():
        raise click.UsageError(f"{path}: expected digits, mnist, or a table, found no file of that name.")
    table = _read(path, target, kind, drop)
    assert table.y is not None
    classes, y = _encode_target(table, kind)
    rng = np.random.default_rng(seed)
    train, test = _split(y if classes else np.zeros(len(y), np.int64), test_share, rng)
    if not len(train) or not len(test):
        raise click.UsageError(f"{path}: expected rows for training and for testing, received {len(y)} in all.")
    encoder = TableEncoder().fit(table.take(train))
    x_train, x_test = (encoder.transform(table.take(rows)) for rows in (train, test))
    side = None if encoder.categories_ else _find_image_side(x_train)
    columns = Columns(table.target_name, classes, encoder)
    parts = Part(x_train, y[train]), Part(x_test, y[test])
    return Task(path.stem, *parts, columns, _choose_recipe(x_train, side), side)


def _read(path: Path, target: str | None, kind: str, drop: Sequence[str]) -> Table:
    """Read a table with a target. Where it is known to hold classes, text among numbers is one, too."""
    if target is None and path.suffix == ".npz":
        return read_table(path)
    if target is None:
        names = shorten(read_names(path))
        raise click.UsageError(f"{path}: expected --target COLUMN, the column to predict, one of {names}.")
    text = [*drop, target] if kind == "classification" else drop  # in columns left out nothing is wrong
    return read_table(path, target, text=text).drop(drop)


def _encode_target(table: Table, kind: str) -> tuple[tuple[str, ...] | None, Array]:
    """Return the classes' names and classes from 0, or None and values."""
    raw = table.y
    assert raw is not None
    if kind == "auto":
        kind = "classification" if _has_classes(raw) else "regression"
    if kind == "regression":
        return None, _encode_values(table, raw)
    keys = list(map(make_key, map(str, raw)))
    names = dict(zip(keys, map(str, raw), strict=True))
    if len(names) < 2:
        reason = f"column {table.target_name!r}: expected at least two classes, received only {raw[0]}"
        raise DataFileError(table.source, reason)
    numbers = {key: number for number, key in enumerate(sorted(names, key=_make_sort_key))}
    return tuple(names[key] for key in numbers), np.array([numbers[key] for key in keys])


def _make_sort_key(key: str | float) -> tuple[bool, float, str]:
    """Sort numbers by value, and before text."""
    return (True, 0.0, key) if isinstance(key, str) else (False, key, "")


def _encode_values(table: Table, raw: Array) -> Array:
    if raw.dtype.kind == "U":
        reason = f"column {table.target_name!r}: expected numbers for a regression, received text"
        raise DataFileError(table.source, reason)
    y = raw.astype(np.float64)
    check_finite(y.reshape(-1, 1), f"{table.source}: column {table.target_name!r}")
    return y


def _has_classes(y: Array) -> bool:
    return y.dtype.kind == "U" or (y.dtype.kind in "iu" and len(np.unique(y)) <= _MAX_INTEGER_CLASSES)


def _split(classes: Array, test_share: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Choose rows for testing at equal distances in an order sorted by class, within a class at random."""
    order = np.lexsort((rng.random(len(classes)), classes))
    steps = np.floor(np.arange(len(order) + 1) * test_share + 0.5)
    is_test = np.diff(steps) > 0
    return rng.permutation(order[~is_test]), np.sort(order[is_test])


def _find_image_side(x: Array) -> int | None:
    """Return the side of the images that rows of bytes may be."""
    side = math.isqrt(x.shape[1])
    return side if x.dtype == np.uint8 and side**2 == x.shape[1] and side >= _MIN_IMAGE_SIDE else None


def _choose_recipe(x: Array, side: int | None) -> Recipe:
    batch_size = 32 if len(x) < 10_000 else 128
    epochs = min(100, max(10, math.ceil(_STEPS * batch_size / len(x))))
    if side is None:
        return Recipe((64,), 0.2, 0.0, epochs, batch_size, None)
    return Recipe((128,), 0.0, 0.0, epochs, batch_size, 1 / max(int(x.max()), 1))
