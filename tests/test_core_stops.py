"""nnfast._core.Trainer: every way in which a run ends early, and what is left of it."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from nets import Twins, dense
from sessions import LONG, Session

from nnfast import _core
from nnfast._core import RunStopped


@pytest.mark.parametrize("label", [-1, 4, 2**31 - 1, -(2**31)])
def test_label_out_of_range(label: int) -> None:
    session, expected = Session(), Session()
    session.y[37] = label
    expected.run(n_batches=2)
    with pytest.raises(RunStopped) as stopped:
        session.run()
    assert stopped.value.reason == stopped.value.args[0] == "label_out_of_range"
    (stats,) = stopped.value.stats
    assert (stats.n_rows, stats.n_batches) == (32, 2)
    assert session.hash() == expected.hash()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(value: float) -> None:
    """In the second epoch: the finished one is told of; weights are as the batch before left them."""
    session, expected = Session(), Session()
    finished, _ = [expected.run(first_epoch=epoch, n_batches=3 if epoch else 0) for epoch in (0, 1)]
    session.run()
    session.x[49] = value
    with pytest.raises(RunStopped) as stopped:
        session.run(first_epoch=1)
    assert stopped.value.reason == "not_finite"
    assert stopped.value.stats[-1].n_rows == 48
    assert session.hash() == expected.hash()
    assert finished[0].n_batches == 4


def test_stats_of_finished_epochs_come_with_the_error() -> None:
    session, expected = Session(), Session()
    whole = expected.run(n_epochs=2)

    def poll(progress: _core.Progress) -> bool:
        return progress.epoch < 2

    with pytest.raises(RunStopped) as stopped:
        session.run(n_epochs=LONG, poll=poll)
    assert stopped.value.stats[:2] == whole


@pytest.mark.parametrize("bad", ["label", "value"])
def test_a_large_batch_that_fails_does_not_count(bad: str) -> None:
    """The fault lies in the second shard of the second batch."""
    session, expected = Session(n_rows=3000), Session(n_rows=3000)
    (first,) = expected.run(batch_size=1500, n_batches=1)
    if bad == "label":
        session.y[2900] = 9
    else:
        session.x[2900] = np.nan
    with pytest.raises(RunStopped) as stopped:
        session.run(batch_size=1500)
    assert session.hash() == expected.hash()
    assert stopped.value.stats == [first]


def test_a_failed_run_can_be_followed_by_another() -> None:
    session, expected = Session(), Session()
    session.y[0] = -5
    for _ in range(2):
        with pytest.raises(RunStopped):
            session.run()
    session.y[0] = expected.y[0]
    assert session.run() == expected.run()
    assert session.hash() == expected.hash()


def test_evaluate_tells_of_bad_data() -> None:
    session = Session()
    session.x[3] = np.nan
    stats = session.trainer.evaluate(session.x, session.y)
    assert np.isnan(stats.loss)
    session.y[3] = 4
    with pytest.raises(RunStopped) as stopped:
        session.trainer.evaluate(session.x, session.y)
    assert stopped.value.reason == "label_out_of_range"


# ---- poll ------------------------------------------------------------------------------------------------------------


def test_poll_sees_progress() -> None:
    session = Session()
    seen: list[_core.Progress] = []
    with pytest.raises(RunStopped) as stopped:
        session.run(n_epochs=LONG, poll=lambda progress: seen.append(progress) or len(seen) < 4)
    assert stopped.value.reason == "stopped"
    assert len(seen) == 4
    assert all(p.n_batches == 4 and 0 <= p.batch < 4 and np.isfinite(p.loss) for p in seen)
    assert [p.epoch for p in seen] == sorted({p.epoch for p in seen})
    last = stopped.value.stats[-1]
    assert last.n_batches == seen[-1].batch
    assert session.optimizer.step == 4 * seen[-1].epoch + seen[-1].batch


def test_a_stopped_run_resumes_exactly() -> None:
    session, expected = Session(), Session()
    with pytest.raises(RunStopped):
        session.run(n_epochs=LONG, shuffle=True, poll=lambda progress: False)
    n_epochs, n_batches = divmod(session.optimizer.step, 4)
    assert session.optimizer.step > 0
    expected.run(n_epochs=n_epochs + 1, shuffle=True)
    if n_batches:
        session.run(first_epoch=n_epochs, first_batch=n_batches, shuffle=True)
    else:
        session.run(first_epoch=n_epochs, shuffle=True)
    assert session.hash() == expected.hash()


def test_a_stop_within_a_large_batch_counts_whole_batches() -> None:
    session = Session(n_rows=20000, hidden=200)
    with pytest.raises(RunStopped) as stopped:
        session.run(n_epochs=1000, batch_size=10000, poll=lambda progress: False)
    last = stopped.value.stats[-1]
    assert last.n_rows == 10000 * last.n_batches


def test_poll_is_called_within_a_round_of_shards(n_threads: int) -> None:
    """The one batch is one round, long enough for some calls."""
    _core.set_isa("scalar")
    session, calls = Session(n_rows=16 * 1024, hidden=1000), list[_core.Progress]()
    before = session.hash()
    with pytest.raises(RunStopped) as stopped:
        session.run(batch_size=16 * 1024, poll=lambda progress: calls.append(progress) or False)
    assert (len(calls), stopped.value.stats[0].n_rows, session.hash()) == (1, 0, before)


def test_poll_may_raise() -> None:
    class OwnError(Exception):
        pass

    def poll(progress: _core.Progress) -> None:
        raise OwnError("mine")

    session = Session()
    with pytest.raises(OwnError, match="mine"):
        session.run(n_epochs=LONG, poll=poll)
    session.run()


def test_poll_that_returns_none_goes_on() -> None:
    calls = []
    session = Session()
    start = time.perf_counter()
    while time.perf_counter() - start < 0.3:
        session.run(n_epochs=2000, poll=lambda progress: calls.append(progress))
    assert all(call is not None for call in calls)


def interrupt(call: Callable[[], object]) -> float:
    """Send Ctrl-C to a call of seconds; seconds until it came back."""
    sent: list[float] = []

    def send() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.2, send)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        call()
    late = time.perf_counter() - sent[0]
    timer.join()
    return late


def run_until_interrupted(session: Session, poll: Any) -> float:
    """Send Ctrl-C to a long run; seconds until it came back."""
    return interrupt(lambda: session.run(n_epochs=2000, shuffle=True, poll=poll))


@pytest.mark.parametrize("poll", [None, lambda progress: None])
def test_interrupt(poll: Any) -> None:
    """Ctrl-C ends a run within 200 ms and a batch (far less than 1 ms here), at a batch border."""
    expected = Session(n_rows=20_000)
    for attempt in range(4):  # other processes may have the processor for a while
        session = Session(n_rows=20_000)
        late = run_until_interrupted(session, poll)
        if late < 0.2:
            break
        assert attempt < 3, f"four interrupts were late, the last by {late} s"
    n_epochs, n_batches = divmod(session.optimizer.step, 1250)
    expected.run(n_epochs=n_epochs, shuffle=True)
    if n_batches:
        expected.run(first_epoch=n_epochs, n_batches=n_batches, shuffle=True)
    assert session.hash() == expected.hash()


def test_evaluate_can_be_interrupted() -> None:
    session = Session(n_rows=100_000, hidden=300)
    x = np.broadcast_to(session.x[0], (20_000_000, 6))
    y = np.zeros((len(x), 1), "int32")
    interrupt(lambda: session.trainer.evaluate(x, y))


def interrupt_predict(network: _core.Network, x: Any, out: Any) -> float:
    """Send Ctrl-C to a prediction of seconds; seconds until it came back."""
    return interrupt(lambda: network.predict(x, out))


def test_predict_can_be_interrupted(n_threads: int) -> None:
    """Within 100 ms, though it is one call; the network then serves as before."""
    twins = Twins([dense(500), dense(1)], 500, "float32", np.random.default_rng(0))
    x = np.broadcast_to(np.random.default_rng(1).standard_normal(500).astype("float32"), (2_000_000, 500))
    expected, out = twins.core.predict_one(x[0]), np.empty((len(x), 1), "float32")
    for attempt in range(4):  # other processes may have the processor for a while
        late = interrupt_predict(twins.core, x, out)
        if late < 0.1:
            break
        assert attempt < 3, f"four interrupts were late, the last by {late} s"
    assert twins.predict(x[:200]).tobytes() == 200 * expected.tobytes()


@pytest.mark.parametrize("changed", [{"first_batch": 4}, {"batch_size": 0}, {"first_batch": -1}])
def test_a_batch_that_is_not_there_is_refused(changed: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="contract"):
        Session().run(n_epochs=1, **changed)


def test_a_batch_larger_than_any_data_is_all_of_it() -> None:
    session = Session()
    [stats] = session.run(n_epochs=1, batch_size=2**63 - 1)
    assert (stats.n_batches, session.optimizer.step) == (1, 1)
    assert stats.n_rows > 0
