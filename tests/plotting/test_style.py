"""Colours can be read and told apart, on every background; matplotlib's settings stay as they are."""

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnfast import plotting
from nnfast.plotting.palettes import PALETTES, palette_of

matplotlib = pytest.importorskip("matplotlib")

Array = NDArray[Any]

PAPERS = {"light": ["#FFFFFF"], "dark": ["#15181C"], "transparent": ["#FFFFFF", "#0D1117"]}

# Machado et al. 2009, severity 1, for linear RGB: no red, no green, no blue receptors.
EYES = {
    "all": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> Array:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """WCAG 2's."""
    dark, light = sorted(float(linear(c) @ (0.2126, 0.7152, 0.0722)) for c in (a, b))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: Array) -> Array:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("name", PALETTES)
def test_contrast(name: str) -> None:
    palette = PALETTES[name]
    for paper in PAPERS[name]:
        assert contrast(palette.ink, paper) >= (4 if name == "transparent" else 12)
        assert min(contrast(colour, paper) for colour in (*palette.curves, palette.quiet)) >= 3
    assert palette.paper in (*PAPERS[name], "none")


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("name", PALETTES)
def test_every_eye_tells_curves_apart(name: str, eye: str) -> None:
    seen = {colour: lab(np.array(EYES[eye]) @ linear(colour)) for colour in PALETTES[name].curves}
    assert len(seen) == len(PALETTES[name].curves)
    near = {(a, b): np.linalg.norm(seen[a] - seen[b]) for a, b in itertools.combinations(seen, 2)}
    assert min(near.values()) > 15, min(near, key=near.__getitem__)


@pytest.mark.parametrize("name", PALETTES)
def test_backgrounds(name: str) -> None:
    from matplotlib.colors import to_hex, to_rgba

    with plotting.style(name):
        ax = plotting.activation_curve("tanh")
    palette = PALETTES[name]
    assert ax.get_facecolor() == ax.figure.get_facecolor() == to_rgba(palette.paper)
    assert [line.get_color() for line in ax.get_lines()] == list(palette.curves[:2])
    words = [ax.xaxis.label, ax.yaxis.label, ax.title, *ax.get_xticklabels(), *ax.get_legend().get_texts()]
    assert {to_hex(text.get_color()).upper() for text in words} == {palette.ink}


def test_style_ends() -> None:
    with pytest.raises(KeyError), plotting.style("dark"):
        raise KeyError
    assert palette_of(plotting.activation_curve("tanh")) == PALETTES["light"]
    with pytest.raises(ValueError, match=r"background: expected one of 'light', 'dark', 'transparent', received 'red'"):
        plotting.style("red").__enter__()


@pytest.mark.parametrize(("colour", "name"), [("#000000", "dark"), ("#FFF8E0", "light"), ("none", "transparent")])
def test_axes_of_ones_own_are_kept(colour: str, name: str) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.figure import Figure

    own = Figure(facecolor=colour).subplots()
    own.set_facecolor(colour)
    assert plotting.activation_curve("tanh", ax=own) is own
    assert own.get_facecolor() == to_rgba(colour)
    assert own.get_lines()[0].get_color() == PALETTES[name].curves[0]


def test_settings_of_matplotlib_are_left_alone(tmp_path: Path) -> None:
    """A fresh process: that no window, no pyplot and no other backend were asked for is seen there too."""
    code = """
import sys, matplotlib
def read():
    return repr([(key, matplotlib.rcParams[key]) for key in matplotlib.rcParams if key != "backend"])
before = read()
from nnfast import plotting
with plotting.style("dark"):
    during = read()
    figure = plotting.activation_curves(["relu"])
    plotting.learning_curves({"loss": [1.0, 0.5]})
    plotting.confusion_matrix([0, 1], [0, 1])
    plotting.save_figure(figure, sys.argv[1])
assert before == during == read()
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.png")], check=True)


def test_settings_of_the_user_do_not_spoil_colours() -> None:
    with matplotlib.rc_context({"text.color": "red", "axes.labelcolor": "red", "axes.facecolor": "black"}):
        ax = plotting.activation_curve("tanh")
    assert ax.get_facecolor()[:3] == (1, 1, 1)
    assert ax.title.get_color() == ax.xaxis.label.get_color() == PALETTES["light"].ink


def test_files_are_what_was_drawn(tmp_path: Path) -> None:
    """Axes are written as their figure, of a subfigure as the outermost, with its background."""
    from matplotlib.image import imread

    with plotting.style("dark"):
        figure = plotting.training_picture({"loss": [1.0]}, [0, 1], [0, 1], class_names=["a", "b"])
    plotting.save_figure(figure, tmp_path / "whole.png")
    plotting.save_figure(figure.axes[0], tmp_path / "part.png")
    whole, part = imread(tmp_path / "whole.png"), imread(tmp_path / "part.png")
    assert whole.shape == part.shape
    assert np.abs(whole - part).mean() < 0.01  # not 0: a layout begins where the one before ended
    np.testing.assert_allclose(whole[0, 0, :3], np.array([0x15, 0x18, 0x1C]) / 255, atol=1e-3)
