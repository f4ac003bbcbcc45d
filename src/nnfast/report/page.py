"""page: the whole report, from the model to the file."""

import os
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nnfast.config import get_version
from nnfast.plotting.palettes import PALETTES
from nnfast.report import classification, machinery, mistakes, regression
from nnfast.report.curves import show_curves
from nnfast.report.headline import show_headline
from nnfast.report.markup import Markup, Section, element, join
from nnfast.report.subject import Given, Subject, make_subject
from nnfast.saving.atomic_write import write_atomically

if TYPE_CHECKING:
    from nnfast.models import Sequential

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_report(
    path: str | os.PathLike[str],
    model: "Sequential",
    x: Any,
    y: ArrayLike,
    *,
    history: Any = None,
    run: dict[str, Any] | None = None,
    class_names: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    image_shape: tuple[int, int] | None = None,
    title: str | None = None,
) -> None:
    """Write what a model is worth, how it was trained and where it errs into one HTML file that needs no other.

    Nothing in it is loaded from elsewhere, and there is no script. It follows the reader's choice of light or dark, and
    is read on a phone and on paper too. The same arguments give the same bytes.

    Parameters
    ----------
    path : str or path
        The file; one that is there is replaced at once, or on an error not at all.
    model : Sequential
        A trained model. One that ends with softmax, or one sigmoid, tells classes apart; one with several sigmoids
        tells labels, if rows of `y` have as many; every other predicts values.
    x : array-like or SciPy CSR matrix of shape (n_samples, n_features)
        What to judge it on: rows it was not trained on.
    y : array-like
        Classes from 0 of shape (n_samples,), or one-hot rows; labels, 0 or 1, of shape (n_samples, n_labels); or values
        of shape (n_samples,) or (n_samples, n_outputs).
    history : History or dict, optional
        What ``fit`` returned; by default what the run tells, else ``model.history``.
    run : dict, optional
        Settings, machine and speed of the training; by default ``model.metadata["run"]``, which ``nnfast train``
        writes. Every key may be missing: "nnfast", "data", "rows", "network", "settings", "seed", "threads", "machine",
        "started", "seconds", "samples_per_second", "history".
    class_names : sequence of str, optional
        Of classes, labels or outputs; by default those of ``model.metadata["table"]``, else their numbers.
    feature_names : sequence of str, optional
        By default their numbers.
    image_shape : tuple of int, optional
        (height, width) of the images that samples are; by default square, if they are bytes and enough of them.
    title : str, optional
        By default the name of the data, else of the model.

    Raises
    ------
    ValueError
        If the arguments do not go together; no file is written then.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from nnfast import Sequential
    >>> from nnfast.datasets import load_digits
    >>> from nnfast.layers import Dense, Input
    >>> from nnfast.report import write_report
    >>> (x_train, y_train), (x_test, y_test) = load_digits()
    >>> model = Sequential([Input(64, scale=1 / 16), Dense(10, activation="softmax")], seed=0)
    >>> model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    >>> history = model.fit(x_train, y_train, epochs=5, verbose=0)
    >>> write_report("digits.html", model, x_test, y_test, title="Digits")
    >>> Path("digits.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    True
    """
    rows = x if hasattr(x, "tocsr") or isinstance(x, np.ndarray) else np.asarray(x)
    given = Given(history, run, class_names, feature_names, image_shape, title)
    page = _make_page(make_subject(model, rows, y, given))
    write_atomically(path, page.encode("utf-8", "xmlcharrefreplace"))


def _make_page(subject: Subject) -> Markup:
    sections = [section for section in _list_sections(subject) if section is not None]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{subject.title} \N{MIDDLE DOT} nnfast report"),
        element("style", _make_style()),
    )
    main = element("main", *(section.content for section in sections))
    maker = f"Made by nnfast {subject.run.get('nnfast') or get_version()}.".replace(" unknown", "")
    foot = element("footer", element("p", maker))
    body = element("body", show_headline(subject, sections), main, foot)
    return join((Markup("<!doctype html>\n"), element("html", head, body, lang="en"), Markup("\n")))


def _list_sections(subject: Subject) -> list[Section | None]:
    shown: list[Section | None] = [show_curves(subject)]
    if subject.kind == "classes":
        counts = classification.count_classes(subject)
        shown += [
            classification.show_confusion(subject),
            classification.show_classes(counts, "class"),
            mistakes.show_mistakes(subject),
        ]
    elif subject.kind == "labels":
        shown.append(classification.show_classes(classification.count_labels(subject), "label"))
    else:
        shown += [regression.show_fit(subject), regression.show_outputs(subject), mistakes.show_largest_errors(subject)]
    return [*shown, machinery.show_weights(subject), machinery.show_network(subject), machinery.show_run(subject)]


def _make_style() -> Markup:
    """Return the page's style: the colours of all pictures, as variables, and what uses them."""
    light, dark = (
        f"--paper:{p.paper};--ink:{p.ink};--quiet:{p.quiet};--a:{p.curves[0]};--b:{p.curves[1]}"
        for p in (PALETTES["light"], PALETTES["dark"])
    )
    rules = resources.files("nnfast.report").joinpath("page.css").read_text(encoding="utf-8")
    return Markup(f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{rules}")
