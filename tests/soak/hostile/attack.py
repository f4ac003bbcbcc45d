"""attack: a process that reads malformed files one after the other, and another that sees it crash or hang.

    python tests/soak/hostile/attack.py FORM SEED FIRST END PROGRESS

A file of its number alone: FORM, SEED and a number make it again.
"""

import faulthandler
import gc
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from soak.hostile.attack_folder import choose_folder
from soak.hostile.form import MIB, Form
from soak.hostile.forms import get_form

_HANGS_AFTER = 60.0
"""Seconds for one file, by the clock of a machine that has other things to do."""
_SLOW_AFTER = 1.0
"""Seconds of processors for one file."""
_MOST_MEMORY = 2048 * MIB
"""What all of a process may take beyond what it has after its first file."""
_MOST_CRASHES = 50  # and hangs: what ends that often is known by then
_RECORD = struct.Struct("6q")


@dataclass
class Tally:
    """What became of files."""

    n_files: int = 0
    n_loaded: int = 0
    n_faults: int = 0
    """Wrong content, wrong errors, too slow, too much memory."""
    n_crashes: int = 0
    n_hangs: int = 0
    most_microseconds: int = 0
    most_bytes: int = 0
    """Of a file that was refused."""
    reports: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        for name in ("n_files", "n_loaded", "n_faults", "n_crashes", "n_hangs", "reports"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.most_microseconds = max(self.most_microseconds, other.most_microseconds)
        self.most_bytes = max(self.most_bytes, other.most_bytes)


# ---- the process that reads ----


def work(name: str, seed: int, first: int, end: int, progress: str) -> None:
    """Read files, and keep in a file how far it came."""
    faulthandler.enable()
    warnings.simplefilter("ignore")
    form = get_form(name)
    handle = os.open(progress, os.O_WRONLY)
    n_loaded = n_faults = most_microseconds = most_bytes = 0
    with tempfile.TemporaryDirectory(dir=choose_folder()) as folder:
        path = Path(folder, f"file.{name}.safetensors")
        prepare(form, name, path)
        tracemalloc.start()
        for number in range(first, end):
            os.pwrite(handle, _RECORD.pack(number, n_loaded, n_faults, most_microseconds, most_bytes, 0), 0)
            content = form.make(Random(f"{name} {seed} {number}"))
            fault, loaded, seconds, n_bytes = read(form, path, content)
            n_loaded += loaded
            most_microseconds = max(most_microseconds, int(seconds * 1e6))
            most_bytes = max(most_bytes, 0 if loaded else n_bytes)
            if fault:
                n_faults += 1
                print(f"{name} {seed} {number}: {len(content)} bytes: {fault}", file=sys.stderr, flush=True)
    os.pwrite(handle, _RECORD.pack(end, n_loaded, n_faults, most_microseconds, most_bytes, 1), 0)


def prepare(form: Form, name: str, path: Path) -> None:
    """Import what reading needs, and then bound memory."""
    for number in range(20):
        read(form, path, form.make(Random(f"{name} before {number}")))
    gc.freeze()
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + _MOST_MEMORY, resource.RLIM_INFINITY))


def read(form: Form, path: Path, content: bytes) -> tuple[str, bool, float, int]:
    """Return the fault, if there is one, whether the file was loaded, the processors' seconds and bytes of memory."""
    path.write_bytes(content)
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    start = time.process_time()
    loaded: Any = None
    fault = ""
    try:
        loaded = form.load(path)
    except form.error as error:
        if str(path) not in str(error):
            fault = f"the error does not name the file: {error}"
    except BaseException as error:
        fault = f"{type(error).__name__}: {error}"[:300]
    seconds = time.process_time() - start
    n_bytes = tracemalloc.get_traced_memory()[1] - before
    if tracemalloc.is_tracing() and n_bytes > MIB and n_bytes > form.allow(content):
        fault = fault or f"{n_bytes} bytes of memory"
    if seconds > _SLOW_AFTER:
        fault = fault or f"{seconds:.2f} s"
    if loaded is not None and not fault:
        fault = check(form, content, loaded)
    return fault, loaded is not None, seconds, n_bytes


def check(form: Form, content: bytes, loaded: Any) -> str:
    try:
        return "" if form.is_right(content, loaded) else "loaded as something else"
    except Exception as error:
        return f"loaded, but {type(error).__name__}: {error}"[:300]


# ---- the one that watches ----


def attack(name: str, seed: int, first: int, end: int) -> Tally:
    """Have files read; begin anew behind one that crashed or hung, but not for ever."""
    tally = Tally()
    while first < end and tally.n_crashes + tally.n_hangs < _MOST_CRASHES:
        part, first = _watch(name, seed, first, end)
        tally.add(part)
    return tally


def _watch(name: str, seed: int, first: int, end: int) -> tuple[Tally, int]:
    """Return what became of files, and the number of the next one."""
    with tempfile.NamedTemporaryFile() as progress, tempfile.TemporaryFile("w+") as errors:
        progress.write(_RECORD.pack(first, 0, 0, 0, 0, 0))
        progress.flush()
        command = [sys.executable, __file__, name, str(seed), str(first), str(end), progress.name]
        with subprocess.Popen(command, stderr=errors, stdout=errors) as process:
            is_hung = _wait(process, Path(progress.name))
        number, n_loaded, n_faults, microseconds, n_bytes, is_done = _RECORD.unpack(Path(progress.name).read_bytes())
        errors.seek(0)
        tally = Tally(number - first, n_loaded, n_faults, 0, 0, microseconds, n_bytes, errors.read().splitlines()[:20])
    if not is_done:
        tally.n_files += 1
        tally.n_hangs, tally.n_crashes = int(is_hung), int(not is_hung)
        tally.reports.append(f"{name} {seed} {number}: {'hangs' if is_hung else f'ends with {process.returncode}'}")
    return tally, number + (not is_done)


def _wait(process: "subprocess.Popen[Any]", progress: Path) -> bool:
    """Wait for the end; kill a process that stays with one file, and return True."""
    last, since = b"", time.monotonic()
    while process.poll() is None:
        time.sleep(0.05)
        if (now := progress.read_bytes()) != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > _HANGS_AFTER:
            process.kill()
            return True
    return False


if __name__ == "__main__":
    work(sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5])
