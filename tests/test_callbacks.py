"""Callbacks: when they are called, and what each does."""

import contextlib
import csv
import logging
import os
import sys
import threading

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
    ProgressBar,
    ProgressLog,
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
        ([5, 4, 3, 2, 1], {"baseline": 2.5, "patience": 2}, 1, 1),
        ([2, 4, 3, 2, 1], {"baseline": 2.5, "patience": 2}, 2, 0),
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


def test_unknown_monitor_is_said():
    with pytest.raises(ValueError, match="EarlyStopping: monitor: expected one of 'loss', 'accuracy', received 'los'"):
        fit(EarlyStopping("los"))
    with pytest.raises(ValueError, match="mode: expected 'min' or 'max' for 'score', which is no metric"):
        fit(Script(score=[1, 2]), EarlyStopping("score"))


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
    with pytest.raises(ValueError, match="monitor"):
        fit(logger, EarlyStopping("nothing"))
    assert logger._file is None


# ---- progress ----


def test_lines_go_to_standard_output_without_logging(capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger("nnfast.progress"), "propagate", False)
    x, y = make_classes(64)
    model = make_classifier()
    model.fit(x, y, epochs=2)
    model.evaluate(x, y)
    model.predict(x, verbose=1)
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == [
        "Epoch 1/2",
        "Epoch 2/2",
        "Evaluated 64 rows",
        "Predicted 64 rows",
    ]
    assert "loss: " in lines[0]
    assert "accuracy: " in lines[0]


def test_lines_go_to_the_users_logging(caplog, capsys):
    x, y = make_classes(64)
    make_classifier().fit(x, y, verbose=2)
    assert [record.name for record in caplog.records] == ["nnfast.progress"]
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_bar_on_a_terminal(monkeypatch):
    pytest.importorskip("rich")
    parent, child = os.openpty()
    chunks = []

    def read():
        with contextlib.suppress(OSError):  # the end, on Linux
            while chunk := os.read(parent, 4096):
                chunks.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    x, y = make_classes(64)
    with os.fdopen(child, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        make_classifier().fit(x, y, epochs=2)
        monkeypatch.undo()
    reader.join()
    os.close(parent)
    text = b"".join(chunks).decode()
    assert "Epoch 1/2 - " in text
    assert "Epoch 2/2 - " in text


def test_bar_by_hand(capsys):
    pytest.importorskip("rich")
    fit(ProgressBar())
    out = capsys.readouterr().out
    assert "Epoch 2/2" in out


def test_bar_without_rich(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    with pytest.raises(ImportError, match="pip install rich"):
        fit(ProgressBar())


def test_log_by_hand(caplog):
    fit(ProgressLog())
    assert [record.message[:9] for record in caplog.records] == ["Epoch 1/2", "Epoch 2/2"]
