"""What is shown while training goes on: lines, or a live area where lines can be written over."""

import io

import pytest
from commands import run
from rich.console import Console

from nnfast.cli.display import Display
from nnfast.cli.progress import LiveProgress, PlainProgress, _clock


class Clock:
    """A time that tests set."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr("nnfast.cli.progress.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def begin(callback, epochs=4, steps=10, first=0):
    callback.set_params({"epochs": epochs, "steps": steps, "verbose": 0})
    callback.on_train_begin()
    callback.on_epoch_begin(first)
    return callback


def test_lines(clock):
    lines = []
    callback = begin(PlainProgress(95, 10, lines.append))
    clock.now = 0.5
    callback.on_progress(5, {"loss": 2.0})
    assert lines == []  # not a second yet
    clock.now = 2.0
    callback.on_progress(8, {"loss": 1.5})
    assert lines == ["epoch 1/4 - batch 8/10 - loss: 1.5000 - 40 samples/s"]
    clock.now = 2.5
    callback.on_test_begin()
    clock.now = 100.0  # what validation takes is not the speed of training
    callback.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})
    assert lines[1:] == ["epoch 1/4 - loss: 1.0000 - val_loss: 2.0000 - 38 samples/s"]
    for epoch in (1, 2, 3):
        callback.on_epoch_begin(epoch)
        clock.now += 0.1
        callback.on_epoch_end(epoch, {"loss": 1.0})
    assert [line[:9] for line in lines[2:]] == ["epoch 4/4"]


def test_lines_of_a_training_that_goes_on(clock):
    lines = []
    callback = begin(PlainProgress(100, 10, lines.append), epochs=9, first=5)
    clock.now = 0.5
    callback.on_epoch_end(5, {"loss": 1.0})
    assert lines == ["epoch 6/9 - loss: 1.0000 - 200 samples/s"]


def test_last_line_of_a_training_that_stops_early(clock):
    lines = []
    callback = begin(PlainProgress(100, 10, lines.append), epochs=9)
    for epoch in (0, 1, 2):
        callback.on_epoch_begin(epoch)
        clock.now += 0.1
        callback.on_epoch_end(epoch, {"loss": 1.0 - epoch / 10})
    callback.on_train_end({"loss": 0.8})
    assert lines[1:] == ["epoch 3/9 - loss: 0.8000 - 1,000 samples/s"]


def test_no_line_twice(clock):
    lines = []
    callback = begin(PlainProgress(100, 10, lines.append), epochs=1)
    clock.now = 0.1
    callback.on_epoch_end(0, {"loss": 1.0})
    callback.on_train_end({"loss": 1.0})
    assert len(lines) == 1


def render(callback, width):
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
    console.print(callback.render())
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [30, 60, 100, 200])
def test_live_area(clock, width):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    callback = begin(LiveProgress(100, 10, console))
    clock.now = 10.0
    callback.on_epoch_end(0, {"loss": 1.0, "accuracy": 0.5, "val_loss": 2.0})
    callback.on_epoch_begin(1)
    clock.now = 20.0
    callback.on_progress(5, {"loss": 0.75})
    lines = render(callback, width)
    callback.close()
    assert all(len(line) <= min(width, 100) for line in lines)
    assert [line[:10].strip() for line in lines] == ["epoch 2/4", "batch 5/10", "so far", "last epoch", "validation"]
    assert "38%" in lines[0]
    if width >= 60:
        assert lines[0].endswith("0:20 0:33 left")
        assert lines[1].endswith("5 samples/s")
        assert lines[2].endswith("loss: 0.7500")
        assert lines[3].endswith("loss: 1.0000 - accuracy: 0.5000")
    last = "epoch 2/4 - loss: 1.0000 - accuracy: 0.5000 - val_loss: 2.0000 - 5 samples/s"
    assert last in console.file.getvalue().replace("\n", "")


def test_time_left_counts_from_where_training_went_on(clock):
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    callback = begin(LiveProgress(100, 10, console), epochs=10, first=8)
    clock.now = 10.0
    callback.on_progress(10, {})
    assert render(callback, 80)[0].endswith("50% 0:10 0:10 left")
    callback.close()


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (65, "1:05"), (3599.6, "1:00:00"), (7265, "2:01:05")])
def test_clock(seconds, text):
    assert _clock(seconds) == text


TERMINAL = {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}


@pytest.mark.parametrize(
    ("environment", "is_live"),
    [(TERMINAL, True), (TERMINAL | {"TERM": "dumb"}, False), (TERMINAL | {"NO_COLOR": "1"}, True), ({}, False)],
)
def test_terminals(tmp_path, monkeypatch, environment, is_live):
    monkeypatch.chdir(tmp_path)
    output = run("train", "digits", "--epochs", 2, env=environment)
    assert ("\x1b[?25l" in output) == is_live  # the cursor is hidden
    assert ("loading digits ..." in output) == (not is_live)
    assert ("\x1b[38" in output or "\x1b[32m" in output) == (is_live and "NO_COLOR" not in environment)


def test_quiet_display_has_no_progress():
    assert Display(quiet=True).make_callbacks(10, 1) == []
