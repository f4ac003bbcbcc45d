"""What is done with a saved model: ``nnfast evaluate``, ``predict``, ``info``; and ``bench`` and ``completion``."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner
from commands import read_figure, read_rows, run, run_json, write_flowers, write_prices

import nnfast
from nnfast.cli.per_class import describe_classes, format_classes
from nnfast.cli.program import program
from nnfast.cli.record import KEY
from nnfast.datasets import load_digits
from nnfast.layers import Dense, Input
from nnfast.report.classification import count_pairs


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with tables and models of them."""
    folder = tmp_path_factory.mktemp("models")
    write_flowers(folder / "flowers.csv")
    write_prices(folder / "prices.csv")
    options = ("--learning-rate", 0.02, "--epochs", 30, "--quiet", "--picture", folder / "p.png", "--model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnfast.cli.job.Job._draw", lambda self, fitting, score: None)  # a second each
        run("train", folder / "flowers.csv", "--target", "kind", *options, folder / "flowers.st")
        run("train", folder / "prices.csv", "--target", "price", *options, folder / "prices.st", "--metric", "r2_score")
        run("train", "digits", *options, folder / "digits.st")
    return folder


@pytest.fixture
def here(models, monkeypatch):
    monkeypatch.chdir(models)
    return models


# ---- evaluate ----


def test_evaluate_gives_loss_and_metrics(here):
    found = run_json("evaluate", "digits.st", "digits", "--metric", "f1_score", "--metric", "precision,recall")
    model, (_, (x, y)) = nnfast.load_model("digits.st"), load_digits()
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert found["loss"] == pytest.approx(loss)
    assert found["accuracy"] == pytest.approx(accuracy)
    assert {"f1_score", "precision", "recall"} <= set(found)
    assert found["rows"] == 355
    assert found == run_json("evaluate", "digits.st", "digits", "--metric", "f1_score,precision,recall")
    text = run("evaluate", "digits.st", "digits", "--metric", "f1_score")
    assert read_figure("f1_score:", text) == round(found["f1_score"], 4)
    assert text.endswith(f"test accuracy {accuracy:.4f}\n")


def test_evaluate_of_values_is_on_their_own_scale(here):
    found = run_json("evaluate", "prices.st", "prices.csv", "--metric", "mean_absolute_error")
    table = np.loadtxt("prices.csv", delimiter=",", skiprows=1)
    predicted = nnfast.load_model("prices.st").predict(table[:, 1:])[:, 0].astype(float)
    assert found["mean_squared_error"] == pytest.approx(np.mean((predicted - table[:, 0]) ** 2), rel=1e-5)
    assert found["mean_absolute_error"] == pytest.approx(np.mean(np.abs(predicted - table[:, 0])), rel=1e-5)
    assert found["loss"] == pytest.approx(found["mean_squared_error"], rel=1e-5)
    assert found["r2_score"] > 0.9


def test_per_class(here):
    found = run_json("evaluate", "digits.st", "digits")
    x, y = load_digits()[1]
    predicted = nnfast.load_model("digits.st").predict(x).argmax(axis=1)
    for i in range(10):
        row = found["classes"][str(i)]
        assert row["rows"] == np.sum(y == i)
        assert row["recall"] == pytest.approx(np.mean(predicted[y == i] == i))
        assert row["precision"] == pytest.approx(np.mean(y[predicted == i] == i))
        assert found["confusion"][i] == [int(np.sum((y == i) & (predicted == j))) for j in range(10)]
    text = run("evaluate", "digits.st", "digits", "--per-class")
    assert f"3        36     {found['classes']['3']['precision']:.4f}" in text


def test_classes_of_which_nothing_can_be_said():
    pairs = count_pairs(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    assert pairs.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    rows = describe_classes(pairs, ("a", "b", "c"))
    assert rows["b"] == {"rows": 1, "precision": 0.5, "recall": 1.0, "f1_score": pytest.approx(2 / 3)}
    assert rows["c"] == {"rows": 0, "precision": None, "recall": None, "f1_score": None}
    assert format_classes(pairs, ("a", "b", "c")).splitlines() == [
        *("class  rows  precision  recall      F1", "a         2     1.0000  0.5000  0.6667"),
        *("b         1     0.5000  1.0000  0.6667", "c         0          -       -       -", ""),
        *("rows of a class (down) taken for a class (across)", "   a  b  c", "a  1  1  0", "b  0  1  0", "c  0  0  0"),
    ]
    assert "taken for" not in format_classes(np.eye(21, dtype=int), [str(i) for i in range(21)])


def test_errors_of_evaluate(here):
    assert "--per-class: expected a classifier" in run("evaluate", "prices.st", "prices.csv", "--per-class", code=2)
    assert "did you mean 'accuracy'" in run("evaluate", "digits.st", "digits", "--metric", "acuracy", code=2)


def test_logarithms_of_probabilities(here, tmp_path):
    """A model that ends with them tells classes apart like one that ends with probabilities."""
    for last in ("softmax", "log_softmax"):
        network = nnfast.Sequential([Input(64, scale=1 / 16), Dense(10, last)], seed=0)
        network.save(tmp_path / f"{last}.st")
    for command in ("evaluate", "predict"):
        one, other = (run(command, tmp_path / f"{last}.st", "digits", "--json") for last in ("softmax", "log_softmax"))
        assert _round_numbers(one) == _round_numbers(other)


def _round_numbers(text):
    return re.sub(r"\d+\.\d+(e-\d+)?", lambda number: f"{float(number[0]):.4f}", text)


def test_id_of_the_name_of_a_prediction(here, tmp_path):
    table = tmp_path / "new.csv"
    table.write_text("prediction,length,width,height\na,1,-1,1000\n")
    message = run("predict", "flowers.st", table, "--id", "prediction", code=2)
    assert "--id: expected a name that no column of predictions has, received prediction" in message


# ---- predict ----


def test_formats_agree(here):
    expected = list(csv.DictReader(io.StringIO(CliRunner().invoke(program, PREDICT).stdout)))
    assert list(expected[0]) == ["prediction", "p_rose", "p_tulip", "p_wild, red"]
    rows = json.loads(CliRunner().invoke(program, [*PREDICT, "--json"]).stdout)
    assert [{name: str(value) for name, value in row.items()} for row in rows] == expected
    for name in ("o.csv", "o.json", "o.jsonl", "o.parquet"):
        assert f"predictions {name}" in run(*PREDICT, "--output", name)
    assert Path("o.csv").read_text() == CliRunner().invoke(program, PREDICT).stdout
    assert json.loads(Path("o.json").read_text()) == rows
    assert [json.loads(line) for line in Path("o.jsonl").read_text().splitlines()] == rows
    from pyarrow import parquet

    assert parquet.read_table("o.parquet").to_pylist() == rows


PREDICT = ["predict", "flowers.st", "flowers.csv"]


def test_id_stands_beside_the_predictions(here):
    rows = list(csv.reader(io.StringIO(CliRunner().invoke(program, [*PREDICT, "--id", "height", "--no-proba"]).stdout)))
    assert rows[0] == ["height", "prediction"]
    assert [row[0] for row in rows[1:]] == [row[2] for row in read_rows(here / "flowers.csv")[1:]]


def test_id_is_text_as_it_stands(here):
    rows = read_rows(here / "flowers.csv")
    names = ["name", *(f"00{i}" for i in range(len(rows) - 1))]
    lines = (",".join([name, *row[:3]]) for name, row in zip(names, rows, strict=True))
    Path("named.csv").write_text("\n".join(lines) + "\n")
    command = ["predict", "flowers.st", "named.csv", "--id", "name", "--no-proba"]
    found = list(csv.reader(io.StringIO(CliRunner().invoke(program, command).stdout)))
    assert [row[0] for row in found] == names


def test_without_probabilities(here):
    rows = list(csv.reader(io.StringIO(CliRunner().invoke(program, [*PREDICT, "--no-proba"]).stdout)))
    assert rows[0] == ["prediction"]
    assert {name for [name] in rows[1:]} == {"rose", "tulip", "wild, red"}


def test_values_have_the_digits_of_their_type(here):
    model, table = nnfast.load_model("prices.st"), np.loadtxt("prices.csv", delimiter=",", skiprows=1)
    rows = json.loads(CliRunner().invoke(program, ["predict", "prices.st", "prices.csv", "--json"]).stdout)
    assert list(rows[0]) == ["prediction"]
    np.testing.assert_array_equal(np.float32([row["prediction"] for row in rows]), model.predict(table[:, 1:])[:, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (*PREDICT, "--output", "o.xlsx"),
            "--output: expected a name with .csv, .json, .jsonl, .parquet, received o.xlsx",
        ),
        ((*PREDICT, "--id", "hight"), "did you mean 'height'"),
        (("predict", "digits.st", "digits", "--id", "a"), "--id: expected a table, received digits"),
    ],
)
def test_errors_of_predict(here, arguments, message):
    assert message in run(*arguments, code=2)


# ---- info ----


def test_info_tells_of_the_run(here):
    text = run("info", "flowers.st")
    record = nnfast.load_model("flowers.st").metadata[KEY]
    assert "Run: flowers (64 train, 8 validation, 18 test rows), begun 2" in text
    assert f"Training: 30 epochs in {record['seconds']:.1f} s, " in text
    assert f"Machine: {record['machine']['cpu']}, " in text
    assert f"accuracy: {record['test']['accuracy']:.4f}" in text


def test_info_as_json(here):
    found = run_json("info", "flowers.st")
    model = nnfast.load_model("flowers.st")
    assert found[KEY] == model.metadata[KEY]
    assert (found["target"], found["classes"]) == ("kind", ["rose", "tulip", "wild, red"])
    assert found["params"] == model.count_params()
    assert [layer["class_name"] for layer in found["layers"]] == ["Input", "Normalization", "Dense", "Dropout", "Dense"]
    assert run_json("info")["threads"] == nnfast.get_num_threads()


def test_info_gives_the_file_of_the_run(here):
    text = run("info", "flowers.st", "--config")
    assert tomllib.loads(text) == nnfast.load_model("flowers.st").metadata[KEY]["settings"]
    assert "\n# Optimizer\noptimizer = " in text


def test_info_of_other_models(here):
    from nnfast.layers import Dense, Input

    nnfast.Sequential([Input(2), Dense(1)]).save("plain.st")
    assert "Run:" not in run("info", "plain.st")
    assert "received one without record of its run" in run("info", "plain.st", "--config", code=2)
    assert "--config: expected a model" in run("info", "--config", code=2)


# ---- bench ----


def test_bench_as_json():
    tasks = ("--task", "tab64x2_b32_adam", "--task", "one_row_tab64x2", "--seconds", 0)
    found = run_json("bench", *tasks, "--threads", 1)
    assert found["threads"] == 1
    assert found["peak_gflops"] > 0
    assert [(task["task"], task["unit"]) for task in found["tasks"]] == [
        *(("tab64x2_b32_adam", "samples/s"), ("one_row_tab64x2", "us/call")),
    ]
    assert all(task["share_of_peak"] == pytest.approx(task["gflops"] / found["peak_gflops"]) for task in found["tasks"])


# ---- one document, and nothing else ----


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "digits", "--epochs", "2", "--model", "j.st", "--picture", "j.png"),
        ("evaluate", "digits.st", "digits"),
        ("predict", "digits.st", "digits"),
        ("info", "digits.st"),
        ("bench", "--task", "tab64x2_b32_adam", "--seconds", "0"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_standard_output_is_the_document(here, arguments):
    command = [sys.executable, "-m", "nnfast", *arguments, "--json"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.count("\n") == 1
    json.loads(finished.stdout)
    assert (finished.stderr == "") == (arguments[0] == "info")


# ---- completion ----


def complete(words, incomplete):
    """Ask as the shell's script does."""
    shell = BashComplete(program, {}, "nnfast", "_NNFAST_COMPLETE")
    return [item.value for item in shell.get_completions(list(words), incomplete)]


def test_the_program_answers_shells():
    question = {"_NNFAST_COMPLETE": "bash_complete", "COMP_WORDS": "nnfast train mn", "COMP_CWORD": "2"}
    code = "import sys; sys.argv[0] = 'nnfast'; from nnfast.cli import main; main()"
    command = [sys.executable, "-c", code]
    finished = subprocess.run(command, env=os.environ | question, capture_output=True, text=True, check=True)
    assert finished.stdout == "plain,mnist\n"


@pytest.mark.parametrize(
    ("words", "incomplete", "expected"),
    [
        ((), "ev", ["evaluate"]),
        (("train",), "", ["digits", "mnist", "fashion_mnist", "kmnist"]),
        (("evaluate", "m.st"), "fa", ["fashion_mnist"]),
        (("train", "digits", "--optimizer"), "ada", ["adam", "adamw", "adamax", "adagrad", "adadelta"]),
        (("train", "digits", "--loss"), "me", ["mean_squared_error", "mean_absolute_error"]),
        (("train", "digits", "--activation"), "hard_s", ["hard_sigmoid", "hard_swish"]),
        (("train", "digits", "--schedule"), "c", ["constant", "cosine"]),
        (("train", "digits"), "--early", ["--early-stopping"]),
    ],
)
def test_completion(words, incomplete, expected):
    assert set(complete(words, incomplete)) >= set(expected)
    assert all(word.startswith(incomplete) for word in complete(words, incomplete))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_of_a_shell(shell):
    script = run("completion", shell)
    assert "_NNFAST_COMPLETE" in script
    assert f"{shell}_complete" in script
