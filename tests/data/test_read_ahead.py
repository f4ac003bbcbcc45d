"""ReadAhead: items in order, two ahead at most, errors in their place, and a thread that ends with the block."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from nnfast.data.read_ahead import N_AHEAD, ReadAhead


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


class Count:
    """Numbers, and how many of them were asked for."""

    def __init__(self) -> None:
        self.n = 0
        self.has_changed = threading.Condition()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self.has_changed:
            self.n += 1
            self.has_changed.notify()
        return self.n

    def settle(self, n: int) -> int:
        """Wait for n to be asked for, and a moment for more."""
        with self.has_changed:
            assert self.has_changed.wait_for(lambda: self.n >= n, timeout=10)
        time.sleep(0.02)
        return self.n


def test_two_are_read_before_they_are_asked_for() -> None:
    count = Count()
    with ReadAhead(count) as ahead:
        items = iter(ahead)
        for taken in range(5):
            assert count.settle(taken + N_AHEAD) == taken + N_AHEAD == taken + 2
            assert next(items) == taken + 1
    assert count.n <= 5 + N_AHEAD


def test_all_come_in_order() -> None:
    with ReadAhead(iter(range(100))) as ahead:
        assert list(ahead) == list(range(100))


def test_without_a_thread_all_come_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    count = Count()
    with pytest.warns(UserWarning, match="no thread could be started"):
        ahead = ReadAhead(count).__enter__()
    with contextlib.closing(iter(ahead)) as items:
        assert [next(items), next(items), count.n] == [1, 2, 2]
    ahead.__exit__()


def test_an_error_comes_in_its_place() -> None:
    def fail() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with ReadAhead(fail()) as ahead:
        items = iter(ahead)
        assert next(items) == 1
        with pytest.raises(OSError, match="gone"):
            next(items)


def test_an_error_that_nobody_waits_for_is_dropped() -> None:
    def fail() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with ReadAhead(fail()) as ahead:
        assert next(iter(ahead)) == 1


def test_leaving_waits_for_what_is_being_read() -> None:
    inside, may_end = threading.Event(), threading.Event()

    def slow() -> Iterator[int]:
        yield 0
        inside.set()
        may_end.wait(timeout=10)
        yield 1
        raise AssertionError("read on")

    with ReadAhead(slow()) as ahead:
        assert next(iter(ahead)) == 0
        assert inside.wait(timeout=10)
        timer = threading.Timer(0.01, may_end.set)
        timer.start()
    assert may_end.is_set()
    timer.join()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_is_told_that_it_has_no_thread() -> None:
    with ReadAhead(Count()) as ahead:
        items = iter(ahead)
        assert next(items) == 1
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # a hang must end as a failure
            try:
                [next(items) for _ in range(N_AHEAD + 1)]
            except RuntimeError as error:
                os._exit("was forked" in str(error))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        assert next(items) == 2


def test_an_error_within_the_block_goes_on() -> None:
    with pytest.raises(LookupError), ReadAhead(Count()):
        raise LookupError
