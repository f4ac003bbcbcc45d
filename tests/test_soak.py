"""The long tests' short form, and the page that their last long runs made."""

import importlib
import json
import shutil
import subprocess
import sys

import pytest
from soak import log, sanitized
from soak.row import Row, Size


@pytest.mark.parametrize("part", log.PARTS)
def test_short_form(part: str) -> None:
    rows = list(importlib.import_module(f"soak.parts.{part}").rows(Size(long=False)))
    assert rows
    assert [row for row in rows if not row.holds] == []


def test_page_is_what_the_logs_say() -> None:
    assert log.PAGE.read_text() == log.make_page()


@pytest.mark.parametrize("part", log.PARTS)
def test_log_found_no_fault(part: str) -> None:
    rows = [Row(**row) for row in json.loads((log.LOGS / f"{part}.json").read_text())["rows"]]
    assert rows
    assert [row for row in rows if not row.holds] == []


@pytest.mark.parametrize("name", sanitized.LEFT_OUT)
def test_what_sanitizers_leave_out_is_there(name: str) -> None:
    file, _, test = name.partition("::")
    function, _, part = test.partition("[")
    assert f"def {function}" in (log.ROOT / file).read_text()
    assert part.rstrip("]") in ["", *log.PARTS]


# ---- the command: parts that fail, in a tree of its own --------------------------------------------------------------

PARTS = {
    "a_crash": "import os; rows = lambda size: os.abort()",
    "b_error": "def rows(size): raise OSError('none')",
    "c_good": "rows = lambda size: [Row('a fault', 'nothing', 1234, 0)]",
    "d_failed": "rows = lambda size: [Row('a fault', 'nothing', 1, 0), Row('another', 'nothing', 5, 2)]",
    "e_never_tried": "rows = lambda size: [Row('a fault', 'nothing', 0, 0)]",
    "f_nothing": "rows = lambda size: []",
}


@pytest.fixture
def run_soak(tmp_path):
    folder = tmp_path / "tests" / "soak"
    (folder / "parts").mkdir(parents=True)
    for name in ("__init__", "__main__", "row", "log"):
        shutil.copy(log.ROOT / "tests" / "soak" / f"{name}.py", folder)
    shutil.copy(log.ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "docs").mkdir()
    for name, text in PARTS.items():
        (folder / "parts" / f"{name}.py").write_text(f'"""Part {name}."""\nfrom soak.row import Row\n{text}\n')
    return lambda *arguments: subprocess.run([sys.executable, folder, *arguments], capture_output=True, text=True)


def test_parts_go_on_after_others_that_fail(run_soak, tmp_path):
    finished = run_soak()
    assert finished.returncode == 1
    older = "its log, if there is one, is an older one"
    assert finished.stdout.splitlines()[-6:] == [
        f"a_crash: ENDED with -6: {older}",
        f"b_error: ENDED with 1: {older}",
        "c_good: holds",
        *(f"{name}: DOES NOT HOLD" for name in ("d_failed", "e_never_tried", "f_nothing")),
    ]
    logs = sorted(path.stem for path in (tmp_path / "docs" / "soak").iterdir())
    assert logs == ["c_good", "d_failed", "e_never_tried", "f_nothing"]
    page = (tmp_path / "docs" / "reliability.md").read_text()
    assert "| Part c_good | 1 | 1,234 | 0 |" in page
    assert "| another | nothing | 5 | 2 |  |" in page


@pytest.mark.parametrize(("parts", "code"), [(["c_good"], 0), (["c_good", "c_good"], 0), (["e_never_tried"], 3)])
def test_exit_code(run_soak, tmp_path, parts, code):
    assert run_soak(*parts, "--short").returncode == code
    assert list((tmp_path / "docs").iterdir()) == []
