"""LearningRateScheduler and ReduceLROnPlateau: when a rate counts, what is told, bad arguments."""

import numpy as np
import pytest
from problems import hash_weights, make_classes, make_classifier

from nnfast.callbacks import LambdaCallback, LearningRateScheduler, ReduceLROnPlateau
from nnfast.optimizers import SGD
from nnfast.schedules import CosineDecay

X, Y = make_classes(64)


def fit(*callbacks, rate=0.5, epochs=4):
    model = make_classifier(optimizer=SGD(rate))
    history = model.fit(X, Y, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return model, history.history


def test_rates_count_for_their_epoch():
    """As if each epoch were a call of fit with its rate."""
    rates = [0.5, 0.1, 0.0, 2.0]
    model, history = fit(LearningRateScheduler(lambda epoch, rate: rates[epoch]))
    assert history["learning_rate"] == rates
    by_hand = make_classifier(optimizer=SGD())
    for rate in rates:
        by_hand.optimizer.learning_rate = rate
        by_hand.fit(X, Y, verbose=0)
    assert hash_weights(model) == hash_weights(by_hand)


def test_schedules_get_the_rate_there_is():
    _, history = fit(LearningRateScheduler(lambda epoch, rate: rate / 2))
    assert history["learning_rate"] == [0.25, 0.125, 0.0625, 0.03125]


@pytest.mark.parametrize("schedule", [lambda epoch: 0.5**epoch, lambda epoch, rate=3: 0.5**epoch, np.float32])
def test_schedules_may_take_the_epoch_alone(schedule):
    _, history = fit(LearningRateScheduler(schedule))
    assert history["learning_rate"][0] in (0.0, 1.0)


def test_errors_of_a_schedule_are_its_own():
    """A TypeError inside is not taken for a function of the epoch alone."""
    calls = []

    def schedule(epoch, rate):
        calls.append(epoch)
        return rate + "1"

    with pytest.raises(TypeError, match="unsupported operand"):
        fit(LearningRateScheduler(schedule))
    assert calls == [0]


@pytest.mark.parametrize("rate", [None, "0.1", -0.1, np.nan, True])
def test_schedules_that_give_no_rate(rate):
    with pytest.raises(ValueError, match=r"schedule of epoch 0: expected a finite number in \[0, 1e30\], received"):
        fit(LearningRateScheduler(lambda epoch: rate))


def test_the_scheduler_tells_if_asked(caplog):
    fit(LearningRateScheduler(lambda epoch: 0.5, verbose=1), epochs=2)
    assert caplog.messages == [f"Epoch {n}: LearningRateScheduler setting learning rate to 0.5" for n in (1, 2)]


def test_plateau_tells_if_asked(caplog):
    worse = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(score=1))
    fit(worse, ReduceLROnPlateau("score", patience=2, mode="min", verbose=1))
    assert caplog.messages == ["Epoch 3: ReduceLROnPlateau reducing learning rate to 0.05"]


def test_plateau_takes_a_first_nan_for_nothing():
    scores = [np.nan, 2, 2, 2]
    script = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(score=scores[epoch]))
    _, history = fit(script, ReduceLROnPlateau("score", patience=2, mode="min", factor=0.5))
    assert history["learning_rate"] == [0.5, 0.5, 0.5, 0.5]


def test_plateau_can_be_used_again():
    plateau = ReduceLROnPlateau("score", patience=2, mode="min", factor=0.5)
    for scores in ([1, 1, 1, 1], [3, 2, 1, 1]):
        script = LambdaCallback(on_epoch_end=lambda epoch, logs, scores=scores: logs.update(score=scores[epoch]))
        _, history = fit(script, plateau)
    assert history["learning_rate"] == [0.5, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("rate", [CosineDecay(0.5, 100), lambda step: 0.5])
@pytest.mark.parametrize("make", [lambda: LearningRateScheduler(lambda epoch: 1.0), lambda: ReduceLROnPlateau("loss")])
def test_a_rate_that_changes_by_itself_is_refused(make, rate):
    """Before anything is trained, and the schedule stays."""
    model = make_classifier(optimizer=SGD(rate))
    before, callback = hash_weights(model), make()
    message = (
        rf"^{type(callback).__name__}: learning_rate of the optimizer: expected a number, received .*; what changes"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, verbose=0, callbacks=[callback])
    assert hash_weights(model) == before
    assert model.optimizer.learning_rate is rate


@pytest.mark.parametrize(
    ("make", "name", "bad"),
    [
        *((LearningRateScheduler, "schedule", bad) for bad in (0.1, None, "cosine")),
        *((lambda **a: LearningRateScheduler(abs, **a), "verbose", bad) for bad in (2, -1, "1", None)),
        *((ReduceLROnPlateau, "factor", bad) for bad in (1, 1.5, -0.1, np.nan, "0.1")),
        *((ReduceLROnPlateau, "patience", bad) for bad in (-1, 0.5, None)),
        *((ReduceLROnPlateau, "cooldown", bad) for bad in (-1, 0.5, None)),
        *((ReduceLROnPlateau, "min_lr", bad) for bad in (-1e-9, np.inf, "0")),
        *((ReduceLROnPlateau, "min_delta", bad) for bad in (np.nan, "0")),
        *((ReduceLROnPlateau, "mode", bad) for bad in ("down", None)),
        *((ReduceLROnPlateau, "monitor", bad) for bad in ("", 3)),
    ],
)
def test_bad_arguments(make, name, bad):
    with pytest.raises(ValueError, match=f"^{name}: expected .*, received"):
        make(**{name: bad})
