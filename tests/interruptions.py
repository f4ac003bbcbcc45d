"""interruptions.py: a small training that is ended from outside, and what is left of it and of one that goes on."""

import pytest
from problems import make_classes, make_classifier
from soak.trainings import digest

from nnfast.callbacks import Callback

X, Y = make_classes(80)  # five batches of 16
EPOCHS = 3


class Interruption(Exception):
    pass


class Interrupt(Callback):
    """Ends training before a batch, counted from 0 over all epochs."""

    def __init__(self, n_batches):
        super().__init__()
        self.left = n_batches

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if self.left < 0:
            raise Interruption


class Idle(Callback):
    """Makes training a call a batch."""

    def on_train_batch_end(self, batch, logs=None):
        pass


def make(optimizer="adam", seed=1):
    return make_classifier(seed, rate=0.3, optimizer=optimizer)


def fit(*callbacks, model=None, x=X, y=Y, **options):
    """Train; return model and SHA-256 of all that is left."""
    model = model or make()
    model.fit(x, y, **({"batch_size": 16, "epochs": EPOCHS, "verbose": 0, "callbacks": list(callbacks)} | options))
    return model, digest(model)


def interrupt(n_batches, *callbacks, **options):
    with pytest.raises(Interruption):
        fit(Interrupt(n_batches), *callbacks, **options)


def list_files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())
