"""conftest.py: a folder with two tables, in which training draws no picture."""

import pytest
from commands import write_flowers, write_prices


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nnfast.cli.job.Job._draw", lambda self, fitting, score: None)  # a second each
    write_flowers(tmp_path / "flowers.csv")
    write_prices(tmp_path / "prices.csv")
    return tmp_path
