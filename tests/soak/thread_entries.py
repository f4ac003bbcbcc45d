"""thread_entries: what starts threads: in a new thread each time, whose team is not there yet."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import nnfast
from nnfast import kernels
from soak.entry_points import AFTER, Entry, fit_batches, look_at_model, look_at_nothing, make_model

N_THREADS = 7

rng = np.random.default_rng(5)
X, Y = rng.normal(size=(3000, 20)).astype("float32"), rng.integers(0, 3, 3000)
LARGE = rng.normal(size=(700, 300)).astype("float32")


def in_new_thread(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(thing: Any) -> Any:
        results: list[Any] = []
        nnfast.set_num_threads(N_THREADS)
        thread = threading.Thread(target=lambda: results.append(call(thing)))
        thread.start()
        thread.join()
        [result] = results
        return result

    return run


def of_model(call: Callable[[nnfast.Sequential], Any]) -> Entry:
    return Entry(make_model, in_new_thread(call), look_at_model, AFTER)


def of_nothing(call: Callable[[Any], Any]) -> Entry:
    return Entry(look_at_nothing, in_new_thread(call), look_at_nothing)


TEAMS = {
    "fit": of_model(lambda model: model.fit(X, Y, batch_size=1000, verbose=0).history),
    "evaluate": of_model(lambda model: model.evaluate(X, Y, verbose=0)),
    "predict": of_model(lambda model: model.predict(X)),
    "forward": of_model(lambda model: model.forward(X)),
    "dense_forward": of_nothing(lambda _: kernels.dense_forward(LARGE, LARGE[:300])),
    "dense_backward": of_nothing(lambda _: kernels.dense_backward(LARGE, LARGE[:300], LARGE)),
    "gelu": of_nothing(lambda _: kernels.gelu(LARGE)),
}
READERS = {"fit, Batches": Entry(make_model, fit_batches, look_at_model, AFTER)}
ENTRIES = TEAMS | READERS
