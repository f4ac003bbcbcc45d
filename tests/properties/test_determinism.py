"""The same bits with any number of threads, on any instruction set, in any batch, and however a run is cut."""

import hashlib
import json
from pathlib import Path
from typing import Any

import nets
import numpy as np
import pytest
import runs
from nets import THREADS
from numpy.typing import NDArray
from runs import RUNS

import nnfast
from nnfast import _core
from nnfast.datasets import load_digits

Array = NDArray[Any]


@pytest.mark.parametrize("name", RUNS)
def test_one_hash(name: str) -> None:
    hashes = {}
    for isa in _core.get_runnable_isas():
        _core.set_isa(isa)
        for n_threads in THREADS:
            nnfast.set_num_threads(n_threads)
            hashes[isa, n_threads] = runs.hash_of_run(RUNS[name])
    assert len(set(hashes.values())) == 1, hashes


@pytest.mark.skipif(not runs.GOLDEN.exists(), reason="golden.json is not written yet: python tests/runs.py")
@pytest.mark.parametrize("name", RUNS)
def test_golden_hash(name: str) -> None:
    """A change here is a change of results: it is meant, and written down in docs/decisions/, or it is a bug."""
    golden = json.loads(runs.GOLDEN.read_text())
    assert name in golden, "a new run: python tests/runs.py adds it to tests/properties/golden.json"
    assert runs.hash_of_run(RUNS[name]) == golden[name]


def test_every_optimizer_is_run() -> None:
    ours, theirs = {name: len(h) for name, h in nets.HYPERPARAMETERS.items()}, _core.OPTIMIZERS
    assert ours == {name: len(row[1]) for name, row in theirs.items()}, "give the new rule a row in tests/nets.py"


def test_a_team_is_at_work() -> None:
    """Else everything here would compare one thread with itself."""
    counts = []

    def poll(progress: _core.Progress) -> bool:
        counts.append(len(list(Path("/proc/self/task").iterdir())))
        return False

    nnfast.set_num_threads(7)
    with pytest.raises(_core.RunStopped):
        Session("sgd", "float32").run(n_rows=3000, batch_size=1000, n_epochs=10000, poll=poll)
    assert counts[0] >= 7


def test_hash_sees_the_last_bit() -> None:
    network = runs.make_network(runs.NARROW, "float32")
    before = nets.hash_of(network, [(0, "weights")])
    weights = network.get_parameter(0, "weights").copy()
    weights[3, 4] = np.nextafter(weights[3, 4], np.float32(9))
    network.set_parameter(0, "weights", weights)
    assert nets.hash_of(network, [(0, "weights")]) != before


def test_digits_through_the_front_door(dtype: str, tmp_path: Path) -> None:
    """Three epochs of fit(): one SHA-256 of the saved model, its weights and the optimizer's state, over 1, 2, 3, 7
    threads and every instruction set; one history too."""
    (x, y), _ = load_digits()
    results = set()
    for isa in _core.get_runnable_isas():
        _core.set_isa(isa)
        for n_threads in THREADS:
            nnfast.set_num_threads(n_threads)
            model = nnfast.Sequential(
                [
                    nnfast.layers.Input(64, scale=1 / 16),
                    nnfast.layers.Dense(96, activation="relu"),
                    nnfast.layers.Dropout(0.1),
                    nnfast.layers.Dense(10, activation="softmax"),
                ],
                seed=0,
                dtype=dtype,
            )
            model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
            history = model.fit(x, y, batch_size=128, epochs=3, verbose=0)
            model.save(tmp_path / "model.safetensors")
            digest = hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
            results.add((digest, str(history.history)))
    assert len(results) == 1, results


def test_batches_of_several_rounds_of_shards(dtype: str, rng: np.random.Generator) -> None:
    """More shards than a team takes between two meetings, by several, the last not whole; one thread meets nobody."""
    n_rows, results = 70_000, set()
    x, y = rng.standard_normal((n_rows, 12)).astype(dtype), rng.integers(0, 3, n_rows)
    for n_threads in THREADS:
        nnfast.set_num_threads(n_threads)
        model = nnfast.Sequential(
            [nnfast.layers.Dense(40, "tanh"), nnfast.layers.Dense(3, "softmax")], seed=0, dtype=dtype
        )
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
        history = model.fit(x, y, batch_size=69_500, epochs=2, verbose=0)
        results.add((b"".join(weights.tobytes() for weights in model.get_weights()), str(history.history)))
    assert len(results) == 1, results


def test_fit_goes_on_where_it_ended(dtype: str) -> None:
    """Three calls of one epoch are one call of three, dropout and shuffling included."""
    (x, y), _ = load_digits()
    weights = []
    for calls in ((3,), (1, 1, 1), (2, 1)):
        stack = [nnfast.layers.Dense(24, activation="tanh"), nnfast.layers.Dropout(0.2)]
        model = nnfast.Sequential(
            [nnfast.layers.Input(64, scale=1 / 16), *stack, nnfast.layers.Dense(10, activation="softmax")],
            seed=1,
            dtype=dtype,
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        losses: list[float] = []
        for epochs in calls:
            losses += model.fit(x[:500], y[:500], epochs=epochs, verbose=0).history["loss"]
        weights.append((losses, b"".join(w.tobytes() for w in model.get_weights())))
    assert weights[0] == weights[1] == weights[2]


# ---- errors ----------------------------------------------------------------------------------------------------------

FAULTS = {
    "layer 0": (2, 1e30),  # infinite in the first layer
    "layer 1": (1, 1e38),  # in the second
    "hidden": (0, 1e30),  # in the first, but 0 behind the second: the loss is finite
}
"""Name -> a feature and its value."""


def find_fault(hidden: int, batch_size: int, faults: dict[int, str]) -> tuple[str, int | None, int]:
    """Train two batches, with faults in rows of the second; return what is told."""
    network = _core.Network(
        "float32", 3, 1.0, 0.0, [nets.dense(hidden), nets.dense(hidden, "relu"), nets.dense(3, "softmax")]
    )
    network.set_parameter(0, "weights", np.repeat(np.array([[-1e10], [1], [1e10]], "float32"), hidden, axis=1))
    network.set_parameter(1, "weights", np.ones((hidden, hidden), "float32"))
    network.set_parameter(2, "weights", np.ones((hidden, 3), "float32"))
    x, y = np.zeros((2 * batch_size, 3), "float32"), np.zeros((2 * batch_size, 1), "int32")
    for row, fault in faults.items():
        if fault == "label":
            y[batch_size + row] = 3
        else:
            column, value = FAULTS[fault]
            x[batch_size + row, column] = value
    trainer = _core.Trainer(network, _core.Optimizer(network, "sgd", [0.1]), nets.CROSSENTROPY, [])
    with pytest.raises(_core.RunStopped) as stopped:
        trainer.run(x, y, batch_size=batch_size, first_epoch=0, n_epochs=1, shuffle=False, seed=0)
    return stopped.value.reason, stopped.value.layer, stopped.value.stats[0].n_batches


@pytest.mark.parametrize(
    ("faults", "reason", "layer"),
    [
        ({5: "layer 1", 5127: "layer 0"}, "not_finite", 1),
        ({5: "layer 1", 5127: "label"}, "not_finite", 1),
        ({5: "label", 5127: "layer 0"}, "label_out_of_range", None),
        ({2000: "layer 1", 5: "hidden", 1030: "hidden"}, "not_finite", 1),
        ({5: "layer 1", 1000: "layer 0"}, "not_finite", 0),
        ({5: "layer 1", 1000: "label"}, "label_out_of_range", None),
    ],
)
def test_the_first_bad_shard_is_told_of(faults: dict[int, str], reason: str, layer: int | None) -> None:
    for n_threads in THREADS:
        nnfast.set_num_threads(n_threads)
        for _ in range(4):  # members are not always in the same order
            assert find_fault(64, 8192, faults) == (reason, layer, 1), n_threads


@pytest.mark.parametrize(("hidden", "batch_size"), [(64, 1000), (512, 60)])
@pytest.mark.parametrize(
    ("second", "reason", "layer"),
    [("hidden", "not_finite", 1), ("layer 0", "not_finite", 0), ("label", "label_out_of_range", None)],
)
def test_the_same_fault_by_rows_and_by_columns(
    hidden: int, batch_size: int, second: str, reason: str, layer: int | None
) -> None:
    """It does not matter which rows are one member's."""
    for n_threads in THREADS:
        nnfast.set_num_threads(n_threads)
        for rows in ((2, batch_size - 3), (batch_size - 3, 2)):
            faults = dict(zip(rows, ("layer 1", second), strict=True))
            assert find_fault(hidden, batch_size, faults) == (reason, layer, 1), n_threads


def test_one_error_through_the_front_door() -> None:
    x, y = np.zeros((8192, 2), "float32"), np.zeros((8192, 1), "float32")
    x[5, 0] = x[5127, 1] = 1e30
    errors = set()
    for n_threads in THREADS:
        nnfast.set_num_threads(n_threads)
        layers = [nnfast.layers.Dense(40, "relu"), nnfast.layers.Dense(40, "relu"), nnfast.layers.Dense(1)]
        model = nnfast.Sequential([nnfast.layers.Input(2), *layers], seed=0)
        weights = [np.zeros_like(each) for each in model.get_weights()]
        weights[0][0, 0], weights[0][1, 1], weights[2][0, 0] = 1, 1e10, 1e10
        model.set_weights(weights)
        model.compile("sgd", "mean_squared_error")
        with pytest.raises(nnfast.exceptions.NotFiniteError) as error:
            model.fit(x, y, batch_size=8192, shuffle=False, verbose=0)
        errors.add(str(error.value))
    assert len(errors) == 1, errors
    assert "first in dense_1;" in errors.pop()


# ---- predict ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("specs", [runs.WIDE, runs.NARROW])
def test_a_row_is_predicted_the_same_anywhere(specs: Any, dtype: str, isa: str, n_threads: int) -> None:
    network = runs.make_network(specs, dtype)
    x, _ = runs.make_data(700)

    def predict(x: Array) -> Array:
        out = np.empty((len(x), 5), dtype)
        network.predict(x, out)
        return out

    together = predict(x)
    order = np.argsort(x[:, 3], kind="stable")
    assert predict(x[order]).tobytes() == together[order].tobytes()
    for size in (1, 3, 37, 256, 699):
        for first in (0, 5, 11):
            rows = slice(first, first + size)
            assert predict(x[rows]).tobytes() == together[rows].tobytes(), (size, first)


def test_threads_and_isas_predict_the_same(dtype: str) -> None:
    x, _ = runs.make_data(2000)
    results = set()
    for isa in _core.get_runnable_isas():
        _core.set_isa(isa)
        for n_threads in THREADS:
            nnfast.set_num_threads(n_threads)
            out = np.empty((len(x), 5), dtype)
            runs.make_network(runs.WIDE, dtype).predict(x, out)
            results.add(out.tobytes())
    assert len(results) == 1


# ---- runs that are cut -----------------------------------------------------------------------------------------------


class Session:
    """A run that may be interrupted: everything but weights, optimizer state and step is made anew each time."""

    def __init__(self, rule: str, dtype: str) -> None:
        self.rule, self.dtype = rule, dtype
        self.names = [(i, name) for i, name, _ in nets.parameters(runs.WIDE, runs.IN_SIZE)]
        self.n_slots = _core.OPTIMIZERS[rule][0]
        self.network = runs.make_network(runs.WIDE, dtype)
        self.optimizer = self.new_optimizer()

    def new_optimizer(self) -> _core.Optimizer:
        return _core.Optimizer(self.network, self.rule, nets.HYPERPARAMETERS[self.rule])

    def run(self, n_rows: int = 100, **settings: Any) -> list[_core.Stats]:
        x, y = runs.make_data(n_rows)
        trainer = _core.Trainer(self.network, self.optimizer, nets.CROSSENTROPY, [])
        more: dict[str, Any] = {"batch_size": 16, "first_epoch": 0, "n_epochs": 1, "shuffle": True, "seed": 9}
        return trainer.run(x, y, **(more | settings))

    def moved(self) -> "Session":
        """A copy through get and set, as a checkpoint makes it."""
        other = Session(self.rule, self.dtype)
        for key in self.names:
            other.network.set_parameter(*key, self.network.get_parameter(*key))
            for slot in range(self.n_slots):
                other.optimizer.set_state(*key, slot, self.optimizer.get_state(*key, slot))
        other.optimizer.step = self.optimizer.step
        return other

    def hash(self) -> str:
        return nets.hash_of(self.network, self.names, self.optimizer, self.n_slots)


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
def test_epochs_one_by_one(rule: str, dtype: str) -> None:
    whole, cut = Session(rule, dtype), Session(rule, dtype)
    stats = whole.run(n_epochs=3)
    assert [cut.run(first_epoch=epoch)[0] for epoch in range(3)] == stats
    assert cut.hash() == whole.hash()


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
def test_resumed_after_every_batch(rule: str, dtype: str) -> None:
    """Seven batches, each from a session that knows nothing but what the one before saved."""
    whole, cut = Session(rule, dtype), Session(rule, dtype)
    whole.run()
    for batch in range(7):
        (stats,) = cut.run(first_batch=batch, n_batches=1)
        assert stats.n_rows == (16 if batch < 6 else 4)
        cut = cut.moved()
    assert cut.hash() == whole.hash()


def test_resumed_between_large_batches() -> None:
    whole, cut = Session("momentum", "float32"), Session("momentum", "float32")
    whole.run(n_rows=2600, batch_size=1300)
    cut.run(n_rows=2600, batch_size=1300, n_batches=1)
    cut = cut.moved()
    cut.run(n_rows=2600, batch_size=1300, first_batch=1)
    assert cut.hash() == whole.hash()


def test_epoch_and_seed_change_the_run() -> None:
    hashes = set()
    for settings in ({}, {"seed": 10}, {"first_epoch": 1}, {"shuffle": False}):
        session = Session("sgd", "float32")
        session.run(**settings)
        hashes.add(session.hash())
    assert len(hashes) == 4
