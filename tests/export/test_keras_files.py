"""Files of Keras that are damaged, or lie: an error that names file and place, nothing run, nothing else read."""

import io
import json
import re
import zipfile

import numpy as np
import pytest

from nnfast import Sequential
from nnfast.exceptions import ModelFileError
from nnfast.export.keras import load, load_weights
from nnfast.layers import Dense, Input

keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def path(tmp_path):
    layers = keras.layers
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, "relu", name="first"), layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    return tmp_path / "m.keras"


def rewrite(path, change_config=None, change_weights=None, compression=zipfile.ZIP_STORED):
    """Change what is in an archive."""
    with zipfile.ZipFile(path) as archive:
        config, weights = json.loads(archive.read("config.json")), io.BytesIO(archive.read("model.weights.h5"))
    if change_config:
        config = change_config(config) or config
    if change_weights:
        with h5py.File(weights, "r+") as file:
            change_weights(file)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        archive.writestr("model.weights.h5", weights.getvalue())


def set_first(**values):
    def change(config):
        config["config"]["layers"][1].update(values)

    return change


def set_option(name, value):
    def change(config):
        config["config"]["layers"][1]["config"][name] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_first(class_name="Lambda"), r"first \(Lambda\): layer: expected one of Dense, .*, received 'Lambda'"),
        (set_first(module="os"), "first: expected a class of Keras, received 'Dense' .*it is one of os"),
        (set_first(registered_name="own>Dense"), "first: expected a class of Keras"),
        (set_first(config=None), "config: expected class_name and config of a layer"),
        (set_option("activation", {"class_name": "function", "config": "system"}), r"\(Dense\): activation: expected"),
        (
            set_option("activation", {"class_name": "ReLU", "config": {}, "module": "own"}),
            r"first \(Dense\): layer: expected a class of Keras, received 'ReLU'",
        ),
        (set_option("activation", "system"), r"first \(Dense\): activation: expected one of 'linear'"),
        (set_option("units", 2**40), r"first \(Dense\): units: expected"),
        (set_option("units", 2**30), r"first \(Dense\): weights: expected floats of shapes"),
        (set_option("use_bias", "yes"), "use_bias: expected True or False"),
        (set_option("lora_rank", 4), r"lora_rank: expected one of \[None\]"),
        (lambda config: config["config"].update(layers={}), "layers: expected a list of layers"),
        (lambda config: config.update(class_name="Model"), "model: expected a Sequential or Functional"),
        (
            lambda config: config["config"]["layers"][0]["config"].update(batch_shape=[None, "3"]),
            "shape: expected an i",
        ),
        (lambda config: config["config"]["layers"][0]["config"].update(batch_shape=7), "expected one that is built"),
        (lambda config: [config], "config: expected class_name and config"),
        (lambda _: "[" * 100_000, "recursion"),
        (lambda _: "{", "Expecting property name"),
    ],
)
def test_configs(change, message, path):
    rewrite(path, change)
    with pytest.raises(ModelFileError, match=f"^{re.escape(str(path))}: .*{message}"):
        load(path)


KERNEL, BIAS = "layers/dense/vars/0", "layers/dense/vars/1"


def link_elsewhere(file):
    del file[KERNEL]
    file[KERNEL] = h5py.ExternalLink("/etc/passwd", "/")


def link_softly(file):
    del file[KERNEL]
    file[KERNEL] = h5py.SoftLink("/layers/dense_1/vars/0")


def store_elsewhere(file):
    del file[BIAS]
    file.create_dataset(BIAS, (4,), "f4", external=[("/etc/passwd", 0, 16)])


def promise_much(file):
    del file[KERNEL]
    file.create_dataset(KERNEL, (2**20, 2**20), "f4", chunks=(1024, 1024))


def promise_without_chunks(file):
    del file[KERNEL]
    file.create_dataset(KERNEL, (2**20, 2**20), "f4")


def write_objects(file):
    del file[BIAS]
    file.create_dataset(BIAS, data=["a", "b", "c", "d"])


def write_many(file):
    for number in range(2, 100):
        file[f"layers/dense/vars/{number}"] = np.zeros(4, "f4")


def take_away(file):
    del file["layers/dense"]


def make_flat(file):
    del file["layers/dense/vars"]
    file["layers/dense/vars"] = np.zeros(4, "f4")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (link_elsewhere, f"{KERNEL}: expected no link to somewhere else"),
        (link_softly, f"{KERNEL}: expected no link to somewhere else"),
        (store_elsewhere, f"{BIAS}: expected an array that lies in the file as it is"),
        (promise_much, f"{KERNEL}: expected an array that lies in the file as it is"),
        (promise_without_chunks, f"{KERNEL}: expected an array that lies in the file as it is"),
        (write_objects, f"{BIAS}: expected an array of numbers"),
        (write_many, "layers/dense/vars: expected at most 4 arrays, numbered from 0"),
        (take_away, r"first \(Dense\): weights: expected floats of shapes \[\(3, 4\), \(4,\)\], received"),
        (make_flat, "layers/dense/vars: expected a group"),
    ],
)
def test_weights(change, message, path):
    """In the archive, and alone: a model that has weights keeps them."""
    rewrite(path, None, change)
    with pytest.raises(ModelFileError, match=f"^{re.escape(str(path))}: .*{message}"):
        load(path)
    alone = path.with_name("m.weights.h5")
    with h5py.File(alone, "r+") as file:
        change(file)
    model = Sequential([Input(3), Dense(4), Dense(2)], seed=0)
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=f"^{re.escape(str(alone))}: "):
        load_weights(model, alone)
    for one, other in zip(before, model.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_archives(path):
    """Each length of a file that was cut short, and files of other kinds."""
    whole = path.read_bytes()
    for length in [*range(0, 100, 7), *range(100, len(whole), len(whole) // 50)]:
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=re.escape(str(path))):
            load(path)
    path.write_bytes(whole)
    rewrite(path, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelFileError, match=r"archive: expected config\.json, as Keras 3 stores it"):
        load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelFileError, match=r"archive: expected model\.weights\.h5"):
        load(path)
    path.write_text("weights")
    with pytest.raises(ModelFileError, match="expected a whole HDF5 file"):
        load_weights(Sequential([Input(3), Dense(4)], seed=0), path)


def test_damaged_weights(path, rng):
    """Bytes that are others than they were give an error, or other weights of the same shapes."""
    alone = path.with_name("m.weights.h5")
    whole = np.frombuffer(alone.read_bytes(), np.uint8)
    model = Sequential([Input(3), Dense(4), Dense(2)], seed=0)
    n_refused = 0
    for _ in range(200):
        damaged = whole.copy()
        damaged[rng.integers(len(whole), size=5)] = rng.integers(256, size=5)
        alone.write_bytes(damaged.tobytes())
        try:
            load_weights(model, alone)
        except ModelFileError:
            n_refused += 1
    assert n_refused > 5


def test_missing_files(tmp_path):
    for read in (load, lambda path: load_weights(Sequential([Input(3), Dense(4)], seed=0), path)):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none.keras")
        with pytest.raises(OSError, match="directory"):
            read(tmp_path)
