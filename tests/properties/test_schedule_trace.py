"""A hundred steps of every optimizer with every schedule against numbers written by Keras and PyTorch."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from schedule_trace import NAMES, TRACE, WRITER, make_schedule

import nnfast
from nnfast import _core, layers, optimizers, schedules

Array = NDArray[Any]


def make_optimizer(name: str, learning_rate: Any) -> optimizers.Optimizer:
    kind, _, arguments = WRITER.OPTIMIZERS[name]
    return getattr(optimizers, kind)(learning_rate, **arguments)


def make_model(optimizer: optimizers.Optimizer) -> nnfast.Sequential:
    problem, activations = TRACE["problem"], ("tanh", "tanh", "linear")
    stack = [
        layers.Dense(n, activation=a, kernel_initializer=np.array(w), bias_initializer=np.array(b))
        for n, a, w, b in zip(WRITER.SIZES[1:], activations, problem["weights"], problem["biases"], strict=True)
    ]
    model = nnfast.Sequential([layers.Input(WRITER.SIZES[0]), *stack], seed=0, dtype="float64")
    model.compile(optimizer, "mse")
    return model


def test_nothing_is_missing() -> None:
    made = [make_optimizer(name, 0.1) for name in TRACE["runs"]]
    assert {optimizer.rule for optimizer in made} == set(_core.OPTIMIZERS), "give the new rule a row in the writer"
    assert {type(optimizer) for optimizer in made} == set(optimizers.CATALOGUE.by_class_name.values())
    kinds = {type(make_schedule(name, 0.1)) for name in NAMES}
    assert kinds == set(schedules.CATALOGUE.by_class_name.values()), "give the new schedule a row in the writer"
    assert all(set(runs) == set(NAMES) for runs in TRACE["runs"].values())


@pytest.mark.parametrize("name", NAMES)
def test_rates(name: str) -> None:
    steps = np.arange(WRITER.N_STEPS)
    rates = schedules.compute_rates(make_schedule(name, 0.1), steps)
    np.testing.assert_allclose(rates[::9], TRACE["rates"][name], rtol=1e-11)


@pytest.mark.parametrize("schedule", NAMES)
@pytest.mark.parametrize("name", TRACE["runs"])
def test_steps(name: str, schedule: str) -> None:
    """Ten epochs in one call of fit."""
    optimizer = make_optimizer(name, make_schedule(schedule, WRITER.OPTIMIZERS[name][1]))
    model = make_model(optimizer)
    x, y = (np.array(TRACE["problem"][key]) for key in ("x", "y"))
    history = model.fit(x, y, batch_size=WRITER.BATCH_SIZE, epochs=10, shuffle=False, verbose=0)
    expected = TRACE["runs"][name][schedule]
    np.testing.assert_allclose(history.history["loss"], expected["losses"], rtol=1e-6)
    weights = model.get_weights()
    np.testing.assert_allclose(weights[0].ravel()[::7], expected["weights"], rtol=1e-6)
    np.testing.assert_allclose(weights[-1], expected["biases"], rtol=1e-6)
