"""However a team shares a batch, the numbers are the textbook's; and whoever holds up a member changes no bit.

That all ways, threads and instruction sets give one hash is with the other runs in test_determinism.py.
"""

import subprocess
import sys
from collections.abc import Iterator

import exact
import numpy as np
import pytest
import reference
import runs
from nets import CROSSENTROPY, HYPERPARAMETERS, Twins, run

import nnfast
from nnfast import _core


@pytest.mark.parametrize("n_threads", [2, 3, 7], indirect=True)
@pytest.mark.parametrize("way", [name for name in runs.SHARED_RUNS if name.endswith("float64")])
def test_equals_the_reference(way: str, n_threads: int, rng: np.random.Generator) -> None:
    plan = runs.SHARED_RUNS[way]
    twins = Twins(plan.specs, runs.IN_SIZE, "float64", rng, in_scale=1 / 255, in_offset=-0.125)
    x, labels = runs.make_data(plan.n_rows)
    optimizer = reference.Optimizer("momentum", HYPERPARAMETERS["momentum"])
    ours = _core.Optimizer(twins.core, "momentum", HYPERPARAMETERS["momentum"])
    (stats,) = run(_core.Trainer(twins.core, ours, CROSSENTROPY, []), x, labels, batch_size=plan.batch_size, seed=6)
    total = 0.0
    for first in range(0, plan.n_rows, plan.batch_size):
        rows = slice(first, min(first + plan.batch_size, plan.n_rows))
        size = runs.IN_SIZE
        for i, (spec, layer) in enumerate(zip(plan.specs, twins.reference.layers, strict=True)):
            size = spec.out_size or size
            if spec.kind == "dropout":
                layer.mask = exact.dropout_mask(6, 0, i, rows.stop - first, size, spec.rate, first)
        target = reference.one_hot(labels, runs.N_CLASSES)
        ((mean, _),) = reference.train(twins.reference, optimizer, CROSSENTROPY, x, target, [rows])
        total += mean * (rows.stop - first)
    assert stats.loss == pytest.approx(total, rel=1e-11)
    for i, name in twins.names:
        expected = getattr(twins.reference.layers[i], name)
        np.testing.assert_allclose(twins.core.get_parameter(i, name), expected, rtol=1e-8, atol=1e-11)


# ---- held up ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy_cores() -> Iterator[None]:
    """Twice as many busy processes as there are cores; each tells when it has begun."""
    spin = "print(flush=True)\nwhile True: pass"
    n_cores = nnfast.get_num_threads()
    others = [subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE) for _ in range(2 * n_cores)]
    try:
        for other in others:
            assert other.stdout is not None
            other.stdout.readline()
        yield
    finally:
        for other in others:
            other.kill()
        for other in others:
            other.communicate()


def long_hash(n_threads: int) -> str:
    """Of a run of some hundred batches, each worth a team."""
    nnfast.set_num_threads(n_threads)
    return runs.hash_of_run(runs.Run("adam", "float32", 37, 37 * 20, 12, runs.WIDE))


@pytest.fixture
def undisturbed() -> str:
    return long_hash(1)


def test_held_up_members_change_no_bit(undisturbed: str, busy_cores: None) -> None:
    """A team that waits more than it works leaves batches to one member and tries again: when is a matter of chance."""
    assert [long_hash(n_threads) for n_threads in (2, 3, 2, 3)] == [undisturbed] * 4
