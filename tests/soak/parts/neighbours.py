"""Neighbours: what calls leave to others on the machine, and in the process.

Libraries are those of torch, scikit-learn and LightGBM that are installed; each works before and after nnfast does,
then nnfast in a forked child. The floating-point state is the rounding, the flushing of denormals and the raised
exceptions of the calling thread.
"""

import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

import nnfast
from soak import children, float_states, small
from soak.row import Row, Size

LIBRARIES = [name for name in ("torch", "sklearn", "lightgbm") if importlib.util.find_spec(name)]


# ---- time ---------------------------------------------------------------------------------------------------------


def make_calls() -> dict[str, Callable[[], object]]:
    model, (x, y) = small.make_model(), small.make_data(20_000)
    w = np.ones((64, 256), "float32")
    return {
        "fit": lambda: model.fit(x, y, batch_size=500, verbose=0),
        "predict": lambda: model.predict(x, verbose=0),
        "evaluate": lambda: model.evaluate(x, y, verbose=0),
        "kernels.dense_forward": lambda: nnfast.kernels.dense_forward(x, w),
    }


def measure_idle(n: int) -> Row:
    """Processor time of the whole process, from 50 ms after a call on, in 200 ms."""
    used = []
    for call in make_calls().values():
        for _ in range(n):
            call()
            time.sleep(0.05)
            start = time.process_time()
            time.sleep(0.2)
            used.append(time.process_time() - start)
    failed = sum(seconds > 0.001 for seconds in used)  # what the sleep itself takes
    figure = f"at most {max(used) * 1e6:.0f} us in 200 ms"
    return Row(
        "idle after `fit`, `predict`, `evaluate`, a kernel",
        "no time of a core used 50 ms later",
        len(used),
        failed,
        figure,
    )


def measure_product(n: int) -> Row:
    """A product of NumPy's right after a call of ours, and without one, in turns; both after the same rest."""
    calls, a = list(make_calls().values()), np.random.default_rng(0).normal(size=(700, 700)).astype("float32")
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(2 * n):
        if i % 2:
            calls[i // 2 % len(calls)]()
        time.sleep(0.05)
        start = time.perf_counter()
        for _ in range(3):
            a @ a
        times[i % 2].append(time.perf_counter() - start)
    alone, beside = (statistics.median(each) for each in times)
    best = [min(each) for each in times]
    slowed = min(beside / alone, best[1] / best[0]) - 1
    figure = f"median of {n} each: {beside / alone - 1:+.1%}; fastest {best[1] / best[0] - 1:+.1%}"
    return Row("a product of NumPy's, 50 ms after a call", "slowed by at most 5 %", n, n * (slowed > 0.05), figure)


# ---- other libraries ------------------------------------------------------------------------------------------------


def work_beside(order: tuple[str, ...]) -> list[str] | None:
    """What nnfast came to, each time, among libraries imported in an order; None if that hung or ended."""
    said: list[str] | None = children.ask("beside.py", order, 600, env=os.environ | {"OMP_NUM_THREADS": "2"})
    return None if said is None or "hung" in said else said


def list_orders(size: Size) -> list[tuple[str, ...]]:
    between = (*LIBRARIES[:1], "nnfast", *LIBRARIES[1:])
    pairs = [order for name in LIBRARIES for order in ((name, "nnfast"), ("nnfast", name))]
    orders = size.pick([between], [*pairs, ("nnfast", *LIBRARIES), between, (*LIBRARIES, "nnfast")])
    return orders if LIBRARIES else []


def import_in_orders(size: Size) -> Row:
    orders = list_orders(size)
    alone, *outcomes = [work_beside(order) for order in (("nnfast",), *orders)]
    failed = sum(outcome is None or alone is None or set(outcome) != {alone[0]} for outcome in outcomes)
    figure = f"{', '.join(LIBRARIES) or 'none'} installed; {outcomes.count(None)} hung or ended"
    return Row(
        "other libraries imported before or after, alone and together",
        "the same bits, in a forked child too",
        len(orders),
        failed,
        figure,
    )


# ---- floating-point state --------------------------------------------------------------------------------------------


def keep_float_state() -> Iterator[Row]:
    names = float_states.list_entry_points()
    missing = names ^ set(float_states.make_calls("float32"))
    changed = [f"{dtype} {name}" for dtype in ("float32", "float64") for name in float_states.find_changed(dtype)]
    print("\n".join(changed), end="\n" * bool(changed))
    figure = f"{len(names) - len(missing)} of {len(names)} entry points of the core"
    must = "rounding, flushing and raised exceptions as they were"
    yield Row("the caller's floating-point state", must, 2 * len(names), len(changed) + len(missing), figure)
    yield Row("the same, at import", "as it was", 1, int(not float_states.import_keeps_state()), "")


def rows(size: Size) -> Iterator[Row]:
    before = nnfast.get_num_threads()
    nnfast.set_num_threads(2)
    yield measure_idle(size.pick(1, 25))
    if size.long:  # of few nothing can be told
        yield measure_product(600)
    nnfast.set_num_threads(before)
    yield import_in_orders(size)
    yield from keep_float_state()
