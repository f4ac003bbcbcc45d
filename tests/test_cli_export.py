"""The command ``nnfast export``: files that other programs read, and errors in a line."""

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("safetensors")

from commands import list_files, run

from nnfast import Sequential
from nnfast.layers import Dense, Input


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = Sequential([Input(3, scale=0.5), Dense(4, "gelu"), Dense(2, "softmax")], seed=0)
    model.save("m.safetensors")
    return model


def test_onnx(model):
    assert run("export", "m.safetensors", "m.onnx") == "exporting m.safetensors ...\nexported m.onnx\n"
    from onnxruntime import InferenceSession

    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    [result] = InferenceSession("m.onnx").run(None, {"input": x})
    np.testing.assert_allclose(result, model.predict(x), rtol=2e-6)


def test_weights(model):
    run("export", "m.safetensors", "weights.bin", "--format", "npz")
    np.testing.assert_array_equal(np.load("weights.bin")["2.weight"], model.get_weights()[2].T)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("m.safetensors", "m.h5"),
            "error: format: expected one of 'onnx', 'safetensors', 'npz', received 'h5' (str)\n",
        ),
        (("m.safetensors", "none/m.onnx"), "error: none/m.onnx: the folder to write to does not exist\n"),
    ],
)
def test_errors(model, arguments, message, tmp_path):
    assert run("export", *arguments, code=2) == f"exporting m.safetensors ...\n{message}"
    assert list_files(tmp_path) == ["m.safetensors"]
    assert "does not exist" in run("export", "no.safetensors", "m.onnx", code=2)
    assert "is not one of" in run("export", "m.safetensors", "m", "--format", "pt", code=2)
