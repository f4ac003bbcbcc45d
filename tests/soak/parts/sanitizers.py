"""Sanitizers: the tests of C over a core that is watched; no report is suppressed.

GCC's address and undefined-behaviour sanitizers see what is out of bounds, freed, never freed or undefined; its thread
sanitizer sees races; clang's memory sanitizer sees what is read and was never written. A report makes a test fail.
"""

import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from soak.log import ROOT
from soak.row import Row, Size


class Sanitizer(NamedTuple):
    """What compiles for it, and the faults of sanitizers.c that it must report."""

    compiler: str
    option: str
    faults: tuple[str, ...]


SANITIZERS = {
    "asan": Sanitizer("gcc", "address,undefined", ("out of bounds", "freed", "leaked", "overflow")),
    "tsan": Sanitizer("gcc", "thread", ("race",)),
    "msan": Sanitizer("clang", "memory", ("uninitialised",)),
}
"""By their presets in CMakePresets.json."""


# ---- programs compiled here ------------------------------------------------------------------------------------------


def compile_program(sanitizer: Sanitizer, sources: Iterable[Path], program: Path) -> None:
    options = ("-O1", "-g", f"-fsanitize={sanitizer.option}", "-fno-sanitize-recover=all", "-fopenmp", "-pthread")
    include = (f"-I{ROOT / 'csrc'}", f"-I{ROOT / 'tests' / 'c'}")
    subprocess.run([sanitizer.compiler, *options, *include, *sources, "-o", program, "-lm"], check=True)


def is_reported(program: Path, *arguments: str) -> bool:
    """A sanitizer that has something to report ends the program with an error."""
    return subprocess.run([program, *arguments], capture_output=True, timeout=600).returncode != 0


def plant(names: Iterable[str], folder: Path) -> Row:
    """Each fault must be reported, and nothing where there is none."""
    wrong, planted = [], []
    for name in names:
        program, faults = folder / f"planted_{name}", SANITIZERS[name].faults
        compile_program(SANITIZERS[name], [ROOT / "tests" / "soak" / "sanitizers.c"], program)
        wrong += [fault for fault in ("none", *faults) if is_reported(program, fault) == (fault == "none")]
        planted += faults
    return Row("bugs made for the sanitizers", "a report of each", len(planted), len(wrong), ", ".join(planted))


def watch_base(name: str, folder: Path) -> Row:
    """The lowest floor and the tests of its threads: what can be compiled in seconds."""
    program = folder / f"base_{name}"
    sources = [*(ROOT / "csrc" / "base").glob("*.c"), ROOT / "tests" / "c" / "base" / "test_team.c"]
    compile_program(SANITIZERS[name], sources, program)
    return Row(f"the tests of threads, {name}", "no report", 1, is_reported(program))


# ---- tests -----------------------------------------------------------------------------------------------------------


def watch_c(name: str, folder: Path) -> Row:
    """All tests of C, as the verb of the Makefile runs them."""
    counts, jobs = folder / f"{name}.xml", f"-j{os.cpu_count()}"
    sanitizer = SANITIZERS[name]
    for command in (("cmake", "--preset", name), ("cmake", "--build", "--preset", name, jobs)):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(("ctest", "--preset", name, jobs, "--output-junit", counts), cwd=ROOT, check=False)
    suite = ET.parse(counts).getroot()
    n_checks = sum(map(int, re.findall(r"(\d+) checks", counts.read_text())))
    fault = f"the tests of C: {sanitizer.compiler} -fsanitize={sanitizer.option}"
    n_tests, n_failed = int(suite.get("tests", 0)), int(suite.get("failures", 0))
    return Row(fault, "they pass, no report", n_tests, n_failed, f"{n_checks:,} checks in {n_tests} programs")


def rows(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        of_gcc = [name for name, sanitizer in SANITIZERS.items() if sanitizer.compiler == "gcc"]
        yield plant(size.pick(of_gcc, list(SANITIZERS)), folder)
        for name in size.pick((), SANITIZERS):
            yield watch_c(name, folder)
        for name in size.pick(of_gcc, ()):
            yield watch_base(name, folder)
