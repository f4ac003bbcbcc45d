"""Fuzzing: the C interface, given bytes that libFuzzer draws, with the address and undefined-behaviour sanitizers.

Bytes become a network, an optimizer, data and calls, each of which may be against its contract (`tests/c/fuzz`): the
interface refuses it, or does it within its memory. libFuzzer, which needs clang, goes on from the corpus that is in the
tree to bytes that reach other code; the short form is the corpus and bytes at random, without sanitizers, which the C
tests have (`make asan`).
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from soak import c_programs, log
from soak.row import Row, Size

CORPUS = log.ROOT / "tests" / "c" / "fuzz" / "corpus"
MUST = "refused, or done within its memory; within 10 s"
SECONDS = 300
MOST_BYTES = 4096  # of an input
FLAGS = "-DCMAKE_C_FLAGS_DEBUG=-O0 -g"  # with sanitizers and -O1 the kernels take clang many minutes


def replay(folder: Path) -> Row:
    """The corpus and bytes at random, by a program without libFuzzer."""
    c_programs.build(folder, "replay", "-DNNFAST_BUILD_TESTS=ON", FLAGS)
    command = [folder / "tests" / "c" / "replay", CORPUS]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    n_files, n_drawn = map(int, re.findall(r"\d+", finished.stdout)) if finished.returncode == 0 else (1, 0)
    figure = f"{n_files:,} files of the corpus, {n_drawn:,} of bytes at random"
    return Row("the corpus, and bytes at random", MUST, n_files + n_drawn, int(finished.returncode != 0), figure)


def fuzz(folder: Path, seed: int) -> Row:
    """libFuzzer ends at the first input that it finds fault with, which is printed."""
    wanted = ("-DNNFAST_BUILD_FUZZERS=ON", "-DNNFAST_SANITIZE=address,undefined", "-DCMAKE_C_COMPILER=clang")
    c_programs.build(folder, "fuzz_api", *wanted, FLAGS)
    found = folder / "found"
    found.mkdir()
    limits = [f"-max_total_time={SECONDS}", f"-max_len={MOST_BYTES}", "-timeout=10", f"-seed={seed + 1}"]
    command = [folder / "tests" / "c" / "fuzz" / "fuzz_api", *limits, "-print_final_stats=1", found, CORPUS]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=2 * SECONDS)
    if finished.returncode:
        print(finished.stderr[-10_000:])
    return describe(finished.stderr, finished.returncode)


def describe(said: str, code: int) -> Row:
    """Make a row of what libFuzzer says of itself."""
    stats = dict(re.findall(r"^stat::(\w+):\s+(\d+)$", said, re.MULTILINE))
    n_tried, n_new = int(stats.get("number_of_executed_units", 0)), int(stats.get("new_units_added", 0))
    coverage = re.findall(r" cov: (\d+) ", said)
    faults = sorted(set(re.findall(r"^SUMMARY: (.*)$", said, re.MULTILINE)))
    figure = f"{n_new:,} inputs that reach other code, {int(coverage[-1] if coverage else 0):,} branches in all"
    outcome = f"ended with {code}: {'; '.join(faults)}" if code else "0 crashes, 0 hangs"
    return Row(f"bytes that libFuzzer draws, for {SECONDS} s", MUST, n_tried, int(code != 0), f"{outcome}; {figure}")


def rows(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        yield replay(Path(name, "replay"))
        if size.long:
            yield fuzz(Path(name, "fuzz"), size.seed)
