"""killing.py: trainings that are killed, started again, and killed, until they end; the counts as JSON.

    python tests/soak/killing.py KILLS SEED

A process that has only imported nnfast forks each of them, so that a start costs milliseconds. Two are at work at a
time. Each goes on with another number of threads and another instruction set.
"""

import json
import mmap
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import nnfast
from nnfast import _core
from nnfast.callbacks import BackupAndRestore, Callback
from nnfast.exceptions import ModelFileError
from nnfast.layers import Dense, Input
from nnfast.saving.model_file import read_model
from soak.trainings import TRAININGS, train

INTERVAL = 3  # batches
TIMEOUT = 60.0
N_LANES = 2


class Counting(Callback):
    """Tells the parent, in memory that both have, how many batches are done."""

    def __init__(self, shared: mmap.mmap) -> None:
        super().__init__()
        self._shared = shared

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        struct.pack_into("q", self._shared, 0, self.model._get_state(self.model.optimizer).step)


def run_child(name: str, folder: Path, shared: mmap.mmap, draw: random.Random) -> None:
    """Train in this process and leave it; the last thing shared is the SHA-256 of the result."""
    nnfast.set_num_threads(draw.choice((1, 2, 3)))
    _core.set_isa(draw.choice(_core.get_runnable_isas()))
    backup = BackupAndRestore(folder, INTERVAL, draw.random() < 0.5, delete_checkpoint=False)
    shared[8:72] = train(name, [Counting(shared), backup]).encode()


def fork(name: str, folder: Path, shared: mmap.mmap, draw: random.Random) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        run_child(name, folder, shared, draw)
        code = 0
    except BaseException as error:
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(code)


def compute_expected(name: str) -> str:
    """The result of a training that nobody disturbs and that saves nothing."""
    shared = mmap.mmap(-1, 72)
    pid = os.fork()
    if pid == 0:
        shared[8:72] = train(name).encode()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return shared[8:72].decode()


def measure_pace(names: Collection[str], draw: random.Random) -> float:
    """The seconds that a training takes with its checkpoints, at the mean."""
    start = time.monotonic()
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            assert os.waitpid(fork(name, Path(folder), mmap.mmap(-1, 72), draw), 0)[1] == 0
    return (time.monotonic() - start) / len(names)


class Lane:
    """One training after the other, each started again until it ends."""

    def __init__(self, counts: Counter[str], expected: dict[str, str], pace: float, draw: random.Random) -> None:
        self.counts, self._expected, self._pace, self._draw = counts, expected, pace, draw
        self._folder = Path(tempfile.mkdtemp(prefix="nnfast-kills-"))
        self.pid = 0
        self._begin()

    def _begin(self) -> None:
        self._name = self._draw.choice(list(self._expected))
        self._shared = mmap.mmap(-1, 72)
        self._newest = 0
        shutil.rmtree(self._folder)
        self._start()

    def _start(self) -> None:
        self._started = time.monotonic()
        self._kill_at = self._started + self._draw.uniform(0, 2 * self._pace)
        self._kill_at_last = self._kill_at + self._draw.choice((0.0, self._pace))  # half of them wait for a write
        self.counts["starts"] += 1
        self.pid = fork(self._name, self._folder, self._shared, self._draw)

    def step(self, goes_on: bool) -> None:
        """See whether the child has ended, or is to be killed; start the next one, if there is to be one."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        now = time.monotonic()
        if pid:
            self.pid = 0
            self._end(status)
            if goes_on:
                self._begin()
        elif now > self._started + TIMEOUT:
            self.counts["hung"] += 1
            self._started = now
            os.kill(self.pid, signal.SIGKILL)
        elif goes_on and now >= self._kill_at and (self._is_writing() or now >= self._kill_at_last):
            self._kill()
            self._start()

    def _end(self, status: int) -> None:
        self.counts["ended"] += 1
        self.counts["other bits"] += status != 0 or self._shared[8:72].decode() != self._expected[self._name]
        self.counts["litter"] += len(list(self._folder.glob(".*")))

    def _kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):  # else it had ended by itself, and does so again
            self.counts["kills"] += 1
            self._look()

    def _is_writing(self) -> bool:
        return any(self._folder.glob(".step-*"))

    def _look(self) -> None:
        """Look at what the killed one left."""
        self.counts["in a write"] += self._is_writing()
        newest = 0
        for path in self._folder.glob("step-*"):
            try:
                saved = read_model(path)
            except ModelFileError:
                self.counts["corrupt"] += 1
            else:
                newest = max(newest, saved.compiled.step if saved.compiled else 0)
        (n_done,) = struct.unpack_from("q", self._shared, 0)
        self.counts["lost"] += newest < self._newest or n_done - newest > INTERVAL
        self.counts["most lost"] = max(self.counts["most lost"], n_done - newest)
        self._newest = newest

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def import_all(folder: str) -> None:
    """Import what a training needs, so that children do not; nothing is computed, no thread is started."""
    import nnfast.data.read_ahead

    model = nnfast.Sequential([Input(2), Dense(1)])
    model.save(Path(folder, "m.safetensors"))
    nnfast.load_model(Path(folder, "m.safetensors"))


def main(n_kills: int, seed: int) -> dict[str, Any]:
    draw, counts = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        import_all(folder)
    expected = {name: compute_expected(name) for name in TRAININGS}
    pace = measure_pace(expected, draw)
    lanes = [Lane(counts, expected, pace, draw) for _ in range(N_LANES)]
    while any(lane.pid for lane in lanes):
        for lane in lanes:
            if lane.pid:
                lane.step(counts["kills"] < n_kills)
        time.sleep(0.0005)
    for lane in lanes:
        lane.close()
    return dict(counts)


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
