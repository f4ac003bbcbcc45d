"""Gradients of every layer kind, activation and loss against central differences of the library's own float64 loss."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
import reference
from nets import (
    CROSSENTROPY,
    HYPERPARAMETERS,
    Twins,
    activation,
    dense,
    is_trained,
    loss_spec,
    normalization,
    run,
)
from numpy.typing import NDArray
from reference_losses import ON_PROBABILITIES

from nnfast import _core
from nnfast._core import LayerSpec

Array = NDArray[Any]

TOLERANCE = 1e-7
STEP = 2e-5  # rounding of the loss costs 1e-16 / STEP, the third derivative STEP^2: both below 1e-9
N_ROWS, IN_SIZE, OUT_SIZE = 6, 4, 3
DERIVABLE = sorted(set(_core.ACTIVATIONS) - set(reference.NO_DERIVATIVE))


def slope(loss: Callable[[], float], array: Array, changed: Callable[[], None] = lambda: None) -> Array:
    """d loss / d array, element by element; changed() is called after every change of array."""
    result = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        kept, value = array[index], {}
        for side in (STEP, -STEP):
            array[index] = kept + side
            changed()
            value[side] = loss()
        array[index] = kept
        changed()
        result[index] = (value[STEP] - value[-STEP]) / (2 * STEP)
    return result


def assert_equal_slopes(gradient: Array, slopes: Array) -> None:
    scale = np.abs(slopes).max()
    assert np.abs(gradient - slopes).max() <= TOLERANCE * scale, f"\n{gradient}\n{slopes}"


def targets(loss: str, rng: np.random.Generator) -> Array:
    t = rng.uniform(0.1, 0.9, (N_ROWS, OUT_SIZE))
    return t / t.sum(axis=1, keepdims=True) if loss.startswith("categorical") else t


def check_training_step(specs: Sequence[LayerSpec], loss: str, rng: np.random.Generator) -> None:
    """The change of one SGD step of rate 1 is the gradient of the reduced loss that evaluate() tells."""
    twins = Twins(specs, IN_SIZE, "float64", rng)
    network = twins.core
    shift_last_bias(twins, loss)
    x, t = rng.standard_normal((N_ROWS, IN_SIZE)), targets(loss, rng)
    scale = reference.loss_reduction(loss, N_ROWS)
    optimizer = _core.Optimizer(network, "sgd", [1.0])
    trainer = _core.Trainer(network, optimizer, loss_spec(loss), [])
    before = {key: network.get_parameter(*key) for key in twins.names}
    run(trainer, x, t)
    gradient = {key: before[key] - network.get_parameter(*key) for key in twins.names}
    for key in twins.names:
        network.set_parameter(*key, before[key])
    for key in twins.names:
        array = before[key].copy()
        slopes = slope(
            lambda: reduced_loss(trainer.evaluate(x, t), scale),
            array,
            lambda: network.set_parameter(*key, array),  # noqa: B023
        )
        assert_equal_slopes(gradient[key], slopes)


def reduced_loss(stats: _core.Stats, scale: float) -> float:
    return stats.loss * scale + stats.penalty / stats.n_rows


def shift_last_bias(twins: Twins, loss: str) -> None:
    """Outputs of a loss on probabilities shall lie between 0 and 1, where it has a slope, whatever the activation."""
    if loss in ON_PROBABILITIES:
        last = twins.names[-1][0]
        twins.core.set_parameter(last, "bias", np.full(OUT_SIZE, 0.4))
        twins.core.set_parameter(last, "weights", twins.core.get_parameter(last, "weights") * 0.05)


@pytest.mark.parametrize("loss", _core.LOSSES)
@pytest.mark.parametrize("hidden", DERIVABLE)
def test_hidden_activation_and_loss(hidden: str, loss: str, rng: np.random.Generator) -> None:
    check_training_step([dense(5, hidden), dense(OUT_SIZE, reference.FUSED.get(loss, "sigmoid"))], loss, rng)


# The Poisson loss takes the logarithm of the outputs, and log_softmax gives none that is positive.
LAST_PAIRS = sorted({*product(DERIVABLE, set(_core.LOSSES) - set(reference.FUSED))} - {("log_softmax", "poisson")})


@pytest.mark.parametrize(("last", "loss"), LAST_PAIRS)
def test_output_activation_and_loss(last: str, loss: str, rng: np.random.Generator) -> None:
    check_training_step([dense(5, "tanh"), dense(OUT_SIZE, last)], loss, rng)


@pytest.mark.parametrize("loss", reference.FUSED)
@pytest.mark.parametrize("last", ["dense", "activation layer", "linear"])
def test_fused_losses(last: str, loss: str, rng: np.random.Generator) -> None:
    own = reference.FUSED[loss]
    ends = {
        "dense": [dense(OUT_SIZE, own)],
        "activation layer": [dense(OUT_SIZE), activation(own)],
        "linear": [dense(OUT_SIZE)],
    }
    check_training_step([dense(5, "tanh"), *ends[last]], loss, rng)


@pytest.mark.parametrize("penalty", [(0.0, 0.03), (0.02, 0.0), (0.02, 0.03)])
@pytest.mark.parametrize("loss", _core.LOSSES)
def test_penalties(loss: str, penalty: tuple[float, float], rng: np.random.Generator) -> None:
    """On weights and biases, of both layers, one of them without."""
    specs = [
        dense(5, "tanh", weights_penalty=penalty),
        dense(OUT_SIZE, reference.FUSED.get(loss, "sigmoid"), weights_penalty=(0.01, 0.2), bias_penalty=penalty),
    ]
    check_training_step(specs, loss, rng)


# ---- one pass at a time: the gradient with respect to the input too --------------------------------------------------

KINDS = {
    "dense": [dense(5, "tanh"), dense(OUT_SIZE)],
    "dense without bias": [dense(5, "tanh", use_bias=False), dense(OUT_SIZE, "sigmoid", use_bias=False)],
    "activation first": [activation("softplus"), dense(OUT_SIZE)],
    "activation last": [dense(OUT_SIZE), activation("gelu")],
    "activations in a row": [dense(5), activation("silu"), activation("elu"), dense(OUT_SIZE)],
    "dropout": [dense(7, "tanh"), LayerSpec("dropout", rate=0.4), dense(OUT_SIZE)],
    "dropout first": [LayerSpec("dropout", rate=0.3), dense(OUT_SIZE)],
    "dropout last": [dense(OUT_SIZE), LayerSpec("dropout", rate=0.3)],
    "rescaling": [LayerSpec("rescaling", scale=0.5, offset=-0.1), dense(5, "tanh"), dense(OUT_SIZE)],
    "rescaling inside": [dense(5, "tanh"), LayerSpec("rescaling", scale=3.0, offset=1.0), dense(OUT_SIZE)],
    "frozen below": [dense(5, "tanh", train_weights=False, train_bias=False), dense(OUT_SIZE)],
    "frozen above": [dense(5, "tanh"), dense(OUT_SIZE, train_weights=False, train_bias=False)],
    "batch": [dense(5, use_bias=False), normalization("batch"), activation("tanh"), dense(OUT_SIZE)],
    "batch without gamma": [dense(5, "tanh"), normalization("batch", use_gamma=False), dense(OUT_SIZE)],
    "batch without beta": [dense(5, "tanh"), normalization("batch", use_bias=False, epsilon=0.1), dense(OUT_SIZE)],
    "batch first": [normalization("batch"), dense(OUT_SIZE)],
    "batch last": [dense(OUT_SIZE, use_bias=False), normalization("batch")],
    "batch frozen": [dense(5), normalization("batch", train_weights=False, train_bias=False), dense(OUT_SIZE)],
    "batch above frozen": [
        dense(5, train_weights=False, train_bias=False),
        normalization("batch"),
        dense(OUT_SIZE, train_weights=False, train_bias=False),
    ],
    "layer": [dense(5), normalization("layer"), activation("tanh"), dense(OUT_SIZE)],
    "layer without gamma": [dense(5), normalization("layer", use_gamma=False), dense(OUT_SIZE)],
    "layer without beta": [dense(5), normalization("layer", use_bias=False, epsilon=0.1), dense(OUT_SIZE)],
    "layer first": [normalization("layer"), dense(OUT_SIZE)],
    "layer last": [dense(OUT_SIZE), normalization("layer")],
    "layer frozen": [dense(5), normalization("layer", train_weights=False, train_bias=False), dense(OUT_SIZE)],
    "given": [normalization("", epsilon=1e-7), dense(5, "tanh"), normalization("", epsilon=2.0), dense(OUT_SIZE)],
    "normalizations in a row": [
        normalization("batch"),
        normalization("layer", use_bias=False),  # a bias below a batch has no slope
        normalization("batch"),
        dense(OUT_SIZE),
    ],
    "all": [
        LayerSpec("rescaling", scale=2.0, offset=0.3),
        dense(6, "gelu"),
        LayerSpec("dropout", rate=0.2),
        normalization("batch"),
        dense(5, use_bias=False),
        normalization("layer"),
        activation("softmax"),
        LayerSpec("rescaling", scale=4.0, offset=-1.0),
        dense(OUT_SIZE, "leaky_relu"),
    ],
} | {f"{name} layer": [activation(name), dense(OUT_SIZE)] for name in DERIVABLE}


@pytest.mark.parametrize("kind", KINDS)
def test_passes(kind: str, rng: np.random.Generator) -> None:
    twins = Twins(KINDS[kind], IN_SIZE, "float64", rng, in_scale=0.7, in_offset=0.2)
    network, one_pass = twins.core, _core.Pass(twins.core)
    x = rng.standard_normal((N_ROWS, IN_SIZE))
    grad_output = rng.standard_normal((N_ROWS, OUT_SIZE))
    out, grad_input = np.empty((N_ROWS, OUT_SIZE)), np.empty((N_ROWS, IN_SIZE))

    def loss() -> float:
        one_pass.forward(x, out, True, 5, 2)
        return float((out * grad_output).sum())

    loss()
    one_pass.backward(grad_output, grad_input)
    gradient = {key: one_pass.get_gradient(*key) for key in twins.names}
    assert_equal_slopes(grad_input, slope(loss, x))
    for key in twins.names:
        if not is_trained(KINDS[kind][key[0]], key[1]):
            continue
        array = network.get_parameter(*key).copy()
        assert_equal_slopes(gradient[key], slope(loss, array, lambda: network.set_parameter(*key, array)))  # noqa: B023


def test_gradients_without_input_gradient_are_the_same(dtype: str, rng: np.random.Generator) -> None:
    twins = Twins(KINDS["all"], IN_SIZE, dtype, rng)
    one_pass = _core.Pass(twins.core)
    x, grad = (rng.standard_normal((N_ROWS, size)).astype(dtype) for size in (IN_SIZE, OUT_SIZE))
    one_pass.forward(x, np.empty((N_ROWS, OUT_SIZE), dtype), True, 0, 0)
    one_pass.backward(grad, None)
    alone = [one_pass.get_gradient(*key) for key in twins.names]
    one_pass.forward(x, np.empty((N_ROWS, OUT_SIZE), dtype), True, 0, 0)
    one_pass.backward(grad, np.empty((N_ROWS, IN_SIZE), dtype))
    for key, expected in zip(twins.names, alone, strict=True):
        assert one_pass.get_gradient(*key).tobytes() == expected.tobytes()


# ---- frozen parameters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
@pytest.mark.parametrize("trained", [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("layer", [0, 1])
def test_frozen_parameters_stay(layer: int, trained: tuple[bool, bool], rule: str, rng: np.random.Generator) -> None:
    specs = [dense(5, "tanh"), dense(OUT_SIZE, "softmax")]
    specs[layer] = specs[layer]._replace(train_weights=trained[0], train_bias=trained[1])
    twins = Twins(specs, IN_SIZE, "float32", rng)
    network = twins.core
    optimizer = _core.Optimizer(network, rule, HYPERPARAMETERS[rule])
    before = {key: network.get_parameter(*key).copy() for key in twins.names}
    x, t = rng.standard_normal((N_ROWS, IN_SIZE)).astype("float32"), targets("categorical", rng)
    run(_core.Trainer(network, optimizer, CROSSENTROPY, []), x, t, n_epochs=2)
    one_pass = _core.Pass(network)
    one_pass.forward(x, np.empty((N_ROWS, OUT_SIZE), "float32"), True, 0, 0)
    one_pass.backward(t.astype("float32"), None)
    one_pass.apply(optimizer)
    for i, name in twins.names:
        is_frozen = i == layer and not trained[name == "bias"]
        changed = before[i, name] != network.get_parameter(i, name)
        assert not changed.any() if is_frozen else changed.all(), (i, name)
