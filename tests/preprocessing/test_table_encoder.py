"""TableEncoder: scikit-learn's numbers, whatever the table comes from; and as plain data."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from nnfast.data import Table, read_arrow
from nnfast.exceptions import DataFileError, NotReadyError
from nnfast.preprocessing import TableEncoder

FRAME = pd.DataFrame(
    {
        "kind": ["rose", "tulip", None, "rose"],
        "size": [1.0, np.nan, 4.0, 2.0],
        "count": [1, 2, 3, 300],
        "wild": [True, False, True, True],
    }
)


def test_columns_in_the_order_of_the_table():
    encoder = TableEncoder(add_indicator=True)
    encoded = encoder.fit_transform(FRAME)
    names = ("kind_rose", "kind_tulip", "size", "missingindicator_size", "count", "wild")
    assert encoder.get_feature_names_out() == names
    expected = [[1, 0, 1, 0, 1, 1], [0, 1, 7 / 3, 1, 2, 0], [0, 0, 4, 0, 3, 1], [1, 0, 2, 0, 300, 1]]
    np.testing.assert_array_equal(encoded, expected)
    assert encoded.dtype == np.float64


frames = st.integers(1, 20).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            "a": st.lists(st.none() | st.floats(-1e6, 1e6), min_size=n, max_size=n),
            "k": st.lists(st.none() | st.sampled_from("xyzäß "), min_size=n, max_size=n),
            "b": st.lists(st.floats(-10, 10, width=32), min_size=n, max_size=n),
            "m": st.lists(st.sampled_from(["p", "q"]), min_size=n, max_size=n),
        }
    )
)


@pytest.mark.parametrize("strategy", ["mean", "median"])
@given(frames, frames)
@settings(deadline=None, max_examples=40)
def test_scikit_learn_makes_the_same(strategy, first, second):
    first["a"][0], first["k"][0] = 0.5, "x"
    x, new = (pd.DataFrame(frame).astype({"a": float, "k": object, "m": object}) for frame in (first, second))
    encoder = TableEncoder(strategy=strategy, add_indicator=True).fit(x)
    numbers = SimpleImputer(strategy=strategy, add_indicator=True)
    texts = OneHotEncoder(categories=[sorted(set(x[name].dropna())) for name in ("k", "m")], handle_unknown="ignore")
    theirs = ColumnTransformer([("n", numbers, ["a", "b"]), ("t", texts, ["k", "m"])], sparse_threshold=0.0).fit(x)
    names = [name.split("__")[1] for name in theirs.get_feature_names_out()]
    assert sorted(names) == sorted(encoder.get_feature_names_out())
    places = [encoder.get_feature_names_out().index(name) for name in names]
    for frame in (x, new):
        np.testing.assert_allclose(encoder.transform(frame)[:, places], theirs.transform(frame), rtol=1e-12)


def test_frames_of_any_library():
    encoder = TableEncoder().fit(FRAME)
    expected = encoder.transform(FRAME)
    np.testing.assert_array_equal(encoder.transform(pl.from_pandas(FRAME)), expected)
    np.testing.assert_array_equal(encoder.transform(read_arrow(FRAME)), expected)
    turned = FRAME[["count", "wild", "kind", "size"]].assign(more=1)
    np.testing.assert_array_equal(encoder.transform(turned), expected)
    with pytest.raises(DataFileError, match="received none of the name size, wild but kind, count"):
        encoder.transform(FRAME[["kind", "count"]])


def test_it_comes_back_from_plain_data():
    encoder = TableEncoder(strategy="median", add_indicator=True, category_limit=7).fit(FRAME)
    config = json.loads(json.dumps(encoder.get_config(), sort_keys=True))
    again = TableEncoder.from_config(config)
    assert again.get_config() == encoder.get_config()
    np.testing.assert_array_equal(again.transform(FRAME), encoder.transform(FRAME))
    numbers = TableEncoder().fit(pd.DataFrame({"b": [1, np.nan], "a": [np.nan, 5]}))
    again = TableEncoder.from_config(json.loads(json.dumps(numbers.get_config(), sort_keys=True)))
    np.testing.assert_array_equal(again.transform(pd.DataFrame({"a": [np.nan], "b": [np.nan]})), [[1, 5]])


@pytest.mark.parametrize(
    "change",
    [
        {"statistics": {}},
        {"categories": {"kind": "rose"}, "feature_names": ["kind"]},
        {"categories": {"kind": [1]}},
        {"indicators": ["other"]},
        {"feature_names": 5},
        {"statistics": {"size": "much"}},
        {"strategy": "mode"},
        {"has_names": None},
        {"category_limit": 0},
    ],
)
def test_bad_plain_data(change):
    with pytest.raises(ValueError, match="expected"):
        TableEncoder.from_config(TableEncoder().fit(FRAME).get_config() | change)
    with pytest.raises(ValueError, match=r"config: expected what TableEncoder\.get_config returns"):
        TableEncoder.from_config({})


def test_bytes_stay_bytes():
    x = np.arange(12, dtype=np.uint8).reshape(4, 3)
    table = Table(x, ("a", "b", "c"))
    assert TableEncoder().fit(table).transform(table) is x
    kinds = np.array(["p", "q", "p", None], object)
    encoded = TableEncoder().fit_transform(Table((x[:, 0], kinds), ("a", "k")))
    assert encoded.dtype == np.uint8
    assert encoded.tolist() == [[0, 1, 0], [3, 0, 1], [6, 1, 0], [9, 0, 0]]


def test_gaps_that_were_not_there_in_fit():
    encoder = TableEncoder().fit(Table(np.array([[1, 10], [3, 20]], np.uint8), ("a", "b")))
    assert encoder.transform(pd.DataFrame({"a": [np.nan], "b": [7]})).tolist() == [[2, 7]]


def test_categories_that_look_like_numbers():
    encoder = TableEncoder().fit(Table((np.array(["0.1", "7", "b"], object), np.arange(3)), ("k", "a")))
    numbers = Table(np.array([[0.1, 0], [7, 1]]), ("k", "a"))
    assert encoder.transform(numbers).tolist() == [[1, 0, 0, 0], [0, 1, 0, 1]]


def test_single_precision_stays():
    encoder = TableEncoder()
    encoded = encoder.fit_transform(pd.DataFrame({"a": np.array([0.5, np.nan], np.float32), "k": ["p", "q"]}))
    assert encoded.dtype == np.float32


BAD = {
    "identifiers": (
        pd.DataFrame({"name": [f"n{i}" for i in range(101)]}),
        "column 'name': expected at most 100 different texts, received 101, as 'n0'; leave it out if it names rows",
    ),
    "dates": (
        pd.DataFrame({"day": pd.to_datetime(["2024-01-01", "2024-01-02"])}),
        "column 'day': expected numbers or text, received dates",
    ),
    "no number": (pd.DataFrame({"a": [np.nan, np.nan]}), "column 'a': expected at least one number, received none"),
    "infinity": (
        pd.DataFrame({"k": ["x", "y"], "a": [1, np.inf]}),
        "column 'a': expected finite numbers, received infinity in row 1",
    ),
    "two of a name": (
        Table(np.zeros((2, 2)), ("a", "a")),
        "expected columns of different names, received two named 'a'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables(case):
    table, message = BAD[case]
    with pytest.raises(DataFileError, match=message):
        TableEncoder().fit(table)


def test_bad_new_tables():
    encoder = TableEncoder().fit(FRAME)
    for column, message in (
        (["a", "b", "c", "d"], "column 'size': expected numbers, received text"),
        ([1, 2, -np.inf, 4], "column 'size': expected finite numbers, received infinity in row 2"),
        (pd.to_datetime(["2024-01-01"] * 4), "column 'size': expected numbers, received dates"),
    ):
        with pytest.raises(DataFileError, match=message):
            encoder.transform(FRAME.assign(size=column))
    with pytest.raises(NotReadyError, match="TableEncoder: expected fit before"):
        TableEncoder().transform(FRAME)
    with pytest.raises(NotReadyError, match="TableEncoder: expected fit before"):
        TableEncoder().get_config()


def test_bad_arguments():
    for options in ({"strategy": "mode"}, {"add_indicator": 1}, {"category_limit": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(options))}: expected"):
            TableEncoder(**options)
