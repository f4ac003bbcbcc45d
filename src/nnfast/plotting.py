"""plotting: learning curves, test images with predictions, confusion matrices. Needs matplotlib, imported when used.

Every function makes a figure, or draws into one it is given, and touches no global state: no window, no pyplot. Colours
are told apart by every kind of eye (Okabe and Ito, "Color universal design", 2008), and never the only sign.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast._validation import mismatch

Array = NDArray[Any]
Curves = Mapping[str, Sequence[float]]

_TRAIN, _VALIDATION, _RIGHT, _WRONG = "#0072B2", "#E69F00", "#333333", "#D55E00"
_MAX_NUMBERED_CLASSES = 20


def learning_curves(history: Any, *, figure: Any = None) -> Any:
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
    """
    curves: Curves = getattr(history, "history", history)
    names = [name for name in curves if not name.startswith("val_")]
    if not names or not len(curves[names[0]]):
        raise mismatch("history", "at least one finished epoch", dict(curves))
    figure = figure or _new_figure(6.0, 2.6 * len(names))
    all_axes = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(all_axes, names, strict=True):
        _draw_curve(axes, curves, name)
    all_axes[-1].set_xlabel("epoch")
    return figure


def image_grid(
    images: ArrayLike,
    labels: Sequence[Any] | Array | None = None,
    predictions: Sequence[Any] | Array | None = None,
    shape: tuple[int, int] | None = None,
    *,
    n_columns: int = 8,
    figure: Any = None,
) -> Any:
    """Draw grey images with what they show; a mistake has a frame, a cross, and the truth beside it.

    Parameters
    ----------
    images : array-like of shape (n, height * width) or (n, height, width)
        Dark is large.
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
    """
    pixels = _as_images(images, shape)
    for name, values in (("labels", labels), ("predictions", predictions)):
        if values is not None and len(values) != len(pixels):
            raise mismatch(name, f"one for each of the {len(pixels)} images", f"{len(values)} of them")
    n_rows = -(-len(pixels) // n_columns)
    figure = figure or _new_figure(0.95 * n_columns, 1.15 * n_rows)
    all_axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes in all_axes:
        axes.set_axis_off()
    for i, axes in enumerate(all_axes[: len(pixels)]):
        axes.imshow(pixels[i], cmap="gray_r", vmin=pixels.min(), vmax=pixels.max(), interpolation="nearest")
        _caption(axes, None if labels is None else labels[i], None if predictions is None else predictions[i])
    return figure


def confusion_matrix(
    labels: ArrayLike, predictions: ArrayLike, class_names: Sequence[str] | None = None, *, figure: Any = None
) -> Any:
    """Draw how often each class was taken for which; the diagonal is right.

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
    """
    true, predicted = np.asarray(labels), np.asarray(predictions)
    if true.shape != predicted.shape or true.ndim != 1 or not true.size:
        raise mismatch("predictions", f"the shape of labels, {true.shape}, (n,)", predicted.shape)
    n_classes = max(int(true.max()), int(predicted.max())) + 1 if class_names is None else len(class_names)
    names = [str(i) for i in range(n_classes)] if class_names is None else list(class_names)
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (true, predicted), 1)
    figure = figure or _new_figure(5.0, 4.6)
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(shown, ax=axes, label="share of the true class", shrink=0.8)
    axes.set(xlabel="predicted", ylabel="true", title=f"{len(true):,} test samples")
    if n_classes <= _MAX_NUMBERED_CLASSES:
        _number_cells(axes, counts, shares, names)
    return figure


def predicted_against_true(targets: ArrayLike, predictions: ArrayLike, *, figure: Any = None) -> Any:
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
    """
    true, predicted = np.ravel(targets), np.ravel(predictions)
    figure = figure or _new_figure(5.0, 4.6)
    axes = figure.subplots()
    axes.scatter(true, predicted, s=12, color=_TRAIN, alpha=0.5, linewidths=0)
    axes.axline((float(true.mean()), float(true.mean())), slope=1, color=_WRONG, linestyle="--", linewidth=1)
    axes.set(xlabel="true", ylabel="predicted", title=f"{len(true):,} test samples")
    axes.grid(alpha=0.25)
    return figure


def training_picture(
    history: Any,
    labels: ArrayLike,
    predictions: ArrayLike,
    *,
    images: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    title: str = "",
) -> Any:
    """Draw the picture of a training: its learning curves beside what the model makes of the test data.

    Parameters
    ----------
    history : History or dict
        What ``fit`` returned, or its ``history``.
    labels, predictions : array-like of shape (n,)
        True and predicted classes, from 0; or values, where there are no class names.
    images : array-like of shape (n, height, width), optional
        Test images: fifty of them are shown, mistakes first; else a confusion matrix, or for values a scatter plot.
    class_names : sequence of str, optional
        Of a classification.
    title : str
        Above all.

    Returns
    -------
    matplotlib Figure
    """
    true, predicted = np.asarray(labels), np.asarray(predictions)
    figure = _new_figure(13.0, 5.6)
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.35))
    figure.suptitle(title, fontsize=13)
    learning_curves(history, figure=left)
    if class_names is None:
        predicted_against_true(true, predicted, figure=right)
    elif images is None:
        confusion_matrix(true, predicted, class_names, figure=right)
    else:
        chosen, caption = _choose_images(true != predicted)
        names = np.array(class_names)
        right.suptitle(caption, fontsize=11)
        image_grid(
            np.asarray(images)[chosen], names[true[chosen]], names[predicted[chosen]], n_columns=10, figure=right
        )
    return figure


def save_figure(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure; the ending of the name decides on the format: ``.png``, ``.svg``, ``.pdf``."""
    figure.savefig(path, dpi=110)


def _new_figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install matplotlib") from error
    return Figure(figsize=(width, height), layout="constrained")


def _draw_curve(axes: Any, curves: Curves, name: str) -> None:
    epochs = range(1, len(curves[name]) + 1)
    marker = "o" if len(epochs) == 1 else ""
    axes.plot(epochs, curves[name], color=_TRAIN, marker=marker, label="train")
    if f"val_{name}" in curves:
        values = curves[f"val_{name}"]
        axes.plot(epochs[: len(values)], values, color=_VALIDATION, linestyle="--", marker=marker, label="validation")
    axes.set_ylabel(name)
    axes.grid(alpha=0.25)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False)


def _as_images(images: ArrayLike, shape: tuple[int, int] | None) -> Array:
    pixels = np.asarray(images)
    if pixels.ndim == 2 and len(pixels):
        side = int(np.sqrt(pixels.shape[1]))
        height, width = shape or (side, side)
        if height * width == pixels.shape[1]:
            pixels = pixels.reshape(-1, height, width)
    if pixels.ndim != 3 or not pixels.size:
        raise mismatch("images", f"images of {shape or 'square'} shape, at least one", pixels.shape)
    return pixels


def _caption(axes: Any, label: Any, prediction: Any) -> None:
    shown = label if prediction is None else prediction
    if shown is None:
        return
    if prediction is None or label is None or prediction == label:
        axes.set_title(str(shown), fontsize=10, color=_RIGHT, pad=2)
        return
    axes.set_title(f"\N{BALLOT X} {prediction}, is {label}", fontsize=9, fontweight="bold", color=_WRONG, pad=3)
    height, width = axes.get_images()[0].get_array().shape
    axes.plot(
        [-0.5, width - 0.5, width - 0.5, -0.5, -0.5],
        [-0.5, -0.5, height - 0.5, height - 0.5, -0.5],
        color=_WRONG,
        linewidth=2.5,
        clip_on=False,
    )


def _number_cells(axes: Any, counts: Array, shares: Array, names: list[str]) -> None:
    ticks = range(len(names))
    crowded = len(names) > 12 or max(map(len, names)) > 4
    axes.set_xticks(ticks, names, rotation=45 if crowded else 0, ha="right" if crowded else "center")
    axes.set_yticks(ticks, names)
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.5 else _RIGHT
        weight = "normal" if row == column else "bold"
        axes.text(
            column, row, counts[row, column], ha="center", va="center", color=colour, fontsize=9, fontweight=weight
        )


def _choose_images(is_wrong: NDArray[np.bool_], n_shown: int = 50) -> tuple[Array, str]:
    """Choose mistakes for up to half of the grid, then the first others; say how many there are of each."""
    wrong, right = np.flatnonzero(is_wrong), np.flatnonzero(~is_wrong)
    n_wrong = min(len(wrong), max(n_shown // 2, n_shown - len(right)))
    chosen = np.concatenate([wrong[:n_wrong], right[: n_shown - n_wrong]])
    share = f"all {n_wrong}" if n_wrong == len(wrong) else f"{n_wrong} of {len(wrong):,}"
    mistakes = f"with {share} mistakes" if len(wrong) else "with no mistake among them"
    return chosen, f"{len(chosen)} of {len(is_wrong):,} test images, {mistakes}"
