"""What tells data from other data."""

import numpy as np
import pytest

from nnfast.data.fingerprint import describe_rows
from nnfast.data.sparse import as_samples


def test_rows_are_the_same_in_any_layout():
    x = np.arange(60.0).reshape(10, 6)
    assert describe_rows(x) == describe_rows(np.asfortranarray(x)) == describe_rows(np.repeat(x, 2, 0)[::2])


def test_large_arrays_are_sampled(monkeypatch):
    monkeypatch.setattr("nnfast.data.fingerprint._MOST_BYTES", 800)
    monkeypatch.setattr("nnfast.data.fingerprint._N_PIECES", 10)
    x = np.arange(1000.0)
    before = describe_rows(x)
    x[500] += 1
    assert describe_rows(x) == before
    for place in (0, 999):
        x[place] += 1
        assert describe_rows(x) != before
        x[place] -= 1
    assert describe_rows(x[:999]) != before


def test_sparse_rows():
    scipy = pytest.importorskip("scipy.sparse")
    matrix = scipy.random(20, 5, 0.3, "csr", random_state=1)
    before = describe_rows(as_samples(matrix))
    assert describe_rows(matrix)["shape"] == [20, 5]
    matrix.data[-1] += 1
    assert describe_rows(as_samples(matrix)) != before
