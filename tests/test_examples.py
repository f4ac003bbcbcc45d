"""The scripts in examples/ run: shortened, and far enough to show that what they do is right."""

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripts import EXAMPLES, load, run

TUTORIALS = Path(__file__).parent.parent / "docs" / "tutorials"
CUSTOM = {
    "custom_loss.py": lambda enough: abs(enough - 0.9) < 0.02,
    "custom_activation.py": lambda error: abs(error - 0.17) < 0.05,
    "custom_layer.py": lambda accuracy: accuracy > 0.95,
}
"""Scripts whose ``main`` returns a number, and what it must be like."""
OF_THE_TEXTS = {
    *("shallow.py", "activations.py", "dosage.py", "one_sample_at_a_time.py", "losses.py", "gradients.py"),
    *("overfitting.py", "learning_rates.py", "numpy_twin.py", "adam_against_gradient_descent.py"),
    *("autoencoder.py", "gan.py", "mnist.py"),
}
"""Those in the table of docs/tutorials/README.md."""
ELSEWHERE = {"mnist_records.py"}
"""Those with a test of their own."""
NAMES = sorted(path.name for path in EXAMPLES.glob("*.py"))


def test_every_example_is_tested() -> None:
    assert set(NAMES) == {*CUSTOM, *OF_THE_TEXTS, *ELSEWHERE}


@pytest.mark.parametrize("name", NAMES)
def test_head_tells_command_and_result(name: str) -> None:
    head = ast.get_docstring(ast.parse((EXAMPLES / name).read_text())) or ""
    assert head.startswith(f"{name.removesuffix('.py')}: ")
    assert f"python examples/{name}" in head
    assert "Expected" in head


@pytest.mark.parametrize("name", sorted(OF_THE_TEXTS))
def test_table_and_a_page_link_to_it(name: str) -> None:
    link = f"](../../examples/{name})"
    table = (TUTORIALS / "README.md").read_text()
    pages = [page for page in TUTORIALS.glob("*.md") if page.name != "README.md" and link in page.read_text()]
    assert link in table
    assert any(f"]({page.name}" in table for page in pages)


def test_mnist(mnist_folder: Path) -> None:
    """Two epochs of thirty; the whole gives more than 98.5 %."""
    result = run("mnist.py", "--seeds", "0", "--epochs", "2", NNFAST_MNIST=str(mnist_folder))
    assert result.returncode == 0, result.stderr
    first, last = result.stdout.splitlines()[-2:]
    assert first.startswith("seed 0: test accuracy 0.9")
    assert float(last.removeprefix("mean test accuracy ")) >= 0.965


@pytest.mark.parametrize("folder", ["", "/nowhere"])
def test_mnist_without_its_files(folder: str) -> None:
    result = run("mnist.py", NNFAST_MNIST=folder)
    assert result.returncode != 0
    assert ("NNFAST_MNIST names no folder" if not folder else "/nowhere: expected a folder") in result.stderr


@pytest.mark.parametrize("name", CUSTOM)
def test_custom_parts(name: str) -> None:
    result = load(name).main()
    assert CUSTOM[name](result), result


def check_slopes(network: Any, x: Any, y: Any, parts: list[tuple[Any, Any]]) -> None:
    """Each array's gradient against central differences of the loss that ``backward`` returns."""
    for array, gradient in parts:
        for index in np.ndindex(array.shape):
            kept, losses = array[index], []
            for side in (1e-5, -1e-5):
                array[index] = kept + side
                losses.append(network.backward(x, y))
            array[index] = kept
            assert gradient[index] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-5, abs=1e-8)


def test_slopes_of_the_custom_layer(rng: np.random.Generator) -> None:
    network = load("custom_layer.py").RadialNetwork(2, 3, seed=0)
    x, y = rng.uniform(-1, 1, (5, 2)), rng.integers(0, 2, (5, 1)).astype(float)
    network.backward(x, y)
    layer = network.layer
    check_slopes(network, x, y, [(layer.centres, layer.grad_centres.copy()), (layer.widths, layer.grad_widths.copy())])


def test_slopes_below_the_custom_activation(rng: np.random.Generator) -> None:
    network = load("custom_activation.py").SnakeNetwork(3, seed=0)
    x, y = rng.uniform(-1, 1, (5, 1)), rng.uniform(-1, 1, (5, 1))
    network.backward(x, y)
    gradients = network.lower.gradients()
    for place, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            weights, losses = network.lower.get_weights(), []
            for side in (1e-5, -1e-5):
                changed = [w.copy() for w in weights]
                changed[place][index] += side
                network.lower.set_weights(changed)
                losses.append(network.backward(x, y))
            network.lower.set_weights(weights)
            assert gradient[index] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-5, abs=1e-8)


# ---- the texts' systems, on small settings: each script compares by itself, with formulas or scikit-learn ------------
# numpy_twin.py is tested by test_kaggle_digits.py.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in: pictures are drawn where a script runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def quote(page: str, word: str) -> list[str]:
    """The lines with that word of what a page says a script prints."""
    blocks = re.findall(r"```\n(.*?)```", (TUTORIALS / page).read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if word in line]
    assert lines
    return lines


def list_pictures(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.read_bytes().startswith(b"\x89PNG")}


def test_shallow() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    results = load("shallow.py").main([])
    for task, expected in (("regression", 0.43), ("binary", 0.98), ("multiclass", 0.96)):
        ours, theirs = results[task]
        assert abs(ours - expected) < 0.01, task
        assert ours > theirs - 0.03, task


def test_activations(folder: Path) -> None:
    assert load("activations.py").main([]) < 1e-8
    assert list_pictures(folder) == {"activations.png"}


def test_losses(capsys: pytest.CaptureFixture[str]) -> None:
    difference, is_same = load("losses.py").main()
    assert difference < 1e-15
    assert is_same
    assert set(quote("training.md", "by its formula")) <= set(capsys.readouterr().out.splitlines())


def test_gradients() -> None:
    assert load("gradients.py").main() < 1e-15


def test_dosage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predictions, path, error = load("dosage.py").main([])
    assert [round(p, 2) for p in predictions] == [-0.01, 1.03, 0.0]
    assert [round(b3, 2) for b3 in path[:3]] == [0, 1.57, 2.19]
    assert round(path[-1], 2) == 2.61
    assert error < 1e-4
    printed = capsys.readouterr().out.splitlines()
    assert "sum of squared residuals: 20.4 at 0, 7.77 at 1, 1.11 at 2, 0.458 at 3" in printed
    assert any(line.startswith("slopes -15.7 and -6.26;") for line in printed)
    assert quote("dosage.md", "") == printed
    assert list_pictures(folder) == {"squiggle.png", "descent.png", "trained.png"}


def test_one_sample_at_a_time(mnist_folder: Path) -> None:
    arguments = ["--data", str(mnist_folder), "--epochs", "2", "--samples", "3000"]
    accuracy, is_same = load("one_sample_at_a_time.py").main(arguments)
    assert accuracy > 0.85
    assert is_same


def test_overfitting(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = load("overfitting.py").main([])
    assert sorted(results) == [0.2, 0.3]
    for errors in results.values():
        (line, line_test), (fit, fit_test), (over, over_test) = errors
        assert line > fit > over
        assert line > 0.5
        assert round(over, 2) == 0.02
        assert min(line_test, over_test) > 1.9 * fit_test
    assert set(quote("training.md", "of the t")) <= set(capsys.readouterr().out.splitlines())
    assert list_pictures(folder) == {"fits.png"}


def test_learning_rates(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = load("learning_rates.py").main([])
    accuracies = [results[rate][1] for rate in (0.002, 0.2, 2.0)]
    assert [round(a, 2) for a in accuracies] == [0.29, 0.97, 0.10]
    assert set(quote("training.md", "learning rate ")) <= set(capsys.readouterr().out.splitlines())
    assert list_pictures(folder) == {"learning_rates.png"}


def test_adam_against_gradient_descent(folder: Path, mnist_folder: Path) -> None:
    """Two epochs of ten."""
    script = load("adam_against_gradient_descent.py")
    descent, batches, adam = script.main(["--data", str(mnist_folder), "--epochs", "2", "--seeds", "0"]).values()
    assert descent[1] < 0.3
    assert batches[1] > 0.9
    assert adam[1] > 0.9
    assert adam[0] < batches[0] < descent[0]
    assert list_pictures(folder) == {"optimizers.png"}


def test_autoencoder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = load("autoencoder.py").main([])
    assert (round(ours, 3), round(theirs, 3)) == (0.012, 0.024)
    assert set(quote("generating.md", " 8 ")) <= set(capsys.readouterr().out.splitlines())
    assert list_pictures(folder) == {"reconstructions.png"}


def test_gan(folder: Path) -> None:
    """Sixty epochs of six hundred."""
    results = load("gan.py").main(["--epochs", "60"])
    (real, _), (generated, n_digits), (random, _) = (results[kind] for kind in ("real", "generated", "random"))
    assert real > generated > 3 * random
    assert n_digits >= 6
    assert list_pictures(folder) == {"generated.png"}
