"""The program ``nnfast`` on tables as people have them: gaps, text, names in another order, other formats."""

import csv
import gzip

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")

from commands import list_files, read_figure, run

from nnfast import load_model
from nnfast.cli import tasks
from nnfast.cli.columns import Columns
from nnfast.datasets import load_digits


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_passengers(n_rows=300):
    """Who was saved: those of the first deck, and children, of unknown age a third."""
    rng = np.random.default_rng(0)
    deck, age = rng.choice(["first", "second", "third"], n_rows), rng.integers(1, 80, n_rows).astype(float)
    saved = (deck == "first") | (age < 15)
    age[(age > 15) & (rng.random(n_rows) < 0.3)] = np.nan
    frame = pd.DataFrame(
        {"name": [f"p{i}" for i in range(n_rows)], "deck": deck, "age": age, "alone": rng.random(n_rows) < 0.5}
    )
    frame.loc[::7, "deck"] = None
    frame["ticket"] = [f"A/{i}" if i % 3 == 0 else str(i) for i in range(n_rows)]
    return frame.assign(saved=np.where(saved, "yes", "no"))


WRITE = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "csv.gz": lambda frame, path: path.write_bytes(gzip.compress(frame.to_csv(index=False).encode())),
    "tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "parquet": lambda frame, path: frame.to_parquet(path),
    "feather": lambda frame, path: frame.to_feather(path),
}


def predict(*arguments):
    """What a model predicts, without what the program says on the way."""
    text = run("predict", *arguments)
    return list(csv.reader(text[text.index("\n") + 1 :].splitlines()))


@pytest.mark.parametrize("kind", WRITE)
def test_from_training_to_predictions(here, kind):
    frame = make_passengers()
    WRITE[kind](frame, here / f"people.{kind}")
    drop = ("--drop", "name", "--drop", "ticket")
    output = run("train", f"people.{kind}", "--target", "saved", *drop, "--epochs", 30, "--model", "people.safetensors")
    assert "; 5-64-2; " in output
    assert read_figure("test accuracy", output) > 0.75
    assert "Predicts: saved from deck, age, alone" in run("info", "people.safetensors")
    assert read_figure("accuracy", run("evaluate", "people.safetensors", f"people.{kind}")) > 0.75
    expected = predict("people.safetensors", f"people.{kind}")
    assert expected[0] == ["prediction", "p_no", "p_yes"]
    assert np.mean([row[0] == saved for row, saved in zip(expected[1:], frame["saved"])]) > 0.75
    # another order, other columns beside, and a target that nobody knows yet
    new = frame[["alone", "ticket", "age", "deck"]].assign(saved=[None, *frame["saved"][1:]], note=range(300))
    WRITE[kind](new, here / f"new.{kind}")
    assert predict("people.safetensors", f"new.{kind}") == expected
    WRITE[kind](new[["alone", "note"]], here / f"less.{kind}")
    message = "expected columns named deck, age, alone, received none of the name deck, age but alone, note"
    assert message in run("predict", "people.safetensors", f"less.{kind}", code=2)


def test_nothing_stands_beside_the_model(here):
    make_passengers(60).to_csv("people.csv", index=False)
    run("train", "people.csv", "--target", "saved", "--drop", "name", "--drop", "ticket", "--epochs", 2)
    assert list_files(here) == ["people.csv", "people.png", "people.safetensors"]
    columns = Columns.from_metadata(load_model("people.safetensors").metadata)
    assert (columns.target, columns.classes) == ("saved", ("no", "yes"))
    assert columns.features == ("deck", "age", "alone")
    assert columns.encoder.categories_ == {"deck": ("first", "second", "third")}


def test_class_names_of_digits_are_kept(here):
    run("train", "digits", "--epochs", 1)
    assert load_model("digits.safetensors").metadata["table"]["classes"] == list("0123456789")


def test_classes_like_1_2_b(here):
    rows = [(i % 3, ("1", "2", "B")[i % 3]) for i in range(90)]
    (here / "t.csv").write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
    message = run("train", "t.csv", "--target", "y", code=2)
    assert "line 4, target: expected a number, as in most rows, received 'B'" in message
    run("train", "t.csv", "--target", "y", "--kind", "classification", "--epochs", 50, "--learning-rate", 0.01)
    assert predict("t.safetensors", "t.csv")[0] == ["prediction", "p_1", "p_2", "p_B"]
    assert read_figure("accuracy", run("evaluate", "t.safetensors", "t.csv")) == 1
    (here / "some.csv").write_text("x,y\n0,1.0\n1,2.0\n")  # numbers alone: the same classes
    assert read_figure("accuracy", run("evaluate", "t.safetensors", "some.csv")) == 1


def test_classes_are_sorted_as_numbers(here):
    (here / "t.csv").write_text("x,y\n" + "".join(f"{i % 12},{i % 12}\n" for i in range(120)))
    task = tasks.load_csv_task(here / "t.csv", "y", "classification", 0.2, 0)
    assert task.columns.classes == tuple(map(str, range(12)))


def test_categories_that_are_numbers_in_a_new_file(here):
    rows = [(("0", "1", "3+", "more", "most")[i % 5], i % 5) for i in range(100)]
    (here / "t.csv").write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
    run("train", "t.csv", "--target", "y", "--epochs", 100, "--learning-rate", 0.01)
    (here / "new.csv").write_text("x\n1\n0\n")
    assert [row[0] for row in predict("t.safetensors", "new.csv")[1:]] == ["1", "0"]


def test_what_was_not_there_in_training(here):
    """A gap is filled with the training's mean, and a category that is not known is none of those that are."""
    frame = make_passengers().drop(columns=["name", "ticket"])
    frame.to_csv("people.csv", index=False)
    task = tasks.load_csv_task(here / "people.csv", "saved", "auto", 0.2, 0)
    (here / "new.csv").write_text("deck,age,alone\nfourth,,true\n")
    x, y = task.columns.read_table(here / "new.csv", None, 5)
    mean = task.columns.encoder.statistics_["age"]
    np.testing.assert_allclose(x, [[0, 0, 0, mean, 1]])
    assert y is None
    train_ages = task.train.x[:, 3]
    known = train_ages[train_ages != mean]
    assert np.mean(known) == pytest.approx(mean)


def test_archives(here):
    (x_train, y_train), (x_test, y_test) = load_digits()
    np.savez("images.npz", x_train=x_train.reshape(-1, 8, 8), y_train=y_train)
    output = run("train", "images.npz", "--epochs", 5)
    assert "64-128-10" in output
    np.savez("new.npz", x=x_test, y=y_test)
    assert read_figure("accuracy", run("evaluate", "images.safetensors", "new.npz")) > 0.85
