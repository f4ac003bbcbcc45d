"""The tests of Python over a core that the address and the undefined-behaviour sanitizer watch.

    python tests/soak/sanitized.py             # all of them: an hour
    python tests/soak/sanitized.py tests/data  # or whatever pytest is to be told

A report ends the process that it is about. Kernels are watched by the address sanitizer alone, and optimized: under the
other one, which watches them in the tests of C, this would take hours.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "build" / "asan-python"
PACKAGE = BUILD / "python"
SECONDS_A_FILE = 3600
NOTHING_TO_RUN = 5  # says pytest of a file that is left out

MEASURES_MEMORY = "measures the memory of its process, of which the sanitizer keeps what is freed"
MEASURES_TIME = "the core has 100 ms to end, and is much slower"
OWN_LIBRARY = "preloads a library of its own"
NO_PYTHON = "builds what it runs, with sanitizers of its own or none"
LEFT_OUT = {
    "tests/data/test_memory_map.py::test_a_file_larger_than_what_is_used": MEASURES_MEMORY,
    "tests/report/test_browser.py": "its browser ends where libraries are preloaded",
    "tests/test_core_stops.py::test_predict_can_be_interrupted": MEASURES_TIME,
    "tests/test_mnist.py::test_memory": MEASURES_MEMORY,
    "tests/test_predict_one.py::test_calls_leave_nothing_behind": MEASURES_MEMORY,
    "tests/test_soak.py::test_short_form[allocations]": OWN_LIBRARY,
    "tests/test_soak.py::test_short_form[builds]": NO_PYTHON,
    "tests/test_soak.py::test_short_form[disk]": OWN_LIBRARY,
    "tests/test_soak.py::test_short_form[fuzz_c]": NO_PYTHON,
    "tests/test_soak.py::test_short_form[inputs]": "limits its memory to less than the sanitizer's tables take",
    "tests/test_soak.py::test_short_form[interrupts]": MEASURES_TIME,
    "tests/test_soak.py::test_short_form[limits]": OWN_LIBRARY,
    "tests/test_soak.py::test_short_form[memory]": MEASURES_MEMORY,
    "tests/test_soak.py::test_short_form[planted]": NO_PYTHON,
    "tests/test_soak.py::test_short_form[sanitizers]": NO_PYTHON,
    "tests/test_soak.py::test_short_form[sanitizers_python]": NO_PYTHON,
}
"""What cannot be run so, as pytest names it -> why."""


def build() -> None:
    """Make the package, with a core that is watched, in `PACKAGE`: the one in use stays as it is."""
    for command in (
        ("--preset", "asan-python", f"-DPython_EXECUTABLE={sys.executable}"),
        ("--build", "--preset", "asan-python", "-j", str(os.cpu_count())),
        ("--install", str(BUILD), "--prefix", str(PACKAGE), "--component", "python"),
    ):
        subprocess.run(("cmake", *command), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    ignored = shutil.ignore_patterns("*.so", "*.pyx", "__pycache__")
    shutil.copytree(ROOT / "src" / "nnfast", PACKAGE / "nnfast", ignore=ignored, dirs_exist_ok=True)


def find_library(name: str) -> str:
    command = ("gcc", f"-print-file-name={name}")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def make_environment(folder: Path) -> dict[str, str]:
    """For a process that is watched, and those which it starts. The one sanitizer writes files, the other to stderr."""
    return os.environ | {
        "LD_PRELOAD": " ".join(map(find_library, ("libasan.so", "libstdc++.so.6"))),  # C++ throws by way of the first
        "PYTHONPATH": str(PACKAGE),
        "PYTHONMALLOC": "malloc",
        "ASAN_OPTIONS": f"detect_leaks=0:allocator_may_return_null=1:log_path={folder}/report",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }


def make_command(*arguments: str) -> tuple[str, ...]:
    """Of pytest; what is written to the process' own streams is not kept back: a report would be lost."""
    left_out = (f"--deselect={name}" for name in LEFT_OUT)
    return (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--capture=sys", *left_out, *arguments)


def find_reports(folder: Path, said: str) -> list[str]:
    """In files, and in what a process said; a file without an error warns of a huge allocation, which was refused."""
    files = [path.read_text(errors="replace") for path in sorted(folder.glob("report*"))]
    errors = [file for file in files if "ERROR: " in file]
    return [*errors, *re.findall(r"^.*: runtime error: .*$", said, re.MULTILINE)]


class Outcome(NamedTuple):
    """Of pytest: tests that ran, those of them that failed, those that were skipped; and what the sanitizers said."""

    tests: int
    failed: int
    skipped: int
    reports: list[str]


def run(test: str) -> Outcome:
    """A file of tests in a process of its own; what that says is printed if it does not end well."""
    with tempfile.TemporaryDirectory() as name:
        folder, counts = Path(name), Path(name, "tests.xml")
        command = make_command("-q", f"--junitxml={counts}", test)
        is_well, said = run_command(command, make_environment(folder))
        reports = find_reports(folder, said)
        if is_well and not reports:
            return Outcome(*read_counts(counts), reports)
        print(said, *reports, sep="\n", flush=True)
        n, n_failed, n_skipped = read_counts(counts) if counts.exists() else (1, 1, 0)
        return Outcome(n, max(n_failed, 1), n_skipped, reports)


def run_command(command: tuple[str, ...], environment: dict[str, str]) -> tuple[bool, str]:
    """Whether it ended well, in the time that it has, or is ended with all that it started; and what it said."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **options) as process:
        try:
            said, _ = process.communicate(timeout=SECONDS_A_FILE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return False, f"it hung: {' '.join(command)}"
        return process.returncode in (0, NOTHING_TO_RUN), said


def read_counts(counts: Path) -> tuple[int, int, int]:
    suite = ET.parse(counts).getroot()[0]
    n, n_failed, n_errors, n_skipped = (int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped"))
    return n - n_skipped, n_failed + n_errors, n_skipped


def main() -> int:
    build()
    with tempfile.TemporaryDirectory() as name:
        environment = make_environment(Path(name))
        done = subprocess.run(make_command(*sys.argv[1:]), cwd=ROOT, env=environment, check=False)
        print(*find_reports(Path(name), ""), sep="\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
