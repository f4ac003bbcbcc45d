"""confusion: which class was taken for which."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast._validation import mismatch
from nnfast.plotting.palettes import add_colorbar, is_light, make_axes, name_axes, new_figure, palette_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

_MAX_NUMBERED_CLASSES = 20


def confusion_matrix(
    labels: ArrayLike,
    predictions: ArrayLike,
    class_names: Sequence[str] | None = None,
    *,
    figure: "FigureBase | None" = None,
) -> "FigureBase":
    """Draw how often each class was taken for which; the diagonal is right, mistakes have a frame.

    Parameters
    ----------
    labels, predictions : array-like of int of shape (n,)
        True and predicted classes, from 0.
    class_names : sequence of str, optional
        By default their numbers.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib Figure or SubFigure

    Examples
    --------
    >>> from nnfast import plotting
    >>> figure = plotting.confusion_matrix([0, 0, 1], [0, 1, 1], ["no", "yes"])
    >>> [text.get_text() for text in figure.axes[0].texts]  # none of class 1 was taken for 0
    ['1', '1', '1']
    """
    counts, names = _count(labels, predictions, class_names)
    side = 0.4 * min(len(names), _MAX_NUMBERED_CLASSES)
    figure = figure or new_figure(max(5.0, side + 2.0), max(4.4, side + 1.4))
    axes = make_axes(figure, 1, 1)[0, 0]
    axes.grid(False)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shown = axes.imshow(shares, cmap=_make_colours(axes), vmin=0, vmax=1)
    add_colorbar(axes, shown, "share of the true class", shrink=0.8)
    name_axes(axes, "predicted", "true", f"{counts.sum():,} test samples")
    if len(names) <= _MAX_NUMBERED_CLASSES:
        _number_cells(axes, counts, shown.to_rgba(shares), names)
    return figure


def _count(
    labels: ArrayLike, predictions: ArrayLike, class_names: Sequence[str] | None
) -> tuple[NDArray[np.int64], list[str]]:
    true, predicted = np.asarray(labels), np.asarray(predictions)
    if true.shape != predicted.shape or true.ndim != 1 or not true.size:
        raise mismatch("predictions", f"the shape of labels, {true.shape}, (n,)", predicted.shape)
    n_classes = max(int(true.max()), int(predicted.max())) + 1 if class_names is None else len(class_names)
    for name, values in (("labels", true), ("predictions", predicted)):
        if values.dtype.kind not in "ui" or values.min() < 0 or values.max() >= n_classes:
            raise mismatch(name, f"integers from 0 to {n_classes - 1}", values)
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts, [str(i) for i in range(n_classes)] if class_names is None else list(class_names)


def _make_colours(axes: "Axes") -> Any:
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    palette = palette_of(axes)
    none = (*to_rgba(palette.curves[0])[:3], 0.0) if palette.paper == "none" else palette.paper
    return LinearSegmentedColormap.from_list("share", [none, palette.curves[0]])


def _number_cells(axes: "Axes", counts: NDArray[np.int64], colours: NDArray[Any], names: list[str]) -> None:
    from matplotlib.patches import Rectangle

    ticks = range(len(names))
    crowded = len(names) > 12 or max(map(len, names)) > 4
    axes.set_xticks(ticks, names, rotation=45 if crowded else 0, ha="right" if crowded else "center")
    axes.set_yticks(ticks, names)
    for row, column in zip(*np.nonzero(counts), strict=True):
        *cell, alpha = colours[row, column]
        ink = ("#000000" if is_light(cell) else "#FFFFFF") if alpha > 0.5 else palette_of(axes).ink
        weight = "normal" if row == column else "bold"
        if row != column:
            axes.add_patch(
                Rectangle((column - 0.45, row - 0.45), 0.9, 0.9, fill=False, edgecolor=palette_of(axes).wrong)
            )
        axes.text(column, row, counts[row, column], ha="center", va="center", color=ink, fontsize=9, fontweight=weight)
