"""images: samples that are pictures, with what they show and what they were taken for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast._validation import check_integer, mismatch
from nnfast.plotting.palettes import PALETTES, make_axes, new_figure, palette_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]


def image_grid(
    images: ArrayLike,
    labels: Sequence[Any] | Array | None = None,
    predictions: Sequence[Any] | Array | None = None,
    shape: tuple[int, int] | None = None,
    *,
    n_columns: int = 8,
    figure: "FigureBase | None" = None,
) -> "FigureBase":
    """Draw grey images with what they show; a mistake has a frame, a cross, and the truth beside it.

    Parameters
    ----------
    images : array-like of shape (n, height * width) or (n, height, width)
        Large values have the colour of ink, small ones that of paper.
    labels : sequence of length n, optional
        What the images show.
    predictions : sequence of length n, optional
        What the model takes them for.
    shape : tuple of int, optional
        (height, width) of an image; square by default.
    n_columns : int
        Images in a row.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib Figure or SubFigure

    Examples
    --------
    >>> from nnfast import plotting
    >>> from nnfast.datasets import load_digits
    >>> _, (x, y) = load_digits()
    >>> figure = plotting.image_grid(x[:3], labels=y[:3], predictions=[y[0], y[1], 7], n_columns=3)
    >>> [axes.get_title() for axes in figure.axes]
    ['5', '0', '✗ 7, is 9']
    """
    pixels = as_images(images, shape)
    for name, values in (("labels", labels), ("predictions", predictions)):
        if values is not None and len(values) != len(pixels):
            raise mismatch(name, f"one for each of the {len(pixels)} images", f"{len(values)} of them")
    all_axes, figure = make_tiles(len(pixels), n_columns, (0.95, 1.15), figure)
    for i, axes in enumerate(all_axes):
        _draw_image(axes, pixels[i], (pixels.min(), pixels.max()))
        _caption(axes, None if labels is None else labels[i], None if predictions is None else predictions[i])
    return figure


def confident_mistakes(
    images: ArrayLike,
    labels: ArrayLike,
    probabilities: ArrayLike,
    class_names: Sequence[str] | None = None,
    *,
    n_shown: int = 16,
    figure: "FigureBase | None" = None,
) -> "FigureBase":
    r"""Draw the images that a model is most sure of and wrong about, the surest first.

    Above each stand what it was taken for, what it is, and the probability the model gave to its mistake.

    Parameters
    ----------
    images : array-like of shape (n, height, width), or (n, side * side)
        Large values have the colour of ink.
    labels : array-like of int of shape (n,)
        The true classes, from 0.
    probabilities : array-like of shape (n, n_classes)
        What ``predict`` of a model gives that ends with softmax.
    class_names : sequence of str, optional
        By default their numbers.
    n_shown : int
        At most that many.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib Figure or SubFigure

    Examples
    --------
    >>> import numpy as np
    >>> from nnfast import plotting
    >>> figure = plotting.confident_mistakes(np.eye(4)[:2], [1, 0], [[0.9, 0.1], [0.8, 0.2]])
    >>> [axes.get_title() for axes in figure.axes]
    ['0, is 1\n90.0 %']
    """
    pixels, true, shares = as_images(images, None), np.asarray(labels), np.asarray(probabilities)
    if shares.ndim != 2 or true.shape != (len(pixels),) or len(shares) != len(pixels):
        raise mismatch(
            "probabilities", f"(n, n_classes), as many rows as labels and images, {len(pixels)}", shares.shape
        )
    names = np.array(range(shares.shape[1]) if class_names is None else class_names, str)
    if len(names) != shares.shape[1]:
        raise mismatch("class_names", f"{shares.shape[1]} of them", len(names))
    predicted, sure = shares.argmax(axis=1), shares.max(axis=1)
    wrong = np.flatnonzero(predicted != true)
    chosen = wrong[np.argsort(-sure[wrong], kind="stable")][: check_integer("n_shown", n_shown, 1)]
    if not len(chosen):
        return _say(f"no mistake among {len(true):,}", figure)
    all_axes, figure = make_tiles(len(chosen), min(8, len(chosen)), (1.15, 1.5), figure)
    for axes, i in zip(all_axes, chosen, strict=True):
        _draw_image(axes, pixels[i], (pixels.min(), pixels.max()))
        words = f"{names[predicted[i]]}, is {names[true[i]]}\n{_percent(sure[i])}"
        axes.set_title(words, fontsize=9, color=palette_of(axes).ink, pad=3)
    return figure


def as_images(images: ArrayLike, shape: tuple[int, int] | None) -> Array:
    """Return pixels of shape (n, height, width)."""
    pixels = np.asarray(images)
    if pixels.ndim == 2 and len(pixels):
        side = int(np.sqrt(pixels.shape[1]))
        height, width = shape or (side, side)
        if height * width == pixels.shape[1]:
            pixels = pixels.reshape(-1, height, width)
    if pixels.ndim != 3 or not pixels.size:
        raise mismatch("images", f"images of {shape or 'square'} shape, at least one", pixels.shape)
    return pixels


def make_tiles(
    n_tiles: int, n_columns: int, size: tuple[float, float], figure: "FigureBase | None"
) -> "tuple[list[Axes], FigureBase]":
    """Return axes without frames, row by row, and the figure; `size` is that of one in inches."""
    n_columns = check_integer("n_columns", n_columns, 1)
    n_rows = -(-n_tiles // n_columns)
    figure = figure or new_figure(max(size[0] * n_columns, 2.5), size[1] * n_rows)
    all_axes: list[Axes] = list(make_axes(figure, n_rows, n_columns).ravel())
    for axes in all_axes:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=palette_of(axes).quiet, linewidth=0.6)
    for axes in all_axes[n_tiles:]:
        axes.set_axis_off()
    return all_axes[:n_tiles], figure


def _percent(share: float) -> str:
    """Round down, so that 100 % is said of 1 alone."""
    return f"{np.floor(1000 * float(share)) / 10:.1f} %"


def _say(words: str, figure: "FigureBase | None") -> "FigureBase":
    figure = figure or new_figure(4.0, 1.0)
    figure.text(0.5, 0.5, words, ha="center", va="center", color=palette_of(figure).ink)
    return figure


def _draw_image(axes: "Axes", pixels: Array, limits: tuple[float, float]) -> None:
    colours = "gray" if palette_of(axes) is PALETTES["dark"] else "gray_r"
    axes.imshow(pixels, cmap=colours, vmin=limits[0], vmax=limits[1], interpolation="nearest")


def _caption(axes: "Axes", label: Any, prediction: Any) -> None:
    palette = palette_of(axes)
    shown = label if prediction is None else prediction
    if shown is None:
        return
    if prediction is None or label is None or prediction == label:
        axes.set_title(str(shown), fontsize=10, color=palette.ink, pad=2)
        return
    words = f"\N{BALLOT X} {prediction}, is {label}"
    axes.set_title(words, fontsize=9, fontweight="bold", color=palette.wrong, pad=3)
    axes.spines[:].set_visible(False)
    height, width = axes.get_images()[0].get_size()
    right, bottom = width - 0.5, height - 0.5
    axes.plot(
        [-0.5, right, right, -0.5, -0.5],
        [-0.5, -0.5, bottom, bottom, -0.5],
        color=palette.wrong,
        linewidth=2.5,
        clip_on=False,
    )
