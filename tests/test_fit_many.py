"""fit_many: the bits of fits in a row, whatever they hear and share; threads and progress."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from many import WIDTHS, assert_same, make_data, make_models

import nnfast
from nnfast import Sequential, fit_many
from nnfast.callbacks import Callback, EarlyStopping, LambdaCallback
from nnfast.layers import Dense, Input


def compare(make_callbacks: Callable[[], list[Callback]] = list, **options: Any) -> list[Sequential]:
    """Fit in a row and side by side."""
    x, y = make_data()
    row, many = make_models(), make_models()
    for model in row:
        model.fit(x, y, verbose=0, callbacks=make_callbacks(), **options)
    callbacks = [make_callbacks() for _ in many]
    histories = fit_many(many, x, y, verbose=0, callbacks=callbacks, **options)
    assert all(history is model.history for history, model in zip(histories, many, strict=True))
    assert_same(many, row)
    return many


# ---- the same bits ---------------------------------------------------------------------------------------------------

OPTIONS: dict[str, dict[str, Any]] = {
    "epochs alone": {"batch_size": 7, "epochs": 4},
    "unshuffled": {"epochs": 3, "shuffle": False},
    "a share validates": {"epochs": 3, "validation_split": 0.2},
    "weights": {"epochs": 2, "class_weight": "balanced", "sample_weight": np.linspace(0.1, 2, 90)},
    "other rows validate": {"epochs": 3, "validation_data": make_data(31)},
}


@pytest.mark.parametrize("set_threads", [1, 2, 3])
@pytest.mark.parametrize("name", OPTIONS)
def test_same_bits_as_in_a_row(name: str, set_threads: int) -> None:
    nnfast.set_num_threads(set_threads)
    compare(**OPTIONS[name])


@pytest.mark.parametrize("set_threads", [1, 2, 3])
def test_callbacks_end_fits_at_different_epochs(set_threads: int) -> None:
    nnfast.set_num_threads(set_threads)
    make = lambda: [EarlyStopping("val_loss", min_delta=0.01, patience=1, restore_best_weights=True)]  # noqa: E731
    models = compare(make, epochs=60, validation_split=0.3)
    n_epochs = {len(model.history.epoch) for model in models if model.history}
    assert len(n_epochs) > 1
    assert min(n_epochs) < 60


def test_callbacks_of_batches() -> None:
    """Each hears of its own model's batches, in order, in the calling thread."""
    heard: list[tuple[int, str, int]] = []
    thread = threading.get_ident()

    class Recorder(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            assert threading.get_ident() == thread
            heard.append((self.model.seed, "batch", batch))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            heard.append((self.model.seed, "epoch", epoch))

    compare(lambda: [Recorder()], epochs=2, batch_size=32)
    expected = [("batch", 0), ("batch", 1), ("batch", 2), ("epoch", 0)]
    expected += [("batch", 0), ("batch", 1), ("batch", 2), ("epoch", 1)]
    half = len(heard) // 2
    for part in (heard[:half], heard[half:]):
        for seed in range(len(WIDTHS)):
            assert [what[1:] for what in part if what[0] == seed] == expected


def test_numbers_for_each_model() -> None:
    x, y = make_data()
    sizes, epochs = [5, 32, 90, 16, 1], range(1, 6)
    row, many = make_models(), make_models()
    for model, size, n in zip(row, sizes, epochs, strict=True):
        model.fit(x, y, size, n, 0)
    fit_many(many, x, y, sizes, epochs, 0)
    assert_same(many, row)


def test_models_that_are_not_built_and_calls_that_go_on() -> None:
    x, y = make_data()
    row, many = make_models(is_built=False), make_models(is_built=False)
    for _ in range(2):
        for model in row:
            model.fit(x, y, epochs=2, verbose=0)
        fit_many(many, x, y, epochs=2, verbose=0)
        assert_same(many, row)


def test_scores_and_losses_of_python() -> None:
    """Outputs are collected; a loss that is a function takes its turn beside those of the core."""
    x, y = make_data()
    one_hot = np.eye(3)[y]

    def half_squares(y_true: Any, y_pred: Any) -> Any:
        return 0.5 * ((y_pred - y_true) ** 2).sum(axis=1), y_pred - y_true

    row, many = make_models(), make_models()
    for models in (row, many):
        for i, model in enumerate(models):
            model.compile("adam", half_squares if i == 1 else "categorical_crossentropy", ["f1_score"])
    for model in row:
        model.fit(x, one_hot, epochs=3, verbose=0, validation_split=0.1)
    fit_many(many, x, one_hot, epochs=3, verbose=0, validation_split=0.1)
    assert_same(many, row)


@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, lambda x: x.astype(np.int64), np.asfortranarray])
def test_data_of_other_kinds(make: Any) -> None:
    x, y = make_data()
    few = np.round(x) * (x > 0)
    row, many = make_models(), make_models()
    for model in row:
        model.fit(make(few), y, epochs=2, verbose=0, validation_data=(make(few), y))
    fit_many(many, make(few), y, epochs=2, verbose=0, validation_data=(make(few), y))
    assert_same(many, row)


def test_samples_are_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = make_data()
    seen = []
    check = Sequential._check_fit

    def look(model: Sequential, request: Any) -> Any:
        seen.append(request.x)
        return check(model, request)

    monkeypatch.setattr(Sequential, "_check_fit", look)
    fit_many(make_models(), x.astype(np.int64), y, verbose=0)
    assert len({id(each) for each in seen}) == 1
    assert seen[0].samples.dtype.kind == "f"


# ---- threads ---------------------------------------------------------------------------------------------------------


def test_two_cores_are_used() -> None:
    """Two members take calls: the processor's time of both is more than one thread alone could have."""
    x, y = make_data(3000)
    models = [Sequential([Input(6), Dense(64), Dense(64), Dense(3, "softmax")], seed=seed) for seed in range(2)]
    for model in models:
        model.compile("adam", "sparse_categorical_crossentropy")
    for n_threads, has_others in ((1, False), (2, True)):
        nnfast.set_num_threads(2)
        before, own = time.process_time(), time.thread_time()
        fit_many(models, x, y, epochs=20, verbose=0, n_threads=n_threads)
        others = (time.process_time() - before) - (time.thread_time() - own)
        assert (others > 0.2 * (time.process_time() - before)) == has_others


def test_the_limit_is_of_this_thread_and_this_call() -> None:
    nnfast.set_num_threads(3)
    seen = []
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(nnfast.get_num_threads()))
    fit_many(make_models()[:1], *make_data(), verbose=0, callbacks=[[look]], n_threads=2)
    assert seen == [2]
    assert nnfast.get_num_threads() == 3


# ---- progress --------------------------------------------------------------------------------------------------------


def test_a_line_for_each_model(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "nnfast.progress"):
        fit_many(make_models(), *make_data(), epochs=2)
    lines = caplog.messages
    assert sorted(line.split(" - ")[0] for line in lines) == [f"Model {i}/5" for i in range(1, 6)]
    assert all("2 epochs - loss: " in line and "accuracy: " in line for line in lines)
    caplog.clear()
    fit_many(make_models(), *make_data(), verbose=0)
    assert not caplog.messages
