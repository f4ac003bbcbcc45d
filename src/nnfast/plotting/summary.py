"""summary: the one picture of a training, and files of pictures."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast.plotting.confusion import confusion_matrix
from nnfast.plotting.curves import learning_curves
from nnfast.plotting.fits import predicted_against_true
from nnfast.plotting.images import image_grid
from nnfast.plotting.palettes import new_figure, palette_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

Array = NDArray[Any]


def training_picture(
    history: Any,
    labels: ArrayLike,
    predictions: ArrayLike,
    *,
    images: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    title: str = "",
) -> "Figure":
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

    Examples
    --------
    >>> from nnfast import plotting
    >>> figure = plotting.training_picture({"loss": [2.0, 1.0]}, [0, 1, 1], [0, 1, 0], class_names=["no", "yes"])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'true', 'share of the true class']
    """
    true, predicted = np.asarray(labels), np.asarray(predictions)
    figure = new_figure(13.0, 5.6)
    halves: Any = figure.subfigures(1, 2, width_ratios=(1, 1.35), facecolor="none")
    left, right = halves
    ink = palette_of(figure).ink
    figure.suptitle(title, fontsize=13, color=ink)
    learning_curves(history, figure=left)
    if class_names is None:
        predicted_against_true(true, predicted, figure=right)
    elif images is None:
        confusion_matrix(true, predicted, class_names, figure=right)
    else:
        chosen, caption = _choose_images(true != predicted)
        names = np.array(class_names)
        right.suptitle(caption, fontsize=11, color=ink)
        image_grid(
            np.asarray(images)[chosen], names[true[chosen]], names[predicted[chosen]], n_columns=10, figure=right
        )
    return figure


def save_figure(picture: "FigureBase | Axes", path: str | os.PathLike[str]) -> None:
    """Write a figure, or that of axes; the ending of the name decides on the format: ``.png``, ``.svg``, ``.pdf``."""
    figure: Any = picture.figure.figure  # the outermost
    figure.savefig(path, dpi=110, facecolor=figure.get_facecolor())


def _choose_images(is_wrong: NDArray[np.bool_], n_shown: int = 50) -> tuple[Array, str]:
    """Choose mistakes for up to half of the grid, then the first others; say how many there are of each."""
    wrong, right = np.flatnonzero(is_wrong), np.flatnonzero(~is_wrong)
    n_wrong = min(len(wrong), max(n_shown // 2, n_shown - len(right)))
    chosen = np.concatenate([wrong[:n_wrong], right[: n_shown - n_wrong]])
    share = f"all {n_wrong}" if n_wrong == len(wrong) else f"{n_wrong} of {len(wrong):,}"
    mistakes = f"with {share} mistakes" if len(wrong) else "with no mistake among them"
    return chosen, f"{len(chosen)} of {len(is_wrong):,} test images, {mistakes}"
