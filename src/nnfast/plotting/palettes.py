"""palettes: the one style of all pictures: colours for light, dark and transparent backgrounds, and plain axes.

Colours are given to each artist. Matplotlib's rcParams are neither changed nor, for colours, asked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnfast._validation import check_choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase


@dataclass(frozen=True)
class Palette:
    """Colours that are read on one background.

    `curves` have a contrast of 3 and more with it, and differ for every kind of eye (the measure is in the tests: CIE76
    under Machado et al., "A physiologically-based model for simulation of color vision deficiency", 2009).
    """

    paper: str
    """Behind all; "none" lets through what lies behind the picture."""
    ink: str
    """Words and points of data."""
    quiet: str
    """Frames, grids, guides."""
    curves: tuple[str, ...]

    @property
    def wrong(self) -> str:
        """The colour of mistakes; they have a second sign."""
        return self.curves[1]


PALETTES = {
    "light": Palette(
        "#FFFFFF", "#202020", "#6B6B6B", ("#005EB8", "#E8320F", "#00996F", "#AA3E88", "#6E993C", "#202020")
    ),
    "dark": Palette(
        "#15181C", "#ECECEC", "#A8A8A8", ("#6B7CF9", "#EC892E", "#06C993", "#D57FCB", "#FDD90C", "#FFFFFF")
    ),
    "transparent": Palette(
        "none", "#757575", "#757575", ("#2E71E5", "#D07601", "#34A061", "#A56EC2", "#8B6326", "#757575")
    ),
}

_BACKGROUND: ContextVar[str] = ContextVar("nnfast.plotting.style", default="light")


@contextmanager
def style(background: str = "light") -> Iterator[None]:
    """Choose the background of the figures that are made inside. Matplotlib's own settings stay as they are.

    Axes and figures of your own keep theirs; what is drawn on them takes colours that can be read there.

    Parameters
    ----------
    background : {"light", "dark", "transparent"}
        "transparent" has colours that can be read on white and on near-black pages.

    Examples
    --------
    >>> from nnfast import plotting
    >>> with plotting.style("dark"):
    ...     ax = plotting.activation_curve("tanh")
    >>> ax.get_facecolor()[:3] < (0.1, 0.1, 0.12)
    True
    """
    token = _BACKGROUND.set(check_choice("background", background, tuple(PALETTES)))
    try:
        yield
    finally:
        _BACKGROUND.reset(token)


def new_figure(width: float, height: float) -> "Figure":
    """Make a figure of that many inches on the chosen background."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('pictures need matplotlib: pip install "nnfast[plot]", or matplotlib') from error
    return Figure(figsize=(width, height), layout="constrained", facecolor=PALETTES[_BACKGROUND.get()].paper)


def take_axes(ax: "Axes | None", width: float = 5.2, height: float = 3.4) -> "tuple[Axes, Palette]":
    """Return the user's axes as they are, or dressed ones in a new figure, and what colours can be read there."""
    if ax is not None:
        return ax, palette_of(ax)
    made: Axes = make_axes(new_figure(width, height), 1, 1)[0, 0]
    return made, palette_of(made)


def make_axes(figure: "FigureBase", n_rows: int, n_columns: int, **options: Any) -> NDArray[Any]:
    """Return a grid of dressed axes."""
    grid: NDArray[Any] = np.asarray(figure.subplots(n_rows, n_columns, squeeze=False, **options))
    for axes in grid.ravel():
        dress(axes)
    return grid


def dress(axes: "Axes") -> None:
    """Give axes the background of their figure, a frame of two sides, a faint grid, and words that can be read."""
    palette = palette_of(axes.figure)
    axes.set_facecolor(palette.paper)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(palette.quiet)
    axes.tick_params(colors=palette.quiet, labelcolor=palette.ink, labelsize=9)
    axes.grid(color=palette.quiet, alpha=0.22, linewidth=0.8)
    axes.set_axisbelow(True)


def name_axes(axes: "Axes", x: str, y: str, title: str = "") -> None:
    """Write what the axes are, and a title where there is one."""
    words: Any = {"color": palette_of(axes).ink, "fontsize": 10}
    axes.set_xlabel(x, **words)
    axes.set_ylabel(y, **words)
    if title:
        axes.set_title(title, **words)


def add_legend(axes: "Axes", **options: Any) -> None:
    """Say what lines and points are, without a frame, on a little of the background."""
    palette = palette_of(axes)
    paper = "none" if palette.paper == "none" else axes.get_facecolor()
    legend = axes.legend(fontsize=9, labelcolor=palette.ink, facecolor=paper, edgecolor="none", **options)
    legend.get_frame().set_alpha(None if paper == "none" else 0.8)


def add_colorbar(axes: Any, shown: Any, label: str, **options: Any) -> None:
    """Say what the colours of an image mean."""
    first = np.ravel(axes)[0]
    bar = first.figure.colorbar(shown, ax=axes, **options)
    palette = palette_of(first)
    bar.set_label(label, color=palette.ink, fontsize=10)
    bar.ax.tick_params(colors=palette.quiet, labelcolor=palette.ink, labelsize=9)
    bar.ax.set_facecolor(palette.paper)
    bar.outline.set_edgecolor(palette.quiet)


def palette_of(place: Any) -> Palette:
    """Return the colours that can be read on axes or a figure: by what is painted there, else by the chosen style."""
    from matplotlib.colors import to_rgba

    for layer in (place, place.figure, place.figure.figure):
        *colour, alpha = to_rgba(layer.get_facecolor())
        if alpha > 0.5:
            return PALETTES["light" if is_light(colour) else "dark"]
    return PALETTES["transparent"]


def is_light(colour: Any) -> bool:
    """Tell whether black is easier to read on a colour than white: its relative luminance is above 0.18 (WCAG 2)."""
    from matplotlib.colors import to_rgb

    values = np.array(to_rgb(colour))
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722)) > 0.18
