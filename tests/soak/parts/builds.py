"""Builds: one hash a net, whatever trains it.

Six nets (`tests/c/bits/nets.c`) are trained by a program that is built anew with each compiler and level of
optimization, and run on each instruction set, NEON under qemu, with 1 to 16 threads. Weights, the optimizer's state and
the sums of the epochs go into the hash. clang for NEON needs LLVM's OpenMP for arm64: the environment variable
NNFAST_ARM64_LIBOMP is its path.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from soak import c_programs, log
from soak.row import Row, Size

THREADS = (1, 2, 3, 7, 16)
LIBOMP = os.environ.get("NNFAST_ARM64_LIBOMP", "")
QEMU = ("qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu", "-E", f"LD_LIBRARY_PATH={Path(LIBOMP).parent}")
CLANG_NEON = (
    *("-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64", "-DCMAKE_C_COMPILER_TARGET=aarch64-linux-gnu"),
    *("-DCMAKE_C_COMPILER=clang", "-DCMAKE_C_FLAGS=-isystem /usr/aarch64-linux-gnu/include"),
    *("-DOpenMP_C_FLAGS=-fopenmp", "-DOpenMP_C_LIB_NAMES=omp", f"-DOpenMP_omp_LIBRARY={LIBOMP}"),
    f"-DCMAKE_EXE_LINKER_FLAGS=-L{Path(LIBOMP).parent}",
)


class Compiler(NamedTuple):
    """How CMake is told of it, and what runs its programs."""

    options: tuple[str, ...]
    emulator: tuple[str, ...] = ()


COMPILERS = {
    "gcc": Compiler(("-DCMAKE_C_COMPILER=gcc",)),
    "clang": Compiler(("-DCMAKE_C_COMPILER=clang",)),
    "gcc for NEON": Compiler((f"-DCMAKE_TOOLCHAIN_FILE={log.ROOT}/cmake/aarch64-linux-gnu.cmake",), QEMU[:3]),
    "clang for NEON": Compiler(CLANG_NEON, QEMU),
}


class Build(NamedTuple):
    name: str
    program: tuple[str, ...]
    isas: list[str]
    nets: list[str]


def list_compilers(size: Size) -> list[str]:
    """Those of the machine; gcc must be there."""
    names = ["gcc", *(["clang"] if shutil.which("clang") else [])]
    if shutil.which("aarch64-linux-gnu-gcc") and shutil.which(QEMU[0]):
        names += ["gcc for NEON", *(["clang for NEON"] if LIBOMP and "clang" in names else [])]
    return size.pick(names[:1], names)


def build(compiler: str, level: str, folder: Path) -> Build:
    """The program, the kernels' own -O3 left out: Debug has but what is said here."""
    options, emulator = COMPILERS[compiler]
    c_programs.build(folder, "nets", f"-DCMAKE_C_FLAGS_DEBUG={level}", "-DNNFAST_BUILD_TESTS=ON", *options)
    program = (*emulator, str(folder / "tests" / "c" / "nets"))
    isas, *nets = subprocess.run(program, check=True, capture_output=True, text=True).stdout.splitlines()
    return Build(f"{compiler} {level}", program, isas.split(), nets)


def hash_of(build: Build, isa: str, n_threads: int, net: int) -> str:
    """Of what the program writes; no hash if it crashes or hangs."""
    command = [*build.program, isa, str(n_threads), str(net)]
    try:
        written = subprocess.run(command, check=True, capture_output=True, timeout=600).stdout
    except subprocess.SubprocessError as error:
        return str(error)
    return hashlib.sha256(written).hexdigest()


def read_expected() -> dict[str, str]:
    """Net -> hash, of the last long run."""
    rows = json.loads((log.LOGS / "builds.json").read_text())["rows"]
    return {row["fault"]: row["figure"] for row in rows}


def rows(size: Size) -> Iterator[Row]:
    n_threads = size.pick((1, 3), THREADS)
    with tempfile.TemporaryDirectory() as folder:
        builds = [
            build(compiler, level, Path(folder) / f"{compiler} {level}".replace(" ", "_"))
            for compiler in list_compilers(size)
            for level in size.pick(("-O1",), ("-O1", "-O3"))
        ]
        expected = size.pick(read_expected, dict)()
        outcomes = {(build.name, isa): True for build in builds for isa in build.isas}
        for i, net in enumerate(builds[0].nets):
            hashes = {
                (build.name, isa, n): hash_of(build, isa, n, i)
                for build in builds
                for isa in build.isas
                for n in n_threads
            }
            right = expected[net] if expected else next(iter(hashes.values()))
            wrong = [key for key, received in hashes.items() if received != right]
            outcomes |= {(name, isa): False for name, isa, _ in wrong}
            yield Row(net, "one hash", len(hashes), len(wrong), right)
    kinds = "; ".join(f"{build.name}: {', '.join(build.isas)}" for build in builds)
    figure = f"{kinds}; threads {', '.join(map(str, n_threads))}"
    n_wrong = sum(not is_same for is_same in outcomes.values())
    yield Row("builds and instruction sets", "these hashes", len(outcomes), n_wrong, figure)
