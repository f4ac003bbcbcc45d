"""Forks, as programs do them: how many children came to the parent's bits, to something else, or to no end.

    python tests/soak/fork_scenarios.py nnfast 20 after_fit in_a_pool     # JSON: of each scenario [same, other, hung]

The library is nnfast, or torch, sklearn or lightgbm for contrast. Threads are as OMP_NUM_THREADS says.
"""

import json
import multiprocessing
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/

from soak.fork_libraries import LIBRARIES, Library

SECONDS = 10.0  # that no child takes unless it hangs
SAME, OTHER, HUNG = range(3)


class Child:
    """A forked child that says what it came to; ``is_here`` in it."""

    def __init__(self) -> None:
        self._mine, self._its = socket.socketpair()
        self._number = os.fork()
        self.is_here = self._number == 0
        if self.is_here:
            signal.alarm(int(3 * SECONDS))  # should the parent end first

    def finish(self, body: Callable[[], bytes]) -> NoReturn:
        """In the child: say what body returns, or its error, and end."""
        try:
            self._its.sendall(body())
        except BaseException as error:
            self._its.sendall(f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)

    def wait(self) -> bytes | None:
        """In the parent: what the child said; None if it did not."""
        is_ready = select.select([self._mine], [], [], SECONDS)[0]
        received = self._mine.recv(1000) if is_ready else None
        os.kill(self._number, signal.SIGKILL)
        os.waitpid(self._number, 0)
        self._mine.close()
        self._its.close()
        return received


def run_child(body: Callable[[], bytes]) -> bytes | None:
    """What a forked child makes of body; None if it does not end."""
    child = Child()
    if child.is_here:
        child.finish(body)
    return child.wait()


def judge(received: bytes | None, expected: bytes) -> int:
    if received not in (expected, None):
        print(received, file=sys.stderr)
    return HUNG if received is None else SAME if received == expected else OTHER


# ---- scenarios of every library: each yields an outcome a child --------------------------------------------------


def after_fit(library: Library) -> Iterator[int]:
    expected = library.fit_and_predict()
    yield judge(run_child(library.fit_and_predict), expected)


def after_predict(library: Library) -> Iterator[int]:
    """The child goes on with the parent's model."""
    model = library.fit()
    expected = library.predict(model)
    yield judge(run_child(lambda: library.predict(model)), expected)


def nested(library: Library) -> Iterator[int]:
    expected = library.fit_and_predict()

    def work_and_fork() -> bytes:
        own = library.fit_and_predict()
        below = run_child(library.fit_and_predict)
        return own if own == below else b"another" if below else b"hung"

    received = run_child(work_and_fork)
    yield judge(None if received == b"hung" else received, expected)


def from_a_thread(library: Library) -> Iterator[int]:
    """Which has had threads of its own, as the main thread has."""
    expected = library.fit_and_predict()
    received: list[bytes | None] = []

    def fork() -> None:
        library.fit_and_predict()
        received.append(run_child(library.fit_and_predict))

    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    yield judge(received[0], expected)


def beside_a_thread_that_trains(library: Library) -> Iterator[int]:
    expected = library.fit_and_predict()
    over = threading.Event()

    def train() -> None:
        while not over.is_set():
            library.fit()

    thread = threading.Thread(target=train)
    thread.start()
    time.sleep(0.05)
    received = run_child(library.fit_and_predict)
    over.set()
    thread.join()
    yield judge(received, expected)


def in_a_process(library: Library) -> Iterator[int]:
    """multiprocessing.Process of the context "fork"."""
    expected = library.fit_and_predict()
    context = multiprocessing.get_context("fork")
    mine, its = context.Pipe()
    process = context.Process(target=lambda: its.send_bytes(library.fit_and_predict()))
    process.start()
    received = mine.recv_bytes() if mine.poll(SECONDS) else None
    process.kill()
    process.join()
    yield judge(received, expected)


def in_a_pool(library: Library) -> Iterator[int]:
    """multiprocessing.Pool of the context "fork", two workers."""
    expected = library.fit_and_predict()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        tasks = [pool.apply_async(library.fit_and_predict) for _ in range(2)]
        end = time.monotonic() + SECONDS
        for task in tasks:
            try:
                yield judge(task.get(max(end - time.monotonic(), 0.1)), expected)
            except multiprocessing.TimeoutError:
                yield HUNG


def preloaded(library: Library) -> Iterator[int]:
    """As gunicorn with preload_app: the parent loads a model and tries it, two workers accept on its socket."""
    model = library.fit()
    expected = library.predict(model)
    with socket.create_server(("127.0.0.1", 0)) as server:
        workers = [_serve(server, lambda: library.predict(model)) for _ in range(2)]
        for _ in workers:
            yield judge(_request(server.getsockname()), expected)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def _serve(server: socket.socket, answer: Callable[[], bytes]) -> int:
    worker = os.fork()
    if worker:
        return worker
    signal.alarm(int(3 * SECONDS))
    connection, _ = server.accept()  # one request each: both workers are asked
    connection.sendall(answer())
    connection.close()
    signal.pause()
    os._exit(0)


def _request(address: tuple[str, int]) -> bytes | None:
    with socket.create_connection(address, timeout=SECONDS) as connection:
        try:
            return connection.recv(1000)
        except TimeoutError:
            return None


COMMON = (
    *(after_fit, after_predict, nested, from_a_thread, beside_a_thread_that_trains),
    *(in_a_process, in_a_pool, preloaded),
)
SCENARIOS = {scenario.__name__: scenario for scenario in COMMON}


def count(scenario: Callable[[Library], Iterator[int]], library: Library, n_children: int) -> list[int]:
    outcomes = [0, 0, 0]
    while sum(outcomes) < n_children:
        for outcome in scenario(library):
            outcomes[outcome] += 1
    return outcomes


def main() -> None:
    scenarios = SCENARIOS
    if sys.argv[1] == "nnfast":
        from soak.fork_training import OWN

        scenarios = scenarios | OWN
    library, n_children = LIBRARIES[sys.argv[1]](), int(sys.argv[2])
    print(json.dumps({name: count(scenarios[name], library, n_children) for name in sys.argv[3:]}))


if __name__ == "__main__":
    main()
