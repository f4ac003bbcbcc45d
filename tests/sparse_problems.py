"""sparse_problems.py: CSR matrices as SciPy has them, and models trained on them and on the same numbers in arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from problems import hash_state

from nnfast import Sequential
from nnfast.layers import Dense, Dropout, Input

Array = NDArray[Any]
N_SAMPLES, N_FEATURES = 90, 70


@dataclass
class Csr:
    """What nnfast asks of SciPy's csr_matrix and csr_array, here without SciPy."""

    data: Array
    indices: Array
    indptr: Array
    shape: tuple[int, ...]
    format = "csr"

    @property
    def nnz(self) -> int:
        return len(self.data)

    def toarray(self) -> Array:
        """Add up the elements in the order in which they are stored, as SciPy does."""
        dense = np.zeros(self.shape, self.data.dtype)
        rows = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))
        np.add.at(dense, (rows, self.indices), self.data[: self.indptr[-1]])
        return dense


def make_csr(dense: Array, index_dtype: Any = np.int32, order: int = 1) -> Csr:
    """Store what is not 0; with order -1 each row from its last column on."""
    columns = [np.flatnonzero(row)[::order] for row in dense]
    indptr = np.cumsum([0, *map(len, columns)])
    values = np.concatenate([row[c] for row, c in zip(dense, columns, strict=True)])
    return Csr(values, np.concatenate(columns).astype(index_dtype), indptr.astype(index_dtype), dense.shape)


def make_dense(n: int = N_SAMPLES, dtype: Any = np.float32, n_features: int = N_FEATURES) -> Array:
    rng = np.random.default_rng(n)
    dense = rng.normal(0, 40, (n, n_features)) * (rng.random((n, n_features)) < 0.08)
    dense[::9] = 0
    dense[:, 5:6] = 0
    return (np.abs(dense) if np.dtype(dtype).kind in "ub" else dense).astype(dtype)


def make_labels(n: int) -> Array:
    return np.random.default_rng(n).integers(0, 3, n)


def make_model(dtype: str = "float32", **scaling: float) -> Sequential:
    layers = [Input(N_FEATURES, **scaling), Dense(20, "tanh"), Dropout(0.1), Dense(3, "softmax")]
    model = Sequential(layers, seed=3, dtype=dtype)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def assert_same(matrix: Any, dense: Array, make: Callable[[], Sequential] = make_model, **settings: Any) -> None:
    """Train two models, one on each, and compare all that they give."""
    y = make_labels(len(dense))
    settings = {"batch_size": 16, "epochs": 3, "verbose": 0} | settings
    results = []
    for x in (matrix, dense):
        model = make()
        history = model.fit(x, y, **settings).history
        scores = model.evaluate(x, y, verbose=0), model.train_on_batch(x, y)
        results.append((history, scores, hash_state(model), model.predict(x).tobytes(), model.forward(x).tobytes()))
    assert results[0] == results[1]
