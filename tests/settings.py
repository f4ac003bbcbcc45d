"""settings.py: what every public constructor and method takes beside arrays, and values that are none of that.

What a parameter of a class takes is read from its default: a truth value, an integer, a number or a name. `MORE` lists
those of methods and functions, and of classes whose defaults do not tell.
"""

import inspect
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from entry_points import LABELS, X, make_model

import nnfast
from nnfast import (
    activations,
    callbacks,
    constraints,
    datasets,
    initializers,
    kernels,
    layers,
    losses,
    metrics,
    optimizers,
    preprocessing,
    regularizers,
    schedules,
)
from nnfast.data import Batches

NO_NUMBER = ("0.1", b"1", 1j, [1, 2], (0.5, 1, 2), {}, np.array([0.5, 0.5]), np.nan, np.datetime64("NaT"), ...)
TRUTHS = (True, np.True_)
TEXT = "a text"
WRONG: dict[Any, tuple[Any, ...]] = {
    bool: (1, 0, 1.0, "yes", "", None, [], np.int64(1), np.nan),
    int: (*NO_NUMBER, *TRUTHS, 1.5, np.inf, np.float64(2), -(10**30), "three"),
    float: (*NO_NUMBER, *TRUTHS, -np.inf, np.float32("nan"), np.complex64(1)),
    str: (3.5, True, b"mean", [], "no such name"),
    TEXT: (3, True, b"name", [], {}),
}
RIGHT: dict[Any, Callable[[Any], Any]] = {bool: np.bool_, int: np.int64, float: np.float64, str: np.str_, TEXT: np.str_}
"""Scalars of NumPy's that stand for a good value."""


class Setting(NamedTuple):
    """A parameter, what it takes, a good value, and a call with a value for it alone."""

    owner: str
    name: str
    kind: Any
    good: Any
    call: Callable[[Any], Any]


MODULES: tuple[ModuleType, ...] = (
    *(activations, callbacks, constraints, initializers, layers, losses),
    *(metrics, optimizers, preprocessing, regularizers, schedules),
)
NEEDED: dict[str, dict[str, Any]] = {
    "Dense": {"units": 3},
    "Input": {"shape": 6},
    "Dropout": {"rate": 0.5},
    "Rescaling": {"scale": 2.0},
    "Activation": {"activation": "relu"},
    "ModelCheckpoint": {"filepath": "m"},
    "CSVLogger": {"filename": "m"},
    "LossMean": {"loss": "mse"},
    "StepDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10},
    "OneCycle": {"max_learning_rate": 0.1, "total_steps": 10},
    "Warmup": {"schedule": 0.1, "warmup_steps": 10},
}
"""What a class cannot do without."""
KINDS = {
    **dict.fromkeys(("filepath", "filename", "log_dir", "monitor", "name"), TEXT),
    **dict.fromkeys(("min_delta", "stddev", "gain", "value", "alpha", "l1", "l2"), float),
}
"""Of parameters whose defaults say something else."""
LEFT_OUT = {"CSVLogger.filename", "ModelCheckpoint.filepath", "TensorBoard.log_dir", "Warmup.schedule", "LossMean.loss"}
ALSO_RIGHT = {"verbose": TRUTHS, "shape": ([1, 2], (0.5, 1, 2))}


def list_classes() -> Iterator[tuple[str, type]]:
    for module in MODULES:
        for name, thing in sorted(vars(module).items()):
            is_ours = inspect.isclass(thing) and thing.__module__.startswith("nnfast.")
            if is_ours and not name.startswith("_"):
                yield name, thing


def list_of_classes() -> Iterator[Setting]:
    for owner, cls in dict(list_classes()).items():
        needed = NEEDED.get(owner, {})
        try:
            cls(**needed)
        except (ValueError, TypeError):
            continue  # a base, or one that takes functions
        for name, parameter in inspect.signature(cls).parameters.items():
            good = needed.get(name, parameter.default)
            kind = KINDS.get(name, type(good))
            if f"{owner}.{name}" not in LEFT_OUT and kind in WRONG and parameter.default is not None:
                yield Setting(owner, name, kind, good, partial(_make, cls, needed, name))


def _make(cls: Callable[..., Any], needed: dict[str, Any], name: str, value: Any) -> Any:
    return cls(**needed | {name: value})


def _fit(name: str, value: Any) -> Any:
    return make_model().fit(X, LABELS, **{"verbose": 0, name: value})


def _update(name: str, value: Any) -> Any:
    return kernels.sgd_update(np.ones(3), np.ones(3), **{name: value})


def _build(name: str, value: Any) -> Any:
    return nnfast.Sequential(**{name: value})


def _split(name: str, value: Any) -> Any:
    return preprocessing.train_test_split(X, **{name: value})


def _save(value: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        make_model().save(Path(folder, "m"))
        return nnfast.load_model(Path(folder, "m"), value)


OPTIONS = {
    "clipnorm": (float, 1.0),
    "clipvalue": (float, 1.0),
    "global_clipnorm": (float, 1.0),
    "weight_decay": (float, 0.1),
    "use_ema": (bool, True),
    "ema_momentum": (float, 0.9),
    "ema_overwrite_frequency": (int, 5),
    "gradient_accumulation_steps": (int, 2),
}
MORE = [
    Setting("fit", "batch_size", int, 4, partial(_fit, "batch_size")),
    Setting("fit", "epochs", int, 1, partial(_fit, "epochs")),
    Setting("fit", "initial_epoch", int, 0, partial(_fit, "initial_epoch")),
    Setting("fit", "validation_split", float, 0.5, partial(_fit, "validation_split")),
    Setting("fit", "shuffle", bool, True, partial(_fit, "shuffle")),
    Setting("fit", "verbose", int, 0, partial(_fit, "verbose")),
    Setting("Sequential", "seed", int, 1, partial(_build, "seed")),
    Setting("Sequential", "dtype", str, "float64", partial(_build, "dtype")),
    Setting("Sequential", "name", TEXT, "net", partial(_build, "name")),
    Setting("build", "input_shape", int, 6, lambda value: nnfast.Sequential([layers.Dense(2)]).build(value)),
    Setting("predict", "batch_size", int, 4, lambda value: make_model().predict(X, value)),
    Setting("predict", "verbose", int, 0, lambda value: make_model().predict(X, verbose=value)),
    Setting("evaluate", "batch_size", int, 4, lambda value: make_model().evaluate(X, LABELS, value, 0)),
    Setting("forward", "training", bool, True, lambda value: make_model().forward(X, value)),
    Setting("count_params", "trainable", bool, True, lambda value: make_model().count_params(trainable=value)),
    Setting("trainable", "trainable", bool, True, lambda value: setattr(make_model(), "trainable", value)),
    Setting("load_model", "compile", bool, True, _save),
    Setting("set_num_threads", "n", int, 1, nnfast.set_num_threads),
    *(
        Setting("Batches", name, kind, good, partial(_make, Batches, {"x": X}, name))
        for name, kind, good in (("batch_size", int, 4), ("block_size", int, 8), ("seed", int, 1))
    ),
    *(
        Setting("SGD", name, kind, good, partial(_make, optimizers.SGD, {}, name))
        for name, (kind, good) in OPTIONS.items()
    ),
    *(
        Setting(cls.__name__, "seed", int, 1, partial(_make, cls, {}, "seed"))
        for cls in (initializers.GlorotUniform, initializers.RandomNormal, initializers.Orthogonal)
    ),
    Setting("sgd_update", "step", int, 1, partial(_update, "step")),
    Setting("sgd_update", "learning_rate", float, 0.1, partial(_update, "learning_rate")),
    Setting("kernels.huber", "delta", float, 1.0, lambda value: kernels.huber(np.ones((2, 1)), np.ones((2, 1)), value)),
    Setting("kernels.elu", "alpha", float, 1.0, lambda value: kernels.elu(np.ones(3), value)),
    Setting("shuffle", "n_samples", int, 3, lambda value: preprocessing.shuffle(X, n_samples=value)),
    Setting("train_test_split", "shuffle", bool, True, partial(_split, "shuffle")),
    Setting("train_test_split", "test_size", float, 0.5, partial(_split, "test_size")),
    Setting("to_categorical", "num_classes", int, 2, lambda value: preprocessing.to_categorical(LABELS, value)),
    Setting("make_moons", "n_samples", int, 10, lambda value: datasets.make_moons(value)),
    Setting("make_moons", "noise", float, 0.1, lambda value: datasets.make_moons(noise=value)),
]
SKIPPED_VALUES = {
    "build.input_shape": ([1, 2], (0.5, 1, 2)),
    "count_params.trainable": (None,),
    "make_moons.n_samples": ([1, 2],),
}
"""Values that mean something there."""


def list_settings() -> list[Setting]:
    return [*list_of_classes(), *MORE]


def list_wrong(setting: Setting) -> Iterator[Any]:
    key = f"{setting.owner}.{setting.name}"
    allowed = (*ALSO_RIGHT.get(setting.name, ()), *SKIPPED_VALUES.get(key, ()))
    for value in WRONG[setting.kind]:
        if not any(value is other or (type(value) is type(other) and value == other) for other in allowed):
            yield value


NOUNS = ("initializer", "dtype", "activation", "loss")


def is_clear(name: str, message: str) -> bool:
    """Whether a message says parameter, or its kind, expected and received."""
    return any(re.search(rf"{word}.*: expected .*received", message, re.DOTALL) for word in (name, *NOUNS))


def find_fault(setting: Setting, value: Any) -> str:
    """Return what is wrong with the end of a call with a wrong value, or nothing."""
    try:
        setting.call(value)
    except (ValueError, TypeError) as error:
        return "" if is_clear(setting.name, str(error)) else f"a vague error: {error}"
    return "no error"
