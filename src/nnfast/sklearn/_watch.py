"""_watch: curves and scores of a fit, and when it ends: scikit-learn's rules, epoch by epoch."""

import copy
import math
import sys
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring

from nnfast.callbacks.callback import Callback, Logs
from nnfast.exceptions import NotFiniteError
from nnfast.sklearn._rows import OVERFLOW, Rows

_LEAST_RATE = 1e-6  # at which learning_rate="adaptive" ends


class Watch(Callback):
    """Writes what each epoch gave into the estimator, and ends the training.

    Parameters
    ----------
    estimator : BaseMLP
        What is fitted; its curves are there.
    n_rows : int
        What is trained with.
    validation : Rows, optional
        What is scored after each epoch.
    offsets : tuple of float
        What is added to losses that are told, of training and of validation.
    """

    def __init__(self, estimator: Any, n_rows: int, validation: Rows | None, offsets: tuple[float, float]) -> None:
        super().__init__()
        self._estimator, self._n_rows, self._validation, self._offsets = estimator, n_rows, validation, offsets
        self._scorer: Any = None
        self._probe: Any = None
        if validation:
            self._prepare_score()
        self._best_weights: Any = None
        self._has_converged = False
        self._error: NotFiniteError | None = None
        self._is_scaled = isinstance(estimator.solver, str) and estimator.solver != "adam"

    def _prepare_score(self) -> None:
        """Find the scorer, and make a copy with the same network: it is given arrays, where users may give frames."""
        if self._estimator.scoring != "loss":
            self._scorer = check_scoring(self._estimator, self._estimator.scoring)
        self._probe = copy.copy(self._estimator)
        vars(self._probe).pop("feature_names_in_", None)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        estimator, logs = self._estimator, logs or {}
        estimator.n_iter_ += 1
        estimator.t_ += self._n_rows
        estimator.loss_ = logs["loss"] + self._offsets[0]
        estimator.loss_curve_.append(estimator.loss_)
        self._say(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
        if self._validation:
            self._score(logs)
        self._count()
        if self._is_scaled and estimator.learning_rate == "invscaling":
            rate = estimator.learning_rate_init / (estimator.t_ + 1) ** estimator.power_t
            self.model.optimizer.learning_rate = rate
        if estimator._no_improvement_count > estimator.n_iter_no_change:
            self._stop()

    def on_not_finite(self, error: NotFiniteError) -> bool:
        self._error = error
        return True

    def finish(self, max_iter: int | None) -> None:
        """Take the best weights, and tell how the training ended; after `max_iter` epochs it is not done."""
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)
        elif self._error:
            raise ValueError(f"{OVERFLOW} ({self._error})") from self._error
        elif not all(np.isfinite(values).all() for values in self.model.get_weights()):
            raise ValueError(OVERFLOW)
        if self._error:
            warnings.warn(f"{self._error}. The best weights before are kept.", ConvergenceWarning, stacklevel=5)
        elif not self._has_converged and self._estimator.n_iter_ == max_iter:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached and the optimization "
                "hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _score(self, logs: Logs) -> None:
        """Measure the rows of validation; outputs that overflow have no score."""
        estimator, rows, loss = self._estimator, self._validation, logs["val_loss"] + self._offsets[1]
        assert rows is not None
        estimator.validation_loss_curve_.append(loss)
        weights = {} if rows.weights is None else {"sample_weight": rows.weights}
        if self._scorer is None:
            score = -loss
        elif math.isfinite(loss) and math.isfinite(estimator.loss_):
            score = float(self._scorer(self._probe, rows.X, rows.y, **weights))
        else:
            score = math.nan
        estimator.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")

    def _count(self) -> None:
        """Count the epochs since the loss, or with early stopping the score, got better by more than tol."""
        estimator = self._estimator
        if estimator.early_stopping:
            score, best = estimator.validation_scores_[-1], estimator.best_validation_score_
            is_worse = score < best + estimator.tol
            if score > best:
                estimator.best_validation_score_ = score
            if score > best or self._best_weights is None:
                self._best_weights = self.model.get_weights()
        else:
            is_worse = estimator.loss_ > estimator.best_loss_ - estimator.tol
            estimator.best_loss_ = float(np.fmin(estimator.best_loss_, estimator.loss_))
        estimator._no_improvement_count = estimator._no_improvement_count + 1 if is_worse else 0

    def _stop(self) -> None:
        """End the training, or with an adaptive rate go on with a fifth of it."""
        estimator, optimizer = self._estimator, self.model.optimizer
        what = "Validation score" if estimator.early_stopping else "Training loss"
        text = (
            f"{what} did not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} consecutive "
            "epochs."
        )
        if not (self._is_scaled and estimator.learning_rate == "adaptive"):
            text += " Stopping."
        elif optimizer.learning_rate <= _LEAST_RATE:
            text += " Learning rate too small. Stopping."
        else:
            optimizer.learning_rate /= 5.0
            estimator._no_improvement_count = 0
            self._say(f"{text} Setting learning rate to {optimizer.learning_rate:f}")
            return
        self._say(text)
        self._has_converged = self.model.stop_training = True

    def _say(self, text: str) -> None:
        if self._estimator.verbose:
            sys.stdout.write(f"{text}\n")
