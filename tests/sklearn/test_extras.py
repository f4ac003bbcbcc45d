"""What the estimators can and scikit-learn's cannot: their networks and losses, validation of one's own, callbacks."""

import numpy as np
import pytest
from digit_problems import make_digits, make_target
from sklearn.metrics import f1_score, log_loss, make_scorer

from nnfast import layers, load_model
from nnfast.activations import LeakyReLU
from nnfast.callbacks import EarlyStopping, LearningRateScheduler
from nnfast.losses import CategoricalFocalCrossentropy, QuantileLoss
from nnfast.optimizers import AdamW, RMSprop
from nnfast.schedules import CosineDecay
from nnfast.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SHORT = {"random_state": 0, "max_iter": 5, "hidden_layer_sizes": 20}


def fit(**settings):
    return MLPClassifier(**SHORT | settings).fit(*make_digits())


# ---- networks --------------------------------------------------------------------------------------------------------


def test_activations_and_dropout_of_each_layer():
    settings = {"hidden_layer_sizes": (8, 7), "activation": ["gelu", LeakyReLU(0.3)], "dropout": [0.5, 0.0]}
    network = fit(**settings)._model
    kinds = [type(layer) for layer in network.layers]
    assert kinds == [layers.Dense, layers.Dropout, layers.Dense, layers.Dense]
    assert [network.layers[i].activation for i in (0, 2)] == [layers.Dense(1, "gelu").activation, LeakyReLU(0.3)]
    assert network.layers[1].rate == 0.5


@pytest.mark.parametrize("kind", ["classes", "two", "labels"])
def test_the_network_is_a_model(kind, tmp_path):
    x = make_digits()[0]
    model = MLPClassifier(**SHORT)
    assert not hasattr(model, "model_")
    model.fit(x, make_target(kind)).model_.save(tmp_path / "model.safetensors")
    outputs = load_model(tmp_path / "model.safetensors").predict(x)
    np.testing.assert_array_equal(outputs, model.predict_proba(x)[:, -outputs.shape[1] :])
    np.testing.assert_array_equal(model.model_.predict_one(x[3]), outputs[3])


def test_dropout_is_for_training_alone():
    x, _ = make_digits()
    model, other = fit(dropout=0.5), fit()
    np.testing.assert_array_equal(model.predict_proba(x), model.predict_proba(x))
    assert model.loss_curve_[-1] > other.loss_curve_[-1]


@pytest.mark.parametrize(
    ("solver", "learning_rate", "expected"),
    [
        ("rmsprop", "constant", RMSprop(0.02)),
        ("rmsprop", CosineDecay(0.1, 9), RMSprop(CosineDecay(0.1, 9))),
        (AdamW(CosineDecay(0.1, 9), weight_decay=0.1), "constant", AdamW(CosineDecay(0.1, 9), weight_decay=0.1)),
    ],
)
def test_optimizers_and_schedules(solver, learning_rate, expected):
    model = fit(solver=solver, learning_rate=learning_rate, learning_rate_init=0.02)
    assert repr(model._optimizer) == repr(expected)
    assert model._optimizer is not solver
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_rates_of_other_solvers_fall_too():
    model = fit(solver="rmsprop", learning_rate="invscaling", learning_rate_init=0.02)
    assert model._optimizer.learning_rate == pytest.approx(0.02 / (1500 + 1) ** 0.5)


# ---- losses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_quantiles(solver):
    x, y = make_digits()[0], make_target("number")
    loss = QuantileLoss(quantile=0.9)
    model = MLPRegressor(loss, solver=solver, random_state=0, max_iter=150, learning_rate_init=0.01, alpha=0).fit(x, y)
    assert 0.8 < (y <= model.predict(x)).mean() < 0.99
    error = y - model.predict(x)
    assert model.loss_ == pytest.approx(np.maximum(0.9 * error, -0.1 * error).mean(), rel=0.1)


def measure_squares(y_true, y_pred):
    assert y_true.shape == y_pred.shape
    return ((y_pred - y_true) ** 2).mean(axis=1) / 2, (y_pred - y_true) / y_pred.shape[1]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_function_is_a_loss(solver):
    """Half the squared error by hand: scikit-learn's, the penalty too."""
    x, y = make_digits()[0], make_target("number")
    settings = {"solver": solver, "alpha": 1.0, "batch_size": 70, **SHORT}
    ours, known = MLPRegressor(measure_squares, **settings).fit(x, y), MLPRegressor(**settings).fit(x, y)
    assert ours.loss_ == pytest.approx(known.loss_, rel=1e-9)
    np.testing.assert_allclose(ours.predict(x), known.predict(x), rtol=1e-6)


@pytest.mark.parametrize("loss", ["categorical_focal_crossentropy", CategoricalFocalCrossentropy(gamma=1.0), "mse"])
def test_losses_of_probabilities(loss):
    assert fit(loss=loss, max_iter=100, learning_rate_init=0.01).score(*make_digits()) > 0.95


@pytest.mark.parametrize(("kind", "loss"), [("two", "binary_focal_crossentropy"), ("labels", "mse")])
def test_losses_of_two_classes_and_of_labels(kind, loss):
    x, y = make_digits()[0], make_target(kind)
    assert MLPClassifier(20, loss=loss, random_state=0, learning_rate_init=0.01).fit(x, y).score(x, y) > 0.9


# ---- validation ------------------------------------------------------------------------------------------------------


def test_rows_for_validation():
    x, y = make_digits()
    model = MLPClassifier(alpha=0, **SHORT).fit(x[:200], y[:200], X_val=x[200:], y_val=y[200:])
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == 5
    assert model.validation_loss_curve_[-1] == pytest.approx(log_loss(y[200:], model.predict_proba(x[200:])))
    assert model.validation_scores_[-1] == model.score(x[200:], y[200:])
    assert model.loss_curve_ == MLPClassifier(alpha=0, **SHORT).fit(x[:200], y[:200]).loss_curve_
    assert model.best_validation_score_ is None


def test_early_stopping_with_rows_of_ones_own_and_their_weights():
    x, y = make_digits()
    weights = np.r_[np.ones(50), np.zeros(50)]
    own = {"X_val": x[200:], "y_val": y[200:], "sample_weight_val": weights}
    settings = {"early_stopping": True, "max_iter": 100, "learning_rate_init": 0.01, "random_state": 0}
    model = MLPClassifier(**settings).fit(x[:200], y[:200], **own)
    assert model.n_iter_ < 100
    assert model.t_ == 200 * model.n_iter_
    assert model.score(x[200:250], y[200:250]) == model.best_validation_score_ == max(model.validation_scores_)


@pytest.mark.parametrize(
    ("scoring", "measure"),
    [
        ("f1_macro", lambda y, p: f1_score(y, p.argmax(axis=1), average="macro")),
        ("neg_log_loss", lambda y, p: -log_loss(y, p)),
        (make_scorer(f1_score, average="micro"), lambda y, p: f1_score(y, p.argmax(axis=1), average="micro")),
    ],
)
def test_early_stopping_by_any_score(scoring, measure):
    x, y = make_digits()
    settings = {"scoring": scoring, "early_stopping": True, "max_iter": 30, "random_state": 0}
    model = MLPClassifier(**settings).fit(x[:200], y[:200], X_val=x[200:], y_val=y[200:])
    assert measure(y[200:], model.predict_proba(x[200:])) == pytest.approx(model.best_validation_score_)
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_early_stopping_by_the_loss():
    model = fit(scoring="loss", early_stopping=True, max_iter=20)
    assert model.validation_scores_ == [-loss for loss in model.validation_loss_curve_]


# ---- callbacks -------------------------------------------------------------------------------------------------------


def test_callbacks():
    x, y = make_digits()
    stop = EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    rates = LearningRateScheduler(lambda epoch, rate: 0.05)
    model = MLPClassifier(callbacks=[stop, rates], random_state=0, alpha=0)
    model.fit(x[:200], y[:200], X_val=x[200:], y_val=y[200:])
    assert model.n_iter_ < 200
    assert model._optimizer.learning_rate == 0.05
    assert log_loss(y[200:], model.predict_proba(x[200:])) == pytest.approx(min(model.validation_loss_curve_))


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": -1}, r"alpha: expected a finite number in \[0, inf\), received -1"),
        ({"learning_rate_init": 0}, r"learning_rate_init: expected a finite number in \(0, inf\)"),
        ({"beta_1": 1.0}, r"beta_1: expected a finite number in \[0, 1\), received 1.0"),
        ({"max_iter": 0}, "max_iter: expected an integer >= 1, received 0"),
        ({"n_iter_no_change": 1.5}, "n_iter_no_change: expected an integer >= 1, received 1.5"),
        ({"batch_size": "all"}, "batch_size: expected an integer >= 1, received 'all'"),
        ({"n_threads": 0}, "n_threads: expected an integer >= 1, received 0"),
        ({"shuffle": "yes"}, "shuffle: expected True or False"),
        ({"learning_rate": "falling"}, "learning_rate: expected one of 'constant', 'invscaling', 'adaptive'"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes: expected an integer >= 1, received 0"),
        ({"activation": "rely"}, "activation: expected one of .* did you mean 'relu'"),
        ({"activation": ["relu", "relu"]}, "activation: expected one for all, or one for each of 1 hidden layers"),
        ({"solver": "adamm"}, "solver: expected one of 'lbfgs', 'sgd', .* did you mean 'adam'"),
        ({"loss": "logloss"}, "loss: expected one of"),
        ({"dropout": 1.0}, r"dropout: expected a finite number in \[0, 1\)"),
        ({"dropout": 0.1, "solver": "lbfgs"}, "dropout: expected 0 with solver='lbfgs', received 0.1"),
        ({"callbacks": [], "solver": "lbfgs"}, "callbacks: expected None with solver='lbfgs'"),
        ({"callbacks": [1]}, "callbacks: expected a list of Callback objects"),
        ({"scoring": "accurate", "early_stopping": True}, "scoring.*Got 'accurate' instead"),
        ({"early_stopping": True, "validation_fraction": 0.003}, "The validation set is too small.* received 1"),
    ],
)
def test_bad_parameters(settings, message):
    with pytest.raises(ValueError, match=message):
        fit(**settings)


def test_bad_rows():
    x, y = make_digits()
    model = MLPClassifier(**SHORT)
    with pytest.raises(ValueError, match="X_val, y_val: expected both or neither"):
        model.fit(x, y, X_val=x)
    with pytest.raises(ValueError, match="X_val: expected None with solver='lbfgs'"):
        MLPClassifier(solver="lbfgs").fit(x, y, X_val=x, y_val=y)
    with pytest.raises(ValueError, match=r"y: expected classes of .*, received \[11\]"):
        model.fit(x, y, X_val=x[:3], y_val=[0, 1, 11])
    with pytest.raises(ValueError, match="class_weight: expected a dict in partial_fit"):
        MLPClassifier(class_weight="balanced").partial_fit(x, y, classes=range(10))
    with pytest.raises(ValueError, match="y: expected numbers >= 0 with loss='poisson', received -1"):
        MLPRegressor("poisson").fit(x, y - 1)
    assert not hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")
