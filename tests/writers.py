"""writers.py: the programs that write the numbers of other libraries; what they were asked for counts here too."""

import importlib.util
from pathlib import Path
from types import ModuleType

TESTS = Path(__file__).parent


def load_writer(name: str, folder: str = "properties") -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TESTS / folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
