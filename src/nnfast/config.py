"""config: threads, and what this copy of nnfast runs on."""

import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from nnfast import _core, _validation


def get_version() -> str:
    """Return the version of the installed package; "unknown" where it is only a folder on the path."""
    from importlib import metadata  # 10 ms that few need

    try:
        return metadata.version("nnfast")
    except metadata.PackageNotFoundError:
        return "unknown"


def set_num_threads(n: int) -> None:
    """Set the number of threads that training and prediction use. Results do not depend on it, to the bit.

    Parameters
    ----------
    n : int
        At least 1. At the start it is NNFAST_NUM_THREADS or OMP_NUM_THREADS where set, but never more than the cores
        that affinity and cgroup leave to this process, nor than threadpoolctl allows.
    """
    _core.set_num_threads(_validation.check_integer("n", n, 1, 1024))


def get_num_threads() -> int:
    """Return the number of threads that training and prediction use."""
    return _core.get_num_threads()


@contextmanager
def limit_threads(n: int | None) -> Iterator[None]:
    """Let training and prediction use at most `n` threads within a ``with`` block, if this thread of Python calls them.

    Parameters
    ----------
    n : int or None
        None, and a number beyond the limit or `get_num_threads` outside of the block, limit nothing.

    Examples
    --------
    >>> from nnfast import config
    >>> with config.limit_threads(1):
    ...     config.get_num_threads()
    1
    """
    most = 0 if n is None else _validation.check_integer("n", n, 1, 1024)
    before = _core.limit_threads(0)
    _core.limit_threads(min(most or before, before or most))
    try:
        yield
    finally:
        _core.limit_threads(before)


def show_config(mode: Literal["stdout", "dicts"] = "stdout") -> dict[str, Any] | None:
    """Print, or return, version, instruction set and threads; as ``numpy.show_config`` does.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        Whether to print it, or return it as a dict.

    Returns
    -------
    dict or None
    """
    config = {
        "nnfast": get_version(),
        "isa": _core.get_isa(),
        "runnable_isas": list(_core.get_runnable_isas()),
        "threads": _core.get_num_threads(),
        "usable_cores": _core.count_usable_cores(),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    if _validation.check_choice("mode", mode, ("stdout", "dicts")) == "dicts":
        return config
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in config.items()))
    return None
