"""_exchange: estimators that scikit-learn has fitted become ours, and ours become scikit-learn's."""

import copy
from typing import Any, Self

import numpy as np
from sklearn import neural_network
from sklearn.base import clone, is_classifier
from sklearn.neural_network._base import ACTIVATIONS as THEIR_OUTPUTS
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

from nnfast._validation import mismatch
from nnfast.export.sklearn import ACTIVATIONS, check_estimator
from nnfast.sklearn import _parameters

_THEIR_ACTIVATIONS = {ACTIVATIONS.get(name, name): name for name in ("identity", "logistic", "tanh", "relu")}
_FITTED = (
    *("n_features_in_", "feature_names_in_", "classes_", "_label_binarizer"),
    *("n_outputs_", "n_layers_", "out_activation_", "n_iter_", "t_", "loss_", "best_loss_", "loss_curve_"),
    *("validation_scores_", "best_validation_score_", "_no_improvement_count"),
)
"""What a fit leaves in both, but for the weights."""


class Exchange:
    """The part of estimators that takes from scikit-learn, and gives."""

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Self:
        """Return an estimator of this class that is fitted as one of scikit-learn's is.

        It has the same parameters, weights, classes and curves, and its own copies of them: it predicts the same, to
        rounding, and ``partial_fit`` and warm starts go on from there. What the solver remembers of gradients stays
        behind.

        Parameters
        ----------
        estimator : sklearn.neural_network.MLPClassifier or MLPRegressor
            Fitted, of the same name as this class.

        Returns
        -------
        MLPClassifier or MLPRegressor

        Raises
        ------
        NotReadyError
            If the estimator is not fitted.
        ValueError
            If it is another.
        """
        check_estimator(estimator, (_get_theirs(cls()).__name__,))
        ours: Any = cls(**clone(estimator).get_params(deep=False))
        _copy_fitted(estimator, ours)
        ours.coefs_, ours.intercepts_ = copy.deepcopy((estimator.coefs_, estimator.intercepts_))
        ours._renew_model(0, ours.coefs_[0].dtype.name)
        del ours._weights  # the network has them
        result: Self = ours
        return result

    def to_sklearn(self) -> Any:
        """Return an estimator of scikit-learn's that is fitted as this one is.

        It predicts the same, to rounding. Parameters that scikit-learn has not, and values that it does not take (an
        optimizer of ours, a schedule), are left at its defaults: they tell how to train, not what to compute.

        Returns
        -------
        sklearn.neural_network.MLPClassifier or MLPRegressor

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If this one is not fitted.
        ValueError
            If scikit-learn has not its activations: other ones, one of its own for each layer, exponential outputs
            before scikit-learn 1.7.
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        ours: Any = self
        if ours.out_activation_ not in THEIR_OUTPUTS:
            raise mismatch("out_activation_", f"one of {list(THEIR_OUTPUTS)}", ours.out_activation_)
        kind = _get_theirs(ours)
        chosen = {name: getattr(ours, name) for name in kind._get_param_names()}
        chosen["activation"] = _find_activation(ours)
        constraints = kind._parameter_constraints
        taken = {name: value for name, value in chosen.items() if _is_valid(constraints, name, value)}
        theirs = clone(kind(**taken))
        _copy_fitted(ours, theirs)
        theirs.coefs_, theirs.intercepts_ = ([np.array(each) for each in of] for of in (ours.coefs_, ours.intercepts_))
        return theirs


def _get_theirs(ours: Any) -> Any:
    return neural_network.MLPClassifier if is_classifier(ours) else neural_network.MLPRegressor


def _copy_fitted(source: Any, target: Any) -> None:
    for name in _FITTED:
        if hasattr(source, name):
            setattr(target, name, copy.deepcopy(getattr(source, name)))


def _find_activation(ours: Any) -> str:
    """Return scikit-learn's name of what all hidden layers have."""
    from nnfast import activations

    names = {activations.get(each).names[0] for each in _parameters.list_activations(ours)} or {"relu"}
    if len(names) != 1 or not names <= _THEIR_ACTIVATIONS.keys():
        raise mismatch("activation", f"one for all layers, of {list(_THEIR_ACTIVATIONS.values())}", ours.activation)
    return _THEIR_ACTIVATIONS[names.pop()]


def _is_valid(constraints: dict[str, Any], name: str, value: Any) -> bool:
    try:
        validate_parameter_constraints({name: constraints[name]}, {name: value}, "to_sklearn")
    except InvalidParameterError:
        return False
    return True
