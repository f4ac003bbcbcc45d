"""fits: what a regression makes of its data."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast._validation import mismatch
from nnfast.plotting.palettes import add_legend, make_axes, name_axes, new_figure, palette_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]
Points = tuple[ArrayLike, ArrayLike]


class Predictor(Protocol):
    """A model, of whatever make: what has `predict`."""

    def predict(self, x: Any, /) -> Any:
        """Compute the outputs of rows."""


def predicted_against_true(
    targets: ArrayLike, predictions: ArrayLike, *, figure: "FigureBase | None" = None
) -> "FigureBase":
    """Draw predictions of a regression over the true values; on the line they agree.

    Parameters
    ----------
    targets, predictions : array-like of shape (n,)
        True and predicted values.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib Figure or SubFigure

    Examples
    --------
    >>> from nnfast import plotting
    >>> plotting.predicted_against_true([1, 2, 3], [1.1, 2, 2.9]).axes[0].get_title()
    '3 test samples'
    """
    true, predicted = np.ravel(targets), np.ravel(predictions)
    if true.shape != predicted.shape or not true.size:
        raise mismatch("predictions", f"as many as targets, {true.size}, at least one", predicted.shape)
    figure = figure or new_figure(5.0, 4.4)
    axes = make_axes(figure, 1, 1)[0, 0]
    palette = palette_of(axes)
    axes.scatter(true, predicted, s=14, color=palette.curves[0], alpha=0.6, linewidths=0)
    axes.axline((float(true.mean()), float(true.mean())), slope=1, color=palette.wrong, linestyle="--", linewidth=1.2)
    name_axes(axes, "true", "predicted", f"{len(true):,} test samples")
    return figure


def fitted_curves(
    models: Mapping[str, Predictor], train: Points, test: Points, *, figure: "FigureBase | None" = None
) -> "FigureBase":
    r"""Draw what models make of one feature, side by side: one underfits, one fits, one overfits.

    A panel has both parts of the data, the model's curve, and its mean squared error on each part.

    Parameters
    ----------
    models : dict of str to model
        By what shall stand above the panels; ``predict`` of (n, 1) features gives (n,) or (n, 1) values.
    train, test : tuple of array-like
        (x, y), one feature and one target a sample.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib Figure or SubFigure

    Examples
    --------
    >>> from nnfast import Sequential, plotting
    >>> from nnfast.layers import Dense, Input
    >>> model = Sequential([Input(1), Dense(1, kernel_initializer="ones")])
    >>> figure = plotting.fitted_curves({"a line": model}, ([1, 2], [1, 2]), ([3], [5]))
    >>> figure.axes[0].get_title()
    'a line\nmean squared error: train 0, test 4.00'
    """
    if not models:
        raise mismatch("models", "at least one", dict(models))
    parts = {"train": _as_points("train", train), "test": _as_points("test", test)}
    figure = figure or new_figure(4.0 * len(models), 3.6)
    all_axes = make_axes(figure, 1, len(models), sharex=True, sharey=True)[0]
    for axes, (name, model) in zip(all_axes, models.items(), strict=True):
        _draw_fit(axes, model, parts)
        errors = ", ".join(f"{part} {_write(_measure(model, *points))}" for part, points in parts.items())
        name_axes(axes, "x", "y" if axes is all_axes[0] else "", f"{name}\nmean squared error: {errors}")
    all_axes[0].set_ylim(*_choose_limits(parts))
    add_legend(all_axes[0])
    return figure


def _as_points(name: str, points: Points) -> tuple[Array, Array]:
    x, y = (np.ravel(np.asarray(part, float)) for part in points)
    if x.shape != y.shape or not x.size:
        raise mismatch(name, "as many features as targets, at least one", (x.shape, y.shape))
    return x, y


def _draw_fit(axes: "Axes", model: Predictor, parts: Mapping[str, tuple[Array, Array]]) -> None:
    palette = palette_of(axes)
    all_x = np.concatenate([x for x, _ in parts.values()])
    margin = 0.05 * np.ptp(all_x)
    grid = np.linspace(all_x.min() - margin, all_x.max() + margin, 400)
    axes.plot(grid, _predict(model, grid), color=palette.ink, linewidth=1.8, label="model", zorder=2.5)
    axes.scatter(*parts["train"], s=26, color=palette.curves[0], linewidths=0, label="train", zorder=3)
    axes.scatter(
        *parts["test"], s=34, marker="^", facecolors="none", edgecolors=palette.curves[1], label="test", zorder=3
    )


def _predict(model: Predictor, x: Array) -> Array:
    predicted = np.asarray(model.predict(x[:, None]))
    if predicted.size != x.size:
        raise mismatch("models", f"one value for each of {x.size} samples from predict", predicted.shape)
    return predicted.ravel()


def _measure(model: Predictor, x: Array, y: Array) -> float:
    return float(((_predict(model, x) - y) ** 2).mean())


def _write(error: float) -> str:
    """Return three digits, the last 0 too, so that errors side by side are as exact."""
    return f"{error:#.3g}".rstrip(".") if error else "0"


def _choose_limits(parts: Mapping[str, tuple[Array, Array]]) -> tuple[float, float]:
    """Leave out what a curve does far from the data."""
    values = np.concatenate([y for _, y in parts.values()])
    margin = 0.25 * float(np.ptp(values)) or 1.0
    return float(values.min()) - margin, float(values.max()) + margin
