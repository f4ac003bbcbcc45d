"""c_programs: programs of tests/c, built anew from the sources of the core."""

import subprocess
from pathlib import Path

from soak import log


def build(folder: Path, target: str, *options: str) -> None:
    """Configure with CMake, in a folder, and build one of its targets; without Python."""
    configuration = ["-S", str(log.ROOT), "-B", str(folder), "-DCMAKE_BUILD_TYPE=Debug", "-DNNFAST_BUILD_PYTHON=OFF"]
    for command in ([*configuration, *options], ["--build", str(folder), "--target", target, "-j2"]):
        subprocess.run(["cmake", *command], check=True, capture_output=True)
