"""What `export` does with names of files and formats, and the two formats of weights alone."""

import sys

import numpy as np
import pytest

from nnfast import Sequential
from nnfast.exceptions import NotReadyError
from nnfast.export import FORMATS
from nnfast.layers import BatchNormalization, Dense, Input

pytest.importorskip("onnx")
pytest.importorskip("safetensors")
from safetensors.numpy import load_file


@pytest.fixture
def model():
    return Sequential([Input(3), Dense(4, "relu"), BatchNormalization(center=False), Dense(2, use_bias=False)], seed=0)


def test_weights_by_name(model, tmp_path):
    """Names and layout of PyTorch, in both formats."""
    model.export(tmp_path / "m.npz")
    model.export(tmp_path / "m.safetensors")
    keys = ["0.weight", "0.bias", "2.weight", "2.running_mean", "2.running_var", "3.weight"]
    plain = np.load(tmp_path / "m.npz")
    assert list(plain) == keys
    assert set(load_file(tmp_path / "m.safetensors")) == set(keys)
    for key, values in zip(keys, model.get_weights(), strict=True):
        np.testing.assert_array_equal(plain[key], values.T)
        np.testing.assert_array_equal(load_file(tmp_path / "m.safetensors")[key], values.T)


@pytest.mark.parametrize("name", FORMATS)
def test_formats_by_suffix_and_by_name(model, name, tmp_path):
    model.export(str(tmp_path / f"m.{name.upper()}"))
    model.export(tmp_path / "any", name)
    sizes = [(tmp_path / file).stat().st_size for file in (f"m.{name.upper()}", "any")]
    assert sizes[0] == sizes[1] > 100


@pytest.mark.parametrize(("arguments", "received"), [(("m.h5",), "'h5'"), (("m",), "''"), (("m.onnx", "pt"), "'pt'")])
def test_unknown_formats(model, arguments, received, tmp_path):
    with pytest.raises(ValueError, match=f"format: expected one of 'onnx', 'safetensors', 'npz', received {received}"):
        model.export(tmp_path / arguments[0], *arguments[1:])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FORMATS)
def test_what_cannot_be_written(model, name, tmp_path):
    with pytest.raises(FileNotFoundError):
        model.export(tmp_path / "none" / f"m.{name}")
    with pytest.raises(NotReadyError):
        Sequential([Dense(1)]).export(tmp_path / f"m.{name}")
    assert not list(tmp_path.iterdir())


def test_missing_library(model, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'ONNX files need the onnx library: pip install "nnfast\[onnx\]"'):
        model.export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
