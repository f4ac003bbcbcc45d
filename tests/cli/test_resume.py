"""``nnfast train --resume``: training goes on to the bits of a training that was never interrupted."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import list_files, run, run_json, write_prices

from nnfast.cli.record import KEY
from nnfast.saving.model_file import read_model

TASKS = {
    "digits": ("digits", "--dropout", 0.3),
    "classes": ("flowers.csv", "--target", "kind", "--optimizer", "nadam", "--batch-normalization"),
    "values": ("prices.csv", "--target", "price", "--optimizer", "sgd", "--momentum", 0.9, "--warmup", 2),
    "one batch": ("prices.csv", "--target", "price", "--batch-size", 1000, "--no-shuffle", "--validation-split", 0),
}


def train(*arguments, model="a.st", **options):
    return run("train", *arguments, "--model", model, "--picture", "p.png", **options)


def assert_same(one, other):
    """All that training changes is equal to the bit, and so is what was written down of it."""
    a, b = read_model(one), read_model(other)
    arrays = [(*model.weights, *(array for slot in model.compiled.slots for array in slot)) for model in (a, b)]
    assert all(np.array_equal(x, y) for x, y in zip(*arrays, strict=True))
    assert (a.epochs_done, a.compiled.step) == (b.epochs_done, b.compiled.step)
    for name in ("history", "test", "rows", "network"):
        assert a.metadata[KEY][name] == b.metadata[KEY][name]


@pytest.mark.parametrize("task", TASKS)
def test_more_epochs(here, task):
    train(*TASKS[task], "--epochs", 5)
    train(*TASKS[task], "--epochs", 2, model="b.st")
    output = train("--resume", "--epochs", 5, model="b.st")
    assert "epoch 3/5" in output
    assert_same("a.st", "b.st")


def start(*arguments):
    options = (*map(str, arguments), "--model", "b.st", "--picture", "p.png")
    command = [sys.executable, "-u", "-m", "nnfast", "train", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("task", ["digits", "values"])
def test_after_ctrl_c(here, task):
    with start(*TASKS[task], "--epochs", 1_000_000) as process:
        for line in process.stdout:
            if line.startswith("epoch 1/"):
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr.endswith("the model so far is in b.st; --resume goes on with it\n")
    n_done = read_model("b.st").epochs_done
    assert n_done > 0
    train("--resume", "--epochs", n_done + 3, model="b.st")
    train(*TASKS[task], "--epochs", n_done + 3)
    assert_same("a.st", "b.st")


def test_after_a_kill(here):
    """No handler runs: what is there was written while training."""
    with start(*TASKS["values"], "--epochs", 1_000_000) as process:
        end = time.monotonic() + 120
        while process.poll() is None and not Path("b.st").exists() and time.monotonic() < end:
            time.sleep(0.05)
        process.kill()
        process.communicate(timeout=60)
    n_done = read_model("b.st").epochs_done
    train("--resume", "--epochs", n_done + 3, model="b.st")
    train(*TASKS["values"], "--epochs", n_done + 3)
    assert_same("a.st", "b.st")


def interrupt_after(monkeypatch, n_epochs):
    def on_epoch_end(self, epoch, logs):
        if epoch == n_epochs:  # what is of this epoch is not kept yet
            raise KeyboardInterrupt

    monkeypatch.setattr("nnfast.cli.display.PlainProgress.on_epoch_end", on_epoch_end)
    monkeypatch.setattr("nnfast.cli.checkpoint._SECONDS_BETWEEN_COPIES", 0)


@pytest.mark.parametrize("options", [("--early-stopping", 3), ("--ema", 0.9)])
@pytest.mark.parametrize("n_epochs", [1, 7])
def test_weights_chosen_at_the_end(here, monkeypatch, options, n_epochs):
    arguments = (*TASKS["classes"], "--epochs", 12, "--learning-rate", 0.03, *options)
    train(*arguments)
    with monkeypatch.context() as patch:
        interrupt_after(patch, n_epochs)
        train(*arguments, model="b.st", code=130)
    train("--resume", model="b.st")
    assert_same("a.st", "b.st")
    assert not [name for name in list_files(here) if "best" in name]
    message = f"received one whose weights {options[0]} chose at its end"
    assert message in train("--resume", "--epochs", 40, model="b.st", code=2)


def test_patience_goes_on(here, monkeypatch):
    arguments = (*TASKS["classes"], "--epochs", 500, "--learning-rate", 0.3, "--early-stopping", 3)
    train(*arguments)
    n_epochs = len(read_model("a.st").metadata[KEY]["history"]["epoch"])
    assert n_epochs < 500
    with monkeypatch.context() as patch:
        interrupt_after(patch, n_epochs - 1)
        train(*arguments, model="b.st", code=130)
    train("--resume", model="b.st")
    assert_same("a.st", "b.st")


def test_schedule_of_an_interrupted_run(here, monkeypatch):
    arguments = (*TASKS["values"], "--schedule", "cosine", "--epochs", 8)
    train(*arguments)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 3)
        train(*arguments, model="b.st", code=130)
    message = "--epochs: expected 8, for which the schedule 'cosine' was laid out, received 9"
    assert message in train("--resume", "--epochs", 9, model="b.st", code=2)
    train("--resume", model="b.st")
    assert_same("a.st", "b.st")


def test_a_copy_is_not_changed_by_what_follows(here, monkeypatch):
    """What is kept at one epoch, and written some epochs later, is of that epoch in all its parts."""

    def on_epoch_end(self, epoch, logs):
        if epoch == 2:
            monkeypatch.setattr("nnfast.cli.checkpoint._SECONDS_BETWEEN_COPIES", 1000)
        if epoch == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nnfast.cli.checkpoint._SECONDS_BETWEEN_COPIES", 0)
        patch.setattr("nnfast.cli.display.PlainProgress.on_epoch_end", on_epoch_end)
        assert "after 2 of 7 epochs" in train(*TASKS["classes"], "--epochs", 7, model="b.st", code=130)
    train("--resume", model="b.st")
    train(*TASKS["classes"], "--epochs", 7)
    assert_same("a.st", "b.st")


def test_before_the_first_epoch(here, monkeypatch):
    def on_epoch_begin(self, epoch, logs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nnfast.cli.display.PlainProgress.on_epoch_begin", on_epoch_begin)
        assert "after 0 of 5 epochs" in train(*TASKS["digits"], "--epochs", 5, model="b.st", code=130)
    train("--resume", model="b.st")
    train(*TASKS["digits"], "--epochs", 5)
    assert_same("a.st", "b.st")


def test_nothing_left_to_do(here):
    before = train(*TASKS["values"], "--epochs", 3)
    again = train("--resume")
    assert "all 3 epochs are done" in again
    assert before.splitlines()[-4] == again.splitlines()[-4]


def test_log_goes_on(here, monkeypatch):
    arguments = (*TASKS["digits"], "--epochs", 4)
    train(*arguments, "--log", "a.csv")
    train(*arguments, "--log", "b.csv", model="b.st")
    train(*arguments[:-1], 2, "--log", "c.csv", model="b.st")
    Path("c.csv").write_text(Path("b.csv").read_text())  # lines of epochs that the model does not know of
    train("--resume", "--epochs", 4, "--log", "c.csv", model="b.st")
    assert Path("a.csv").read_text() == Path("c.csv").read_text()


def test_seconds_and_history_add_up(here):
    train(*TASKS["digits"], "--epochs", 2)
    first = read_model("a.st").metadata[KEY]
    record = run_json("train", "--resume", "--model", "a.st", "--picture", "p.png", "--epochs", 5)
    assert record["history"]["epoch"] == [1, 2, 3, 4, 5]
    assert record["history"]["loss"][:2] == first["history"]["loss"]
    assert record["seconds"] > first["seconds"] > 0
    assert record["started"] == first["started"]
    assert record["settings"]["epochs"] == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--resume",), "--resume: expected DATA or --model, received neither"),
        (("digits", "--resume"), "--resume: expected a model that training left, found no digits.safetensors"),
        (("--resume", "--model", "a.st", "--optimizer", "sgd"), "--optimizer: expected adam, with which the training"),
        (("--resume", "--model", "a.st", "--hidden", "3"), "--hidden: expected [512], with which the training"),
        (("--resume", "--model", "a.st", "--epochs", "1"), "--epochs: expected at least 2, which are done already"),
        (("--resume", "--model", "plain.st"), "plain.st: expected a model that `nnfast train` wrote"),
        (("--resume", "--model", "flowers.csv"), "expected a model file of nnfast"),
    ],
)
def test_errors(here, arguments, message):
    from nnfast import Sequential
    from nnfast.layers import Dense, Input

    train(*TASKS["digits"], "--epochs", 2)
    Sequential([Input(2), Dense(1)]).save("plain.st")
    before = Path("a.st").read_bytes()
    assert message in run("train", *arguments, code=2).splitlines()[-1]
    assert Path("a.st").read_bytes() == before


def test_an_interrupted_training_is_replaced_with_a_word(here):
    with start(*TASKS["digits"], "--epochs", 1_000_000) as process:
        for line in process.stdout:
            if line.startswith("epoch 1/"):
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    word = "b.st holds an interrupted training, which --resume would go on with; it is replaced"
    assert word in train(*TASKS["digits"], "--epochs", 1, model="b.st")
    assert word not in train(*TASKS["digits"], "--epochs", 1, model="b.st")
    assert read_model("b.st").epochs_done == 1


def test_other_rows_are_noticed(here):
    train(*TASKS["values"], "--epochs", 2)
    write_prices(here / "prices.csv", 100)
    assert "with which the training began, their rows {'train': 144" in train("--resume", "--epochs", 3, code=2)


@pytest.mark.parametrize("place", ["data", "validation-data"])
def test_other_values_are_other_data(here, place):
    Path("check.csv").write_text(Path("prices.csv").read_text())
    train(*TASKS["values"], "--validation-data", "check.csv", "--epochs", 1)
    path = Path("prices.csv" if place == "data" else "check.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-2]]) + "\n")
    message = run("train", "--resume", "--model", "a.st", code=2)
    assert "with which the training began, their SHA-256 of the arrays" in message
    path.write_text("\n".join(lines) + "\n")
    train("--resume", "--epochs", 2)


def test_metadata_of_the_users_are_no_record(here):
    from nnfast import Sequential
    from nnfast.layers import Dense, Input

    model = Sequential([Input(2), Dense(1)])
    for run_of_theirs in ("exp-12", {"settings": {"epochs": 3}}):
        model.metadata = {KEY: run_of_theirs}
        model.save("plain.st")
        expected = "plain.st: expected a model that `nnfast train` wrote"
        assert expected in run("train", "--resume", "--model", "plain.st", code=2)
        assert expected in run("info", "plain.st", "--config", code=2)
        assert "Run:" not in run("info", "plain.st")
        assert run_json("info", "plain.st")[KEY] is None
