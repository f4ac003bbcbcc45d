"""The data sets are what they say, whole and unchanged."""

import gzip
import hashlib
import shutil

import numpy as np
import pytest

from nnfast.data.idx import write_idx
from nnfast.datasets import load_digits, load_mnist
from nnfast.exceptions import DataFileError

IMAGES = np.arange(4 * 3 * 3, dtype=np.uint8).reshape(4, 3, 3)
LABELS = np.array([1, 0, 2, 1], np.uint8)


def test_digits():
    (x_train, y_train), (x_test, y_test) = load_digits()
    assert (x_train.shape, y_train.shape) == ((1442, 64), (1442,))
    assert (x_test.shape, y_test.shape) == ((355, 64), (355,))
    for array in (x_train, y_train, x_test, y_test):
        assert array.dtype == np.uint8
    assert x_train.max() == 16
    assert set(y_train) == set(y_test) == set(range(10))


def test_digits_split_keeps_the_shares_of_the_classes():
    (_, y_train), (_, y_test) = load_digits()
    np.testing.assert_array_equal(np.bincount(y_test), (np.bincount(y_train) + np.bincount(y_test)) // 5)


def test_digits_are_those_of_scikit_learn():
    theirs = pytest.importorskip("sklearn.datasets").load_digits()
    (x_train, y_train), (x_test, y_test) = load_digits()
    for label in range(10):
        expected = theirs.data[theirs.target == label]
        np.testing.assert_array_equal(x_test[y_test == label], expected[4::5])
        np.testing.assert_array_equal(x_train[y_train == label], np.delete(expected, np.s_[4::5], axis=0))


def test_digits_never_change():
    digest = hashlib.sha256()
    for images, labels in load_digits():
        digest.update(images.tobytes() + labels.tobytes())
    assert digest.hexdigest() == "eb16a5b9fcc31197ecd8be8456b687084ffc10eb4cc2efbd406de3cc793713c8"


def write_mnist(folder, dot, suffix):
    for part in ("train", "t10k"):
        write_idx(folder / f"{part}-images{dot}idx3-ubyte{suffix}", IMAGES)
        write_idx(folder / f"{part}-labels{dot}idx1-ubyte{suffix}", LABELS)


@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_mnist_names(tmp_path, dot, suffix):
    write_mnist(tmp_path, dot, suffix)
    (x_train, y_train), (x_test, y_test) = load_mnist(str(tmp_path))
    for x in (x_train, x_test):
        np.testing.assert_array_equal(x, IMAGES.reshape(4, 9))
    for y in (y_train, y_test):
        np.testing.assert_array_equal(y, LABELS)


def test_missing_mnist_file_is_named(tmp_path):
    write_mnist(tmp_path, "-", "")
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(
        FileNotFoundError,
        match=r"expected one of t10k-labels-idx1-ubyte, t10k-labels-idx1-ubyte\.gz, "
        r"t10k-labels\.idx1-ubyte, t10k-labels\.idx1-ubyte\.gz, found none",
    ):
        load_mnist(tmp_path)


def test_missing_mnist_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere: expected a folder with MNIST's four IDX files"):
        load_mnist(tmp_path / "nowhere")


def test_mnist_counts_that_disagree(tmp_path):
    write_mnist(tmp_path, "-", "")
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", LABELS[:3])
    with pytest.raises(DataFileError, match=r"an image for each of the 3 labels in .*t10k-labels-idx1-.*, received 4"):
        load_mnist(tmp_path)


def test_mnist_itself(mnist_folder):
    (x_train, y_train), (x_test, y_test) = load_mnist(mnist_folder)
    assert (x_train.shape, x_test.shape) == ((60_000, 784), (10_000, 784))
    assert x_train.dtype == x_test.dtype == np.uint8
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_mnist_cut_short(mnist_folder, tmp_path):
    for file in mnist_folder.iterdir():
        shutil.copy(file, tmp_path / file.name)
    images = next(tmp_path.glob("t10k-images*"))
    content = gzip.decompress(images.read_bytes()) if images.suffix == ".gz" else images.read_bytes()
    images.write_bytes(content[:-1])
    with pytest.raises(DataFileError, match=r"cut short|takes 7840000 bytes"):
        load_mnist(tmp_path)
