"""models: a model's own files: damaged, and with a right checksum over what no model is."""

import copy
import json
import struct
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnfast
from nnfast import layers, optimizers
from nnfast.exceptions import ModelFileError
from nnfast.saving.tensor_file import read_tensors, write_tensors
from soak.hostile.attack_folder import choose_folder
from soak.hostile.damage import damage, draw_number
from soak.hostile.form import Form

Tensors = dict[str, NDArray[Any]]


def _make_models() -> list[nnfast.Sequential]:
    stacks = [
        [layers.Input(3), layers.Dense(4, "relu"), layers.Dense(2, "softmax")],
        [
            layers.Input(5, scale=0.5),
            layers.Normalization(mean=0.5, variance=2.0),
            layers.Dense(3, "elu", kernel_regularizer="l2"),
        ],
        [
            layers.Input(2),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.LayerNormalization(),
            layers.Dense(2),
        ],
    ]
    models = [
        nnfast.Sequential(stack, seed=1, dtype=dtype)
        for stack, dtype in zip(stacks, ("float32", "float64", "float32"), strict=True)
    ]
    models[0].compile(optimizers.Adam(0.01, use_ema=True), "sparse_categorical_crossentropy", ["accuracy"])
    models[0].metadata = {"names": ["a", "b"], "run": {"seconds": 1.5}}
    models[2].compile("sgd", "mse")
    return models


@cache
def _write_models() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m")
        return [(model.save(path), path.read_bytes())[1] for model in _make_models()]


@cache
def _read_models() -> list[tuple[str, Tensors]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m")
        return [(path.write_bytes(content), read_tensors(path))[1] for content in _write_models()]


# ---- damage ----


def make_damaged(rng: Random) -> bytes:
    content = rng.choice(_write_models())
    n_head = struct.unpack("<Q", content[:8])[0]
    kind = rng.random()
    if kind < 0.45:
        return damage(rng, content, 8 + n_head)
    if kind < 0.55:  # a header of another size than it says, up to 2**64 - 1 bytes
        return struct.pack("<Q", draw_number(rng) % 2**64) + content[8:]
    header = json.loads(content[8 : 8 + n_head])
    text = _damage_header(rng, header, [name for name in header if name != "__metadata__"])
    return struct.pack("<Q", len(text)) + text + content[8 + n_head :]


def _damage_header(rng: Random, header: dict[str, Any], names: list[str]) -> bytes:
    """Change what a safetensors file says of its tensors: types, shapes, places; names twice, and names of paths."""
    name, other = rng.choice(names), rng.choice(names)
    entry = header[name]
    match rng.randrange(8):
        case 0:
            entry["data_offsets"][rng.randrange(2)] = rng.choice((draw_number(rng), -1, 1.5, "0", None))
        case 1:
            entry["data_offsets"] = header[other]["data_offsets"]
        case 2:
            entry["shape"] = [draw_number(rng) for _ in range(rng.randrange(4))]
        case 3:
            entry["dtype"] = rng.choice(("F64", "F16", "BF16", "I8", "BOOL", "U64", "F8_E4M3", "C64", "object", None))
        case 4:
            header[rng.choice(("../../x", "/etc/passwd", "", "optimizer.0.0.weight", "__metadata__x"))] = header.pop(
                name
            )
        case 5:
            return json.dumps(header).replace(f'"{other}"', f'"{name}"', 1).encode()
        case 6:
            header["__metadata__"] = rng.choice(({}, {"nnfast": ""}, {"a": "b"}, [], "x", {"nnfast": {"a": 1}}))
        case 7:
            depth = rng.choice((10, 1000, 100_000))
            return json.dumps(header).replace("[", "[" * depth, 1).encode()
    return json.dumps(header).encode()


def is_right_damaged(_: bytes, model: nnfast.Sequential) -> bool:
    """It is one of those that were written, to the bit."""
    with tempfile.NamedTemporaryFile(dir=choose_folder()) as file:
        model.save(file.name)
        return Path(file.name).read_bytes() in _write_models()


# ---- other content, with a checksum that is right ----

_VALUES = (
    *(None, True, False, "", "x", "Sequential", "os.system", "__import__('os')", "ReLU", "../../x", "x" * 5000),
    *(0, -1, 1, 2, 1.5, -0.5, 1e308, 5e-324, 2**31 - 1, 2**31, 2**53, 2**63, 2**64, 10**400),
    *(
        [],
        {},
        [[]],
        [1, "a"],
        {"class_name": "ReLU", "config": {}},
        {"class_name": "Dense", "config": {"units": 2**30}},
    ),
    {"class_name": "eval", "config": {"source": "1"}},
)


_FREE = (
    {"class_name": "Normalization", "config": {"mean": 0.0, "variance": 1.0}},
    {"class_name": "LayerNormalization", "config": {"scale": False, "center": False}},
    {"class_name": "Dropout", "config": {"rate": 0.5}},
)


def _list_places(tree: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = tree.keys() if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    return [place, *(below for key in keys for below in _list_places(tree[key], (*place, key)))]


def _change_tree(rng: Random, tree: Any) -> None:
    place = rng.choice(_list_places(tree)[1:])
    for key in place[:-1]:
        tree = tree[key]
    key = place[-1]
    kind = rng.random()
    if kind < 0.6 and isinstance(tree[key], int | float) and rng.random() < 0.7:
        tree[key] = rng.choice((10**400, -(10**400), 1e308, -1.0, 5e-324, draw_number(rng), -draw_number(rng)))
    elif kind < 0.6:
        tree[key] = copy.deepcopy(rng.choice(_VALUES))
    elif kind < 0.75:
        del tree[key]
    elif isinstance(tree, list):
        tree[key : key + 1] = [copy.deepcopy(tree[key]) for _ in range(rng.choice((2, 3, 200)))]
    else:
        tree[rng.choice(("name", "shape", "__class__", "self", "units", "x"))] = copy.deepcopy(rng.choice(_VALUES))


def _claim_features(rng: Random, data: dict[str, Any]) -> dict[str, Any]:
    """Return layers that have no weights, for as many features as a number may be."""
    stack = [copy.deepcopy(rng.choice(_FREE)) for _ in range(rng.choice((1, 2, 50)))]
    return data | {"in_size": rng.choice((draw_number(rng), 2**20, 2**24)), "layers": stack, "compiled": None}


def _change_tensors(rng: Random, tensors: Tensors) -> None:
    name = rng.choice(list(tensors))
    values = tensors[name]
    match rng.randrange(6):
        case 0:
            tensors[name] = values.astype(rng.choice(("f2", "f4", "f8", "i4", "u1", "?")))
        case 1:
            tensors[name] = np.ascontiguousarray(values.T).reshape(-1)
        case 2:
            tensors[name] = values[:0]
        case 3:
            tensors[rng.choice(("../x", "0.weight", "7.bias", "optimizer.9.0.weight"))] = tensors.pop(name)
        case 4:
            tensors[name] = np.full_like(values, rng.choice((np.nan, np.inf, -np.inf)))
        case 5:
            tensors[name] = np.zeros((*values.shape, 1), values.dtype)


def make_described(rng: Random) -> bytes:
    text, tensors = rng.choice(_read_models())
    tensors = dict(tensors)
    data = json.loads(text)
    if rng.random() < 0.05:
        data, tensors = _claim_features(rng, data), {}
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        if data and rng.random() < 0.8:
            _change_tree(rng, data)
        elif tensors:
            _change_tensors(rng, tensors)
    text = json.dumps(data)
    if rng.random() < 0.1:
        text = _change_text(rng, text)
    with tempfile.NamedTemporaryFile(dir=choose_folder()) as file:
        write_tensors(file.name, text, tensors)
        return Path(file.name).read_bytes()


def _change_text(rng: Random, text: str) -> str:
    """What no tree is written as: names twice, NaN, depth, integers without end."""
    match rng.randrange(6):
        case 0:
            return text.replace("{", '{"format": 1, "name": null, ', 1)
        case 1:
            return text.replace("1", rng.choice(("NaN", "Infinity", "-Infinity", "1e999", "0x1", "01")), 1)
        case 2:
            return text.replace("[", "[" * rng.choice((10, 2000, 100_000)), 1)
        case 3:
            return text.replace("1", "1" * rng.choice((400, 5000)), 1)
        case 4:
            return text[: rng.randrange(len(text))]
        case _:
            return text.replace('"name": null', '"name": "\\ud800"')


def is_right_described(content: bytes, model: nnfast.Sequential) -> bool:
    """Its weights are those of the file, and it predicts."""
    from safetensors.numpy import load

    tensors = load(content).items()
    written = sorted(array.T.tobytes() for name, array in tensors if not name.startswith("optimizer."))
    n_features = model._get_built()[0].in_size
    is_same = sorted(array.tobytes() for array in model.get_weights()) == written
    return is_same and (n_features > 10_000 or len(model.predict(np.zeros((2, n_features)), verbose=0)) == 2)


# ---- weights alone ----


@cache
def _make_reader() -> nnfast.Sequential:
    return _make_models()[0]


def load_weights(path: Path) -> nnfast.Sequential:
    """Into a model that is there: its weights stay as they were where a file is refused."""
    model = _make_reader()
    before = [array.tobytes() for array in model.get_weights()]
    try:
        model.load_weights(path)
    except ModelFileError:
        assert [array.tobytes() for array in model.get_weights()] == before
        raise
    return model


def is_right_weights(content: bytes, model: nnfast.Sequential) -> bool:
    return is_right_described(content, model)


FORMS = {
    "model": Form("a model, damaged", 120_000, make_damaged, nnfast.load_model, is_right_damaged, ModelFileError),
    "described": Form(
        "a model whose checksum is right, of what is none",
        20_000,
        make_described,
        nnfast.load_model,
        is_right_described,
        ModelFileError,
    ),
    "weights": Form("weights", 30_000, make_damaged, load_weights, is_right_weights, ModelFileError),
}
