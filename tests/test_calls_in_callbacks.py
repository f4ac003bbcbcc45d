"""What callbacks call: fit within fit, and a model that is at work."""

import pytest
from problems import make_classes, make_classifier

from nnfast import Sequential
from nnfast.callbacks import LambdaCallback
from nnfast.layers import Dense, Input


def test_a_fit_within_a_fit_has_a_history_of_its_own():
    x, y = make_classes()
    model, inner = make_classifier(), []

    def train(epoch, logs):
        if epoch == 1:
            inner.append(model.fit(x, y, verbose=0))

    outer = model.fit(x, y, epochs=3, verbose=0, callbacks=LambdaCallback(on_epoch_begin=train))
    assert ([history.epoch for history in inner], outer.epoch) == ([[0]], [0, 1, 2])


def test_a_model_cannot_be_used_while_it_tells_of_progress():
    x, y = make_classes(200_000, 40)  # an epoch of which takes longer than what on_progress waits for
    model = Sequential([Input(40), Dense(200, "tanh"), Dense(3, "softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")

    def predict(batch, logs):
        with pytest.raises(RuntimeError, match="in use by another thread, or by the call that on_progress hears of"):
            model.predict(x[:5])
        model.stop_training = True

    model.fit(x, y, epochs=100, verbose=0, callbacks=LambdaCallback(on_progress=predict))
    assert model.stop_training
    assert model.predict(x[:5]).shape == (5, 3)
