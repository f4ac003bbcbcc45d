"""Memory: calls that are made again and again leave nothing behind.

Growth is that of the resident memory and of what the C library has given out, in bytes, and of the number of Python's
blocks, from the first tenth of the calls to the last: a leak grows with every call.
"""

import contextlib
import ctypes
import gc
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nnfast
from soak import small
from soak.row import Row, Size

MOST = 1 << 20  # bytes
MOST_BLOCKS = 500  # that Python keeps for later


class HeapStatistics(ctypes.Structure):
    """``struct mallinfo2`` of the GNU C library."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    )


def measure() -> dict[str, int]:
    gc.collect()
    library = ctypes.CDLL(None)
    library.malloc_trim(0)  # what is free, and was used before, is not resident
    library.mallinfo2.restype = HeapStatistics
    heap = library.mallinfo2()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "resident": pages * resource.getpagesize(),
        "C heap": heap.uordblks + heap.hblkhd,
        "Python blocks": sys.getallocatedblocks(),
    }


def make_calls(folder: Path) -> dict[str, Callable[[], object]]:
    (x, y), model, path = small.make_data(300), small.make_model(), folder / "model.safetensors"
    model.fit(x, y, batch_size=100, verbose=0)
    model.save(path)

    def make_and_fit() -> None:
        small.make_model().fit(x, y, batch_size=100, verbose=0)

    def fail() -> None:
        with contextlib.suppress(ValueError):
            model.fit(x, y + 5, batch_size=100, verbose=0)

    return {
        "fit": lambda: model.fit(x, y, batch_size=100, verbose=0),
        "fit of a new model": make_and_fit,
        "fit that is refused": fail,
        "predict": lambda: model.predict(x, verbose=0),
        "save": lambda: model.save(path),
        "load": lambda: nnfast.load_model(path),
    }


def repeat(call: Callable[[], object], n: int) -> dict[str, int]:
    """The growth over the calls behind the first tenth."""
    for _ in range(n // 10):
        call()
    before = measure()
    for _ in range(n - n // 10):
        call()
    after = measure()
    return {name: after[name] - before[name] for name in before}


def rows(size: Size) -> Iterator[Row]:
    n = size.pick(100, 10_000)
    with tempfile.TemporaryDirectory() as folder:
        for name, call in make_calls(Path(folder)).items():
            growth = repeat(call, n)
            figure = ", ".join(f"{what} {value:+,}" for what, value in growth.items())
            yield Row(f"{n:,} times {name}", "at most 1 MiB more", n, n * is_too_much(growth, n), figure)


def is_too_much(growth: dict[str, int], n: int) -> bool:
    return max(growth["resident"], growth["C heap"]) > MOST or growth["Python blocks"] > n // 2 + MOST_BLOCKS
