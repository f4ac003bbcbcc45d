"""csv_layout: what the first rows of a CSV file tell: names, the target, where data begin, what columns may hold."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from nnfast.data.cells import is_number
from nnfast.data.inflation import is_gzip, open_gzip
from nnfast.data.table import find_column, find_text
from nnfast.exceptions import DataFileError

Header = bool | Literal["auto"]
Kind = Literal["uint8", "float64", "text"]

_BYTE_ORDER_MARK = "\ufeff"
_SAMPLE_CELLS = 8000
_SAMPLE_ROWS = 200


@dataclass(frozen=True)
class Format:
    """How a file is written.

    Parameters
    ----------
    path : Path
        The file.
    header : bool or "auto"
        Whether the first row has names.
    delimiter : str
        What stands between cells.
    missing : frozenset of str
        Cells that hold nothing.
    """

    path: Path
    header: Header
    delimiter: str
    missing: frozenset[str]

    @property
    def has_missing_numbers(self) -> bool:
        """Whether some cells that hold nothing would be numbers otherwise."""
        return any(is_number(cell) and float(cell) == float(cell) for cell in self.missing)


@dataclass(frozen=True)
class Layout:
    """What a file holds.

    Parameters
    ----------
    form : Format
        How it is written.
    has_header : bool
        Whether the first row has names.
    names : tuple of str
        Of all columns.
    target : int, optional
        The column to predict.
    text : frozenset of int
        Columns whose numbers are text too.
    start : int
        How many bytes of the file, uncompressed, stand before the first row of data.
    kinds : tuple of Kind
        What the first rows of each column would be.
    """

    form: Format
    has_header: bool
    names: tuple[str, ...]
    target: int | None
    text: frozenset[int]
    start: int
    kinds: tuple[Kind, ...]


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a file, compressed by gzip or not, as UTF-8; what is wrong with it as a whole becomes a DataFileError."""
    with path.open("rb") as raw:
        file = open_gzip(path, raw) if is_gzip(path) else raw
        try:
            yield io.TextIOWrapper(file, encoding="utf-8", newline="")
        except UnicodeDecodeError as error:
            raise DataFileError(path, f"{_find_bad_byte(path)} ({error.reason})") from error
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataFileError(path, f"damaged gzip data ({error})") from error


def _find_bad_byte(path: Path) -> str:
    """Return line and byte of what is no UTF-8."""
    with path.open("rb") as raw:
        for number, line in enumerate(open_gzip(path, raw) if is_gzip(path) else raw, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                place = f"line {number}, byte {error.start + 1}"
                return f"{place}: expected UTF-8 text, received byte {line[error.start]:#04x}"
    return "expected UTF-8 text"


def read_layout(form: Format, target: str | int | None, text: Iterable[str | int]) -> Layout:
    """Look at the first rows of a file."""
    with open_text(form.path) as file:
        lines = _Lines(file)
        rows = make_rows(csv.reader(lines, delimiter=form.delimiter, strict=True), form.path)
        first = next(rows, None)
        if first is None:
            raise DataFileError(form.path, "expected at least one row of cells, received an empty file")
        has_header = not any(map(is_number, first)) if form.header == "auto" else form.header
        names = tuple(name.strip() for name in first) if has_header else tuple(map(str, range(len(first))))
        start = lines.n_bytes if has_header else lines.n_mark_bytes
        sample = [] if has_header else [first]
        sample += _read_sample(rows, _SAMPLE_CELLS // len(names))
    place = None if target is None else find_column(target, names, form.path)
    texts = find_text(text, names, form.path)
    kinds = _guess_kinds([row for row in sample if len(row) == len(names)], len(names), texts, form.missing)
    return Layout(form, has_header, names, place, texts, start, kinds)


def make_rows(reader: Any, path: Path) -> Iterator[list[str]]:
    """Yield the rows that are not empty."""
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        raise DataFileError(path, f"line {reader.line_num}: {error}") from error


class _Lines:
    """Lines of a file, without its byte-order mark, whose bytes are counted."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.n_bytes = 0
        self.n_mark_bytes = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            text = line
            if self.n_bytes == 0 and line.startswith(_BYTE_ORDER_MARK):
                text = line[1:]
                self.n_mark_bytes = len(_BYTE_ORDER_MARK.encode())
            self.n_bytes += len(line.encode())
            yield text


def _read_sample(rows: Iterator[list[str]], n_rows: int) -> list[list[str]]:
    try:
        return [row for row, _ in zip(rows, range(max(1, min(n_rows, _SAMPLE_ROWS))), strict=False)]
    except (DataFileError, UnicodeDecodeError):
        return []  # whoever reads all rows comes to it again


def _guess_kinds(
    rows: list[list[str]], n_columns: int, texts: frozenset[int], missing: frozenset[str]
) -> tuple[Kind, ...]:
    kinds: list[Kind] = [_guess_kind(set(cells), missing) for cells in zip(*rows, strict=True)] or ["text"] * n_columns
    for index in texts:
        kinds[index] = "text"
    return tuple(kinds)


def _guess_kind(cells: set[str], missing: frozenset[str]) -> Kind:
    present = [cell for cell in cells if cell.strip() not in missing]
    if not present or not all(map(is_number, present)):
        return "text"
    is_bytes = len(present) == len(cells) and all(cell.isascii() and cell.isdecimal() for cell in present)
    return "uint8" if is_bytes and max(map(float, present)) < 256 else "float64"
