"""faults: the shim of shim.c: built, armed inside a process, and run in child processes, so that a crash is counted."""

import ctypes
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
MEMORY, THREADS, DISK = 1, 2, 3
CORE, ARRAYS, NOBODY, OTHERS = 1, 2, 4, 1 << 31
"""Whose memory: the extension module's, elements of NumPy's arrays, what never fails here, and all else's."""
SHORT_WRITE = -1
FOREVER = sys.maxsize

_SET_HANDLER = 304  # PyDataMem_SetHandler's place in NumPy's table
_HANDLER_NAME = b"mem_handler"
_SECONDS_A_CASE = 60
_MOST_CHILDREN = 50  # what crashes that often is known by then


class Control(ctypes.Structure):
    """``control`` of shim.c."""

    _fields_ = (
        ("kind", ctypes.c_int),
        ("scope", ctypes.c_uint),
        ("error", ctypes.c_int),
        ("first", ctypes.c_long),
        ("end", ctypes.c_long),
        ("count", ctypes.c_long),
        ("blocks", ctypes.c_long),
        ("bytes", ctypes.c_long),
    )


class Fault(NamedTuple):
    """What fails: of whom, how (``errno``, or `SHORT_WRITE`), and how many calls, one behind the other."""

    scope: int = 0
    error: int = 0
    length: int = 1


class Shim:
    """The shim in a process into which it was preloaded."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        self.control = Control.in_dll(library, "shim_control")
        self._library = library
        library.shim_watch(b"/nnfast/_core.", CORE)
        library.shim_watch(b"_multiarray_umath", NOBODY)
        library.shim_watch(b"libgomp", NOBODY)
        _set_handler(ctypes.addressof(ctypes.c_char.in_dll(library, "shim_handler")))

    def set_folder(self, folder: Path) -> None:
        """Let the files below it be those whose calls count."""
        self._library.shim_set_folder(os.fsencode(folder))

    @contextmanager
    def armed(self, kind: int, fault: Fault, first: int) -> Iterator[None]:
        """Let calls of a kind fail within the block, from one on; they are counted."""
        control = self.control
        control.scope, control.error, control.count = fault.scope, fault.error, 0
        control.first, control.end = first, min(first + fault.length, FOREVER)
        control.kind = kind
        try:
            yield
        finally:
            control.kind = 0


def _set_handler(handler: int) -> None:
    """Let NumPy take the memory of arrays from a handler."""
    from numpy._core import _multiarray_umath

    python = ctypes.pythonapi
    python.PyCapsule_GetPointer.argtypes, python.PyCapsule_GetPointer.restype = (
        (ctypes.py_object, ctypes.c_char_p),
        ctypes.POINTER(ctypes.c_void_p),
    )
    python.PyCapsule_New.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    python.PyCapsule_New.restype = ctypes.py_object
    table = python.PyCapsule_GetPointer(_multiarray_umath._ARRAY_API, None)
    set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(table[_SET_HANDLER] or 0)
    set_handler(python.PyCapsule_New(handler, _HANDLER_NAME, None))


@dataclass(frozen=True)
class Plan:
    """What child processes are to try: the same faults at the sites of each entry point."""

    module: str
    """Its ``ENTRIES`` are the entry points, by name."""
    entries: tuple[str, ...]
    kind: int
    faults: dict[str, Fault]
    """By name."""
    stride: int = 1
    """Every so many sites are tried."""


@dataclass
class Outcome:
    """What the children did with one fault."""

    sites: Counter[str] = field(default_factory=Counter)
    """By entry point."""
    tried: int = 0
    raised: int = 0
    problems: list[str] = field(default_factory=list)

    def describe(self) -> str:
        """Return the number of sites, and of those that led to an error."""
        return f"{sum(self.sites.values()):,} sites in {len(self.sites)} calls; {self.raised:,} errors raised"


def build(folder: Path) -> Path:
    """Compile the shim."""
    library = folder / "shim.so"
    flags = ("-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["gcc", *flags, "-o", library, FOLDER / "shim.c"], check=True)
    return library


def run(plan: Plan, library: Path, folder: Path) -> dict[str, Outcome]:
    """Try everything in a child; where one crashes or hangs that is a problem, and the next goes on behind its case."""
    parent = _Parent(plan, library, folder)
    for _ in range(_MOST_CHILDREN):
        if parent.run_child():
            break
    else:
        parent.take_problem("given up")
    for outcome in parent.outcomes.values():
        for problem in outcome.problems:
            print(problem, file=sys.stderr)
    return parent.outcomes


class _Parent:
    """Of child processes, one after the other."""

    def __init__(self, plan: Plan, library: Path, folder: Path) -> None:
        self.outcomes = {name: Outcome() for name in plan.faults}
        self._plan, self._folder = plan, folder
        self._environment = {**os.environ, "LD_PRELOAD": str(library)}
        self._entry, self._case, self._text = 0, -1, "before the first case"
        self._fault = next(iter(plan.faults))

    def run_child(self) -> bool:
        """Run the cases behind the last one; False if there are more."""
        place = f"{self._entry} {self._case + 1}".split()
        command = [sys.executable, FOLDER / "fault_child.py", json.dumps(asdict(self._plan)), *place, self._folder]
        with subprocess.Popen(command, env=self._environment, stdout=-1, stderr=-1, text=True) as child:
            assert child.stdout
            assert child.stderr
            watch, last = _Watch(child), ""
            for line in child.stdout:
                watch.feed()
                last = line.rstrip("\n")
                self._listen(*last.split(" ", 1))
            watch.stop()
            said = child.stderr.read()[-1000:]
        if last == "end" and child.returncode == 0:
            return True
        self.take_problem("hung" if watch.has_barked else f"ended with {child.returncode}: {said}")
        return False

    def _listen(self, word: str, text: str = "") -> None:
        outcome = self.outcomes[self._fault]
        if word == "sites":
            entry, fault, n = json.loads(text)
            self.outcomes[fault].sites[entry] = n
        elif word == "case":
            self._entry, self._case, self._fault, self._text = json.loads(text)
            self.outcomes[self._fault].tried += 1
        elif word == "raised":
            outcome.raised += 1
        elif word == "problem":
            self.take_problem(text)

    def take_problem(self, text: str) -> None:
        self.outcomes[self._fault].problems.append(f"{self._fault}: {self._text}: {text}")


class _Watch:
    """Kills a child that has been silent for too long."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child
        self.has_barked = False
        self._start()

    def _start(self) -> None:
        import threading

        self._timer = threading.Timer(_SECONDS_A_CASE, self._bark)
        self._timer.daemon = True
        self._timer.start()

    def _bark(self) -> None:
        self.has_barked = True
        self._child.kill()

    def feed(self) -> None:
        self.stop()
        self._start()

    def stop(self) -> None:
        self._timer.cancel()


def digest(value: Any) -> str:
    """Return a hash of arrays, numbers, text, bytes and what is made of them, to the bit."""
    import hashlib

    import numpy as np

    sum_ = hashlib.sha256()

    def add(part: Any) -> None:
        if isinstance(part, np.ndarray):
            sum_.update(f"{part.dtype} {part.shape} ".encode())
            add(part.tolist() if part.dtype == object else part.tobytes())
        elif isinstance(part, bytes):
            sum_.update(part + b";")
        elif isinstance(part, dict):
            add([(key, part[key]) for key in sorted(part, key=repr)])
        elif isinstance(part, list | tuple):
            sum_.update(f"{len(part)} ".encode())
            for element in part:
                add(element)
        else:
            sum_.update(f"{part!r};".encode())

    add(value)
    return sum_.hexdigest()
