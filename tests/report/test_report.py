"""nnfast.report: figures against plain counting and scikit-learn, what is left out, what is refused, the bytes."""

import base64
import io
import re
import shlex
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from pages import EVIL, RUN, make_model, train_digits, write_all

from nnfast import Sequential
from nnfast.layers import Dense, Input
from nnfast.report import write_report
from nnfast.report.classification import Counts, count_classes, count_pairs
from nnfast.report.machinery import count_flops, list_words
from nnfast.report.pictures import make_grey, make_signed
from nnfast.report.regression import measure_errors
from nnfast.report.subject import Given, make_subject

NOTHING = Given()


class Reader(HTMLParser):
    """Texts by section, tables as lists of rows, and whether every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sections, self.tables, self.images, self.names = [], {}, [], [], set()
        self.where = "head"
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.names |= {tag, *(name for name, _ in attributes)}
        if tag == "section":
            self.where = dict(attributes)["id"]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")
        if tag == "img":
            self.images.append(dict(attributes))
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.sections[self.where] = self.sections.get(self.where, "") + data + " "
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return {path.stem: path for path in write_all(tmp_path_factory.mktemp("pages"))}


@pytest.fixture(scope="module")
def digits():
    return train_digits()


def read(path):
    return Reader(path.read_text(encoding="utf-8"))


# ---- figures ---------------------------------------------------------------------------------------------------------


def test_main_figures(pages, digits):
    model, x, y = digits
    predicted = model.predict(x).argmax(axis=1)
    n_right = sum(int(p == t) for p, t in zip(predicted, y))
    head = read(pages["digits"]).sections["head"]
    assert f"Test accuracy {100 * n_right / len(y):.2f} % {n_right} of 355 rows" in head
    assert f"mistakes {355 - n_right} " in head
    assert f"parameters {model.count_params():,} " in head


def test_confusion_matrix(pages, digits):
    model, x, y = digits
    predicted = model.predict(x).argmax(axis=1)
    table = next(table for table in read(pages["digits"]).tables if len(table) == 11)
    for true in range(10):
        assert table[1 + true][0] == str(true)
        for taken_for in range(10):
            count = sum(int(t == true and p == taken_for) for t, p in zip(y, predicted))
            share = 100 * count / sum(y == true)
            shown = "" if not count else f"{count}{share:.0f} %"
            assert table[1 + true][1 + taken_for] == shown


def test_measures_of_classes(pages):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    subject = make_subject(*make_classes(), NOTHING)
    predicted = subject.outputs.argmax(axis=1)
    ours = count_classes(subject)
    options = {"labels": range(4), "zero_division": 0}
    *theirs, support = metrics.precision_recall_fscore_support(subject.y, predicted, average=None, **options)
    np.testing.assert_allclose(ours.measure(), theirs)
    np.testing.assert_array_equal(ours.true, support)
    pairs = count_pairs(subject.y, predicted, 4)
    np.testing.assert_array_equal(pairs, metrics.confusion_matrix(subject.y, predicted, labels=range(4)))


def make_classes():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, 50)  # of class 3 there is none
    return make_model(4, "softmax"), rng.normal(size=(50, 6)), y


def test_measures_of_nothing_are_0():
    counts = Counts(("a", "b"), np.array([0, 4]), np.array([0, 0]), np.array([0, 0]))
    np.testing.assert_array_equal(counts.measure(), np.zeros((3, 2)))


def test_measures_of_labels(pages):
    table = read(pages["labels"]).tables[0]
    assert [row[0] for row in table[1:4]] == list(EVIL)
    assert table[0] == ["label", "precision", "recall", "F1", "rows"]


def test_errors_of_values():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(0)
    true, predicted = rng.normal(size=(2, 30))
    errors = measure_errors(true, predicted)
    assert errors.r2 == pytest.approx(metrics.r2_score(true, predicted))
    assert errors.rmse == pytest.approx(metrics.root_mean_squared_error(true, predicted))
    assert errors.mae == pytest.approx(metrics.mean_absolute_error(true, predicted))
    assert errors.largest == pytest.approx(metrics.max_error(true, predicted))
    assert np.isnan(measure_errors(np.ones(3), np.ones(3)).r2)


def test_most_confident_mistakes_come_first(pages, digits):
    model, x, y = digits
    outputs = model.predict(x)
    wrong = [i for i in range(len(y)) if outputs[i].argmax() != y[i]]
    wrong.sort(key=lambda i: -outputs[i].max())
    shown = [image["alt"] for image in read(pages["digits"]).images if image["alt"].startswith("Row")]
    assert shown == [f"Row {i}: {y[i]}, taken for {outputs[i].argmax()}" for i in wrong[:24]]


def test_largest_errors_come_first(pages):
    table = read(pages["values"]).tables[0]
    errors = [abs(float(row[3].replace(",", ""))) for row in table[1:]]
    assert errors == sorted(errors, reverse=True)
    assert len(errors) == 15


def test_pixels_come_back(digits):
    image = pytest.importorskip("matplotlib.image", reason="matplotlib is not installed")
    pixels = np.arange(12).reshape(3, 4)
    grey = image.imread(decode(make_grey(pixels, 0, 11, "")))
    np.testing.assert_allclose(grey, 1 - pixels / 11, atol=0.5 / 255)
    signed = image.imread(decode(make_signed(np.array([[-2.0, -1.0, 0.0, 2.0]]), 2.0, "")))[0]
    np.testing.assert_allclose(signed[:, 3], [1, 0.5, 0, 1], atol=0.04)
    assert signed[0, 0] > signed[0, 2], "orange below 0"
    assert signed[3, 2] > signed[3, 0], "blue above 0"


def decode(markup):
    return io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", markup)[1]))


def test_flops_are_those_of_bench(digits):
    from nnfast.cli.workloads import TRAIN_TASKS

    task = TRAIN_TASKS[1]
    layers = [Dense(size) for size in task.net.sizes[1:]]
    model = Sequential([Input(task.net.sizes[0]), *layers], seed=0)
    x = np.zeros((1, task.net.sizes[0]))
    assert count_flops(make_subject(model, x, np.zeros((1, 10)), NOTHING)) == task.flop_per_row


# ---- words -----------------------------------------------------------------------------------------------------------


def test_run_is_told(pages):
    text = read(pages["digits"]).sections["run"]
    words = ["learning rate 0.003", "nesterov=true", "avx2", "15.6 GiB", "2026-01-02 03:04 UTC", "2.50 s", "40,000"]
    assert not [word for word in words if word not in text]


def test_command_repeats_the_run():
    words = shlex.split(" ".join(list_words(RUN)))
    options = ["--hidden", "16", "--no-shuffle", "--quiet", "--learning-rate", "0.003"]
    assert words == ["nnfast", "train", "digits", *options, "--optimizer-option", "nesterov=true", "--seed", "7"]
    assert list_words({"data": "a", "settings": {"hidden": []}}) == ["nnfast train a", "--hidden 0"]
    assert list_words({"data": "my data.csv"}) == ["nnfast train 'my data.csv'"]
    assert list_words({}) == []


def test_names_are_no_markup(pages):
    for name in ("classes", "labels", "outputs", "digits"):
        text = pages[name].read_text(encoding="utf-8")
        assert not Reader(text).names & {"script", "u"}
        assert "<b>bold" not in text
        assert "<i>digits" not in text
    assert "<i>digits</i>" in read(pages["digits"]).sections["head"]
    assert "<u>first</u> (Dense)" in read(pages["digits"]).sections["network"]


def test_nothing_comes_from_elsewhere(pages):
    for path in pages.values():
        text = path.read_text(encoding="utf-8")
        assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in unescape(text)
        assert not re.findall(r"https?:|//\w|url\(|@import", re.sub(r"base64,[^\"]+", "", text))
        assert set(re.findall(r'(?:src|href)="(data:|#)?', text)) == {"data:", "#"}


def test_pages_are_small(pages):
    assert {name: path.stat().st_size for name, path in pages.items() if path.stat().st_size > 100_000} == {}


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("digits", "curves confusion classes mistakes weights network run"),
        ("classes", "confusion classes mistakes network"),
        ("binary", "confusion classes mistakes network"),
        ("many", "confusion classes mistakes network"),
        ("labels", "classes network"),
        ("values", "curves fit mistakes network"),
        ("outputs", "fit outputs mistakes network"),
    ],
)
def test_sections_without_data_are_left_out(pages, name, sections):
    page = read(pages[name])
    assert list(page.sections) == ["head", *sections.split()]
    links = re.findall(r'href="#(\w+)"', pages[name].read_text(encoding="utf-8"))
    assert links == sections.split()


def test_no_mistake_no_section(tmp_path):
    x = np.eye(4)
    model = Sequential([Dense(4, "softmax", kernel_initializer=9 * np.eye(4))])
    write_report(tmp_path / "page.html", model, x, np.arange(4))
    page = read(tmp_path / "page.html")
    assert "mistakes" not in page.sections
    assert "100.00 %" in page.sections["head"]


def test_many_classes_are_the_worst(tmp_path):
    rng = np.random.default_rng(0)
    y = np.concatenate([np.arange(120), rng.integers(0, 120, 500)])
    write_report(tmp_path / "page.html", make_model(120, "softmax"), rng.normal(size=(620, 6)), y)
    page = read(tmp_path / "page.html")
    table = next(table for table in page.tables if "precision" in table[0])
    scores = [float(row[3]) for row in table[1:101]]
    assert len(table) == 1 + 100 + 2
    assert scores == sorted(scores)
    assert (tmp_path / "page.html").stat().st_size < 100_000


# ---- what is taken and refused ---------------------------------------------------------------------------------------


def test_same_bytes(pages, digits, tmp_path):
    write_report(tmp_path / "again.html", *digits)
    assert (tmp_path / "again.html").read_bytes() == pages["digits"].read_bytes()


def test_targets_of_every_form(tmp_path):
    x = np.random.default_rng(0).normal(size=(20, 6))
    model = make_model(3, "softmax")
    y = np.arange(20) % 3
    several = [y, y.astype(float), y[:, None], np.eye(3)[y], y.tolist()]
    for place, targets in enumerate(several):
        write_report(tmp_path / f"{place}.html", model, x, targets)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_log_softmax_gives_probabilities():
    x = np.ones((2, 6))
    outputs = make_subject(make_model(3, "log_softmax"), x, [0, 1], NOTHING).outputs
    np.testing.assert_allclose(outputs, make_subject(make_model(3, "softmax"), x, [0, 1], NOTHING).outputs, rtol=1e-5)


def test_history_by_itself(tmp_path):
    model, x, y = make_model(1), np.ones((3, 6)), np.arange(3.0)
    write_report(tmp_path / "page.html", model, x, y, history={"loss": [1.0, None, 0.5]})
    assert "train 0.5" in read(tmp_path / "page.html").sections["curves"]
    model.compile("sgd", "mse")
    history = model.fit(x, y, epochs=2, verbose=0)
    write_report(tmp_path / "given.html", model, x, y, history=history)
    write_report(tmp_path / "own.html", model, x, y)
    assert (tmp_path / "given.html").read_bytes() == (tmp_path / "own.html").read_bytes()


def test_best_epoch_is_marked(digits, tmp_path):
    model, x, y = digits
    history = {"loss": [3, 2, 1], "val_loss": [3, 1, 2], "accuracy": [1, 2, 3], "val_accuracy": [1, 2, None]}
    history |= {"own": [1, 2, 3], "val_own": [1, 2, 3], "epoch": [5, 6, 7], "cut": [1, 2]}
    write_report(tmp_path / "page.html", model, x, y, history=history)
    text = read(tmp_path / "page.html").sections["curves"]
    assert re.findall(r"Best validation \d, at epoch \d", text) == [f"Best validation {n}, at epoch 6" for n in (1, 2)]
    assert "cut" not in text


def test_sparse_samples(tmp_path):
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    x = np.random.default_rng(0).normal(size=(20, 6)).round()
    for name, samples in (("dense", x), ("sparse", sparse.csr_matrix(x))):
        write_report(tmp_path / f"{name}.html", make_model(1), samples, x[:, 0])
    assert (tmp_path / "dense.html").read_bytes() == (tmp_path / "sparse.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": [0, 1]}, "y: expected a target for each of the 3 rows"),
        ({"y": [0, 1, 3]}, "y: expected a class from 0 to 2"),
        ({"y": [0, 1, -1]}, "y: expected a class from 0 to 2"),
        ({"y": [0, 1, 0.5]}, "y: expected a class from 0 to 2"),
        ({"y": ["a", "b", "c"]}, "y: expected a class from 0 to 2"),
        ({"class_names": ["a"]}, "class_names: expected 3 of them, received 1"),
        ({"x": np.full((3, 6), np.nan)}, "x: expected rows for which the model's outputs are finite"),
        ({"feature_names": ["a", "b"]}, "feature_names: expected 6 of them, received 2"),
        ({"image_shape": (2, 2)}, "image_shape: expected .height, width. of 6 pixels"),
    ],
)
def test_refused(arguments, message, tmp_path):
    given = {"x": np.ones((3, 6)), "y": [0, 1, 2]} | arguments
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path / "page.html", make_model(3, "softmax"), **given)
    assert list(tmp_path.iterdir()) == []


def test_values_of_another_shape_are_refused(tmp_path):
    for y in (np.ones((3, 3)), np.full((3, 2), np.nan)):
        with pytest.raises(ValueError, match=r"y: expected finite numbers of shape \(3, 2\)"):
            write_report(tmp_path / "page.html", make_model(2), np.ones((3, 6)), y)
