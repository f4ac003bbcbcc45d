"""fork_training: forks of nnfast alone, in the midst of training."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnfast.callbacks import LambdaCallback
from soak import small
from soak.fork_libraries import Library
from soak.fork_scenarios import Child, judge, run_child


def trained_by_another_thread(library: Library) -> Iterator[int]:
    """The child cannot use the model that another thread was training; all others it can."""
    expected = library.fit_and_predict()
    model, over = small.make_model(), threading.Event()
    listener = LambdaCallback(on_progress=lambda batch, logs: setattr(model, "stop_training", over.is_set()))
    thread = threading.Thread(target=lambda: _train(library, model, 200, 1000, listener))
    thread.start()
    while small.count_steps(model) == 0:
        time.sleep(0.001)
    time.sleep(0.02)

    def use_both() -> bytes:
        _expect_error(lambda: model.predict(library.x))
        _expect_error(lambda: _train(library, model, 1, 1))
        return library.fit_and_predict()

    received = run_child(use_both)
    over.set()
    thread.join()
    yield judge(received, expected)


def in_a_callback(library: Library) -> Iterator[int]:
    """Between two epochs: both processes train to the end, to the same bits."""
    yield judge(*_fork_at("on_epoch_end", library, 1, 4))


def inside_the_core(library: Library) -> Iterator[int]:
    """From a callback in the midst of an epoch: training goes on in the parent, and is an error in the child."""
    received, _ = _fork_at("on_progress", library, 200, 1000)
    message = "RuntimeError: this process was forked inside a call of nnfast, which goes on in the parent alone"
    yield judge(received, message.encode())


def _fork_at(hook: str, library: Library, n_copies: int, epochs: int) -> tuple[bytes | None, bytes]:
    """Fork at the first call of a hook; return what the child came to, and the parent."""
    model = small.make_model()
    children: list[Child] = []

    def fork(*_: Any) -> None:
        if children:
            model.stop_training = model.stop_training or hook == "on_progress"
        else:
            children.append(Child())

    def train_and_predict() -> bytes:
        _train(library, model, n_copies, epochs, LambdaCallback(**{hook: fork}))
        return library.predict(model)

    try:
        own = train_and_predict()
    except RuntimeError as error:
        own = f"RuntimeError: {error}".encode()
    if children[0].is_here:
        children[0].finish(lambda: own)
    return children[0].wait(), own


def _train(library: Library, model: Any, n_copies: int, epochs: int, *listeners: Any) -> None:
    x, y = np.tile(library.x, (n_copies, 1)), np.tile(library.y, n_copies)
    model.fit(x, y, batch_size=256, epochs=epochs, callbacks=[*listeners], verbose=0)


def _expect_error(call: Callable[[], object]) -> None:
    message = "being trained or changed when this process was forked"
    try:
        call()
    except RuntimeError as error:
        if message not in str(error):
            raise
    else:
        raise AssertionError(f"expected a RuntimeError: {message}")


OWN = {scenario.__name__: scenario for scenario in (trained_by_another_thread, in_a_callback, inside_the_core)}
