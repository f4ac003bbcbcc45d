"""Files of runs, ``nnfast train --config``, and the record that a run leaves in its model."""

import json
import math
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from commands import run, run_json
from texts import RUN

import nnfast
from nnfast.cli.option import collect_pairs
from nnfast.cli.options import OPTIONS
from nnfast.cli.program import program
from nnfast.cli.record import KEY, _measure_memory
from nnfast.cli.run_file import read_run_file, write_run_file
from nnfast.exceptions import DataFileError

FLOWERS = ("flowers.csv", "--target", "kind", "--epochs", 4)
PRICES = ("prices.csv", "--target", "price", "--epochs", 4)


def train(*arguments, **options):
    """Train and return the model."""
    run("train", *arguments, "--model", "m.st", "--picture", "p.png", **options)
    return nnfast.load_model("m.st")


# ---- files of runs ----


def test_run_file(here):
    Path("run.toml").write_text(RUN)
    run("train", "--config", "run.toml", "--picture", "p.png", "--epochs", 2, "--save-config", "saved.toml")
    model = nnfast.load_model("of file.st")
    settings = model.metadata[KEY]["settings"]
    assert settings["epochs"] == 2  # the command line counts more
    assert settings["hidden"] == [12, 5]
    assert settings["class-weight"] == {"rose": 2, "wild, red": 0.5}
    assert settings["metric"] == ["accuracy", "f1_score"]
    assert settings["shuffle"] is False
    assert settings["optimizer-option"] == {"nesterov": True, "momentum": 0.5}
    assert model.optimizer.nesterov
    assert tomllib.loads(Path("saved.toml").read_text()) == settings
    run("train", "--config", "saved.toml", "--model", "again.st")
    again = nnfast.load_model("again.st")
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), again.get_weights(), strict=True))


def test_settings_are_in_the_order_of_the_help(here):
    train(*PRICES)
    settings = list(nnfast.load_model("m.st").metadata[KEY]["settings"])
    names = ["data", *(option.name for option in OPTIONS)]
    assert settings == sorted(settings, key=names.index)
    assert {"hidden", "dropout", "epochs", "batch-size", "loss", "optimizer", "seed"} <= set(settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "key: expected one of"),
        ("epoch = 3", "did you mean 'epochs'?"),
        ("epochs = 1.5", "run.toml: epochs: '1.5' is not a valid integer"),
        ("epochs = [1, 2]", "epochs: expected one value, received [1, 2] (list)"),
        ("shuffle = 1", "shuffle: expected True or False, received 1"),
        ("kind = 'regresion'", "run.toml: kind: "),
        ("test-split = 1.5", "run.toml: test-split: 1.5 is not in the range 0<x<1"),
        ("hidden = ['x']", "hidden: expected numbers like 128 or 512,256"),
        ("resume = true", "key: expected one of"),
        ("data = 3", "data: expected a string"),
        ("epochs 3", "run.toml: Expected '=' after a key"),
    ],
)
def test_errors_of_run_files(here, text, message):
    Path("run.toml").write_text(text)
    assert message in run("train", *FLOWERS, "--config", "run.toml", code=2)


def test_values_survive_a_run_file(here):
    values = {
        "data": 'a "quoted" \\ name é\x7f\n.csv',
        "target": "x",
        "hidden": [],
        "class-weight": "balanced",
        "shuffle": True,
        "learning-rate": 1e-5,
        "loss-option": {"a b": 1.5, "c": False},
        "seed": 2**64 - 1,
    }
    Path("run.toml").write_text(write_run_file(values), encoding="utf-8")
    assert read_run_file(Path("run.toml")) == values


def test_values_of_pairs():
    assert collect_pairs(["a=1", "b=1e-3", "c=True", "d=x=y"][:3]) == {"a": 1, "b": 1e-3, "c": True}
    assert collect_pairs(["name=with=sign=2"]) == {"name=with=sign": 2}


def test_every_option_can_be_written_and_read(here):
    """No row of the table is of a kind that files do not know."""
    for option in OPTIONS:
        if option.in_file:
            texts = {"hidden": [3], "metric": ["auc"], "class-weight": {"a": 1.0}}
            value = texts.get(option.name, option.default)
            if option.type is bool:
                assert option.read(True) is True
            elif value is not None:
                assert option.read(value) == value


# ---- the record ----


def test_record(here):
    record = run_json("train", *FLOWERS, "--threads", 1, "--seed", 5)
    files = {"model": record.pop("model"), "picture": record.pop("picture")}
    assert files == {"model": "flowers.safetensors", "picture": "flowers.png"}
    assert nnfast.load_model("flowers.safetensors").metadata[KEY] == record
    assert list(record) == [
        *(
            "nnfast",
            "data",
            "data_sha256",
            "rows",
            "network",
            "settings",
            "seed",
            "threads",
            "machine",
            "started",
            "seconds",
        ),
        *("samples_per_second", "history", "test"),
    ]
    assert (record["data"], record["network"], record["seed"], record["threads"]) == ("flowers", "3-64-3", 5, 1)
    assert record["rows"] == {"train": 64, "validation": 8, "test": 18}
    assert list(record["machine"]) == ["cpu", "isa", "cores", "memory_gib", "system", "python", "numpy"]
    assert record["machine"]["memory_gib"] > 0.1
    assert record["history"]["epoch"] == [1, 2, 3, 4]
    assert all(len(values) == 4 for values in record["history"].values())
    assert record["samples_per_second"] == pytest.approx(4 * 64 / record["seconds"])
    assert 0 <= record["test"]["accuracy"] <= 1
    age = datetime.now(UTC) - datetime.fromisoformat(record["started"])
    assert 0 <= age.total_seconds() < 600


def test_a_system_that_does_not_tell_of_its_memory(monkeypatch):
    monkeypatch.delattr("os.sysconf")
    assert _measure_memory() is None


def test_numbers_that_are_not_finite_are_none():
    from nnfast.cli.record import add_epoch

    record = {"history": {"epoch": []}}
    add_epoch(record, 0, {"loss": math.nan})
    assert record == {"history": {"epoch": [1], "loss": [None]}}
    json.dumps(record, allow_nan=False)


def test_program_knows_every_option():
    flags = {flag for parameter in program.commands["train"].params for flag in parameter.opts}
    assert {f"--{option.name}" for option in OPTIONS} <= flags


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hidden = " + b"[" * 3000, "expected settings, received values within values"),
        (b"a = " + b"{a = " * 3000, "expected settings, received values within values"),
        (b"a." * 20_000 + b"a = 1", r"key: expected a name, received a\.a\.a\.a\.\.\."),
        (b"epochs = 3\n'a'.\"b\" . c.d.e = 1", r"key: expected a name, received  \.  \. c\.d"),
        (b"# " + b"x" * (1 << 16), "expected at most 65536 bytes, received more"),
        (b"x" * 60_000 + b" = 1", "key: expected one of"),
        (b"x" + b" " * 60_000 + b" = 1", "key: expected one of"),
        (b'x = "' + b'\\"' * 30_000, "Unterminated string"),
        (b"epochs = 3\n\xff", "'utf-8' codec can't decode byte 0xff in position 11"),
    ],
)
def test_files_that_no_run_has(here, content, message):
    Path("run.toml").write_bytes(content)
    start = time.process_time()
    with pytest.raises(DataFileError, match=rf"^run\.toml: {message}"):
        read_run_file(Path("run.toml"))
    assert time.process_time() - start < 1


def test_dots_in_texts_and_comments_are_no_keys(here):
    Path("run.toml").write_text(
        "# ..........\ndata = \"a.b.c.d.e.f.csv\"\ntarget = 'a.b.c.d.e.f'\ndropout = 0.5 # 1.2.3.4.5\n"
    )
    assert read_run_file(Path("run.toml"))["data"] == "a.b.c.d.e.f.csv"
