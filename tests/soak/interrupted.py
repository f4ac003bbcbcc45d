"""Calls that Ctrl-C strikes at random instants: how late the interrupt came out, and what it left, as JSON.

python tests/soak/interrupted.py CALL N_INTERRUPTS SEED
"""

import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/

import numpy as np

import nnfast
from nnfast.callbacks import LambdaCallback
from soak import small

BATCH = 250
_fsync = os.fsync


class Call:
    """A call that takes some tenths of a second, and a judgement of what is there after it."""

    def __init__(self) -> None:
        self.x, self.y = small.make_data(2000)

    seconds_of_disk = 0.0
    """Of the last run, which no signal interrupts: fsync."""

    def begin(self) -> None:
        """Make anew what is used."""

    def run(self) -> None:
        raise NotImplementedError

    def check(self) -> bool:
        """Whether all is valid, and goes on exactly."""
        raise NotImplementedError


class Fit(Call):
    """Weights and optimizer are those of a batch border; going on from there ends as if there had been no interrupt."""

    epochs, batch_size = 30, BATCH

    def __init__(self) -> None:
        super().__init__()
        self.n_batches = len(self.x) // self.batch_size
        self.begin()
        self.border = {0: small.get_bits(self.model)}
        self.fit(callbacks=[LambdaCallback(on_train_batch_end=self._note)])

    def _note(self, batch: int, logs: Any) -> None:
        self.border[small.count_steps(self.model)] = small.get_bits(self.model)

    def begin(self) -> None:
        self.model = small.make_model()
        self.model.build(small.N_FEATURES)

    def fit(self, **more: Any) -> None:
        self.model.fit(self.x, self.y, self.batch_size, self.epochs, verbose=0, **more)

    def run(self) -> None:
        self.fit()

    def check(self) -> bool:
        steps = small.count_steps(self.model)
        if small.get_bits(self.model) != self.border[steps] or self.model._epochs_done != steps // self.n_batches:
            return False
        self.go_on(steps)
        return small.get_bits(self.model) == self.border[self.epochs * self.n_batches]

    def go_on(self, steps: int) -> None:
        """To the end of the epoch by the core, from there by ``fit``."""
        n_done, n_batches = divmod(steps, self.n_batches)
        if n_batches:
            settings: dict[str, Any] = {"batch_size": self.batch_size, "n_epochs": 1, "shuffle": True, "seed": 0}
            assert self.model._learner
            trainer, y = self.model._learner.trainer, self.y[:, None]
            trainer.run(self.x, y, first_epoch=n_done, first_batch=n_batches, **settings)
            self.model._epochs_done += 1
            n_done += 1
        if n_done < self.epochs:
            self.model.fit(self.x, self.y, self.batch_size, self.epochs, initial_epoch=n_done, verbose=0)


class FitWithCallbacks(Fit):
    """A call of the core a batch, and a validation an epoch."""

    def run(self) -> None:
        listener = LambdaCallback(on_train_batch_end=lambda batch, logs: None)
        self.fit(callbacks=[listener], validation_data=(self.x[:100], self.y[:100]))


class FitOnStream(Fit):
    """Batches that a second thread reads."""

    class Batches:
        def __init__(self, x: Any, y: Any) -> None:
            self.x, self.y = x, y

        def __len__(self) -> int:
            return len(self.x) // BATCH

        def __getitem__(self, i: int) -> tuple[Any, Any]:
            time.sleep(0.0005)
            return self.x[i * BATCH : (i + 1) * BATCH], self.y[i * BATCH : (i + 1) * BATCH]

    def fit(self, **more: Any) -> None:
        self.model.fit(self.Batches(self.x, self.y), epochs=self.epochs, shuffle=False, verbose=0, **more)

    def check(self) -> bool:
        steps = small.count_steps(self.model)
        if small.get_bits(self.model) != self.border[steps]:
            return False
        self.begin()
        self.fit()
        return small.get_bits(self.model) == self.border[self.epochs * self.n_batches]


class FitMany(Fit):
    """Each of the models is at a border of its own."""

    def begin(self) -> None:
        super().begin()
        self.models = [self.model, *(small.make_model() for _ in range(4))]
        for model in self.models:
            model.build(small.N_FEATURES)

    def run(self) -> None:
        nnfast.fit_many(self.models, self.x, self.y, self.batch_size, self.epochs, verbose=0)

    def check(self) -> bool:
        return sum(map(self._check_one, self.models)) == len(self.models)

    def _check_one(self, model: nnfast.Sequential) -> bool:
        self.model = model
        return super().check()


class Predict(Call):
    """One call of the core."""

    def __init__(self) -> None:
        super().__init__()
        self.model = small.make_model(hidden=2000)
        self.wide = np.broadcast_to(self.x[:, None], (2000, 20, small.N_FEATURES)).reshape(-1, small.N_FEATURES)
        self.many = (self.wide, np.repeat(self.y, 20))
        self.model.fit(self.x, self.y, BATCH, verbose=0)
        self.expected = self.measure()

    def run(self) -> None:
        self.model.predict(self.wide, verbose=0)

    def measure(self) -> Any:
        return (
            self.model.predict(self.x, verbose=0).tobytes(),
            self.model.evaluate(self.x, self.y, verbose=0),
            small.get_bits(self.model),
        )

    def check(self) -> bool:
        return bool(self.measure() == self.expected)


class Evaluate(Predict):
    """One call of the core."""

    def run(self) -> None:
        self.model.evaluate(*self.many, verbose=0)


class Save(Call):
    """Over a file that is there: it is the old one or the new one, and alone in its folder."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "model.safetensors"
        self.models = [small.make_model(seed, hidden=30_000) for seed in (0, 1)]
        for model in self.models:
            model.build(small.N_FEATURES)
        self.bits = [small.get_bits(model) for model in self.models]
        self.models[0].save(self.path)
        os.fsync = self._sync
        self.n_runs = 0

    def run(self) -> None:
        self.n_runs += 1
        self.seconds_of_disk = 0.0
        self.models[self.n_runs % 2].save(self.path)

    def _sync(self, file: int) -> None:
        start = time.perf_counter()
        try:
            _fsync(file)
        finally:
            self.seconds_of_disk += time.perf_counter() - start

    def check(self) -> bool:
        is_alone = [path.name for path in Path(self.folder.name).iterdir()] == [self.path.name]
        return is_alone and small.get_bits(nnfast.load_model(self.path)) in self.bits


class Load(Save):
    """The file stays as it is, and loads."""

    def run(self) -> None:
        nnfast.load_model(self.path)


CALLS: dict[str, Callable[[], Call]] = {
    "fit": Fit,
    "fit_with_callbacks": FitWithCallbacks,
    "fit_on_stream": FitOnStream,
    "fit_many": FitMany,
    "predict": Predict,
    "evaluate": Evaluate,
    "save": Save,
    "load": Load,
}


NEVER = 9.9  # seconds: how late an interrupt is that does not come out of the call


class CtrlC:
    """Python's own handler of SIGINT, while a call is watched; what comes too late is let go."""

    def __init__(self) -> None:
        self.is_watching = False
        signal.signal(signal.SIGINT, self._handle)

    def _handle(self, number: int, frame: Any) -> None:
        if self.is_watching:
            self.is_watching = False
            signal.default_int_handler(number, frame)

    def strike(self, call: Call, after: float) -> float | None:
        """Run a call and interrupt it after some seconds; return how late that came out, None if it was over before."""
        sent: list[float] = []

        def send() -> None:
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

        timer, late = threading.Timer(after, send), None
        timer.start()
        try:
            self.is_watching = True
            call.run()
            late = None if self.is_watching else NEVER
            self.is_watching = False
        except KeyboardInterrupt:
            late = max(0.0, time.perf_counter() - sent[0] - call.seconds_of_disk)
        timer.cancel()
        timer.join()
        return late


def try_all(call: Call, n_interrupts: int, instants: random.Random) -> Iterator[tuple[float, bool]]:
    """Yield how late each interrupt came out, and whether all was well after it."""
    ctrl_c = CtrlC()
    call.begin()
    start = time.perf_counter()
    call.run()
    whole = time.perf_counter() - start
    n_struck = 0
    while n_struck < n_interrupts:
        call.begin()
        late = ctrl_c.strike(call, instants.uniform(0, whole))
        if late is not None:
            n_struck += 1
            yield late, call.check()


if __name__ == "__main__":
    outcomes = list(try_all(CALLS[sys.argv[1]](), int(sys.argv[2]), random.Random(sys.argv[3])))
    print(json.dumps(outcomes))
