"""read_ahead: takes items from an iterator on a second thread, while the first works with those taken before."""

import os
import threading
import warnings
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Generic, Self, TypeVar

T = TypeVar("T")

N_AHEAD = 2


class _Failure:
    """What ended the iterator: an error, or nothing but its end."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class ReadAhead(Generic[T]):
    """The items of an iterator in order, of which at most two are taken before they are asked for.

    The thread lives as long as the ``with`` block: leaving it waits for the item that is being taken. An error that the
    iterator raises is raised where its item would have come, with its traceback. Where no thread can be had, items are
    taken when they are asked for. A forked child does not have the thread: there it is a RuntimeError to ask for more.

    Parameters
    ----------
    items : iterator
        What is read; nobody else may use it within the block.
    """

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._results: SimpleQueue[T | _Failure] = SimpleQueue()
        self._places: SimpleQueue[None] = SimpleQueue()  # one for each item that may be taken
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._process = os.getpid()

    def __enter__(self) -> Self:
        for _ in range(N_AHEAD):
            self._places.put(None)
        thread = threading.Thread(target=self._read, name="nnfast-read-ahead", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            warnings.warn("no thread could be started that reads ahead; training waits for its data", stacklevel=4)
        else:
            self._thread = thread
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closed = True
        self._places.put(None)
        if self._thread:
            self._thread.join()

    def __iter__(self) -> Iterator[T]:
        if not self._thread:
            yield from self._items
            return
        while not isinstance(result := self._get_result(), _Failure):
            self._places.put(None)
            yield result
        if result.error is not None:
            raise result.error

    def _get_result(self) -> T | _Failure:
        if os.getpid() != self._process:
            raise RuntimeError("this process was forked while a stream was read, which goes on in the parent alone")
        return self._results.get()

    def _read(self) -> None:
        error = None
        try:
            while self._has_place():
                self._results.put(next(self._items))
        except StopIteration:
            pass
        except BaseException as raised:
            error = raised
        self._results.put(_Failure(error))

    def _has_place(self) -> bool:
        """Wait until another item may be taken, or none any more."""
        self._places.get()
        return not self._is_closed
