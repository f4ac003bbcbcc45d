"""Threads of Python: eight at once on models, and on the buffers that a model trains on.

What is predicted and trained is compared to the bit with what one thread computed before.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import nnfast
from nnfast.callbacks import LambdaCallback
from nnfast.exceptions import NotFiniteError
from soak import small
from soak.row import Row, Size

N_THREADS = 8
IN_USE = "the model is in use by another thread"


def run_threads(body: Callable[[int, Counter[str]], None]) -> Counter[str]:
    """What eight threads counted together; an error that a body does not expect counts as such."""
    counts = [Counter[str]() for _ in range(N_THREADS)]

    def guarded(index: int) -> None:
        try:
            body(index, counts[index])
        except BaseException as error:
            counts[index][f"{type(error).__name__}: {error}"] += 1

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(N_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts, Counter())


def make_row(fault: str, must: str, counts: Counter[str], *good: str) -> Row:
    tried = sum(counts.values())
    figure = ", ".join(f"{n:,} {name}" for name, n in counts.items())
    return Row(fault, must, tried, tried - sum(counts[name] for name in good), figure)


# ---- predict on one model ----------------------------------------------------------------------------------------


def predict_one_model(n_calls: int, seed: int) -> Row:
    (x, y), model = small.make_data(), small.make_model()
    model.fit(x, y, batch_size=250, verbose=0)
    expected = model.predict(x, verbose=0)

    def body(index: int, counts: Counter[str]) -> None:
        rng = np.random.default_rng([seed, index])
        for _ in range(n_calls // N_THREADS):
            first, n = int(rng.integers(0, 1999)), int(rng.choice([1, 7, 60, 600]))
            part = slice(first, min(first + n, len(x)))
            received = model.predict_one(x[first])[None] if n == 1 else model.predict(x[part], verbose=0)
            counts["same" if received.tobytes() == expected[part].tobytes() else "wrong"] += 1

    return make_row("`predict` and `predict_one` on one model", "the same bits", run_threads(body), "same")


# ---- fit, each its own --------------------------------------------------------------------------------------------


def fit_own_models(n_calls: int) -> Row:
    x, y = small.make_data(400)
    expected = small.make_model()
    expected.fit(x, y, batch_size=100, verbose=0)
    bits = small.get_bits(expected)

    def body(index: int, counts: Counter[str]) -> None:
        for _ in range(n_calls // N_THREADS):
            model = small.make_model()
            model.fit(x, y, batch_size=100, verbose=0)
            counts["same" if small.get_bits(model) == bits else "wrong"] += 1

    return make_row("`fit`, each thread its own model", "the same bits", run_threads(body), "same")


# ---- fit against predict on one ------------------------------------------------------------------------------------


def fit_against_predict(n_fits: int) -> Row:
    """Two threads train in turns, six predict: the outputs are those of some whole number of calls of fit."""
    x, y = small.make_data(400)
    model, twin = small.make_model(), small.make_model()
    model.build(small.N_FEATURES)
    twin.build(small.N_FEATURES)
    possible = {twin.predict(x[:50], verbose=0).tobytes()}
    for _ in range(n_fits):
        twin.fit(x, y, batch_size=100, verbose=0)
        possible.add(twin.predict(x[:50], verbose=0).tobytes())
    left = list(range(n_fits))

    def train() -> str:
        model.fit(x, y, batch_size=100, verbose=0)
        left.pop()
        return "trained"

    def predict() -> str:
        time.sleep(0.001)  # else there is always one that reads
        return "same" if model.predict(x[:50], verbose=0).tobytes() in possible else "wrong"

    def body(index: int, counts: Counter[str]) -> None:
        while left:
            try:
                outcome = train() if index == len(left) % 2 else predict()
            except RuntimeError as error:
                outcome = "refused" if str(error).startswith(IN_USE) else str(error)
            counts[outcome] += 1

    must = "outputs of a whole number of calls of `fit`, or an error that says why"
    counts = run_threads(body)
    counts["trained to other bits"] += small.get_bits(model) != small.get_bits(twin)
    counts["never predicted"] += not counts["same"]
    return make_row("`fit` against `predict` on one model", must, +counts, "trained", "same", "refused")


# ---- buffers that change ---------------------------------------------------------------------------------------------


def change_buffers(n_changes: int, seed: int) -> Row:
    """Seven threads write labels out of range, NaN and infinities, and what was there, into what one trains on."""
    x, y = small.make_data(4000)
    original = x.copy(), y.copy()
    is_over = threading.Event()
    ends = Counter[str]()

    def train(counts: Counter[str]) -> None:
        model = small.make_model()
        while not is_over.is_set() or not ends:
            try:
                model.fit(x, y, batch_size=100, epochs=20, verbose=0)
                ends["trained"] += 1
            except (ValueError, NotFiniteError) as error:
                ends["stopped at a batch" if " in epoch " in str(error) else "refused"] += 1
            if not all(np.isfinite(w).all() for w in model.get_weights()):
                counts["weights not finite"] += 1

    def write(index: int, counts: Counter[str]) -> None:
        rng = np.random.default_rng([seed, index])
        for _ in range(n_changes // (N_THREADS - 1)):
            i = int(rng.integers(len(x)))
            y[i] = rng.choice([-1, 5, 2**31 - 1, -(2**31)])
            x[i, int(rng.integers(small.N_FEATURES))] = rng.choice([np.nan, np.inf, -np.inf])
            counts["changes"] += 1
            time.sleep(rng.uniform(0, 0.0002))
            x[i], y[i] = original[0][i], original[1][i]
            time.sleep(rng.uniform(0, 0.004))

    def body(index: int, counts: Counter[str]) -> None:
        if index == 0:
            train(counts)
            return
        try:
            write(index, counts)
        finally:
            if index == 1:
                is_over.set()

    counts = run_threads(body)
    must = "trained, or an error; weights stay finite"
    row = make_row("buffers changed by other threads during `fit`", must, counts, "changes")
    figure = "; ".join([row.figure, *(f"{n:,} calls {name}" for name, n in sorted(ends.items()))])
    return replace(row, figure=figure)


# ---- callbacks that raise --------------------------------------------------------------------------------------------


MOST_EPOCHS = 100  # none comes near


class OwnError(Exception):
    pass


def raise_at(hook: str, n_calls: int) -> LambdaCallback:
    left = iter(range(n_calls))

    def count(*_: Any) -> None:
        if next(left, None) is None:
            raise OwnError(hook)

    return LambdaCallback(**{hook: count})


def raise_in_callbacks(n: int) -> Row:
    hooks = {
        "on_train_begin": 1,
        **dict.fromkeys(("on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_epoch_end"), n),
        "on_progress": 3,  # of them there are 20 a second
    }
    counts = Counter(raise_once(hook, n_before) for hook in hooks for n_before in range(hooks[hook]))
    must = "the error comes out at a batch border; the model trains on"
    return make_row(f"a callback raises, in {', '.join(hooks)}", must, counts, "well")


def raise_once(hook: str, n_before: int) -> str:
    n_rows = 600_000 if hook == "on_progress" else 1000  # of an epoch that is over in 50 ms nothing is told
    (x, y), model = small.make_data(n_rows), small.make_model()
    model.build(small.N_FEATURES)
    try:
        model.fit(x, y, batch_size=100, epochs=MOST_EPOCHS, callbacks=[raise_at(hook, n_before)], verbose=0)
        return "no error"
    except OwnError:
        pass
    steps = small.count_steps(model)
    if small.get_bits(model) != small.get_bits(train_steps(x, y, steps)):
        return "not a border"
    model.fit(x[:1000], y[:1000], batch_size=100, verbose=0)
    return "well" if small.count_steps(model) == steps + 10 else "does not train on"


def train_steps(x: Any, y: Any, n_steps: int) -> nnfast.Sequential:
    model = small.make_model()
    model.build(small.N_FEATURES)

    def count(batch: int, logs: Any) -> None:
        model.stop_training = small.count_steps(model) == n_steps

    if n_steps:
        listener = LambdaCallback(on_train_batch_end=count)
        model.fit(x, y, batch_size=100, epochs=MOST_EPOCHS, callbacks=[listener], verbose=0)
    return model


def rows(size: Size) -> Iterator[Row]:
    before = nnfast.get_num_threads()
    nnfast.set_num_threads(2)
    yield predict_one_model(size.pick(800, 70_000), size.seed)
    yield fit_own_models(size.pick(80, 15_000))
    yield fit_against_predict(size.pick(30, 2500))
    yield change_buffers(size.pick(700, 14_000), size.seed)
    yield raise_in_callbacks(size.pick(2, 10))
    nnfast.set_num_threads(before)
