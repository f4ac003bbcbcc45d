"""Pictures of networks show what the networks compute."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnfast import Sequential, activations, plotting
from nnfast.layers import BatchNormalization, Dense, Input, Rescaling
from nnfast.optimizers import SGD
from nnfast.plotting.palettes import PALETTES

pytest.importorskip("matplotlib")

Array = NDArray[Any]

DOSAGES, EFFECTS = np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 0.0])


def given(values: Any, bias: Any, activation: str = "linear", **more: Any) -> Dense:
    """A dense layer with given weights."""
    weights = np.array(values, float)
    return Dense(weights.shape[1], activation, kernel_initializer=weights, bias_initializer=np.array(bias), **more)


def make_dosage_network(*hidden: Any) -> Sequential:
    """Of 001_."""
    hidden = hidden or (given([[-34.4, -2.52]], [2.14, 1.29], "softplus"),)
    return Sequential([Input(1), *hidden, given([[-1.30], [2.28]], [-0.58])], dtype="float64")


def line(axes: Any, label: str) -> tuple[Array, Array]:
    [found] = [drawn for drawn in axes.get_lines() if drawn.get_label() == label]
    return found.get_xdata(), found.get_ydata()


def titles(figure: Any) -> list[str]:
    return [axes.get_title() for axes in figure.axes]


# ---- activations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "f", "slope"),
    [
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
        ("tanh", np.tanh, lambda z: 1 / np.cosh(z) ** 2),
        ("relu", lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    ],
)
def test_the_three_figures_of_the_text(name: str, f: Any, slope: Any) -> None:
    ax = plotting.activation_curve(name)
    for label, formula in (("value", f), ("derivative", slope)):
        z, y = line(ax, label)
        assert (z[0], z[-1], len(z)) == (-8, 8, 2000)
        drawn = np.isfinite(y)
        assert drawn.sum() >= 1998
        np.testing.assert_allclose(y[drawn], formula(z[drawn]), rtol=1e-13, atol=1e-14)
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == (name, "z", "f(z)")


def test_all_activations_are_drawn() -> None:
    figure = plotting.activation_curves()
    names = [c.names[0] for c in activations.CATALOGUE.by_class_name.values()]
    shown = [title.removesuffix(" of z and 0") for title in titles(figure) if title]
    assert shown == names
    assert {t for t in titles(figure) if "of z" in t} == {"softmax of z and 0", "log_softmax of z and 0"}
    for axes in figure.axes[: len(names)]:
        z, value = line(axes, "value")
        slope = line(axes, "derivative")[1]
        measured = np.diff(value) / np.diff(z)
        smooth = np.isfinite(measured + slope[1:] + slope[:-1]) & (np.abs(np.diff(slope)) < 0.1 * np.abs(slope[1:]))
        np.testing.assert_allclose(measured[smooth], ((slope[1:] + slope[:-1]) / 2)[smooth], rtol=5e-3, atol=1e-5)
    z, share = line(figure.axes[names.index("softmax")], "value")
    np.testing.assert_allclose(share, 1 / (1 + np.exp(-z)), rtol=1e-12)
    np.testing.assert_allclose(line(figure.axes[names.index("log_softmax")], "value")[1], np.log(share), atol=1e-12)
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["value", "derivative"]
    assert not [axes for axes in figure.axes if axes.get_legend()]


@pytest.mark.parametrize(("name", "n_jumps"), [("binary_step", 1), ("sign", 1), ("relu", 0), ("exponential", 0)])
def test_jumps_are_no_lines(name: str, n_jumps: int) -> None:
    assert np.isnan(line(plotting.activation_curve(name), "value")[1]).sum() == n_jumps
    assert np.isnan(line(plotting.activation_curve("relu6"), "derivative")[1]).sum() == 2


def test_parameters_of_activations_are_said() -> None:
    assert plotting.activation_curve(activations.LeakyReLU(0.01)).get_title() == "leaky_relu(negative_slope=0.01)"


def test_spans_of_activations() -> None:
    assert line(plotting.activation_curve("tanh", (-2, 3)), "value")[0][[0, -1]].tolist() == [-2, 3]
    for span in ((1, 1), (3, 2), (0, np.inf)):
        with pytest.raises(ValueError, match="span: expected two finite numbers, the smaller first, received"):
            plotting.activation_curve("tanh", span)
    with pytest.raises(ValueError, match="activations: expected at least one"):
        plotting.activation_curves([])
    with pytest.raises(ValueError, match="did you mean 'tanh'"):
        plotting.activation_curve("tahn")


# ---- the dosage network ----------------------------------------------------------------------------------------------


def test_squiggle_curve_by_curve() -> None:
    figure = plotting.squiggle_steps(make_dosage_network(), DOSAGES, EFFECTS)
    top, bottom, units, scaled, total = figure.axes
    x = np.linspace(0, 1, 401)
    z = [2.14 - 34.4 * x, 1.29 - 2.52 * x]
    for axes, weighted, unit in zip((top, bottom), z, ("unit 0", "unit 1"), strict=True):
        curve, used = axes.get_lines()
        np.testing.assert_allclose(used.get_xdata(), weighted, rtol=1e-6)
        np.testing.assert_allclose(used.get_ydata(), np.log1p(np.exp(weighted)), rtol=1e-6)
        np.testing.assert_allclose(curve.get_ydata(), np.log1p(np.exp(curve.get_xdata())), rtol=1e-12)
        assert curve.get_xdata()[0] < min(map(np.min, z)) < max(map(np.max, z)) < curve.get_xdata()[-1]
        [box] = axes.patches
        np.testing.assert_allclose(
            box.get_extents().transformed(axes.transData.inverted()).intervalx, sorted(weighted[[0, -1]])
        )
        np.testing.assert_allclose(line(units, unit)[1], used.get_ydata())
    np.testing.assert_allclose(line(scaled, "unit 0")[1], -1.30 * np.log1p(np.exp(z[0])), rtol=1e-6)
    np.testing.assert_allclose(line(scaled, "unit 1")[1], 2.28 * np.log1p(np.exp(z[1])), rtol=1e-6)
    assert [round(float(line(units, unit)[1][0]), 2) for unit in ("unit 0", "unit 1")] == [2.25, 1.53]  # of the text
    assert round(float(line(scaled, "unit 0")[1][0]), 2) == -2.93
    np.testing.assert_allclose(line(total, "sum")[1], line(scaled, "unit 0")[1] + line(scaled, "unit 1")[1])
    np.testing.assert_allclose(line(total, "sum + bias")[1], make_dosage_network().predict(x[:, None])[:, 0], rtol=1e-9)
    np.testing.assert_array_equal(line(total, "data"), [DOSAGES, EFFECTS])


@pytest.mark.parametrize("n_units", [1, 3, 4])
def test_squiggle_of_other_networks(n_units: int) -> None:
    layers = [Input(1), Dense(n_units, "tanh", use_bias=False), Dense(1, use_bias=False)]
    model = Sequential(layers, seed=1, dtype="float64")
    figure = plotting.squiggle_steps(model, [[-1.0], [2.0]])
    assert len(figure.axes) == n_units + 3
    x, y = line(figure.axes[-1], "sum + bias")
    np.testing.assert_allclose(y, model.predict(x[:, None])[:, 0], rtol=1e-9, atol=1e-12)
    assert {drawn.get_label() for drawn in figure.axes[-1].get_lines()} == {"sum", "sum + bias"}


@pytest.mark.parametrize(
    "layers",
    [
        [Input(1), Dense(5, "tanh"), Dense(1)],
        [Input(1), Dense(2, "tanh"), Dense(2)],
        [Input(1), Dense(2, "tanh"), Dense(1, "sigmoid")],
        [Input(1), Dense(2, "tanh"), Dense(2, "tanh"), Dense(1)],
        [Input(1), Rescaling(2.0), Dense(1)],
    ],
)
def test_networks_that_are_no_squiggle(layers: list[Any]) -> None:
    with pytest.raises(
        ValueError, match="model: expected Dense of up to 4 units, then a linear Dense of one, received"
    ):
        plotting.squiggle_steps(Sequential(layers), DOSAGES)


def test_bad_data_of_a_squiggle() -> None:
    with pytest.raises(ValueError, match="x: expected at least two samples that differ"):
        plotting.squiggle_steps(make_dosage_network(), [1.0, 1.0])
    with pytest.raises(ValueError, match="y: expected one for each of 3 samples"):
        plotting.squiggle_steps(make_dosage_network(), DOSAGES, EFFECTS[:2])
    with pytest.raises(ValueError, match="model: expected one input, received 2"):
        plotting.squiggle_steps(Sequential([Input(2), Dense(2, "tanh"), Dense(1)]), DOSAGES)


# ---- gradient descent on the last bias -------------------------------------------------------------------------------


def make_descent() -> tuple[Any, Any, list[float]]:
    """The sum of squared residuals over b3, its slope, and the steps that training takes."""
    hidden = given([[3.34, -3.53]], [-1.43, 0.57], "softplus", trainable=False)
    model = Sequential([Input(1), hidden, given([[-1.22], [-2.30]], [0.0], trainable="bias")], dtype="float64")
    model.compile(SGD(0.1), "sum_squared_error")
    residuals = EFFECTS - model.predict(DOSAGES[:, None])[:, 0]
    path = [0.0]
    for _ in range(8):
        model.fit(DOSAGES[:, None], EFFECTS[:, None], batch_size=3, verbose=0)
        path.append(float(model.get_weights()[-1][0]))
    return lambda b: ((residuals - b) ** 2).sum(), lambda b: -2 * (residuals - b).sum(), path


def test_descent_is_that_of_the_text() -> None:
    loss, slope, path = make_descent()
    ax = plotting.descent_path(loss, path, slope=slope, names=("b3", "SSR"))
    b, ssr = line(ax, "SSR")
    np.testing.assert_allclose(ssr, [loss(value) for value in b])
    assert b[0] < 0 < path[-1] < b[-1]
    np.testing.assert_array_equal(line(ax, "steps"), [path, [loss(value) for value in path]])
    assert round(float(line(ax, "steps")[1][0]), 1) == 20.4
    for i, label in enumerate(("slope -15.7", "slope -6.26")):
        places, heights = line(ax, label)
        assert np.diff(heights) / np.diff(places) == pytest.approx(slope(path[i]))
        assert heights.mean() == pytest.approx(loss(path[i]))
    assert [text.get_text() for text in ax.texts if text.get_text()] == ["2.61", "0", "1.57", "2.19"]
    arrows = [(tuple(text.xyann), tuple(text.xy)) for text in ax.texts if text.arrow_patch]
    points = [(value, loss(value)) for value in path]
    assert arrows == [(points[i], points[i + 1]) for i in range(3)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("b3", "SSR")


@pytest.mark.parametrize(("path", "margins"), [([0, 1], (0.15, 0.45)), ([1, 0], (0.45, 0.15)), ([0, 2, 1], (0.3, 0.3))])
def test_curve_goes_on_where_the_path_ends(path: list[float], margins: tuple[float, float]) -> None:
    b, _ = line(plotting.descent_path(lambda b: b * b, path), "loss")
    assert (min(path) - b[0], b[-1] - max(path)) == pytest.approx(margins)


def test_descent_of_one_place_and_none() -> None:
    ax = plotting.descent_path(lambda b: b * b, [1.0])
    assert [drawn.get_label() for drawn in ax.get_lines()] == ["loss", "steps"]
    for path in ([], [[1.0]], [np.nan]):
        with pytest.raises(ValueError, match="path: expected finite numbers"):
            plotting.descent_path(lambda b: b, path)


# ---- decision boundaries ---------------------------------------------------------------------------------------------


def make_classifier(n_classes: int) -> tuple[Sequential, Array, Array]:
    n_outputs, last = (1, "sigmoid") if n_classes == 2 else (n_classes, "softmax")
    model = Sequential([Input(2), Dense(8, "tanh"), Dense(n_outputs, last)], seed=2, dtype="float64")
    x = np.random.default_rng(0).standard_normal((60, 2)) * 3
    return model, x, np.arange(60) % n_classes


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_boundary_is_that_of_the_model(n_classes: int) -> None:
    from matplotlib.colors import to_rgb

    model, x, y = make_classifier(n_classes)
    ax = plotting.decision_boundary(model, x, y, n_steps=60)
    [image] = ax.get_images()
    left, right, bottom, top = image.get_extent()
    steps = (np.arange(60) + 0.5) / 60
    across, up = np.meshgrid(left + steps * (right - left), bottom + steps * (top - bottom))
    out = model.predict(np.stack([across.ravel(), up.ravel()], axis=1)).reshape(60, 60, -1)
    expected = (out[..., 0] > 0.5) * 1 if n_classes == 2 else out.argmax(axis=2)
    colours = np.array([to_rgb(colour) for colour in PALETTES["light"].curves])
    np.testing.assert_allclose(image.get_array()[..., :3], colours[expected])
    sure = np.maximum(out[..., 0], 1 - out[..., 0]) if n_classes == 2 else out.max(axis=2)
    order = np.argsort(sure.ravel())
    assert (np.diff(image.get_array()[..., 3].ravel()[order]) >= -1e-9).all()  # paler where it is less sure
    assert image.origin == "lower"
    assert x.min(axis=0)[0] > left


def test_border_lies_where_the_model_is_undecided() -> None:
    from matplotlib.contour import ContourSet

    model, x, y = make_classifier(2)
    ax = plotting.decision_boundary(model, x, y)
    [contours] = [drawn for drawn in ax.get_children() if isinstance(drawn, ContourSet)]
    places = np.concatenate([path.vertices for path in contours.get_paths()])
    assert len(places) > 50
    np.testing.assert_allclose(model.predict(places), 0.5, atol=0.01)


def test_points_of_a_boundary() -> None:
    model, x, y = make_classifier(3)
    ax = plotting.decision_boundary(model, x, y)
    drawn = {c.get_label(): c.get_offsets() for c in ax.collections if c.get_label().startswith("class")}
    assert list(drawn) == ["class 0", "class 1", "class 2"]
    for k in range(3):
        np.testing.assert_array_equal(drawn[f"class {k}"], x[y == k])
    outlines = [c.get_paths()[0].vertices.tolist() for c in ax.collections if c.get_label().startswith("class")]
    assert outlines[0] != outlines[1] != outlines[2]


def test_bad_data_of_a_boundary() -> None:
    model, x, y = make_classifier(3)
    with pytest.raises(ValueError, match=r"x: expected \(n, 2\), at least one sample, received \(60, 1\)"):
        plotting.decision_boundary(model, x[:, :1], y)
    with pytest.raises(ValueError, match="y: expected 60 integers"):
        plotting.decision_boundary(model, x, y[:3])
    with pytest.raises(ValueError, match="y: expected classes from 0 to 2, as predict gives them"):
        plotting.decision_boundary(model, x, y + 1)
    with pytest.raises(ValueError, match="n_steps: expected an integer >= 2"):
        plotting.decision_boundary(model, x, y, n_steps=1)


# ---- first-layer weights ---------------------------------------------------------------------------------------------


def test_first_layer_weights() -> None:
    model = Sequential([Input(6), BatchNormalization(), Dense(5, "relu"), Dense(2)], seed=0)
    figure = plotting.first_layer_weights(model, (2, 3), n_shown=4, n_columns=3)
    [kernel] = [w for w in model.get_weights() if w.shape == (6, 5)]
    shown = [axes.get_images()[0] for axes in figure.axes if axes.get_images()]
    assert titles(figure)[:4] == [f"unit {i}" for i in range(4)]
    for unit, image in enumerate(shown[:4]):
        np.testing.assert_array_equal(image.get_array(), kernel[:, unit].reshape(2, 3))
        assert image.get_clim() == pytest.approx((-np.abs(kernel[:, :4]).max(), np.abs(kernel[:, :4]).max()))
    assert figure.axes[-1].get_ylabel() == "weight"


def test_bad_shapes_of_weights() -> None:
    model = Sequential([Input(6), Dense(5)])
    with pytest.raises(ValueError, match=r"shape: expected \(height, width\) of 6 pixels, received \(2, 2\)"):
        plotting.first_layer_weights(model)
    with pytest.raises(ValueError, match="model: expected a dense layer"):
        plotting.first_layer_weights(Sequential([Input(6), BatchNormalization()]))
