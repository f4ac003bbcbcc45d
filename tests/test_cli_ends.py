"""How the program ``nnfast`` ends when it cannot go on: errors and interrupts."""

import os
import re
import signal
import subprocess
import sys

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")

from click.testing import CliRunner
from commands import list_files, read_figure, run, write_flowers, write_prices

from nnfast import load_model, plotting
from nnfast.cli import job, loading
from nnfast.cli.program import program


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A model of the digits."""
    path = tmp_path_factory.mktemp("digits") / "digits.safetensors"
    run("train", "digits", "--epochs", 1, "--model", path, "--picture", path.with_suffix(".png"))
    return path


# ---- errors: one line, exit code 2 ----

ERRORS = {
    "unknown data": (["train", "digit"], r"digit: expected digits, mnist, or a table, found no file of that name"),
    "wrong folder": (["train", "mnist", "--data", "none"], r"none: expected a folder with MNIST's four IDX files"),
    "empty folder": (
        ["train", "mnist", "--data", "."],
        r"expected one of train-images-idx3-ubyte, .*found none of them",
    ),
    "no target": (
        ["train", "flowers.csv"],
        r"flowers\.csv: expected --target COLUMN, .* length, width, height, kind\.",
    ),
    "unknown target": (
        ["train", "flowers.csv", "--target", "kin"],
        r"expected one column named 'kin'.*did you mean 'kind'",
    ),
    "text among numbers": (
        ["train", "mixed.csv", "--target", "y"],
        r"mixed\.csv: line 4, column 1 \(x\): expected a number, as in most rows, received 'many'",
    ),
    "gap in the target": (["train", "mixed.csv", "--target", "z"], r"line 3, target: expected a class or a number"),
    "names of rows": (
        ["train", "names.csv", "--target", "y"],
        r"names\.csv: column 'name': expected at most 100 different texts, received 160, as 'n0'; leave it out",
    ),
    "no column to leave out": (
        ["train", "flowers.csv", "--target", "kind", "--drop", "hight"],
        r"did you mean 'height'",
    ),
    "regression of text": (
        ["train", "flowers.csv", "--target", "kind", "--kind", "regression"],
        r"column 'kind': expected numbers for a regression, received text",
    ),
    "one class": (["train", "one.csv", "--target", "y"], r"column 'y': expected at least two classes, received only 1"),
    "infinity": (
        ["train", "infinite.csv", "--target", "y"],
        r"infinite\.csv: column 'x': expected finite numbers, received infinity in row 0",
    ),
    "nothing but gaps": (
        ["train", "gaps.csv", "--target", "y"],
        r"column 'x': expected at least one number, received none",
    ),
    "too few rows": (
        ["train", "few.csv", "--target", "y"],
        r"expected rows for training and for testing, received 2 in all",
    ),
    "activation": (["train", "digits", "--activation", "rleu"], r"expected one of .*did you mean 'relu'"),
    "optimizer": (["train", "digits", "--optimizer", "adamm"], r"optimizer: expected one of .*did you mean 'adam'"),
    "learning rate": (["train", "digits", "--learning-rate", "-1"], r"learning_rate: expected .* received -1\.0"),
    "dropout": (["train", "digits", "--dropout", "1"], r"'--dropout': 1\.0 is not in the range 0<=x<1"),
    "epochs": (["train", "digits", "--epochs", "0"], r"epochs: expected an integer from 1"),
    "batch size": (["train", "digits", "--batch-size", "0"], r"batch_size: expected an integer"),
    "threads": (["train", "digits", "--threads", "0"], r"'--threads': 0 is not in the range x>=1"),
    "hidden": (
        ["train", "digits", "--hidden", "12,x"],
        r"--hidden.*expected numbers like 128 or 512,256, received '12,x'",
    ),
    "negative hidden": (["train", "digits", "--hidden", "-4"], r"--hidden.*expected numbers like .*, received '-4'"),
    "test split": (["train", "flowers.csv", "--test-split", "1"], r"--test-split.*0<x<1"),
    "model folder": (["train", "digits", "--model", "none/m.st"], r"--model: expected a file in a folder that exists"),
    "model is a pipe": (["train", "digits", "--model", "pipe"], r"--model: expected a file or none, received pipe"),
    "config in no folder": (["train", "digits", "--save-config", "none/c.toml"], r"--save-config: .*that exists"),
    "picture folder": (["train", "digits", "--picture", "none/p.png"], r"--picture: expected a file in a folder that"),
    "picture format": (
        ["train", "digits", "--picture", "p.xyz"],
        r"--picture: expected a name that ends with one of .*p\.xyz",
    ),
    "no model": (["evaluate", "none.st", "digits"], r"File 'none\.st' does not exist"),
    "no model file": (["evaluate", "flowers.csv", "digits"], r"flowers\.csv"),
    "command": (["trian"], r"No such command 'trian'"),
    "option": (["train", "digits", "--epoch"], r"--epoch"),
    "nothing to train": (["train"], r"Missing argument"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(here, case):
    write_flowers(here / "flowers.csv")
    os.mkfifo(here / "pipe")
    (here / "one.csv").write_text("x,y\n1,1\n2,1\n3,1\n")
    (here / "infinite.csv").write_text("x,y\n" + "inf,1\n1,0\n" * 4)
    (here / "gaps.csv").write_text("x,y\n,1\nNA,0\nnan,1\n,0\n,1\n")
    (here / "mixed.csv").write_text("x,y,z\n1,1,2\n2,0,\nmany,1,3\n3,0,4\n")
    (here / "names.csv").write_text("name,y\n" + "".join(f"n{i},{i % 2}\n" for i in range(200)))
    (here / "few.csv").write_text("x,y\n1,1\n2,0\n")
    arguments, message = ERRORS[case]
    last = run(*arguments, code=2).splitlines()[-1]
    assert last.startswith("error: ")
    assert re.search(message, last), last


def test_errors_of_evaluate_and_predict(here, digits):
    path = write_flowers(here / "flowers.csv")
    run("train", path, "--target", "kind", "--epochs", 1)
    (here / "other.csv").write_text("length,width,height,kind\n1,2,3,oak\n")
    (here / "narrow.csv").write_text("length,kind\n1,rose\n")
    (here / "numbers.csv").write_text("1,2\n3,4\n")
    model = "flowers.safetensors"
    assert "target: expected one of rose, tulip, wild, red, received oak in row 0" in run(
        "evaluate", model, "other.csv", code=2
    )
    assert "expected 3 columns, as it has no names, received 2" in run("predict", model, "numbers.csv", code=2)
    assert (
        "narrow.csv: expected columns named length, width, height, received none of the name width, height but length"
        in run("predict", model, "narrow.csv", code=2)
    )
    assert "numbers.csv: expected 64 features" in run("evaluate", digits, "numbers.csv", code=2)
    (here / "plain.csv").write_text("1,2,3\n")
    assert "plain.csv: expected --target COLUMN" in run("evaluate", model, "plain.csv", code=2)
    network = load_model(model)
    for table in (5, {"target": 1, "classes": None, "encoder": None}, {"target": "y", "classes": None, "encoder": {}}):
        network.metadata = {"table": table}
        network.save("other.safetensors")
        assert "expected" in run("info", "other.safetensors", code=2)


def test_damaged_model(here, digits):
    content = digits.read_bytes()
    (here / "cut.safetensors").write_bytes(content[:-100])
    assert "error: " in run("evaluate", "cut.safetensors", "digits", code=2)


def test_debug_shows_the_traceback(here):
    result = CliRunner().invoke(program, ["train", "digits", "--epochs", "0", "--debug"])
    assert isinstance(result.exception, ValueError)


def test_help_and_version(here):
    assert "nnfast train digits" in run()
    assert "--validation-split" in run("train", "--help")
    assert "nnfast, version" in run("--version")


@pytest.mark.parametrize("command", [None, *program.commands])
def test_help_fits_narrow_terminals(command):
    text = run(*([command] if command else []), "--help", terminal_width=80)
    assert max(map(len, text.splitlines())) <= 80
    _, *body = text.splitlines()
    assert not [line for line in body if line.endswith("...")]


@pytest.mark.parametrize("package", ["click", "rich"])
def test_missing_packages(package):
    code = f"import sys; sys.modules[{package!r}] = None; from nnfast.cli import main; main()"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert finished.stderr == f'error: the command line needs {package}: pip install "nnfast[cli]"\n'


@pytest.mark.parametrize("package", ["matplotlib", "safetensors"])
def test_missing_packages_are_told_before_training(here, monkeypatch, package):
    monkeypatch.setattr(job.importlib.util, "find_spec", lambda name: None if name == package else name)
    assert f'error: training needs {package}: pip install "nnfast[cli]"' in run("train", "digits", code=2)


# ---- Ctrl-C: exit code 130, and what there is was saved ----


def test_interrupt_by_signal(here):
    command = [sys.executable, "-u", "-m", "nnfast", "train", "digits", "--epochs", "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("epoch 1/1000000"):
                break
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"interrupted: after \d+ of 1000000 epochs; the model so far is in digits\.safetensors; ", stderr)
    assert "Traceback" not in stderr
    assert list_files(here) == ["digits.safetensors"]
    assert "test accuracy" in run("evaluate", "digits.safetensors", "digits")


def interrupt(*arguments, **options):
    raise KeyboardInterrupt


def test_interrupt_while_loading(here, monkeypatch):
    monkeypatch.setattr(loading, "load_image_task", interrupt)
    assert run("train", "digits", code=130).endswith("interrupted: nothing was saved\n")
    assert not list_files(here)


def test_interrupt_while_drawing(here, monkeypatch):
    monkeypatch.setattr(plotting, "training_picture", interrupt)
    output = run("train", "digits", "--epochs", 1, code=130)
    assert output.endswith("interrupted: the model is in digits.safetensors, a picture was not finished\n")
    assert list_files(here) == ["digits.safetensors"]


def test_interrupt_of_a_table_leaves_a_model_of_its_own_scale(here, monkeypatch):
    path = write_prices(here / "prices.csv")
    monkeypatch.setattr(
        "nnfast.cli.display.PlainProgress.on_epoch_end", lambda self, epoch, logs: epoch < 50 or interrupt()
    )
    monkeypatch.setattr("nnfast.cli.checkpoint._SECONDS_BETWEEN_COPIES", 0)
    assert "after 50 of 100 epochs" in run("train", path, "--target", "price", "--learning-rate", 0.01, code=130)
    assert read_figure("R2", run("evaluate", "prices.safetensors", path)) > 0.8


def test_model_and_picture_are_two_files(here):
    result = CliRunner().invoke(program, ["train", "digits", "--model", "digits.png"])
    assert result.exit_code == 2
    assert "expected another file than --model, received digits.png" in result.output
    assert list_files(here) == []


def test_folders_that_cannot_be_written_to(here, monkeypatch):
    """Root may write to all but a disk that is read-only: the system says so."""
    (here / "disk").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path != here / "disk")
    for option in ("model", "picture", "report", "save-config"):
        said = run("train", "digits", f"--{option}", "disk/file.png", code=2)
        assert f"--{option}: expected a file in a folder that can be written to, received disk/file.png" in said
    assert list_files(here) == ["disk"]
    assert list_files(here / "disk") == []
