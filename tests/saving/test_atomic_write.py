"""A file is written whole or not at all, whenever Ctrl-C comes."""

import errno
import os
import stat
import sys

import pytest

from nnfast.saving import atomic_write


class Interrupting:
    """Raises KeyboardInterrupt before the n-th line of the module under test."""

    def __init__(self, n):
        self.n_left = n

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename != atomic_write.__file__:
            return None
        if event == "line":
            self.n_left -= 1
            if self.n_left == 0:
                raise KeyboardInterrupt
        return self


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # a file that the interrupt leaves to be collected
@pytest.mark.parametrize("before", [None, b"old"])
def test_interrupt_at_every_line(before, tmp_path):
    path, n = tmp_path / "file", 0
    while path not in tmp_path.iterdir() or path.read_bytes() != b"new":
        for each in tmp_path.iterdir():
            each.unlink()
        if before:
            path.write_bytes(before)
        n += 1
        sys.settrace(Interrupting(n))
        try:
            atomic_write.write_atomically(path, b"new")
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        left = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
        assert left in ({"file": b"new"}, {"file": before} if before else {})
    assert n > 8


def test_what_is_renamed_is_on_the_disk(tmp_path, monkeypatch):
    """No test can take the power away: bytes are there before the name, and the name before the call is over."""
    path, calls, fsync = tmp_path / "file", [], os.fsync

    def watch(handle):
        status = os.fstat(handle)
        calls.append(("folder" if stat.S_ISDIR(status.st_mode) else status.st_size, path.exists()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watch)
    atomic_write.write_atomically(path, b"new")
    assert calls == [(3, False), ("folder", True)]


def test_a_link_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("there", "not yet"):
        (tmp_path / f"to {name}").symlink_to(tmp_path / "folder" / name)
    (tmp_path / "folder" / "there").write_bytes(b"old")
    for name in ("there", "not yet"):
        atomic_write.write_atomically(tmp_path / f"to {name}", b"new")
        assert (tmp_path / f"to {name}").is_symlink()
        assert (tmp_path / "folder" / name).read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "not yet", "there", "to not yet", "to there"]


def test_what_is_no_file_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("folder", "pipe", "link"):
        with pytest.raises(FileExistsError, match=f"received a folder or a device: '.*{name}'"):
            atomic_write.write_atomically(tmp_path / name, b"new")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert (tmp_path / "link").is_symlink()
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_errors_name_the_file(name, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, name, fail)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match=r"No space left on device: 'file'$"):
        atomic_write.write_atomically("file", b"new")
    assert not list(tmp_path.iterdir())
