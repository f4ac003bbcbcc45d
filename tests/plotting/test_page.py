"""docs/pictures.md: its blocks run and draw what they say; the pictures of all pages are small."""

import re
from pathlib import Path
from typing import Any

import pytest

from nnfast import plotting

pytest.importorskip("matplotlib")

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "pictures.md").read_text()


def test_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    written = re.findall(r'"(\w+\.(?:png|svg))"', PAGE)
    assert len(written) >= 12
    assert {path.name for path in tmp_path.iterdir()} == set(written)
    assert set(re.findall(r"images/(\w+\.png)", PAGE)) <= set(written)
    under, good, over = names["models"].values()
    errors = {
        name: [measure(model, *names[part]) for part in ("train_part", "test_part")]
        for name, model in {"under": under, "good": good, "over": over}.items()
    }
    assert errors["over"][0] < errors["good"][0] < errors["under"][0]  # on what they learned
    assert errors["good"][1] < errors["over"][1]  # on the rest
    assert errors["good"][1] < errors["under"][1]
    assert names["path"][-1] == pytest.approx(2.61, abs=0.01)


def measure(model: Any, x: Any, y: Any) -> float:
    return float(((model.predict(x[:, None])[:, 0] - y) ** 2).mean())


def test_pictures_are_small() -> None:
    images = sorted((DOCS / "images").iterdir())
    pages = "".join(page.read_text() for page in DOCS.rglob("*.md"))
    assert {path.name for path in images} == set(re.findall(r"images/([\w.]+)", pages))
    for path in images:
        assert path.stat().st_size < 100_000, path.name


def test_page_names_everything() -> None:
    assert not [name for name in plotting.__all__ if name not in PAGE]
