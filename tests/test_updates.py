"""One step of every rule, bit for bit, on every instruction set: bare, in a whole batch, and of one sample."""

from typing import Any

import exact_updates
import nets
import numpy as np
import pytest
from nets import HYPERPARAMETERS, dense
from numpy.typing import NDArray

from nnfast import _core

Array = NDArray[Any]


def test_every_rule_has_a_row() -> None:
    assert set(exact_updates.RULES) == set(_core.OPTIMIZERS), "give the new rule a row in tests/exact_updates.py"


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.125])
def test_steps(rule: str, weight_decay: float, dtype: str, isa: str, rng: np.random.Generator) -> None:
    """Three steps early, when bias corrections count, and three late, each of a gradient of its own."""
    h, n_slots = HYPERPARAMETERS[rule], _core.OPTIMIZERS[rule][0]
    for first in (1, 2000):
        w = rng.standard_normal(83).astype(dtype)
        slots = [np.zeros_like(w) for _ in range(n_slots)]
        expected, expected_slots = w.copy(), [slot.copy() for slot in slots]
        for step in range(first, first + 3):
            g = (rng.standard_normal(83) * (rng.random(83) < 0.9)).astype(dtype)
            expected = exact_updates.take_step(rule, expected, g, expected_slots, h, step, weight_decay)
            _core.update(rule, w, g, slots, h, step, weight_decay)
        assert w.tobytes() == expected.tobytes()
        for slot, expected_slot in zip(slots, expected_slots, strict=True):
            assert slot.tobytes() == expected_slot.tobytes()


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.125])
@pytest.mark.parametrize("n_rows", [1, 3])
def test_batches(rule: str, weight_decay: float, n_rows: int, dtype: str, isa: str, rng: np.random.Generator) -> None:
    """A batch of the trainer is a pass, and one step of the bare rule with its gradients."""
    weights = rng.standard_normal((19, 35)).astype(dtype), rng.standard_normal(35).astype(dtype)
    x, y = rng.standard_normal((n_rows, 19)).astype(dtype), rng.standard_normal((n_rows, 35)).astype(dtype)
    trained, judge = (_core.Network(dtype, 19, 1.0, 0.0, [dense(35)]) for _ in range(2))
    for network in (trained, judge):
        network.set_parameter(0, "weights", weights[0])
        network.set_parameter(0, "bias", weights[1])
    optimizer = _core.Optimizer(trained, rule, HYPERPARAMETERS[rule], weight_decay)
    nets.run(_core.Trainer(trained, optimizer, "mean_squared_error", []), x, y, batch_size=n_rows)
    one_pass, output, gradient, row_loss = _core.Pass(judge), np.empty_like(y), np.empty_like(y), np.empty(n_rows)
    one_pass.forward(x, output, True, 0, 0)
    _core.loss("mean_squared_error", output, y, 1 / n_rows, row_loss, gradient)
    one_pass.backward(gradient, None)
    for name, w in zip(("weights", "bias"), weights, strict=True):
        g, slots = one_pass.get_gradient(0, name), [np.zeros_like(w) for _ in range(_core.OPTIMIZERS[rule][0])]
        _core.update(rule, w, g, slots, HYPERPARAMETERS[rule], 1, weight_decay)
        assert trained.get_parameter(0, name).tobytes() == w.tobytes()
        for place, slot in enumerate(slots):
            assert optimizer.get_state(0, name, place).tobytes() == slot.tobytes()


def test_rates_take_the_hyperparameters_place(dtype: str, isa: str, n_threads: int, rng: np.random.Generator) -> None:
    """A run of six batches with a rate each is six runs; a batch of several shards has one rate."""
    x, y = rng.standard_normal((6000, 7)).astype(dtype), rng.standard_normal((6000, 3)).astype(dtype)
    rates = np.array([0.3, 0.1, 0.0, 0.2, 0.05, 0.4])
    for batch_size, n_rows in ((1, 3), (2, 6), (1100, 3300), (2000, 6000)):
        whole, cut = (_core.Network(dtype, 7, 1.0, 0.0, [dense(5, "tanh"), dense(3)]) for _ in range(2))
        names = [(layer, name) for layer in (0, 1) for name in ("weights", "bias")]
        for network in (whole, cut):
            for i, key in enumerate(names):
                shape = network.get_parameter(*key).shape
                network.set_parameter(*key, np.random.default_rng(i).standard_normal(shape).astype(dtype))
        first, second = (_core.Optimizer(network, "adam", [9.0, 0.9, 0.99, 1e-7], 0.01) for network in (whole, cut))
        trainer = _core.Trainer(whole, first, "mean_squared_error", [])
        settings = {"batch_size": batch_size, "n_epochs": 2}
        nets.run(trainer, x[:n_rows], y[:n_rows], learning_rates=rates, **settings)
        trainer = _core.Trainer(cut, second, "mean_squared_error", [])
        for i, rate in enumerate(rates):
            second.set_hyperparameters([rate, 0.9, 0.99, 1e-7])
            nets.run(trainer, x[:n_rows], y[:n_rows], batch_size=batch_size, first_batch=i % 3, n_batches=1)
        assert nets.hash_of(whole, names, first, 2) == nets.hash_of(cut, names, second, 2)


def test_the_optimizers_rate_counts_again_after_a_run_with_rates(rng: np.random.Generator) -> None:
    network = _core.Network("float64", 3, 1.0, 0.0, [dense(2)])
    optimizer, one_pass, rates = _core.Optimizer(network, "sgd", [0.0]), _core.Pass(network), np.array([0.5])
    trainer = _core.Trainer(network, optimizer, "mean_squared_error", [])
    x, y = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    nets.run(trainer, x, y, learning_rates=rates)
    before = network.get_parameter(0, "weights")
    assert before.any()
    optimizer.step = 0
    one_pass.forward(x, np.empty_like(y), True, 0, 0)
    one_pass.backward(y, None)
    one_pass.apply(optimizer)
    nets.run(trainer, x, y)
    assert network.get_parameter(0, "weights").tobytes() == before.tobytes()


@pytest.mark.parametrize("rates", [np.zeros(5), np.zeros(7), np.zeros(6, "float32"), np.zeros(12)[::2], []])
def test_rates_that_do_not_fit_are_refused(rates: Any) -> None:
    network = _core.Network("float32", 3, 1.0, 0.0, [dense(2)])
    trainer = _core.Trainer(network, _core.Optimizer(network, "sgd", [0.1]), "mean_squared_error", [])
    x, y = np.zeros((5, 3), "float32"), np.zeros((5, 2), "float32")
    with pytest.raises(ValueError, match="expected a contiguous array of 6 elements of float64"):
        nets.run(trainer, x, y, batch_size=2, n_epochs=2, learning_rates=rates)


def test_a_negative_step_is_refused() -> None:
    optimizer = _core.Optimizer(_core.Network("float32", 3, 1.0, 0.0, [dense(2)]), "adam", HYPERPARAMETERS["adam"])
    optimizer.step = 5
    with pytest.raises(ValueError, match=r".+"):
        optimizer.step = -1
    assert optimizer.step == 5
