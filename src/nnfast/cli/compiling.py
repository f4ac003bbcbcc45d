"""compiling: what ``compile`` is told, of a command's settings: optimizer with its schedule, loss, metrics."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nnfast import _validation, losses, metrics, optimizers, schedules
from nnfast.losses import Loss
from nnfast.optimizers import Optimizer
from nnfast.schedules import LearningRate, LearningRateSchedule

Settings = dict[str, Any]
"""Name of an option -> its value."""

CLASS_LOSSES = (
    *("sparse_categorical_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy"),
    *("kl_divergence", "mean_squared_error"),
)
VALUE_LOSSES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "quantile")
CLASS_METRICS = ("accuracy", "top_k_categorical_accuracy", "precision", "recall", "f1_score", "auc")
VALUE_METRICS = ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score")


class Course(NamedTuple):
    """How long a training is."""

    n_steps: int
    """Of the whole training, without warm-up."""
    epoch_steps: int


class _Schedule(NamedTuple):
    """A row of ``SCHEDULES``."""

    kind: type[LearningRateSchedule]
    rate: str
    """The parameter that takes the learning rate."""
    choose: Callable[[Course], dict[str, Any]]
    """Returns arguments that suit the training."""
    follows_epochs: bool = True
    """Whether these change with the number of epochs."""


SCHEDULES = {
    "constant": _Schedule(schedules.Constant, "learning_rate", lambda course: {}, False),
    "cosine": _Schedule(schedules.CosineDecay, "initial_learning_rate", lambda course: {"decay_steps": course.n_steps}),
    "linear": _Schedule(
        schedules.PolynomialDecay,
        "initial_learning_rate",
        lambda course: {"decay_steps": course.n_steps, "end_learning_rate": 0.0},
    ),
    "exponential": _Schedule(
        schedules.ExponentialDecay,
        "initial_learning_rate",
        lambda course: {"decay_steps": course.n_steps, "decay_rate": 0.01},
    ),
    "step": _Schedule(
        schedules.StepDecay, "initial_learning_rate", lambda course: {"decay_steps": max(course.n_steps // 3, 1)}
    ),
    "inverse-time": _Schedule(
        schedules.InverseTimeDecay,
        "initial_learning_rate",
        lambda course: {"decay_steps": course.epoch_steps, "decay_rate": 0.1},
        False,
    ),
    "one-cycle": _Schedule(schedules.OneCycle, "max_learning_rate", lambda course: {"total_steps": course.n_steps}),
}


def make_optimizer(settings: Settings, epochs: int, epoch_steps: int) -> Optimizer:
    """Make the optimizer, its learning rate following the training's course."""
    kind: Any = type(optimizers.get(settings["optimizer"]))
    arguments = _list_arguments(kind, settings)
    optimizer: Optimizer = kind(**arguments, learning_rate=_make_rate(settings, epochs, epoch_steps))
    return optimizer


def _list_arguments(kind: type[Optimizer], settings: Settings) -> dict[str, Any]:
    """Return what the optimizer is told beside its learning rate."""
    chosen = dict(settings["optimizer-option"] or {})
    for name in ("momentum", "weight-decay"):
        if settings[name] is not None:
            chosen[name.replace("-", "_")] = settings[name]
    known = tuple(name for name in kind.arguments if name != "learning_rate")
    for name in chosen:
        if name not in known:
            raise _validation.unknown_name(f"optimizer: argument of {kind.names[0]}", name, known)
    chosen |= {name: settings[name] for name in ("clipnorm", "clipvalue") if settings[name] is not None}
    if settings["global-clipnorm"] is not None:
        chosen["global_clipnorm"] = settings["global-clipnorm"]
    if settings["ema"] is not None:
        chosen |= {"use_ema": True, "ema_momentum": settings["ema"]}
    if settings["accumulation"] > 1:
        chosen["gradient_accumulation_steps"] = settings["accumulation"]
    return chosen


def _make_rate(settings: Settings, epochs: int, epoch_steps: int) -> LearningRate:
    rate = settings["learning-rate"]
    n_warm = round(settings["warmup"] * epoch_steps)
    if settings["schedule"] is not None:
        row = SCHEDULES[settings["schedule"]]
        chosen = row.choose(Course(max(epochs * epoch_steps - n_warm, 1), epoch_steps))
        noun = f"schedule: argument of {settings['schedule']}"
        rate = _call(noun, row.kind, {row.rate: rate} | chosen | (settings["schedule-option"] or {}))
    elif settings["schedule-option"]:
        raise ValueError("--schedule-option: expected a --schedule whose argument it is, received none")
    following: LearningRate = schedules.Warmup(rate, n_warm) if n_warm else rate
    return following


def make_loss(settings: Settings, is_classifier: bool) -> Loss:
    """Make the loss, one that goes with the task."""
    allowed = CLASS_LOSSES if is_classifier else VALUE_LOSSES
    name = settings["loss"] or allowed[0]
    kind = type(losses.get(name))
    if kind.names[0] not in allowed:
        raise _validation.unknown_name(f"loss of a {_name_task(is_classifier)}", name, allowed)
    arguments = dict(settings["loss-option"] or {})
    if settings["label-smoothing"]:
        arguments["label_smoothing"] = settings["label-smoothing"]
    return _call(f"loss: argument of {kind.names[0]}", kind, arguments)  # type: ignore[no-any-return]


def list_metrics(settings: Settings, is_classifier: bool) -> list[str]:
    """Return the names of metrics, accuracy always among those of classes."""
    allowed = CLASS_METRICS if is_classifier else VALUE_METRICS
    chosen = [*(["accuracy"] if is_classifier else []), *(settings["metric"] or [])]
    for name in chosen:
        if metrics.get(name).names[0] not in allowed:
            raise _validation.unknown_name(f"metric of a {_name_task(is_classifier)}", name, allowed)
    return list(dict.fromkeys(chosen))


def check_resumed(settings: Settings, was: Sequence[int]) -> None:
    """Check that a schedule laid out for some epochs is not followed for others; `was` and wanted numbers of them."""
    name = settings["schedule"]
    if name is not None and SCHEDULES[name].follows_epochs and was[0] != was[1]:
        raise ValueError(
            f"--epochs: expected {was[0]}, for which the schedule {name!r} was laid out, received {was[1]}"
        )


def _call(noun: str, kind: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    known = inspect.signature(kind).parameters
    for name in arguments:
        if name not in known:
            raise _validation.unknown_name(noun, name, known)
    return kind(**arguments)


def _name_task(is_classifier: bool) -> str:
    return "classification" if is_classifier else "regression"
