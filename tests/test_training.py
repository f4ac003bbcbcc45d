"""fit: the same bits however it is cut, histories, frozen parameters, and what ends it."""

import os
import signal
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from problems import hash_weights, make_classes, make_classifier

import nnfast
from nnfast import Sequential
from nnfast.callbacks import Callback, LambdaCallback
from nnfast.exceptions import NotFiniteError
from nnfast.layers import Dense, Input


def equal(first, second):
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second))


def make_wide(n=20_000):
    """Samples, labels, and a model that is trained for long."""
    x, y = make_classes(n, 40, 5)
    model = Sequential([Input(40), Dense(200, "tanh"), Dense(5, "softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    return x, y, model


# ---- fit ----


def test_training_learns():
    x, y = make_classes(1000)
    model = make_classifier(optimizer=nnfast.optimizers.Adam(0.02))
    history = model.fit(x, y, epochs=15, verbose=0)
    assert history.history["accuracy"][-1] > 0.95
    assert history.history["loss"][-1] < history.history["loss"][0] / 3


def test_history_is_keras():
    x, y = make_classes()
    model = make_classifier()
    history = model.fit(x, y, epochs=5, initial_epoch=2, verbose=0, validation_data=(x[:50], y[:50]))
    assert history.epoch == [2, 3, 4]
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(len(values) == 3 and type(values[0]) is float for values in history.history.values())
    assert model.history is history
    assert history.params == {"verbose": 0, "epochs": 5, "steps": 7}


def test_validation_data_is_what_evaluate_says():
    x, y = make_classes()
    model = make_classifier()
    history = model.fit(x, y, epochs=2, verbose=0, validation_data=(x[:50], y[:50]))
    loss, accuracy = model.evaluate(x[:50], y[:50], verbose=0)
    assert (history.history["val_loss"][-1], history.history["val_accuracy"][-1]) == (loss, accuracy)


def test_validation_split_takes_the_last_rows():
    x, y = make_classes(101)
    split, apart = make_classifier(), make_classifier()
    first = split.fit(x, y, epochs=2, verbose=0, validation_split=0.25)
    second = apart.fit(x[:75], y[:75], epochs=2, verbose=0, validation_data=(x[75:], y[75:]))
    assert first.history == second.history
    assert equal(split.get_weights(), apart.get_weights())


def test_validation_data_goes_before_validation_split():
    x, y = make_classes()
    history = make_classifier().fit(x, y, verbose=0, validation_split=0.5, validation_data=(x[:3], y[:3]))
    assert history.params["steps"] == 7


LISTENERS = {
    "nobody": list,
    "epochs": lambda: [LambdaCallback(on_epoch_end=lambda epoch, logs: None)],
    "batches": lambda: [LambdaCallback(on_train_batch_end=lambda batch, logs: None)],
}


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_one_history_however_it_is_cut(shuffle, rate, dtype):
    """Five epochs at once, one a call, with listeners to epochs and to batches: the same bits."""
    x, y = make_classes(130)
    results = []
    for cut in LISTENERS:
        model = make_classifier(rate=rate, dtype=dtype)
        history = model.fit(x, y, epochs=5, verbose=0, shuffle=shuffle, callbacks=LISTENERS[cut]())
        results.append((hash_weights(model), history.history))
    singly = make_classifier(rate=rate, dtype=dtype)
    parts = [singly.fit(x, y, verbose=0, shuffle=shuffle).history for _ in range(5)]
    joined = {name: [part[name][0] for part in parts] for name in parts[0]}
    results.append((hash_weights(singly), joined))
    assert all(result == results[0] for result in results[1:])


def test_same_bits_whatever_computes(isa, n_threads, dtype):
    x, y = make_classes(300)
    model = make_classifier(rate=0.2, dtype=dtype)
    model.fit(x, y, epochs=2, verbose=0)
    before, threads = nnfast._core.get_isa(), nnfast.get_num_threads()
    nnfast._core.set_isa("scalar")
    nnfast.set_num_threads(1)
    plain = make_classifier(rate=0.2, dtype=dtype)
    plain.fit(x, y, epochs=2, verbose=0)
    nnfast._core.set_isa(before)
    nnfast.set_num_threads(threads)
    assert hash_weights(model) == hash_weights(plain)


def test_shuffling_changes_the_order_and_nothing_else():
    x, y = make_classes()
    shuffled, straight = make_classifier(), make_classifier()
    shuffled.fit(x, y, verbose=0)
    straight.fit(x, y, verbose=0, shuffle=False)
    assert not equal(shuffled.get_weights(), straight.get_weights())
    whole = [make_classifier(), make_classifier()]
    losses = [
        m.fit(x, y, verbose=0, batch_size=200, shuffle=s).history["loss"][0] for m, s in zip(whole, (True, False))
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)


def test_batch_size_may_pass_the_number_of_samples():
    x, y = make_classes(50)
    big, exact = make_classifier(), make_classifier()
    assert big.fit(x, y, batch_size=10**12, verbose=0).params["steps"] == 1
    exact.fit(x, y, batch_size=50, verbose=0)
    assert equal(big.get_weights(), exact.get_weights())
    assert make_classifier().fit(x, y, batch_size=None, verbose=0).params["steps"] == 2


@pytest.mark.parametrize("kind", ["list", "float64", "float16", "strided", "fortran", "readonly", "int64"])
def test_layouts_of_the_data(kind):
    x, y = make_classes()
    x = np.round(x * 4)
    views = {
        "list": x.tolist(),
        "float64": x.astype(np.float64),
        "float16": x.astype(np.float16),
        "strided": np.repeat(x, 2, axis=1)[:, ::2],
        "fortran": np.asfortranarray(x),
        "readonly": np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
        "int64": x.astype(np.int64),
    }
    plain, other = make_classifier(), make_classifier()
    plain.fit(x, y, verbose=0)
    other.fit(views[kind], y.tolist(), verbose=0)
    assert equal(plain.get_weights(), other.get_weights())


def test_frozen_parameters_stay(rng):
    x, y = make_classes()
    hidden = Dense(8, "tanh")
    model = Sequential([Input(6), hidden, Dense(3, "softmax", trainable="bias")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    hidden.trainable = False
    start = model.get_weights()
    model.fit(x, y, verbose=0)
    middle = model.get_weights()
    assert [np.array_equal(a, b) for a, b in zip(start, middle)] == [False, False, True, False]
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    assert [np.array_equal(a, b) for a, b in zip(middle, model.get_weights())] == [True, True, True, False]


def test_nothing_to_train_is_no_error():
    x, y = make_classes()
    model = Sequential([Input(6), Dense(3, "softmax", trainable=False)], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    start = model.get_weights()
    assert model.fit(x, y, verbose=0).history["loss"][0] > 0
    assert equal(start, model.get_weights())


def test_compile_before_build():
    x, y = make_classes()
    late, early = Sequential([Dense(3, "softmax")], seed=0), Sequential([Input(6), Dense(3, "softmax")], seed=0)
    for model in (late, early):
        model.compile("adam", "sparse_categorical_crossentropy", ["acc"])
        model.fit(x, y, verbose=0)
    assert equal(late.get_weights(), early.get_weights())


def test_add_after_compile():
    x, y = make_classes()
    model = Sequential([Input(6), Dense(5)], seed=0)
    model.compile("adam", nnfast.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.add(Dense(3))
    assert model.fit(x, y, verbose=0).history["loss"][0] > 0


# ---- what ends training ----


def test_stop_training():
    x, y = make_classes()
    model = make_classifier()

    class Stop(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 2

    history = model.fit(x, y, epochs=10, verbose=0, callbacks=Stop())
    assert history.epoch == [0, 1, 2]
    assert model.fit(x, y, epochs=2, verbose=0).epoch == [0, 1]


def test_loss_that_is_not_finite():
    x = np.ones((64, 2), np.float32) * 1e3
    model = Sequential([Input(2), Dense(2, name="first"), Dense(1)], seed=0)
    model.compile(nnfast.optimizers.SGD(1.0), "mse")
    with pytest.raises(NotFiniteError, match=r"NaN or infinite in epoch \d, batch \d .*, first in") as caught:
        model.fit(x, x[:, 0] * 1e10, epochs=5, batch_size=8, verbose=0, shuffle=False)
    assert isinstance(caught.value, ArithmeticError)
    again = Sequential([Input(2), Dense(2, name="first"), Dense(1)], seed=0)
    again.compile(nnfast.optimizers.SGD(1.0), "mse")
    for _ in range(caught.value.epoch * 8 + caught.value.batch):
        again.train_on_batch(x[:8], x[:8, 0] * 1e10)
    assert equal(model.get_weights(), again.get_weights())
    assert len(model.history.history.get("loss", [])) == caught.value.epoch
    assert model.predict(x).shape == (64, 1)


@pytest.mark.parametrize("listens", [False, True])
def test_interrupt(listens):
    x, y, model = make_wide(2_000)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    callbacks = LISTENERS["epochs"]() if listens else []
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=100_000, verbose=0, callbacks=callbacks)
    timer.join()
    assert model._epochs_done > 1
    assert 0 <= model._epochs_done - len(model.history.epoch) <= 1
    assert all(np.isfinite(values).all() for values in model.get_weights())
    done = model._epochs_done
    model.fit(x, y, verbose=0)
    assert model._epochs_done == done + 1


def test_raising_callback_leaves_a_usable_model():
    x, y = make_classes()
    model = make_classifier()

    def fail(epoch, logs):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        model.fit(x, y, epochs=3, verbose=0, callbacks=[LambdaCallback(on_epoch_end=fail)])
    assert model._epochs_done == 1
    again = make_classifier()
    again.fit(x, y, epochs=3, verbose=0)
    model.fit(x, y, epochs=2, verbose=0)
    assert equal(model.get_weights(), again.get_weights())


def test_nothing_left_to_do():
    x, y = make_classes()
    model = make_classifier()
    history = model.fit(x, y, epochs=3, initial_epoch=3, verbose=0)
    assert (history.epoch, history.history, model._epochs_done) == ([], {}, 0)


@contextmanager
def trained_elsewhere(model, x, y):
    """Another thread trains the model, from its first step until this one leaves the block."""
    thread = threading.Thread(target=model.fit, args=(x, y), kwargs={"epochs": 10_000, "verbose": 0})
    thread.start()
    while model._learner.state.step == 0:
        time.sleep(0.01)
    try:
        yield
    finally:
        model.stop_training = True
        thread.join()


def test_two_trainings_at_once_are_refused():
    """The one that comes later gets an error, and the first goes on."""
    x, y, model = make_wide()
    with trained_elsewhere(model, x, y), pytest.raises(RuntimeError, match="in use by another thread"):
        model.train_on_batch(x[:2], y[:2])
    assert model.history.epoch == list(range(len(model.history.epoch)))


USES = {
    "get_weights": lambda model, path: model.get_weights(),
    "set_weights": lambda model, path: model.set_weights([values * 0 for values in WEIGHTS]),
    "save": lambda model, path: model.save(path),
    "predict": lambda model, path: model.predict(np.zeros((1, 40))),
    "gradients": lambda model, path: model.gradients(),
    "state": lambda model, path: model._learner.state.get_state(0, "weights", 1),
    "changed state": lambda model, path: model._learner.state.set_state(0, "bias", 0, np.zeros(200, "float32")),
    "changed step": lambda model, path: setattr(model._learner.state, "step", 3),
    "changed rate": lambda model, path: model._learner.state.set_hyperparameters([1.0, 0.9, 0.999, 1e-7]),
}
WEIGHTS = [np.zeros((40, 200)), np.zeros(200), np.zeros((200, 5)), np.zeros(5)]


@pytest.mark.parametrize("use", USES)
def test_a_model_in_training_cannot_be_read(use, tmp_path):
    """Neither by another thread nor by a callback in the middle of an epoch; nothing is changed by trying."""
    x, y, model = make_wide()
    x, y = np.tile(x, (5, 1)), np.tile(y, 5)  # with batches of one row an epoch of many polls
    model.forward(x[:2])
    model.backward(np.zeros((2, 5)))
    heard = []

    def try_it(batch, logs):
        with pytest.raises(RuntimeError, match="in use by another thread"):
            USES[use](model, tmp_path / "m")
        heard.append(batch)
        model.stop_training = len(heard) == 3

    model.fit(x, y, batch_size=1, epochs=10, verbose=0, callbacks=[LambdaCallback(on_progress=try_it)])
    assert len(heard) == 3
    assert not list(tmp_path.iterdir())
    USES[use](model, tmp_path / "m")


def test_reading_while_another_thread_trains():
    x, y, model = make_wide()
    with trained_elsewhere(model, x, y), pytest.raises(RuntimeError, match="in use by another thread"):
        model.get_weights()
    assert np.isfinite(model.get_weights()[0]).all()


def test_a_model_that_predicts_cannot_be_trained():
    """Those who predict must not see half an update."""
    x, y, model = make_wide()
    nnfast.set_num_threads(1)
    rows, out = np.broadcast_to(x[0], (2_000_000, 40)), np.zeros((2_000_000, 5), "float32")
    thread = threading.Thread(target=model._network.predict, args=(rows, out))
    thread.start()
    while not out[0].any():
        time.sleep(0.001)
    with pytest.raises(RuntimeError, match="in use by another thread"):
        model.train_on_batch(x[:2], y[:2])
    thread.join()
    assert (out == out[0]).all()
