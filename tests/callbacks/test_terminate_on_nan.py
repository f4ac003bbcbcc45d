"""TerminateOnNaN: a loss that is not finite ends training without an error, the weights are finite, history is kept."""

from dataclasses import replace

import numpy as np
import pytest
from problems import hash_weights

from nnfast import Sequential
from nnfast._core import RunStopped, Stats
from nnfast.callbacks import Callback, EarlyStopping, LambdaCallback, TerminateOnNaN
from nnfast.exceptions import NotFiniteError
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD

# The one weight is multiplied by about -2e10 a batch, so that the square of the third batch's output is infinite.
X, Y = np.full((4, 1), 1, "float32"), np.zeros((4, 1), "float32")

LISTENERS = {
    "nobody": dict,
    "epochs": lambda: {"on_epoch_end": lambda epoch, logs: None},
    "batches": lambda: {"on_train_batch_end": lambda batch, logs: None},
}


def make_model(metrics=("mae",)):
    model = Sequential([Input(1), Dense(1, use_bias=False, kernel_initializer="ones")], seed=0)
    model.compile(SGD(1e10), "mse", list(metrics))
    return model


def fit(*callbacks, model=None, batch_size=2, **options):
    model = model or make_model()
    options = {"epochs": 20_001, "verbose": 0, **options}
    return model, model.fit(X, Y, batch_size=batch_size, callbacks=list(callbacks), **options)


@pytest.mark.parametrize("listens", LISTENERS)
@pytest.mark.parametrize(("batch_size", "epochs"), [(1, 1), (2, 2), (4, 3)])
def test_training_ends_quietly(listens, batch_size, epochs):
    model, history = fit(TerminateOnNaN(), LambdaCallback(**LISTENERS[listens]()), batch_size=batch_size)
    assert history.epoch == list(range(epochs))
    assert [bool(np.isnan(loss)) for loss in history.history["loss"]] == [False] * (epochs - 1) + [True]
    assert model.stop_training
    raising = make_model()
    with pytest.raises(NotFiniteError) as caught:
        fit(model=raising, batch_size=batch_size)
    assert caught.value.epoch == epochs - 1
    assert hash_weights(model) == hash_weights(raising)
    assert np.isfinite(model.get_weights()[0]).all()
    assert model._epochs_done == raising._epochs_done


@pytest.mark.parametrize("listens", LISTENERS)
def test_metrics_of_the_last_epoch_are_of_the_batches_before(listens):
    """Of none there is nothing to say."""
    _, history = fit(TerminateOnNaN(), LambdaCallback(**LISTENERS[listens]()), batch_size=1)
    assert history.history["mae"] == [pytest.approx((1 + 2e10) / 2)]
    _, history = fit(TerminateOnNaN(), LambdaCallback(**LISTENERS[listens]()), batch_size=2)
    assert np.isnan(history.history["mae"]).tolist() == [False, True]


def test_validation_sees_the_weights_that_are_kept():
    _, history = fit(TerminateOnNaN(), validation_data=(X * 1e-20, Y))
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert all(len(values) == 2 for values in history.history.values())
    assert np.isfinite(history.history["val_loss"]).all()


def test_others_are_told_of_the_end():
    seen = []
    hooks = {name: lambda *arguments, name=name: seen.append(name) for name in ("on_epoch_end", "on_train_end")}
    fit(LambdaCallback(**hooks), TerminateOnNaN())
    assert seen == ["on_epoch_end", "on_epoch_end", "on_train_end"]


def test_best_weights_are_restored():
    model, _ = fit(TerminateOnNaN(), EarlyStopping("loss", patience=9, restore_best_weights=True))
    once = make_model()
    once.fit(X, Y, batch_size=2, verbose=0)
    assert hash_weights(model) == hash_weights(once)


def test_it_says_where(caplog):
    fit(TerminateOnNaN())
    assert caplog.messages == ["Epoch 2, batch 0: invalid loss, terminating training"]


def test_it_may_raise():
    ended = []
    with pytest.raises(RuntimeError, match="NaN or infinite in epoch 1, batch 0"):
        fit(TerminateOnNaN(raise_error=True), LambdaCallback(on_train_end=lambda logs: ended.append(logs)))
    assert not ended


def test_all_are_asked():
    errors = []
    fit(TerminateOnNaN(), LambdaCallback(on_not_finite=errors.append))
    assert [(type(error), error.epoch, error.batch) for error in errors] == [(NotFiniteError, 1, 0)]


def test_other_refusals_are_errors():
    def refuse(*arguments, **settings):
        raise RunStopped("label_out_of_range", [Stats(1.0, (1.0,), 2, 1, 2.0)], None)

    model = make_model()
    model._learner = replace(model._learner, trainer=type("Trainer", (), {"run": refuse})())
    with pytest.raises(ValueError, match="labels that stay as they are"):
        fit(TerminateOnNaN(), model=model)


def test_who_only_stops_gets_the_error():
    """A training that was to end anyway does not hide it."""

    class Stop(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.stop_training = True

    model = make_model()
    model.set_weights([[[1e30]]])
    with pytest.raises(NotFiniteError):
        fit(Stop(), model=model)


def test_the_model_trains_on():
    model, _ = fit(TerminateOnNaN())
    model.set_weights([[[1.0]]])
    model.optimizer.learning_rate = 0.1
    assert fit(model=model, epochs=3)[1].history["loss"][-1] < 1


def test_bad_argument():
    with pytest.raises(ValueError, match="raise_error: expected True or False, received 'no'"):
        TerminateOnNaN("no")
