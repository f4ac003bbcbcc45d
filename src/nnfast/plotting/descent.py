"""descent: gradient descent on one parameter, step by step."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast._validation import mismatch
from nnfast.plotting.palettes import Palette, add_legend, name_axes, take_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[Any]


def descent_path(
    loss: Callable[[float], float],
    path: ArrayLike,
    *,
    slope: Callable[[float], float] | None = None,
    names: tuple[str, str] = ("parameter", "loss"),
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the loss over one parameter, and the steps that gradient descent takes down the curve.

    Parameters
    ----------
    loss : callable
        Of a value of the parameter.
    path : array-like of shape (n,)
        The parameter before the first step and after each.
    slope : callable, optional
        The derivative of the loss: the tangents at the first two places are drawn with it, and their slopes said.
    names : tuple of str
        Of the parameter and of the loss, for the axes.
    ax : matplotlib Axes, optional
        Where to draw; in a new figure by default.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from nnfast import plotting
    >>> ax = plotting.descent_path(lambda b: (b - 2) ** 2, [0, 1, 1.5, 1.75], names=("b", "SSR"))
    >>> ax.get_xlabel(), ax.get_ylabel(), len(ax.get_lines())
    ('b', 'SSR', 2)
    """
    steps = np.asarray(path, float)
    if steps.ndim != 1 or not steps.size or not np.isfinite(steps).all():
        raise mismatch("path", "finite numbers of shape (n,), at least one", steps)
    ax, palette = take_axes(ax, 5.6, 3.8)
    heights = np.array([float(loss(step)) for step in steps])
    grid = _choose_grid(steps)
    curve = [float(loss(b)) for b in grid]
    ax.plot(grid, curve, color=palette.curves[3], linewidth=2.0, label=names[1])
    _draw_arrows(ax, palette, steps, heights)
    ax.plot(steps, heights, "o", color=palette.curves[0], markersize=5.5, label="steps", zorder=3)
    low, high = ax.get_ylim()
    if slope is not None:
        for place, linestyle in zip(zip(steps, heights, strict=True), ("--", ":"), strict=False):
            _draw_tangent(ax, palette, place, float(slope(place[0])), linestyle)
    ax.set_ylim(low - 0.06 * (high - low), high)
    name_axes(ax, *names)
    _number(ax, palette, (steps, heights), float(grid[np.argmin(curve)]))
    add_legend(ax)
    return ax


def _choose_grid(steps: Array) -> Array:
    """Choose places around the steps, more of them where the path ends: there the curve rises again."""
    low, high = float(steps.min()), float(steps.max())
    width = high - low or 1.0
    left = 0.45 if steps[-1] < low + 0.1 * width else 0.15
    right = 0.45 if steps[-1] > high - 0.1 * width else 0.15
    return np.linspace(low - left * width, high + right * width, 300)


def _draw_arrows(axes: "Axes", palette: Palette, steps: Array, heights: Array) -> None:
    style: dict[str, Any] = {"arrowstyle": "-|>", "color": palette.curves[0], "shrinkA": 4, "shrinkB": 4}
    width = float(np.ptp(steps)) or 1.0
    for i in range(len(steps) - 1):
        way = steps[i + 1] - steps[i]
        if abs(way) > 0.04 * width:
            bend = f"arc3,rad={-0.3 if way > 0 else 0.3}"
            axes.annotate(
                "",
                (steps[i + 1], heights[i + 1]),
                (steps[i], heights[i]),
                arrowprops={**style, "connectionstyle": bend},
            )


def _draw_tangent(axes: "Axes", palette: Palette, place: tuple[float, float], slope: float, linestyle: str) -> None:
    (b, height), (left, right) = place, axes.get_xlim()
    ends = b + 0.1 * (right - left) * np.array([-1.0, 1.0])
    axes.plot(
        ends, height + slope * (ends - b), linestyle, color=palette.curves[1], linewidth=1.8, label=f"slope {slope:.3g}"
    )


def _number(axes: "Axes", palette: Palette, places: tuple[Array, Array], lowest: float) -> None:
    """Write the parameter at the last place, and at those not too near to one written before, outside of the valley."""
    steps, heights = places
    width = float(np.ptp(steps)) or 1.0
    written: list[float] = []
    for i in (len(steps) - 1, *range(len(steps) - 1)):
        if all(abs(steps[i] - other) > 0.12 * width for other in written):
            written.append(steps[i])
            side = float(np.sign(steps[i] - lowest)) if abs(steps[i] - lowest) > 0.1 * width else 0.0
            axes.annotate(
                f"{steps[i]:.3g}",
                (steps[i], heights[i]),
                (5 * side, -16 + 4 * abs(side)),
                textcoords="offset points",
                ha={-1.0: "right", 0.0: "center", 1.0: "left"}[side],
                fontsize=9,
                color=palette.ink,
            )
