"""Files of weights alone: what goes in comes out, in a model of the same weights, and nothing else is taken."""

import re

import numpy as np
import pytest
from problems import hash_weights, make_classes

from nnfast import Sequential, load_model
from nnfast.callbacks import ModelCheckpoint
from nnfast.exceptions import ModelFileError, NotReadyError
from nnfast.layers import BatchNormalization, Dense, Dropout, Input, LayerNormalization

safetensors = pytest.importorskip("safetensors")
from safetensors.numpy import load_file  # noqa: E402

X, Y = make_classes(40)
NAME = "m.weights.safetensors"


def make_model(seed=0, *, units=5, use_bias=False, dtype="float32", drop=False):
    layers = [Input(6), Dense(units, "relu", use_bias), BatchNormalization(), LayerNormalization(center=False)]
    model = Sequential([*layers, *[Dropout(0.1)] * drop, Dense(3, "softmax")], seed=seed, dtype=dtype)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def test_round_trip(dtype, tmp_path):
    """Weights and moving statistics; seed, epochs and the optimizer's state are the model's own."""
    model, other = make_model(0, dtype=dtype), make_model(1, dtype=dtype)
    model.fit(X, Y, epochs=2, verbose=0)
    other.fit(X, Y, verbose=0)
    model.save_weights(tmp_path / NAME)
    state = other._learner.state
    before = (other.seed, other._epochs_done, state.step, state.get_state(0, "weights", 0).tobytes())
    other.load_weights(str(tmp_path / NAME))
    assert hash_weights(other) == hash_weights(model)
    assert (other.seed, other._epochs_done, state.step, state.get_state(0, "weights", 0).tobytes()) == before
    model.save_weights(tmp_path / f"again.{NAME}")
    assert (tmp_path / f"again.{NAME}").read_bytes() == (tmp_path / NAME).read_bytes()


def test_of_a_whole_model(tmp_path):
    model = make_model()
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.safetensors")
    other = make_model(1)
    other.load_weights(tmp_path / "m.safetensors")
    assert hash_weights(other) == hash_weights(model)


def test_of_the_other_dtype(tmp_path):
    model, other = make_model(dtype="float64"), make_model(1)
    model.save_weights(tmp_path / NAME)
    other.load_weights(tmp_path / NAME)
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs.astype("float32"))


def test_names_and_layout_are_those_of_whole_models(tmp_path):
    model = make_model()
    model.save_weights(tmp_path / NAME)
    model.save(tmp_path / "m.safetensors")
    weights, whole = load_file(tmp_path / NAME), load_file(tmp_path / "m.safetensors")
    assert {key for key in whole if not key.startswith("optimizer.")} == set(weights)
    assert all(np.array_equal(weights[key], whole[key]) for key in weights)


@pytest.mark.parametrize("path", ["m.safetensors", "m.weights.h5", "", 3, None])
def test_names_of_files(path, tmp_path):
    wanted = r"filepath: expected a path( that ends with '\.weights\.safetensors')?, received " + re.escape(repr(path))
    with pytest.raises(ValueError, match=wanted):
        make_model().save_weights(path)
    with pytest.raises(ValueError, match=wanted):
        ModelCheckpoint(path, save_weights_only=True)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"units": 4}, r"0\.weight: expected shape \(5, 6\), received shape \(4, 6\)"),
        ({"use_bias": True}, r"0\.bias: expected no such array, received shape \(5,\)"),
        ({"drop": True}, r"4\.weight: expected shape \(3, 5\), received no such array"),
    ],
)
def test_files_of_other_models_are_refused(other, message, tmp_path):
    make_model(**other).save_weights(tmp_path / NAME)
    model = make_model()
    before = hash_weights(model)
    with pytest.raises(ModelFileError, match=f"{NAME}: .*weights of another model \\({message}"):
        model.load_weights(tmp_path / NAME)
    assert hash_weights(model) == before


def test_what_is_no_file_of_weights(tmp_path):
    model = make_model()
    with pytest.raises(FileNotFoundError):
        model.load_weights(tmp_path / NAME)
    model.save_weights(tmp_path / NAME)
    with pytest.raises(ModelFileError, match="expected a dict with exactly the keys"):
        load_model(tmp_path / NAME)
    content = bytearray((tmp_path / NAME).read_bytes())
    content[-1] ^= 1
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ModelFileError, match="checksum"):
        model.load_weights(tmp_path / NAME)
    for call in (model.save_weights, model.load_weights):
        with pytest.raises(NotReadyError):
            getattr(Sequential([Dense(1)]), call.__name__)(tmp_path / NAME)


def test_checkpoints_of_weights(tmp_path, caplog):
    model = make_model()
    path = tmp_path / "{epoch}.weights.safetensors"
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(path, save_weights_only=True, verbose=1)])
    assert caplog.messages[-1] == f"Epoch 2: saved weights to {tmp_path}/2.weights.safetensors"
    assert not [key for key in load_file(tmp_path / "2.weights.safetensors") if key.startswith("optimizer.")]
    other = make_model(1)
    other.load_weights(tmp_path / "2.weights.safetensors")
    assert hash_weights(other) == hash_weights(model)
    other.load_weights(tmp_path / "1.weights.safetensors")
    assert hash_weights(other) != hash_weights(model)
