"""trainings.py: small trainings of every kind that must go on from a checkpoint, and what each ends with."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from nnfast import Sequential
from nnfast._persistence import _describe_state
from nnfast.callbacks import Callback, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from nnfast.data import Batches
from nnfast.layers import Activation, BatchNormalization, Dense, Dropout, Input, LayerNormalization
from nnfast.optimizers import SGD, Adam, AdamW, RMSprop
from nnfast.schedules import CosineDecay

N_ROWS, N_FEATURES, N_CLASSES, BATCH_SIZE = 230, 7, 3, 16
N_EPOCHS = 3

_RNG = np.random.default_rng(20)
X = _RNG.normal(size=(N_ROWS, N_FEATURES)).astype(np.float32)
Y = (X @ _RNG.normal(size=(N_FEATURES, N_CLASSES))).argmax(axis=1)
WEIGHTS = _RNG.random(N_ROWS)


def make_watchers() -> list[Callback]:
    return [EarlyStopping("val_loss", patience=2, restore_best_weights=True), ReduceLROnPlateau(patience=0, cooldown=1)]


def make_scheduler() -> list[Callback]:
    return [LearningRateScheduler(lambda epoch, rate: rate * 0.7)]


def add_noise(x: Any, rng: np.random.Generator) -> Any:
    return x + rng.normal(size=x.shape).astype(x.dtype) * 0.1


class Training(NamedTuple):
    """What is trained, and how."""

    layers: Callable[[], list[Any]]
    optimizer: Callable[[], Any]
    metrics: tuple[str, ...] = ("accuracy",)
    dtype: str = "float32"
    options: Mapping[str, Any] = MappingProxyType({})
    make_callbacks: Callable[[], list[Callback]] = list
    is_stream: bool = False


def stack(*inner: Any) -> Callable[[], list[Any]]:
    return lambda: [Input(N_FEATURES), Dense(12, "tanh"), *(make() for make in inner), Dense(N_CLASSES, "softmax")]


TRAININGS = {
    "dropout, Adam": Training(stack(lambda: Dropout(0.3), lambda: Dense(9, "relu")), lambda: Adam(0.01)),
    "batch normalization, momentum, cosine": Training(
        stack(BatchNormalization, lambda: Activation("relu")),
        lambda: SGD(CosineDecay(0.1, 40), momentum=0.9, nesterov=True),
        options={"shuffle": False, "validation_split": 0.1},
    ),
    "weights of rows and classes, RMSprop, float64": Training(
        stack(lambda: Dropout(0.1)),
        lambda: RMSprop(0.01, momentum=0.5),
        dtype="float64",
        options={"sample_weight": WEIGHTS, "class_weight": "balanced"},
    ),
    "averages, gathered gradients": Training(
        stack(LayerNormalization),
        lambda: Adam(0.02, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=7, gradient_accumulation_steps=3),
        make_callbacks=make_scheduler,
    ),
    "scores, early stopping, plateau": Training(
        stack(lambda: Dropout(0.5)),
        lambda: AdamW(0.5, clipnorm=0.5),
        ("accuracy", "f1_score"),
        options={"validation_split": 0.2},
        make_callbacks=make_watchers,
    ),
    "Batches with a transform": Training(
        stack(lambda: Dropout(0.2)), lambda: Adam(0.01), ("accuracy", "f1_score"), is_stream=True
    ),
}


class Listener(Callback):
    """Makes training a call of the core a batch, as saving by batches does: the sums of a stream depend on that."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        pass


def train(name: str, callbacks: Sequence[Callback] = (), **options: Any) -> str:
    """Train from the beginning or a checkpoint; return the SHA-256 of all that is left, the history too."""
    training = TRAININGS[name]
    model = Sequential(training.layers(), seed=11, dtype=training.dtype)
    model.compile(training.optimizer(), "sparse_categorical_crossentropy", list(training.metrics))
    data: dict[str, Any] = {"x": X, "y": Y, "batch_size": BATCH_SIZE}
    if training.is_stream:
        rows = {"batch_size": BATCH_SIZE, "block_size": 5 * BATCH_SIZE, "shuffle": "blocks"}
        data = {"x": Batches(X, Y, WEIGHTS, **rows, transform=add_noise, seed=5)}
    everyone = [*callbacks, *training.make_callbacks(), *([Listener()] if training.is_stream else [])]
    model.fit(**data, epochs=N_EPOCHS, verbose=0, callbacks=everyone, **training.options, **options)
    return digest(model)


def digest(model: Sequential) -> str:
    """Of weights, optimizer state, counters, learning rate and history."""
    assert model.optimizer
    assert model.history
    _, step, slots = _describe_state(model, model.optimizer)
    sha = hashlib.sha256(repr((step, model._epochs_done, model.history.epoch, model.history.history)).encode())
    sha.update(repr(model.optimizer.get_config()).encode())
    for array in [*model.get_weights(), *(array for slot in slots for array in slot)]:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
