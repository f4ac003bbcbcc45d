"""NumPy's archives, and the choice of a reader by the file's name."""

import gzip

import numpy as np
import pandas as pd
import pytest

from nnfast.data import read_idx, read_npz, read_table
from nnfast.data.arrays import as_features
from nnfast.data.idx import write_idx
from nnfast.exceptions import DataFileError

IMAGES = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
LABELS = np.array([3, 1, 300, 0])


def test_names_of_keras(tmp_path):
    np.savez(tmp_path / "t.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:2], y_test=LABELS[:2])
    table = read_npz(tmp_path / "t.npz")
    np.testing.assert_array_equal(table.x, IMAGES.reshape(4, 6))
    assert table.x.dtype == np.uint8
    assert np.shares_memory(as_features(table.x), table.x)
    assert table.y.tolist() == [3, 1, 300, 0]
    assert (table.target_name, table.has_names) == ("y_train", False)
    assert read_npz(tmp_path / "t.npz", "x_test").y.tolist() == [3, 1]


def test_plain_names_and_others(tmp_path):
    np.savez_compressed(tmp_path / "t.npz", x=IMAGES / 2, y=LABELS[:, None], kinds=np.array(["a", "b", "a", "c"]))
    table = read_npz(tmp_path / "t.npz")
    np.testing.assert_array_equal(table.x, IMAGES.reshape(4, 6) / 2)
    assert table.y.tolist() == [3, 1, 300, 0]
    assert read_table(tmp_path / "t.npz", "kinds").y.tolist() == ["a", "b", "a", "c"]
    np.savez(tmp_path / "t.npz", data=IMAGES)
    assert read_npz(tmp_path / "t.npz", "data").y is None


BAD = {
    "no samples": ({"a": IMAGES}, {}, r"expected an array 'x' or 'x_train', received a"),
    "no such array": ({"x": IMAGES}, {"x": "z"}, r"expected an array 'z', received x"),
    "no such target": ({"x": IMAGES}, {"y": "z"}, r"expected an array 'z', received x"),
    "lengths": ({"x": IMAGES, "y": LABELS[:2]}, {}, r"y: expected as many targets as samples, shape \(4,\), .* \(2,\)"),
    "text": ({"x": np.array([["a"]])}, {}, r"x: expected real numbers, received dtype <U1"),
    "objects": (
        {"x": np.array([[None]])},
        {},
        r"expected an archive of arrays of numbers or text \(x\.npy: Python objects",
    ),
    "complex target": ({"x": IMAGES, "y": LABELS * 1j}, {}, r"y: expected numbers or text, received dtype complex128"),
    "bytes": (
        {"x": IMAGES, "y": np.array([b"a", b"\xff"] * 2)},
        {},
        r"y: expected numbers or text, received dtype \|S1",
    ),
    "nothing": ({}, {}, r"expected an array 'x' or 'x_train', received none"),
    "one dimension": ({"x": LABELS}, {}, r"x: expected 2 dimensions"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_archives(tmp_path, case):
    arrays, options, message = BAD[case]
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(DataFileError, match=rf"t\.npz: {message}"):
        read_npz(tmp_path / "t.npz", **options)


def test_files_that_are_none(tmp_path):
    path = tmp_path / "t.npz"
    np.savez(path, x=IMAGES)
    good = path.read_bytes()
    entry = good.index(b"PK\x01\x02")  # its flags, method and place in the file may be damaged
    others = [good[: entry + at] + b"\xff" + good[entry + at + 1 :] for at in (8, 10, 45)]
    for content in (b"", b"nothing", good[:-30], *others):
        path.write_bytes(content)
        with pytest.raises(DataFileError, match=r"t\.npz: expected an archive"):
            read_npz(path)
    with path.open("wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(
        DataFileError, match=r"expected an archive of arrays, as numpy.savez writes, received one array"
    ):
        read_npz(path)


def test_readers_by_name(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 300], "k": ["x", "y", "x"]})
    text = frame.to_csv(index=False)
    (tmp_path / "t.csv").write_text(text)
    (tmp_path / "T.CSV.GZ").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "t.data").write_text(text)
    (tmp_path / "t.tsv").write_text(text.replace(",", "\t"))
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_parquet(tmp_path / "t.pq")
    frame.to_feather(tmp_path / "t.feather")
    frame.to_feather(tmp_path / "t.arrow")
    for path in sorted(tmp_path.iterdir()):
        table = read_table(path, "k")
        assert table.x.tolist() == [[1], [2], [300]], path
        assert table.y.tolist() == ["x", "y", "x"]
    with pytest.raises(DataFileError, match="expected the name of an array as the target, received 3"):
        read_table(tmp_path / "t.npz", 3)


def test_idx_is_found_beside_them(tmp_path):
    write_idx(tmp_path / "t.gz", IMAGES)
    np.testing.assert_array_equal(read_idx(tmp_path / "t.gz"), IMAGES)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_what_parts_the_cells_is_found(tmp_path, mark):
    (tmp_path / "t.csv").write_text(f"a{mark}k\n1{mark}x\n2{mark}y\n")
    table = read_table(tmp_path / "t.csv", "k")
    assert (table.feature_names, table.x.tolist(), table.y.tolist()) == (("a",), [[1], [2]], ["x", "y"])


def test_one_column(tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    assert read_table(tmp_path / "t.csv").feature_names == ("a",)
