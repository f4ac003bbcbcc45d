"""A loss that is a Python function trains as one of the core's does: order, dropout, steps, callbacks, metrics."""

from dataclasses import replace

import numpy as np
import pytest
from problems import hash_state, make_classes

from nnfast import Sequential, load_model, losses
from nnfast.callbacks import Callback
from nnfast.exceptions import NotFiniteError
from nnfast.layers import Dense, Dropout, Input
from nnfast.metrics import TopKCategoricalAccuracy
from nnfast.optimizers import SGD, Adam
from nnfast.schedules import ExponentialDecay


def mse(y_true, y_pred):
    difference = y_pred - y_true
    return (difference**2).mean(), 2 * difference / difference.size


def crossentropy(y_true, y_pred):
    """On logits, with class labels."""
    e = np.exp(y_pred - y_pred.max(axis=1, keepdims=True))
    p, rows = e / e.sum(axis=1, keepdims=True), np.arange(len(y_true))
    loss = -np.log(p[rows, y_true]).mean()
    p[rows, y_true] -= 1
    return loss, p / len(p)


def squares(y_true, y_pred):
    """The squared errors of rows, which can be weighed."""
    difference = y_pred - y_true
    return (difference**2).mean(axis=1), 2 * difference / difference.shape[1]


def make_model(loss, *, dtype="float64", optimizer=None, metrics=None, regularizer=None, weighted=None):
    hidden = Dense(8, "tanh", kernel_regularizer=regularizer)
    model = Sequential([Input(6), hidden, Dropout(0.3), Dense(3)], seed=1, dtype=dtype)
    model.compile(optimizer or Adam(0.01), loss, metrics, weighted)
    return model


def make_values(n=50):
    x, labels = make_classes(n)
    return x, np.eye(3)[labels]


OPTIMIZERS = [
    Adam(0.01),
    SGD(0.1, clipnorm=0.1, gradient_accumulation_steps=2, use_ema=True),
    SGD(ExponentialDecay(0.05, 3, 0.8), momentum=0.9),
    Adam(ExponentialDecay(0.02, 3, 0.8, staircase=True), gradient_accumulation_steps=2),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [1, 8, 50])
def test_trains_like_the_cores(batch_size, optimizer, dtype):
    """Shuffled, with dropout, a penalty, metrics and validation."""
    x, y = make_values()
    models = [
        make_model(loss, dtype=dtype, optimizer=optimizer, metrics=["mae", "r2_score"], regularizer="l2")
        for loss in (mse, "mse")
    ]
    settings = {"batch_size": batch_size, "epochs": 3, "validation_split": 0.2, "verbose": 0}
    ours, cores = (model.fit(x, y.astype(dtype), **settings).history for model in models)
    rtol = 1e-5 if dtype == "float32" else 1e-11
    assert ours.keys() == cores.keys() >= {"loss", "val_loss"}
    assert len(ours) == 6
    for name, values in ours.items():
        np.testing.assert_allclose(values, cores[name], rtol=rtol)
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=100 * rtol, atol=10 * rtol)
    results = [model.evaluate(x, y, verbose=0) for model in models]
    np.testing.assert_allclose(*results, rtol=rtol)
    results = [model.train_on_batch(x, y) for model in models]
    np.testing.assert_allclose(*results, rtol=rtol)
    assert models[0]._epochs_done == models[1]._epochs_done == 4


def test_labels_and_accuracy():
    """Targets come as they were given; metrics make rows of class labels, those of whole epochs too."""
    x, labels = make_classes(300)
    metrics = ["accuracy", TopKCategoricalAccuracy(2), lambda y, p: np.mean(y == p.argmax(axis=1))]
    ours = make_model(crossentropy, metrics=metrics)
    cores = make_model(losses.SparseCategoricalCrossentropy(from_logits=True), metrics=metrics)
    histories = [
        model.fit(x, labels, epochs=5, verbose=0, validation_data=(x[:70], labels[:70])).history
        for model in (ours, cores)
    ]
    assert len(histories[0]) == 8
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-10)
    assert histories[0]["accuracy"][-1] > 0.6


def test_sparse_samples():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    x, y = make_values()
    x = np.where(x > 0.5, x, 0)
    models = [make_model(mse) for _ in range(2)]
    for model, samples in zip(models, (x, sparse.csr_matrix(x)), strict=True):
        model.fit(samples, y, epochs=2, verbose=0)
    assert hash_state(models[0]) == hash_state(models[1])


def test_one_by_one_and_in_one_go():
    """With somebody who listens to batches, and epoch by epoch: the same bits."""
    x, y = make_values()
    models = [make_model(mse) for _ in range(3)]
    models[0].fit(x, y, epochs=2, verbose=0)
    for _ in range(2):
        models[1].fit(x, y, verbose=0)

    class Listener(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.batch = batch

    models[2].fit(x, y, epochs=2, verbose=0, callbacks=[Listener()])
    for model in models:
        model.history = None
    assert len({hash_state(model) for model in models}) == 1


class Stopper(Callback):
    def on_progress(self, batch, logs=None):
        self.model.stop_training = batch == 3


def test_a_stop_ends_at_a_batch():
    x, y = make_values()
    model = make_model(mse)
    model.fit(x, y, batch_size=5, epochs=4, verbose=0, callbacks=[Stopper()])
    assert model._learner.state.step == 3


def test_errors_of_the_function_are_its_own():
    def fail(y_true, y_pred):
        raise KeyError("mine")

    model = make_model(fail)
    before = hash_state(model)
    with pytest.raises(KeyError, match="mine"):
        model.fit(*make_values(), verbose=0)
    model.history = None
    assert hash_state(model) == before


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda y, p: 1.0, r"expected a function that returns \(loss, gradient\)"),
        (lambda y, p: (p, p), r"expected a function whose loss is a number, or one for each row, of shape \(32,\)"),
        (lambda y, p: (1.0, p[:1]), r"gradient has y_pred's shape \(32, 3\), received float64 of shape \(1, 3\)"),
    ],
)
def test_bad_functions(function, message):
    with pytest.raises(ValueError, match=f"loss: .*{message}"):
        make_model(function).fit(*make_values(), verbose=0)


def test_bad_targets():
    x, y = make_values()
    with pytest.raises(ValueError, match=r"y: expected as many rows as x has, 50, received shape \(49, 3\)"):
        make_model(mse).fit(x, y[:-1], verbose=0)
    with pytest.raises(ValueError, match="y: expected targets of y_pred's shape"):
        make_model(lambda y, p: (0.0, p), metrics=["mae"]).fit(x, y[:, :2], verbose=0)


def fit_and_measure(loss, x, y, *, reduction, metrics=("mae", "r2_score"), class_weight=None, weights=None):
    """History, measurements of weighted rows, and a batch, of a loss with weights everywhere."""
    chosen = replace(losses.get(loss), reduction=reduction)
    model = make_model(chosen, metrics=metrics, regularizer="l2", weighted=metrics)
    settings = {"batch_size": 8, "epochs": 3, "validation_data": (x[:20], y[:20], weights[:20]), "verbose": 0}
    history = model.fit(x, y, class_weight=class_weight, sample_weight=weights, **settings).history
    history["evaluate"] = model.evaluate(x, y, sample_weight=weights, verbose=0)
    history["batch"] = model.train_on_batch(x[:9], y[:9], weights[:9], class_weight)
    return history, np.concatenate([values.ravel() for values in model.get_weights()])


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight"])
@pytest.mark.parametrize("class_weight", [None, {0: 2.0, 2: 0.5}, "balanced"])
def test_rows_are_weighed_like_the_cores(class_weight, reduction):
    """Some weigh nothing; a whole batch of train_on_batch too."""
    x, y = make_values()
    weights = np.random.default_rng(3).uniform(0, 2, len(x)) * (np.arange(len(x)) % 3 > 0)
    weights[:9] = 0
    settings = {"reduction": reduction, "class_weight": class_weight, "weights": weights}
    (ours, our_weights), (cores, core_weights) = (fit_and_measure(loss, x, y, **settings) for loss in (squares, "mse"))
    assert ours.keys() == cores.keys()
    assert len(ours) == 12
    for name, values in ours.items():
        np.testing.assert_allclose(values, cores[name], rtol=1e-11, err_msg=name)
    np.testing.assert_allclose(our_weights, core_weights, rtol=1e-9)


def test_labels_are_weighed():
    """Class weights of labels, and of the last batch, of one row."""
    x, labels = make_classes(33)

    def of_rows(y_true, y_pred):
        _, gradient = crossentropy(y_true, y_pred)
        p = gradient * len(y_pred) + np.eye(3)[y_true]
        return -np.log(p[np.arange(len(p)), y_true]), p - np.eye(3)[y_true]

    models = [make_model(of_rows), make_model(losses.SparseCategoricalCrossentropy(from_logits=True))]
    histories = [m.fit(x, labels, epochs=3, class_weight={1: 3.0}, verbose=0).history["loss"] for m in models]
    np.testing.assert_allclose(*histories, rtol=1e-10)


def test_rows_without_weights_are_their_mean():
    x, y = make_values()
    models = [make_model(loss) for loss in (squares, mse)]
    histories = [model.fit(x, y, epochs=2, verbose=0).history["loss"] for model in models]
    np.testing.assert_allclose(*histories, rtol=1e-12)


def test_a_mean_cannot_be_weighed():
    x, y = make_values()
    model, weights = make_model(mse), np.ones(len(x))
    before = hash_state(model)
    wanted = "loss: expected with weights of samples or classes a function that returns the losses of rows"
    for call in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ValueError, match=wanted):
            call(x, y, sample_weight=weights)
    for call in (model.fit, model.train_on_batch):
        with pytest.raises(ValueError, match=wanted):
            call(x, y, class_weight={0: 2.0})
    with pytest.raises(ValueError, match=wanted):
        model.fit(x, y, validation_data=(x, y, weights), verbose=0)
    assert hash_state(model) == before


def test_classes_that_cannot_be_told():
    x, y = make_values()
    with pytest.raises(ValueError, match="class_weight: expected one-hot targets"):
        make_model(squares).fit(x, y + 1, class_weight={0: 2.0})
    with pytest.raises(ValueError, match=r"y: expected targets of y_pred's shape .* or class labels"):
        make_model(squares).fit(x, y[:, :2], class_weight={0: 2.0})


def test_losses_that_are_not_finite():
    calls = []

    def explode(y_true, y_pred):
        calls.append(0)
        return (np.nan if len(calls) == 2 else 1.0), np.zeros_like(y_pred)

    model = make_model(explode)
    with pytest.raises(NotFiniteError, match=r"epoch 0, batch 1 \(counted from 0\), first in the loss alone"):
        model.fit(*make_values(), batch_size=10, verbose=0)
    assert model._learner.state.step == 1
    model = make_model(lambda y, p: (1.0, p * np.inf))
    with pytest.raises(NotFiniteError, match=r"epoch 0, batch 0 .*, first in the loss alone"):
        model.fit(*make_values(), verbose=0)
    assert all(np.isfinite(values).all() for values in model.get_weights())
    model = make_model(mse, optimizer=SGD(1e30), dtype="float32")
    with pytest.raises(NotFiniteError, match="first in dense"):
        model.fit(*make_values(), batch_size=10, epochs=5, verbose=0)


def test_files_keep_no_functions(tmp_path):
    model = make_model(mse)
    model.fit(*make_values(), verbose=0)
    with pytest.warns(UserWarning, match="loss: one of your own is not saved"):
        model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.loss is None
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), again.get_weights()))


def test_functions_become_losses():
    loss = losses.get(mse)
    assert isinstance(loss, losses.CallableLoss)
    assert loss.function is mse
    assert losses.get(loss) is loss
    assert losses.get("mse") == losses.MeanSquaredError()
