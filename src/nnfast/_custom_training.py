"""_custom_training: what ``_core.Trainer`` does, for a loss that is a Python function."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _core, _lowering, _validation
from nnfast._core import Progress, RunStopped, Stats
from nnfast._lowering import Objective
from nnfast.data.arrays import as_metric_targets
from nnfast.data.containers import as_plain
from nnfast.data.sparse import CsrRows, Samples
from nnfast.losses.callable_loss import LossFunction
from nnfast.optimizers import Optimizer

if TYPE_CHECKING:
    from nnfast._core import Poll

Array = NDArray[Any]


class CustomTrainer:
    """The same order of samples, the same dropout and the same steps that the core's trainer would take.

    Parameters
    ----------
    network, optimizer, state
        What is trained, and by what.
    objective : Objective
        One with a function.
    """

    def __init__(
        self, network: _core.Network, optimizer: Optimizer, state: _core.Optimizer, objective: Objective
    ) -> None:
        assert objective.function is not None
        self.dtype = network.dtype
        self._network, self._optimizer, self._state, self._objective = network, optimizer, state, objective
        self._function: LossFunction = objective.function
        self._pass = _core.Pass(network)

    def run(self, x: Samples, y: Array, *, n_epochs: int, poll: "Poll | None" = None, **settings: Any) -> list[Stats]:
        """Train; see ``_core.Trainer.run``. The optimizer tells its rate before each step."""
        done: list[Stats] = []
        try:
            for _ in range(n_epochs):
                done.append(Stats(0.0, (0.0,) * len(self._objective.reports.core_metrics), 0, 0, 0.0))
                self._run_epoch(x, y, done, poll, **settings)
        except RunStopped:
            raise
        except BaseException as error:
            error.stats = done  # type: ignore[attr-defined]
            raise
        return done

    def evaluate(self, x: Samples, y: Array, weights: Array | None = None, outputs: Array | None = None) -> Stats:
        """Measure loss and metrics of all rows at once, dropout off."""
        out = self._make_room(len(x)) if outputs is None else outputs
        self._network.predict(x, out)
        loss, _ = self._call(y, out, weights)
        return self._make_stats(y, out, weights, loss)

    def _run_epoch(
        self,
        x: Samples,
        y: Array,
        done: list[Stats],
        poll: "Poll | None",
        **settings: Any,
    ) -> None:
        n, size, seed = len(x), settings["batch_size"], settings["seed"]
        epoch = settings["first_epoch"] + len(done) - 1
        order = _core.random_order(seed, epoch, n).view(np.uint32) if settings["shuffle"] else np.arange(n)
        n_batches = -(-n // size)
        first = settings.get("first_batch", 0)
        wanted = settings.get("n_batches", 0) or n_batches
        for batch in range(first, min(first + wanted, n_batches)):
            total = done[-1]
            loss = (total.loss + total.penalty) / max(total.n_rows, 1)
            if poll is not None and poll(Progress(len(done) - 1, batch, n_batches, loss)) is False:
                raise RunStopped("stopped", done, None)
            rows = order[batch * size : (batch + 1) * size]
            out = self._make_room(len(rows))
            self._pass.forward(_take(x, rows), out, True, seed, epoch, batch * size)
            weights = None if settings["weights"] is None else settings["weights"][rows]
            done[-1] = add_stats(total, self._learn(y[rows], out, weights, done))
            if settings.get("outputs") is not None:
                settings["outputs"][rows] = out

    def _learn(self, y: Array, out: Array, weights: Array | None, done: list[Stats]) -> Stats:
        """Take a step from the outputs of the last forward."""
        if not np.isfinite(out).all():
            raise RunStopped("not_finite", done, self._pass.find_not_finite())
        loss, gradient = self._call(y, out, weights)
        if not (np.isfinite(loss) and np.isfinite(gradient).all()):
            raise RunStopped("not_finite", done, self._pass.find_not_finite())
        stats = self._make_stats(y, out, weights, loss)
        self._state.set_hyperparameters(_lowering.lower_optimizer(self._optimizer, self._state.step)[1])
        self._pass.backward(gradient, None)
        self._pass.apply(self._state, self._get_penalty_share(len(out), weights))
        return stats

    def _call(self, y: Array, out: Array, weights: Array | None) -> tuple[float, Array]:
        """Call the user's function on a copy; return the sum of the rows' losses and the gradient of the batch's."""
        loss, gradient = _check_result(self._function(y, out.copy()), out.shape)
        n = len(out)
        if loss.shape == (n,):
            of_rows = np.ones(n) if weights is None else weights[:, 0]
            shares = of_rows / self._get_divisor(n, weights)
            return float(loss @ of_rows), np.ascontiguousarray(gradient * shares[:, None], self.dtype)
        if weights is not None:
            wanted = f"with weights of samples or classes a function that returns the losses of rows, of shape ({n},)"
            raise _validation.mismatch("loss", wanted, loss.item())
        return float(loss.reshape(())) * n, as_plain(gradient, self.dtype)

    def _make_stats(self, y: Array, out: Array, weights: Array | None, loss: float) -> Stats:
        n, reports = len(out), self._objective.reports
        targets = _make_rows(y, out) if reports.core_metrics else out
        of_rows = np.ones(n) if weights is None else weights[:, 0]
        values = [_measure_rows(metric, out, targets) for metric in reports.core_metrics]
        n_plain = len(values) - reports.n_weighted
        values[n_plain:] = [each * of_rows for each in values[n_plain:]]
        sums = tuple(float(each.sum()) for each in values)
        penalty = self._network.get_penalty() * self._get_penalty_share(n, weights)
        return Stats(loss, sums, n, 1, float(of_rows.sum()), penalty * n)

    def _get_divisor(self, n: int, weights: Array | None) -> float:
        if weights is None or self._objective.loss.reduction != "weighted_mean":
            return float(n)
        return float(weights[:, 0].sum()) or 1.0

    def _get_penalty_share(self, n: int, weights: Array | None) -> float:
        return 1.0 / self._get_divisor(n, weights) if self._objective.loss.divides_penalties else 1.0

    def _make_room(self, n_rows: int) -> Array:
        return np.empty((n_rows, self._objective.n_outputs), self.dtype)


def add_stats(a: Stats, b: Stats) -> Stats:
    """Return the sums of both."""
    metrics = tuple(left + right for left, right in zip(a.metrics, b.metrics, strict=True))
    weight, penalty = a.weight + b.weight, a.penalty + b.penalty
    return Stats(a.loss + b.loss, metrics, a.n_rows + b.n_rows, a.n_batches + b.n_batches, weight, penalty)


def _take(x: Samples, rows: Array) -> Array:
    if not isinstance(x, CsrRows):
        return x[rows]
    dense = np.zeros((len(rows), x.n_features), x.values.dtype)
    for i, row in enumerate(rows):
        stored = slice(x.indptr[row], x.indptr[row + 1])
        dense[i, x.indices[stored]] = x.values[stored]
    return dense


def _check_result(result: Any, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return loss, or losses of rows, and gradient that a user's function gave for outputs of a shape."""
    if not isinstance(result, tuple) or len(result) != 2:
        raise _validation.mismatch("loss", "a function that returns (loss, gradient)", result)
    loss, gradient = np.asarray(result[0]), np.asarray(result[1])
    if not (loss.size == 1 or loss.shape == shape[:1]) or loss.dtype.kind not in "fiu":
        wanted = f"a function whose loss is a number, or one for each row, of shape ({shape[0]},)"
        raise _validation.mismatch("loss", wanted, result[0])
    if gradient.shape != shape or gradient.dtype.kind not in "fiu":
        received = f"{gradient.dtype} of shape {gradient.shape}"
        raise ValueError(f"loss: expected a function whose gradient has y_pred's shape {shape}, received {received}")
    return loss, gradient


def _measure_rows(metric: str | tuple[str, float], out: Array, targets: Array) -> Array:
    """Return a metric's row values."""
    name, parameter = (metric, _core.METRICS[metric]) if isinstance(metric, str) else metric
    values = np.empty(len(out))
    _core.metric(name, out, targets, parameter, values)
    return values


def _make_rows(y: Array, out: Array) -> Array:
    """Make targets of the outputs' shape: those given, or one-hot rows of class labels."""
    targets = as_metric_targets(y, n_outputs=out.shape[1], dtype=str(out.dtype))
    return targets if targets.dtype == out.dtype else (targets == np.arange(out.shape[1])).astype(out.dtype)
