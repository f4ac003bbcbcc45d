"""Tables: columns by name or by place, rows, and what becomes of their numbers."""

import numpy as np
import pytest

from nnfast.data.table import Table, join_columns, make_table, narrow_features, narrow_target
from nnfast.exceptions import DataFileError

NUMBERS = Table(np.arange(6.0).reshape(2, 3), ("a", "b", "c"), np.array([7, 8]), "y", source="t.csv")
MIXED = Table((np.array([1.0, 2]), np.array(["p", None], object), np.array([3, 4])), ("a", "b", "c"), source="t.csv")


@pytest.mark.parametrize("table", [NUMBERS, MIXED])
def test_columns_by_name(table):
    turned = table.select(["c", "a"])
    assert turned.feature_names == ("c", "a")
    np.testing.assert_array_equal(turned.columns[0], table.columns[2])
    np.testing.assert_array_equal(turned.columns[1], table.columns[0])
    assert isinstance(turned.features, np.ndarray)
    assert table.select(("a", "b", "c")) is table
    with pytest.raises(
        DataFileError, match=r"^t\.csv: expected columns named a, d, c, e, received none .* d, e but a, b"
    ):
        table.select(["a", "d", "c", "e"])


def test_columns_by_place():
    nameless = make_table(NUMBERS.features, ("0", "1", "2"), None, has_names=False, source="t.csv")
    assert nameless.select(["x", "y", "z"]).feature_names == ("x", "y", "z")
    assert nameless.select(["2", "0"]).x.tolist() == [[2, 0], [5, 3]]
    assert NUMBERS.select(["1", "2", "3"], has_names=False).x is NUMBERS.x
    with pytest.raises(DataFileError, match="expected 2 columns, as it has no names, received 3"):
        nameless.select(["x", "y"])


def test_columns_of_numbers_are_a_matrix():
    assert Table((np.array([1.0, 2]), np.array([3, 4])), ("a", "b")).x.tolist() == [[1, 3], [2, 4]]
    with pytest.raises(DataFileError, match="column 'b': expected numbers, received truth values"):
        assert Table((np.array([1.0, 2]), np.array([True, False])), ("a", "b")).x


def test_rows():
    assert NUMBERS.take([1]).x.tolist() == [[3, 4, 5]]
    assert NUMBERS.take([1]).y.tolist() == [8]
    assert MIXED.take(slice(1, 2)).columns[1].tolist() == [None]
    assert [len(table) for table in (NUMBERS, MIXED, MIXED.take([0]))] == [2, 2, 1]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0.0, 255.0], "uint8"),
        ([0, 255], "uint8"),
        ([0, 256], "float64"),
        ([-1, 3], "float64"),
        ([0.5, 1], "float64"),
        ([1, np.nan], "float64"),
        ([1, np.inf], "float64"),
        (np.array([1, 300], np.float32), "float32"),
        (np.array([[1], [2]], np.int8), "uint8"),
    ],
)
def test_narrow_features(values, dtype):
    narrow = narrow_features(np.array(values))
    assert narrow.dtype == dtype
    np.testing.assert_array_equal(narrow, values)


def test_narrow_features_looks_at_all_rows():
    values = np.zeros((1 << 18, 3))
    values[-1, -1] = 0.5
    assert narrow_features(values) is values


@pytest.mark.parametrize(
    ("values", "dtype"), [([1.0, 2.0], "uint8"), ([-1, 2], "int64"), ([2.0**53, 0], "int64"), ([2.0**60, 0], "float64")]
)
def test_narrow_target(values, dtype):
    assert narrow_target(np.array(values)).dtype == dtype


def test_joined_columns_are_in_place():
    columns = [np.arange(i, 70_000 + i) for i in range(3)] + [np.arange(70_000) % 200 / 2]
    np.testing.assert_array_equal(join_columns(columns), np.column_stack(columns))
