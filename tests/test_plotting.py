"""Pictures hold what they should; how they look is for eyes."""

import subprocess
import sys

import numpy as np
import pytest

from nnfast import plotting

pytest.importorskip("matplotlib")

CURVES = {"loss": [3.0, 2, 1], "accuracy": [0.1, 0.5, 0.9], "val_loss": [3.0, 2.5, 2], "val_accuracy": [0.1, 0.4, 0.7]}
LABELS = np.array([0, 1, 2, 1, 0, 2, 2, 1])
PREDICTIONS = np.array([0, 1, 2, 0, 0, 2, 1, 1])
IMAGES = np.arange(8 * 3 * 3).reshape(8, 3, 3) % 17


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def pixels(figure):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_learning_curves():
    figure = plotting.learning_curves(CURVES)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    for axes in figure.axes:
        train, validation = axes.get_lines()
        np.testing.assert_array_equal(train.get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(validation.get_ydata(), CURVES[f"val_{axes.get_ylabel()}"])
        assert train.get_linestyle() != validation.get_linestyle()


def test_learning_curves_of_a_history_without_validation():
    class History:
        history = {"loss": [1.0]}  # noqa: RUF012

    [axes] = plotting.learning_curves(History()).axes
    assert len(axes.get_lines()) == 1


@pytest.mark.parametrize("history", [{}, {"loss": []}])
def test_no_epochs(history):
    with pytest.raises(ValueError, match=r"history: expected at least one finished epoch"):
        plotting.learning_curves(history)


def test_mistakes_have_words_a_sign_and_a_frame():
    figure = plotting.image_grid(IMAGES, LABELS, PREDICTIONS)
    assert titles(figure) == ["0", "1", "2", "✗ 0, is 1", "0", "2", "✗ 1, is 2", "1"]
    assert [bool(axes.get_lines()) for axes in figure.axes] == [False, False, False, True, False, False, True, False]


@pytest.mark.parametrize(
    ("labels", "predictions", "expected"), [(None, None, []), (LABELS, None, LABELS), (None, PREDICTIONS, PREDICTIONS)]
)
def test_grid_of_what_is_known(labels, predictions, expected):
    assert titles(plotting.image_grid(IMAGES, labels, predictions)) == [str(label) for label in expected]


def test_grid_shapes():
    assert len(plotting.image_grid(IMAGES.reshape(8, 9), n_columns=3).axes) == 9
    plotting.image_grid(np.zeros((2, 6)), shape=(2, 3))
    with pytest.raises(ValueError, match=r"images: expected images of square shape, at least one, received"):
        plotting.image_grid(np.zeros((2, 6)))
    with pytest.raises(ValueError, match=r"images: expected images of \(4, 4\) shape"):
        plotting.image_grid(np.zeros((2, 6)), shape=(4, 4))
    with pytest.raises(ValueError, match=r"labels: expected one for each of the 8 images, received '2 of them'"):
        plotting.image_grid(IMAGES, [1, 2])


def test_confusion_matrix_counts():
    axes = plotting.confusion_matrix(LABELS, PREDICTIONS, ["a", "b", "c"]).axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "2", (0, 1): "1", (1, 1): "2", (1, 2): "1", (2, 2): "2"}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b", "c"]


def test_confusion_matrix_of_many_classes_is_not_numbered():
    axes = plotting.confusion_matrix(np.arange(30), np.arange(30)).axes[0]
    assert not axes.texts


def test_confusion_matrix_shapes():
    with pytest.raises(ValueError, match=r"predictions: expected the shape of labels, \(8,\)"):
        plotting.confusion_matrix(LABELS, PREDICTIONS[:3])


def test_predicted_against_true():
    [axes] = plotting.predicted_against_true([1, 2, 3], [[1.1], [2], [2.9]]).axes
    np.testing.assert_array_equal(axes.collections[0].get_offsets(), [[1, 1.1], [2, 2], [3, 2.9]])


@pytest.mark.parametrize("n_wrong", [0, 3, 30, 60])
def test_training_picture_shows_mistakes_first(n_wrong):
    labels = np.zeros(60, int)
    predictions = np.where(np.arange(60) < n_wrong, 1, 0)
    figure = plotting.training_picture(
        CURVES, labels, predictions, images=np.zeros((60, 8, 8), np.uint8), class_names=["zero", "one"], title="t"
    )
    marked = ["✗" in title for title in titles(figure)]
    n_shown = {0: 0, 3: 3, 30: 25, 60: 50}[n_wrong]
    assert marked == [True] * n_shown + [False] * (50 - n_shown)
    words = {0: "with no mistake among them", 3: "with all 3 mistakes", 30: "with 25 of 30", 60: "with 50 of 60"}[
        n_wrong
    ]
    assert figure.subfigs[1].get_suptitle().startswith(f"50 of 60 test images, {words}")


def test_training_pictures_without_images():
    names = ["a", "b", "c"]
    for figure in (
        plotting.training_picture(CURVES, LABELS, PREDICTIONS, class_names=names),
        plotting.training_picture({"loss": [1.0]}, LABELS * 1.5, PREDICTIONS * 1.5),
    ):
        assert np.ptp(pixels(figure)[..., :3]) > 200


@pytest.mark.parametrize(("name", "magic"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")])
def test_saved_figures(tmp_path, name, magic):
    plotting.save_figure(plotting.learning_curves(CURVES), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_no_global_state_and_a_late_import():
    code = (
        "import sys; from nnfast import plotting; assert 'matplotlib' not in sys.modules;"
        "plotting.learning_curves({'loss': [1.0]}); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib():
    code = (
        "import sys; sys.modules['matplotlib.figure'] = None;"
        "from nnfast import plotting; plotting.learning_curves({'loss': [1.0]})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'ImportError: pictures need matplotlib: pip install "nnfast[plot]", or matplotlib' in run.stderr
