"""run_file: the options of ``nnfast train`` as a TOML file: keys are their names, and ``data`` what to train on."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from nnfast import _validation
from nnfast.cli.options import BY_NAME, OPTIONS
from nnfast.exceptions import DataFileError

_MOST_BYTES = 1 << 16
# Whatever the text, each character is looked at a few times: what did not fit is not tried again.
_COMMENT_OR_RAW = r"#[^\n]*|'[^'\n]*'"
_NO_KEYS = re.compile(rf"""{_COMMENT_OR_RAW}|"(?:\\.|[^"\\\n])*+(?:"|(?P<unclosed>))""")
_DEEP_KEY = re.compile(r"(?<![\w \t-])(?:[\w \t-]*+\.){4}")
_NAMES = ("data", *(option.name for option in OPTIONS if option.in_file))


def read_run_file(path: Path) -> dict[str, Any]:
    """Read settings.

    Raises
    ------
    DataFileError
        If it is no TOML, or a key or value is not as it should be; the message names the nearest key.
    """
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    try:
        return read_settings(tomllib.loads(_check_text(content)))
    except RecursionError as error:
        raise DataFileError(path, "expected settings, received values within values") from error
    except ValueError as error:
        raise DataFileError(path, str(error)) from error


def _check_text(content: bytes) -> str:
    """Refuse what would take tomllib long: its time and memory are those of the parts of keys squared."""
    if len(content) > _MOST_BYTES:
        raise ValueError(f"expected at most {_MOST_BYTES} bytes, received more")
    text = content.decode()
    deep = _DEEP_KEY.search(_NO_KEYS.sub(_blank, text))
    if deep:
        raise ValueError(f"key: expected a name, received {deep[0][:40]}...")
    return text


def _blank(found: re.Match[str]) -> str:
    """Return what stands for a comment or a text: a blank, or if it has no end what is no comment and no text in it."""
    return " " if found["unclosed"] is None else re.sub(_COMMENT_OR_RAW, " ", found[0])


def read_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain data as settings, checked."""
    return {name: _read_setting(name, value) for name, value in values.items()}


def _read_setting(name: str, value: Any) -> Any:
    if name not in _NAMES:
        raise _validation.unknown_name("key", name, _NAMES)
    if name == "data":
        return _validation.check_text(name, value)
    try:
        return BY_NAME[name].read(value)
    except click.BadParameter as error:
        raise ValueError(f"{name}: {error.message}") from error


def write_run_file(settings: Mapping[str, Any]) -> str:
    """Return settings, plain data, as TOML with a heading for each section of the help."""
    lines: list[str] = []
    section = ""
    for name, value in settings.items():
        if name in BY_NAME and BY_NAME[name].section != section:
            section = BY_NAME[name].section
            lines += ["", f"# {section}"]
        lines.append(f"{name} = {_write(value)}")
    return "\n".join(lines).strip() + "\n"


def _write(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_write(name)} = {_write(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value)
