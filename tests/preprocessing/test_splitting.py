"""Splits hold every row once, in the sizes and shares that scikit-learn's have, and are the same everywhere."""

import numpy as np
import pytest

from nnfast.preprocessing import shuffle, train_test_split

SIZES = [
    *({}, {"test_size": 0.3}, {"test_size": 0.2}, {"train_size": 0.7}, {"test_size": 3}, {"train_size": np.int64(5)}),
    *({"test_size": 0.25, "train_size": 0.5}, {"test_size": 4, "train_size": 3}, {"test_size": 0.01}),
]
LABELS = np.repeat([0, 1, 2, 3], [40, 31, 17, 3])


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("n_rows", [10, 11, 97])
@pytest.mark.parametrize("shuffled", [True, False])
def test_sizes_are_scikit_learns(sizes, n_rows, shuffled):
    sklearn = pytest.importorskip("sklearn.model_selection")
    x = np.arange(n_rows)
    ours = train_test_split(x, shuffle=shuffled, random_state=0, **sizes)
    theirs = sklearn.train_test_split(x, shuffle=shuffled, random_state=0, **sizes)
    assert [len(part) for part in ours] == [len(part) for part in theirs]
    assert len(set(np.concatenate(ours).tolist())) == len(ours[0]) + len(ours[1])
    if not shuffled:
        for part, other in zip(ours, theirs):
            np.testing.assert_array_equal(part, other)


@pytest.mark.parametrize("sizes", [{}, {"test_size": 0.3}, {"test_size": 20, "train_size": 30}])
def test_stratified_shares_are_scikit_learns(sizes):
    sklearn = pytest.importorskip("sklearn.model_selection")
    labels = np.random.default_rng(0).permutation(LABELS)
    ours = train_test_split(labels, stratify=labels, random_state=1, **sizes)
    theirs = sklearn.train_test_split(labels, stratify=labels, random_state=1, **sizes)
    for part, other in zip(ours, theirs):
        np.testing.assert_array_equal(np.bincount(part, minlength=4), np.bincount(other, minlength=4))


@pytest.mark.parametrize("test_size", [0.2, 0.3, 37])
def test_stratified_shares_are_within_a_row(test_size):
    labels = np.random.default_rng(0).permutation(LABELS)
    rows = np.arange(len(labels))
    train, test = train_test_split(rows, test_size=test_size, stratify=labels, random_state=0)
    assert sorted([*train, *test]) == rows.tolist()
    for part in (train, test):
        exact = np.bincount(labels) * len(part) / len(labels)
        assert np.all(np.abs(np.bincount(labels[part], minlength=4) - exact) < 1)
    assert np.any(np.diff(train) < 0)
    assert np.any(np.diff(test) < 0)


def test_stratify_by_text_and_by_columns():
    words = np.array(["cat", "dog"])[np.arange(20) % 2]
    _, test = train_test_split(words, test_size=6, stratify=words.tolist(), random_state=0)
    assert sorted(test) == ["cat"] * 3 + ["dog"] * 3
    columns = np.stack([np.arange(16) % 2, np.arange(16) // 8], axis=1)
    _, test = train_test_split(columns, test_size=4, stratify=columns, random_state=0)
    assert sorted(map(tuple, test.tolist())) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_rows_stay_together():
    sparse = pytest.importorskip("scipy.sparse")
    x = np.arange(30).reshape(10, 3)
    parts = train_test_split(x, x[:, 0].tolist(), tuple(range(10)), sparse.coo_array(x), random_state=3)
    for array, labels, numbers, matrix in (parts[::2], parts[1::2]):
        np.testing.assert_array_equal(array[:, 0], labels)
        np.testing.assert_array_equal(array[:, 0] // 3, numbers)
        np.testing.assert_array_equal(array, matrix.toarray())
        assert type(labels) is type(numbers) is list


class Frame:
    """What pandas shows of a data frame."""

    def __init__(self, rows):
        self.rows, self.shape = rows, rows.shape

    @property
    def iloc(self):
        return self.rows


def test_data_frames_are_taken_by_position():
    x = np.arange(10)
    for part, expected in zip(train_test_split(Frame(x), random_state=0), train_test_split(x, random_state=0)):
        np.testing.assert_array_equal(part, expected)


def test_without_shuffling_nothing_is_copied():
    x = np.arange(20).reshape(10, 2)
    train, test = train_test_split(x, test_size=0.3, shuffle=False)
    assert np.shares_memory(train, x)
    assert test.tolist() == x[7:].tolist()


TWELVE_ROWS = ([1, 7, 4, 8, 2, 11, 5, 0, 3], [6, 9, 10])


def test_the_same_everywhere():
    train, test = train_test_split(np.arange(12), random_state=0)
    assert (train.tolist(), test.tolist()) == TWELVE_ROWS
    assert shuffle(np.arange(12), random_state=0).tolist() == [*TWELVE_ROWS[1], *TWELVE_ROWS[0]]


def test_seeds():
    x = np.arange(50)
    assert train_test_split(x, random_state=1)[0].tolist() == train_test_split(x, random_state=1)[0].tolist()
    assert train_test_split(x, random_state=1)[0].tolist() != train_test_split(x, random_state=2)[0].tolist()
    assert train_test_split(x)[0].tolist() != train_test_split(x)[0].tolist()
    one, other = np.random.default_rng(7), np.random.default_rng(7)
    for _ in range(2):
        assert train_test_split(x, random_state=one)[0].tolist() == train_test_split(x, random_state=other)[0].tolist()


def test_every_row_is_tested_as_often():
    counts = np.zeros(8)
    for seed in range(2000):
        counts[train_test_split(np.arange(8), test_size=2, random_state=seed)[1]] += 1
    assert np.all(np.abs(counts - 500) < 5 * np.sqrt(500 * 0.75))


def test_shuffle():
    x, y = np.arange(20).reshape(10, 2), list(range(10))
    rows, labels = shuffle(x, y, random_state=0)
    assert sorted(labels) == y != labels
    np.testing.assert_array_equal(rows, x[labels])
    assert len(shuffle(x, random_state=0, n_samples=4)) == 4
    assert x.tolist() == np.arange(20).reshape(10, 2).tolist()


TEN = np.arange(10)
BAD = {
    "nothing": ((), {}, r"arrays: expected at least one array, received none"),
    "text": (("abc",), {}, r"arrays: expected arrays, lists, sparse matrices or data frames, received 'abc' \(str\)"),
    "number": ((np.float64(3),), {}, r"arrays: expected arrays, lists, .* received"),
    "lengths": ((TEN, TEN[:9]), {}, r"arrays: expected as many rows in each, received 10, 9"),
    "empty": (([],), {}, r"arrays: expected at least one row, received 0"),
    "one row": (([1],), {}, r"test_size, train_size: expected parts of at least one row, .* received 1 and 0 rows"),
    "share of 1": ((TEN,), {"test_size": 1.0}, r"test_size: expected a share in \(0, 1\), or an integer from 1 to 9, "),
    "all rows": ((TEN,), {"train_size": 10}, r"train_size: expected .* as there are 10 rows, received 10 \(int\)"),
    "bool": ((TEN,), {"test_size": True}, r"test_size: expected a share .* received True \(bool\)"),
    "NaN": ((TEN,), {"test_size": float("nan")}, r"test_size: expected a share .* received nan \(float\)"),
    "too much": (
        (TEN,),
        {"test_size": 0.5, "train_size": 6},
        r"test_size, train_size: expected parts .* of at most 10 together, received 5 and 6 rows",
    ),
    "no training": ((TEN,), {"train_size": 0.01}, r"test_size, train_size: expected parts .* received 10 and 0 rows"),
    "seed": ((TEN,), {"random_state": -1}, r"random_state: expected an integer from 0 to 2\^64 - 1, .* received -1"),
    "seed text": ((TEN,), {"random_state": "0"}, r"random_state: expected an integer .* received '0' \(str\)"),
    "stratify alone": (
        (TEN,),
        {"stratify": TEN, "shuffle": False},
        r"stratify: expected None, as shuffle is False, received array",
    ),
    "shuffle": ((TEN,), {"shuffle": 1}, r"shuffle: expected True or False, received 1 \(int\)"),
    "classes": ((TEN,), {"stratify": [1, 2]}, r"stratify: expected a class for each of 10 rows, received shape \(2,\)"),
    "rare class": (
        (TEN,),
        {"stratify": [0] * 9 + [1]},
        r"stratify: expected at least 2 rows of each class, received 1 of one",
    ),
    "many classes": (
        (TEN,),
        {"stratify": TEN // 2, "test_size": 2},
        r"stratify: expected parts of at least 5 rows, one a class, received 8 to train on and 2 to test with",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_errors(case):
    arrays, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        train_test_split(*arrays, **options)


def test_too_many_rows_to_keep():
    with pytest.raises(ValueError, match=r"n_samples: expected an integer from 1 to 10, received 11 \(int\)"):
        shuffle(TEN, n_samples=11)
