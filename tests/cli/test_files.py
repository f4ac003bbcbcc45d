"""No command writes over a file that it reads, nor two files under one name."""

import pytest
from commands import list_files, run

DATA = "flowers.csv"


@pytest.fixture
def model(here):
    run("train", DATA, "--target", "kind", "--epochs", 1)
    return here / "flowers.safetensors"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", DATA, "--target", "kind", "--model", DATA), "--model: expected another file than DATA"),
        (("train", DATA, "--target", "kind", "--log", f"../{{folder}}/{DATA}"), "--log: expected another file than"),
        (("train", DATA, "--target", "kind", "--validation-data", "prices.csv", "--report", "prices.csv"), "--report:"),
        (("train", DATA, "--target", "kind", "--log", "flowers.png"), "--log: expected another file than --picture"),
        (("export", "flowers.safetensors", "flowers.safetensors"), "FILE: expected another file than MODEL"),
        (("predict", "flowers.safetensors", DATA, "--output", DATA), "--output: expected another file than DATA"),
        (("report", "flowers.safetensors", DATA, "--output", DATA), "--output: expected another file than DATA"),
        (("report", "flowers.safetensors", DATA, "--output", "flowers.safetensors"), "another file than MODEL"),
    ],
)
def test_files_are_not_lost(model, arguments, message):
    before = {path.name: path.read_bytes() for path in model.parent.iterdir()}
    assert message in run(*(word.format(folder=model.parent.name) for word in arguments), code=2)
    assert {path.name: path.read_bytes() for path in model.parent.iterdir()} == before


def test_data_set_is_no_file(here):
    run("train", "digits", "--epochs", 1, "--model", "digits")
    run("train", "digits", "--epochs", 2, "--model", "digits", "--resume")


def test_picture_needs_an_ending(here):
    message = run("train", DATA, "--target", "kind", "--picture", "flowers", code=2)
    assert message.startswith("error: --picture: expected a name that ends with one of ")
    assert list_files(here) == ["flowers.csv", "prices.csv"]
