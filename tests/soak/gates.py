"""gates: a copy of the tree, in which a piece of text takes the place of another, and what a test says of it."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnfast import _core
from soak import log

FAILED = {"pytest": 1, "soak": 3, "ctest": 1, "asan": 66, "tsan": 66}
"""Kind of gate -> the status that says that a test failed. With another one than this and 0 it could not be run."""
SANITIZERS = {"asan": "address", "tsan": "thread"}
OPTIONS = f"exitcode={FAILED['asan']}:halt_on_error=1:allocator_may_return_null=1"  # the last for sizes beyond memory
SECONDS = 1200.0  # the longest that a gate or a build may take


class GateError(Exception):
    """A gate that cannot be run."""


class Tree:
    """A copy of the tree. Its module is the one that is installed, until it is built.

    A gate is a test, behind the word for what runs it: ``pytest FILES``; ``soak PART``, in the short form; ``ctest
    PROGRAM``, of the tests in C; ``asan PROGRAM`` and ``tsan PROGRAM``, where what the sanitizer reports counts.
    """

    def __init__(self, folder: Path, must_build: bool) -> None:
        self._root, self._output = folder / "tree", folder / "output"
        for name in ("cmake", "csrc", "docs", "src", "tests"):
            shutil.copytree(log.ROOT / name, self._root / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        for name in ("CMakeLists.txt", "pyproject.toml"):
            shutil.copy(log.ROOT / name, self._root)
        shutil.copy(_core.__file__, self._root / "src" / "nnfast")
        self._is_module_old = must_build
        self._environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(self._root / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_ADDOPTS": "",
            **{
                name: f"{os.environ.get(name, '')}:{OPTIONS}"
                for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
            },
        }

    @contextmanager
    def change(self, file: str, before: str, after: str) -> Iterator[None]:
        """Put text in the place of other text, and back."""
        path = self._root / file
        text = path.read_text()
        try:
            self._write(path, text.replace(before, after))
            yield
        finally:
            self._write(path, text)

    def passes(self, gate: str) -> bool:
        """Whether a gate passes; GateError if it cannot be run."""
        kind, *arguments = shlex.split(gate)
        run = {"pytest": self._run_pytest, "soak": self._run_soak}.get(kind)
        status = run(arguments) if run else self._run_program(kind, *arguments)
        if status not in (0, FAILED[kind]):
            raise self._fail(f"{gate}: expected status 0 or {FAILED[kind]}, received {status}")
        return status == 0

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        self._is_module_old |= path.suffix != ".py"

    def _run_pytest(self, arguments: list[str]) -> int:
        self._build_module()
        return self._run(sys.executable, "-m", "pytest", "-q", "-x", *arguments)

    def _run_soak(self, arguments: list[str]) -> int:
        self._build_module()
        return self._run(sys.executable, "tests/soak", "--short", *arguments)

    def _run_program(self, kind: str, name: str, *arguments: str) -> int:
        return self._run(str(self._build(kind, name) / "tests" / "c" / name), *arguments)

    def _build_module(self) -> None:
        if self._is_module_old:
            folder = self._build("ctest", "_core")
            self._make("cmake", "--install", str(folder), "--prefix", "src", "--component", "python")
            self._is_module_old = False

    def _build(self, kind: str, target: str) -> Path:
        """Build a target as a kind of gate needs it; returns the folder."""
        folder, sanitizers = self._root / "build" / kind, SANITIZERS.get(kind, "")
        if not folder.exists():
            options = {
                "CMAKE_BUILD_TYPE": "Debug",
                "CMAKE_C_FLAGS_DEBUG": "-O0" if sanitizers else "-O1",  # with them -O1 takes minutes to compile
                "NNFAST_BUILD_PYTHON": "OFF" if sanitizers else "ON",
                "NNFAST_BUILD_TESTS": "ON",
                "NNFAST_SANITIZE": sanitizers,
                "Python_EXECUTABLE": sys.executable,
            }
            self._make("cmake", "-S.", f"-B{folder}", *(f"-D{name}={value}" for name, value in options.items()))
        self._make("cmake", "--build", str(folder), "--target", target, "-j2")
        return folder

    def _make(self, *command: str) -> None:
        if self._run(*command):
            raise self._fail(f"it cannot be built: {shlex.join(command)}")

    def _fail(self, reason: str) -> GateError:
        return GateError(f"{reason}\n{self._output.read_text(errors='replace')[-3000:]}")

    def _run(self, *command: str) -> int:
        """Run a command in the tree; returns its status. None of its children is left if it has no end."""
        with self._output.open("wb") as output:
            child = subprocess.Popen(
                command,
                cwd=self._root,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                return child.wait(SECONDS)
            except BaseException as error:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                if isinstance(error, subprocess.TimeoutExpired):
                    raise self._fail(f"no end within {SECONDS:g} s: {shlex.join(command)}") from error
                raise
