"""What fits of the estimators do beside the numbers: going on, copies, weights, sparse rows, data that end them."""

import copy
import pickle
import warnings

import joblib
import numpy as np
import pytest
from digit_problems import make_digits, make_target
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.class_weight import compute_sample_weight

from nnfast.optimizers import SGD
from nnfast.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SHORT = {"random_state": 0, "max_iter": 5, "hidden_layer_sizes": 20}


def make_fitted(**settings):
    return MLPClassifier(**SHORT | settings).fit(*make_digits())


def assert_same(ours, theirs):
    """To the bit."""
    for own, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_array_equal(own, other)


# ---- going on --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd", "learning_rate": "invscaling"}, {"dropout": 0.3}])
def test_calls_of_partial_fit_are_epochs_of_fit(settings):
    x, y = make_digits()
    whole, parts = make_fitted(**settings), MLPClassifier(**SHORT | settings)
    for _ in range(5):
        parts.partial_fit(x, y, classes=np.unique(y))
    assert_same(whole, parts)
    assert whole.loss_curve_ == parts.loss_curve_
    assert (parts.n_iter_, parts.t_) == (1, 1500)


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd"}, {"early_stopping": True}, {"solver": "lbfgs"}])
def test_warm_start_goes_on_with_the_weights(settings):
    x, y = make_digits()
    model = make_fitted(warm_start=True, **settings)
    before = model.loss_
    model.fit(x, y)
    assert model.loss_ < before
    assert model.t_ == (0 if model.solver == "lbfgs" else 2 * 5 * (270 if model.early_stopping else 300))


@pytest.mark.parametrize("change", [{"alpha": 10.0}, {"activation": "tanh"}, {"dropout": 0.9}])
@pytest.mark.parametrize("goes_on", ["fit", "partial_fit"])
def test_what_is_set_after_a_fit_counts(change, goes_on):
    """And what was learned stays."""
    x, y = make_digits()
    model, other = make_fitted(warm_start=True), make_fitted(warm_start=True)
    before = model._model.get_weights()
    getattr(model.set_params(**change), goes_on)(x, y)
    getattr(other, goes_on)(x, y)
    assert np.abs(model.coefs_[0] - other.coefs_[0]).max() > 1e-4
    assert np.abs(model.coefs_[0] - before[0]).max() < 0.02
    with pytest.raises(ValueError, match=r"weights\[0\]: expected numbers of shape \(64, 30\)"):
        getattr(model.set_params(hidden_layer_sizes=30), goes_on)(x, y)


def test_a_warm_start_may_have_another_solver_and_another_end():
    x, y = make_digits()
    model = make_fitted(solver="lbfgs", warm_start=True)
    before = model.score(x, y)
    model.set_params(solver="adam").fit(x, y)
    assert len(model.loss_curve_) == 5
    model.set_params(early_stopping=True).fit(x, y)
    assert (len(model.validation_scores_), model.best_loss_) == (5, None)
    assert model.score(x, y) > before


def test_fit_forgets_what_was_before():
    x, y = make_digits()
    model = make_fitted().fit(x, y > 4)
    assert_same(model, MLPClassifier(**SHORT).fit(x, y > 4))
    assert (len(model.loss_curve_), model.n_outputs_) == (5, 1)


def test_first_weights_may_be_given():
    model = MLPClassifier(warm_start=True, **SHORT | {"learning_rate_init": 1e-9})
    model.coefs_, model.intercepts_ = [np.full((64, 20), 0.5), np.zeros((20, 10))], [np.ones(20), np.zeros(10)]
    model.fit(*make_digits())
    np.testing.assert_allclose(model.coefs_[0], 0.5, atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(make_digits()[0]), 0.1, atol=1e-4)


def test_weights_may_be_set_and_written_to():
    x, _ = make_digits()
    model, other = make_fitted(), make_fitted(random_state=1)
    other.coefs_ = model.coefs_
    other.intercepts_ = model.intercepts_
    np.testing.assert_array_equal(other.predict_proba(x), model.predict_proba(x))
    model.coefs_[-1][:] = 0
    model.intercepts_[-1][:] = 0
    np.testing.assert_allclose(model.predict_proba(x), 0.1)


def test_orders_of_rows_differ_from_epoch_to_epoch_and_by_seed():
    curves = [make_fitted(random_state=seed, batch_size=20).loss_curve_ for seed in (0, 0, 1)]
    assert curves[0] == curves[1] != curves[2]
    assert make_fitted(batch_size=20, shuffle=False).loss_curve_ != curves[0]


# ---- copies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_copies_go_on_to_the_bit(solver, tmp_path):
    x, y = make_digits()
    model = make_fitted(solver=solver)
    joblib.dump(model, tmp_path / "model.joblib")
    copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model.joblib")]
    model.partial_fit(x, y)
    for each in copies:
        assert each.partial_fit(x, y)._optimizer is each._model.optimizer
        assert_same(each, model)


def test_a_clone_is_not_fitted():
    model = clone(make_fitted(activation=("relu",), callbacks=[]))
    assert model.get_params()["activation"] == ("relu",)
    assert not hasattr(model, "coefs_")
    with pytest.raises(NotFittedError):
        model.predict([[0.0] * 64])


# ---- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix, sparse.csc_array], ids=lambda m: m.__name__)
def test_sparse_rows_give_the_bits_of_dense_ones(make, solver):
    x, y = make_digits()
    model = make_fitted(solver=solver)
    other = MLPClassifier(solver=solver, **SHORT).fit(make(x), y)
    assert_same(model, other)
    np.testing.assert_array_equal(model.predict_proba(make(x)), model.predict_proba(x))


def test_sparse_rows_are_split_for_validation():
    x, y = make_digits()
    model = MLPClassifier(early_stopping=True, **SHORT).fit(sparse.csr_array(x), y)
    assert model.validation_scores_ == make_fitted(early_stopping=True).validation_scores_


@pytest.mark.parametrize("class_weight", [{3: 5.0, 1: 0.0}, "balanced"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_class_weight_is_sample_weight(class_weight, solver):
    x, y = make_digits()
    weights = np.linspace(0.5, 1.5, 300)
    model = MLPClassifier(class_weight=class_weight, solver=solver, **SHORT).fit(x, y, weights)
    expected = weights * compute_sample_weight(class_weight, y)
    assert_same(model, MLPClassifier(solver=solver, **SHORT).fit(x, y, expected))
    other = MLPClassifier(solver=solver, **SHORT).fit(x, y, weights)
    assert np.abs(model.coefs_[0] - other.coefs_[0]).max() > 1e-6


def test_class_weight_of_several_labels():
    x, y = make_digits()[0], make_target("labels")
    each = [{0: 1.0, 1: 2.0}, {0: 1.0, 1: 1.0}, {0: 3.0, 1: 1.0}]
    model = MLPClassifier(class_weight=each, **SHORT).fit(x, y)
    assert_same(model, MLPClassifier(**SHORT).fit(x, y, compute_sample_weight(each, y)))


def test_sparse_labels_come_back_sparse():
    x, y = make_digits()[0], make_target("labels")
    model = MLPClassifier(**SHORT).fit(x, sparse.csr_matrix(y))
    assert sparse.issparse(model.predict(x))
    assert_same(model, MLPClassifier(**SHORT).fit(x, y))


def test_arrays_are_not_written_to():
    x, y = make_digits()
    before = x.copy()
    x.setflags(write=False)
    MLPRegressor(early_stopping=True, **SHORT).fit(x, y.astype(float)).predict(x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_threads_change_no_bit_and_are_given_back(n_threads):
    import nnfast

    before = nnfast.get_num_threads()
    assert_same(make_fitted(n_threads=n_threads), make_fitted())
    assert nnfast.get_num_threads() == before


# ---- ends ------------------------------------------------------------------------------------------------------------


def test_a_fit_that_overflows():
    x, y = make_digits()
    settings = {"solver": "sgd", "learning_rate_init": 1e6, "activation": "identity", "random_state": 0}
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        MLPRegressor(**settings).fit(x, y)
    with pytest.warns(ConvergenceWarning, match=r"became NaN or infinite.*best weights before are kept"):
        model = MLPRegressor(early_stopping=True, **settings).fit(x, y)
    assert np.isnan(model.validation_scores_[-1])
    assert np.isfinite(model.predict(x)).all()


def test_a_last_step_that_overflows():
    x, y = make_digits()
    model = MLPRegressor(hidden_layer_sizes=20, solver=SGD(1e30), batch_size=300, max_iter=1, random_state=0)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        model.fit(x.astype(np.float32) * 1e10, y)


def test_an_interrupt_leaves_a_fitted_model():
    from nnfast.callbacks import LambdaCallback

    def interrupt(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = make_fitted(callbacks=[LambdaCallback(on_epoch_end=interrupt)])
    assert model.n_iter_ == 2
    assert model.predict(make_digits()[0]).shape == (300,)


def test_a_batch_that_is_too_large_is_clipped():
    with pytest.warns(UserWarning, match="batch_size: expected at most the number of rows, 300, received 400"):
        model = make_fitted(batch_size=400)
    assert_same(model, make_fitted(batch_size=300))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_verbose_prints(solver, capsys):
    make_fitted(solver=solver, verbose=True, early_stopping=True)
    out = capsys.readouterr().out
    assert "Iteration 5, loss = " in out
    assert ("Validation score: " in out) == (solver == "adam")


def test_convergence_is_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning, match=r"Maximum iterations \(5\) reached"):
            make_fitted()
        with pytest.raises(ConvergenceWarning, match=r"lbfgs failed to converge after 5 iteration"):
            make_fitted(solver="lbfgs")
