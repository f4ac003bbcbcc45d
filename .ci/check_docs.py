"""Checks that every public name has its place in the reference that Sphinx built: ``check_docs.py FOLDER``."""

import importlib
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

from sphinx.util.inventory import InventoryFile

import nnfast

NOT_IMPORTED = ("sklearn", "export.keras", "export.onnx", "export.sklearn", "export.torch")  # by the package itself


def public_names(module: ModuleType) -> list[str]:
    """What __all__ says; without one what the module defines, and what it imports under the same name."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not inspect.ismodule(getattr(module, name))]
    taken = re.findall(r"import (\w+) as \1\b", inspect.getsource(module))
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and (name in taken or getattr(value, "__module__", "") == module.__name__)
    ]


def main() -> None:
    inventory = InventoryFile.loads((Path(sys.argv[1]) / "objects.inv").read_bytes(), uri="")
    there = {name for kind, items in inventory.data.items() if kind.startswith("py:") for name in items}
    modules = [name for name in nnfast.__all__ if inspect.ismodule(getattr(nnfast, name))]
    missing, n_names = [], 0
    for module in ("nnfast", *(f"nnfast.{name}" for name in (*modules, *NOT_IMPORTED))):
        names = [module, *(f"{module}.{name}" for name in public_names(importlib.import_module(module)))]
        missing += [name for name in names if name not in there]
        n_names += len(names)
    assert n_names > 200, f"only {n_names} public names were found"
    assert not missing, f"not in docs/api: {missing}"
    print(f"{n_names} public names, each in the reference")


main()
