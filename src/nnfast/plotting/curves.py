"""curves: what a training was like, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnfast._validation import mismatch, unknown_name
from nnfast.plotting.palettes import add_legend, make_axes, name_axes, new_figure, palette_of, take_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Curves = Mapping[str, Sequence[float]]


def learning_curves(history: Any, *, figure: "FigureBase | None" = None) -> "FigureBase":
    """Draw loss and metrics over epochs, one panel each; validation is dashed.

    Parameters
    ----------
    history : History or dict
        What ``fit`` returned, or its ``history``.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib Figure or SubFigure

    Examples
    --------
    >>> from nnfast import plotting
    >>> figure = plotting.learning_curves({"loss": [3.0, 1.0], "val_loss": [3.5, 2.0]})
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['train', 'validation']
    """
    curves = _get_curves("history", history)
    names = [name for name in curves if not name.startswith("val_")]
    figure = figure or new_figure(6.0, 2.6 * len(names))
    all_axes = make_axes(figure, len(names), 1, sharex=True)[:, 0]
    for axes, name in zip(all_axes, names, strict=True):
        _draw_curve(axes, curves, name)
        name_axes(axes, "epoch" if axes is all_axes[-1] else "", name)
    return figure


def compared_curves(histories: Mapping[str, Any], metric: str = "loss", *, ax: "Axes | None" = None) -> "Axes":
    """Draw one metric of several trainings over epochs: Adam against gradient descent, say; validation is dashed.

    Parameters
    ----------
    histories : dict of str to History or dict
        Trainings, at most six, by the names they shall have in the picture.
    metric : str
        The loss or a metric they all report.
    ax : matplotlib Axes, optional
        Where to draw; in a new figure by default.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from nnfast import plotting
    >>> ax = plotting.compared_curves({"Adam": {"loss": [2, 0.5]}, "gradient descent": {"loss": [2, 1.5]}})
    >>> ax.get_ylabel(), [text.get_text() for text in ax.get_legend().get_texts()]
    ('loss', ['Adam', 'gradient descent'])
    """
    all_curves = {name: _get_curves("histories", history) for name, history in histories.items()}
    for curves in all_curves.values():
        if metric not in curves:
            raise unknown_name("metric", metric, curves)
    ax, palette = take_axes(ax)
    if not 0 < len(all_curves) <= len(palette.curves):
        raise mismatch("histories", f"one to {len(palette.curves)} trainings", len(all_curves))
    for (name, curves), colour in zip(all_curves.items(), palette.curves, strict=False):
        _draw_line(ax, curves[metric], colour, name)
        if f"val_{metric}" in curves:
            _draw_line(ax, curves[f"val_{metric}"], colour, f"{name}, validation", "--")
    name_axes(ax, "epoch", metric)
    _finish(ax)
    return ax


def _get_curves(argument: str, history: Any) -> Curves:
    curves: Curves = getattr(history, "history", history)
    first = next((name for name in curves if not name.startswith("val_")), None)
    if first is None or not len(curves[first]):
        raise mismatch(argument, "at least one finished epoch", dict(curves))
    return curves


def _draw_curve(axes: "Axes", curves: Curves, name: str) -> None:
    colours = palette_of(axes).curves
    _draw_line(axes, curves[name], colours[0], "train")
    if f"val_{name}" in curves:
        _draw_line(axes, curves[f"val_{name}"], colours[1], "validation", "--")
    _finish(axes)


def _draw_line(axes: "Axes", values: Sequence[float], colour: str, label: str, linestyle: str = "-") -> None:
    marker = "o" if len(values) == 1 else ""
    axes.plot(range(1, len(values) + 1), values, linestyle, color=colour, marker=marker, linewidth=1.8, label=label)


def _finish(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    add_legend(axes)
