"""What is said of CSR matrices that are broken, and where an array is needed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from problems import hash_state
from sparse_problems import N_FEATURES, N_SAMPLES, Csr, make_csr, make_dense, make_labels, make_model

from nnfast.data.sparse import CsrRows, as_samples


def with_parts(**parts: Any) -> Csr:
    good = Csr(np.float32([1, 2, 3, 4]), np.int32([0, 69, 3, 4]), np.int32([0, 2, 2, 4]), (3, N_FEATURES))
    return replace(good, **parts)


BAD = {
    "features": (with_parts(shape=(3, 71)), "x: expected 70 features a sample, received 71 (shape (3, 71))"),
    "no rows": (with_parts(shape=(0, 70)), "x: expected at least one sample and one feature, received shape (0, 70)"),
    "1-d": (with_parts(shape=(70,)), "x: expected 2 dimensions (n_samples, n_features), received shape (70,)"),
    "column": (
        with_parts(indices=[0, 70, 3, 4]),
        "x.indices: expected columns from 0 to 69, received 70 at position 1",
    ),
    "negative": (
        with_parts(indices=[0, 1, -3, 4]),
        "x.indices: expected columns from 0 to 69, received -3 at position 2",
    ),
    "wide": (with_parts(indices=[0, 2**32, 1, 1]), "x.indices: expected columns from 0 to 69, received 4294967296"),
    "falls": (
        with_parts(indptr=[0, 3, 2, 4]),
        "x.indptr: expected numbers that do not fall, received 3 and then 2 for row 1",
    ),
    "start": (with_parts(indptr=[1, 2, 2, 4]), "x.indptr: expected numbers from 0 to at most 4, as many as are stored"),
    "end": (with_parts(indptr=[0, 2, 2, 5]), "at most 4, as many as are stored, received 0 to 5"),
    "too long": (with_parts(indptr=[0, 2, 2, 4, 4]), "x.indptr: expected 4 numbers for 3 rows, received 5"),
    "too short": (with_parts(indptr=[0, 2, 4]), "x.indptr: expected 4 numbers for 3 rows, received 3"),
    "few values": (with_parts(data=np.float32([1, 2])), "x.indptr: expected numbers from 0 to at most 2"),
    "few indices": (with_parts(indices=[1]), "x.indptr: expected numbers from 0 to at most 1"),
    "float indices": (with_parts(indices=np.ones(4)), "x.indices: expected integers, received dtype float64"),
    "2-d": (with_parts(data=np.ones((2, 2))), "x.data: expected 1 dimension, received shape (2, 2)"),
    "complex": (with_parts(data=np.ones(4, complex)), "x.data: expected real numbers, received dtype complex128"),
    "objects": (with_parts(data=np.ones(4, object)), "x.data: expected real numbers, received dtype object"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors(case: str) -> None:
    matrix, message = BAD[case]
    model = make_model()
    before = hash_state(model)
    y = make_labels(3)
    for call in (
        lambda: model.fit(matrix, y, verbose=0),
        lambda: model.evaluate(matrix, y, verbose=0),
        lambda: model.train_on_batch(matrix, y),
        lambda: model.predict(matrix),
    ):
        with pytest.raises((ValueError, TypeError)) as caught:
            call()
        assert message in str(caught.value)
    assert hash_state(model) == before


def test_errors_name_the_argument() -> None:
    x, y = make_dense(), make_labels(N_SAMPLES)
    with pytest.raises(ValueError, match=r"validation_data\[0\]\.indptr: expected"):
        make_model().fit(x, y, validation_data=(BAD["falls"][0], y[:3]), verbose=0)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(value: float, order: int) -> None:
    """The same error; predict lets it through, and gives what it gives for an array."""
    dense = make_dense()
    stored = np.argwhere(dense)
    for row, column in stored[[50, 51, 52, 200]]:
        dense[row, column] = value
    matrix = make_csr(dense, order=order)
    messages = []
    for x in (matrix, dense):
        with pytest.raises(ValueError, match="x: expected finite numbers, received") as caught:
            make_model().fit(x, make_labels(N_SAMPLES), verbose=0)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    model = make_model()
    np.testing.assert_array_equal(model.predict(matrix), model.predict(dense))


def test_where_an_array_is_needed() -> None:
    matrix, model = make_csr(make_dense()), make_model()
    expected = r"expected a dense array, received Csr; use \w+\.toarray\(\)"
    model.forward(matrix)
    for call in (
        lambda: model.predict_one(matrix),
        lambda: model.backward(matrix),
        lambda: model.fit(make_dense(), matrix, verbose=0),
    ):
        with pytest.raises(TypeError, match=expected):
            call()


def test_the_core_refuses_what_python_would_not_hand_it() -> None:
    rows = as_samples(make_csr(make_dense()))
    out, network = np.empty((N_SAMPLES, 3), np.float32), make_model()._network
    bad = (
        CsrRows(rows.values, rows.indices[:-1], rows.indptr, N_FEATURES),
        CsrRows(rows.values, rows.indices.astype(np.int64), rows.indptr, N_FEATURES),
        CsrRows(rows.values, rows.indices, rows.indptr.astype(np.int32), N_FEATURES),
        CsrRows(rows.values, rows.indices, rows.indptr.view(np.float64), N_FEATURES),
        CsrRows(rows.values, rows.indices, np.repeat(rows.indptr, 2)[::2], N_FEATURES),
        CsrRows(rows.values.astype(np.float16), rows.indices, rows.indptr, N_FEATURES),
        rows[:-1],
    )
    for one in bad:
        with pytest.raises(ValueError, match=r"expected|outside its contract"):
            network.predict(one, out)
