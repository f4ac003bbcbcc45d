"""_parameters: what estimators are told, checked, and as layers, losses and optimizers."""

import copy
import dataclasses
import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from nnfast import _validation, losses, optimizers
from nnfast.activations import ActivationFunction
from nnfast.export.sklearn import ACTIVATIONS, OUTPUTS
from nnfast.layers import Dense, Dropout, Input, Layer
from nnfast.losses import Loss
from nnfast.optimizers import SGD, Adam, Optimizer
from nnfast.regularizers import L2

_INTERVALS = {
    **dict.fromkeys(("alpha", "power_t", "tol"), "[0, inf)"),
    **dict.fromkeys(("learning_rate_init", "epsilon"), "(0, inf)"),
    "momentum": "[0, 1]",
    **dict.fromkeys(("validation_fraction", "beta_1", "beta_2"), "[0, 1)"),
}
_COUNTS = ("max_iter", "max_fun", "n_iter_no_change", "batch_size", "n_threads")
_ELSE = {"n_iter_no_change": math.inf, "batch_size": "auto", "n_threads": None}
"""What stands for no count."""
_BOOLS = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping")
_RATES = ("constant", "invscaling", "adaptive")

_LOSSES = {"absolute_error": "mean_absolute_error", "squared_error": "mean_squared_error"}


def check_parameters(estimator: Any) -> None:
    """Raise ValueError if a parameter is not as described; those that are objects are checked where they are used."""
    for name, interval in _INTERVALS.items():
        _validation.check_real(name, getattr(estimator, name), interval)
    for name in _COUNTS:
        value = getattr(estimator, name)
        if name not in _ELSE or not _is_same(value, _ELSE[name]):
            _validation.check_integer(name, value, 1)
    for name in _BOOLS:
        _validation.check_bool(name, getattr(estimator, name))
    if isinstance(estimator.learning_rate, str):
        _validation.check_choice("learning_rate", estimator.learning_rate, _RATES)
    if isinstance(estimator.solver, str) and not optimizers.CATALOGUE.knows(estimator.solver):
        _check_without_epochs(estimator)


def _is_same(value: object, other: object) -> bool:
    return value is other or (isinstance(value, str | float) and value == other)


def _check_without_epochs(estimator: Any) -> None:
    """L-BFGS has neither batches nor epochs: what asks for them is refused, but for scikit-learn's own parameters."""
    if estimator.solver != "lbfgs":
        raise _validation.unknown_name("solver", estimator.solver, ("lbfgs", *optimizers.CATALOGUE.by_name))
    if estimator.callbacks is not None:
        raise _validation.mismatch("callbacks", "None with solver='lbfgs'", estimator.callbacks)
    if any(_list_dropout(estimator)):
        raise _validation.mismatch("dropout", "0 with solver='lbfgs'", estimator.dropout)


def list_sizes(estimator: Any) -> list[int]:
    """Return the numbers of units of hidden layers."""
    given = estimator.hidden_layer_sizes
    sizes = np.atleast_1d(np.asarray(given)).tolist() if isinstance(given, Iterable) else [given]
    return [_validation.check_integer("hidden_layer_sizes", size, 1) for size in sizes]


def list_activations(estimator: Any) -> list[str | ActivationFunction]:
    """Return the activation of each hidden layer in nnfast's words."""
    each = _list_each("activation", estimator.activation, list_sizes(estimator))
    return [ACTIVATIONS.get(name, name) if isinstance(name, str) else name for name in each]


def _list_dropout(estimator: Any) -> list[float]:
    each = _list_each("dropout", estimator.dropout, list_sizes(estimator))
    return [_validation.check_real("dropout", rate, "[0, 1)") for rate in each]


def _list_each(name: str, value: Any, sizes: list[int]) -> list[Any]:
    """Return a value for each hidden layer, of one for all or one for each."""
    if not isinstance(value, list | tuple):
        return [value] * len(sizes)
    if len(value) != len(sizes):
        raise _validation.mismatch(name, f"one for all, or one for each of {len(sizes)} hidden layers", value)
    return list(value)


def describe_layout(estimator: Any) -> tuple[Any, ...]:
    """Return what `make_layers` reads of the parameters, to be compared."""
    return list_sizes(estimator), list_activations(estimator), _list_dropout(estimator), float(estimator.alpha)


def make_layers(estimator: Any, n_features: int, n_outputs: int) -> list[Layer]:
    """Return the layers of a network."""
    penalty = L2(estimator.alpha / 2) if estimator.alpha else None
    layers: list[Layer] = [Input(n_features)]
    parts = zip(list_sizes(estimator), list_activations(estimator), _list_dropout(estimator), strict=True)
    for size, activation, rate in parts:
        layers.append(Dense(size, activation, kernel_regularizer=penalty))
        if rate:
            layers.append(Dropout(rate))
    return [*layers, Dense(n_outputs, OUTPUTS[estimator.out_activation_], kernel_regularizer=penalty)]


def draw_weights(estimator: Any, random_state: np.random.RandomState, units: list[int], dtype: Any) -> list[Any]:
    """Draw first kernels and biases: the numbers that scikit-learn draws of the same random state."""
    own = list_activations(estimator)
    weights: list[Any] = []
    each = [*own, *own[-1:]] or ["linear"]
    for (n_in, n_out), activation in zip(pairwise(units), each, strict=True):
        is_logistic = activation == "sigmoid" or getattr(activation, "core_name", "") == "sigmoid"
        bound = np.sqrt((2.0 if is_logistic else 6.0) / (n_in + n_out))
        weights.append(random_state.uniform(-bound, bound, (n_in, n_out)).astype(dtype))
        weights.append(random_state.uniform(-bound, bound, n_out).astype(dtype))
    return weights


def make_loss(loss: Any, out_activation: str, n_outputs: int) -> Loss:
    """Return the loss that a name, an object or a function stands for, told and differentiated as scikit-learn does.

    It halves squared errors, and differentiates their sum over the outputs where it tells their mean.
    """
    if not isinstance(loss, str):
        return losses.get(loss).share(1.0, 1.0)
    if loss == "log_loss":
        is_one = out_activation == "softmax"
        chosen = losses.get("sparse_categorical_crossentropy" if is_one else "binary_crossentropy")
        factors = (1.0, 1.0) if is_one else (n_outputs, n_outputs)
    else:
        chosen = losses.get(_LOSSES.get(loss, loss))
        factors = {"squared_error": (0.5, n_outputs / 2), "poisson": (n_outputs, n_outputs)}.get(loss, (1.0, 1.0))
    if not chosen.is_sum:
        chosen = dataclasses.replace(chosen, reduction="mean_with_sample_weight")
    return chosen.share(*map(float, factors))


def make_optimizer(estimator: Any) -> Optimizer:
    """Return the optimizer that ``solver`` and the parameters around it stand for."""
    rate = estimator.learning_rate_init if isinstance(estimator.learning_rate, str) else estimator.learning_rate
    if estimator.solver == "sgd":
        return SGD(rate, estimator.momentum, estimator.nesterovs_momentum)
    if estimator.solver == "adam":
        return Adam(rate, estimator.beta_1, estimator.beta_2, estimator.epsilon)
    if isinstance(estimator.solver, Optimizer):
        return copy.deepcopy(estimator.solver)
    optimizer = optimizers.get(estimator.solver)
    optimizer.learning_rate = rate
    return optimizer
