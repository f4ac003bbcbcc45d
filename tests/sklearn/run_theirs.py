"""Runs scikit-learn's own tests of its multilayer perceptrons on ours: only the import is changed.

    python tests/sklearn/run_theirs.py

Prints how many passed. docs/from-scikit-learn.md explains those that may fail; another failure ends with status 1.
"""

import sys
import tempfile
from pathlib import Path

import pytest
import sklearn
from sklearn.neural_network.tests import test_mlp

EXPLAINED = {"test_gradient"}
"""Tests of what is not public."""
IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor"

SEEDS = """
import pytest

@pytest.fixture(params=[0, 1, 2])
def global_random_seed(request):
    return request.param
"""
"""What scikit-learn's own conftest gives its tests."""


class Counter:
    """Counts what pytest reports."""

    def __init__(self) -> None:
        self.n_passed = 0
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid.split("::")[-1])
        elif report.when == "call" and report.passed:
            self.n_passed += 1


def run_theirs() -> Counter:
    """Run a copy of the installed file, in a folder of its own."""
    text = Path(test_mlp.__file__).read_text()
    assert text.count(IMPORT) == 1, f"expected one line {IMPORT!r} in {test_mlp.__file__}"
    counter = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "test_theirs.py"
        copy.write_text(text.replace(IMPORT, IMPORT.replace("sklearn.neural_network", "nnfast.sklearn")))
        (Path(folder) / "conftest.py").write_text(SEEDS)
        pytest.main([str(copy), "-q", "--no-header", f"--rootdir={folder}", "-c", "/dev/null"], plugins=[counter])
    return counter


if __name__ == "__main__":
    result = run_theirs()
    n_run = result.n_passed + len(result.failed)
    print(f"scikit-learn {sklearn.__version__}, test_mlp.py: {result.n_passed} passed of {n_run} run")
    for name in sorted(result.failed):
        print(f"failed: {name}{', see docs/from-scikit-learn.md' if name in EXPLAINED else ''}")
    sys.exit(not result.failed <= EXPLAINED)
