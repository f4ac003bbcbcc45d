"""A user's script, for ``mypy --strict`` against the installed wheel: its types are found, and a mistake is, too.

An ignored error that is none is one itself under ``--strict``, so the last lines fail where a type got lost.
"""

from typing import assert_type

import numpy as np

from nnfast import Sequential, load_model
from nnfast.callbacks import EarlyStopping, History
from nnfast.datasets import load_digits
from nnfast.layers import Dense, Input
from nnfast.optimizers import Adam


def train() -> float:
    (x_train, y_train), (x_test, y_test) = load_digits()
    model = Sequential([Input(64, scale=1 / 16), Dense(64, activation="relu"), Dense(10, activation="softmax")], seed=0)
    model.compile(optimizer=Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, validation_split=0.1, callbacks=[EarlyStopping(patience=5)])
    assert_type(history, History)
    model.save("digits.safetensors")
    labels = load_model("digits.safetensors").predict(x_test).argmax(axis=1)
    return float(np.mean(labels == y_test))


Dense("64")  # type: ignore[arg-type]
Adam(rate=1e-3)  # type: ignore[call-arg]
