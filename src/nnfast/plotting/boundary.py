"""boundary: where in a plane of two features a classifier changes its mind."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast._validation import check_integer, mismatch
from nnfast.plotting.fits import Predictor
from nnfast.plotting.palettes import Palette, add_legend, name_axes, take_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[Any]

_MARKERS = ("o", "s", "^", "D", "v", "P")


def decision_boundary(
    model: Predictor, x: ArrayLike, y: ArrayLike, *, n_steps: int = 200, ax: "Axes | None" = None
) -> "Axes":
    """Draw a classifier of two features: its regions, paler where it is less sure, their borders, and the data.

    Parameters
    ----------
    model : Sequential
        Its ``predict`` gives probabilities, of shape (n, 1) for two classes or (n, n_classes) for up to six.
    x : array-like of shape (n, 2)
        Samples.
    y : array-like of int of shape (n,)
        Their classes, from 0.
    n_steps : int
        The model is asked at that many places along each feature.
    ax : matplotlib Axes, optional
        Where to draw; in a new figure by default.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from nnfast import Sequential, plotting
    >>> from nnfast.layers import Dense, Input
    >>> model = Sequential([Input(2), Dense(1, "sigmoid", kernel_initializer="ones")])
    >>> ax = plotting.decision_boundary(model, [[-1, -1], [1, 1]], [0, 1])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['class 0', 'class 1']
    """
    points, classes = np.asarray(x, float), np.asarray(y)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise mismatch("x", "(n, 2), at least one sample", points.shape)
    if classes.shape != (len(points),) or classes.dtype.kind not in "ui":
        raise mismatch("y", f"{len(points)} integers", classes)
    ax, palette = take_axes(ax, 5.2, 4.4)
    across, up = _choose_grid(points, check_integer("n_steps", n_steps, 2))
    rows = np.stack([part.ravel() for part in np.meshgrid(across, up)], axis=1)
    shares = _as_shares(model.predict(rows), len(rows)).reshape(len(up), len(across), -1)
    n_classes = shares.shape[2]
    if classes.min() < 0 or classes.max() >= n_classes or n_classes > len(_MARKERS):
        raise mismatch("y", f"classes from 0 to {min(n_classes, len(_MARKERS)) - 1}, as predict gives them", classes)
    _draw_regions(ax, palette, (across, up), shares)
    for k in range(n_classes):
        _draw_class(ax, palette, points[classes == k], k)
    name_axes(ax, "feature 0", "feature 1")
    add_legend(ax, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)
    return ax


def _choose_grid(points: Array, n_steps: int) -> tuple[Array, Array]:
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.08 * np.where(high > low, high - low, 1.0)
    across, up = np.linspace(low - margin, high + margin, n_steps).T
    return across, up


def _as_shares(predicted: Any, n_rows: int) -> Array:
    """Return probabilities of all classes, of one output those of both."""
    shares = np.asarray(predicted, float).reshape(n_rows, -1)
    return np.concatenate([1 - shares, shares], axis=1) if shares.shape[1] == 1 else shares


def _draw_regions(axes: "Axes", palette: Palette, grid: tuple[Array, Array], shares: Array) -> None:
    from matplotlib.colors import to_rgb

    across, up = grid
    n_classes = shares.shape[2]
    colours = np.array([to_rgb(colour) for colour in palette.curves[:n_classes]])
    sure = (shares.max(axis=2) - 1 / n_classes) / (1 - 1 / n_classes)
    image = np.concatenate([colours[shares.argmax(axis=2)], 0.06 + 0.34 * sure[..., None].clip(0, 1)], axis=2)
    half = (across[1] - across[0]) / 2, (up[1] - up[0]) / 2
    extent = (across[0] - half[0], across[-1] + half[0], up[0] - half[1], up[-1] + half[1])
    axes.imshow(image, origin="lower", extent=extent, aspect="auto", interpolation="nearest")
    axes.grid(False)
    for k in range(n_classes - 1):
        margin = shares[..., k] - np.delete(shares, k, axis=2).max(axis=2)
        if margin.min() < 0 < margin.max():
            axes.contour(across, up, margin, levels=[0.0], colors=[palette.ink], linewidths=1.4)


def _draw_class(axes: "Axes", palette: Palette, points: Array, k: int) -> None:
    edge = "#FFFFFF" if palette.paper == "none" else palette.paper
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=30,
        marker=_MARKERS[k],
        color=palette.curves[k],
        edgecolors=edge,
        linewidths=0.6,
        label=f"class {k}",
    )
