"""What the docs say is true: examples run, files that are named exist."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import nnfast
from nnfast import callbacks

ROOT = Path(__file__).parents[1]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "csrc/README.md", ROOT / "benchmarks/README.md"})
TESTED_ELSEWHERE = {
    "from-scikit-learn.md": "tests/sklearn",
    "pictures.md": "tests/plotting",
    "generating.md": "a part of a script",
}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = ["nnfast", *(module.name for module in pkgutil.walk_packages(nnfast.__path__, "nnfast."))]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith(".__main__")])
def test_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert result.failed == 0


def test_readme_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(examples) == 1
    names: dict[str, object] = {}
    exec(examples[0], names)
    assert names["accuracy"] > 0.9  # type: ignore[operator]


def test_example_of_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/report.md").read_text(), re.DOTALL)
    exec(example, {})
    assert "<h1>Digits</h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def read_examples(page: Path) -> list[tuple[str, str]]:
    """Blocks of a page in their order: "python", which run, and "pycon", whose output is compared too."""
    return re.findall(r"^```(python|pycon)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def run_pycon(block: str, names: dict[str, object], page: str) -> None:
    test = doctest.DocTestParser().get_doctest(block, names, page, page, 0)
    assert doctest.DocTestRunner(optionflags=OPTIONS).run(test, clear_globs=False).failed == 0
    names.update(test.globs)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # between Keras and PyTorch
@pytest.mark.parametrize(
    "page",
    [page for page in sorted(ROOT.glob("docs/**/*.md")) if page.name not in TESTED_ELSEWHERE and read_examples(page)],
    ids=lambda page: page.stem,
)
def test_examples_of_pages(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for kind, block in read_examples(page):
        for library in re.findall(r"^import (torch|keras)$", block, re.MULTILINE):
            pytest.importorskip(library)
        if kind == "pycon":
            run_pycon(block, names, page.name)
        else:
            exec(block, names)


@pytest.mark.parametrize("name", ["data", "datasets", "preprocessing"])
def test_readme_names_what_is_for_data(name: str) -> None:
    module = importlib.import_module(f"nnfast.{name}")
    words = set(re.findall(r"\w+", (ROOT / "README.md").read_text()))
    assert not set(module.__all__) - words - {"from_categorical"}  # "and back"


LISTS = [
    *("layers", "activations", "losses", "metrics", "optimizers", "schedules"),
    *("initializers", "regularizers", "constraints"),
]
NOT_NAMED = {"GivenArray", "LossMean"}  # "an array", "every loss"


@pytest.mark.parametrize("name", LISTS)
def test_readme_names_every_word(name: str) -> None:
    catalogue = importlib.import_module(f"nnfast.{name}").CATALOGUE
    words = set(re.findall(r"\w+", (ROOT / "README.md").read_text()))
    missing = [
        class_name
        for class_name, entry in catalogue.by_class_name.items()
        if not words & {class_name, *getattr(entry, "names", ())} and class_name not in NOT_NAMED
    ]
    assert not missing, f"add to README.md, What there is: {missing}"


def test_readme_names_every_callback() -> None:
    text = (ROOT / "README.md").read_text()
    shown = set(callbacks.__all__) - {"History", "ProgressLog"}
    assert not [name for name in shown if f"`{name}`" not in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    text = page.read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    paths = re.findall(r"`([\w.]+/[\w./]+\.(?:c|h|py|pyx|md|cmake|json|toml))`", text)
    missing = [name for name in links if not (page.parent / name).exists()]
    missing += [
        name for name in paths if not any((base / name).exists() for base in (ROOT, page.parent, ROOT / "csrc"))
    ]
    assert not missing, f"{page.relative_to(ROOT)} names files that do not exist: {missing}"


@pytest.mark.parametrize("name", ['pip install ".[cli]" && nnfast train digits', 'pip install ".[test]" && pytest'])
def test_readme_commands(name: str) -> None:
    """Both are what .ci/run takes from there and runs."""
    assert f"```sh\n{name}\n```" in (ROOT / "README.md").read_text()
