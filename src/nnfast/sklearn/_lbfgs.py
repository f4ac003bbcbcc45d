"""_lbfgs: SciPy's L-BFGS with the core's loss and gradient of all rows."""

import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from sklearn.exceptions import ConvergenceWarning

from nnfast.exceptions import NotFiniteError
from nnfast.losses import Loss
from nnfast.models import Sequential
from nnfast.optimizers import SGD
from nnfast.sklearn._rows import OVERFLOW, Rows

Vector = NDArray[np.float64]


class FullBatch:
    """Loss and gradient of all rows, as functions of all weights.

    An optimizer that gathers the gradients of two batches for a step holds after the first that batch's gradient, and
    the weights are as they were. Here the first batch is taken again and again.

    Parameters
    ----------
    model : Sequential
        Whose weights change.
    loss : Loss
        What is made small.
    rows : Rows
        What it is measured with; its `y` are targets.
    """

    def __init__(self, model: Sequential, loss: Loss, rows: Rows) -> None:
        model.compile(SGD(gradient_accumulation_steps=2), loss.share(loss.gradient_factor, loss.gradient_factor))
        self._model, self._rows = model, rows
        self._parameters = model._get_built()[0].parameters

    def get_vector(self) -> Vector:
        """Return all weights."""
        return _join(self._model.get_weights())

    def set_vector(self, vector: Vector) -> None:
        """Take over all weights."""
        ends = np.cumsum([np.prod(parameter.shape) for parameter in self._parameters])[:-1]
        parts = zip(np.split(vector, ends), self._parameters, strict=True)
        self._model.set_weights([part.reshape(parameter.shape) for part, parameter in parts])

    def __call__(self, vector: Vector) -> tuple[float, Vector]:
        """Return loss and gradient; of weights with which it overflows infinity, and no slope."""
        self.set_vector(vector)
        assert self._model.optimizer
        state = self._model._get_state(self._model.optimizer)
        state.step = 0
        try:
            loss: Any = self._model.train_on_batch(*self._rows)
        except NotFiniteError:
            return np.inf, np.zeros_like(vector)
        return loss, _join([state.get_state(parameter.layer, parameter.name, 0) for parameter in self._parameters])


def _join(arrays: list[Any]) -> Vector:
    return np.concatenate([array.ravel() for array in arrays]).astype(np.float64)


def run_lbfgs(estimator: Any, loss: Loss, rows: Rows) -> None:
    """Fit an estimator's network, compiled for `loss`, to rows whose `y` are targets."""
    model = estimator._model
    full_batch, optimizer = FullBatch(model, loss, rows), model.optimizer
    options = {"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol}
    result = optimize.minimize(full_batch, full_batch.get_vector(), method="L-BFGS-B", jac=True, options=options)
    if not (np.isfinite(result.fun) and np.isfinite(result.x).all()):
        raise ValueError(OVERFLOW)
    full_batch.set_vector(result.x)
    model.compile(optimizer, loss)
    estimator.n_iter_ = min(result.nit, estimator.max_iter)
    estimator.loss_ = model.evaluate(rows.X, rows.y, verbose=0, sample_weight=rows.weights)
    if estimator.verbose:
        sys.stdout.write(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}\n")
    if result.status != 0:
        warnings.warn(
            f"lbfgs failed to converge after {result.nit} iteration(s) (status={result.status}): {result.message}. "
            "Increase the number of iterations (max_iter), of function calls (max_fun), or scale the data.",
            ConvergenceWarning,
            stacklevel=5,
        )
