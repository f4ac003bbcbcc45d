"""contestants: the systems that take part in a task, each in a process of its own.

A kind of work is a folder with tasks and rivals. A rival's file gives a class ``Rival`` and, if there are tasks that
its system cannot do, a function ``find_obstacle(task)`` that says why, or returns None.
"""

import importlib
import multiprocessing
import os
import signal
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

OURS = "nnfast"
FOLDER = Path(__file__).parent
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NNFAST_NUM_THREADS")
MOST_SECONDS = 600
"""For one answer of a rival; compiling counts."""


class Rival(Protocol):
    """One system's program for all tasks of a kind."""

    def __init__(self, task: Any, data: Any, n_threads: int) -> None: ...
    def run(self, n: int, shuffle: bool) -> None: ...
    def get_results(self) -> list[Any]: ...
    @staticmethod
    def describe() -> str: ...


class Obstacle(Exception):
    """Why a system does not take part."""


def set_threads(n_threads: int) -> None:
    """Tell those who read it from the environment: before NumPy is imported, here and in the rivals' processes."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(n_threads)


def find_rivals(kind: str) -> list[str]:
    names = sorted(path.stem for path in (FOLDER / kind).glob("*.py") if path.stem not in ("__init__", "recipe"))
    return [OURS, *(name for name in names if name != OURS)]


def find_task(kind: str, name: str) -> Any:
    return next(task for task in importlib.import_module(f"benchmarks.{kind}").TASKS if task.name == name)


# ---- in a rival's process ----


def load_rival(kind: str, name: str, task: Any) -> type[Rival]:
    try:
        module = importlib.import_module(f"benchmarks.{kind}.{name}")
    except ModuleNotFoundError as error:
        raise Obstacle(f"{error.name} is not installed") from error
    obstacle = getattr(module, "find_obstacle", lambda task: None)(task)
    if obstacle:
        raise Obstacle(obstacle)
    return module.Rival


class Server:
    """Answers requests about one rival and task."""

    def __init__(self, kind: str, task_name: str, name: str, n_threads: int) -> None:
        self.task = find_task(kind, task_name)
        self.rival_class = load_rival(kind, name, self.task)
        self.n_threads = n_threads
        self.rival: Rival | None = None

    def describe(self) -> str:
        return self.rival_class.describe()

    def check(self) -> list[Any]:
        checked = self.rival_class(self.task, self.task.make_data(self.task.check_rows), self.n_threads)
        for _ in range(self.task.check_runs):
            checked.run(1, shuffle=False)
        return checked.get_results()

    def time(self, n: int) -> float:
        if self.rival is None:
            self.rival = self.rival_class(self.task, self.task.make_data(self.task.n_rows), self.n_threads)
        start = time.perf_counter()
        self.rival.run(n, shuffle=True)
        return time.perf_counter() - start


def serve(kind: str, task_name: str, name: str, n_threads: int, pipe: Connection) -> None:
    """Answer (method, *arguments) with (error or None, result) until the pipe is closed.

    Errors go through the pipe; what libraries say of themselves on standard error goes nowhere.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    server: Server | None = None
    while True:
        try:
            method, *arguments = pipe.recv()
        except EOFError:
            return
        try:
            server = server or Server(kind, task_name, name, n_threads)
            pipe.send((None, getattr(server, method)(*arguments)))
        except Exception as error:
            text = str(error).strip().splitlines() or [""]
            pipe.send((str(error) if isinstance(error, Obstacle) else f"{type(error).__name__}: {text[0]}", None))


# ---- in the harness ----


class Contestant:
    """A rival seen from the harness: asked, and timed by turns. Raises ``Obstacle`` if it cannot go on."""

    def __init__(self, kind: str, task: Any, name: str, n_threads: int, label: str | None = None) -> None:
        self.name, self.task = label or name, task
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        arguments = (kind, task.name, name, n_threads, theirs)
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        self.n_runs = 1
        self.rates: list[float] = []
        """Samples a second, one a turn."""
        self.notes: dict[str, Any] = {}

    def send(self, number: signal.Signals) -> None:
        """Stop or continue the process: threads that wait for work would take time from those who have some."""
        if self.process.pid is not None:
            os.kill(self.process.pid, number)

    def ask(self, *request: Any) -> Any:
        try:
            self.send(signal.SIGCONT)
            self.pipe.send(request)
            if not self.pipe.poll(MOST_SECONDS):
                raise Obstacle(f"gave no answer in {MOST_SECONDS} s")
            error, answer = self.pipe.recv()
            self.send(signal.SIGSTOP)
        except (EOFError, OSError) as end:
            raise Obstacle("its process has ended") from end
        if error:
            raise Obstacle(error)
        return answer

    def describe(self) -> str:
        return self.ask("describe")

    def get_results(self) -> list[Any] | None:
        return self.ask("check")

    def prepare(self, turn_seconds: float) -> None:
        """Warm up (memory, caches, compilation) and find how many runs a turn takes."""
        self.ask("time", 1)
        seconds = self.ask("time", self.n_runs)
        while seconds < turn_seconds / 8:
            self.n_runs *= 8
            seconds = self.ask("time", self.n_runs)
        self.n_runs = max(1, round(self.n_runs * turn_seconds / seconds))

    def take_turn(self) -> None:
        self.rates.append(self.task.n_rows * self.n_runs / self.ask("time", self.n_runs))

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            self.send(signal.SIGCONT)
        self.pipe.close()
        self.process.join(2)
        if self.process.is_alive():
            self.process.kill()
