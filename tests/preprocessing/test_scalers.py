"""Scalers give scikit-learn's numbers, the same bits everywhere, and a layer that does the same in a model."""

import numpy as np
import pytest

from nnfast import Sequential, load_model
from nnfast.exceptions import NotReadyError
from nnfast.layers import Dense, Input
from nnfast.preprocessing import MinMaxScaler, StandardScaler

SCALERS = {
    "standard": (StandardScaler, {}),
    "mean alone": (StandardScaler, {"with_std": False}),
    "deviation alone": (StandardScaler, {"with_mean": False}),
    "min-max": (MinMaxScaler, {}),
    "from -1": (MinMaxScaler, {"feature_range": (-1, 1)}),
    "elsewhere": (MinMaxScaler, {"feature_range": (3, 10.5)}),
}
ATTRIBUTES = {
    StandardScaler: ("mean_", "var_", "scale_"),
    MinMaxScaler: ("data_min_", "data_max_", "data_range_", "scale_", "min_"),
}


@pytest.fixture
def x(rng):
    """Features of other sizes and places, one of which never changes."""
    return rng.normal([0, 5, -300, 0.1, 7], [1, 0.01, 40, 0, 3], (500, 5))


@pytest.mark.parametrize("name", SCALERS)
@pytest.mark.parametrize("kind", ["float64", "float32", "uint8", "int64"])
def test_scikit_learns_numbers(name, kind, x):
    scaler, options = SCALERS[name]
    theirs = getattr(pytest.importorskip("sklearn.preprocessing"), scaler.__name__)(**options)
    ours = scaler(**options)
    x = (x + 310).astype(kind) if kind[0] in "ui" else x.astype(kind)
    expected = theirs.fit_transform(x.astype(np.float64))
    scaled = ours.fit_transform(x)
    tolerance = 1e-12 if scaled.dtype == np.float64 else 1e-6
    assert scaled.dtype == (np.float64 if kind in ("float64", "int64") else np.float32)
    np.testing.assert_allclose(scaled, expected, tolerance, tolerance)
    np.testing.assert_allclose(ours.inverse_transform(expected), x, 1e-9, 1e-9)
    for attribute in ATTRIBUTES[scaler]:
        if getattr(theirs, attribute) is not None:
            np.testing.assert_allclose(getattr(ours, attribute), getattr(theirs, attribute), 1e-9, 1e-12)
    assert (ours.n_samples_seen_, ours.n_features_in_) == (theirs.n_samples_seen_, theirs.n_features_in_)


def test_ends_are_exact(x):
    scaled = MinMaxScaler().fit_transform(x)
    assert (scaled.min(axis=0) == 0).all()
    assert scaled.max(axis=0).tolist() == [1, 1, 1, 0, 1]


def test_what_never_changes_becomes_0():
    for value in (0.1, 1e100, -3.3e-7):
        scaler = StandardScaler().fit(np.full((1000, 1), value))
        assert scaler.transform([[value]]).tolist() == [[0.0]]
        assert scaler.scale_.tolist() == [1.0]


def test_what_fit_did_not_see():
    scaler = MinMaxScaler().fit([[0.0], [2.0]])
    assert scaler.transform([[3.0], [-1.0]]).tolist() == [[1.5], [-0.5]]


def test_many_rows_are_converted_some_at_a_time(rng):
    x = rng.normal(2, 3, (70_000, 20))
    scaled = StandardScaler().fit_transform(x)
    np.testing.assert_allclose(scaled, (x - x.mean(axis=0)) / x.std(axis=0), 1e-10, 1e-12)


@pytest.mark.parametrize("name", SCALERS)
def test_same_bits(name, x, isa, n_threads):
    scaler, options = SCALERS[name]
    again = scaler(**options).fit_transform(x)
    assert again.tobytes() == PLAIN.setdefault(name, again).tobytes()


PLAIN: dict = {}


@pytest.mark.parametrize("name", SCALERS)
def test_layer_does_the_same_in_a_saved_model(name, x, dtype, tmp_path):
    pytest.importorskip("safetensors")
    scaler, options = SCALERS[name]
    fitted = scaler(**options).fit(x)
    bare = Sequential([Input(5), Dense(3, activation="tanh")], seed=1, dtype=dtype)
    whole = Sequential([Input(5), fitted.to_layer(), Dense(3, activation="tanh")], seed=1, dtype=dtype)
    whole.set_weights(bare.get_weights())
    whole.save(tmp_path / "m.safetensors")
    expected = bare.predict(fitted.transform(x))
    tolerance = 1e-3 if dtype == "float32" else 1e-9
    for model in (whole, load_model(tmp_path / "m.safetensors")):
        np.testing.assert_allclose(model.predict(x), expected, tolerance, tolerance)


def test_layer_cannot_divide_by_less():
    with pytest.raises(ValueError, match=r"to_layer: expected features to be divided by at least 1e-07, .* column 1"):
        MinMaxScaler().fit([[0.0, 0.0], [1.0, 1e-9]]).to_layer()


BAD = {
    "NaN": (
        lambda: StandardScaler().fit([[1.0], [np.nan]]),
        ValueError,
        r"X: expected finite .* NaN in row 1, column 0",
    ),
    "text": (lambda: MinMaxScaler().fit([["a"]]), TypeError, r"X: expected real numbers, received dtype <U1"),
    "vector": (
        lambda: MinMaxScaler().fit([1.0, 2.0]),
        ValueError,
        r"X: expected 2 dimensions .* received shape \(2,\)",
    ),
    "columns": (
        lambda: MinMaxScaler().fit([[1.0, 2.0]]).transform([[1.0]]),
        ValueError,
        r"X: expected 2 features a sample, received 1",
    ),
    "too early": (
        lambda: MinMaxScaler().transform([[1]]),
        NotReadyError,
        r"MinMaxScaler: expected fit before, received",
    ),
    "layer too early": (lambda: StandardScaler().to_layer(), NotReadyError, r"StandardScaler: expected fit before"),
    "huge": (
        lambda: StandardScaler().fit([[1.0, 1e200], [1.0, 0.0]]),
        ValueError,
        r"X: expected a finite var.* column 1",
    ),
    "switch": (lambda: StandardScaler(with_mean=1), ValueError, r"with_mean: expected True or False, received 1"),
    "range": (
        lambda: MinMaxScaler((1, 0)),
        ValueError,
        r"feature_range: expected a least number below the largest, rec",
    ),
    "one end": (
        lambda: MinMaxScaler(3),
        ValueError,
        r"feature_range: expected a pair of numbers .*, received 3 \(int\)",
    ),
    "no end": (
        lambda: MinMaxScaler((0, np.inf)),
        ValueError,
        r"feature_range: expected a finite number .* received inf",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_errors(case):
    action, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        action()
