"""Ten steps of SGD and Adam against numbers written by PyTorch (trace_pytorch.json) and against reference.py."""

import json
from collections.abc import Iterator
from typing import Any

import nets
import numpy as np
import pytest
import reference
from nets import dense
from numpy.typing import NDArray
from writers import load_writer

import nnfast
from nnfast import _core, layers
from nnfast._core import LossSpec
from nnfast.optimizers import SGD, Adam

Array = NDArray[Any]

WRITER = load_writer("write_trace")
TRACE = json.loads(WRITER.TRACE.read_text())
CASES = [(net, rule) for net in TRACE for rule in WRITER.RULES]
# What ten steps make of the rounding of the first: twenty products deep, and Adam divides by small roots.
TOLERANCE = {"float32": 2e-4, "float64": 1e-12}


def test_the_trace_is_pytorchs() -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, stored = dict(leaves(WRITER.make_trace())), dict(leaves(TRACE))
    assert ours.keys() == stored.keys()
    words = {path: leaf for path, leaf in stored.items() if isinstance(leaf, str)}
    assert {path: ours.pop(path) for path in words} == words
    np.testing.assert_allclose(list(ours.values()), [stored[path] for path in ours], rtol=1e-10, atol=1e-13)


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every number and word of nested dicts and lists, with the way to it."""
    if isinstance(tree, dict | list):
        for key, branch in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(branch, (*path, key))
    else:
        yield path, tree


def read_problem(net: str, dtype: str) -> tuple[dict[str, Any], Array, Array, str | LossSpec]:
    """The problem, its data, and the core's loss."""
    problem = TRACE[net]["problem"]
    if net == "classifier":
        y = np.array(problem["labels"], np.int32).reshape(-1, 1)
        return problem, np.array(problem["x"], dtype), y, nets.CROSSENTROPY
    return problem, np.array(problem["x"], dtype), np.array(problem["y"], dtype), "mean_squared_error"


def assert_ends_like_pytorch(
    net: str, rule: str, losses: list[float], weights: list[Any], biases: list[Any], rtol: float
) -> None:
    expected = TRACE[net]["runs"][rule]
    np.testing.assert_allclose(losses, expected["losses"], rtol=rtol)
    for ours, theirs in zip(weights + biases, expected["weights"] + expected["biases"], strict=True):
        theirs = np.array(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * np.abs(theirs).max())


@pytest.mark.parametrize(("net", "rule"), CASES)
def test_core(net: str, rule: str, dtype: str, isa: str) -> None:
    problem, x, y, loss = read_problem(net, dtype)
    specs = [dense(n, a) for n, a in zip(problem["sizes"], problem["activations"], strict=True)]
    network = _core.Network(dtype, x.shape[1], 1.0, 0.0, specs)
    for i, (w, b) in enumerate(zip(problem["weights"], problem["biases"], strict=True)):
        network.set_parameter(i, "weights", np.array(w, dtype))
        network.set_parameter(i, "bias", np.array(b, dtype))
    optimizer = _core.Optimizer(network, rule, WRITER.RULES[rule])
    trainer = _core.Trainer(network, optimizer, loss, [])
    n_batches = WRITER.N_ROWS // WRITER.BATCH_SIZE
    losses = []
    for step in range(WRITER.N_STEPS):
        first = step % n_batches
        (stats,) = nets.run(trainer, x, y, batch_size=WRITER.BATCH_SIZE, first_batch=first, n_batches=1)
        losses.append(stats.loss / stats.n_rows)
    assert optimizer.step == WRITER.N_STEPS
    final = [[network.get_parameter(i, name) for i in range(len(specs))] for name in ("weights", "bias")]
    assert_ends_like_pytorch(net, rule, losses, final[0], final[1], TOLERANCE[dtype])


@pytest.mark.parametrize(("net", "rule"), CASES)
def test_sequential(net: str, rule: str, dtype: str) -> None:
    """The same through the public names: what compile() makes of optimizer and loss."""
    problem, x, y, _ = read_problem(net, dtype)
    stack = [
        layers.Dense(n, activation=a, kernel_initializer=np.array(w), bias_initializer=np.array(b))
        for n, a, w, b in zip(
            problem["sizes"], problem["activations"], problem["weights"], problem["biases"], strict=True
        )
    ]
    rate, *rest = WRITER.RULES[rule]
    optimizer = Adam(rate, *rest) if rule == "adam" else SGD(rate, momentum=sum(rest), nesterov=rule == "nesterov")
    model = nnfast.Sequential([layers.Input(x.shape[1]), *stack], seed=0, dtype=dtype)
    is_classifier = net == "classifier"
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy" if is_classifier else "mse")
    y = y.ravel() if is_classifier else y
    history = model.fit(x, y, batch_size=WRITER.BATCH_SIZE, epochs=2, shuffle=False, verbose=0)
    expected = np.array(TRACE[net]["runs"][rule]["losses"]).reshape(2, -1).mean(axis=1)
    np.testing.assert_allclose(history.history["loss"], expected, rtol=TOLERANCE[dtype])
    weights = model.get_weights()
    losses = TRACE[net]["runs"][rule]["losses"]
    assert_ends_like_pytorch(net, rule, losses, weights[0::2], weights[1::2], TOLERANCE[dtype])


@pytest.mark.parametrize(("net", "rule"), CASES)
def test_reference(net: str, rule: str) -> None:
    problem, x, y, loss = read_problem(net, "float64")
    target = reference.one_hot(y, problem["sizes"][-1]) if net == "classifier" else y
    stack = [
        reference.Layer("dense", weights=np.array(w), bias=np.array(b), activation=a)
        for w, b, a in zip(problem["weights"], problem["biases"], problem["activations"], strict=True)
    ]
    network = reference.Network(stack)
    optimizer = reference.Optimizer(rule, WRITER.RULES[rule])
    starts = [step * WRITER.BATCH_SIZE % WRITER.N_ROWS for step in range(WRITER.N_STEPS)]
    batches = [slice(first, first + WRITER.BATCH_SIZE) for first in starts]
    losses = [loss for loss, _ in reference.train(network, optimizer, loss, x, target, batches)]
    weights, biases = ([getattr(layer, name) for layer in stack] for name in ("weights", "bias"))
    assert_ends_like_pytorch(net, rule, losses, weights, biases, 1e-12)
