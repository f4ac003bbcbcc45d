"""Classes go to numbers and rows of 0 and 1, and come back."""

import numpy as np
import pytest

from nnfast.exceptions import NotReadyError
from nnfast.preprocessing import LabelEncoder, from_categorical, to_categorical


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float64])
@pytest.mark.parametrize("shape", [(6,), (6, 1), (2, 3), (2, 3, 1)])
@pytest.mark.parametrize("num_classes", [None, 4, 7])
def test_one_hot(dtype, shape, num_classes):
    labels = np.array([0, 3, 1, 2, 3, 0], dtype)
    rows = to_categorical(labels.reshape(shape), num_classes)
    kept = shape[:-1] if shape[-1] == 1 else shape
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows, np.eye(num_classes or 4)[labels.astype(int)].reshape(*kept, -1))
    np.testing.assert_array_equal(from_categorical(rows), labels.reshape(kept))


def test_back_from_probabilities():
    labels = from_categorical(np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], np.float32))
    assert labels.dtype == np.int64
    assert labels.tolist() == [1, 0]


BAD = {
    "text": (to_categorical, (["a"],), TypeError, r"x: expected integers, received dtype <U1; LabelEncoder makes numb"),
    "fraction": (to_categorical, ([0.5],), TypeError, r"x: expected integers, received dtype float64$"),
    "empty": (to_categorical, ([],), ValueError, r"x: expected at least one class, received shape \(0,\)"),
    "negative": (to_categorical, ([0, -1],), ValueError, r"x: expected classes >= 0, received -1 in row 1"),
    "too large": (
        to_categorical,
        ([[0], [9]], 3),
        ValueError,
        r"x: expected classes from 0 to 2, .* received 9 in row 1",
    ),
    "in a matrix": (to_categorical, ([[0, 1], [2, 3]], 3), ValueError, r"received 3 in row 1"),
    "no classes": (to_categorical, ([0], 0), ValueError, r"num_classes: expected an integer >= 1, received 0 \(int\)"),
    "one column": (
        from_categorical,
        ([[0.3]],),
        ValueError,
        r"at least 2 numbers, received shape \(1, 1\); .*x > 0\.5",
    ),
    "number": (from_categorical, (3,), ValueError, r"x: expected rows of at least 2 numbers, received shape \(\)"),
    "NaN": (from_categorical, ([[0, 1], [np.nan, 1]],), ValueError, r"x: expected numbers, received NaN in row 1"),
    "words": (from_categorical, ([["a", "b"]],), TypeError, r"x: expected real numbers, received dtype <U1"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors(case):
    function, arguments, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        function(*arguments)


@pytest.mark.parametrize("labels", [["dog", "cat", "dog", "cow"], [5, -3, 5, 8], [[2.5], [1.5], [2.5], [9.0]]])
def test_label_encoder_is_scikit_learns(labels):
    theirs = pytest.importorskip("sklearn.preprocessing").LabelEncoder()
    ours = LabelEncoder()
    flat = np.reshape(labels, -1)
    np.testing.assert_array_equal(ours.fit_transform(labels), theirs.fit_transform(flat))
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_array_equal(ours.inverse_transform([0, 2]), theirs.inverse_transform([0, 2]))
    np.testing.assert_array_equal(ours.transform(flat[::-1]), theirs.transform(flat[::-1]))


@pytest.mark.parametrize("label", ["ant", "cow", "zebu"])
def test_label_encoder_refuses_what_it_does_not_know(label):
    encoder = LabelEncoder().fit(["dog", "cat"])
    with pytest.raises(
        ValueError, match=rf"y: expected one of the 2 classes that fit found, received '{label}' in row 1"
    ):
        encoder.transform(["cat", label])
    for number in (2, -1):
        with pytest.raises(ValueError, match=rf"y: expected numbers of classes from 0 to 1, received {number}"):
            encoder.inverse_transform([0, number])
    with pytest.raises(ValueError, match=r"y: expected a class for each row, .* received shape \(1, 2\)"):
        encoder.fit([["a", "b"]])
    with pytest.raises(NotReadyError, match="LabelEncoder: expected fit before"):
        LabelEncoder().transform(["a"])
