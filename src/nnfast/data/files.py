"""files: a table from a file, read as its name says."""

import os
from collections.abc import Iterable
from pathlib import Path

from nnfast._validation import check_path
from nnfast.data import csv
from nnfast.data.csv import read_csv
from nnfast.data.frames import read_arrow, read_parquet
from nnfast.data.npz import read_npz
from nnfast.data.table import Table
from nnfast.exceptions import DataFileError

SUFFIXES = (".csv", ".tsv", ".parquet", ".pq", ".arrow", ".feather", ".ipc", ".npz")
"""Names of files that `read_table` reads; ``.gz`` may follow the first two."""


def read_table(
    path: str | os.PathLike[str], target: str | int | None = None, *, text: Iterable[str | int] = ()
) -> Table:
    """Read a table; the end of the file's name says how.

    Parameters
    ----------
    path : path-like
        ``.csv`` and ``.tsv``, compressed (``.csv.gz``) or not; ``.parquet``, ``.pq``; ``.arrow``, ``.feather``,
        ``.ipc``; ``.npz``. Files of other names are taken for CSV. Cells of CSV files are parted by commas, or by
        semicolons, tabs or bars if there is no comma between the names.
    target : str or int, optional
        The column to predict, by name or by number from 0; in an archive the name of an array.
    text : iterable of str or int
        Columns of numbers that are codes, to be taken as text.

    Returns
    -------
    Table

    Raises
    ------
    DataFileError
        As for `read_csv`, `read_parquet`, `read_arrow` and `read_npz`, one of which reads the file.
    ValueError
        If `path` is none.
    """
    suffix = _get_suffix(path)
    if suffix in (".parquet", ".pq"):
        return read_parquet(path, target, text=text)
    if suffix in (".arrow", ".feather", ".ipc"):
        return read_arrow(path, target, text=text)
    if suffix == ".npz":
        if isinstance(target, int):
            raise DataFileError(path, f"expected the name of an array as the target, received {target}")
        return read_npz(path, y=target)
    return read_csv(path, target, text=text, delimiter=_find_delimiter(path, suffix))


def read_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Read the names of a table's columns; of an archive of arrays those of the features. Errors as in `read_table`."""
    suffix = _get_suffix(path)
    if suffix in SUFFIXES and suffix not in (".csv", ".tsv"):
        return read_table(path).feature_names
    return csv.read_names(path, delimiter=_find_delimiter(path, suffix))


def _get_suffix(path: str | os.PathLike[str]) -> str:
    return Path(Path(check_path("path", path)).name.lower().removesuffix(".gz")).suffix


def _find_delimiter(path: str | os.PathLike[str], suffix: str) -> str:
    """Return the comma, or where commas part nothing in the first line, what does."""
    if suffix == ".tsv":
        return "\t"
    names = csv.read_names(path)
    return next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), ",")
