"""Checks what the wheel promises. Runs in an environment where that wheel is installed: ``check_wheel.py FILE.whl``."""

import re
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MAX_BYTES = 1_500_000
MAX_IMPORT_SECONDS = 0.020  # beyond NumPy's
N_IMPORTS = 25
NEEDED = ("nnfast/__init__.py", "nnfast/_core.pyi", "nnfast/py.typed", "nnfast/datasets/", "nnfast/report/page.css")
ALLOWED = re.compile(r"\.(py|pyi|so|typed|npz|gz|txt|md|css|csv|toml)$|\.dist-info/")


def check_size(wheel: Path) -> str:
    size = wheel.stat().st_size
    assert size <= MAX_BYTES, f"{size} bytes, at most {MAX_BYTES}"
    return f"{size} bytes"


def check_tag(wheel: Path) -> str:
    assert "-cp311-abi3-" in wheel.name, f"expected a cp311-abi3 wheel, got {wheel.name}"
    return wheel.name


def check_contents(wheel: Path) -> str:
    names = zipfile.ZipFile(wheel).namelist()
    strange = [name for name in names if not ALLOWED.search(name)]
    assert not strange, f"files that do not belong: {strange}"
    missing = [needed for needed in NEEDED if not any(name.startswith(needed) for name in names)]
    assert not missing, f"missing: {missing}"
    modules = [name for name in names if name.endswith(".so")]
    assert modules == ["nnfast/_core.abi3.so"], f"expected one compiled module, got {modules}"
    return f"{len(names)} files"


def check_symbols(wheel: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        module = zipfile.ZipFile(wheel).extract("nnfast/_core.abi3.so", folder)
        lines = subprocess.run(
            ["nm", "-D", "--defined-only", module], check=True, capture_output=True, text=True
        ).stdout
    symbols = [line.split()[-1] for line in lines.splitlines()]
    strange = [symbol for symbol in symbols if symbol != "PyInit__core" and not symbol.startswith("nnf_")]
    assert "PyInit__core" in symbols, f"the module's entry is not exported: {symbols}"
    assert not strange, f"exported without need: {strange}"
    return " ".join(symbols)


def import_seconds() -> float:
    """Of the importing thread's processor time, NumPy being there already: other programs, and the threads that NumPy's
    BLAS has just started, do not count."""
    program = "import time, numpy; start = time.thread_time(); import nnfast; print(time.thread_time() - start)"
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def check_import_time(_: Path) -> str:
    median = statistics.median(import_seconds() for _ in range(N_IMPORTS))
    assert median <= MAX_IMPORT_SECONDS, (
        f"{median * 1e3:.1f} ms beyond NumPy's import, at most {MAX_IMPORT_SECONDS * 1e3:.0f}"
    )
    return f"{median * 1e3:.1f} ms beyond NumPy's"


def check_openmp(_: Path) -> str:
    core = Path("csrc")
    users = {
        path
        for path in core.rglob("*.[ch]")
        if re.search(r"#\s*pragma\s+omp|[<\"]omp\.h|\bomp_\w+\(", path.read_text())
    }
    assert users == {core / "base" / "team.c"}, f"OpenMP in {sorted(map(str, users))}, allowed in base/team.c alone"
    return "in base/team.c alone"


def main() -> int:
    wheel = Path(sys.argv[1])
    failed = False
    for check in (check_size, check_tag, check_contents, check_symbols, check_import_time, check_openmp):
        try:
            print(f"{check.__name__}: {check(wheel)}")
        except AssertionError as error:
            print(f"{check.__name__}: FAILED: {error}")
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
