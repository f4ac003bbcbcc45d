"""Sanitizers and Python: the tests of Python over a core that is watched; no report is suppressed.

GCC's address and undefined-behaviour sanitizers are in the core, in its kernels the first alone (the tests of C have
them under both), and what the core is given lies in memory that they know. Each file of tests has a process of its own,
which a report ends. Leaks are not looked for, the interpreter has its own: "Memory" counts those of the core.
`LEFT_OUT` in `tests/soak/sanitized.py` names what cannot be run so, and why. The environment variable
NNFAST_SANITIZED_TESTS names files and folders, if not all of them are to be run.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from soak import sanitized
from soak.row import Row, Size
from soak.sanitized import ROOT

PLANTED = ("out of bounds", "freed", "overflow")
CALL = """
import ctypes, sys
arguments = (ctypes.c_char_p * 2)(b"planted", sys.argv[2].encode())
ctypes.CDLL(sys.argv[1]).main(2, arguments)
"""


def is_reported(library: Path, fault: str) -> bool:
    """Does a process of Python end in a report where a library that is watched does wrong?"""
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-c", CALL, str(library), fault)
        is_well, said = sanitized.run_command(command, sanitized.make_environment(Path(folder)))
        return not is_well and len(sanitized.find_reports(Path(folder), said)) == 1


def plant() -> Row:
    """Each fault must be reported, and nothing where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "planted.so")
        options = (
            "-O1",
            "-g",
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=all",
            "-shared",
            "-fPIC",
            "-pthread",
        )
        subprocess.run(("gcc", *options, ROOT / "tests" / "soak" / "sanitizers.c", "-o", library), check=True)
        wrong = [fault for fault in ("none", *PLANTED) if is_reported(library, fault) == (fault == "none")]
    must = "a report, which ends the process"
    return Row("bugs made for the sanitizers, called by Python", must, len(PLANTED), len(wrong), ", ".join(PLANTED))


def list_files(names: str) -> list[str]:
    """Files of tests, and those in folders."""
    paths = [ROOT / name for name in names.split()]
    files = {file for path in paths for file in (path.rglob("test_*.py") if path.is_dir() else (path,))}
    return sorted(str(file.relative_to(ROOT)) for file in files)


def watch() -> Row:
    """As many files at a time as there are cores."""
    sanitized.build()
    every = list_files("tests")
    files = list_files(os.environ.get("NNFAST_SANITIZED_TESTS", "tests"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(sanitized.run, files))
    n_tests, n_failed, n_skipped = (sum(outcome[i] for outcome in outcomes) for i in range(3))
    n_reports = sum(len(outcome.reports) for outcome in outcomes)
    figure = f"{n_reports} reports; {len(files)} of {len(every)} files; {n_skipped} tests skipped"
    fault = "the tests of Python: gcc -fsanitize=address,undefined, kernels: address"
    return Row(fault, "they pass, no report", n_tests, max(n_failed, n_reports), figure)


def rows(size: Size) -> Iterator[Row]:
    yield plant()
    if size.long:
        yield watch()
