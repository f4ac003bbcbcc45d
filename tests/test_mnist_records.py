"""examples/mnist_records.py: both recipes, shortened, and the images it holds back and draws."""

from pathlib import Path
from types import ModuleType

import pytest
from scripts import load, run


@pytest.fixture
def records(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example with a tenth of the images."""
    example = load("mnist_records.py")
    tenth = [(x[::10], y[::10]) for x, y in example.load_mnist(mnist_folder)]
    monkeypatch.setattr(example, "load_mnist", lambda _: tenth)
    return example


@pytest.mark.parametrize(("recipe", "limit"), [("--plain", 15), ("--distortions", 12)])
def test_recipes(records: ModuleType, capsys: pytest.CaptureFixture[str], recipe: str, limit: float) -> None:
    """Three epochs of a tenth of the images; the whole gives what docs/mnist.md says."""
    errors = records.main([recipe, "--seeds", "0", "1", "--epochs", "3", "--data", "ready"])
    assert 0 < errors < limit
    lines = capsys.readouterr().out.splitlines()
    seeds = [line for line in lines if line.startswith("seed")]
    assert [line.split(":")[0] for line in seeds] == ["seed 0", "seed 1"]
    assert all("of 1000" in line for line in seeds)
    assert lines[-1] == f"mean error {errors:.2f} %"


def test_images_held_back(mnist_folder: Path) -> None:
    """What recipes were chosen by are training images, and not among those that were trained on."""
    example = load("mnist_records.py")
    (x_all, _), (x_test, _) = example.load_mnist(mnist_folder)
    (x, y), (x_held, y_held) = example.load(str(mnist_folder), True)
    assert len(x) == len(y) == 50_000
    assert len(x_held) == len(y_held) == 10_000
    train, held, test = ({row.tobytes() for row in rows} for rows in (x, x_held, x_test))
    assert {row.tobytes() for row in x_all} == train | held
    assert not held & (train | test)


def test_sheet(records: ModuleType, tmp_path: Path) -> None:
    records.main(["--sheet", str(tmp_path / "sheet.png"), "--data", "ready"])
    assert (tmp_path / "sheet.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plain"], "neither --data nor NNFAST_MNIST names a folder"),
        (["--plain", "--data", "/nowhere"], "/nowhere: expected a folder"),
        ([], "one of the arguments --plain --distortions --sheet is required"),
    ],
)
def test_that_cannot_run(arguments: list[str], message: str) -> None:
    result = run("mnist_records.py", *arguments, NNFAST_MNIST="")
    assert result.returncode != 0
    assert message in result.stderr
