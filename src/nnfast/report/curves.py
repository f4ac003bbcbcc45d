"""curves: the section on how the training went."""

import math
from collections.abc import Mapping, Sequence

from nnfast.report.charts import Curve, choose_axis, draw_curves
from nnfast.report.markup import Markup, Section, element, make_section
from nnfast.report.numbers import write_number
from nnfast.report.subject import Subject

_MOST_PANELS = 6


def show_curves(subject: Subject) -> Section | None:
    """Show loss and metrics over epochs; nothing without a history."""
    history, model = subject.history, subject.model
    names = [name for name in history if name != "epoch" and not name.startswith("val_")]
    if not names:
        return None
    n_epochs = len(history[names[0]])
    epochs = [int(epoch) for epoch in history.get("epoch", ())]
    if len(epochs) != n_epochs:
        epochs = list(range(1, n_epochs + 1))
    wants_max = {"loss": False} | {m.name: m.higher_is_better for m in (*model.metrics, *model.weighted_metrics)}
    whole = [name for name in names if len(history[name]) == n_epochs][:_MOST_PANELS]
    panels = [_show_panel(name, epochs, history, wants_max.get(name)) for name in whole]
    return make_section("curves", "Learning curves", element("div", *panels, class_="pair"))


def _show_panel(name: str, epochs: list[int], history: Mapping[str, Sequence[float]], wants_max: bool | None) -> Markup:
    curves = [Curve(history[name], "a")]
    keys = [_make_key("a", "train", history[name])]
    best = None
    validation = history.get(f"val_{name}", ())
    if len(validation) == len(epochs):
        curves.append(Curve(validation, "b"))
        keys.append(_make_key("b", "validation", validation))
        best = _find_best(validation, wants_max)
    notes = [f"Best validation {write_number(validation[best])}, at epoch {epochs[best]}."] if best is not None else []
    notes += ["Logarithmic axis."] if choose_axis(curves).is_log else []
    ends = zip(("train", "validation"), curves, strict=False)
    told = ", ".join(f"{word} ends at {write_number(curve.values[-1])}" for word, curve in ends)
    label = f"{name} over {len(epochs)} epochs: {told}"
    caption = element("figcaption", element("strong", name), *keys)
    return element(
        "figure", caption, draw_curves(label, epochs, curves, best), element("p", " ".join(notes), class_="note")
    )


def _make_key(kind: str, word: str, values: Sequence[float]) -> Markup:
    return element("span", element("i", class_=f"key {kind}"), f"{word} {write_number(values[-1])}")


def _find_best(values: Sequence[float], wants_max: bool | None) -> int | None:
    """Return the place of the best value, the first of equals; None where it is not known whether large is good."""
    finite = [place for place, value in enumerate(values) if math.isfinite(value)]
    if not finite or wants_max is None:
        return None
    return (max if wants_max else min)(finite, key=values.__getitem__)
