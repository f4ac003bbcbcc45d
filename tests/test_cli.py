"""The program ``nnfast``: its commands, from arguments to files and words."""

import csv
import re
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")

from commands import list_files, read_figure, read_rows, run, write_flowers, write_prices

import nnfast
from nnfast._persistence import describe_model
from nnfast.cli import tasks
from nnfast.cli.fitting import Fitting, make_model, resolve
from nnfast.cli.image_sets import load_digits_task
from nnfast.cli.options import OPTIONS
from nnfast.cli.scaling import Standardizer
from nnfast.cli.scores import score_values
from nnfast.data.idx import write_idx
from nnfast.datasets import load_digits
from nnfast.layers import Dense

DEFAULTS = {option.name: option.default for option in OPTIONS}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---- digits ----


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The main job, run once: its folder and what it said."""
    folder = tmp_path_factory.mktemp("digits")
    command = [sys.executable, "-m", "nnfast", "train", "digits"]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert finished.stderr == ""
    return folder, finished.stdout


def test_main_job(digits):
    folder, output = digits
    assert read_figure("test accuracy", output) >= 0.97
    assert "digits: 1,297 train, 145 validation, 355 test rows; 64-512-10; seed 0" in output
    assert output.endswith("picture digits.png\n")
    assert list_files(folder) == ["digits.png", "digits.safetensors"]
    assert (folder / "digits.png").read_bytes().startswith(b"\x89PNG")
    (_, _), (x, y) = load_digits()
    accuracy = np.mean(nnfast.load_model(folder / "digits.safetensors").predict(x).argmax(axis=1) == y)
    assert f"test accuracy {accuracy:.4f}" in output


@pytest.mark.parametrize("seed", range(1, 6))
def test_digits_of_any_seed(seed):
    task = load_digits_task(seed)
    fitting = Fitting(task, resolve(DEFAULTS | {"seed": seed}, task))
    fitting.fit([])
    assert fitting.evaluate(fitting.model)["accuracy"] >= 0.97


def test_saved_model_is_as_good_as_was_said(digits):
    folder, output = digits
    line = re.search(r"test accuracy .*", output)[0]
    assert line in run("evaluate", folder / "digits.safetensors", "digits")


def test_predict_writes_classes_and_probabilities(digits):
    folder, output = digits
    rows = list(csv.reader(run("predict", folder / "digits.safetensors", "digits").splitlines()[1:]))
    assert rows[0] == ["prediction", *(f"p_{i}" for i in range(10))]
    predicted = np.array([int(row[0]) for row in rows[1:]])
    assert read_figure("test accuracy", output) == round(np.mean(predicted == load_digits()[1][1]), 4)
    probabilities = np.array(rows[1:], float)[:, 1:]
    np.testing.assert_array_equal(probabilities.argmax(axis=1), predicted)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)


def test_info(digits):
    output = run("info", digits[0] / "digits.safetensors")
    for words in (
        "dense_1 (Dense)",
        "Total params: 38,410",
        "float32, seed 0",
        "adam on sparse_categorical_crossentropy",
    ):
        assert words in output
    assert f"threads: {nnfast.get_num_threads()}" in run("info")


def test_same_seed_same_model(here):
    for name, threads in (("a", 1), ("b", 2)):
        run("train", "digits", "--epochs", 2, "--seed", 7, "--threads", threads, "--model", name, "--picture", "p.png")
    one, other = (nnfast.load_model(here / name).get_weights() for name in "ab")
    assert all((a == b).all() for a, b in zip(one, other))


def test_options(here):
    output = run(
        *("train", "digits", "--hidden", "20,10", "--hidden", 5, "--activation", "tanh", "--dropout", 0.1),
        *("--input-dropout", 0, "--optimizer", "sgd", "--learning-rate", 0.05, "--batch-size", 100, "--epochs", 2),
        *("--validation-split", 0, "--seed", 3, "--threads", 1, "--model", "m.st", "--picture", "p.svg"),
    )
    assert "1,442 train, 0 validation, 355 test rows; 64-20-10-5-10; seed 3, 1 thread\n" in output
    assert "val_loss" not in output
    model = nnfast.load_model(here / "m.st")
    config = {"learning_rate": 0.05, "momentum": 0.0, "nesterov": False, "weight_decay": None}
    assert model.optimizer.get_config() == config
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Dropout"] * 3 + ["Dense"]
    assert model.layers[0].activation.names[0] == "tanh"
    assert (here / "p.svg").read_bytes().startswith(b"<?xml")


def test_no_hidden_layer(here):
    assert "; 64-10; " in run("train", "digits", "--hidden", 0, "--epochs", 1)


def test_quiet(here):
    output = run("train", "digits", "--epochs", 2, "--quiet")
    assert re.fullmatch(r"test accuracy 0\.\d{4}\nmodel digits\.safetensors\npicture digits\.png\n", output)


def test_bars_on_a_terminal(here):
    output = run("train", "digits", "--epochs", 3, env={"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"})
    for words in ("epoch 3/3", "100%", "loading digits", "drawing the picture", "test accuracy"):
        assert words in output
    assert "\x1b[" in output


# ---- MNIST ----


def test_mnist_files(here):
    (x_train, y_train), (x_test, y_test) = load_digits()
    for part, x, y in (("train", x_train, y_train), ("t10k", x_test, y_test)):
        write_idx(here / f"{part}-images-idx3-ubyte", x.reshape(-1, 8, 8) * 15)
        write_idx(here / f"{part}-labels-idx1-ubyte.gz", y)
    output = run("train", "mnist", "--data", here, "--epochs", 3)
    assert read_figure("test accuracy", output) > 0.8
    assert run("evaluate", "mnist.safetensors", "mnist", "--data", here).endswith(re.search(r"test acc.*\n", output)[0])


def test_mnist_itself(here, mnist_folder):
    output = run("train", "mnist", "--data", mnist_folder, "--epochs", 2)
    assert read_figure("test accuracy", output) > 0.96
    assert "54,000 train, 6,000 validation, 10,000 test rows; 784-256-10" in output


# ---- tables ----


def test_table_of_kinds(here):
    path = write_flowers(here / "flowers.csv")
    output = run("train", path, "--target", "kind", "--learning-rate", 0.01)
    assert read_figure("test accuracy", output) > 0.9
    assert "flowers: 64 train, 8 validation, 18 test rows; 3-64-3" in output
    assert read_figure("accuracy", run("evaluate", "flowers.safetensors", path)) > 0.9
    assert "Predicts: kind from length, width, height" in run("info", "flowers.safetensors")
    run("predict", "flowers.safetensors", path, "--output", "out.csv")
    rows = read_rows(here / "out.csv")
    assert rows[0] == ["prediction", "p_rose", "p_tulip", "p_wild, red"]
    assert {row[0] for row in rows[1:]} == {"rose", "tulip", "wild, red"}


def test_columns_are_found_by_name(here):
    path = write_flowers(here / "flowers.csv")
    run("train", path, "--target", "kind", "--epochs", 3)
    expected = run("predict", "flowers.safetensors", path)
    rows = [row[2::-1] for row in read_rows(path)]
    (here / "turned.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    assert run("predict", "flowers.safetensors", "turned.csv").splitlines()[1:] == expected.splitlines()[1:]
    (here / "headless.csv").write_text("".join(",".join(row[::-1]) + "\n" for row in rows[1:]))
    assert run("predict", "flowers.safetensors", "headless.csv").splitlines()[1:] == expected.splitlines()[1:]


def test_table_of_values(here):
    path = write_prices(here / "prices.csv")
    output = run("train", path, "--target", "price", "--learning-rate", 0.01)
    assert read_figure("test R2", output) > 0.9
    assert read_figure("R2", run("evaluate", "prices.safetensors", path)) > 0.9
    predicted = np.array(run("predict", "prices.safetensors", path).splitlines()[2:], float)
    assert np.corrcoef(predicted, np.loadtxt(path, delimiter=",", skiprows=1)[:, 0])[0, 1] > 0.95


def test_table_of_images(here):
    (x, y), _ = load_digits()
    rows = np.column_stack([y, x]).tolist()
    (here / "images.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    output = run("train", "images.csv", "--target", 0, "--epochs", 10)
    assert read_figure("test accuracy", output) > 0.9
    assert "64-128-10" in output
    (here / "unlabelled.csv").write_text("".join(",".join(map(str, row[1:])) + "\n" for row in rows[:20]))
    predicted = [
        int(line.split(",")[0]) for line in run("predict", "images.safetensors", "unlabelled.csv").splitlines()[2:]
    ]
    assert np.mean(predicted == y[:20]) > 0.8


def test_integers_of_many_values_are_no_classes(here):
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i / 7},{i}\n" for i in range(60)))
    assert "test R2" in run("train", "t.csv", "--target", "y", "--epochs", 2)
    assert "test accuracy" in run("train", "t.csv", "--target", "y", "--epochs", 2, "--kind", "classification")


@pytest.mark.parametrize("shift", [0.0, 100.0, 1.6e9])
def test_finished_model_takes_features_as_they_are(shift):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)) * [1, 10, 0.1, 0] + shift
    y = x[:, :2].sum(axis=1) * 3 + 50
    part = tasks.Part(x, y)
    columns = tasks.Columns("y")
    task = tasks.Task("t", part, part, columns, tasks._choose_recipe(x, None))
    fitting = Fitting(task, resolve(DEFAULTS, task))
    fitting.fit([])
    before = Standardizer(y[:, None])
    expected = fitting.model.predict(x) * before.deviation + before.mean
    assert fitting.model.dtype == ("float64" if shift > 1e5 else "float32")
    model = make_model(fitting.as_in_file(describe_model(fitting.model)))
    scale = np.abs(expected - expected.mean()).max()
    np.testing.assert_allclose(model.predict(x), expected, rtol=0, atol=2e-3 * scale)
    assert read_figure("test R2", score_values(model.predict(x), y).text) > 0.8
    far = x + np.array([0, 0, 0, 1e6])
    np.testing.assert_allclose(model.predict(far), model.predict(x), rtol=1e-6)


def test_split_keeps_the_shares_of_classes():
    classes = np.repeat([0, 1, 2, 3], [100, 50, 10, 1])
    train, test = tasks._split(classes, 0.2, np.random.default_rng(0))
    assert np.bincount(classes[test], minlength=4).tolist() == [20, 10, 2, 0]
    assert np.bincount(classes[train]).tolist() == [80, 40, 8, 1]
    assert sorted([*train, *test]) == list(range(161))


def test_a_feature_that_never_varied_changes_nothing():
    """0.1 has no exact mean: the deviation of equal numbers is not 0, and weights divided by it would explode."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=300), np.full(300, 0.1)])
    scaling = Standardizer(x)
    assert not scaling.needs_float64
    model = nnfast.Sequential([*scaling.make_first_layers(), Dense(3)], seed=0)
    np.testing.assert_allclose(model.predict(x + np.array([0, 1e6])), model.predict(x), atol=1e-6)
    last = Standardizer(np.full((300, 1), 0.1)).make_last_layer()
    assert last.scale == 0
    np.testing.assert_allclose(last.offset, 0.1, rtol=1e-15)


@pytest.mark.parametrize("deviation", [1e-150, 1e-12, 1e-6, 1.0, 1e20, 1e100])
def test_features_of_any_size_become_alike(deviation):
    x = np.random.default_rng(0).normal(size=(300, 2)) * [deviation, 1]
    scaling = Standardizer(x)
    assert scaling.needs_float64 == (not 1e-6 <= deviation <= 1e15)
    model = nnfast.Sequential([*scaling.make_first_layers(), Dense(2, kernel_initializer="identity")], dtype="float64")
    np.testing.assert_allclose(model.predict(x), scaling.apply(x), rtol=1e-6)
