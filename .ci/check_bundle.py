"""Checks the wheel as a package index serves it, with OpenMP's library inside: ``check_bundle.py FILE.whl``.

Its size, what it bundles, and that it installs and trains in a root folder that holds a copy of this Python and the C
library, but neither a compiler nor libgomp. Needs root, or user namespaces.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pip

MAX_BYTES = 2_000_000
LEFT_OUT = (
    "site-packages",
    "dist-packages",
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "__pycache__",
    "config-*",
)
STRANGERS = re.compile(r"libgomp|libomp|libiomp|(^|-)(gcc|cc|clang|ld|as)(-[\d.]+)?$")
PROGRAM = """
import numpy as np
from nnfast import Sequential
from nnfast.datasets import load_digits
from nnfast.layers import Dense, Input

(x, y), _ = load_digits()
model = Sequential([Input(64, scale=1 / 16), Dense(64, activation="relu"), Dense(10, activation="softmax")], seed=0)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
before = model.get_weights()[0]
loss = model.train_on_batch(x[:32], y[:32])
assert np.isfinite(loss) and not np.array_equal(before, model.get_weights()[0])
print("loss of the first step:", loss)
"""


def check_bundled(wheel: Path) -> None:
    """One library besides the module, and not too large with it."""
    size = wheel.stat().st_size
    names = zipfile.ZipFile(wheel).namelist()
    bundled = [name for name in names if re.match(r"nnfast\.libs/.", name)]
    assert size <= MAX_BYTES, f"{size} bytes, at most {MAX_BYTES}"
    assert [name.split("-")[0] for name in bundled] == ["nnfast.libs/libgomp"], f"expected libgomp alone, got {bundled}"
    print(f"{wheel.name}: {size} bytes, with {bundled[0]}")


def copy_file(path: Path, root: Path) -> None:
    """Copy to the same place below the root; a link becomes the file it stands for."""
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def copy_libraries(files: list[Path], root: Path) -> None:
    """What the loader finds outside the root for the files, the loader itself included."""
    lines = subprocess.run(["ldd", *files], check=True, capture_output=True, text=True).stdout
    for path in sorted(set(re.findall(r"^\t(?:.* => )?(/\S+) \(", lines, re.MULTILINE))):
        if not Path(path).is_relative_to(root):
            copy_file(Path(path), root)


def copy_python(root: Path) -> Path:
    """Return the interpreter's path, the same inside and outside."""
    python = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    library = Path(sysconfig.get_path("stdlib"))
    copy_file(python, root)
    shutil.copytree(library, root / library.relative_to("/"), ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copytree(pip.__path__[0], root / "pip/pip")
    (root / "tmp").mkdir()
    copy_libraries([python, *(library / "lib-dynload").glob("*.so")], root)
    return python


def run(root: Path, python: Path, *arguments: str) -> None:
    """Run the Python inside; its environment is empty but for the two folders of packages."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    environment = {
        "PYTHONPATH": "/packages:/pip",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    command = ["unshare", *user, f"--root={root}", str(python), *arguments]
    subprocess.run(command, check=True, env=environment | {"PATH": os.environ["PATH"]})


def check_bare(wheel: Path, root: Path) -> None:
    """Install from files alone, then train."""
    python = copy_python(root)
    download = [sys.executable, "-m", "pip", "download", "--only-binary=:all:", "--dest", str(root / "wheels")]
    subprocess.run([*download, "--quiet", str(wheel)], check=True)
    options = ["--quiet", "--no-index", "--find-links=/wheels", "--target=/packages"]
    run(root, python, "-m", "pip", "install", *options, "nnfast")
    copy_libraries(list((root / "packages").glob("numpy*/**/*.so*")), root)
    strangers = [path for path in root.rglob("*") if STRANGERS.search(path.name) and path.parent.name != "nnfast.libs"]
    assert not strangers, f"not bare: {strangers}"
    run(root, python, "-c", PROGRAM)


def main() -> None:
    wheel = Path(sys.argv[1])
    check_bundled(wheel)
    with tempfile.TemporaryDirectory() as root:
        check_bare(wheel, Path(root))


if __name__ == "__main__":
    main()
