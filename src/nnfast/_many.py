"""_many: `fit_many`: small models trained side by side, for searches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nnfast import _validation, config
from nnfast._class_weights import ClassWeight
from nnfast._fit import Fit
from nnfast._fit_request import FitRequest
from nnfast._work import Steps, run_side_by_side
from nnfast.callbacks.callback import Callback, History
from nnfast.callbacks.progress import check_verbosity, describe, report
from nnfast.data.containers import find_names
from nnfast.data.features import ReadSamples
from nnfast.data.sparse import as_samples
from nnfast.data.streams import is_stream
from nnfast.models import Sequential


def fit_many(
    models: Sequence[Sequential],
    x: Any,
    y: Any,
    batch_size: int | Sequence[int] | None = 32,
    epochs: int | Sequence[int] = 1,
    verbose: int | str = "auto",
    callbacks: Sequence[Sequence[Callback]] | None = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: ClassWeight | None = None,
    sample_weight: Any = None,
    *,
    n_threads: int | None = None,
) -> list[History]:
    """Fit many models to the same data, side by side: each with one thread, as many at a time as there are threads.

    The weights, and what is told of them, have the bits of ``[model.fit(x, y, ...) for model in models]``. Small models
    gain: alone they have too little to do for several threads. Epochs run without the interpreter. What callbacks and
    validation do in Python is done in the calling thread between epochs, one model after the other.

    Parameters
    ----------
    models : sequence of Sequential
        Compiled, each of them once; they may differ in everything: seeds, layers, optimizers, losses, metrics.
    x, y : array-like
        As for `Sequential.fit`, but no stream; `x` is converted once. Each model keeps, or compares, the names of a
        frame's columns.
    batch_size, epochs : int, or sequence of int
        As there; a sequence has a number for each model.
    verbose : {"auto", 0, 1, 2}
        0 is silent; all else reports a line for each model that is done.
    callbacks : sequence of lists of Callback, optional
        For each model a list of its own. ``on_progress`` is called between batches if a callback hears of batches, else
        it may not be called.
    validation_split, validation_data, shuffle, class_weight, sample_weight
        As there, the same for all; ``validation_data`` is no stream.
    n_threads : int, optional
        The most threads to use; None is all of `get_num_threads`, and there are never more than those.

    Returns
    -------
    list of History
        Of each model; they are also in ``model.history``.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, a model or a callback is there twice; nothing is changed then.
    NotReadyError
        If a model is not compiled with a loss.
    NotFiniteError, or what a callback raises
        An error of one fit ends the others, and is raised with a note that names the model. So does Ctrl-C. All models
        can be used then, and trained further; ``model.history`` tells how far each has come. To let the others go on
        when the loss of one becomes NaN, give that one a `TerminateOnNaN`.

    Notes
    -----
    A loss that is a function of Python's is computed by the interpreter, one model after the other. Models may share an
    optimizer's description; a callback that sets its ``learning_rate`` then sets it for all of them at once.

    Examples
    --------
    >>> import nnfast
    >>> from nnfast.datasets import load_digits
    >>> from nnfast.layers import Dense, Input
    >>> (x, y), (x_test, y_test) = load_digits()
    >>> models = [
    ...     nnfast.Sequential([Input(64, scale=1 / 16), Dense(n, "relu"), Dense(10, "softmax")], seed=seed)
    ...     for n in (16, 32) for seed in range(3)
    ... ]
    >>> for model in models:
    ...     model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    >>> histories = nnfast.fit_many(models, x, y, epochs=20, validation_data=(x_test, y_test), verbose=0)
    >>> scores = [history.history["val_accuracy"][-1] for history in histories]
    >>> best = models[scores.index(max(scores))]
    >>> best.layers[0].units, max(scores) > 0.9
    (32, True)
    """
    chosen = _check_models(models)
    verbosity = check_verbosity(verbose)
    n_most = None if n_threads is None else _validation.check_integer("n_threads", n_threads, 1, 1024)
    samples, validation = _convert(x), _convert_pair(validation_data)
    same = (validation_split, validation, shuffle, class_weight, sample_weight)
    each = zip(
        _spread("batch_size", batch_size, len(chosen)),
        _spread("epochs", epochs, len(chosen)),
        _check_callbacks(callbacks, len(chosen)),
        strict=True,
    )
    requests = [FitRequest(samples, y, size, n_epochs, 0, listeners, *same) for size, n_epochs, listeners in each]
    fits = _begin(chosen, requests)
    histories = [model.history for model in chosen if model.history]
    places = sorted(range(len(fits)), key=lambda place: -chosen[place].count_params() * len(fits[place].epochs))
    with config.limit_threads(n_most):
        run_side_by_side([_follow(fits[place], place, histories if verbosity else ()) for place in places])
    return histories


def _begin(models: Sequence[Sequential], requests: Sequence[FitRequest]) -> list[Fit]:
    """Begin all fits, when all have been checked."""
    checked, fits = [], []
    for place, (model, request) in enumerate(zip(models, requests, strict=True)):
        with _say_whose(place):
            checked.append(model._check_fit(request))
    for place, begin in enumerate(checked):
        with _say_whose(place):
            fits.append(begin())
    return fits


def _follow(fit: Fit, place: int, reported: Sequence[History]) -> Steps[None]:
    """Take the steps of a fit, and report its end if its history is among the reported."""
    with _say_whose(place):
        yield from fit.take_steps()
    if reported:
        history = reported[place]
        last = {name: values[-1] for name, values in history.history.items()}
        report(f"Model {place + 1}/{len(reported)} - {len(history.epoch)} epochs - {describe(last)}")


@contextmanager
def _say_whose(place: int) -> Iterator[None]:
    """Note in errors which model they are of."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in the fit of models[{place}]")
        raise


# ---- arguments -------------------------------------------------------------------------------------------------------


def _check_models(models: Any) -> list[Sequential]:
    several = list(models) if isinstance(models, list | tuple) else []
    if not several or not all(isinstance(model, Sequential) for model in several):
        raise _validation.mismatch("models", "a list of Sequential", models)
    _check_once("models", several)
    return several


def _check_once(name: str, things: Sequence[object]) -> None:
    places: dict[int, int] = {}
    for place, thing in enumerate(things):
        if places.setdefault(id(thing), place) != place:
            received = f"the same at positions {places[id(thing)]} and {place}"
            raise ValueError(f"{name}: expected each to be there once, received {received}")


def _spread(name: str, value: Any, n_models: int) -> list[Any]:
    """Return a value for each model, of one for all or a sequence; ``fit`` checks them."""
    if not isinstance(value, list | tuple | range):
        return [value] * n_models
    if len(value) != n_models:
        raise _validation.mismatch(name, f"one for all, or a sequence of one for each of {n_models} models", value)
    return list(value)


def _check_callbacks(callbacks: Any, n_models: int) -> list[list[Callback]]:
    if callbacks is None:
        return [[] for _ in range(n_models)]
    is_nested = isinstance(callbacks, list | tuple) and all(isinstance(each, list | tuple) for each in callbacks)
    if not is_nested or len(callbacks) != n_models:
        raise _validation.mismatch("callbacks", f"a list of callbacks for each of {n_models} models", callbacks)
    _check_once("callbacks", [callback for each in callbacks for callback in each])
    return [list(each) for each in callbacks]


def _convert(x: Any, name: str = "x") -> ReadSamples:
    """Make samples that need no conversion for each model."""
    _check_no_stream(x, name)
    return ReadSamples(as_samples(x, name=name), find_names(x, name))


def _convert_pair(data: Any) -> Any:
    _check_no_stream(data, "validation_data")
    return (_convert(data[0], "validation_data[0]"), *data[1:]) if isinstance(data, tuple | list) and data else data


def _check_no_stream(x: Any, name: str) -> None:
    if is_stream(x):
        raise _validation.mismatch(name, "an array, a table or a sparse matrix, as all models read it", x)
