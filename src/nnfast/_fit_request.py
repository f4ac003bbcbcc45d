"""_fit_request: the arguments of ``fit``, as given, and checked as far as no model is needed for it."""

from collections.abc import Collection
from typing import Any, NamedTuple

from nnfast import _sources, _validation
from nnfast._sources import TrainingData, ValidationPlan
from nnfast.callbacks.callback import Callback, check_callbacks
from nnfast.callbacks.progress import check_verbosity
from nnfast.saving.tensor_file import StrPath


class FitRequest(NamedTuple):
    """The arguments of ``fit``; see there."""

    x: Any
    y: Any
    batch_size: int | None
    epochs: int
    verbose: int | str
    callbacks: Any
    validation_split: float
    validation_data: Any
    shuffle: bool
    class_weight: Any
    sample_weight: Any
    initial_epoch: int = 0
    steps_per_epoch: int | None = None
    validation_steps: int | None = None
    validation_freq: Any = 1
    resume: StrPath | None = None


class CheckedRequest(NamedTuple):
    """What they ask for."""

    data: TrainingData
    plan: ValidationPlan
    epochs: range
    validated: Collection[int]
    callbacks: list[Callback]
    verbosity: int


def check_request(request: FitRequest) -> CheckedRequest:
    """Check what needs no model; raise ValueError if an argument is not as ``fit`` describes it."""
    epochs = _validation.check_integer("epochs", request.epochs, 1, 2**31)
    initial_epoch = _validation.check_integer("initial_epoch", request.initial_epoch, 0, epochs)
    size = 32 if request.batch_size is None else _validation.check_integer("batch_size", request.batch_size, 1)
    verbosity = check_verbosity(request.verbose)
    callbacks = check_callbacks(request.callbacks)
    share = _validation.check_real("validation_split", request.validation_split, "[0, 1)")
    shuffle = _validation.check_bool("shuffle", request.shuffle)
    data = TrainingData(request.x, request.y, request.sample_weight, request.class_weight, size, shuffle)
    plan = ValidationPlan(request.validation_data, share, request.validation_steps)
    validated = _sources.choose_validated(request.validation_freq, epochs)
    if request.resume is not None:
        _validation.check_path("resume", request.resume)
    return CheckedRequest(data, plan, range(initial_epoch, epochs), validated, callbacks, verbosity)
