"""Ours and scikit-learn's from the same random state: the same weights, losses and scores, but for rounding.

Orders of rows are drawn by other generators, so none is shuffled here; benchmarks/sklearn_scores.py compares the scores
of fits that shuffle.
"""

import warnings

import numpy as np
import pytest
import sklearn.neural_network
from digit_problems import make_digits, make_target
from sklearn.exceptions import ConvergenceWarning

import nnfast.sklearn

CLASSIFIERS = [
    ("classes", {}),
    ("classes", {"alpha": 1.0, "batch_size": 64}),
    ("classes", {"batch_size": 300, "hidden_layer_sizes": ()}),
    ("classes", {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1}),
    ("classes", {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1, "tol": 0.05, "max_iter": 60}),
    ("classes", {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False}),
    ("classes", {"early_stopping": True, "max_iter": 30, "tol": 0.02}),
    ("classes", {"solver": "lbfgs", "alpha": 0.5}),
    ("two", {"solver": "sgd", "activation": "tanh", "hidden_layer_sizes": (20, 10)}),
    ("two", {"early_stopping": True, "validation_fraction": 0.3}),
    ("two", {"activation": "logistic", "alpha": 0.1, "hidden_layer_sizes": [9, 8, 7]}),
    ("labels", {"alpha": 0.5}),
    ("labels", {"solver": "lbfgs", "alpha": 0.5}),
]
REGRESSORS = [
    ("number", {"alpha": 0.5, "activation": "identity"}),
    ("number", {"early_stopping": True, "n_iter_no_change": 3, "tol": 0.1, "max_iter": 50}),
    ("number", {"solver": "lbfgs", "alpha": 0.5}),
    ("numbers", {"alpha": 0.5, "batch_size": 70}),
    ("numbers", {"solver": "sgd", "beta_1": 0.8}),
    ("counts", {"loss": "poisson", "alpha": 0.5, "epsilon": 1e-4}),
]
CASES = [("MLPClassifier", *case) for case in CLASSIFIERS] + [("MLPRegressor", *case) for case in REGRESSORS]


def fit_both(name, kind, settings, dtype=np.float64, **arguments):
    """Theirs and ours, fitted to digits."""
    x = make_digits()[0].astype(dtype)
    parameters = {"random_state": 3, "shuffle": False, "max_iter": 12, "n_iter_no_change": 2} | settings
    estimators = [getattr(module, name)(**parameters) for module in (sklearn.neural_network, nnfast.sklearn)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [estimator.fit(x, make_target(kind), **arguments) for estimator in estimators]


def assert_same_weights(ours, theirs, rtol=1e-9):
    for own, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        assert own.dtype == other.dtype
        np.testing.assert_allclose(own, other, rtol=rtol, atol=rtol)


@pytest.mark.parametrize(("name", "kind", "settings"), CASES)
def test_fit(name, kind, settings):
    theirs, ours = fit_both(name, kind, settings)
    rtol = 1e-5 if kind == "counts" else 1e-9  # the logarithm of Keras' Poisson loss has 1e-7 added
    assert_same_weights(ours, theirs, rtol)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=rtol)
    for attribute in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    np.testing.assert_array_equal(getattr(ours, "classes_", 0), getattr(theirs, "classes_", 0))
    x = make_digits()[0]
    for method in {"predict", "predict_proba", "predict_log_proba"} & set(dir(theirs)):
        own, other = getattr(ours, method)(x), getattr(theirs, method)(x)
        assert (own.shape, own.dtype) == (other.shape, other.dtype)
        same = np.testing.assert_allclose if own.dtype.kind == "f" else np.testing.assert_array_equal
        same(own, other, **{"rtol": 10 * rtol, "atol": rtol} if own.dtype.kind == "f" else {})
    assert ours.score(x, make_target(kind)) == pytest.approx(theirs.score(x, make_target(kind)))


@pytest.mark.parametrize(("name", "kind", "settings"), [case for case in CASES if case[2].get("solver") != "lbfgs"])
def test_curves(name, kind, settings):
    theirs, ours = fit_both(name, kind, settings)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6 if kind == "counts" else 1e-10)
    for attribute in ("best_loss_", "best_validation_score_", "validation_scores_"):
        expected = getattr(theirs, attribute)
        assert (getattr(ours, attribute) is None) == (expected is None)
        if expected is not None:
            np.testing.assert_allclose(getattr(ours, attribute), expected, rtol=1e-6)
    assert ours._no_improvement_count == theirs._no_improvement_count


def test_early_ends_are_reached():
    """The cases above have fits that end by their tolerance, and rates that fall."""
    early = [fit_both(*CASES[i])[1] for i in (4, 6, 14)]
    assert all(estimator.n_iter_ < estimator.max_iter for estimator in early[1:])
    assert early[0]._optimizer.learning_rate < 0.1


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_of_rows(name, solver):
    """Every batch is divided by the sum of its weights, the penalty too."""
    weights = np.random.default_rng(0).integers(0, 3, 300).astype(np.float64)
    settings = {"alpha": 1.0, "batch_size": 64, "solver": solver}
    kind = "classes" if name == "MLPClassifier" else "numbers"
    kind = "number" if solver == "lbfgs" and kind == "numbers" else kind
    theirs, ours = fit_both(name, kind, settings, sample_weight=weights)
    assert_same_weights(ours, theirs)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-9 if solver == "lbfgs" else 0.1)


def test_float32_is_trained_in_float32():
    theirs, ours = fit_both("MLPClassifier", "classes", {}, np.float32)
    assert_same_weights(ours, theirs, 1e-3)
    assert ours.predict_proba(make_digits()[0]).dtype == np.float32


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_parameters_are_theirs_and_more(name):
    own, other = (getattr(module, name)().get_params() for module in (nnfast.sklearn, sklearn.neural_network))
    assert {key: own[key] for key in other} == other
    assert len(own) > len(other)
