"""docs/from-*.md: what their tables name is there: nnfast's names and arguments, and the names of the others."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nnfast
from nnfast._step_options import StepOptions
from nnfast.models import Sequential
from nnfast.optimizers import Optimizer

DOCS = Path(__file__).parents[1] / "docs"
WORDS = ["activations", "initializers", "losses", "metrics", "optimizers", "regularizers", "constraints"]
MODULES = [name for name in nnfast.__all__ if inspect.ismodule(getattr(nnfast, name))]
OURS = ["nnfast", *(f"nnfast.{name}" for name in (*MODULES, "sklearn", "export.keras", "export.onnx", "export.torch"))]
STANDS_FOR: dict[str, Any] = {"model": Sequential, "optimizer": Optimizer}
THEIRS = {
    "from-keras": ["keras"],
    "from-pytorch": [
        "torch",
        *(f"torch.{name}" for name in ("nn", "optim", "optim.lr_scheduler", "utils.data", "nn.utils")),
    ],
    "from-scikit-learn": [
        "sklearn",
        *(f"sklearn.{name}" for name in ("neural_network", "impute", "inspection", "utils.class_weight")),
    ],
}

NO_NAMES = {'"accuracy"', "class_weight", "sample_weight", "GradientTape", "torch"}
"""What the column of Keras's names has of words, arguments and other libraries."""


def cells(page: str, column: int) -> Iterator[str]:
    """What stands between backticks in a column of the page's tables of three."""
    for line in (DOCS / f"{page}.md").read_text().splitlines():
        row = line[2:-1].split(" | ")
        if line.startswith("| ") and len(row) == 3:
            yield from re.findall(r"`([^`]+)`", row[column])


def find(name: str, places: list[Any]) -> Iterator[Any]:
    """Everything that the dotted name stands for."""
    first, *rest = name.split(".")
    starts = [STANDS_FOR[first]] if first in STANDS_FOR else [getattr(place, first, None) for place in places]
    for thing in starts:
        for part in rest:
            thing = getattr(thing, part, None)
        if thing is not None:
            yield thing


def takes(thing: Any, keywords: set[str]) -> bool:
    if not keywords:
        return True
    parameters = inspect.signature(thing).parameters
    others = set(StepOptions.__annotations__) if inspect.isclass(thing) and issubclass(thing, Optimizer) else set()
    return keywords <= set(parameters) | others


def is_there(text: str, places: list[Any], words: set[str]) -> bool:
    """Whether an expression is a word, or made of names and arguments that there are."""
    expression = ast.parse(text, mode="eval").body
    if isinstance(expression, ast.Constant):
        return expression.value in words
    calls = [node for node in ast.walk(expression) if isinstance(node, ast.Call)]
    given = [(ast.unparse(call.func), {str(keyword.arg) for keyword in call.keywords}) for call in calls]
    return all(any(takes(thing, names) for thing in find(name, places)) for name, names in given or [(text, set())])


@pytest.mark.parametrize("page", ["from-scikit-learn", "from-keras", "from-pytorch"])
def test_our_names(page: str) -> None:
    pytest.importorskip("sklearn")
    places = [importlib.import_module(name) for name in OURS]
    words = {word for name in WORDS for word in importlib.import_module(f"nnfast.{name}").CATALOGUE.by_name}
    named = list(cells(page, 1))
    assert len(named) >= 20
    missing = [text for text in named if not is_there(text, places, words)]
    assert not missing, f"docs/{page}.md names what is not there: {missing}"


@pytest.mark.parametrize("page", THEIRS)
def test_their_names(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(THEIRS[page][0])
    places = [importlib.import_module(name) for name in THEIRS[page]]
    if page == "from-keras":
        monkeypatch.setitem(STANDS_FOR, "model", places[0].Model)
        monkeypatch.setitem(STANDS_FOR, "keras", places[0])
    named = [text for text in cells(page, 0) if text not in NO_NAMES]
    missing = [text for text in named if not any(True for _ in find(text.split("(")[0], places))]
    assert not missing, f"docs/{page}.md names what is not there: {missing}"
