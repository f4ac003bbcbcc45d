"""nnfast._core.Trainer: whole epochs against the reference, what it counts, what it refuses."""

import threading
from typing import Any

import exact
import numpy as np
import pytest
import reference
from nets import CROSSENTROPY, HYPERPARAMETERS, Twins, activation, dense, loss_spec, spaced
from numpy.typing import NDArray
from sessions import LONG, RUN, Session

from nnfast import _core
from nnfast._core import LayerSpec, LossSpec, RunStopped

Array = NDArray[Any]


# ---- training equals the reference's ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
def test_epochs_equal_the_reference(rule: str, isa: str, rng: np.random.Generator) -> None:
    """Two shuffled epochs with dropout from uint8: order, masks, batches, statistics, weights and state."""
    specs = [dense(11, "silu"), LayerSpec("dropout", rate=0.3), dense(7), activation("elu"), dense(4, "softmax")]
    twins = Twins(specs, 9, "float64", rng, in_scale=1 / 255, in_offset=-0.4)
    x, labels = rng.integers(0, 256, (50, 9)).astype("uint8"), rng.integers(0, 4, (50, 1)).astype("int32")
    target, seed, loss = reference.one_hot(labels, 4), 2**35 + 7, CROSSENTROPY
    ours, theirs = (kind(*args) for kind, args in (
        (_core.Optimizer, (twins.core, rule, HYPERPARAMETERS[rule])),
        (reference.Optimizer, (rule, HYPERPARAMETERS[rule])),
    ))  # fmt: skip
    trainer = _core.Trainer(twins.core, ours, loss, list(_core.METRICS))
    settings = RUN | {"batch_size": 7, "first_epoch": 3, "n_epochs": 2, "shuffle": True, "seed": seed}
    stats = trainer.run(spaced(x)[0], labels, **settings)
    for epoch, epoch_stats in enumerate(stats, start=3):
        order, total, metrics = exact.shuffled(seed, epoch, 50), 0.0, np.zeros(len(_core.METRICS))
        for first in range(0, 50, 7):
            rows = order[first : first + 7]
            twins.reference.layers[1].mask = exact.dropout_mask(seed, epoch, 1, len(rows), 11, 0.3, first)
            ((mean, y),) = reference.train(twins.reference, theirs, loss, x, target, [rows])
            total += mean * len(rows)
            metrics += [reference.METRICS[m](y, target[rows]).sum() for m in _core.METRICS]
        assert (epoch_stats.n_rows, epoch_stats.n_batches) == (50, 8)
        np.testing.assert_allclose([epoch_stats.loss, *epoch_stats.metrics], [total, *metrics], rtol=1e-11)
    assert ours.step == theirs.step == 16
    for i, name in twins.names:
        np.testing.assert_allclose(
            twins.core.get_parameter(i, name), getattr(twins.reference.layers[i], name), rtol=1e-9
        )
        for slot, expected in enumerate(theirs.slots[i, name]):
            np.testing.assert_allclose(ours.get_state(i, name, slot), expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("loss", _core.LOSSES)
@pytest.mark.parametrize("y_dtype", ["uint8", "float32", "float64"])
def test_targets_and_large_batches(loss: str, y_dtype: str, dtype: str, rng: np.random.Generator) -> None:
    """Batches of 1,500 are cut in shards of 1,024; targets of any dtype, rows apart."""
    twins = Twins([dense(5, "tanh"), dense(3, reference.FUSED.get(loss, "sigmoid"))], 4, dtype, rng)
    x, y = rng.standard_normal((1700, 4)).astype(dtype), rng.integers(0, 2, (1700, 3)).astype(y_dtype)
    rate = [{"sum_squared_error": 1e-4, "mean_absolute_percentage_error": 1e-10}.get(loss, 0.2)]
    trainer = _core.Trainer(twins.core, _core.Optimizer(twins.core, "sgd", rate), loss_spec(loss), ["binary_accuracy"])
    (stats,) = trainer.run(spaced(x)[0], spaced(y)[0], **(RUN | {"batch_size": 1500}))
    expected = reference.train(
        *(twins.reference, reference.Optimizer("sgd", rate), loss_spec(loss), x, y.astype(float)),
        [slice(0, 1500), slice(1500, 1700)],
    )
    tolerance = 3e-5 if dtype == "float32" else 1e-12
    assert (stats.n_rows, stats.n_batches) == (1700, 2)
    assert stats.loss == pytest.approx(sum(mean * len(out) for mean, out in expected), rel=tolerance)
    for i, name in twins.names:
        expected_parameter = getattr(twins.reference.layers[i], name)
        np.testing.assert_allclose(
            twins.core.get_parameter(i, name), expected_parameter, rtol=tolerance, atol=tolerance / 10
        )


@pytest.mark.parametrize("loss", _core.LOSSES)
def test_evaluate(loss: str, dtype: str, isa: str, n_threads: int, rng: np.random.Generator) -> None:
    twins = Twins([dense(40, "relu"), dense(3, reference.FUSED.get(loss, "sigmoid"))], 30, dtype, rng)
    x, y = rng.standard_normal((1100, 30)).astype(dtype), rng.uniform(0, 1, (1100, 3)).astype(dtype)
    before = [twins.core.get_parameter(*key) for key in twins.names]
    stats = _core.Trainer(twins.core, None, loss_spec(loss), list(_core.METRICS)).evaluate(x, y)
    total, _, out = twins.reference.loss_and_grad(loss_spec(loss), x, y.astype(float))
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    assert stats.n_rows == 1100
    assert stats.loss == pytest.approx(total, rel=tolerance)
    for name, value in zip(_core.METRICS, stats.metrics, strict=True):
        assert value == pytest.approx(reference.METRICS[name](out, y).sum(), rel=tolerance), name
    for key, expected in zip(twins.names, before, strict=True):
        assert twins.core.get_parameter(*key).tobytes() == expected.tobytes()


def test_metrics_at_the_border(dtype: str, isa: str) -> None:
    """The first of equal outputs is the predicted class; exactly 0.5 is on the low side."""
    network = _core.Network(dtype, 3, 1.0, 0.0, [activation("linear")])
    x = np.array([[1, 1, 0], [0, 2, 2], [0.5, 0.5, 0.5], [0.5, 0.25, 0.75]], dtype)
    y = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]], dtype)
    metrics = ["categorical_accuracy", "binary_accuracy", "mean_squared_error", "mean_absolute_error"]
    stats = _core.Trainer(network, None, "mean_squared_error", metrics).evaluate(x, y)
    np.testing.assert_allclose(
        stats.metrics, [2, (2 + 2 + 2 + 3) / 3, (1 + 5 + 0.75 + 0.375) / 3, (1 + 3 + 1.5 + 1) / 3]
    )


def test_part_of_an_epoch() -> None:
    session = Session()
    (stats,) = session.run(first_batch=1, n_batches=2)
    assert (stats.n_rows, stats.n_batches, session.optimizer.step) == (32, 2, 2)
    (stats,) = session.run(first_batch=3, n_batches=99)
    assert (stats.n_rows, stats.n_batches) == (2, 1)


def test_batch_larger_than_the_data() -> None:
    one, other = Session(), Session()
    (stats,) = one.run(batch_size=10**12)
    other.run(batch_size=50)
    assert (stats.n_rows, stats.n_batches) == (50, 1)
    assert one.hash() == other.hash()


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [{"batch_size": 0}, {"batch_size": -3}, {"first_batch": -1}],
)
def test_impossible_runs(settings: dict[str, Any]) -> None:
    session = Session()
    before = session.hash()
    with pytest.raises(ValueError, match=r".+"):
        session.run(**settings)
    assert session.hash() == before


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.zeros((5, 7)), np.zeros((5, 1), "int32")),
        (np.zeros((5, 6)), np.zeros((4, 1), "int32")),
        (np.zeros((5, 6)), np.zeros((5, 2), "int32")),
        (np.zeros((5, 6)), np.zeros((5, 1))),
        (np.zeros((5, 6)), np.zeros((5, 3))),
        (np.zeros((0, 6)), np.zeros((0, 1), "int32")),
        (np.zeros((5, 6), "int32"), np.zeros((5, 1), "int32")),
        (np.zeros((5, 6)), np.zeros((10, 1), "int32")[::2]),
        (np.zeros((5, 6)), np.zeros((5, 1), "int64")),
        (np.zeros(6), np.zeros((5, 1), "int32")),
    ],
)
def test_impossible_data(x: Array, y: Array) -> None:
    session = Session()
    before = session.hash()
    with pytest.raises(ValueError, match=r".+"):
        session.trainer.run(x, y, **RUN)
    with pytest.raises(ValueError, match=r".+"):
        session.trainer.evaluate(x, y)
    assert session.hash() == before


def test_impossible_trainers() -> None:
    specs = [dense(3, "relu")]
    network, other = (_core.Network("float32", 2, 1.0, 0.0, specs) for _ in range(2))
    for loss in reference.FUSED:
        with pytest.raises(ValueError, match=r".+"):
            _core.Trainer(network, None, loss_spec(loss), [])
    wrong = {loss: "softmax" if own == "sigmoid" else "sigmoid" for loss, own in reference.FUSED.items()}
    for loss, last in wrong.items():
        with pytest.raises(ValueError, match=r".+"):
            _core.Trainer(_core.Network("float32", 2, 1.0, 0.0, [dense(3, last)]), None, loss_spec(loss), [])
    for args in (
        ("mean_cubed_error", []),
        (LossSpec("huber", (1.0, 2.0)), []),
        ("huber", []),
        ("mean_squared_error", ["acuracy"]),
        ("mean_squared_error", ["mean_squared_error"] * 9),
    ):
        with pytest.raises(ValueError, match=r".+"):
            _core.Trainer(network, None, *args)
    with pytest.raises(ValueError, match=r".+"):
        _core.Trainer(network, _core.Optimizer(other, "sgd", [0.1]), "mean_squared_error", [])
    evaluates_only = _core.Trainer(network, None, "mean_squared_error", [])
    with pytest.raises(ValueError, match=r".+"):
        evaluates_only.run(np.zeros((2, 2)), np.zeros((2, 3)), **RUN)


def test_a_network_in_training_is_in_use() -> None:
    """Another thread that changes or trains it meanwhile gets an error, not a race; the run goes on."""
    session = Session()
    errors: list[Exception] = []

    def disturb() -> None:
        for act in (
            lambda: session.network.set_parameter(0, "bias", np.zeros(9, "float32")),
            lambda: session.trainer.run(session.x, session.y, **RUN),
            lambda: session.network.predict(session.x, np.empty((50, 4), "float32")),
        ):
            try:
                act()
            except RuntimeError as error:
                errors.append(error)

    thread = threading.Timer(0.05, disturb)
    thread.start()
    with pytest.raises(RunStopped):
        session.run(n_epochs=LONG, poll=lambda progress: thread.is_alive())
    thread.join()
    assert len(errors) == 3
