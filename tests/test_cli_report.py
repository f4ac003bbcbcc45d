"""Pages that ``nnfast train --report`` and ``nnfast report`` write."""

import re
import shlex

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")

from commands import list_files, read_figure, run, write_flowers, write_prices

from nnfast import load_model
from nnfast.report.machinery import list_words


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read_main(path):
    """The main figure of a page."""
    return re.search(r"<strong>(-?[\d.]+)", path.read_text(encoding="utf-8"))[1]


def test_train_and_report_tell_the_same(here):
    said = run("train", "digits", "--hidden", 8, "--epochs", 2, "--report", "page.html")
    assert said.endswith("report page.html\n")
    accuracy = 100 * read_figure("test accuracy", said)
    assert float(read_main(here / "page.html")) == pytest.approx(accuracy, abs=0.01)
    assert "Learning curves" in (here / "page.html").read_text(encoding="utf-8")
    assert run("report", "digits.safetensors", "digits").endswith("report digits.html\n")
    assert read_main(here / "digits.html") == read_main(here / "page.html")
    assert list_files(here) == ["digits.html", "digits.png", "digits.safetensors", "page.html"]


def test_table_of_classes(here):
    write_flowers(here / "flowers.csv")
    run("train", "flowers.csv", "--target", "kind", "--epochs", 30)
    run("report", "flowers.safetensors", "flowers.csv", "--output", "page.html")
    evaluated = 100 * read_figure("accuracy", run("evaluate", "flowers.safetensors", "flowers.csv"))
    assert float(read_main(here / "page.html")) == pytest.approx(evaluated, abs=0.01)
    text = (here / "page.html").read_text(encoding="utf-8")
    assert all(name in text for name in ("rose", "tulip", "wild, red"))


def test_columns_have_their_names(here):
    write_prices(here / "prices.csv")
    run("train", "prices.csv", "--target", "price", "--epochs", 1, "--report", "page.html")
    run("report", "prices.safetensors", "prices.csv")
    for name in ("page.html", "prices.html"):
        assert re.search(r"error</th>.*area</th>.*age</th>", (here / name).read_text(encoding="utf-8"))


def test_table_of_values(here):
    write_prices(here / "prices.csv")
    said = run("train", "prices.csv", "--target", "price", "--epochs", 5, "--report", "page.html")
    assert float(read_main(here / "page.html")) == pytest.approx(read_figure("test R2", said), abs=1e-4)
    run("report", "prices.safetensors", "prices.csv")
    evaluated = read_figure("R2", run("evaluate", "prices.safetensors", "prices.csv"))
    assert float(read_main(here / "prices.html")) == pytest.approx(evaluated, abs=1e-4)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("digits.safetensors", "--report: expected another file than --model"),
        ("missing/page.html", "--report: expected a file in a folder that exists"),
    ],
)
def test_bad_places_are_refused_before_training(here, option, message):
    assert message in run("train", "digits", "--report", option, code=2)
    assert list_files(here) == []


def test_rows_without_target_are_refused(here):
    write_flowers(here / "flowers.csv")
    run("train", "flowers.csv", "--target", "kind", "--epochs", 1)
    rows = [line.rpartition(",")[0] for line in (here / "flowers.csv").read_text().splitlines()[:5]]
    (here / "new.csv").write_text("\n".join(row.partition(',"')[0] for row in rows) + "\n")
    assert "expected --target COLUMN" in run("report", "flowers.safetensors", "new.csv", code=2)
    assert "new.html" not in list_files(here)


def test_command_of_the_page_repeats_the_run(here):
    odd = ["--hidden", "0", "--no-shuffle", "--optimizer", "sgd", "--optimizer-option", "nesterov=true", "--seed", "3"]
    run("train", "digits", *odd, "--momentum", "0.9", "--metric", "accuracy,f1_score", "--epochs", "2")
    model = load_model(here / "digits.safetensors")
    words = shlex.split(" ".join(list_words(model.metadata["run"])))
    run(*words[1:], "--model", "again.safetensors")
    again = load_model(here / "again.safetensors")
    assert all((a == b).all() for a, b in zip(model.get_weights(), again.get_weights()))
    assert strip(again.metadata["run"]) == strip(model.metadata["run"])


def strip(record):
    """What the same run says again: all but its time, and the files it writes."""
    settings = {name: value for name, value in record["settings"].items() if name != "model"}
    return [record[key] for key in ("history", "rows", "network", "test")] + [settings]


def test_command_leaves_out_each_column(here):
    run("train", write_flowers(here / "flowers.csv"), "--target", "kind", "--epochs", 1, "--drop", "width,", code=2)
    run("train", "flowers.csv", "--target", "kind", "--epochs", 1, "--drop", "width", "--drop", "height")
    words = list_words(load_model(here / "flowers.safetensors").metadata["run"])
    assert [word for word in words if word.startswith("--drop ")] == ["--drop width", "--drop height"]
