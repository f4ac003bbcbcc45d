"""How training on a stream ends: by errors, stops and interrupts; and what reads ahead ends with it."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from problems import hash_state, hash_weights, make_classes, make_classifier

from nnfast import Sequential
from nnfast.callbacks import Callback, LambdaCallback, TerminateOnNaN
from nnfast.data import Batches
from nnfast.exceptions import NotFiniteError
from nnfast.layers import Dense, Input

SIZE = 20
X, Y = make_classes()


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


def generate(n: int = 10, x: Any = X, y: Any = Y) -> Iterator[Any]:
    for first in range(0, n * SIZE, SIZE):
        yield x[first : first + SIZE], y[first : first + SIZE]


def fit(model: Sequential, *arguments: Any, **more: Any) -> Any:
    return model.fit(*arguments, verbose=0, **more).history


def trained_on(n: int) -> str:
    """The weights after some batches."""
    model = make_classifier()
    fit(model, X[: n * SIZE], Y[: n * SIZE], batch_size=SIZE, shuffle=False)
    return hash_weights(model)


# ---- errors in streams -----------------------------------------------------------------------------------------------


def break_after(n: int) -> Iterator[Any]:
    yield from generate(n)
    raise KeyError("a file that is not there")


class BrokenItems:
    def __len__(self) -> int:
        return 10

    def __getitem__(self, place: int) -> Any:
        return list(generate())[place] if place < 4 else [][place]


def test_an_error_of_a_generator_is_raised_where_its_batch_would_come() -> None:
    model = make_classifier()
    with pytest.raises(KeyError, match="not there") as caught:
        fit(model, break_after(4))
    assert "break_after" in {frame.name for frame in traceback.extract_tb(caught.value.__traceback__)}
    assert hash_weights(model) == trained_on(4)
    assert len(fit(model, generate())["loss"]) == 1  # usable


def test_an_error_of_an_item_is_raised() -> None:
    model = make_classifier()
    with pytest.raises(IndexError):
        fit(model, BrokenItems(), shuffle=False)
    assert hash_weights(model) == trained_on(4)


@pytest.mark.parametrize("call", ["evaluate", "predict"])
def test_an_error_ends_measuring_too(call: str) -> None:
    with pytest.raises(KeyError, match="not there"):
        getattr(make_classifier(), call)(break_after(4), verbose=0)


def test_an_error_of_validation_data_is_raised() -> None:
    model = make_classifier()
    with pytest.raises(KeyError, match="not there"):
        fit(model, X, Y, batch_size=SIZE, shuffle=False, validation_data=break_after(2))
    assert hash_weights(model) == trained_on(10)


def spoiled(place: int) -> Any:
    x = X.copy()
    x[place * SIZE + 7, 2] = np.nan
    return x


def test_numbers_that_are_not_finite_are_found_batch_by_batch() -> None:
    model = make_classifier()
    with pytest.raises(ValueError, match=r"x of batch 3: expected finite numbers, received NaN in row 7, column 2"):
        fit(model, generate(x=spoiled(3)))
    assert hash_weights(model) == trained_on(3)


def test_rows_of_blocks_are_named() -> None:
    batches = Batches(spoiled(3), Y, batch_size=SIZE, block_size=2 * SIZE, shuffle=False)
    with pytest.raises(ValueError, match=r"x\[40:80\]: expected finite numbers, received NaN in row 27, column 2"):
        fit(make_classifier(), batches)


BAD_BATCHES = {
    "no tuple": (X[:SIZE], r"x, batch 0: expected \(x, y\) or \(x, y, sample_weight\)"),
    "four": ((X[:4], Y[:4], Y[:4], Y[:4]), r"x, batch 0: expected \(x, y\) or \(x, y, sample_weight\)"),
    "features": ((X[:4, :3], Y[:4]), r"x of batch 0: expected 6 features a sample, received 3"),
    "rows": ((X[:4], Y[:3]), r"y of batch 0: expected as many rows as x has, 4, received 3"),
    "labels": ((X[:4], Y[:4] + 3), r"y of batch 0: expected class labels from 0 to 2"),
    "weights": ((X[:4], Y[:4], -Y[:4] - 1.0), r"sample_weight of batch 0: expected finite numbers >= 0"),
    "empty": ((X[:0], Y[:0]), r"x of batch 0: expected at least one sample"),
}


@pytest.mark.parametrize("name", BAD_BATCHES)
def test_bad_batches_are_named(name: str) -> None:
    batch, message = BAD_BATCHES[name]
    model = make_classifier()
    before = hash_weights(model)
    with pytest.raises(ValueError, match=message):
        fit(model, iter([batch]))
    with pytest.raises(ValueError, match=f"^validation_data: {message}"):
        fit(make_classifier(), X, Y, validation_data=iter([batch]))
    assert hash_weights(model) == before


def test_the_first_batch_tells_predict_the_number_of_features() -> None:
    model = Sequential([Dense(3)], seed=1)
    with pytest.raises(ValueError, match=r"^x of batch 1: expected 6 features a sample, received 4"):
        model.predict(iter([X[:4], X[:4, :4]]))
    assert np.array_equal(model.predict(x for x, _ in generate()), model.predict(X[: 10 * SIZE]))


GIVEN = {
    "y": {"y": Y},
    "sample_weight": {"sample_weight": Y},
    "validation_split": {"validation_split": 0.5},
    "class_weight": {"class_weight": "balanced"},
    "steps_per_epoch": {"steps_per_epoch": 0},
    "validation_steps": {"validation_data": (X, Y), "validation_steps": 2},
    "validation_freq": {"validation_freq": 0},
}


@pytest.mark.parametrize("name", GIVEN)
def test_arguments_that_do_not_go_with_streams(name: str) -> None:
    model, source = make_classifier(), generate()
    before = hash_state(model)
    with pytest.raises(ValueError, match=f"^{name}.*: expected .*, received"):
        fit(model, source, **GIVEN[name])
    assert hash_state(model) == before
    assert len(list(source)) == 10


@pytest.mark.parametrize("more", [{"steps_per_epoch": 3}, {"validation_steps": 3}])
def test_arguments_that_do_not_go_with_arrays(more: Any) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(more))}: expected None"):
        fit(make_classifier(), X, Y, **more)
    for call in ("evaluate", "predict"):
        arrays = (X, Y)[: 1 + (call == "evaluate")]
        with pytest.raises(ValueError, match=r"^steps: expected None"):
            getattr(make_classifier(), call)(*arrays, steps=2)
    with pytest.raises(ValueError, match=r"^y: expected targets, as x is an array"):
        fit(make_classifier(), X)


def test_measuring_takes_targets_from_the_stream() -> None:
    with pytest.raises(ValueError, match=r"^y: expected none"):
        make_classifier().evaluate(generate(), Y)
    with pytest.raises(ValueError, match=r"^steps: expected an integer"):
        make_classifier().predict(generate(), steps=0)
    with pytest.raises(ValueError, match=r"^x: expected Batches\(x, y\), received Batches\(x\) without y$"):
        fit(make_classifier(), Batches(X))
    with pytest.raises(ValueError, match=r"^x: expected Batches\(x, shuffle=False\)"):
        make_classifier().predict(Batches(X))


# ---- streams that end ------------------------------------------------------------------------------------------------


def test_a_stream_without_batches() -> None:
    for call in ("fit", "evaluate", "predict"):
        with pytest.raises(ValueError, match="x: expected at least one batch, received none; an iterator"):
            getattr(make_classifier(), call)(iter(()), verbose=0)
    model = Sequential([Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"x: expected at least one batch, received none$"):
        fit(model, {}.values())
    assert not model.built


def test_an_iterator_validates_once() -> None:
    model = make_classifier()
    with pytest.raises(ValueError, match="validation_data: x: expected at least one batch, received none; an iterator"):
        fit(model, X, Y, epochs=2, validation_data=generate())
    assert model.history.epoch == [0]
    model = make_classifier()
    with (
        pytest.warns(UserWarning, match="validation_data: x: expected 10 batches an epoch, received 0"),
        pytest.raises(ValueError, match=r"^validation_data: expected batches, received none: an iterator"),
    ):
        fit(model, X, Y, epochs=2, validation_data=generate(), validation_steps=10)
    assert model.history.epoch == [0]


def test_a_generator_that_ends_early_ends_training() -> None:
    model = make_classifier()
    with pytest.warns(UserWarning, match="x: expected 6 batches an epoch, received 4 before they ended"):
        logs = fit_and_warn_again(model, generate(), epochs=5, steps_per_epoch=6)
    assert len(logs["loss"]) == 2
    assert hash_weights(model) == trained_on(10)


def fit_and_warn_again(model: Sequential, *arguments: Any, **more: Any) -> Any:
    with pytest.warns(UserWarning, match="expected batches for epoch 3, received none"):
        return fit(model, *arguments, **more)


def test_a_generator_without_steps_has_one_epoch() -> None:
    model = make_classifier()
    with pytest.warns(UserWarning, match="x: expected batches for epoch 2, received none"):
        assert len(fit(model, generate(), epochs=3)["loss"]) == 1


# ---- stops and interrupts --------------------------------------------------------------------------------------------


def test_stop_training_ends_within_a_piece() -> None:
    class Stop(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 3

    model = make_classifier()
    logs = fit(model, Batches(X, Y, batch_size=SIZE, shuffle=False), epochs=3, callbacks=Stop())
    assert len(logs["loss"]) == 1
    assert hash_weights(model) == trained_on(4)


def test_a_callback_that_raises() -> None:
    def refuse(batch: int, logs: Any) -> None:
        if batch == 2:
            raise LookupError("enough")

    model = make_classifier()
    with pytest.raises(LookupError, match="enough"):
        fit(model, generate(), callbacks=LambdaCallback(on_train_batch_end=refuse))
    assert hash_weights(model) == trained_on(3)


def test_a_loss_that_is_not_finite() -> None:
    def explode() -> Iterator[Any]:
        yield from generate(3)
        yield np.full((SIZE, 6), 3e38, np.float32), Y[:SIZE]

    def make() -> Sequential:
        model = Sequential([Input(6), Dense(3)], seed=1)
        model.compile("sgd", "mse")
        return model

    def targets() -> Iterator[Any]:
        return ((x, np.eye(3)[y]) for x, y in explode())

    with pytest.raises(NotFiniteError, match=r"epoch 0, batch 3 \(counted from 0\)"):
        fit(make(), targets())
    quiet = make()
    logs = fit(quiet, targets(), callbacks=TerminateOnNaN())
    assert np.isnan(logs["loss"]).tolist() == [True]


def test_ctrl_c_ends_a_stream_without_end() -> None:
    def go_on() -> Iterator[Any]:
        while True:
            yield X, Y

    model = make_classifier()
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        fit(model, go_on(), steps_per_epoch=10**9)
    timer.join()
    assert time.perf_counter() - began < 5
    assert model._epochs_done == model._learner.state.step > 0
    assert np.isfinite(model.predict(X)).all()


# ---- reading ahead ---------------------------------------------------------------------------------------------------


class Meeting(Callback):
    """Holds training up within the first batch until the stream was asked for another one."""

    def __init__(self, wanted: threading.Event) -> None:
        super().__init__()
        self.wanted = wanted
        self.met = False

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.met = self.wanted.wait(timeout=10)


def test_the_next_batches_are_read_while_one_is_trained() -> None:
    wanted, threads = threading.Event(), set()

    def watch() -> Iterator[Any]:
        for number, batch in enumerate(generate(2)):
            threads.add(threading.current_thread().name)
            if number == 1:
                wanted.set()
            yield batch

    meeting = Meeting(wanted)
    fit(make_classifier(), watch(), callbacks=meeting)
    assert meeting.met
    assert threads == {"nnfast-read-ahead"}
