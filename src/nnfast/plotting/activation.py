"""activation: activation functions and their derivatives, as the core computes them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnfast import activations as catalogue
from nnfast._validation import mismatch
from nnfast.activations import ActivationFunction
from nnfast.layers import Activation, Input
from nnfast.models import Sequential
from nnfast.plotting.palettes import add_legend, make_axes, name_axes, new_figure, palette_of, take_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

_OF_A_LAYER = ("softmax", "log_softmax")


def activation_curve(activation: Any, span: tuple[float, float] = (-8.0, 8.0), *, ax: "Axes | None" = None) -> "Axes":
    """Draw an activation function and its derivative (dashed).

    `Softmax` and `LogSoftmax`, which are functions of a whole layer, are drawn of two units, z and 0.

    Parameters
    ----------
    activation : str or ActivationFunction
        A name, or an object with parameters of its own.
    span : tuple of float
        From where to where, [-8, 8] by default.
    ax : matplotlib Axes, optional
        Where to draw; in a new figure by default.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from nnfast import plotting
    >>> ax = plotting.activation_curve("tanh")
    >>> ax.get_title(), [line.get_label() for line in ax.get_lines()]
    ('tanh', ['value', 'derivative'])
    """
    function = catalogue.get(activation)
    low, high = (float(bound) for bound in span)
    if not (np.isfinite([low, high]).all() and low < high):
        raise mismatch("span", "two finite numbers, the smaller first", span)
    from matplotlib.ticker import MaxNLocator

    ax, palette = take_axes(ax)
    z = np.linspace(low, high, 2000)
    value, slope = evaluate(function, z)
    ax.plot(z, _broken_at_jumps(value), color=palette.curves[0], linewidth=2.0, label="value")
    ax.plot(z, _broken_at_jumps(slope), "--", color=palette.curves[1], linewidth=1.6, label="derivative")
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 4, 5, 10]))
    name = function.names[0]
    name_axes(ax, "z", "f(z)", f"{name} of z and 0" if name in _OF_A_LAYER else _describe(function))
    add_legend(ax)
    return ax


def activation_curves(
    activations: Sequence[Any] | None = None,
    span: tuple[float, float] = (-8.0, 8.0),
    *,
    figure: "FigureBase | None" = None,
) -> "FigureBase":
    """Draw activation functions and their derivatives, a panel each.

    Parameters
    ----------
    activations : list of str or ActivationFunction, optional
        All that there are by default.
    span : tuple of float
        From where to where, [-8, 8] by default.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib Figure or SubFigure

    Examples
    --------
    >>> from nnfast import plotting
    >>> figure = plotting.activation_curves(["sigmoid", "tanh", "relu"])
    >>> [axes.get_title() for axes in figure.axes]
    ['sigmoid', 'tanh', 'relu']
    """
    chosen = [c.names[0] for c in catalogue.CATALOGUE.by_class_name.values()] if activations is None else activations
    if not len(chosen):
        raise mismatch("activations", "at least one", chosen)
    n_columns = min(4, len(chosen))
    n_rows = -(-len(chosen) // n_columns)
    figure = figure or new_figure(3.1 * n_columns, 2.4 * n_rows + 0.2)
    all_axes = make_axes(figure, n_rows, n_columns).ravel()
    for axes, function in zip(all_axes, chosen, strict=False):
        _draw_without_words(axes, function, span)
    for axes in all_axes[len(chosen) :]:
        axes.set_axis_off()
    for axes in all_axes[max(0, len(chosen) - n_columns) : len(chosen)]:
        axes.set_xlabel("z")
    for axes in all_axes[::n_columns]:
        axes.set_ylabel("f(z)")
    _add_key(figure, all_axes[0])
    return figure


def _draw_without_words(axes: "Axes", function: Any, span: tuple[float, float]) -> None:
    """Draw a curve with a title alone: panels share one key, and the words at their outer sides."""
    legend = activation_curve(function, span, ax=axes).get_legend()
    if legend is not None:
        legend.remove()
    axes.set(xlabel="", ylabel="")


def _add_key(figure: "FigureBase", axes: "Axes") -> None:
    """Say once, below all panels, what the lines of one of them are."""
    lines, words = axes.get_legend_handles_labels()
    ink = palette_of(axes).ink
    shape: dict[str, Any] = {"ncols": len(words), "frameon": False, "borderpad": 0, "borderaxespad": 0.2}
    figure.legend(lines, words, loc="outside lower center", labelcolor=ink, fontsize=9, **shape)


def evaluate(function: ActivationFunction, z: Array) -> tuple[Array, Array]:
    """Return value and derivative at each number, by a forward and a backward pass in float64."""
    n_units = 2 if function.names[0] in _OF_A_LAYER else 1
    rows = np.zeros((len(z), n_units))
    rows[:, 0] = z
    model = Sequential([Input(n_units), Activation(function)], dtype="float64", seed=0)
    value = np.array(model.forward(rows))[:, 0]
    grad_output = np.zeros_like(rows)
    grad_output[:, 0] = 1
    return value, np.array(model.backward(grad_output))[:, 0]


def _describe(function: ActivationFunction) -> str:
    """Its name, and parameters that are not the default ones."""
    text, name = repr(function), function.names[0]
    is_default = function == type(function)()
    return name if is_default else f"{name}{text[text.index('(') :]}"


def _broken_at_jumps(values: Array) -> Array:
    """Put NaN where a function jumps: a step far larger than those beside it."""
    steps = np.abs(np.diff(values))
    beside = np.concatenate([[0.0], steps[:-1]]) + np.concatenate([steps[1:], [0.0]])
    jumps = np.flatnonzero(steps[1:-1] > 20 * beside[1:-1] + 1e-6) + 1
    broken = values.copy()
    broken[jumps] = np.nan
    return broken
