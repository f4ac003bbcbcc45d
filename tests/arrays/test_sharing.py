"""No copy where none is needed: what is read lies where it lay."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from layouts import OnlyDlpack, torch

from nnfast.data.arrays import as_features, as_targets

ROWS = np.arange(24.0).reshape(6, 4)


def get_address(array):
    return array.__array_interface__["data"][0]


MATRICES = {
    "DLPack": (OnlyDlpack, get_address),
    "tensor": (torch.from_numpy, get_address),
    "every other row of a tensor": (lambda a: torch.from_numpy(np.repeat(a, 2, axis=0))[::2], lambda x: x.data_ptr()),
    "buffer": (memoryview, get_address),
    "pandas": (lambda a: pd.DataFrame(a, copy=False), get_address),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
@pytest.mark.parametrize("kind", MATRICES)
def test_matrices_are_shared(kind, dtype):
    rows = ROWS.astype(dtype)
    make, find = MATRICES[kind]
    given = make(rows)
    read = as_features(given)
    assert np.array_equal(read, rows)
    assert get_address(read) == find(rows if find is get_address else given)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_columns_are_shared(dtype):
    values = ROWS[:, 0].astype(dtype)
    series, column = pl.Series(values), pa.array(values)
    backed = pd.Series(column, dtype=pd.ArrowDtype(column.type))
    nullable = pd.array(values, dtype=dtype.title())
    shared = {
        get_address(values): [
            pd.Series(values, copy=False),
            pd.DataFrame({"y": pd.Series(values, copy=False)}, copy=False),
        ],
        get_address(nullable.to_numpy(dtype)): [pd.Series(nullable, copy=False)],
        get_address(series.to_numpy(allow_copy=False)): [series, pl.DataFrame({"y": series})],
        column.buffers()[1].address: [column, pa.chunked_array([column]), pa.table({"y": column}), backed],
    }
    for address, columns in shared.items():
        for given in columns:
            read = as_targets(given, n_samples=6, n_outputs=1, labels=False)
            assert get_address(read) == address, type(given)


def test_frames_of_floats_are_copied_once():
    columns = {f"f{i}": np.arange(1e5) for i in range(8)}
    frames = [pl.DataFrame(columns), pa.table(columns), pd.DataFrame(columns)]
    n_bytes = 8 * 8 * 10**5
    for frame in frames:
        as_features(frame)
        tracemalloc.start()
        as_features(frame)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1.2 * n_bytes, type(frame)
