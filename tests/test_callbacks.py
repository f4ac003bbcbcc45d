"""Callbacks: when they are called, and what each does."""

import csv
from typing import ClassVar

import numpy as np
import pytest
from problems import make_classes, make_classifier

from nnfast import Sequential, load_model
from nnfast.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
)
from nnfast.layers import Dense, Input


class Recorder(Callback):
    """Writes down every call."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append("train begins")

    def on_train_end(self, logs=None):
        self.calls.append(f"train ends {sorted(logs)}")

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch} begins")

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch} ends {sorted(logs)}")

    def close(self):
        self.calls.append("closed")


class BatchRecorder(Recorder):
    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(f"batch {batch} begins")

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(f"batch {batch} ends {sorted(logs)}")


class Script(Callback):
    """Puts numbers into the logs, as users' callbacks may."""

    def __init__(self, **values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs.update({name: values[epoch] for name, values in self.values.items()})


def list_names(folder):
    return sorted(path.name for path in folder.iterdir())


def fit(*callbacks, epochs=2, **options):
    x, y = make_classes(64)
    model = make_classifier()
    return model, model.fit(x, y, epochs=epochs, verbose=0, callbacks=list(callbacks), **options)


def test_calls_in_order():
    recorder = Recorder()
    fit(recorder)
    names = "['accuracy', 'loss']"
    assert recorder.calls == [
        "train begins",
        "epoch 0 begins",
        f"epoch 0 ends {names}",
        "epoch 1 begins",
        f"epoch 1 ends {names}",
        f"train ends {names}",
        "closed",
    ]
    assert recorder.params == {"verbose": 0, "epochs": 2, "steps": 2}


def test_calls_of_batches():
    recorder = BatchRecorder()
    model, _ = fit(recorder, epochs=1)
    assert recorder.calls[2:6] == [
        "batch 0 begins",
        "batch 0 ends ['accuracy', 'loss']",
        "batch 1 begins",
        "batch 1 ends ['accuracy', 'loss']",
    ]
    assert recorder.model is model


def test_logs_of_batches_are_of_the_epoch_so_far():
    logs = []
    _, history = fit(LambdaCallback(on_train_batch_end=lambda batch, now: logs.append(now["loss"])), epochs=1)
    assert len(logs) == 2
    assert logs[-1] == history.history["loss"][0]


def test_lambda_callback_has_only_its_hooks():
    seen = []
    fit(LambdaCallback(on_train_begin=lambda logs: seen.append("begin"), on_train_end=lambda logs: seen.append("end")))
    assert seen == ["begin", "end"]


def test_lambda_callback_takes_every_hook():
    seen = []
    hooks = {name: lambda *arguments, name=name: seen.append(name) for name in vars(Callback) if name.startswith("on_")}
    fit(LambdaCallback(**hooks), epochs=1, validation_split=0.5)
    assert set(seen) == set(hooks) - {"on_not_finite", "on_batch_begin", "on_batch_end"}


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        ({"on_epoch_ends": print}, "expected one of .*, received 'on_epoch_ends' .*did you mean 'on_epoch_end'"),
        ({"on_predict_begin": print}, "LambdaCallback: expected one of 'on_train_begin', .*, received"),
        ({"on_epoch_end": "print"}, "on_epoch_end: expected a function, received 'print'"),
        ({"on_progress": 3}, "on_progress: expected a function, received 3"),
    ],
)
def test_lambda_callback_takes_nothing_else(hooks, message):
    with pytest.raises(ValueError, match=message):
        LambdaCallback(**hooks)


def test_older_names_of_the_hooks_of_batches():
    class Older(Callback):
        seen: ClassVar[list] = []

        def on_batch_begin(self, batch, logs=None):
            self.seen.append(batch)

        def on_batch_end(self, batch, logs=None):
            self.seen.append(sorted(logs))

    fit(Older(), epochs=1)
    assert Older.seen == [0, ["accuracy", "loss"], 1, ["accuracy", "loss"]]


def test_validation_is_told_of():
    seen = []
    _, history = fit(
        LambdaCallback(
            on_test_begin=seen.append,
            on_test_end=seen.append,
            on_epoch_end=lambda epoch, logs: seen.append(epoch),
        ),
        validation_split=0.5,
    )
    told = [dict(zip(("loss", "accuracy"), values)) for values in zip(*list(history.history.values())[2:])]
    assert seen == [{}, told[0], 0, {}, told[1], 1]


def test_all_are_closed_even_if_one_raises():
    class Bad(Callback):
        def close(self):
            raise KeyError("mine")

    first, last = Recorder(), Recorder()
    last.calls = first.calls
    with pytest.raises(KeyError, match="mine"):
        fit(first, Bad(), last)
    assert first.calls[-2:] == ["closed", "closed"]


def test_closed_in_their_order():
    closed = []

    class Named(Callback):
        def __init__(self, name):
            super().__init__()
            self.name = name

        def close(self):
            closed.append(self.name)

    fit(Named("a"), Named("b"))
    assert closed == ["a", "b"]


def test_stop_in_the_middle_of_an_epoch():
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    recorder = BatchRecorder()
    model, history = fit(Stop(), recorder, epochs=5)
    assert [call for call in recorder.calls if call.startswith("batch") and "begins" in call] == ["batch 0 begins"]
    assert history.epoch == [0]
    assert model._epochs_done == 0


def test_an_error_closes_and_ends_nothing_else():
    recorder = Recorder()

    def fail(epoch, logs):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fit(recorder, LambdaCallback(on_epoch_end=fail))
    assert recorder.calls[-1] == "closed"
    assert not any(call.startswith("train ends") for call in recorder.calls)


def test_progress_is_heard_within_a_long_epoch():
    seen = []

    class Listener(Callback):
        def on_progress(self, batch, logs=None):
            seen.append((batch, sorted(logs)))

    x, y = make_classes(100_000)
    model = Sequential([Input(6), Dense(400, "tanh"), Dense(400, "tanh"), Dense(3, "softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=10, verbose=0, callbacks=[Listener()])
    assert seen
    assert all(0 <= batch <= 10_000 and names == ["loss"] for batch, names in seen)


def test_added_logs_reach_history():
    _, history = fit(Script(mine=[1.0, 2.0]))
    assert history.history["mine"] == [1.0, 2.0]


# ---- EarlyStopping ----


@pytest.mark.parametrize(
    ("values", "options", "last", "best"),
    [
        ([5, 4, 3, 2, 1], {}, 4, 4),
        ([5, 4, 4, 4, 4], {}, 2, 1),
        ([5, 4, 4, 4, 4], {"patience": 2}, 3, 1),
        ([5, 4, 6, 3, 6, 6, 1], {"patience": 2}, 5, 3),
        ([5, 4.9, 4.8, 4.7, 4.6], {"min_delta": 0.15, "patience": 2}, 4, 4),
        ([1, 2, 3, 3, 3], {"mode": "max"}, 3, 2),
        ([5, 9, 9, 1, 2, 2], {"start_from_epoch": 2, "patience": 1}, 4, 3),
        ([np.nan, 5, np.nan, 4], {"patience": 1}, 2, 1),
    ],
)
def test_early_stopping(values, options, last, best):
    """`last` is the last epoch that is run."""
    stopper = EarlyStopping("score", **({"mode": "min"} | options))
    _, history = fit(Script(score=values), stopper, epochs=len(values))
    assert history.epoch[-1] == last
    assert stopper.best_epoch == best
    assert stopper.stopped_epoch == (last if last < len(values) - 1 else 0)


def test_early_stopping_restores_the_best_weights():
    weights = []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(stopper.model.get_weights()))
    stopper = EarlyStopping("score", mode="min", patience=2, restore_best_weights=True)
    model, _ = fit(Script(score=[3, 1, 2, 2, 2]), stopper, keep, epochs=5)
    assert len(weights) == 4
    assert all(np.array_equal(a, b) for a, b in zip(weights[1], model.get_weights()))


def test_early_stopping_restores_the_first_weights_where_no_number_is():
    weights = []
    stopper = EarlyStopping("score", mode="min", patience=2, restore_best_weights=True)
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(stopper.model.get_weights()))
    model, _ = fit(Script(score=[np.nan] * 4), stopper, keep, epochs=4)
    assert (len(weights), stopper.best_epoch, stopper.best) == (2, 0, None)
    assert all(np.array_equal(a, b) for a, b in zip(weights[0], model.get_weights()))


def test_early_stopping_knows_the_direction_of_metrics():
    for monitor, wants_max in (("val_loss", False), ("loss", False), ("accuracy", True), ("val_accuracy", True)):
        stopper = EarlyStopping(monitor)
        stopper.set_model(make_classifier())
        assert stopper.wants_max() is wants_max


def test_early_stopping_can_be_used_again():
    stopper = EarlyStopping("score", mode="min")
    for _ in range(2):
        _, history = fit(Script(score=[2, 1, 1, 1]), stopper, epochs=4)
        assert history.epoch == [0, 1, 2]


# ---- ModelCheckpoint ----


def test_checkpoint_of_every_epoch(tmp_path):
    model, history = fit(ModelCheckpoint(tmp_path / "new" / "at-{epoch:02d}-{loss:.3f}.safetensors"), epochs=3)
    names = [f"at-{epoch + 1:02d}-{loss:.3f}.safetensors" for epoch, loss in enumerate(history.history["loss"])]
    assert list_names(tmp_path / "new") == sorted(names)
    x, y = make_classes(64)
    resumed = load_model(tmp_path / "new" / names[0])
    resumed.fit(x, y, epochs=3, initial_epoch=1, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), resumed.get_weights()))


def test_checkpoint_of_the_best_only(tmp_path):
    path = tmp_path / "{epoch}.safetensors"
    fit(Script(score=[3, 4, 2, 2, 1]), ModelCheckpoint(path, "score", mode="min", save_best_only=True), epochs=5)
    assert list_names(tmp_path) == ["1.safetensors", "3.safetensors", "5.safetensors"]


def test_checkpoint_threshold(tmp_path):
    best = ModelCheckpoint(tmp_path / "{epoch}", "score", mode="max", save_best_only=True, initial_value_threshold=2.5)
    fit(Script(score=[1, 2, 3]), best, epochs=3)
    assert list_names(tmp_path) == ["3"]


def test_checkpoint_with_unknown_names(tmp_path):
    with pytest.raises(
        ValueError, match=r"filepath: expected only epoch, loss, accuracy in braces, received '.*\{f1\}'"
    ):
        fit(ModelCheckpoint(tmp_path / "{f1}"))


# ---- CSVLogger ----


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    _, history = fit(CSVLogger(path))
    fit(CSVLogger(path, append=True), epochs=1)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert list(rows[0]) == ["epoch", "accuracy", "loss"]
    assert [row["epoch"] for row in rows] == ["0", "1", "0"]
    assert [float(row["loss"]) for row in rows[:2]] == history.history["loss"]
    fit(CSVLogger(path, separator=";"), epochs=1)
    assert path.read_text().startswith("epoch;accuracy;loss\n")


def test_csv_logger_lets_go_of_its_file(tmp_path):
    logger = CSVLogger(tmp_path / "log.csv")
    opened = []

    def fail(epoch, logs):
        opened.append(logger._file)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fit(logger, LambdaCallback(on_epoch_begin=fail))
    assert opened[0].closed
    assert logger._file is None
