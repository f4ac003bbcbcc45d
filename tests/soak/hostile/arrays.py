"""arrays: IDX files, plain and in gzip, and NumPy's archives."""

import gzip
import io
import math
import struct
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.data import Table, read_idx, read_npz
from nnfast.data.idx import write_idx
from soak.hostile.damage import damage, draw_number
from soak.hostile.form import MIB, Form, allow_twice

Array = NDArray[Any]

_DTYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_MOST_INFLATED = 64 * MIB


# ---- IDX ----


@cache
def _write_idx_files() -> list[bytes]:
    files = []
    with tempfile.TemporaryDirectory() as folder:
        for number, dtype in enumerate(_DTYPES.values()):
            shape = [(7,), (3, 4), (2, 3, 4), (5, 2, 2, 2), (300,), (20, 5)][number]
            write_idx(
                f"{folder}/a", np.arange(math.prod(shape)).reshape(shape).astype(np.dtype(dtype).newbyteorder("="))
            )
            files.append(Path(folder, "a").read_bytes())
    return files


def make_idx(rng: Random) -> bytes:
    content = rng.choice(_write_idx_files())
    if rng.random() < 0.4:
        return damage(rng, content, 4 + 4 * content[3])
    changed = bytearray(content)
    n_sizes = changed[3]
    for _ in range(rng.choice((1, 1, 2))):
        what = rng.randrange(4)
        if what == 0:
            changed[2] = rng.choice((*_DTYPES, 0, 10, 255))
        elif what == 1:
            changed[3] = rng.choice((0, 1, 2, 3, 4, 32, 33, 64, 255))
        else:
            struct.pack_into(">I", changed, 4 + 4 * rng.randrange(n_sizes), draw_number(rng) % 2**32)
    return bytes(changed)


def is_right_idx(content: bytes, array: Array) -> bool:
    n_sizes = content[3]
    shape = struct.unpack(f">{n_sizes}I", content[4 : 4 + 4 * n_sizes])
    dtype = _DTYPES[content[2]]
    right = array.shape == shape and array.dtype == np.dtype(dtype).newbyteorder("=")
    return right and array.astype(dtype).tobytes() == content[4 + 4 * n_sizes :]


def make_packed_idx(rng: Random) -> bytes:
    if rng.random() < 0.002:  # a bomb
        n_bytes = rng.choice((MIB, 8 * MIB, _MOST_INFLATED + MIB))
        claimed = rng.choice((n_bytes, 100, 2**31))
        return gzip.compress(struct.pack(">HBBI", 0, 8, 1, claimed) + bytes(n_bytes), 1)
    if rng.random() < 0.3:
        return gzip.compress(make_idx(rng), 1)
    packed = gzip.compress(rng.choice(_write_idx_files()), 1)
    return damage(rng, packed * rng.choice((1, 1, 1, 2)), 10)


def _inflate(content: bytes, most: int) -> bytes:
    """Up to so many bytes of what a file stands for."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return file.read(most)
    except (EOFError, OSError, zlib.error):
        return bytes(most)


def _allow_inflated(content: bytes) -> int:
    """Of content that is there no more than itself, twice."""
    return allow_twice(content) + 2 * len(_inflate(content, _MOST_INFLATED) if content[:2] == b"\x1f\x8b" else b"")


# ---- NPZ ----


@cache
def _write_archives() -> list[bytes]:
    x, y = np.arange(12.0).reshape(4, 3), np.array([0, 1, 300, 2])
    several = [
        {"x": x, "y": y},
        {"x_train": x.astype("u1"), "y_train": y.astype("u1"), "x_test": x},
        {"x": np.asfortranarray(x.astype(">f4")), "y": np.array(["a", "b", "a", "c"])},
        {"x": np.arange(24, dtype="i2").reshape(4, 2, 3)},
    ]
    archives = []
    for arrays in several:
        for save in (np.savez, np.savez_compressed):
            save(file := io.BytesIO(), **arrays)
            archives.append(file.getvalue())
    return archives


_SHAPES = (
    "()",
    "(0,)",
    "(3,)",
    "(4, 3)",
    "(3, 4)",
    "(-1, 12)",
    "(4, 3, 1)",
    "(2147483648,)",
    "(1152921504606846976,)",
    "(4L, 3L)",
    "[4, 3]",
)
_DESCRIPTIONS = (
    "'<f8'",
    "'>f8'",
    "'<f4'",
    "'|u1'",
    "'|O'",
    "'<U1000000000'",
    "'|V8'",
    "[('a', '<f8')]",
    "'<c16'",
    "__import__('os')",
    "'M8[ns]'",
)


def _make_header(rng: Random) -> bytes:
    descr, shape = rng.choice(_DESCRIPTIONS), rng.choice(_SHAPES)
    order = rng.choice(("True", "False", "False", "1", "__import__('os').system('true')"))
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    n_bytes = rng.choice((len(text), len(text), 118, 2**16 - 1, 0))
    header = text.ljust(118).encode()[: max(n_bytes, 1)] if n_bytes < 2**16 - 1 else text.encode()
    return b"\x93NUMPY" + bytes((rng.choice((1, 1, 1, 2, 9)), 0)) + struct.pack("<H", n_bytes) + header


def _make_member(rng: Random) -> bytes:
    if rng.random() < 0.1:
        np.save(file := io.BytesIO(), np.array([[None, "text"]], object))  # a pickle
        return file.getvalue()
    return _make_header(rng) + bytes(rng.choice((0, 12, 48, 96, 96, 96, 97, 5000)))


def make_npz(rng: Random) -> bytes:
    if rng.random() < 0.6:
        content = rng.choice(_write_archives())
        return _damage_directory(rng, content) if rng.random() < 0.4 else damage(rng, content, 128)
    file = io.BytesIO()
    method = rng.choice((0, 0, 8, 8, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA) if rng.random() < 0.1 else (0, 8))
    with zipfile.ZipFile(file, "w", method) as archive:
        for name in rng.choice(
            (["x"], ["x", "y"], ["../x", "x"], ["x", "/etc/x"], ["x", "x/../y"], ["x", "x"], ["x", ""])
        ):
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), _make_member(rng), method)
    if rng.random() < 0.002:  # a bomb
        with zipfile.ZipFile(file, "w", 8) as archive:
            header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 1), }" % (
                n := rng.choice((MIB, 80 * MIB))
            )
            archive.writestr("x.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(n))
    content = file.getvalue()
    return content if rng.random() < 0.8 else _damage_directory(rng, content)


def _damage_directory(rng: Random, content: bytes) -> bytes:
    """Change sizes, methods, places in one of the archive's own headers."""
    places = [i for mark in (b"PK\1\2", b"PK\3\4", b"PK\5\6") for i in _find_all(content, mark)]
    place = rng.choice(places) + rng.randrange(4, 46)
    number = struct.pack("<Q", draw_number(rng))[: rng.choice((1, 2, 4))]
    return content[:place] + number + content[place + len(number) :]


def _find_all(content: bytes, mark: bytes) -> list[int]:
    places, place = [], content.find(mark)
    while place >= 0:
        places.append(place)
        place = content.find(mark, place + 1)
    return places


def is_right_npz(content: bytes, table: Table) -> bool:
    """NumPy reads the same."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        x = archive["x" if "x" in archive.files else "x_train"]
        y = archive[name] if (name := "y" if "x" in archive.files else "y_train") in archive.files else None
    samples = np.array_equal(table.x, x.reshape(len(x), -1), equal_nan=True)
    return samples and (table.y is None) == (y is None) and (y is None or table.y.tolist() == y.reshape(-1).tolist())


def _allow_archive(content: bytes) -> int:
    """What is inflated, and twice as much where numbers become float64: no more than an honest archive of its size."""
    sizes = [member.file_size for member in zipfile.ZipFile(io.BytesIO(content)).infolist()]
    return allow_twice(content) + 3 * min(sum(sizes), _MOST_INFLATED + 2 * len(content))


FORMS = {
    "idx": Form("IDX", 600_000, make_idx, read_idx, is_right_idx),
    "idx_gz": Form(
        "IDX in gzip",
        60_000,
        make_packed_idx,
        read_idx,
        lambda content, array: is_right_idx(gzip.decompress(content), array),
        allow=_allow_inflated,
        allowance="2 x (file + what it stands for, at most 64 MiB) + 1 MiB",
    ),
    "npz": Form(
        "NPZ",
        120_000,
        make_npz,
        read_npz,
        is_right_npz,
        allow=_allow_archive,
        allowance="2 x file + 3 x what it stands for, at most 64 MiB, + 1 MiB",
    ),
}
