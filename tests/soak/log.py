"""log: what a long run found, in docs/soak/, a file a part; and the page made of them."""

import ast
import json
import os
import platform
import tomllib
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from nnfast import _core
from soak.row import Row

ROOT = Path(__file__).parent.parent.parent
LOGS = ROOT / "docs" / "soak"
PAGE = ROOT / "docs" / "reliability.md"
PARTS = sorted(path.stem for path in (Path(__file__).parent / "parts").glob("[!_]*.py"))

HEAD = """# Reliability

<!-- made by `python tests/soak --page` from docs/soak/: do not edit -->

What real machines do to a program, what must happen then, and how often it did not. Each table is what its command last
found at length; a short form of each runs with the tests (`pytest tests/test_soak.py`).

Not defended: `ndarray.resize(refcheck=False)` of an array that a call is using, and hardware that computes wrongly. Not
tested: Windows, macOS, and ARM otherwise than emulated. What the promise of the same bits costs stands in
[performance](performance.md#what-the-promise-costs).
"""


def read_doc(part: str) -> tuple[str, str]:
    """A part's title, the first line of its docstring, and the rest of it."""
    source = (Path(__file__).parent / "parts" / f"{part}.py").read_text()
    title, _, rest = (ast.get_docstring(ast.parse(source)) or part).partition("\n")
    return title.rstrip("."), rest.strip()


def write(part: str, rows: list[Row], seed: int, seconds: float) -> None:
    log = {
        "command": f"python tests/soak {part}" + (f" --seed {seed}" if seed else ""),
        "date": date.today().isoformat(),
        "version": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
        "machine": describe_machine(),
        "seconds": round(seconds),
        "rows": [asdict(row) for row in rows],
    }
    LOGS.mkdir(exist_ok=True)
    (LOGS / f"{part}.json").write_text(json.dumps(log, indent=1, ensure_ascii=False) + "\n")


def describe_machine() -> str:
    n_cores = len(os.sched_getaffinity(0))
    return f"{platform.system()} {platform.machine()} with {_core.get_runnable_isas()[0]}, {n_cores} cores"


def make_summary(logs: dict[str, dict[str, Any]]) -> str:
    """A line a part: what it tried, and what failed, all its faults together."""
    table = ["| part | faults | tried | failed | date |", "|---|--:|--:|--:|---|"]
    for part, log in logs.items():
        tried, failed = (sum(row[name] for row in log["rows"]) for name in ("tried", "failed"))
        table.append(f"| {read_doc(part)[0]} | {len(log['rows'])} | {tried:,} | {failed:,} | {log['date']} |")
    return "\n".join(table) + "\n"


def make_section(part: str, log: dict[str, Any]) -> str:
    title, text = read_doc(part)
    table = ["| fault | must happen | tried | failed | measured |", "|---|---|--:|--:|---|"]
    for row in log["rows"]:
        table.append(f"| {row['fault']} | {row['must']} | {row['tried']:,} | {row['failed']:,} | {row['figure']} |")
    source = f"`{log['command']}`, {log['date']}, nnfast {log['version']}, {log['machine']}, {log['seconds']:,} s."
    return "\n\n".join(filter(None, [f"## {title}", text, "\n".join(table), source, make_contrast(part)])) + "\n"


def make_contrast(part: str) -> str:
    """What other libraries do there, if someone has looked."""
    path = LOGS / "contrast" / f"{part}.json"
    if not path.exists():
        return ""
    log = json.loads(path.read_text())
    table = [log["columns"], ["---"] * len(log["columns"]), *log["lines"]]
    text = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in table)
    return f"Others, for contrast:\n\n{text}\n\n`{log['command']}`, {log['date']}."


def make_page() -> str:
    logs = {part: json.loads((LOGS / f"{part}.json").read_text()) for part in PARTS if (LOGS / f"{part}.json").exists()}
    return "\n".join([HEAD, make_summary(logs), *(make_section(part, log) for part, log in logs.items())])
