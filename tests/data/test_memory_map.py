"""Memory maps: trained on where they lie, in little memory, with the bits that arrays give."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from problems import hash_weights, make_classes, make_classifier

from nnfast.data import Batches
from nnfast.data.memory_map import find_pages

X, Y = make_classes(5000)

PROGRAM = """
import sys
import numpy as np
import nnfast
from nnfast.data import Batches
from nnfast.layers import Dense, Input

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1000

x = np.memmap(sys.argv[1], np.float32, "r").reshape(-1, 2**12)
model = nnfast.Sequential([Input(2**12), Dense(1)], seed=0)
model.compile("sgd", "mse")
model.fit(x[:64], np.zeros(64), verbose=0)
before = peak()
batches = Batches(x, np.zeros(len(x), np.float32), batch_size=128, shuffle="blocks", seed=0)
model.fit(batches, verbose=0)
model.evaluate(batches, verbose=0)
model.predict(Batches(x, shuffle=False))
print(len(x), peak() - before)
"""


def test_a_file_larger_than_what_is_used(tmp_path: Path) -> None:
    """One GB in blocks of 50 MB, at most four of which are there at once."""
    path = tmp_path / "rows"
    with path.open("wb") as file:
        file.truncate(2**30)
    result = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], check=True, capture_output=True, text=True)
    n_rows, growth = result.stdout.split()
    assert int(n_rows) == 2**16
    assert float(growth) < 205


@pytest.fixture(params=["r", "r+", "c"])
def mapped(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    path = tmp_path / "x"
    path.write_bytes(b"header" * 20 + X.tobytes())
    return np.memmap(path, X.dtype, request.param, offset=120, shape=X.shape)


@pytest.mark.parametrize("shuffle", [True, False, "blocks"])
def test_the_bits_of_arrays(mapped: Any, shuffle: Any) -> None:
    hashes = set()
    for x in (X, mapped):
        model = make_classifier()
        model.fit(Batches(x, Y, shuffle=shuffle, block_size=256, seed=1), epochs=2, verbose=0)
        hashes.add(hash_weights(model))
    assert len(hashes) == 1


def test_rows_are_not_copied(mapped: Any) -> None:
    for block in Batches(mapped, Y, shuffle="blocks", block_size=256).read_blocks():
        assert np.shares_memory(block.x, mapped)


def test_what_only_this_process_has_changed_stays(mapped: Any) -> None:
    if mapped.mode == "r":
        return
    mapped[1000] = 7.0
    batches = Batches(mapped, Y, shuffle=False, block_size=256)
    for _ in range(2):
        seen = np.concatenate([x for x, _ in batches])
        assert (seen[1000] == 7.0).all()
        assert np.array_equal(np.delete(seen, 1000, axis=0), np.delete(X, 1000, axis=0))


def test_pages_of_parts(mapped: Any) -> None:
    pages = find_pages(mapped[100:200])
    assert pages is not None
    pages.load(mapped[100:200])
    pages.drop(mapped[150:151])
    assert np.array_equal(mapped, X)


def test_other_arrays_have_no_pages(mapped: Any) -> None:
    assert find_pages(X) is None
    assert find_pages(mapped[:, ::2]) is None
    assert find_pages(mapped[:0]) is None
    assert find_pages(mapped + 1) is None


def test_a_map_is_an_array_too(mapped: Any) -> None:
    hashes = set()
    for x in (X, mapped):
        model = make_classifier()
        model.fit(x, Y, verbose=0)
        hashes.add(hash_weights(model))
    assert len(hashes) == 1
