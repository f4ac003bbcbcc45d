"""What may be handed in as x and y, and what is said of the rest."""

import array

import numpy as np
import pytest

from nnfast.data.arrays import as_features, as_targets, check_finite

BASE = np.arange(1, 13).reshape(4, 3)
SMALL_INTS = [np.uint8, np.int8, np.uint16, np.int16]
WIDE_INTS = [np.int32, np.uint32, np.int64, np.uint64]
LAYOUTS = {
    "c": lambda a: a,
    "f": np.asfortranarray,
    "rows reversed": lambda a: a[::-1].copy()[::-1],
    "columns reversed": lambda a: a[:, ::-1].copy()[:, ::-1],
    "row step": lambda a: np.repeat(a, 2, axis=0)[::2],
    "column step": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "inside a wider array": lambda a: np.hstack([a, a])[:, : a.shape[1]],
    "misaligned": lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "list": lambda a: a.tolist(),
    "tuple of rows": tuple,
    "buffer": lambda a: memoryview(a.astype("f8")),
}


class OnlyDlpack:
    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


class OnlyArray:
    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values


class Frame(OnlyArray):
    columns = ("a", "b")


class Sparse:
    nnz = 1

    def toarray(self):
        raise AssertionError("never densified behind the user's back")


def assert_ready(rows, n_samples, n_features):
    assert rows.shape == (n_samples, n_features)
    assert rows.dtype in (np.uint8, np.float32, np.float64)
    assert rows.dtype.isnative
    assert rows.flags.aligned
    assert rows.strides[1] == rows.itemsize


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [*SMALL_INTS, *WIDE_INTS, np.float16, np.float32, np.float64, np.longdouble, bool])
def test_layout_and_dtype(layout, dtype):
    original = BASE.astype(dtype)
    given = LAYOUTS[layout](original)
    before = np.array(given)
    rows = as_features(given)
    assert_ready(rows, 4, 3)
    np.testing.assert_array_equal(rows, original.astype(np.float64))
    np.testing.assert_array_equal(np.array(given), before)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, bool])
@pytest.mark.parametrize("layout", ["c", "rows reversed", "row step", "inside a wider array", "read-only"])
def test_no_copy_where_none_is_needed(layout, dtype):
    given = LAYOUTS[layout](BASE.astype(dtype))
    assert np.shares_memory(as_features(given), given)


def test_image_stack_is_flattened_by_view():
    images = np.zeros((5, 28, 28), np.uint8)
    rows = as_features(images, n_features=784)
    assert_ready(rows, 5, 784)
    assert np.shares_memory(rows, images)
    assert_ready(as_features(images[:, ::2, ::2]), 5, 196)
    assert_ready(as_features(np.zeros((5, 4, 4, 3), np.int64)), 5, 48)


def test_memory_map_stays_a_map(tmp_path):
    np.save(tmp_path / "x.npy", BASE.astype(np.float32))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.shares_memory(as_features(mapped), mapped)


def test_other_array_makers():
    for wrapped in (OnlyDlpack(BASE * 1.0), OnlyArray(BASE * 1.0), Frame(BASE * 1.0)):
        np.testing.assert_array_equal(as_features(wrapped), BASE)
    assert as_targets(array.array("d", [1, 2, 3]), n_samples=3, n_outputs=1, labels=False).shape == (3, 1)
    assert as_targets(bytearray(b"\1\2\3"), n_samples=3, n_outputs=4, labels=True).dtype == np.int32


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "uint32"])
def test_integers_are_exact(dtype):
    limits = np.iinfo(dtype)
    values = [limits.min, limits.max, limits.max - 1]
    assert as_features(np.array([values], dtype))[0].tolist() == values


def test_wide_integers_are_exact_to_53_bits():
    assert as_features(np.array([[2**53 - 1, -(2**31)]]))[0].tolist() == [2**53 - 1, -(2**31)]


NOT_NUMBERS = {
    "complex": (np.ones((2, 2), complex), r"x: expected real numbers, received dtype complex128"),
    "text": ([["a", "b"]], r"x: expected real numbers, received dtype <U1"),
    "string": ("abc", r"x: expected real numbers, received dtype <U3"),
    "bytes": (b"abc", r"x: expected real numbers, received dtype \|S3"),
    "None": (None, r"x: expected real numbers, received dtype object"),
    "object": (np.ones((2, 2), object), r"x: expected real numbers, received dtype object"),
    "dates": (np.zeros((2, 2), "M8[s]"), r"x: expected real numbers, received dtype datetime64\[s\]"),
    "huge integers": ([[2**70]], r"x: expected real numbers, received dtype object"),
    "structured": (np.zeros(3, "f4,f4"), r"received dtype \[\('f0'.*structured_to_unstructured"),
    "frame with text": (
        Frame(np.ones((2, 2), object)),
        r"dtype object \(Frame\); preprocessing\.TableEncoder makes numbers",
    ),
    "masked": (np.ma.ones((2, 2)), r"x: expected an array without a mask, .* use x\.filled\(value\)"),
    "sparse": (Sparse(), r"x: expected a dense array, received Sparse; use x\.toarray\(\)"),
    "DLPack of nothing": (OnlyDlpack(np.ones(2, "S1")), r"x: expected an array of numbers, .*OnlyDlpack"),
}
BAD_VALUES = {
    "ragged": ([[1, 2], [3]], r"x: expected an array of numbers, rows of equal length, received list"),
    "scalar": (3.5, r"x: expected an array, received the single number 3\.5"),
    "vector": (np.ones(5), r"x: expected 2 dimensions \(n_samples, n_features\), received shape \(5,\)"),
    "no rows": (np.ones((0, 3)), r"x: expected at least one sample and one feature, received shape \(0, 3\)"),
    "no columns": (np.ones((3, 0)), r"x: expected at least one .* received shape \(3, 0\)"),
    "empty list": ([], r"x: expected at least one .* received shape \(0,\)"),
}


@pytest.mark.parametrize("case", NOT_NUMBERS)
def test_type_errors(case):
    given, message = NOT_NUMBERS[case]
    with pytest.raises(TypeError, match=message):
        as_features(given)


@pytest.mark.parametrize("case", BAD_VALUES)
def test_value_errors(case):
    given, message = BAD_VALUES[case]
    with pytest.raises(ValueError, match=message):
        as_features(given)


def test_vector_error_says_what_to_do():
    with pytest.raises(ValueError, match=r"pixels: .* reshape\(-1, 1\) .*, reshape\(1, -1\)"):
        as_features(np.ones(5), name="pixels")


def test_feature_count():
    with pytest.raises(ValueError, match=r"x: expected 784 features a sample, received 64 \(shape \(2, 8, 8\)\)"):
        as_features(np.ones((2, 8, 8)), n_features=784)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("dtype", [*SMALL_INTS, *WIDE_INTS, np.float16, np.float64, ">i4"])
def test_labels(dtype, shape):
    labels = as_targets(np.array([0, 9, 3, 1], dtype).reshape(shape), n_samples=4, n_outputs=10, labels=True)
    assert labels.dtype == np.int32
    assert labels.flags.c_contiguous
    assert labels.tolist() == [[0], [9], [3], [1]]


def test_labels_are_not_copied_without_need():
    given = np.array([0, 1, 1], np.int32)
    assert np.shares_memory(as_targets(given, n_samples=3, n_outputs=2, labels=True), given)


BAD_LABELS = {
    "too large": ([0, 1, 10], r"y: expected class labels from 0 to 9, received 10 in row 2"),
    "negative": ([0, -1, 1], r"y: expected class labels from 0 to 9, received -1 in row 1"),
    "beyond int32": ([0, 2**32, 1], r"received 4294967296 in row 1"),
    "beyond int64": (np.array([0, 1, 2**63], np.uint64), r"received 9223372036854775808 in row 2"),
    "fraction": ([0.0, 1.0, 1.5], r"y: expected integer class labels, received 1\.5 in row 2"),
    "NaN": ([0.0, np.nan, 1.0], r"y: expected integer class labels, received nan in row 1"),
    "infinite": ([0.0, np.inf, 1.0], r"y: expected class labels from 0 to 9, received inf in row 1"),
    "one-hot": (
        np.eye(3),
        r"y: expected class labels of shape \(3,\), received shape \(3, 3\); one-hot .* categorical_",
    ),
    "too few": ([0, 1], r"y: expected as many rows as x has, 3, received 2 \(shape \(2,\)\)"),
    "single": (1, r"y: expected an array, received the single number 1"),
}


@pytest.mark.parametrize("case", BAD_LABELS)
def test_bad_labels(case):
    given, message = BAD_LABELS[case]
    with pytest.raises(ValueError, match=message):
        as_targets(given, n_samples=3, n_outputs=10, labels=True)


def test_text_labels():
    with pytest.raises(TypeError, match=r"y: expected real numbers, received dtype <U3"):
        as_targets(["cat", "dog", "cat"], n_samples=3, n_outputs=2, labels=True)


@pytest.mark.parametrize("y", [[1, 2, 3], [[1], [2], [3]], np.arange(1, 7)[::2] // 2 + 1, np.ones((3, 1), bool)])
def test_one_output(y):
    assert_ready(as_targets(y, n_samples=3, n_outputs=1, labels=False), 3, 1)


def test_values():
    y = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert np.shares_memory(as_targets(y, n_samples=3, n_outputs=2, labels=False), y)
    assert_ready(as_targets(np.zeros((3, 8, 8), np.uint8), n_samples=3, n_outputs=64, labels=False), 3, 64)


def test_bad_values():
    with pytest.raises(
        ValueError, match=r"expected shape \(3, 10\), as the network has 10 outputs, received \(3, 2\)$"
    ):
        as_targets(np.ones((3, 2)), n_samples=3, n_outputs=10, labels=False)
    with pytest.raises(ValueError, match=r"received \(3,\); class labels go with sparse_categorical_crossentropy"):
        as_targets([1, 2, 3], n_samples=3, n_outputs=10, labels=False)
    with pytest.raises(ValueError, match=r"expected shape \(3, 1\), as the network has 1 output, received \(3, 2\)"):
        as_targets(np.ones((3, 2)), n_samples=3, n_outputs=1, labels=False)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
def test_not_finite_is_named_by_row_and_column(dtype, value, word):
    wide = np.ones((50, 9), dtype)
    rows = as_features(wide[::2, 2:7])
    check_finite(rows, "x")
    wide[34, 5] = value
    with pytest.raises(ValueError, match=rf"x: expected finite numbers, received {word} in row 17, column 3"):
        check_finite(rows, "x")


def test_bytes_are_always_finite():
    check_finite(np.full((2, 2), 255, np.uint8), "x")
