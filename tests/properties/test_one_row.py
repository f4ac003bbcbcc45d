"""Batches of one row: one may be begun while the one before is updated, which changes no bit of anything.

A run that is cut after every batch begins none of them early, so it is what whole runs are held against. That all
instruction sets and threads give one hash, and which, is with the other runs in test_determinism.py.
"""

from collections.abc import Callable
from typing import Any

import nets
import numpy as np
import pytest
import runs
from nets import activation, dense, normalization
from numpy.typing import NDArray
from sparse_problems import make_csr

import nnfast
from nnfast import _core
from nnfast._core import LayerSpec, RunStopped, StepOptions
from nnfast.data.sparse import as_samples

Array = NDArray[Any]

N_ROWS = 13
LAST = dense(runs.N_CLASSES, "softmax")
STACKS: dict[str, tuple[LayerSpec, ...]] = {
    "layers": (dense(33, "sigmoid"), LAST),
    "one layer": (LAST,),
    "panels": (dense(150, "relu"), LAST),
    "input is kept": (dense(9, "gelu"), LAST),
    "softmax first": (dense(9, "softmax"), LAST),
    "no bias": (dense(9, use_bias=False), activation("tanh"), LAST),
    "bias is frozen": (dense(9, "tanh", train_bias=False), LAST),
    "weights are frozen": (dense(9, "tanh", train_weights=False), LAST),
    "all is frozen": (dense(9, "tanh", train_weights=False, train_bias=False), dense(8, "tanh"), LAST),
    "dropout": (LayerSpec("dropout", rate=0.3), dense(9, "tanh"), LayerSpec("dropout", rate=0.5), LAST),
    "dropout above": (dense(9, "tanh"), LayerSpec("dropout", rate=0.5), LAST),
    "rescaling": (LayerSpec("rescaling", scale=0.5, offset=0.25), dense(9, "tanh"), LAST),
    "activation": (activation("tanh"), dense(9, "tanh"), LAST),
    "batch normalization": (normalization("batch"), dense(9, "tanh"), LAST),
    "batch normalization above": (dense(9, "tanh"), normalization("batch"), LAST),
    "layer normalization": (dense(9, "tanh"), normalization("layer"), LAST),
    "penalty": (dense(9, "tanh", weights_penalty=(0.0, 1e-3)), LAST),
    "penalty above": (dense(9, "tanh"), LAST._replace(bias_penalty=(1e-3, 0.0))),
    "constraint": (dense(9, "tanh", weights_constraint=("norm", 0.0, 0.9, 1.0)), LAST),
    "shared by columns": (dense(512, "tanh"), dense(512, "relu"), LAST),
}
NO_OPTIONS = StepOptions()
OPTIONS = {
    "clipped": StepOptions(clip_value=1e-3),
    "norm": StepOptions(clip_global_norm=0.1),
    "gathered": StepOptions(n_batches=3),
    "averaged": StepOptions(use_average=True, average_momentum=0.9, overwrite_interval=4),
}


def as_pixels(x: Array) -> Array:
    return x


def as_reals(x: Array) -> Array:
    return (x / 255).astype("float32")


def as_doubles(x: Array) -> Array:
    return x / 255


def as_spaced(x: Array) -> Array:
    return nets.spaced(as_reals(x))[0]


def as_few(x: Array) -> Array:
    """So many are 0 that zeros are left out; others in each row."""
    return as_reals(np.where(x % 5 == 1, x, 0))


def as_sparse(x: Array) -> Any:
    return as_samples(make_csr(as_few(x)))


SOURCES = (as_pixels, as_reals, as_doubles, as_spaced, as_few, as_sparse)


class Training:
    """A network, its optimizer and data; "whole" in one call of the core, else cut after every batch."""

    def __init__(
        self,
        specs: tuple[LayerSpec, ...] = STACKS["layers"],
        rule: str = "adam",
        dtype: str = "float32",
        source: Callable[[Array], Any] = as_reals,
        weight_decay: float = 0.0,
        options: StepOptions = NO_OPTIONS,
    ) -> None:
        scale = (1 / 255, -0.125) if source is as_pixels else (1.0, 0.0)
        self.network = _core.Network(dtype, runs.IN_SIZE, *scale, list(specs))
        self.names = []
        rng = np.random.default_rng(3)
        for i, name, shape in nets.parameters(specs, runs.IN_SIZE):
            self.network.set_parameter(i, name, nets.draw(name, shape, rng).astype(dtype))
            self.names.append((i, name))
        self.optimizer = _core.Optimizer(self.network, rule, nets.HYPERPARAMETERS[rule], weight_decay, options)
        self.n_slots = _core.OPTIMIZERS[rule][0] + (options.n_batches > 1) + options.use_average
        self.trainer = _core.Trainer(self.network, self.optimizer, nets.CROSSENTROPY, [])
        x, self.y = runs.make_data(N_ROWS)
        self.x = source(x)

    def run(self, **more: Any) -> list[_core.Stats]:
        settings: dict[str, Any] = {"batch_size": 1, "first_epoch": 0, "n_epochs": 1, "shuffle": True, "seed": 5}
        return self.trainer.run(self.x, self.y, **(settings | more))

    def run_cut(self, n_batches: int, first_epoch: int = 0, rates: Array | None = None, **more: Any) -> None:
        for batch in range(n_batches):
            rate = None if rates is None else rates[batch : batch + 1]
            self.run(first_epoch=first_epoch, first_batch=batch, n_batches=1, learning_rates=rate, **more)

    def hash(self) -> str:
        return nets.hash_of(self.network, self.names, self.optimizer, self.n_slots)


def assert_cuts_change_nothing(**settings: Any) -> None:
    whole, cut = Training(**settings), Training(**settings)
    stats = whole.run(n_epochs=2)
    for epoch in range(2):
        cut.run_cut(N_ROWS, epoch)
    assert whole.hash() == cut.hash()
    assert [s.n_batches for s in stats] == [N_ROWS] * 2


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
def test_every_rule(rule: str, dtype: str, isa: str) -> None:
    assert_cuts_change_nothing(rule=rule, dtype=dtype)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("n_threads", [1, 3], indirect=True)
def test_every_stack(stack: str, n_threads: int, dtype: str) -> None:
    assert_cuts_change_nothing(specs=STACKS[stack], dtype=dtype)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source(source: Callable[[Array], Any], dtype: str, isa: str) -> None:
    assert_cuts_change_nothing(source=source, dtype=dtype)


@pytest.mark.parametrize("options", OPTIONS)
def test_every_option(options: str) -> None:
    assert_cuts_change_nothing(options=OPTIONS[options])


def test_decay() -> None:
    assert_cuts_change_nothing(weight_decay=0.125)


def test_each_step_has_its_rate() -> None:
    rates = 0.1 / np.arange(1.0, N_ROWS + 1)
    whole, cut = Training(), Training()
    whole.run(learning_rates=rates)
    cut.run_cut(N_ROWS, rates=rates)
    assert whole.hash() == cut.hash()


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_part_of_an_epoch(shuffle: bool) -> None:
    """What was begun ends with the run: the next begins elsewhere."""
    whole, cut = Training(), Training()
    for first in (0, 8, 3):
        whole.run(first_batch=first, n_batches=4, n_epochs=2, shuffle=shuffle)
        for epoch in range(2):
            for batch in range(first, first + 4):
                cut.run(first_epoch=epoch, first_batch=batch, n_batches=1, shuffle=shuffle)
    assert whole.hash() == cut.hash()


def test_evaluation_between_epochs() -> None:
    whole, cut = Training(), Training()
    for epoch in range(3):
        whole.run(first_epoch=epoch)
        whole.trainer.evaluate(whole.x, whole.y)
        cut.run_cut(N_ROWS, epoch)
    assert whole.hash() == cut.hash()


def test_a_last_batch_of_one_row() -> None:
    whole, cut = Training(), Training()
    whole.run(n_epochs=3, batch_size=12)
    for epoch in range(3):
        cut.run_cut(2, epoch, batch_size=12)
    assert whole.hash() == cut.hash()


def test_losses_and_outputs() -> None:
    """Those of a batch are told before the next one takes their place."""
    whole, cut = Training(STACKS["one layer"]), Training(STACKS["one layer"])
    outputs, expected = np.empty((2, N_ROWS, runs.N_CLASSES), "float32")
    (stats,) = whole.run(outputs=outputs)
    losses = [cut.run(first_batch=batch, n_batches=1, outputs=expected)[0].loss for batch in range(N_ROWS)]
    assert stats.loss == sum(losses)
    assert outputs.tobytes() == expected.tobytes()


# ---- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [as_reals, as_doubles])
@pytest.mark.parametrize("bad", ["value", "label"])
def test_a_fault_leaves_the_batches_before_it(bad: str, source: Callable[[Array], Any], isa: str) -> None:
    whole, cut = Training(source=source), Training(source=source)
    if bad == "value":
        whole.x[7, 3] = np.nan
    else:
        whole.y[7] = runs.N_CLASSES
    with pytest.raises(RunStopped) as stopped:
        whole.run(shuffle=False)
    cut.run_cut(7, shuffle=False)
    assert stopped.value.reason == {"value": "not_finite", "label": "label_out_of_range"}[bad]
    assert stopped.value.layer == (-1 if bad == "value" else None)
    assert stopped.value.stats[-1].n_batches == stopped.value.stats[-1].n_rows == 7
    assert whole.hash() == cut.hash()


def test_a_stopped_run_resumes_exactly() -> None:
    """The weights are those of all batches that count, none of the next."""
    whole, cut = Training(), Training()
    with pytest.raises(RunStopped):
        whole.run(n_epochs=1_000_000, poll=lambda progress: False)
    n_epochs, n_batches = divmod(whole.optimizer.step, N_ROWS)
    assert n_epochs > 0
    cut.run(n_epochs=n_epochs)
    cut.run_cut(n_batches, n_epochs)
    assert whole.hash() == cut.hash()


def test_a_team_that_one_member_leaves() -> None:
    """More threads than cores: now and then one does batches without the others. When is a matter of chance."""
    hashes = set()
    for n_threads in (1, 7):
        nnfast.set_num_threads(n_threads)
        for source in (as_pixels, as_reals):
            training = Training(STACKS["shared by columns"], "sgd", source=source)
            training.run(n_epochs=100)
            hashes.add((source, training.hash()))
    assert len(hashes) == 2
