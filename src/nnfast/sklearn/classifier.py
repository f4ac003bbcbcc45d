"""classifier: `MLPClassifier`."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels

from nnfast.losses import CallableLoss, Loss
from nnfast.sklearn._base import BaseMLP
from nnfast.sklearn._bridge import with_callbacks

Array = NDArray[Any]


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """scikit-learn's multilayer perceptron for classes, trained by nnfast.

    Parameters have scikit-learn's names, defaults and meaning, and with the same `random_state` its first weights and
    its rows for validation; those from `loss` on are ours.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int
        The units of each hidden layer.
    activation : str, ActivationFunction or list of such
        Of all hidden layers, or of each: "identity", "logistic", "tanh", "relu", or any of `nnfast.activations`.
    solver : {"adam", "sgd", "lbfgs"}, str or Optimizer
        Or any of `nnfast.optimizers`: by name with `learning_rate_init`, as an object with its own rate, which then the
        parameters of the learning rate do not change.
    alpha : float
        ``alpha / 2`` times the sum of squared weights, divided by the rows of the batch (or the sum of their weights),
        is added to its loss.
    batch_size : int or "auto"
        "auto" is min(200, n_samples). Of no effect with L-BFGS.
    learning_rate : {"constant", "invscaling", "adaptive"} or schedule
        How `learning_rate_init` changes, but with "adam"; or one of `nnfast.schedules`, for all solvers by name.
    learning_rate_init : float
        The first rate.
    power_t : float
        "invscaling" is ``learning_rate_init / (t_ + 1) ** power_t`` after each epoch.
    max_iter : int
        The most epochs, or iterations of L-BFGS.
    shuffle : bool
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None
        What first weights, the rows for validation, orders and dropout are drawn from.
    tol : float
        What counts as better is better by more than this; with L-BFGS the largest element of the gradient it ends at.
    verbose : bool or int
        Whether to print the loss of each epoch.
    warm_start : bool
        Whether ``fit`` begins with the weights there are.
    momentum, nesterovs_momentum : float, bool
        Of "sgd".
    early_stopping : bool
        Whether to stop by the score of rows that are not trained with, and keep the weights of the best.
    validation_fraction : float
        The share of those rows.
    beta_1, beta_2, epsilon : float
        Of "adam".
    n_iter_no_change : int or inf
        How many epochs without a better loss, or score, go by before the end.
    max_fun : int
        The most losses that L-BFGS asks for.
    loss : str, Loss or callable
        "log_loss" is cross-entropy; or any of `nnfast.losses`, given probabilities.
    class_weight : dict, "balanced", list of dict or None
        What rows count, by class, as elsewhere in scikit-learn.
    dropout : float or list of float
        The share of each hidden layer's outputs that is dropped while training.
    scoring : str, callable, "loss" or None
        What is scored for early stopping: a scorer of scikit-learn's; "loss" is the loss of validation, None accuracy.
    callbacks : list of Callback or None
        What listens; see `nnfast.callbacks`.
    n_threads : int or None
        The most threads of ``fit`` and ``predict``; None is `nnfast.get_num_threads`.

    Attributes
    ----------
    classes_ : ndarray or list of ndarray
        The classes.
    coefs_, intercepts_ : list of ndarray
        Kernels, (n_in, n_out), and biases. They may be set: before the first ``fit`` with `warm_start` they are what it
        begins with.
    model_ : Sequential
        The network: to save, to show, or to ask for one row in microseconds by ``predict_one``.
    loss_, best_loss_, loss_curve_
        The last loss, the least (None with early stopping), and those of all epochs; penalties are in them.
    validation_scores_, best_validation_score_, validation_loss_curve_
        Scores, the best, and losses of validation; None without.
    n_iter_, t_, n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from nnfast.datasets import load_digits
    >>> from nnfast.sklearn import MLPClassifier
    >>> (x_train, y_train), (x_test, y_test) = load_digits()
    >>> classifier = MLPClassifier(learning_rate_init=0.01, early_stopping=True, random_state=0)
    >>> classifier.fit(x_train / 16, y_train).score(x_test / 16, y_test) > 0.95
    True
    """

    def __init__(
        self,
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
        loss: Any = "log_loss",
        class_weight: Any = None,
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
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes, or for several labels a row 0 and 1.
        sample_weight : array-like of shape (n_samples,), optional
            What rows count; >= 0.
        X_val, y_val, sample_weight_val : array-like, optional
            Rows that are measured after each epoch, with early stopping instead of a share of `X`.

        Returns
        -------
        MLPClassifier
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @available_if(lambda self: self.solver != "lbfgs")  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch more; many calls with the same rows give the bits of ``fit`` with as many epochs.

        Parameters
        ----------
        X, y, sample_weight
            As for ``fit``.
        classes : array-like, optional
            All classes, in the first call.

        Returns
        -------
        MLPClassifier
        """
        if _check_partial_fit_first_call(self, classes):
            is_multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if is_multilabel else classes)
        return self._fit(X, y, sample_weight, goes_on=True)

    def predict(self, X: Any) -> Array:
        """Return the class, or the labels, of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        outputs = self._compute_outputs(X)
        labels: Array
        if self.out_activation_ == "softmax":
            labels = self.classes_.take(outputs.argmax(axis=1))
        elif self.n_outputs_ == 1 and len(self.classes_) == 2:
            labels = self.classes_.take((outputs[:, 0] > 0.5).astype(np.intp))
        else:
            labels = self._label_binarizer.inverse_transform(outputs[:, 0] if self.n_outputs_ == 1 else outputs)
        return labels

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, or label.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        outputs = self._compute_outputs(X)
        return np.hstack([1 - outputs, outputs]) if self.n_outputs_ == 1 else outputs

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    # ---- inside ----

    def _takes_numbers(self) -> bool:
        return False

    def _check_labels(self, y: Array) -> Array:
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_labels(self, y: Array, goes_on: bool) -> None:
        if not hasattr(self, "classes_") or not (self.warm_start or goes_on):
            if not goes_on:
                self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
            return
        classes = np.unique(y) if y.ndim == 1 else unique_labels(y)
        if self.warm_start and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {classes}"
            )
        self._check_known(classes)

    def _check_known(self, classes: Array) -> None:
        unknown = np.setdiff1d(classes, self.classes_)
        if len(unknown):
            raise ValueError(f"y: expected classes of {self.classes_}, received {unknown}")

    def _weigh(self, X: Any, y: Array, sample_weight: Any, goes_on: bool) -> Array | None:
        weights = super()._weigh(X, y, sample_weight, goes_on)
        if self.class_weight is None:
            return weights
        if goes_on and isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight: expected a dict in partial_fit, which does not know all rows, received "
                f"{self.class_weight!r}; use sklearn.utils.class_weight.compute_class_weight"
            )
        of_classes: Array = compute_sample_weight(self.class_weight, y)
        return of_classes if weights is None else of_classes * weights

    def _choose_outputs(self, y: Array) -> None:
        kind, n_classes = self._label_binarizer.y_type_, len(self._label_binarizer.classes_)
        self.out_activation_ = "softmax" if kind == "multiclass" else "logistic"
        self.n_outputs_ = n_classes if kind == "multiclass" or kind.startswith("multilabel") else 1

    def _choose_strata(self, y: Array) -> Array | None:
        """Return what scikit-learn's share for validation is stratified by: two classes, and no more."""
        return self._label_binarizer.transform(y).astype(bool) if self.n_outputs_ == 1 else None

    def _encode(self, y: Array, loss: Loss) -> Array:
        if y.ndim == 1:
            self._check_known(np.unique(y))
        if loss.takes_labels:
            return np.searchsorted(self.classes_, y)
        is_two = self.n_outputs_ == 1 and len(self.classes_) == 2
        targets: Array = (y == self.classes_[1]).reshape(-1, 1) if is_two else self._label_binarizer.transform(y)
        return targets.astype(np.float64 if isinstance(loss, CallableLoss) else np.uint8)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
