"""Pictures of data and predictions show the numbers they were given."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnfast import plotting

pytest.importorskip("matplotlib")

Array = NDArray[Any]


def titles(figure: Any) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


class Function:
    """A model whose outputs are known."""

    def __init__(self, f: Any) -> None:
        self.predict = f


# ---- curves ----------------------------------------------------------------------------------------------------------


def test_compared_curves() -> None:
    histories = {"Adam": {"loss": [3, 1.0], "val_loss": [4, 2.0]}, "SGD": {"loss": [3, 2.5, 2.0]}}
    ax = plotting.compared_curves(histories)
    drawn = {line.get_label(): (line.get_xdata().tolist(), list(line.get_ydata())) for line in ax.get_lines()}
    assert drawn == {
        "Adam": ([1, 2], [3, 1.0]),
        "Adam, validation": ([1, 2], [4, 2.0]),
        "SGD": ([1, 2, 3], [3, 2.5, 2.0]),
    }
    adam, validation, sgd = ax.get_lines()
    assert adam.get_color() == validation.get_color() != sgd.get_color()
    assert adam.get_linestyle() != validation.get_linestyle()


def test_bad_histories() -> None:
    with pytest.raises(ValueError, match=r"metric: expected one of 'loss', received 'los'.*did you mean 'loss'"):
        plotting.compared_curves({"a": {"loss": [1.0]}}, "los")
    for histories in ({}, {str(i): {"loss": [1.0]} for i in range(7)}):
        with pytest.raises(ValueError, match="histories: expected one to 6 trainings, received"):
            plotting.compared_curves(histories)
    with pytest.raises(ValueError, match="histories: expected at least one finished epoch"):
        plotting.compared_curves({"a": {"loss": []}})


# ---- confusion -------------------------------------------------------------------------------------------------------


def test_confusion_matrix_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 500)
    predictions = np.where(rng.random(500) < 0.6, labels, rng.integers(0, 7, 500))
    axes = plotting.confusion_matrix(labels, predictions).axes[0]
    theirs = metrics.confusion_matrix(labels, predictions)
    written = np.zeros((7, 7), int)
    for text in axes.texts:
        column, row = text.get_position()
        written[row, column] = int(text.get_text())
    np.testing.assert_array_equal(written, theirs)
    shares = metrics.confusion_matrix(labels, predictions, normalize="true")
    np.testing.assert_allclose(axes.get_images()[0].get_array(), shares)


def test_mistakes_have_a_frame() -> None:
    axes = plotting.confusion_matrix([0, 0, 1, 1, 2], [0, 1, 1, 1, 0]).axes[0]
    places = [(round(frame.get_x()), round(frame.get_y())) for frame in axes.patches]
    assert sorted(places) == [(0, 2), (1, 0)]


@pytest.mark.parametrize("background", ["light", "dark", "transparent"])
def test_numbers_are_read_on_their_cells(background: str) -> None:
    from matplotlib.colors import to_rgb

    with plotting.style(background):
        figure = plotting.confusion_matrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])
    axes = figure.axes[0]
    image = axes.get_images()[0]
    for text in axes.texts:
        column, row = text.get_position()
        *cell, alpha = image.to_rgba(image.get_array())[row, column]
        if alpha > 0.5:
            assert abs(np.mean(to_rgb(text.get_color())) - np.mean(cell)) > 0.3


@pytest.mark.parametrize(("labels", "predictions"), [([0, -1], [0, 1]), ([0, 2], [0, 1]), ([0.0, 1.0], [0.0, 1.0])])
def test_bad_classes(labels: list[int], predictions: list[int]) -> None:
    with pytest.raises(ValueError, match="labels: expected integers from 0 to 1, received"):
        plotting.confusion_matrix(labels, predictions, ["a", "b"])


# ---- images ----------------------------------------------------------------------------------------------------------


def make_mistakes() -> tuple[Array, Array, Array]:
    """Six images; 1, 3 and 4 are wrong, 4 the surest, then 1."""
    images = np.arange(6 * 4 * 5).reshape(6, 4, 5)
    labels = np.array([0, 1, 2, 0, 1, 2])
    shares = np.array([[9, 1, 0], [8, 1, 1], [0, 1, 9], [1, 6, 3], [0.1, 0, 9.9], [4, 1, 5]]) / 10
    return images, labels, shares


def test_surest_mistakes_come_first() -> None:
    images, labels, shares = make_mistakes()
    figure = plotting.confident_mistakes(images, labels, shares, ["a", "b", "c"])
    assert titles(figure) == ["c, is b\n99.0 %", "a, is b\n80.0 %", "b, is a\n60.0 %"]
    for axes, i in zip(figure.axes, (4, 1, 3), strict=True):
        np.testing.assert_array_equal(axes.get_images()[0].get_array(), images[i])
        assert axes.get_images()[0].get_clim() == (0, images.max())
    assert titles(plotting.confident_mistakes(images, labels, shares, n_shown=1)) == ["2, is 1\n99.0 %"]


def test_probabilities_are_rounded_down() -> None:
    figure = plotting.confident_mistakes(np.zeros((1, 2, 2)), [0], [[0.0004, 0.9996]])
    assert titles(figure) == ["1, is 0\n99.9 %"]


def test_no_mistake() -> None:
    images, _, shares = make_mistakes()
    figure = plotting.confident_mistakes(images, shares.argmax(axis=1), shares)
    assert [text.get_text() for text in figure.texts] == ["no mistake among 6"]


def test_bad_mistakes() -> None:
    images, labels, shares = make_mistakes()
    for bad in (shares[:3], shares.argmax(axis=1)):
        with pytest.raises(
            ValueError, match=r"probabilities: expected \(n, n_classes\), as many rows as labels and im"
        ):
            plotting.confident_mistakes(images, labels, bad)
    with pytest.raises(ValueError, match="class_names: expected 3 of them, received 2"):
        plotting.confident_mistakes(images, labels, shares, ["a", "b"])
    with pytest.raises(ValueError, match="n_shown: expected an integer >= 1"):
        plotting.confident_mistakes(images, labels, shares, n_shown=0)


@pytest.mark.parametrize(("background", "colours"), [("light", "gray_r"), ("dark", "gray")])
def test_ink_is_large(background: str, colours: str) -> None:
    with plotting.style(background):
        figure = plotting.image_grid(np.eye(4)[None])
    assert figure.axes[0].get_images()[0].get_cmap().name == colours


# ---- fits ------------------------------------------------------------------------------------------------------------


def test_fits_side_by_side() -> None:
    train, test = (np.array([0.0, 1, 2]), np.array([0.0, 1, 4])), (np.array([3.0]), np.array([9.0]))
    models = {"underfits": Function(lambda x: 2 * x), "fits": Function(lambda x: x[:, 0] ** 2)}
    figure = plotting.fitted_curves(models, train, test)
    errors = ["train 0.333, test 9.00", "train 0, test 0"]
    assert titles(figure) == [f"{name}\nmean squared error: {e}" for name, e in zip(models, errors, strict=True)]
    for axes, model in zip(figure.axes, models.values(), strict=True):
        [curve] = axes.get_lines()
        np.testing.assert_array_equal(curve.get_ydata(), np.ravel(model.predict(curve.get_xdata()[:, None])))
        assert curve.get_xdata()[0] < 0 < 3 < curve.get_xdata()[-1]
        for points, part in zip(axes.collections, (train, test), strict=True):
            np.testing.assert_array_equal(points.get_offsets(), np.stack(part, axis=1))
        assert axes.get_ylim() == (0 - 0.25 * 9, 9 + 0.25 * 9)


def test_bad_fits() -> None:
    good = ([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="models: expected at least one"):
        plotting.fitted_curves({}, good, good)
    with pytest.raises(ValueError, match="test: expected as many features as targets, at least one, received"):
        plotting.fitted_curves({"a": Function(lambda x: x)}, good, ([1.0], [1.0, 2.0]))
    with pytest.raises(ValueError, match=r"models: expected one value for each of \d+ samples from predict, received"):
        plotting.fitted_curves({"a": Function(lambda x: x[:1])}, good, good)


def test_line_of_agreement() -> None:
    [axes] = plotting.predicted_against_true([1.0, 3.0], [0.0, 2.0]).axes
    [agreement] = axes.get_lines()
    assert agreement.get_slope() == 1
    assert agreement.get_xy1() == (2, 2)
    with pytest.raises(ValueError, match="predictions: expected as many as targets, 2, at least one, received"):
        plotting.predicted_against_true([1.0, 3.0], [0.0])
