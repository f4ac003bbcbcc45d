"""regressor: `MLPRegressor`."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if

from nnfast.losses import Loss
from nnfast.sklearn._base import BaseMLP
from nnfast.sklearn._bridge import with_callbacks

Array = NDArray[Any]


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """scikit-learn's multilayer perceptron for numbers, trained by nnfast.

    Parameters have scikit-learn's names, defaults and meaning, and with the same `random_state` its first weights and
    its rows for validation; those from `dropout` on are ours.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, str, Loss or callable
        "squared_error" is told as half the mean of the outputs' squared errors and differentiated as half their sum, as
        in scikit-learn; "poisson" has exponential outputs; or any of `nnfast.losses`, "huber" or
        ``QuantileLoss(quantile=0.9)`` say, of linear outputs.
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter
        See `MLPClassifier`.
    shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, validation_fraction
        See `MLPClassifier`.
    beta_1, beta_2, epsilon, n_iter_no_change, max_fun, dropout, callbacks, n_threads
        See `MLPClassifier`.
    scoring : str, callable, "loss" or None
        What is scored for early stopping: a scorer of scikit-learn's; "loss" is the loss of validation, None R2.

    Attributes
    ----------
    coefs_, intercepts_, model_, loss_, best_loss_, loss_curve_, validation_scores_, best_validation_score_
        See `MLPClassifier`.
    validation_loss_curve_, n_iter_, t_, n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_
        See `MLPClassifier`.

    Examples
    --------
    >>> from nnfast.datasets import make_regression
    >>> from nnfast.sklearn import MLPRegressor
    >>> x, y = make_regression(300, 5, random_state=0)
    >>> MLPRegressor(solver="lbfgs", tol=0.1, random_state=0).fit(x, y).score(x, y) > 0.99
    True
    """

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: Any = 0.0,
        scoring: Any = None,
        callbacks: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self._take(locals())

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples. float32 is trained in float32, all else in float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers.
        sample_weight : array-like of shape (n_samples,), optional
            What rows count; >= 0.
        X_val, y_val, sample_weight_val : array-like, optional
            Rows that are measured after each epoch, with early stopping instead of a share of `X`.

        Returns
        -------
        MLPRegressor
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @available_if(lambda self: self.solver != "lbfgs")  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch more; many calls with the same rows give the bits of ``fit`` with as many epochs.

        Parameters
        ----------
        X, y, sample_weight
            As for ``fit``.

        Returns
        -------
        MLPRegressor
        """
        return self._fit(X, y, sample_weight, goes_on=True)

    def predict(self, X: Any) -> Array:
        """Return the number, or numbers, of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._compute_outputs(X)
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    # ---- inside ----

    def _takes_numbers(self) -> bool:
        return True

    def _check_labels(self, y: Array) -> Array:
        values = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        if isinstance(self.loss, str) and self.loss == "poisson" and np.any(values < 0):
            raise ValueError(f"y: expected numbers >= 0 with loss='poisson', received {values.min()}")
        return values

    def _encode(self, y: Array, loss: Loss) -> Array:
        return y.reshape(len(y), -1)

    def _choose_outputs(self, y: Array) -> None:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        is_poisson = isinstance(self.loss, str) and self.loss == "poisson"
        self.out_activation_ = "exp" if is_poisson else "identity"
