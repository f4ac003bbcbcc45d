"""scikit-learn's own checks of estimators, with every solver. None is expected to fail."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import estimator_checks_generator

from nnfast.sklearn import MLPClassifier, MLPRegressor

SETTINGS = {"hidden_layer_sizes": 20, "learning_rate_init": 0.01}
N_ITERATIONS = {"adam": 50, "sgd": 50, "lbfgs": 20}
ESTIMATORS = [
    kind(solver=solver, max_iter=n, **SETTINGS)
    for kind in (MLPClassifier, MLPRegressor)
    for solver, n in N_ITERATIONS.items()
]
NOT_FOR_US = {
    "check_array_api_input": "for the environment variable SCIPY_ARRAY_API alone",
    "check_classifiers_multilabel_output_format_decision_function": "for classifiers with a decision_function",
}
"""Checks that skip themselves."""

CHECKS = [pair for estimator in ESTIMATORS for pair in estimator_checks_generator(estimator)]


def name_of(check):
    return getattr(check, "func", check).__name__


def describe(value):
    return name_of(value) if callable(value) else f"{type(value).__name__}-{value.solver}"


@pytest.mark.parametrize(("estimator", "check"), [c for c in CHECKS if name_of(c[1]) not in NOT_FOR_US], ids=describe)
def test_estimator(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # checks fit to what does not converge, and say so to nobody
        check(estimator)


def test_there_are_checks():
    assert len(CHECKS) > 300
    with pytest.warns(ConvergenceWarning):
        MLPClassifier(max_iter=1).fit([[0.0], [1.0]], [0, 1])
