"""Model files: what goes in comes out, and nothing but that is read."""

import errno
import hashlib
import json
import os
import stat
import sys

import numpy as np
import pytest
from problems import hash_state, hash_weights, make_classes, make_classifier

from nnfast import Sequential, load_model
from nnfast.exceptions import ModelFileError
from nnfast.layers import Activation, Dense, Dropout, Input, Rescaling
from nnfast.losses import BinaryCrossentropy
from nnfast.optimizers import SGD, Adagrad, Adam, AdamW, Nadam, RMSprop, Rprop
from nnfast.saving import tensor_file
from nnfast.schedules import CosineDecay, Warmup

safetensors = pytest.importorskip("safetensors")
from safetensors.numpy import save  # noqa: E402

OPTIMIZERS = [
    *(SGD(0.05), SGD(0.05, momentum=0.9, nesterov=True), Adam(0.003, epsilon=1e-6), AdamW(0.003, amsgrad=True)),
    *(Nadam(0.01), RMSprop(0.003, momentum=0.9, centered=True), Adagrad(0.1), Rprop(0.001)),
    SGD(Warmup(CosineDecay(0.1, 40, 0.1), 5), momentum=0.5, weight_decay=0.01),
]


def make_small(dtype="float32"):
    """A model of every kind of layer, trained a little."""
    layers = [
        Input(3, scale=0.5, offset=0.25),
        Dense(4, "leaky_relu", name="hidden", trainable="bias"),
        Dropout(0.2),
        Rescaling(2, -1),
        Dense(2, use_bias=False),
        Activation("sigmoid"),
    ]
    model = Sequential(layers, seed=2**64 - 1, dtype=dtype, name="small")
    model.compile(Adam(0.01), "bce", ["acc", "mae"])
    rng = np.random.default_rng(0)
    model.fit(rng.random((20, 3)), rng.integers(0, 2, (20, 2)), epochs=2, verbose=0)
    return model


def rewrite(path, change_description=None, change_tensors=None):
    """Change a file as someone would who knows how to mend the checksum."""
    text, tensors = tensor_file.read_tensors(path)
    description = json.loads(text)
    (change_description or (lambda data: None))(description)
    (change_tensors or (lambda data: None))(tensors)
    tensor_file.write_tensors(path, json.dumps(description), tensors)


@pytest.mark.parametrize("built_by_data", [False, True])
def test_round_trip(dtype, tmp_path, built_by_data):
    model = make_small(dtype)
    if built_by_data:
        model = Sequential([Dense(2, "softmax"), Dense(1)], dtype=dtype)
        model.compile("sgd", "mse")
        model.fit(np.ones((3, 5)), np.ones(3), verbose=0)
    path = tmp_path / "m.safetensors"
    model.save(path)
    again = load_model(str(path))
    assert again.get_config()["seed"] == model.seed
    assert (again.name, again.dtype, again._epochs_done) == (model.name, model.dtype, model._epochs_done)
    assert [type(layer) for layer in again._stack] == [type(layer) for layer in model._stack]
    assert (again.loss, again.metrics) == (model.loss, model.metrics)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    again.history = model.history
    assert hash_state(again) == hash_state(model)
    other = tmp_path / "again.safetensors"
    again.save(other)
    assert other.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer.rule)
@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_resumed_training_has_the_bits_of_uninterrupted(optimizer, rate, dtype, tmp_path):
    x, y = make_classes()
    whole, first = (make_classifier(rate=rate, dtype=dtype, optimizer=optimizer) for _ in range(2))
    expected = whole.fit(x, y, epochs=5, verbose=0).history
    first.fit(x, y, epochs=2, verbose=0)
    first.save(tmp_path / "m")
    second = load_model(tmp_path / "m")
    history = second.fit(x, y, epochs=5, initial_epoch=2, verbose=0).history
    assert hash_weights(second) == hash_weights(whole)
    assert {name: values[2:] for name, values in expected.items()} == history


def test_without_compile(tmp_path):
    model = make_small()
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m", compile=False)
    assert loaded.optimizer is None
    assert hash_weights(loaded) == hash_weights(model)


@pytest.mark.parametrize("compiled", ["not", "without loss"])
def test_models_without_a_loss(compiled, tmp_path):
    model = Sequential([Input(3), Dense(2)], seed=1)
    if compiled == "without loss":
        model.compile("sgd")
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert again.loss is None
    assert (again.optimizer is None) == (compiled == "not")
    assert hash_weights(again) == hash_weights(model)


def test_given_arrays_are_not_written_twice(tmp_path):
    kernel = np.random.default_rng(0).standard_normal((100, 50))
    model = Sequential([Input(100), Dense(50, kernel_initializer=kernel)])
    model.save(tmp_path / "m")
    assert (tmp_path / "m").stat().st_size < 4 * (5000 + 50) + 2000


def test_loss_options_are_kept(tmp_path):
    model = Sequential([Input(3), Dense(2)], seed=1)
    model.compile("sgd", BinaryCrossentropy(from_logits=True))
    model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").loss == BinaryCrossentropy(from_logits=True)


def test_torch_opens_the_file(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from safetensors.torch import load_file

    layers = [Input(6), Dense(5, "relu"), Dropout(0.1), Dense(4), Activation("tanh"), Dense(3, "softmax")]
    model = Sequential(layers, seed=3)
    model.compile("adam", "mse")
    x = np.random.default_rng(0).standard_normal((7, 6)).astype(np.float32)
    model.fit(x, np.zeros((7, 3)), verbose=0)
    model.save(tmp_path / "m")
    nn = torch.nn
    stack = (nn.Linear(6, 5), nn.ReLU(), nn.Dropout(0.1), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3), nn.Softmax(1))
    twin = nn.Sequential(*stack).eval()
    tensors = load_file(tmp_path / "m")
    twin.load_state_dict({key: value for key, value in tensors.items() if not key.startswith("optimizer.")})
    assert {key.split(".")[1] for key in tensors if key.startswith("optimizer.")} == {"0", "1"}
    with torch.no_grad():
        np.testing.assert_allclose(twin(torch.from_numpy(x)).numpy(), model.predict(x), rtol=1e-4, atol=1e-6)


# ---- damage ----


def test_cut_at_every_97th_byte(tmp_path):
    make_small().save(tmp_path / "m")
    content = (tmp_path / "m").read_bytes()
    cut = tmp_path / "cut"
    lengths = {*range(0, len(content), 97), *range(12), len(content) - 1}
    for length in sorted(lengths):
        cut.write_bytes(content[:length])
        with pytest.raises(ModelFileError, match="cut: expected a model file of nnfast, received") as caught:
            load_model(cut)
        assert isinstance(caught.value, ValueError)


def test_every_flipped_bit_is_found(tmp_path):
    """All bits of the first 24 bytes, and one bit of every second byte behind them."""
    make_small().save(tmp_path / "m")
    content = (tmp_path / "m").read_bytes()
    flipped = tmp_path / "flipped"
    for place in (*range(24), *range(24, len(content), 2)):
        for bit in range(8) if place < 24 else [place // 2 % 8]:
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            flipped.write_bytes(damaged)
            with pytest.raises(ModelFileError, match="flipped: expected a model file of nnfast, received"):
                load_model(flipped)


def test_bytes_behind_the_end_are_found(tmp_path):
    make_small().save(tmp_path / "m")
    (tmp_path / "m").write_bytes((tmp_path / "m").read_bytes() + b"\0")
    with pytest.raises(ModelFileError):
        load_model(tmp_path / "m")


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"\x80\x04\x95", b"\x93NUMPY\x01\x00", b"\xff" * 64, b"\0" * 64],
    ids=["empty", "zip", "pickle", "npy", "ones", "zeros"],
)
def test_other_files(content, tmp_path):
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ModelFileError, match="no whole safetensors file"):
        load_model(tmp_path / "m")


def test_safetensors_files_of_others(tmp_path):
    (tmp_path / "m").write_bytes(save({"a": np.zeros(3)}, {"format": "pt"}))
    with pytest.raises(ModelFileError, match=r"metadata with the keys \['format'\], not nnfast"):
        load_model(tmp_path / "m")


def test_missing_files_are_os_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        load_model(tmp_path)


def put(*keys, value):
    """A change of one entry of the description."""

    def change(data):
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return change


BAD_DESCRIPTIONS = {
    "format": put("format", value=2),
    "dtype": put("dtype", value="float16"),
    "seed": put("seed", value=-1),
    "seed a bool": put("seed", value=True),
    "epochs": put("epochs_done", value=1.5),
    "in_size": put("in_size", value=4),
    "in_size huge": put("in_size", value=2**40),
    "name": put("name", value=3),
    "no layers": put("layers", value=[]),
    "layers no list": put("layers", value={}),
    "unknown layer": put("layers", 1, "class_name", value="Lambda"),
    "class name no text": put("layers", 1, "class_name", value=["Dense"]),
    "unknown argument": put("layers", 1, "config", "function", value="os.system"),
    "config no dict": put("layers", 5, "config", value=[]),
    "units": put("layers", 1, "config", "units", value=5),
    "units huge": put("layers", 1, "config", "units", value=2**31 - 1),
    "rate": put("layers", 2, "config", "rate", value=1.0),
    "activation": put("layers", 1, "config", "activation", value={"class_name": "Eval", "config": {}}),
    "input inside": put("layers", 3, value={"class_name": "Input", "config": {"shape": 4}}),
    "optimizer": put("compiled", "optimizer", "class_name", value="Adagrad"),
    "optimizer with other slots": put("compiled", "optimizer", value={"class_name": "SGD", "config": {}}),
    "learning rate": put("compiled", "optimizer", "config", "learning_rate", value=-1),
    "step": put("compiled", "step", value=-1),
    "loss": put("compiled", "loss", value={"class_name": "Dense", "config": {}}),
    "loss that does not fit": put(
        "compiled", "loss", value={"class_name": "BinaryCrossentropy", "config": {"from_logits": True}}
    ),
    "metrics": put("compiled", "metrics", value=[{"class_name": "Accuracy", "config": {"name": ""}}, 3]),
    "compiled": put("compiled", value=[]),
    "compiled empty": put("compiled", value={}),
    "compiled more": put("compiled", "callbacks", value=[]),
    "metadata": put("metadata", value=[]),
    "more": put("code", value="import os"),
}


@pytest.mark.parametrize("change", BAD_DESCRIPTIONS.values(), ids=BAD_DESCRIPTIONS)
def test_bad_descriptions(change, tmp_path):
    path = tmp_path / "m"
    make_small().save(path)
    rewrite(path, change)
    with pytest.raises(
        ModelFileError, match=r"expected a model file of nnfast, received one with a bad description: .+"
    ):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("0.bias"),
        lambda t: t.update({"0.bias": np.zeros(5, np.float32)}),
        lambda t: t.update({"0.bias": np.zeros(4, np.float64)}),
        lambda t: t.update({"0.weight": np.ascontiguousarray(t["0.weight"].T)}),
        lambda t: t.update({"more": np.zeros(4, np.float32)}),
        lambda t: t.pop("optimizer.1.0.bias"),
    ],
)
def test_bad_tensors(change, tmp_path):
    path = tmp_path / "m"
    make_small().save(path)
    rewrite(path, None, change)
    with pytest.raises(ModelFileError, match="expected"):
        load_model(path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "NaN", '{"format": NaN}', "[" * 100_000, '{"format": 1' + "0" * 5000 + "}"]
)
def test_text_that_is_no_description(text, tmp_path):
    tensor_file.write_tensors(tmp_path / "m", text, {"a": np.zeros(3, np.float32)})
    with pytest.raises(ModelFileError, match="bad description"):
        load_model(tmp_path / "m")


# ---- writing ----


def test_an_error_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    model = make_small()
    path = tmp_path / "m"
    model.save(path)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    model.train_on_batch(np.zeros((1, 3)), np.zeros((1, 2)))

    def fail(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["m"]


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        make_small().save(tmp_path / "none" / "m")


def test_permissions_are_those_of_any_file(tmp_path):
    model = make_small()
    (tmp_path / "plain").write_text("")
    model.save(tmp_path / "m")
    assert (tmp_path / "m").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "m").chmod(0o600)
    model.save(tmp_path / "m")
    assert stat.S_IMODE((tmp_path / "m").stat().st_mode) == 0o600


def test_without_safetensors(tmp_path, monkeypatch):
    model = make_small()
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match="pip install safetensors"):
        model.save(tmp_path / "m")
    with pytest.raises(ImportError, match="pip install safetensors"):
        load_model(tmp_path / "m")
    assert not list(tmp_path.iterdir())
