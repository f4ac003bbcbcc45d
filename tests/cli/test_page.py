"""docs/command-line.md and README.md name every option, and none that there is not; their examples run."""

import re
import shlex
from pathlib import Path

import pytest
from commands import list_files, read_rows, run, write_flowers

from nnfast.cli.compiling import CLASS_LOSSES, CLASS_METRICS, SCHEDULES, VALUE_LOSSES, VALUE_METRICS
from nnfast.cli.program import program
from nnfast.cli.run_file import read_run_file

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/command-line.md").read_text()
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def flags_of(command):
    options = [parameter for parameter in program.commands[command].params if parameter.param_type_name == "option"]
    return {flag for option in options for flag in (*option.opts, *option.secondary_opts)}


def section_of(command):
    return re.search(rf"^## `nnfast {command}`\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]


@pytest.mark.parametrize("command", sorted(program.commands))
def test_tables_list_every_option(command):
    cells = re.findall(r"^\| (`--.*?) \|", section_of(command), re.MULTILINE)
    assert {flag for cell in cells for flag in FLAG.findall(cell)} == flags_of(command)
    assert f"| `nnfast {command}` |" in PAGE


@pytest.mark.parametrize("name", ["docs/command-line.md", "README.md"])
def test_options_that_are_named_exist(name):
    known = {"--debug", "--help", "--version"}.union(*map(flags_of, program.commands))
    assert not set(FLAG.findall((ROOT / name).read_text())) - known


def test_choices_are_named():
    words = {*CLASS_LOSSES, *VALUE_LOSSES, *CLASS_METRICS, *VALUE_METRICS, *SCHEDULES}
    assert not [word for word in words if f"`{word}`" not in section_of("train")]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_flowers(tmp_path / "flowers.csv")
    return tmp_path


def test_file_of_a_run(here):
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    Path("run.toml").write_text(example)
    settings = read_run_file(Path("run.toml"))
    assert settings["optimizer-option"] == {"nesterov": True}
    run("train", "--config", "run.toml")
    assert {"flowers.safetensors", "flowers.png"} <= set(list_files(here))


def test_five_commands_of_a_new_user(here):
    """What a terminal shows after the first, which installs, and the one that opens a browser."""
    text = (ROOT / "README.md").read_text()
    commands = re.search(r"## From the command line\n.*?```sh\n(.*?)```", text, re.DOTALL)[1].strip().splitlines()
    assert len(commands) == 5
    rows = read_rows(here / "flowers.csv")
    Path("new.csv").write_text("".join(",".join(row[:3]) + "\n" for row in rows[:11]))
    for command in commands:
        words = shlex.split(command)
        if words[0] == "nnfast":
            run(*words[1:])
    assert len(read_rows(here / "predictions.csv")) == 11
    assert {"flowers.safetensors", "flowers.html"} <= set(list_files(here))
