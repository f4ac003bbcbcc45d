"""squiggle: how a network of one hidden layer bends its activation function into a curve through the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast._validation import mismatch
from nnfast.activations import ActivationFunction
from nnfast.layers import Dense
from nnfast.plotting.activation import evaluate
from nnfast.plotting.palettes import add_legend, dress, name_axes, new_figure, palette_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

_MAX_UNITS = 4
_UNIT_COLOURS = (0, 1, 3, 4)
_SUM_COLOUR = 2


@dataclass(frozen=True)
class _Parts:
    """What a network makes of the inputs x of shape (n,): of shape (n, n_units) but for the last two."""

    activation: ActivationFunction
    x: Array
    z: Array
    """Weighted sums: where on the x-axis of the activation each unit is."""
    units: Array
    scaled: Array
    total: Array
    output: Array


def squiggle_steps(
    model: Any, x: ArrayLike, y: ArrayLike | None = None, *, figure: "FigureBase | None" = None
) -> "FigureBase":
    """Draw how a 1-n-1 network makes its curve, step by step.

    Above, for each hidden unit: which part of the activation function the inputs reach. Below: the curves that
    come of it, the same times the output weights, and their sum, to which the last bias is added.

    Parameters
    ----------
    model : Sequential
        An input, a `Dense` layer of up to four units, a linear `Dense` layer of one.
    x : array-like of shape (n,) or (n, 1)
        Samples; curves are drawn from the smallest to the largest.
    y : array-like of shape (n,) or (n, 1), optional
        Targets.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib Figure or SubFigure

    Examples
    --------
    >>> from nnfast import Sequential, plotting
    >>> from nnfast.layers import Dense, Input
    >>> model = Sequential([Input(1), Dense(2, "softplus"), Dense(1)], seed=0)
    >>> figure = plotting.squiggle_steps(model, [0, 0.5, 1], [0, 1, 0])
    >>> [axes.get_title() for axes in figure.axes][2:]
    ['each unit', 'times its output weight', 'sum, then the last bias']
    """
    samples, targets = np.ravel(np.asarray(x, float)), None if y is None else np.ravel(np.asarray(y, float))
    if samples.size < 2 or np.ptp(samples) == 0:
        raise mismatch("x", "at least two samples that differ", samples)
    if targets is not None and targets.shape != samples.shape:
        raise mismatch("y", f"one for each of {samples.size} samples", targets.shape)
    parts = _take_apart(model, np.linspace(samples.min(), samples.max(), 401))
    n_units = parts.z.shape[1]
    figure = figure or new_figure(max(9.6, 3.2 * n_units), 6.0)
    grid = figure.add_gridspec(2, 3 * n_units)
    for unit in range(n_units):
        _draw_used_part(_place(figure, grid[0, 3 * unit : 3 * unit + 3]), parts, unit)
    below = [_place(figure, grid[1, n_units * i : n_units * (i + 1)]) for i in range(3)]
    _draw_units(below[0], parts.x, parts.units, "each unit")
    _draw_units(below[1], parts.x, parts.scaled, "times its output weight")
    _draw_sum(below[2], parts, None if targets is None else (samples, targets))
    return figure


def _take_apart(model: Any, x: Array) -> _Parts:
    layers = list(getattr(model, "layers", ()))
    fits = len(layers) == 2 and all(isinstance(layer, Dense) for layer in layers)
    if not fits or layers[1].activation.names[0] != "linear" or layers[0].units > _MAX_UNITS or layers[1].units != 1:
        raise mismatch("model", f"Dense of up to {_MAX_UNITS} units, then a linear Dense of one", layers)
    weights = [np.asarray(w, float) for w in model.get_weights()]
    first, bias = _take_layer(weights, layers[0])
    last, last_bias = _take_layer(weights, layers[1])
    if len(first) != 1:
        raise mismatch("model", "one input", len(first))
    z = x[:, None] * first + bias
    units = np.stack([evaluate(layers[0].activation, column)[0] for column in z.T], axis=1)
    scaled = units * last[:, 0]
    total = scaled.sum(axis=1)
    return _Parts(layers[0].activation, x, z, units, scaled, total, total + last_bias)


def _take_layer(weights: list[Array], layer: Dense) -> tuple[Array, Array]:
    """Remove the arrays of a layer from the front of the list."""
    kernel = weights.pop(0)
    return kernel, weights.pop(0) if layer.use_bias else np.zeros(layer.units)


def _place(figure: "FigureBase", cell: Any) -> "Axes":
    axes = figure.add_subplot(cell)
    dress(axes)
    return axes


def _draw_used_part(axes: "Axes", parts: _Parts, unit: int) -> None:
    palette = palette_of(axes)
    colour = palette.curves[_UNIT_COLOURS[unit]]
    low, high = float(parts.z.min()), float(parts.z.max())
    margin = max(0.15 * (high - low), 0.5)
    everywhere = np.linspace(low - margin, high + margin, 801)
    axes.plot(everywhere, evaluate(parts.activation, everywhere)[0], color=palette.quiet, linewidth=1.2)
    used = parts.z[:, unit]
    axes.axvspan(float(used.min()), float(used.max()), color=colour, alpha=0.14, linewidth=0)
    axes.plot(used, parts.units[:, unit], color=colour, linewidth=3.0)
    name_axes(axes, "weighted sum z", f"{parts.activation.names[0]}(z)", f"unit {unit} uses this part of the curve")


def _draw_units(axes: "Axes", x: Array, curves: Array, title: str) -> None:
    palette = palette_of(axes)
    for unit, values in enumerate(curves.T):
        style: Sequence[str] = ("-", "--", "-.", ":")
        colour = palette.curves[_UNIT_COLOURS[unit]]
        axes.plot(x, values, style[unit], color=colour, linewidth=2.0, label=f"unit {unit}")
    name_axes(axes, "x", "y", title)
    add_legend(axes)


def _draw_sum(axes: "Axes", parts: _Parts, data: tuple[Array, Array] | None) -> None:
    palette = palette_of(axes)
    colour = palette.curves[_SUM_COLOUR]
    axes.plot(parts.x, parts.total, ":", color=colour, linewidth=2.0, label="sum")
    axes.plot(parts.x, parts.output, color=colour, linewidth=2.6, label="sum + bias")
    if data is not None:
        axes.plot(*data, "o", color=palette.ink, markersize=6, label="data")
    name_axes(axes, "x", "y", "sum, then the last bias")
    add_legend(axes)
