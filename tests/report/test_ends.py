"""What a page says of a run whose record is none, of values that are all alike, and of a single mistake."""

import numpy as np
import pytest
from pages import make_model

from nnfast.report import write_report

X = np.random.default_rng(3).normal(size=(50, 6))
Y = np.arange(50) % 3


def write(path, *arguments, **options):
    write_report(path, *arguments, **options)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "kept", ["exp-12", 3, {"history": 3, "rows": 5, "machine": "a box", "settings": [1], "seconds": "long", "data": 7}]
)
def test_metadata_of_another_meaning_are_left_out(tmp_path, kept):
    model = make_model(4, "softmax")
    plain = write(tmp_path / "plain.html", model, X, Y)
    model.metadata = {"run": kept, "table": "a name"}
    assert write(tmp_path / "kept.html", model, X, Y) == plain


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (3, "run: expected a dict, received 3"),
        ({"seconds": "long"}, r"run\['seconds'\]: expected a number, received 'long'"),
        ({"rows": {"test": "many"}}, r"run\['rows'\]: expected a dict of numbers, received"),
        ({"history": {"loss": [0.5, "low"]}}, r"run\['history'\]: expected a dict of lists of numbers, received"),
        ({"machine": {"memory_gib": "16"}}, r"run\['machine'\]: expected a dict, memory_gib in it a number, received"),
    ],
)
def test_run_that_is_none_is_refused(tmp_path, run, message):
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path / "page.html", make_model(4, "softmax"), X, Y, run=run)
    assert not list(tmp_path.iterdir())


def test_values_that_are_all_alike_have_no_r2(tmp_path):
    page = write(tmp_path / "page.html", make_model(1), X, np.ones(50))
    assert "<strong>\N{EN DASH}</strong><span>on 50 rows; values that are all alike have none</span>" in page


def test_one_mistake(tmp_path):
    model = make_model(4, "softmax")
    y = model.predict(X).argmax(axis=1)
    y[7] = (y[7] + 1) % 4
    assert "The only mistake." in write(tmp_path / "page.html", model, X, y)


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (np.full(50, np.nan), {}, "y: expected a class from 0 to 3 for each row"),
        (Y, {"image_shape": 6}, r"image_shape: expected \(height, width\), received 6"),
        (Y, {"image_shape": (1, 2, 3)}, r"image_shape: expected \(height, width\), received \(1, 2, 3\)"),
    ],
)
def test_bad_arguments(tmp_path, y, options, message):
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path / "page.html", make_model(4, "softmax"), X, y, **options)


def test_names_may_be_an_array(tmp_path):
    names = ("ash", "elm", "fir", "oak")
    one, other = (
        write(tmp_path / "page.html", make_model(4, "softmax"), X, Y, class_names=kind(names))
        for kind in (tuple, np.array)
    )
    assert one == other
    assert "ash" in one
