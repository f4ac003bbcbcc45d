"""Every loss in a model: it falls, it is saved, its arguments are checked, its reduction is meant."""

import numpy as np
import pytest
import reference_losses
from problems import make_classes, make_classifier
from test_losses import EVERY_LOSS, lower

from nnfast import Sequential, load_model, losses
from nnfast.exceptions import NotFiniteError
from nnfast.layers import Dense, Input
from nnfast.losses import BinaryCrossentropy, CategoricalCrossentropy, Huber, MeanSquaredError
from nnfast.optimizers import SGD

POSITIVE = ("Poisson", "MeanSquaredLogarithmicError", "KLDivergence")


def name_of(loss):
    return type(loss).__name__


def make_problem(loss, dtype="float32"):
    """A compiled model with a last layer that suits the loss, samples and targets."""
    x, labels = make_classes()
    activation = loss.fuses_with or ("softplus" if name_of(loss) in POSITIVE else "linear")
    model = Sequential([Input(6), Dense(8, "tanh"), Dense(3, activation)], seed=1, dtype=dtype)
    # Where targets are 0, a percentage is steep.
    rate = 1e-10 if name_of(loss) == "MeanAbsolutePercentageError" else 1e-4 if loss.is_sum else 0.01
    model.compile(SGD(rate), loss, ["mae"])
    return model, x, labels if loss.takes_labels else np.eye(3)[labels]


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=name_of)
def test_training_lowers_it(loss, dtype):
    model, x, y = make_problem(loss, dtype)
    before = model.evaluate(x, y, verbose=0)[0]
    history = model.fit(x, y, epochs=10, verbose=0).history["loss"]
    assert np.isfinite(history).all()
    assert history[-1] < history[0]
    assert model.evaluate(x, y, verbose=0)[0] < before


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=name_of)
def test_saved_and_loaded(loss, tmp_path):
    pytest.importorskip("safetensors")
    model, x, y = make_problem(loss)
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert again.loss == loss
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    for one in (model, again):
        one.fit(x, y, epochs=1, verbose=0)
    for ours, theirs in zip(again.get_weights(), model.get_weights()):
        assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=name_of)
def test_config_makes_the_loss_again(loss):
    assert losses.CATALOGUE.deserialize(losses.CATALOGUE.serialize(loss)) == loss


def test_files_without_a_reduction_are_read():
    """As they were written before there was one."""
    old = {"class_name": "BinaryCrossentropy", "config": {"from_logits": False}}
    assert losses.CATALOGUE.deserialize(old) == BinaryCrossentropy()
    assert losses.CATALOGUE.deserialize({"class_name": "SumSquaredError", "config": {}}).is_sum


def test_defaults_are_keras():
    configs = {name: cls().get_config() for name, cls in losses.CATALOGUE.by_class_name.items()}
    expected = {
        "Huber": {"delta": 1.0},
        "QuantileLoss": {"quantile": 0.5},
        "BinaryCrossentropy": {"from_logits": False, "label_smoothing": 0.0, "pos_weight": 1.0},
        "CategoricalCrossentropy": {"from_logits": False, "label_smoothing": 0.0},
        "SparseCategoricalCrossentropy": {"from_logits": False, "label_smoothing": 0.0},
        "BinaryFocalCrossentropy": {
            "apply_class_balancing": False,
            "alpha": 0.25,
            "gamma": 2.0,
            "from_logits": False,
            "label_smoothing": 0.0,
        },
        "CategoricalFocalCrossentropy": {"alpha": 0.25, "gamma": 2.0, "from_logits": False, "label_smoothing": 0.0},
    }
    for name, config in configs.items():
        reduction = "sum" if name == "SumSquaredError" else "sum_over_batch_size"
        assert config == {"reduction": reduction} | expected.get(name, {}), name
    assert Huber(2.0).delta == 2.0  # as Keras takes it by place


# ---- reduction -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [loss for loss in EVERY_LOSS if name_of(loss) != "SumSquaredError"], ids=name_of)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight"])
def test_reduction(loss, reduction):
    """The loss told and the step taken are those of the mean, or n times as large."""
    models = []
    for how in ("sum_over_batch_size", reduction):
        other = type(loss)(**loss.get_config() | {"reduction": how})
        model, x, y = make_problem(loss, "float64")
        model.compile(SGD(1e-12 if name_of(loss) == "MeanAbsolutePercentageError" else 1e-5), other)
        before, told = model.get_weights(), model.evaluate(x, y, verbose=0)
        assert model.train_on_batch(x, y) == pytest.approx(told)
        models.append((told, [after - start for after, start in zip(model.get_weights(), before)]))
    factor = len(x) if reduction == "sum" else 1
    assert models[1][0] == pytest.approx(factor * models[0][0])
    for ours, mean in zip(models[1][1], models[0][1]):
        np.testing.assert_allclose(ours, factor * mean, rtol=1e-5, atol=1e-14)


def test_history_of_a_sum_is_a_sum():
    x, y = make_classes()
    model = make_classifier(optimizer=SGD(0.0))
    mean = model.fit(x, y, epochs=1, verbose=0).history["loss"][0]
    model.compile(SGD(0.0), losses.SparseCategoricalCrossentropy(reduction="sum"))
    assert model.fit(x, y, epochs=1, verbose=0).history["loss"][0] == pytest.approx(mean * len(x))


@pytest.mark.parametrize("make", [MeanSquaredError, Huber, BinaryCrossentropy])
@pytest.mark.parametrize("bad", ["none", None, "average", 3, True])
def test_bad_reductions(make, bad):
    with pytest.raises(ValueError, match=r"reduction: expected .*'sum_over_batch_size'.*, received") as caught:
        make(reduction=bad)
    assert ("one number of a batch" in str(caught.value)) == (bad in ("none", None))


def test_sum_squared_error_stays_a_sum():
    for bad in ("sum_over_batch_size", "mean", "none", None):
        with pytest.raises(ValueError, match="reduction: expected one of 'sum', received"):
            losses.SumSquaredError(reduction=bad)


# ---- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "name", "bad"),
    [
        *((losses.Huber, "delta", bad) for bad in (0, -1.0, np.nan, np.inf, "1", True, None)),
        *((losses.QuantileLoss, "quantile", bad) for bad in (0, 1, -0.1, 50, np.nan, "0.5", True)),
        *((losses.BinaryCrossentropy, "pos_weight", bad) for bad in (-1, np.nan, "1", None, [1.0, 2.0])),
        *((losses.BinaryFocalCrossentropy, "alpha", bad) for bad in (-0.1, 1.1, np.nan, "1")),
        *((losses.BinaryFocalCrossentropy, "apply_class_balancing", bad) for bad in (1, "yes", None)),
        *((losses.CategoricalFocalCrossentropy, "alpha", bad) for bad in (-0.1, np.inf, [0.1, 0.2])),
        *(
            (make, name, bad)
            for make in (losses.BinaryFocalCrossentropy, losses.CategoricalFocalCrossentropy)
            for name, bad in (("gamma", -1), ("gamma", "2"), ("label_smoothing", 1.5), ("from_logits", 1))
        ),
        *((losses.CategoricalCrossentropy, "label_smoothing", bad) for bad in (-0.1, 1.1, np.nan, "0.1", True)),
    ],
)
def test_bad_arguments(make, name, bad):
    with pytest.raises(ValueError, match=rf"{name}: expected .*, received"):
        make(**{name: bad})


def test_targets_of_focal_loss_are_probabilities():
    model, x, y = make_problem(losses.BinaryFocalCrossentropy())
    with pytest.raises(ValueError, match="y: expected numbers from 0 to 1, received 2"):
        model.fit(x, 2 * y, verbose=0)


def test_rates_below_0_are_told():
    """Poisson's loss of an output below 0 is NaN, as in Keras: the error names the loss."""
    model = Sequential([Input(2), Dense(1, use_bias=False, kernel_initializer=np.array([[-1.0], [-1.0]]))])
    model.compile("sgd", "poisson")
    with pytest.raises(NotFiniteError, match="first in the loss alone"):
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0)


# ---- meaning ---------------------------------------------------------------------------------------------------------


def test_smoothing_is_not_seen_by_metrics(rng):
    x, y = rng.standard_normal((20, 6)), np.eye(3)[rng.integers(0, 3, 20)]
    told = []
    for smoothing in (0.0, 0.5):
        model = Sequential([Input(6), Dense(3, "softmax")], seed=0, dtype="float64")
        model.compile("sgd", CategoricalCrossentropy(label_smoothing=smoothing), ["mse", "mae", "accuracy"])
        told.append(model.evaluate(x, y, verbose=0))
    assert told[0][1:] == told[1][1:]
    assert told[0][0] != told[1][0]


def test_labels_are_smoothed_as_one_hot_rows():
    x, labels = make_classes()
    results = []
    for cls, y in ((losses.SparseCategoricalCrossentropy, labels), (CategoricalCrossentropy, np.eye(3)[labels])):
        model = Sequential([Input(6), Dense(3, "softmax")], seed=3)
        model.compile("adam", cls(label_smoothing=0.2))
        results.append((model.fit(x, y, epochs=2, verbose=0).history, model.get_weights()))
    assert results[0][0] == results[1][0]
    assert all(np.array_equal(a, b) for a, b in zip(results[0][1], results[1][1]))


def test_quantiles_are_found(rng):
    """A constant model trained for a quantile ends there."""
    y = rng.standard_normal(2001)
    for q in (0.1, 0.5, 0.9):
        model = Sequential([Input(1), Dense(1)], seed=0, dtype="float64")
        model.compile("adam", losses.QuantileLoss(q))
        model.optimizer.learning_rate = 0.01
        model.fit(np.zeros((len(y), 1)), y, batch_size=len(y), epochs=400, verbose=0)
        assert model.predict(np.zeros((1, 1)))[0, 0] == pytest.approx(np.quantile(y, q), abs=0.03)


def test_parameters_are_the_cores():
    for loss in EVERY_LOSS:
        last = Dense(3, loss.fuses_with or "linear")
        spec = lower(loss, last).loss
        assert len(spec.parameters) == len(reference_losses.LOSS_PARAMETERS.get(loss.core_name, ()))
    spec = lower(BinaryCrossentropy(label_smoothing=0.1, pos_weight=3), Dense(1, "sigmoid")).loss
    assert spec[:3] == ("binary_crossentropy_logits", (0.1, 3.0), "mean")
