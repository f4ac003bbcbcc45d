"""tables: CSV files by each library, Parquet and Arrow files, TOML files of runs."""

import csv
import gzip
import io
import tomllib
from collections.abc import Callable
from functools import cache, partial
from random import Random
from typing import Any

import numpy as np
from texts import NO_NUMBERS, NUMBERS, ODD_NUMBERS, RUN

from nnfast.cli.run_file import read_run_file
from nnfast.data import Table, read_arrow, read_csv, read_parquet
from nnfast.data.cells import MISSING_VALUES
from soak.hostile.damage import damage
from soak.hostile.form import MIB, Form

_ODD = (*ODD_NUMBERS, "5.", "1E-400", "١٢", "\t8")
_LONG = (
    "123456789012345678901234567890",
    "0." + "3" * 40,
    "9" * 400,
    "0" * 5000 + "7",
    "1" * 5000,
)
_WORDS = (
    "",
    "NA",
    "nan",
    "null",
    "inf",
    "-Infinity",
    "nan(1)",
    "true",
    "FALSE",
    "a",
    "é",
    "a b",
    "a,b",
    'a"b',
    "a\nb",
    "a;b",
    "x\r\ny",
    "#",
    "'",
    "\ufeff",
    "\0",
)


def _draw_cell(rng: Random, kind: str) -> str:
    if rng.random() < 0.03:
        return rng.choice((*NUMBERS, *_ODD, *NO_NUMBERS, *_LONG, *_WORDS))
    if kind == "word":
        return rng.choice(_WORDS)
    if kind == "byte":
        return str(rng.randrange(256))
    if rng.random() < 0.5:
        return repr(rng.uniform(-9, 9))
    return rng.choice((*NUMBERS, *_ODD, *_LONG) if kind == "odd" else NUMBERS)


def _quote(rng: Random, cell: str) -> str:
    if any(mark in cell for mark in '",\n\r') or rng.random() < 0.05:
        return '"' + cell.replace('"', '""') + '"' if rng.random() < 0.98 else cell
    return cell


def make_csv(rng: Random) -> bytes:
    kinds = [rng.choice(("byte", "byte", "float", "float", "odd", "word")) for _ in range(rng.choice((1, 2, 3, 3, 8)))]
    rows = [[_draw_cell(rng, kind) for kind in kinds] for _ in range(rng.choice((0, 1, 2, 5, 5, 20)))]
    if rng.random() < 0.5:
        rows.insert(0, [rng.choice(("a", "b", "name", "a b", "é", "x" * 300)) + str(i) for i in range(len(kinds))])
    if rows and rng.random() < 0.1:
        row = rng.choice(rows)
        row[:] = row[:-1] if rng.random() < 0.5 else [*row, "1"]
    end = rng.choice(("\n", "\n", "\n", "\r\n", "\r", "\n\n"))
    text = end.join(",".join(_quote(rng, cell) for cell in row) for row in rows) + end * (rng.random() < 0.8)
    content = rng.choice(("", "", "", "\ufeff")).encode() + text.encode()
    if rng.random() < 0.25:
        content = damage(rng, content)
    if rng.random() < 0.01:
        content += rng.choice(
            (b"9" * 120_000, b"," * 10_000, b'"' + b"\n" * 50_000, b"1,2\n" * 5000, b"\xff\xfe1\0,\0")
        )
    if rng.random() < 0.95:
        return content
    packed = gzip.compress(content)
    return damage(rng, packed, 10) if rng.random() < 0.5 else packed


def is_right_csv(content: bytes, table: Table) -> bool:
    """Each cell is what Python's own reader and float() make of it."""
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True) if row]
    rows = rows[len(rows) - len(table) :]
    columns = list(zip(*rows, strict=True))
    return len(columns) == len(table.columns) and all(map(_is_same_column, table.columns, columns))


def _is_same_column(ours: Any, cells: tuple[str, ...]) -> bool:
    if ours.dtype.kind == "O":
        return [value or None for value in ours] == [
            None if _is_missing(cell.strip()) else cell.strip() for cell in cells
        ]
    return np.array_equal(ours, np.array([_read(cell.strip()) for cell in cells]), equal_nan=True)  # bytes know no -0


def _is_missing(cell: str) -> bool:
    """Nan and naN are missing, too, as numbers that are none."""
    return cell in MISSING_VALUES or cell.lower().lstrip("+-") == "nan"


def _read(cell: str) -> float:
    if cell in MISSING_VALUES:
        return np.nan
    return {"true": 1.0, "false": 0.0}[cell.lower()] if cell.lower() in ("true", "false") else float(cell)


def _allow_cells(content: bytes) -> int:
    """A cell of two bytes is an object of fifty, or a number of eight, in several lists."""
    return 4 * MIB + 500 * len(content) + (64 * MIB if content[:2] == b"\x1f\x8b" else 0)


_ALLOWANCE = "500 x file + 4 MiB (68 MiB of what is in gzip) of Python's objects"


# ---- Parquet and Arrow: what others' parsers take is theirs ----


@cache
def _write_frames(write: Callable[[Any, Any], None]) -> list[bytes]:
    import pyarrow as pa

    several = [
        {"a": [1, 2, 3], "b": [1.5, None, 2.5], "c": ["x", None, "yy"]},
        {"a": pa.array(["x", "y", "x"]).dictionary_encode(), "b": pa.array([True, False, None])},
        {"d": pa.array([0, 1, 2], pa.timestamp("us")), "e": pa.array([1, 2, 3], pa.uint8()), "f": ["a" * 20] * 3},
    ]
    files = []
    for columns in several:
        write(pa.table(columns), file := io.BytesIO())
        files.append(file.getvalue())
    return files


def _write_parquet(table: Any, file: Any) -> None:
    from pyarrow import parquet

    parquet.write_table(table, file)


def _write_ipc(is_stream: bool, table: Any, file: Any) -> None:
    from pyarrow import ipc

    with (ipc.new_stream if is_stream else ipc.new_file)(file, table.schema) as writer:
        writer.write_table(table)


_write_file, _write_stream = partial(_write_ipc, False), partial(_write_ipc, True)


def make_parquet(rng: Random) -> bytes:
    content = rng.choice(_write_frames(_write_parquet))
    return damage(rng, content, rng.choice((0, 200)))


def make_arrow(rng: Random) -> bytes:
    return damage(rng, rng.choice(_write_frames(rng.choice((_write_file, _write_stream)))))


def is_right_frame(_: bytes, table: Table) -> bool:
    """Nothing tells damaged values from others there, but all of them can be read."""
    return all(len(column.tolist()) == len(table) for column in table.columns)


# ---- files of runs ----

_RUN = RUN.encode()
_VALUES = (
    b"[" * 3000,
    b"{a=" * 3000,
    b"a." * 500 + b"a=1",
    b"1" * 5000,
    b"1e999",
    b"nan",
    b"1979-05-27",
    b'"""',
    b"\xff",
    b"[]",
    b"{}",
    b"-1",
    b"'../../x'",
    b"0x7fffffffffffffffffff",
)


def make_toml(rng: Random) -> bytes:
    if rng.random() < 0.4:
        return damage(rng, _RUN)
    lines = _RUN.split(b"\n")
    place = rng.randrange(len(lines))
    name, _, _ = lines[place].partition(b"=")
    lines[place] = rng.choice((name + b"= " + rng.choice(_VALUES), rng.choice(_VALUES), lines[place - 1], name))
    return b"\n".join(lines)


def is_right_toml(content: bytes, settings: dict[str, Any]) -> bool:
    return settings.keys() == tomllib.loads(content.decode()).keys()


_BY = {engine: partial(read_csv, engine=engine) for engine in ("pyarrow", "polars", "pandas", "numpy")}

FORMS = {
    **{
        f"csv_{engine}": Form(
            f"CSV by {engine}",
            10_000,
            make_csv,
            read,
            is_right_csv,
            allow=_allow_cells,
            allowance=_ALLOWANCE,
        )
        for engine, read in _BY.items()
    },
    "parquet": Form(
        "Parquet",
        10_000,
        make_parquet,
        read_parquet,
        is_right_frame,
        allow=_allow_cells,
        allowance=f"{_ALLOWANCE}, without pyarrow's own",
    ),
    "arrow": Form(
        "Arrow",
        10_000,
        make_arrow,
        read_arrow,
        is_right_frame,
        allow=_allow_cells,
        allowance=f"{_ALLOWANCE}, without pyarrow's own",
    ),
    "toml": Form(
        "TOML",
        10_000,
        make_toml,
        read_run_file,
        is_right_toml,
        allow=_allow_cells,
        allowance=_ALLOWANCE,
    ),
}
