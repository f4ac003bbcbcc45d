"""weights: what the units of a first layer look for in images."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nnfast._validation import check_integer, mismatch
from nnfast.plotting.images import make_tiles
from nnfast.plotting.palettes import add_colorbar, new_figure, palette_of

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase


def first_layer_weights(
    model: Any,
    shape: tuple[int, int] | None = None,
    *,
    n_shown: int = 32,
    n_columns: int = 8,
    figure: "FigureBase | None" = None,
) -> "FigureBase":
    """Draw the weights into each unit of the first dense layer as an image, one scale for all, 0 in its middle.

    Parameters
    ----------
    model : Sequential
        Takes images as its samples.
    shape : tuple of int, optional
        (height, width) of an image; square by default.
    n_shown : int
        The first that many units.
    n_columns : int
        Images in a row.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib Figure or SubFigure

    Examples
    --------
    >>> from nnfast import Sequential, plotting
    >>> from nnfast.layers import Dense, Input
    >>> figure = plotting.first_layer_weights(Sequential([Input(64), Dense(4, "relu"), Dense(10)], seed=0))
    >>> [axes.get_title() for axes in figure.axes][:4]
    ['unit 0', 'unit 1', 'unit 2', 'unit 3']
    """
    kernel = next((w for w in model.get_weights() if w.ndim == 2), None)
    if kernel is None:
        raise mismatch("model", "a dense layer", model)
    side = int(np.sqrt(len(kernel)))
    height, width = shape or (side, side)
    if height * width != len(kernel):
        raise mismatch("shape", f"(height, width) of {len(kernel)} pixels", (height, width))
    images = kernel.T.reshape(-1, height, width)[: check_integer("n_shown", n_shown, 1)]
    n_columns = min(check_integer("n_columns", n_columns, 1), len(images))
    figure = figure or new_figure(0.95 * n_columns + 1.0, 1.15 * -(-len(images) // n_columns))
    all_axes, figure = make_tiles(len(images), n_columns, (0.95, 1.15), figure)
    largest = float(np.abs(images).max()) or 1.0
    for i, axes in enumerate(all_axes):
        shown = axes.imshow(images[i], cmap="PuOr", vmin=-largest, vmax=largest, interpolation="nearest")
        axes.set_title(f"unit {i}", fontsize=8, color=palette_of(axes).ink, pad=2)
    add_colorbar(all_axes, shown, "weight", shrink=0.8)
    return figure
