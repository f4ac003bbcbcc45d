"""files: what a command writes is none of the files that it reads, and nothing is written twice."""

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
