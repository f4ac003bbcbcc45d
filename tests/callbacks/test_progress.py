"""What shows that training is alive: lines of log, and a bar on a terminal."""

import contextlib
import logging
import os
import sys
import threading

import pytest
from problems import make_classes, make_classifier

from nnfast.callbacks import ProgressBar, ProgressLog


def fit(*callbacks):
    x, y = make_classes(64)
    make_classifier().fit(x, y, epochs=2, verbose=0, callbacks=list(callbacks))


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
