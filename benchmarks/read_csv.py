"""read_csv: seconds for a table of digits from CSV: nnfast.data.read_csv and the library it reads with, by itself.

    python -m benchmarks.read_csv [--rows 42000] [--turns 7] [--engines pyarrow polars pandas numpy]

The file has the form of the digit competition: 785 columns, label,pixel0,...,pixel783, bytes of which four of five are
0. A library by itself reads it into its own columns, with its own defaults; nnfast makes a row-major matrix of bytes of
them, and the labels. NumPy by itself is `numpy.loadtxt`, told that all cells are bytes. Values are compared first; then
both are timed in turns, and the ratio is that of the medians.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.data import Table, read_csv

Array = NDArray[Any]

N_PIXELS = 784


def write_digits(path: Path, n_rows: int) -> tuple[Array, Array]:
    """Write pixels and labels, and return them."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(1, 256, (n_rows, N_PIXELS)).astype(np.uint8)
    pixels[rng.random(pixels.shape) < 0.8] = 0
    labels = rng.integers(0, 10, n_rows).astype(np.uint8)
    texts = [str(value) for value in range(256)]
    with path.open("w") as file:
        file.write(",".join(["label", *(f"pixel{i}" for i in range(N_PIXELS))]) + "\n")
        for label, row in zip(labels, pixels, strict=True):
            file.write(",".join([texts[label], *(texts[value] for value in row.tobytes())]) + "\n")
    return pixels, labels


def read_by_pyarrow(path: Path) -> Any:
    from pyarrow import csv

    return csv.read_csv(path)


def read_by_polars(path: Path) -> Any:
    import polars as pl

    return pl.read_csv(path)


def read_by_pandas(path: Path) -> Any:
    import pandas as pd

    return pd.read_csv(path)


def read_by_numpy(path: Path) -> Any:
    return np.loadtxt(path, np.uint8, delimiter=",", skiprows=1)


ALONE: dict[str, Callable[[Path], Any]] = {
    "pyarrow": read_by_pyarrow,
    "polars": read_by_polars,
    "pandas": read_by_pandas,
    "numpy": read_by_numpy,
}


def check(table: Table, pixels: Array, labels: Array) -> None:
    assert table.x.dtype == np.uint8
    assert table.y is not None
    np.testing.assert_array_equal(table.x, pixels)
    np.testing.assert_array_equal(table.y, labels)


def measure(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    result = function()
    seconds = time.perf_counter() - start
    del result
    return seconds


def compare(engine: str, path: Path, n_turns: int) -> tuple[float, float]:
    """Return the median seconds of nnfast and of the library."""
    ours, theirs = [], []
    for turn in range(n_turns + 1):
        pair = measure(lambda: read_csv(path, "label", engine=engine)), measure(lambda: ALONE[engine](path))
        if turn > 0:  # the first brings imports and the file
            ours.append(pair[0])
            theirs.append(pair[1])
    return median(ours), median(theirs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=42_000)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--engines", nargs="+", choices=ALONE, default=list(ALONE))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.csv"
        pixels, labels = write_digits(path, options.rows)
        print(
            f"{options.rows:,} x {N_PIXELS + 1} cells, {path.stat().st_size / 1e6:.0f} MB; medians of {options.turns}"
        )
        print(f"{'':8} {'nnfast':>8} {'alone':>8} {'ratio':>6}")
        for engine in options.engines:
            if not find_spec(engine):
                print(f"{engine:8} is not installed")
                continue
            check(read_csv(path, "label", engine=engine), pixels, labels)
            ours, theirs = compare(engine, path, options.turns)
            print(f"{engine:8} {ours:6.2f} s {theirs:6.2f} s {ours / theirs:6.2f}", flush=True)


if __name__ == "__main__":
    main()
