"""files: what a command writes can be written, is none of the files that it reads, and nothing is written twice."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

Files = Mapping[str, Path | None]
"""What the user calls a file, "--model" or "DATA" -> the file; None where there is none."""


def check_distinct(read: Files, written: Files) -> None:
    """Check that no file would be lost by writing another over it."""
    names = {path.resolve(): name for name, path in read.items() if path is not None}
    for name, path in written.items():
        other = name if path is None else names.setdefault(path.resolve(), name)
        if other != name:
            raise click.UsageError(f"{name}: expected another file than {other}, received {path} for both.")


def check_writable(name: str, path: Path) -> None:
    """Check that a file can be made, or the one that is there be replaced, before there is work to lose."""
    folder = path.resolve().parent
    if not folder.is_dir():
        raise click.UsageError(f"{name}: expected a file in a folder that exists, received {path}.")
    if path.exists() and not path.is_file():
        raise click.UsageError(f"{name}: expected a file or none, received {path}, a folder or a device.")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"{name}: expected a file in a folder that can be written to, received {path}.")
