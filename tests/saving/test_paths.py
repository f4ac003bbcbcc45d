"""Paths of files: a number is none, though Python's open takes it for a file that is open, and closes it."""

import os

import pytest
from problems import make_classes, make_classifier

from nnfast import data, load_model
from nnfast.export import onnx


@pytest.mark.parametrize("path", [1, True, None, b"m", "", 1.5, ["m"]], ids=repr)
def test_what_is_no_path(path):
    model = make_classifier()
    for call in (load_model, model.load_weights, model.save):
        with pytest.raises(ValueError, match=r"^filepath: expected a path, received"):
            call(path)
    if path is not None:
        with pytest.raises(ValueError, match=r"^resume: expected a path, received"):
            model.fit(*make_classes(8), resume=path)
    os.fstat(1)


@pytest.mark.parametrize("path", [7, True, None, b"m", ""], ids=repr)
def test_what_is_no_path_to_data(path):
    for read in (data.read_csv, data.read_parquet, data.read_npz, data.read_idx, data.read_table):
        with pytest.raises(ValueError, match=r"^path: expected a path, received"):
            read(path)
    for call in (make_classifier().export, onnx.load):
        with pytest.raises(ValueError, match=r"^filepath: expected a path, received"):
            call(path)
