"""Batches: every row once an epoch, in the order that is asked for; transforms; and what may be sliced."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from problems import hash_weights, make_classes, make_classifier
from sparse_problems import Csr, make_csr

import nnfast
from nnfast.data import Batches

N, SIZE, BLOCK = 103, 8, 24
X = np.arange(N * 3, dtype=np.float32).reshape(N, 3)
Y = np.arange(N)


def rows_of(batches: Batches) -> list[int]:
    return [int(row) for batch in batches for row in batch[1]]


def blocks_of(rows: list[int]) -> list[set[int]]:
    """Which rows come together, in whatever order."""
    return [set(rows[first : first + BLOCK]) for first in range(0, N, BLOCK)]


def test_batches_in_order() -> None:
    batches = Batches(X, Y, Y / N, batch_size=SIZE, shuffle=False, block_size=BLOCK)
    assert len(batches) == 13 == len(list(batches))
    assert [len(x) for x, *_ in batches] == [SIZE] * 12 + [7]
    x, y, weights = (np.concatenate(parts) for parts in zip(*batches))
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)
    assert np.array_equal(weights, Y / N)


@pytest.mark.parametrize("shuffle", [True, "blocks"])
def test_every_row_comes_once_an_epoch(shuffle: Any) -> None:
    batches = Batches(X, Y, batch_size=SIZE, shuffle=shuffle, block_size=BLOCK, seed=3)
    first, second = rows_of(batches), rows_of(batches)
    assert sorted(first) == sorted(second) == list(range(N))
    assert blocks_of(first) != blocks_of(second)
    again = Batches(X, Y, batch_size=SIZE, shuffle=shuffle, block_size=BLOCK, seed=3)
    assert [rows_of(again), rows_of(again)] == [first, second]
    other = Batches(X, Y, batch_size=SIZE, shuffle=shuffle, block_size=BLOCK, seed=4)
    assert rows_of(other) != first
    for x, y in again:
        assert np.array_equal(x[:, 0], 3 * y)


def test_blocks_stay_together_and_rows_do_not() -> None:
    batches = Batches(X, Y, batch_size=SIZE, shuffle="blocks", block_size=BLOCK, seed=3)
    blocks = [row // BLOCK for row in rows_of(batches)]
    assert sum(a != b for a, b in pairwise(blocks)) == 4
    everywhere = Batches(X, Y, batch_size=SIZE, block_size=BLOCK, seed=3)
    blocks = [row // BLOCK for row in rows_of(everywhere)[:BLOCK]]
    assert len(set(blocks)) > 3


def test_blocks_are_of_whole_batches() -> None:
    assert Batches(X, batch_size=SIZE, block_size=17).block_size == 24
    assert Batches(X, batch_size=9).block_size == -(-(3 * 2**24 // 12) // 9) * 9
    assert Batches(np.zeros((4, 2**23)), batch_size=3).block_size == 3


def test_samples_alone() -> None:
    assert np.array_equal(np.concatenate(list(Batches(X, shuffle=False))), X)


class Sliced:
    """What HDF5 and Zarr arrays do: slices, lists of rows that rise, and a shape."""

    def __init__(self, array: Any) -> None:
        self.array, self.shape = array, array.shape
        self.asked: list[Any] = []

    def __getitem__(self, rows: Any) -> Any:
        assert isinstance(rows, slice) or (np.diff(rows.astype(np.int64)) > 0).all()
        self.asked.append(rows)
        return self.array[rows].copy()


class Frame:
    """A data frame: its brackets take columns."""

    def __init__(self, array: Any) -> None:
        self.array, self.shape, self.columns = array, array.shape, list("abc")

    def __getitem__(self, column: str) -> Any:
        return self.array[:, self.columns.index(column)]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.array


@pytest.mark.parametrize("shuffle", [True, False, "blocks"])
@pytest.mark.parametrize("make", [Sliced, Frame, list, np.asarray])
def test_whatever_can_be_sliced(make: Any, shuffle: Any) -> None:
    settings = {"batch_size": SIZE, "block_size": BLOCK, "shuffle": shuffle, "seed": 2}
    plain, other = (Batches(x, make(Y) if make is not Frame else Y, **settings) for x in (X, make(X)))
    for (x, y), (x_other, y_other) in zip(plain, other, strict=True):
        assert np.array_equal(x, x_other)
        assert np.array_equal(y, y_other)


def name_bytes(array: Any) -> Any:
    """The same array, with a dtype that names the order of bytes, as Zarr's have."""
    return array.view(array.dtype.newbyteorder("<"))


def test_dtypes_that_name_the_order_of_bytes() -> None:
    x, y = make_classes()
    y, weights = y.astype(np.int32), np.linspace(0, 2, len(x))
    csr = make_csr(x)
    named = Csr(*(name_bytes(part) for part in (csr.data, csr.indices, csr.indptr)), csr.shape)
    hashes = set()
    for samples in (x, name_bytes(x), named):
        model = make_classifier()
        model.fit(samples, name_bytes(y), sample_weight=name_bytes(weights), verbose=0)
        hashes.add(hash_weights(model) + str(model.predict_one(name_bytes(x[0]))))
    assert len(hashes) == 1


@pytest.mark.parametrize("shuffle", [True, "blocks"])
def test_sparse_samples_train_as_dense_ones(shuffle: Any) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    x, y = make_classes()
    x = np.where(x > 0, x, 0)
    hashes = set()
    for samples in (x, sparse.csr_matrix(x), sparse.csc_matrix(x)):
        model = make_classifier()
        model.fit(Batches(samples, y, shuffle=shuffle, block_size=64, seed=1), verbose=0)
        hashes.add(hash_weights(model))
    assert len(hashes) == 1


def test_fit_takes_every_row_once() -> None:
    for shuffle in (True, False, "blocks"):
        batches = Batches(X, Y % 3, Y + 1.0, batch_size=SIZE, shuffle=shuffle, block_size=BLOCK, seed=1)
        model = nnfast.Sequential([nnfast.layers.Input(3), nnfast.layers.Dense(3, "softmax")], seed=0)
        model.compile(nnfast.optimizers.SGD(0.0), "sparse_categorical_crossentropy", ["accuracy"])
        history = model.fit(batches, verbose=0).history
        assert model._learner.state.step == len(batches)
        expected = model.evaluate(X, Y % 3, sample_weight=Y + 1.0, verbose=0)
        np.testing.assert_allclose([history["loss"][0], history["accuracy"][0]], expected, rtol=1e-6)


def test_fit_shuffles_within_blocks() -> None:
    x, y = make_classes()
    hashes = []
    for shuffle in ("blocks", "blocks", False):
        model = make_classifier()
        model.fit(Batches(x, y, shuffle=shuffle, seed=1), verbose=0)
        hashes.append(hash_weights(model))
    assert hashes[0] == hashes[1] != hashes[2]
    arrays = make_classifier()
    arrays.fit(x, y, verbose=0)
    assert hash_weights(arrays) == hashes[0]  # of one block as of arrays


# ---- transforms ------------------------------------------------------------------------------------------------------


def jitter(x: Any, rng: np.random.Generator) -> Any:
    return x + rng.standard_normal(x.shape, np.float32)


def test_transforms_are_drawn_by_epoch_and_block() -> None:
    def make() -> Batches:
        return Batches(X, Y, batch_size=SIZE, shuffle=False, block_size=BLOCK, seed=5, transform=jitter)

    batches, again = make(), make()
    first, second = (np.concatenate([x for x, _ in batches]) - X for _ in range(2))
    assert np.array_equal(np.concatenate([x for x, _ in again]) - X, first)
    assert (first != second).all()
    assert (first[:BLOCK] != first[BLOCK : 2 * BLOCK]).all()
    assert 0.8 < first.std() < 1.2


def test_transforms_do_not_depend_on_time() -> None:
    import time

    x, y = make_classes()

    def slowly(rows: Any, rng: np.random.Generator) -> Any:
        time.sleep(rng.random() / 200)
        return rows + rng.standard_normal(rows.shape, np.float32)

    def quickly(rows: Any, rng: np.random.Generator) -> Any:
        rng.random()
        return rows + rng.standard_normal(rows.shape, np.float32)

    hashes = set()
    for transform in (slowly, quickly):
        model = make_classifier(rate=0.3)
        batches = Batches(x, y, batch_size=16, block_size=32, shuffle="blocks", transform=transform, seed=0)
        model.fit(batches, epochs=3, verbose=0)
        hashes.add(hash_weights(model))
    assert len(hashes) == 1


def test_transforms_see_images_and_cannot_write_to_them() -> None:
    images = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2)
    seen = []

    def invert(x: Any, rng: np.random.Generator) -> Any:
        seen.append((x.shape, x.dtype, x.flags.writeable))
        return 255 - x

    batches = Batches(images, np.arange(5), shuffle=False, transform=invert)
    assert np.array_equal(next(iter(batches))[0], 255 - images)
    assert seen == [((5, 2, 2), np.uint8, False)]
    assert images.flags.writeable


def test_blocks_are_of_a_size_whatever_holds_the_rows() -> None:
    rows = np.zeros((2**16, 300))
    assert Batches(rows).block_size == Batches(Sliced(rows)).block_size == -(-(3 * 2**24 // 2400) // 32) * 32


@pytest.mark.parametrize(
    ("made", "received"), [(None, "NoneType"), (X[:3], r"shape \(3, 3\)"), (3.0, "float"), (X.tolist(), "list")]
)
def test_transforms_must_return_as_many_rows(made: Any, received: str) -> None:
    wanted = "transform: expected a function that returns an array of 103 rows"
    with pytest.raises(ValueError, match=rf"^{wanted}, received {received}$"):
        next(iter(Batches(X, shuffle=False, transform=lambda x, rng: made)))


# ---- arguments -------------------------------------------------------------------------------------------------------

BAD = {
    "batch_size": 0,
    "shuffle": "rows",
    "block_size": 0,
    "transform": 3,
    "seed": -1,
    "y": Y[:-1],
    "sample_weight": Y[:-1],
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}.*: expected .*, received"):
        Batches(**({"x": X, "y": Y} | {name: BAD[name]}))


def test_weights_go_with_targets() -> None:
    with pytest.raises(ValueError, match=r"^y: expected targets, as there are weights, received None"):
        Batches(X, sample_weight=Y)


def test_no_rows() -> None:
    with pytest.raises(ValueError, match=r"^x: expected at least one row"):
        Batches(X[:0])


def test_a_seed_is_drawn_and_kept() -> None:
    batches = Batches(X, Y)
    assert rows_of(batches) == rows_of(Batches(X, Y, seed=batches.seed))
