"""mistakes: the rows that a model errs on most: as images where they are some, else as a table."""

import numpy as np

from nnfast.report.markup import Markup, Section, element, make_section, make_table
from nnfast.report.numbers import write_number, write_share
from nnfast.report.pictures import Array, make_grey
from nnfast.report.subject import Subject

_MOST_IMAGES = 24
_MOST_ROWS = 15
_MOST_FEATURES = 8
_CAPTION = "Rows of the test data, counted from 0, as the network gets them"


def show_mistakes(subject: Subject) -> Section | None:
    """Show the rows taken for another class with the largest probability; nothing where there are none."""
    predicted, sure = subject.outputs.argmax(axis=1), subject.outputs.max(axis=1)
    wrong = np.flatnonzero(predicted != subject.y)
    if not len(wrong):
        return None
    most = _MOST_IMAGES if subject.image_shape else _MOST_ROWS
    chosen = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    how_many = f"All {len(wrong):,}" if len(wrong) <= most else f"{most} of {len(wrong):,}"
    words = f"{how_many} mistakes, those the model was surest of first." if len(wrong) > 1 else "The only mistake."
    if subject.image_shape:
        words += " Below each: what it was taken for, how probable that seemed, and what it is."
    note = element("p", words, class_="note")
    content = _make_tiles(subject, chosen) if subject.image_shape else _make_class_table(subject, chosen)
    return make_section("mistakes", "Most confident mistakes", note, content)


def show_largest_errors(subject: Subject) -> Section:
    """Show the rows with the largest error of any output, the largest first, relative to that output's deviation."""
    errors = subject.outputs - subject.y
    scale = np.where(subject.y.std(axis=0) > 0, subject.y.std(axis=0), 1.0)
    worst = np.abs(errors / scale)
    chosen = np.argsort(-worst.max(axis=1), kind="stable")[:_MOST_ROWS]
    rows = []
    for place in chosen:
        output = int(worst[place].argmax())
        values = (subject.y[place, output], subject.outputs[place, output], errors[place, output])
        name = [subject.names[output]] if len(subject.names) > 1 else []
        rows.append((f"{place:,}", *name, *map(write_number, values), *_write_features(subject, place)))
    head = ("row", *(["output"] if len(subject.names) > 1 else []), "true", "predicted", "error")
    table = make_table(_CAPTION, (*head, *_name_features(subject)), rows)
    return make_section("mistakes", "Largest errors", table)


def _make_class_table(subject: Subject, chosen: Array) -> Markup:
    rows = []
    for place in chosen:
        shares = subject.outputs[place]
        predicted, true = int(shares.argmax()), int(subject.y[place])
        taken_for, is_really = subject.names[predicted], subject.names[true]
        told = (taken_for, write_share(shares[predicted]), is_really, write_share(shares[true]))
        rows.append((f"{place:,}", *told, *_write_features(subject, place)))
    head = ("row", "taken for", "probability", "is", "probability", *_name_features(subject))
    return make_table(_CAPTION, head, rows)


def _make_tiles(subject: Subject, chosen: Array) -> Markup:
    samples = [subject.get_row(place).reshape(subject.image_shape or (1, -1)) for place in chosen]
    low, high = min(float(s.min()) for s in samples), max(float(s.max()) for s in samples)
    tiles = []
    for place, pixels in zip(chosen.tolist(), samples, strict=True):
        shares = subject.outputs[place]
        predicted, true = int(shares.argmax()), int(subject.y[place])
        words = (
            element("b", f"\N{BALLOT X} {subject.names[predicted]}"),
            element("span", write_share(shares[predicted])),
            element("span", f"is {subject.names[true]}"),
        )
        alt = f"Row {place}: {subject.names[true]}, taken for {subject.names[predicted]}"
        tiles.append(element("li", make_grey(pixels, low, high, alt), *words))
    return element("ul", *tiles, class_="tiles")


def _name_features(subject: Subject) -> tuple[str, ...]:
    return subject.feature_names[:_MOST_FEATURES]


def _write_features(subject: Subject, place: int) -> list[str]:
    return [write_number(float(value)) for value in subject.get_row(place)[:_MOST_FEATURES]]
