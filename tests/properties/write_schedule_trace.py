"""A hundred training steps by Keras, in double precision, of every optimizer with every schedule: writes
trace_keras.json beside itself.

    KERAS_BACKEND=jax JAX_ENABLE_X64=1 python tests/properties/write_schedule_trace.py

Written with Keras 3.15.1 on JAX, and PyTorch 2.13.0 for what Keras does not have: Rprop, and the rates of the schedules
of ``TORCH_SCHEDULES``.
"""

import functools
import itertools
import json
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

TRACE = Path(__file__).with_name("trace_keras.json")

N_STEPS, BATCH_SIZE, N_ROWS, SIZES = 100, 4, 40, (5, 6, 3, 2)
"""An epoch is ten steps. The net is dense, tanh in its hidden layers, with the mean squared error behind it."""

BETAS = {"beta_1": 0.8, "beta_2": 0.95}
OPTIMIZERS: dict[str, tuple[str, float, dict[str, Any]]] = {
    "sgd": ("SGD", 0.2, {"weight_decay": 0.01}),
    "momentum": ("SGD", 0.05, {"momentum": 0.9}),
    "nesterov": ("SGD", 0.05, {"momentum": 0.8, "nesterov": True, "weight_decay": 0.02}),
    "adam": ("Adam", 0.02, BETAS),
    "amsgrad": ("Adam", 0.02, {**BETAS, "amsgrad": True}),
    "adamw": ("AdamW", 0.02, {"weight_decay": 0.1}),
    "nadam": ("Nadam", 0.01, {"weight_decay": 0.05}),
    "adamax": ("Adamax", 0.03, BETAS),
    "rmsprop": ("RMSprop", 0.01, {"weight_decay": 0.02}),
    "rmsprop_momentum": ("RMSprop", 0.003, {"momentum": 0.7, "rho": 0.8}),
    "rmsprop_centered": ("RMSprop", 0.005, {"centered": True, "epsilon": 1e-4}),
    "rmsprop_centered_momentum": ("RMSprop", 0.003, {"centered": True, "momentum": 0.6, "epsilon": 1e-4}),
    "adagrad": ("Adagrad", 0.2, {"initial_accumulator_value": 0.05}),
    "adadelta": ("Adadelta", 1.0, {"rho": 0.9, "epsilon": 1e-4, "weight_decay": 0.001}),
    "lion": ("Lion", 0.004, {"beta_1": 0.8, "weight_decay": 0.1}),
    "rprop": ("Rprop", 0.005, {}),
}
"""Class, learning rate, and the other arguments; Keras and nnfast have the same names for them."""

SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "exponential": ("ExponentialDecay", {"decay_steps": 30, "decay_rate": 0.6}),
    "exponential staircase": ("ExponentialDecay", {"decay_steps": 20, "decay_rate": 0.7, "staircase": True}),
    "inverse time": ("InverseTimeDecay", {"decay_steps": 25, "decay_rate": 0.5}),
    "inverse time staircase": ("InverseTimeDecay", {"decay_steps": 25, "decay_rate": 0.5, "staircase": True}),
    "polynomial": ("PolynomialDecay", {"decay_steps": 70, "end_learning_rate": 1e-3, "power": 1.5}),
    "polynomial cycle": ("PolynomialDecay", {"decay_steps": 30, "end_learning_rate": 1e-3, "cycle": True}),
    "cosine": ("CosineDecay", {"decay_steps": 80, "alpha": 0.1}),
    "cosine warm": ("CosineDecay", {"decay_steps": 60, "warmup_target": 0.03, "warmup_steps": 15}),
    "restarts": ("CosineDecayRestarts", {"first_decay_steps": 13, "t_mul": 2.0, "m_mul": 0.8, "alpha": 0.05}),
    "restarts alike": ("CosineDecayRestarts", {"first_decay_steps": 17, "t_mul": 1.0}),
}
"""Class and arguments, of which `initial_learning_rate` is the optimizer's."""
BOUNDARIES, SHARES = [30, 60], [1.0, 0.5, 0.2]
TORCH_SCHEDULES = ("constant", "step", "one cycle", "warmup")


Trained: TypeAlias = tuple[list[float], list[Any]]
"""The loss before each step, and weights and biases after the last."""


def make_problem() -> dict[str, Any]:
    """The numbers everybody starts from; they are stored, so that no one else need make them."""
    rng = np.random.default_rng(2026)
    shapes = list(itertools.pairwise(SIZES))
    return {
        "x": rng.standard_normal((N_ROWS, SIZES[0])).round(6).tolist(),
        "y": rng.standard_normal((N_ROWS, SIZES[-1])).round(6).tolist(),
        "weights": [rng.standard_normal(shape).round(6).tolist() for shape in shapes],
        "biases": [(rng.standard_normal(n) * 0.2).round(6).tolist() for _, n in shapes],
    }


def make_keras_schedule(name: str, rate: float) -> Any:
    from keras.optimizers import schedules

    if name == "piecewise":
        return schedules.PiecewiseConstantDecay(BOUNDARIES, [rate * share for share in SHARES])
    kind, arguments = SCHEDULES[name]
    return getattr(schedules, kind)(rate, **arguments)


def list_torch_rates(name: str, rate: float) -> list[float]:
    """Of every step, by PyTorch's schedulers."""
    import torch
    from torch.optim import lr_scheduler

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    if name == "constant":
        scheduler: Any = lr_scheduler.ConstantLR(optimizer, factor=1.0)
    elif name == "step":
        scheduler = lr_scheduler.StepLR(optimizer, 40, 0.3)
    elif name == "one cycle":
        scheduler = lr_scheduler.OneCycleLR(optimizer, rate, total_steps=N_STEPS, pct_start=0.25, cycle_momentum=False)
    else:
        line = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=20)
        parts = [line, lr_scheduler.ExponentialLR(optimizer, 0.98)]
        scheduler = lr_scheduler.SequentialLR(optimizer, parts, milestones=[20])
    rates = []
    for _ in range(N_STEPS):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return rates


def list_rates(name: str, rate: float) -> list[float]:
    import jax

    if name in TORCH_SCHEDULES:
        return list_torch_rates(name, rate)
    schedule = jax.jit(make_keras_schedule(name, rate).__call__)
    return [float(schedule(step)) for step in range(N_STEPS)]


@functools.cache
def make_gradient() -> Any:
    """Loss and gradients of values (weights, then biases), x and y."""
    import jax

    n_layers = len(SIZES) - 1

    def measure(values: list[Any], x: Any, y: Any) -> Any:
        for i in range(n_layers):
            x = x @ values[i] + values[n_layers + i]
            x = jax.numpy.tanh(x) if i + 1 < n_layers else x
        return ((x - y) ** 2).mean()

    return jax.jit(jax.value_and_grad(measure))


def train_keras(optimizer: Any, problem: dict[str, Any]) -> Trained:
    import keras

    x, y = (np.array(problem[name]) for name in ("x", "y"))
    variables = [keras.Variable(np.array(v), dtype="float64") for v in problem["weights"] + problem["biases"]]
    optimizer.build(variables)
    losses = []
    for step in range(N_STEPS):
        first = step * BATCH_SIZE % N_ROWS
        rows = slice(first, first + BATCH_SIZE)
        loss, gradients = make_gradient()([v.value for v in variables], x[rows], y[rows])
        optimizer.apply(gradients, variables)
        losses.append(float(loss))
    return losses, [np.asarray(v.value) for v in variables]


def train_torch(rates: list[float], problem: dict[str, Any], arguments: dict[str, Any]) -> Trained:
    """By PyTorch's Rprop."""
    import torch

    x, y = (torch.tensor(problem[name], dtype=torch.float64) for name in ("x", "y"))
    values = [torch.nn.Parameter(torch.tensor(v, dtype=torch.float64)) for v in problem["weights"] + problem["biases"]]
    n_layers = len(problem["weights"])
    optimizer = torch.optim.Rprop(values, **arguments)
    losses = []
    for step, rate in enumerate(rates):
        optimizer.param_groups[0]["lr"] = rate
        first = step * BATCH_SIZE % N_ROWS
        z, target = x[first : first + BATCH_SIZE], y[first : first + BATCH_SIZE]
        for i in range(n_layers):
            z = z @ values[i] + values[n_layers + i]
            z = torch.tanh(z) if i + 1 < n_layers else z
        loss = ((z - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [v.detach().numpy() for v in values]


def run(name: str, schedule: str, problem: dict[str, Any]) -> dict[str, list[float]]:
    """Mean losses of the epochs; some weights at the end, and every bias."""
    import keras
    from keras.optimizers.schedules import LearningRateSchedule

    class Table(LearningRateSchedule):  # type: ignore[misc]
        def __init__(self, rates: list[float]) -> None:
            self.rates = np.array(rates)

        def __call__(self, step: Any) -> Any:
            return keras.ops.take(keras.ops.convert_to_tensor(self.rates), step)

    kind, rate, arguments = OPTIMIZERS[name]
    if kind == "Rprop":
        losses, values = train_torch(list_rates(schedule, rate), problem, arguments)
    else:
        table = Table(list_rates(schedule, rate))  # compiled once: a schedule with a condition in it is slow
        losses, values = train_keras(getattr(keras.optimizers, kind)(table, **arguments), problem)
    means = np.array(losses).reshape(-1, N_ROWS // BATCH_SIZE).mean(axis=1)
    return {"losses": shorten(means), "weights": shorten(values[0].ravel()[::7]), "biases": shorten(values[-1])}


def shorten(values: Any) -> list[float]:
    """Twelve digits, so that the file stays small."""
    return [float(f"{value:.12g}") for value in values]


def make_trace() -> dict[str, Any]:
    problem, names = make_problem(), [*SCHEDULES, "piecewise", *TORCH_SCHEDULES]
    return {
        "problem": problem,
        "rates": {schedule: shorten(list_rates(schedule, 0.1)[::9]) for schedule in names},
        "runs": {name: {schedule: run(name, schedule, problem) for schedule in names} for name in OPTIMIZERS},
    }


if __name__ == "__main__":
    import jax
    import keras

    keras.config.set_floatx("float64")
    keras.src.ops.cos = jax.numpy.cos  # Keras' own is in single precision even so
    TRACE.write_text(json.dumps(make_trace()) + "\n")
