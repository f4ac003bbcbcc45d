"""A model's metadata: plain data of the user's that come back as they were."""

import json

import numpy as np
import pytest

from nnfast import Sequential, load_model
from nnfast.layers import Dense, Input
from nnfast.saving import tensor_file


@pytest.fixture
def model():
    return Sequential([Input(2), Dense(1)], seed=0)


def test_they_come_back(model, tmp_path):
    model.metadata = {"classes": ["a", "ä"], "mean": 0.1, "n": 2**70, "nested": {"none": None, "yes": True}}
    model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").metadata == model.metadata


def test_files_without_them_are_read(model, tmp_path):
    model.save(tmp_path / "m")
    text, tensors = tensor_file.read_tensors(tmp_path / "m")
    description = json.loads(text)
    del description["metadata"]
    tensor_file.write_tensors(tmp_path / "m", json.dumps(description), tensors)
    assert load_model(tmp_path / "m").metadata == {}


@pytest.mark.parametrize("value", [[], None, {1: 2}, {"a": (1, 2)}, {"a": float("nan")}, {"a": np.float64}])
def test_what_is_not_plain_is_refused(model, value, tmp_path):
    model.metadata = value
    with pytest.raises(ValueError, match=r"metadata: expected a dict of plain data .*, received"):
        model.save(tmp_path / "m")
    assert not list(tmp_path.iterdir())
