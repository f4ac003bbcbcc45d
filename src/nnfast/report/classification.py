"""classification: how well classes are told apart: the matrix, the classes one by one, the rows taken for others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnfast.report.markup import Markup, Section, element, join, make_scroll, make_section, make_table
from nnfast.report.numbers import write_share
from nnfast.report.pictures import Array, make_signed
from nnfast.report.subject import Subject

_MOST_CELLS = 25  # of a side of the matrix, beyond which it is a picture
_MOST_CLASSES = 100
_MOST_PAIRS = 20
_LONG_NAME = 12


@dataclass(frozen=True, eq=False)
class Counts:
    """For each class: rows that have it, rows taken for it, and rows of both."""

    names: tuple[str, ...]
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    right: NDArray[np.int64]

    def measure(self) -> Array:
        """Return precision, recall and F1 of each class, shape (3, n_classes); 0 / 0 is 0."""
        halves = (self.true + self.predicted) / 2
        return np.stack([self.right / np.maximum(total, 0.5) for total in (self.predicted, self.true, halves)])


def count_pairs(y: Array, predictions: Array, n_classes: int) -> NDArray[np.int64]:
    """Return how many rows of each class (down) were taken for each class (across)."""
    pairs = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(pairs, (y, predictions), 1)
    return pairs


def count_classes(subject: Subject) -> Counts:
    """Count rows by class."""
    pairs = count_pairs(subject.y, subject.outputs.argmax(axis=1), len(subject.names))
    return Counts(subject.names, pairs.sum(axis=1), pairs.sum(axis=0), np.diag(pairs))


def count_labels(subject: Subject) -> Counts:
    """Count rows by label; they have any number of them."""
    true, predicted = subject.y > 0.5, subject.outputs > 0.5
    return Counts(subject.names, true.sum(axis=0), predicted.sum(axis=0), (true & predicted).sum(axis=0))


def show_confusion(subject: Subject) -> Section:
    """Show which class was taken for which: a table of counts; of many classes a picture and the worst pairs."""
    names = subject.names
    pairs = count_pairs(subject.y, subject.outputs.argmax(axis=1), len(names))
    note = element("p", "Rows are what is true, columns what was predicted; shares are of the row.", class_="note")
    if len(names) <= _MOST_CELLS:
        return make_section("confusion", "Confusion matrix", note, _make_matrix(pairs, names))
    shares = pairs / np.maximum(pairs.sum(axis=1, keepdims=True), 1)
    signs = np.sqrt(shares) * np.where(np.eye(len(names), dtype=bool), 1, -1)  # so that few rows are seen too
    picture = make_signed(signs, 1.0, f"Confusion matrix of {len(names)} classes: right is blue, wrong orange")
    worst = _list_worst_pairs(pairs, names)
    blocks = [element("figure", picture, class_="matrix-picture")]
    blocks += [make_table("Most frequent mistakes", ("true", "taken for", "rows", "share"), worst)] if worst else []
    return make_section("confusion", "Confusion matrix", note, element("div", *blocks, class_="pair"))


def show_classes(counts: Counts, word: str) -> Section:
    """Show precision, recall, F1 and number of rows of each class or label, and their means."""
    measures, title = counts.measure(), "Classes" if word == "class" else "Labels"
    order, caption = np.arange(len(counts.names)), f"{len(counts.names)} {title.lower()}"
    if len(order) > _MOST_CLASSES:
        order = np.argsort(measures[2], kind="stable")[:_MOST_CLASSES]
        caption = f"The {_MOST_CLASSES} of {len(counts.names):,} {title.lower()} with the lowest F1"
    rows = [(counts.names[i], *map(_make_bar, measures[:, i]), f"{counts.true[i]:,}") for i in order]
    weights = counts.true / max(counts.true.sum(), 1)
    means = [("mean", measures.mean(axis=1)), ("weighted mean", measures @ weights)]
    foot = [(name, *map(write_measure, values), f"{counts.true.sum():,}") for name, values in means]
    table = make_table(caption, (word, "precision", "recall", "F1", "rows"), rows, foot)
    explained = (
        f"Precision: the share of rows taken for a {word} that have it. Recall: the share of rows of a {word} that "
        "were found. F1: the harmonic mean of both."
    )
    return make_section("classes", title, element("p", explained, class_="note"), table)


def write_measure(value: float) -> str:
    """Return a measure between 0 and 1."""
    return f"{value:.3f}"


def _make_bar(value: float) -> Markup:
    return element("td", write_measure(value), class_="bar", style=f"--share:{100 * value:.0f}%")


def _make_matrix(pairs: NDArray[np.int64], names: tuple[str, ...]) -> Markup:
    turned = "turned" if max(map(len, names)) > 5 else None
    heads = (element("th", element("span", name), scope="col", class_=turned) for name in names)
    top = element("tr", element("td", element("span", "true, predicted", class_="unseen")), *heads)
    rows = (
        element(
            "tr",
            element("th", name, scope="row", class_="long" if len(name) > _LONG_NAME else None),
            *(_make_cell(row, column, pairs) for column in range(len(names))),
        )
        for row, name in enumerate(names)
    )
    caption = element("caption", f"{pairs.sum():,} rows by true and predicted class", class_="unseen")
    table = element("table", caption, element("thead", top), element("tbody", *rows), class_="matrix")
    return make_scroll("Confusion matrix", table)


def _make_cell(row: int, column: int, pairs: NDArray[np.int64]) -> Markup:
    count, total = int(pairs[row, column]), int(pairs[row].sum())
    if not count:
        return element("td")
    share = count / total
    kind = "right" if row == column else "wrong"
    strength = 12 + 88 * share if kind == "right" else min(100, 20 + 300 * share)
    content = join((f"{count:,}", element("small", f"{100 * share:.0f} %" if share >= 0.005 else "< 1 %")))
    return element("td", content, class_=kind, style=f"--share:{strength:.0f}%")


def _list_worst_pairs(pairs: NDArray[np.int64], names: tuple[str, ...]) -> list[tuple[str, str, str, str]]:
    wrong = pairs * ~np.eye(len(names), dtype=bool)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    places = [divmod(int(i), len(names)) for i in order if wrong.ravel()[i]]
    return [(names[t], names[p], f"{pairs[t, p]:,}", write_share(pairs[t, p] / pairs[t].sum())) for t, p in places]
