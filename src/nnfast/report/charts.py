"""charts: curves, points and bars as SVG. Colours and sizes of words are in the page's style."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.report.markup import Markup, element, join
from nnfast.report.numbers import Axis, make_axis, make_integer_axis

Array = NDArray[Any]

_WIDTH, _HEIGHT = 400, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 10, 10, 38
_MOST_POINTS = 1500
_MOST_STEPS = 400
_N_BARS = 24


@dataclass(frozen=True)
class Curve:
    """Values over epochs, and the class that gives them their colour and dashes."""

    values: Sequence[float]
    kind: str


def choose_axis(curves: Sequence[Curve]) -> Axis:
    """Return the upward axis of curves: logarithmic for those that span decades, as losses do."""
    finite = [value for curve in curves for value in curve.values if math.isfinite(value)]
    return make_axis(finite or [0.0, 1.0], may_be_log=True)


def draw_curves(label: str, epochs: Sequence[int], curves: Sequence[Curve], marked: int | None = None) -> Markup:
    """Draw curves over epochs, a circle at the place `marked` of the last one."""
    across = make_integer_axis(epochs[0], epochs[-1])
    up = choose_axis(curves)
    lines = [_draw_line(epochs, curve, across, up) for curve in curves]
    if marked is not None:
        x, y = _x(across, epochs[marked]), _y(up, curves[-1].values[marked])
        lines.append(element("circle", cx=x, cy=y, r=4.5, class_=f"mark {curves[-1].kind}"))
    return _make_chart(label, _draw_axes(across, up, "epoch"), *lines)


def draw_points(label: str, true: Array, predicted: Array) -> Markup:
    """Draw predictions over true values, and the line where they agree; of many rows some, evenly chosen."""
    axis = make_axis([float(v) for v in (true.min(), true.max(), predicted.min(), predicted.max())])
    stride = -(-len(true) // _MOST_POINTS)
    places = zip(true[::stride].tolist(), predicted[::stride].tolist(), strict=True)
    dots = "".join(f"M{_x(axis, x)} {_y(axis, y)}h0" for x, y in places)
    ends = {"x1": _x(axis, axis.low), "y1": _y(axis, axis.low), "x2": _x(axis, axis.high), "y2": _y(axis, axis.high)}
    return _make_chart(
        label,
        _draw_axes(axis, axis, "true", "predicted"),
        element("path", d=dots, class_="dots"),
        element("line", **ends, class_="guide"),
    )


def draw_histogram(label: str, values: Array, name: str) -> Markup:
    """Draw how often values fall into intervals of one width."""
    across = make_axis([float(values.min()), float(values.max())], 6)
    counts, edges = np.histogram(values, _N_BARS, (across.low, across.high))
    up = make_axis([0.0, float(counts.max())])
    bars = []
    for count, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        x, y = _x(across, left), _y(up, count)
        size = {"width": round(_x(across, right) - x, 1), "height": round(_y(up, 0) - y, 1)}
        if count:
            bars.append(element("rect", x=x, y=y, **size, class_="bar"))
    return _make_chart(label, _draw_axes(across, up, name, "rows"), *bars)


def _make_chart(label: str, *parts: Markup) -> Markup:
    return element(
        "svg",
        element("title", label),
        *parts,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=label,
        class_="chart",
    )


def _draw_axes(across: Axis, up: Axis, x_name: str, y_name: str = "") -> Markup:
    left, right, bottom = _LEFT, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    marks = []
    for tick in up.ticks:
        y = _y(up, tick)
        marks.append(element("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
        marks.append(element("text", up.write(tick), x=left - 6, y=round(y + 4, 1), text_anchor="end"))
    for tick in across.ticks:
        x = _x(across, tick)
        marks.append(element("line", x1=x, x2=x, y1=bottom, y2=bottom + 4, class_="axis"))
        marks.append(element("text", across.write(tick), x=x, y=bottom + 17, text_anchor="middle"))
    marks.append(element("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
    marks.append(element("text", x_name, x=(left + right) / 2, y=_HEIGHT - 4, text_anchor="middle"))
    if y_name:
        marks.append(element("text", y_name, x=left + 6, y=_TOP + 10, class_="name"))
    return element("g", *marks, aria_hidden="true")


def _draw_line(epochs: Sequence[int], curve: Curve, across: Axis, up: Axis) -> Markup:
    pieces = [
        element("polyline", points=" ".join(f"{_x(across, epochs[i])},{_y(up, curve.values[i])}" for i in piece))
        if len(piece) > 1
        else element("circle", cx=_x(across, epochs[piece[0]]), cy=_y(up, curve.values[piece[0]]), r=3)
        for piece in _find_finite_pieces(curve.values)
    ]
    return element("g", join(pieces), class_=f"line {curve.kind}")


def _find_finite_pieces(values: Sequence[float]) -> Iterator[list[int]]:
    """Yield places that follow each other and hold numbers; of many some, evenly chosen, and the last."""
    stride = -(-len(values) // _MOST_STEPS)
    piece: list[int] = []
    for place in sorted({*range(0, len(values), stride), len(values) - 1}):
        if math.isfinite(values[place]):
            piece.append(place)
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _x(axis: Axis, value: float) -> float:
    return round(_LEFT + axis.place(value) * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(axis: Axis, value: float) -> float:
    return round(_HEIGHT - _BOTTOM - axis.place(value) * (_HEIGHT - _TOP - _BOTTOM), 1)
