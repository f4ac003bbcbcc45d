"""CSR matrices as samples: the same bits that the same numbers give in an array."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from problems import hash_weights
from sparse_problems import N_FEATURES, N_SAMPLES, Csr, assert_same, make_csr, make_dense, make_labels, make_model

import nnfast
from nnfast import Sequential
from nnfast.data.sparse import as_samples
from nnfast.layers import Activation, Dense, Input

DTYPES = [np.float32, np.float64, np.uint8, np.bool_, np.int8, np.int16, np.int64, np.float16, ">f4"]


@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
@pytest.mark.parametrize("stored", DTYPES, ids=str)
def test_dtypes(stored: Any, index_dtype: Any, dtype: str) -> None:
    dense = make_dense(dtype=stored)
    assert_same(make_csr(dense, index_dtype), dense, lambda: make_model(dtype, scale=1 / 64))


@pytest.mark.parametrize(
    "scaling", [{}, {"scale": 0.03}, {"scale": -0.5, "offset": -0.0}, {"scale": 0.1, "offset": 0.7}]
)
def test_scaling(scaling: dict[str, float], dtype: str) -> None:
    """An offset goes to the zeros too."""
    dense = make_dense()
    assert_same(make_csr(dense), dense, lambda: make_model(dtype, **scaling))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 2000])
def test_batch_sizes(batch_size: int, shuffle: bool) -> None:
    """Above 1024 rows a batch is summed in shards."""
    dense = make_dense(2300 if batch_size == 2000 else 60)
    assert_same(make_csr(dense), dense, batch_size=batch_size, shuffle=shuffle, epochs=2)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_and_isas(isa: str, threads: int, dtype: str) -> None:
    nnfast.set_num_threads(threads)
    dense = make_dense(600, np.float64)
    assert_same(make_csr(dense), dense, lambda: make_model(dtype), batch_size=300, epochs=2)


def test_one_hash_for_all() -> None:
    dense = make_dense(2300)
    hashes = set()
    for isa in nnfast._core.get_runnable_isas():
        nnfast._core.set_isa(isa)
        for n_threads in (1, 2):
            nnfast.set_num_threads(n_threads)
            model = make_model()
            model.fit(make_csr(dense), make_labels(2300), batch_size=1500, epochs=2, verbose=0)
            hashes.add(hash_weights(model))
    assert len(hashes) == 1


@pytest.mark.parametrize("n_features", [1, 3, 16, 31, 33, 200])
def test_widths(n_features: int) -> None:
    def make() -> Sequential:
        model = Sequential([Input(n_features), Activation("elu"), Dense(3, "softmax")], seed=1)
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    dense = make_dense(50, n_features=n_features)
    assert_same(make_csr(dense), dense, make)


def test_validation(dtype: str) -> None:
    dense, y = make_dense(), make_labels(N_SAMPLES)
    matrix = make_csr(dense)
    assert_same(matrix, dense, lambda: make_model(dtype), validation_split=0.3)
    results = []
    for pair in ((matrix, y), (dense, y)):
        model = make_model(dtype)
        results.append(model.fit(dense, y, epochs=2, verbose=0, validation_data=pair).history)
    assert results[0] == results[1]
    assert "val_loss" in results[0]


def test_the_first_data_build_the_model() -> None:
    def make() -> Sequential:
        model = Sequential([Dense(4, "relu"), Dense(3, "softmax")], seed=1)
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    dense = make_dense()
    assert_same(make_csr(dense), dense, make)


@pytest.mark.parametrize("activation", ["linear", "leaky_relu", "tanh", "sign"])
def test_denormals_before_an_activation(activation: str) -> None:
    """Whether rows are read where they lie, converted or expanded."""
    dense = np.zeros((8, N_FEATURES), np.float32)
    dense[0, :4] = 1e-42, -1e-42, -0.0, 1
    model = Sequential([Input(N_FEATURES), Activation(activation)], seed=1)
    expected = model.predict(make_csr(dense)).tobytes()
    assert model.predict(dense).tobytes() == expected
    assert model.predict(dense.astype(np.float64)).tobytes() == expected


# ---- what may be stored ----


def test_any_order_of_columns() -> None:
    dense = make_dense()
    assert_same(make_csr(dense, order=-1), dense)


def test_nothing_stored() -> None:
    dense = np.zeros((20, N_FEATURES), np.float32)
    assert_same(make_csr(dense), dense)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-42])
def test_stored_zeros(value: float) -> None:
    dense = make_dense()
    matrix = make_csr(dense)
    matrix.data[::3] = value
    assert_same(matrix, matrix.toarray())


@pytest.mark.parametrize("stored", DTYPES, ids=str)
def test_elements_stored_twice_are_added(stored: Any) -> None:
    """In their order and their dtype: uint8 goes round, bool stays 1, float32 is rounded each time."""
    rng = np.random.default_rng(0)
    n = 3000
    values = (rng.normal(0, 90, n) if np.dtype(stored).kind in "if" else rng.integers(0, 200, n)).astype(stored)
    indptr = np.sort(np.append(rng.integers(0, n, N_SAMPLES - 1), [0, n]))
    matrix = Csr(values, rng.integers(0, N_FEATURES, n), indptr, (N_SAMPLES, N_FEATURES))
    before = replace(matrix, data=values.copy(), indices=matrix.indices.copy(), indptr=indptr.copy())
    assert len(as_samples(matrix).values) < n
    assert_same(matrix, matrix.toarray(), lambda: make_model("float64", scale=1 / 256))
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(matrix, part), getattr(before, part))


def test_room_behind_the_last_row() -> None:
    """SciPy keeps what was removed until prune()."""
    dense = make_dense()
    matrix = make_csr(dense)
    matrix.data = np.append(matrix.data, np.float32([np.nan, 7]))
    matrix.indices = np.append(matrix.indices, [-5, 10**6])
    assert_same(matrix, dense)


def test_memory_is_shared_and_not_changed() -> None:
    matrix = make_csr(make_dense())
    matrix.data.flags.writeable = matrix.indices.flags.writeable = matrix.indptr.flags.writeable = False
    rows = as_samples(matrix)
    assert np.shares_memory(rows.values, matrix.data)
    assert np.shares_memory(rows.indices, matrix.indices)
    model = make_model()
    model.fit(matrix, make_labels(N_SAMPLES), verbose=0)
    strided = Csr(*(np.repeat(part, 2)[::2] for part in (matrix.data, matrix.indices, matrix.indptr)), matrix.shape)
    assert model.predict(strided).tobytes() == model.predict(matrix).tobytes()


def test_memory_that_changes_during_a_fit_is_read_with_care() -> None:
    """Columns that are not there are passed over; nothing beyond the arrays is read or written."""
    matrix = make_csr(make_dense())
    rows = as_samples(matrix)
    expected = rows.values[rows.indptr[3] : rows.indptr[4]].copy()
    assert len(expected) > 1
    matrix.indices[rows.indptr[3]] = -1
    matrix.indices[rows.indptr[3] + 1] = 2**31 - 1
    rows.indptr[10:20] = [-(2**63), 2**63 - 1, -1, 2**40, 5, 0, len(rows.values) + 1, 3, -7, 2**62]
    model = Sequential([Input(N_FEATURES), Activation("linear"), Dense(N_FEATURES, use_bias=False)], seed=0)
    model.set_weights([np.eye(N_FEATURES)])
    out = np.empty(rows.shape, np.float32)
    model._network.predict(rows, out)
    assert np.count_nonzero(out[3]) == len(expected) - 2
    assert np.isfinite(out).all()


def test_row_slices() -> None:
    dense = make_dense()
    rows, model = as_samples(make_csr(dense)), make_model()
    for part in (slice(0, 5), slice(40, None), slice(None, -80), slice(9, 10)):
        out = np.empty((len(dense[part]), 3), np.float32)
        model._network.predict(rows[part], out)
        assert rows[part].shape == dense[part].shape
        assert out.tobytes() == model.predict(dense[part]).tobytes()
    assert len(rows[8:3]) == 0


# ---- SciPy itself ----


@pytest.mark.parametrize("kind", ["matrix", "array"])
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
def test_scipy(form: str, kind: str) -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is no dependency; it comes with scikit-learn")
    dense = np.triu(np.tril(make_dense(), 20), -20)  # SciPy warns of more than 100 diagonals
    assert_same(getattr(sparse, f"{form}_{kind}")(dense), dense)


def test_scipy_adds_as_we_do() -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is no dependency; it comes with scikit-learn")
    rng = np.random.default_rng(1)
    parts = rng.normal(0, 1, 4000).astype(np.float32), rng.integers(0, N_FEATURES, 4000), np.arange(0, 4001, 100)
    matrix = sparse.csr_matrix(parts, shape=(40, N_FEATURES))
    assert matrix.toarray().tobytes() == Csr(*parts, (40, N_FEATURES)).toarray().tobytes()
    assert_same(matrix, matrix.toarray())
    assert not matrix.has_canonical_format


@dataclass
class OtherFormat:
    """Of the other formats nnfast asks for tocsr alone."""

    inner: Any
    format: str = "coo"

    def tocsr(self) -> Any:
        return self.inner


def test_other_formats_by_tocsr() -> None:
    dense = make_dense()
    assert_same(OtherFormat(make_csr(dense)), dense)
