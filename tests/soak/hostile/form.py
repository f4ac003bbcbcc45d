"""form: a kind of file: what makes malformed ones, what reads them, and what must be true of what was read."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from nnfast.exceptions import DataFileError

KIB, MIB = 1 << 10, 1 << 20


def allow_twice(content: bytes) -> int:
    """The memory that a file may cost."""
    return 2 * len(content) + MIB


class Form(NamedTuple):
    """A kind of malformed file."""

    title: str
    n_files: int
    """Of the long form."""
    make: Callable[[Random], bytes]
    load: Callable[[Path], Any]
    is_right: Callable[[bytes, Any], bool]
    """Whether what was read is what another reader makes of those bytes, or what was written before the damage."""
    error: type[Exception] = DataFileError
    allow: Callable[[bytes], int] = allow_twice
    """Bytes that Python and NumPy may take at once."""
    allowance: str = "2 x file + 1 MiB"
