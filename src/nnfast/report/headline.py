"""headline: what stands at the top of a report: its main figure and a few others."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from nnfast.report.classification import count_classes, count_labels, write_measure
from nnfast.report.markup import Markup, Section, element
from nnfast.report.numbers import write_number, write_rate, write_seconds, write_share, write_time
from nnfast.report.regression import measure_errors, write_r2
from nnfast.report.subject import Subject

_QUANTILE = 1.959963984540054  # of the normal distribution, for 95 %
Figure = tuple[str, str]


def show_headline(subject: Subject, sections: Sequence[Section]) -> Markup:
    """Show title, main figure, what it is made of, others beside it, and what the page holds."""
    name, value, meaning = _choose_main(subject)
    main = element("p", element("span", name), element("strong", value), element("span", meaning), class_="hero")
    cards = (
        element("div", element("dt", words), element("dd", figure))
        for words, figure in (*_list_scores(subject), *_list_costs(subject))
    )
    links = (element("a", section.title, href=f"#{section.name}") for section in sections)
    top = element("div", element("p", "nnfast report", class_="kicker"), element("h1", subject.title), *_tell(subject))
    return element(
        "header",
        element("div", top, main, class_="top"),
        element("dl", *cards, class_="cards"),
        element("nav", *links, aria_label="Sections"),
    )


def measure_interval(n_right: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share: Wilson, "Probable inference ...", JASA 22 (1927)."""
    z2 = _QUANTILE**2
    centre = (n_right + z2 / 2) / (n + z2)
    half = _QUANTILE / (n + z2) * math.sqrt(n_right * (n - n_right) / n + z2 / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def _choose_main(subject: Subject) -> tuple[str, str, str]:
    where = "Test " if subject.is_test else ""
    n = len(subject.y)
    if subject.kind == "values":
        r2 = float(np.mean([measure_errors(t, p).r2 for t, p in zip(subject.y.T, subject.outputs.T, strict=True)]))
        scale = "1 is perfect, 0 as good as the mean" if math.isfinite(r2) else "values that are all alike have none"
        return f"{where}R\N{SUPERSCRIPT TWO}", write_r2(r2), f"on {n:,} rows; {scale}"
    if subject.kind == "classes":
        is_right, noun = subject.outputs.argmax(axis=1) == subject.y, "accuracy"
    else:
        is_right, noun = ((subject.outputs > 0.5) == (subject.y > 0.5)).all(axis=1), "rows with all labels right"
    n_right = int(is_right.sum())
    low, high = measure_interval(n_right, n)
    meaning = f"{n_right:,} of {n:,} rows; 95 % interval {100 * low:.1f} to {100 * high:.1f} %"
    return (where + noun).capitalize(), f"{100 * n_right / n:.2f} %", meaning


def _tell(subject: Subject) -> list[Markup]:
    run = subject.run
    words = [str(run["network"])] if run.get("network") else []
    words += [write_time(str(run["started"]))] if run.get("started") else []
    return [element("p", " \N{MIDDLE DOT} ".join(words), class_="note")] if words else []


def _list_scores(subject: Subject) -> Iterator[Figure]:
    if subject.kind == "values":
        errors = measure_errors(subject.y.ravel(), subject.outputs.ravel())
        yield "RMSE", write_number(errors.rmse)
        yield "mean absolute error", write_number(errors.mae)
        yield "largest error", write_number(errors.largest)
        return
    if subject.kind == "classes":
        counts = count_classes(subject)
        yield "mistakes", f"{len(subject.y) - int(counts.right.sum()):,}"
        of_true = subject.outputs[np.arange(len(subject.y)), subject.y].astype(np.float64)
        yield "cross-entropy", write_number(float(-np.log(np.maximum(of_true, 1e-7)).mean()))
        yield "largest class alone", write_share(counts.true.max() / counts.true.sum())
    else:
        counts = count_labels(subject)
        yield "labels right", write_share(float(((subject.outputs > 0.5) == (subject.y > 0.5)).mean()))
    yield "mean F1", write_measure(float(counts.measure()[2].mean()))


def _list_costs(subject: Subject) -> Iterator[Figure]:
    run = subject.run
    yield "parameters", f"{subject.model.count_params():,}"
    if run.get("seconds") is not None:
        yield "training time", write_seconds(run["seconds"])
    if run.get("samples_per_second"):
        yield "samples a second", write_rate(run["samples_per_second"])
    if run.get("seed") is not None:
        yield "seed", str(run["seed"])
