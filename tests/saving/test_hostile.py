"""Files with a right checksum over what no model is, and headers that claim what is not there."""

import json
import struct
import tracemalloc

import pytest

import nnfast
from nnfast.exceptions import ModelFileError
from nnfast.layers import Dense, Input
from nnfast.saving import tensor_file
from nnfast.saving.tensor_file import read_tensors, write_tensors


def write(path, change=lambda data: None):
    """Write a small model of which something was changed; without tensors if it is not compiled then."""
    model = nnfast.Sequential([Input(2), Dense(3)], seed=1)
    model.compile("adam", "mse")
    model.save(path)
    text, tensors = read_tensors(path)
    data = json.loads(text)
    change(data)
    write_tensors(path, json.dumps(data), tensors if data["compiled"] else {})
    return path


def give_layers(*layers, in_size=2**30):
    def change(data):
        stack = [{"class_name": name, "config": config} for name, config in layers]
        data.update(in_size=in_size, layers=stack, compiled=None)

    return change


ONE = {"mean": 0.0, "variance": 1.0}
FREE = {"scale": False, "center": False}
CASES = {
    "a rate beyond all floats": (
        lambda data: data["compiled"]["optimizer"]["config"].update(learning_rate=10**400),
        r"learning_rate: expected a finite number",
    ),
    "more steps than can be counted on from": (
        lambda data: data["compiled"].update(step=2**62 + 1),
        r"step: expected an integer from 0 to 4611686018427387904",
    ),
    "a long name": (lambda data: data["layers"][1].update(class_name="Dense" * 100_000), r"layer: expected one of"),
    "statistics for many": (give_layers(("Normalization", ONE)), r"normalizations of 1073741824 features, received 0"),
    "means of many": (give_layers(("LayerNormalization", FREE)), r"normalizations of 1073741824 features, received 0"),
    "many layers of some": (
        give_layers(*[("LayerNormalization", FREE)] * 100, in_size=1000),
        r"normalizations of 100000 features, received 0",
    ),
    "behind a layer that is not there": (
        give_layers(("Dense", {"units": 2**31 - 1}), ("Normalization", ONE), in_size=1),
        r"normalizations of 2147483647 features, received 0",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_lies_of_descriptions(tmp_path, case):
    change, message = CASES[case]
    path = write(tmp_path / "m", change)
    tracemalloc.start()
    with pytest.raises(ModelFileError, match=message):
        nnfast.load_model(path)
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_many_layers(tmp_path):
    """Each is looked for among those before it at once."""
    path = write(tmp_path / "m", give_layers(*[("Dropout", {"rate": 0.5})] * 3000, in_size=2))
    assert len(nnfast.load_model(path).layers) == 3000


@pytest.mark.parametrize("n_bytes", [2**24 + 1, 10**8, 2**63, 2**64 - 1])
def test_long_headers(tmp_path, n_bytes):
    path = write(tmp_path / "m")
    path.write_bytes(struct.pack("<Q", n_bytes) + path.read_bytes()[8:])
    with pytest.raises(ModelFileError, match=rf"byte 0: a header of {n_bytes} bytes, at most 16777216"):
        nnfast.load_model(path)


def test_what_could_not_be_read_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(tensor_file, "_MOST_HEADER_BYTES", 2000)
    path = write(tmp_path / "m")
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"metadata: expected a description of at most 2000 bytes, not \d+"):
        write(path, lambda data: data.update(metadata={"names": ["x"] * 1000}))
    assert path.read_bytes()[:50] == before[:50]
    assert nnfast.load_model(path)
