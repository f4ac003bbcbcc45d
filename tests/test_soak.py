"""The long tests' short form, and the page that their last long runs made."""

import importlib
import json

import pytest
from soak import log
from soak.row import Size


@pytest.mark.parametrize("part", log.PARTS)
def test_short_form(part: str) -> None:
    rows = list(importlib.import_module(f"soak.parts.{part}").rows(Size(long=False)))
    assert rows
    assert [row for row in rows if row.tried == 0 or row.failed] == []


def test_page_is_what_the_logs_say() -> None:
    assert log.PAGE.read_text() == log.make_page()


@pytest.mark.parametrize("part", log.PARTS)
def test_log_found_no_fault(part: str) -> None:
    found = json.loads((log.LOGS / f"{part}.json").read_text())
    assert [row for row in found["rows"] if row["tried"] == 0 or row["failed"]] == []
