"""scikit-learn's fitted MLPs as models and as our estimators, and ours as theirs: the same outputs, and they go on."""

import sys

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn import neural_network as theirs
from sklearn.exceptions import NotFittedError

from nnfast import sklearn as ours
from nnfast.activations import ReLU
from nnfast.exceptions import NotReadyError
from nnfast.export.sklearn import from_estimator
from nnfast.layers import Dense
from nnfast.optimizers import AdamW
from nnfast.schedules import CosineDecay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_NETS = 100
ALLOWED = {"float32": 1e-6, "float64": 1e-12}
KINDS = ("two", "classes", "labels", "value", "values", "counts")
HIDDEN = {
    "identity": lambda x: x,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
}


def softmax(x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


OUTPUTS = HIDDEN | {"softmax": softmax, "exp": np.exp}


def draw_targets(rng, kind, n_rows):
    n = int(rng.integers(2, 6))
    return {
        "two": lambda: np.array(["no", "yes"])[np.arange(n_rows) % 2],
        "classes": lambda: 3 * (np.arange(n_rows) % (n + 1)) - 4,
        "labels": lambda: rng.integers(0, 2, (n_rows, n)),
        "value": lambda: rng.normal(size=n_rows),
        "values": lambda: rng.normal(size=(n_rows, n)),
        "counts": lambda: rng.poisson(2, n_rows).astype(float),
    }[kind]()


def draw_problem(rng, kind, dtype="float64"):
    x = rng.normal(size=(30, rng.integers(1, 20))).astype(dtype)
    return x, draw_targets(rng, kind, len(x))


def draw_settings(rng, kind):
    sizes = tuple(int(size) for size in rng.integers(1, 20, rng.integers(1, 4)))
    settings = {"hidden_layer_sizes": sizes, "activation": str(rng.choice(list(HIDDEN))), "max_iter": 3}
    settings |= {"solver": str(rng.choice(["adam", "sgd", "lbfgs"])), "random_state": int(rng.integers(1000))}
    return settings | ({"loss": "poisson"} if kind == "counts" else {})


def get_kind(module, kind):
    return module.MLPClassifier if kind in ("two", "classes", "labels") else module.MLPRegressor


def run(estimator, x):
    """Compute the outputs of a net in float64, and with NumPy alone."""
    for kernel, bias in zip(estimator.coefs_, estimator.intercepts_):
        is_last = kernel is estimator.coefs_[-1]
        name = estimator.out_activation_ if is_last else estimator.activation
        x = OUTPUTS[name](x.astype(float) @ kernel.astype(float) + bias)
    return x


def get_outputs(estimator, x):
    if not hasattr(estimator, "predict_proba"):
        return estimator.predict(x).reshape(len(x), -1)
    probabilities = estimator.predict_proba(x)
    return probabilities[:, 1:] if estimator.n_outputs_ == 1 else probabilities


def measure(results, expected):
    return max(float(np.abs(result - expected).max() / max(1, np.abs(expected).max())) for result in results)


def test_random_nets(rng):
    """As a model, as an estimator of ours, and back: all compute what NumPy and scikit-learn do."""
    for number in range(N_NETS):
        kind, dtype = KINDS[number % len(KINDS)], ("float32", "float64")[number // len(KINDS) % 2]
        x, y = draw_problem(rng, kind, dtype)
        fitted = get_kind(theirs, kind)(**draw_settings(rng, kind)).fit(x, y)
        model, own = from_estimator(fitted), get_kind(ours, kind).from_sklearn(fitted)
        back = own.to_sklearn()
        outputs = [model.predict(x), *(get_outputs(each, x) for each in (fitted, own, back))]
        dtype = fitted.coefs_[0].dtype.name  # of L-BFGS float64
        assert {array.dtype.name for array in outputs} == {dtype}
        assert measure(outputs, run(fitted, x)) <= ALLOWED[dtype], fitted
        for one, other in zip(fitted.coefs_ + fitted.intercepts_, back.coefs_ + back.intercepts_):
            assert one.tobytes() == other.tobytes()
            assert not np.shares_memory(one, other)
        for each in (own, back):
            if hasattr(each, "classes_"):
                np.testing.assert_array_equal(each.predict(x), fitted.predict(x))
            assert each.score(x, y) == pytest.approx(fitted.score(x, y), 1e-5, 1e-5)


def test_random_nets_of_ours(rng):
    """What we have fitted is scikit-learn's: it predicts the same."""
    for number in range(N_NETS):
        kind, dtype = KINDS[number % len(KINDS)], ("float32", "float64")[number // len(KINDS) % 2]
        x, y = draw_problem(rng, kind, dtype)
        fitted = get_kind(ours, kind)(**draw_settings(rng, kind)).fit(x, y)
        their = fitted.to_sklearn()
        assert type(their) is get_kind(theirs, kind)
        assert measure([get_outputs(fitted, x), get_outputs(their, x)], run(their, x)) <= ALLOWED[dtype], fitted
        assert their.get_params().items() <= fitted.get_params().items()


@pytest.mark.parametrize("kind", KINDS)
def test_both_go_on(kind, rng):
    """Epochs behind an exchange are those that scikit-learn has behind it; SGD without momentum remembers nothing."""
    x, y = draw_problem(rng, kind)
    settings = {"solver": "sgd", "momentum": 0.0, "shuffle": False, "max_iter": 4, "random_state": 0}
    settings |= {"loss": "poisson"} if kind == "counts" else {}
    fitted = get_kind(theirs, kind)(**settings).fit(x, y)
    own = get_kind(ours, kind).from_sklearn(fitted)
    back = get_kind(ours, kind).from_sklearn(fitted).to_sklearn()
    tolerance = 1e-6 if kind == "counts" else 1e-9  # Keras's Poisson adds 1e-7 to what it takes the logarithm of
    for _ in range(3):
        for each in (fitted, own, back):
            each.partial_fit(x, y)
    for each in (own, back):
        for one, other in zip(fitted.coefs_ + fitted.intercepts_, each.coefs_ + each.intercepts_):
            np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance / 1000)
        np.testing.assert_allclose(each.loss_curve_, fitted.loss_curve_, rtol=tolerance)
        assert each.t_ == fitted.t_ == 30 * 7
    np.testing.assert_allclose(own.set_params(warm_start=True, max_iter=1).fit(x, y).loss_, own.loss_curve_[-1])
    assert len(own.loss_curve_) == 8


@pytest.mark.parametrize("kind", ["two", "value"])
def test_what_a_fit_leaves(kind, rng):
    pandas = pytest.importorskip("pandas")
    x, y = draw_problem(rng, kind)
    frame = pandas.DataFrame(x, columns=[f"feature {i}" for i in range(x.shape[1])])
    fitted = get_kind(theirs, kind)(early_stopping=True, max_iter=3, random_state=0).fit(frame, y)
    own = get_kind(ours, kind).from_sklearn(fitted)
    for each in (own, own.to_sklearn()):
        for name in ("n_iter_", "n_layers_", "loss_curve_", "validation_scores_", "best_validation_score_"):
            assert getattr(each, name) == getattr(fitted, name)
        for name in ("loss_", "best_loss_", "_no_improvement_count"):
            assert getattr(each, name) == getattr(fitted, name)
        assert list(each.feature_names_in_) == list(frame.columns)
        each.predict(frame)
    assert own.loss_curve_ is not fitted.loss_curve_
    assert own.get_params()["random_state"] == 0


def test_models_know_the_classes(rng):
    x, y = draw_problem(rng, "two")
    model = from_estimator(theirs.MLPClassifier((5,), "tanh", max_iter=2).fit(x, y))
    assert model.metadata == {"classes": ["no", "yes"]}
    assert [layer.activation.names[0] for layer in model.layers] == ["tanh", "sigmoid"]
    assert [type(layer) for layer in model.layers] == [Dense, Dense]


# ---- what scikit-learn has not ----


def test_parameters_that_only_tell_how_to_train(rng):
    """Dropout, an optimizer, a schedule and a loss of ours do not matter to what is predicted."""
    x, y = draw_problem(rng, "classes")
    settings = {"dropout": 0.5, "solver": AdamW(), "learning_rate": CosineDecay(0.1, 10), "n_threads": 1, "max_iter": 2}
    fitted = ours.MLPClassifier(7, ReLU(), **settings, alpha=0.5, class_weight="balanced").fit(x, y)
    their = fitted.to_sklearn()
    assert measure([their.predict_proba(x)], fitted.predict_proba(x)) <= 1e-12
    params = their.get_params()
    assert [params[name] for name in ("activation", "solver", "learning_rate")] == ["relu", "adam", "constant"]
    assert (params["alpha"], params["hidden_layer_sizes"]) == (0.5, 7)
    their.partial_fit(x, y)
    y = rng.normal(size=len(x))
    fitted = ours.MLPRegressor("huber", 7, ["tanh"], max_iter=2).fit(x, y)
    assert measure([fitted.to_sklearn().predict(x)], fitted.predict(x)) <= 1e-12
    assert fitted.to_sklearn().loss == "squared_error"


@pytest.mark.parametrize("activation", ["gelu", ["relu", "tanh"]])
def test_activations_that_scikit_learn_has_not(activation, rng):
    x, y = draw_problem(rng, "classes")
    fitted = ours.MLPClassifier((5, 5), activation, max_iter=1).fit(x, y)
    with pytest.raises(ValueError, match=r"activation: expected one for all layers, of \['identity', .* received "):
        fitted.to_sklearn()


def test_estimators_that_are_refused(rng):
    x, y = draw_problem(rng, "classes")
    fitted = theirs.MLPClassifier(max_iter=1).fit(x, y)
    message = "estimator: expected a fitted MLPRegressor of scikit-learn, received MLPClassifier"
    with pytest.raises(ValueError, match=message):
        ours.MLPRegressor.from_sklearn(fitted)
    for wrong in (ours.MLPClassifier(max_iter=1).fit(x, y), theirs.BernoulliRBM(), None):
        with pytest.raises(
            ValueError, match="estimator: expected a fitted MLPClassifier or MLPRegressor of scikit-lea"
        ):
            from_estimator(wrong)
    for take in (from_estimator, ours.MLPClassifier.from_sklearn):
        with pytest.raises(NotReadyError, match="estimator: expected a fitted one, received MLPClassifier before fit"):
            take(theirs.MLPClassifier())
    with pytest.raises(NotFittedError):
        ours.MLPClassifier().to_sklearn()


def test_missing_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r'pip install "nnfast\[sklearn\]"'):
        from_estimator(None)
