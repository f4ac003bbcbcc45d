"""fit_many: how it ends by errors, Ctrl-C and callbacks, and what it refuses."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from many import assert_same, make_data, make_models

import nnfast
from nnfast import Sequential, fit_many
from nnfast.callbacks import Callback, EarlyStopping, TerminateOnNaN
from nnfast.data import Batches
from nnfast.exceptions import NotFiniteError, NotReadyError
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD

# ---- ends ------------------------------------------------------------------------------------------------------------


def assert_usable(models: list[Sequential]) -> None:
    """Each goes on where it stands, as a model does that stood there by itself."""
    x, y = make_data()
    for model in models:
        assert all(np.isfinite(each).all() for each in model.get_weights())
        before = model._epochs_done
        model.fit(x, y, epochs=1, verbose=0)
        assert model._epochs_done == before + 1


def test_a_raising_callback_ends_all() -> None:
    closed = []

    class Raising(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2 and self.model.seed == 3:
                raise RuntimeError("enough")

        def close(self) -> None:
            closed.append(self.model.seed)

    models = make_models()
    with pytest.raises(RuntimeError, match="enough") as caught:
        fit_many(models, *make_data(), epochs=9, verbose=0, callbacks=[[Raising()] for _ in models])
    assert caught.value.__notes__ == ["in the fit of models[3]"]
    assert sorted(closed) == [0, 1, 2, 3, 4]
    assert [model._epochs_done for model in models] == [3] * 5
    told = [model.history and model.history.epoch for model in models]
    assert told == [[0, 1, 2]] * 3 + [[0, 1]] + [[0, 1, 2]]  # a history hears last
    assert_usable(models)


def make_models_of_which_one_diverges() -> list[Sequential]:
    models = make_models()
    models[2].compile(SGD(1e30), "sparse_categorical_crossentropy")
    return models


def test_a_loss_of_nan_ends_all() -> None:
    models = make_models_of_which_one_diverges()
    with pytest.raises(NotFiniteError) as caught:
        fit_many(models, *make_data(), epochs=4, verbose=0)
    assert caught.value.__notes__ == ["in the fit of models[2]"]
    assert_usable([models[i] for i in (0, 1, 3, 4)])


def test_a_loss_of_nan_that_is_expected_ends_one() -> None:
    x, y = make_data()
    models, row = make_models_of_which_one_diverges(), make_models_of_which_one_diverges()
    fit_many(models, x, y, epochs=4, verbose=0, callbacks=[[TerminateOnNaN()] for _ in models])
    for model in row:
        model.fit(x, y, epochs=4, verbose=0, callbacks=[TerminateOnNaN()])
    losses = [model.history.history["loss"] for model in models if model.history]
    assert [len(each) for each in losses] == [4, 4, 1, 4, 4]
    assert np.isnan(losses[2][0])
    others = [0, 1, 3, 4]
    assert_same([models[i] for i in others], [row[i] for i in others])


def fit_until_interrupted(models: list[Sequential], n_rows: int, epochs: Any) -> None:
    """SIGINT comes after a second, and ends all soon."""
    x, y = make_data(n_rows)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fit_many(models, x, y, epochs=epochs, verbose=0)
    assert time.monotonic() - start < 6
    for model in models:
        assert model.history
        assert len(model.history.epoch) == model._epochs_done


@pytest.mark.parametrize("set_threads", [1, 2])
def test_ctrl_c_ends_all(set_threads: int) -> None:
    nnfast.set_num_threads(set_threads)
    models = make_models()
    fit_until_interrupted(models, 1000, 10**6)
    n_epochs = [model._epochs_done for model in models]
    assert sum(n > 0 for n in n_epochs) == set_threads
    assert_usable(models)


def test_ctrl_c_while_the_calling_thread_waits() -> None:
    """It takes the first, which is the largest, and is done long before the other."""
    nnfast.set_num_threads(2)
    models = [Sequential([Input(6), *map(Dense, widths), Dense(3, "softmax")], seed=0) for widths in ((3,), (240, 240))]
    for model in models:
        model.compile("adam", "sparse_categorical_crossentropy")
    fit_until_interrupted(models, 50_000, [1000, 1])
    assert models[0]._epochs_done < 1000


# ---- errors ----------------------------------------------------------------------------------------------------------


def spoil(**wrong: Any) -> Callable[[list[Sequential]], dict[str, Any]]:
    return lambda models: wrong


WRONG: dict[str, tuple[Callable[[list[Sequential]], dict[str, Any]], str]] = {
    "none": (spoil(models=[]), r"models: expected a list of Sequential, received \[\]"),
    "one": (lambda models: {"models": models[0]}, "models: expected a list of Sequential"),
    "twice": (
        lambda models: {"models": [*models, models[1]]},
        "models: expected each to be there once, received the same at positions 1 and 5",
    ),
    "sizes": (spoil(batch_size=[1, 2]), "batch_size: expected one for all, or a sequence of one for each of 5 models"),
    "size": (spoil(batch_size=[1, 2, 3, 4, 0]), "batch_size: expected an integer >= 1, received 0"),
    "epochs": (spoil(epochs=0), "epochs: expected an integer from 1"),
    "flat": (spoil(callbacks=[EarlyStopping()] * 5), "callbacks: expected a list of callbacks for each of 5 models"),
    "few": (spoil(callbacks=[[]]), "callbacks: expected a list of callbacks for each of 5 models"),
    "shared": (
        spoil(callbacks=[[EarlyStopping()]] * 5),
        "callbacks: expected each to be there once, received the same at positions 0 and 1",
    ),
    "stream": (spoil(x=Batches(*make_data())), "x: expected an array, a table or a sparse matrix"),
    "iterator": (spoil(x=iter([make_data()])), "x: expected an array, a table or a sparse matrix"),
    "validation": (spoil(validation_data=Batches(*make_data())), "validation_data: expected an array"),
    "pair": (spoil(validation_data=(1,)), r"validation_data\[0\]: expected"),
    "threads": (spoil(n_threads=0), "n_threads: expected an integer from 1 to 1024, received 0"),
    "labels": (spoil(y=np.full(90, 9)), "y: expected"),
    "columns": (spoil(x=np.zeros((90, 5))), "x: expected"),
    "verbose": (spoil(verbose=7), "verbose"),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_change_nothing(name: str) -> None:
    make, message = WRONG[name]
    models = make_models()
    x, y = make_data()
    with pytest.raises(ValueError, match=message):
        fit_many(**{"models": models, "x": x, "y": y, "verbose": 0} | make(models))
    assert [model.history for model in models] == [None] * 5
    for model, other in zip(models, make_models(), strict=True):
        for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_model_that_is_not_compiled_stops_all_before_any_begins() -> None:
    models = [*make_models(is_built=False), Sequential([Dense(3)])]
    with pytest.raises(NotReadyError, match="compile"):
        fit_many(models, *make_data(), verbose=0)
    assert not any(model.built for model in models)


def test_errors_before_the_first_fit_say_whose_they_are() -> None:
    models = make_models()
    models[3] = Sequential([Input(4), Dense(3)])
    models[3].compile("adam", "mse")
    with pytest.raises(ValueError, match="x: expected 4 features") as caught:
        fit_many(models, *make_data(), verbose=0)
    assert caught.value.__notes__ == ["in the fit of models[3]"]
