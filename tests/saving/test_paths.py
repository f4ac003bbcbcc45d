"""Paths of model files: a number is none, though Python's open takes it for a file that is open, and closes it."""

import os

import pytest
from problems import make_classes, make_classifier

from nnfast import load_model


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
