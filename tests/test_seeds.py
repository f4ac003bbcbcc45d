"""The systems of the texts nnfast was asked for from, with the figures the texts print."""

from typing import Any

import numpy as np
import pytest
import reference
from numpy.typing import NDArray

from nnfast import Sequential
from nnfast._core import LossSpec
from nnfast.callbacks import EarlyStopping
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD, Adam

Array = NDArray[Any]

DOSAGES = np.array([[0.0], [0.5], [1.0]])
EFFECTS = np.array([[0.0], [1.0], [0.0]])


def printed(value: Any, digits: int) -> list[float]:
    """Values as the text prints them."""
    return [round(float(v), digits) for v in np.ravel(value)]


def given(values: Any, bias: Any, activation: str = "linear", **more: Any) -> Dense:
    """A dense layer with given weights."""
    weights = np.array(values, float)
    return Dense(weights.shape[1], activation, kernel_initializer=weights, bias_initializer=np.array(bias), **more)


# ---- 001_: the dosage network ----------------------------------------------------------------------------------------


def test_dosage_network_forward(dtype: str) -> None:
    top_and_bottom = [[-34.4, -2.52]]
    lines = Sequential([Input(1), given(top_and_bottom, [2.14, 1.29])], dtype=dtype).predict(DOSAGES)
    assert printed(lines[0], 2) == [2.14, 1.29]
    curves = Sequential([Input(1), given(top_and_bottom, [2.14, 1.29], "softplus")], dtype=dtype)
    assert printed(curves.predict([[0.0]]), 2) == [2.25, 1.53]
    line = Sequential([Input(1), given(top_and_bottom, [2.14, 1.29])], dtype=dtype)
    assert printed(line.predict([[0.1]])[0, 0], 2) == [-1.3]
    assert printed(curves.predict([[0.1]])[0, 0], 2) == [0.24]
    hidden = given(top_and_bottom, [2.14, 1.29], "softplus")
    scaled = Sequential([Input(1), hidden, given([[-1.30, 0], [0, 2.28]], [0, 0])], dtype=dtype)
    assert printed(scaled.predict([[0.0]])[0, 0], 2) == [-2.93]
    hidden = given(top_and_bottom, [2.14, 1.29], "softplus")
    squiggle = Sequential([Input(1), hidden, given([[-1.30], [2.28]], [-0.58])], dtype=dtype)
    np.testing.assert_allclose(squiggle.predict(DOSAGES), EFFECTS, atol=0.05)


def make_network_without_b3(dtype: str) -> Sequential:
    hidden = given([[3.34, -3.53]], [-1.43, 0.57], "softplus", trainable=False)
    last = given([[-1.22], [-2.30]], [0.0], trainable="bias")
    model = Sequential([Input(1), hidden, last], seed=0, dtype=dtype)
    model.compile(optimizer=SGD(0.1), loss="sum_squared_error")
    return model


def test_sum_of_squared_residuals(dtype: str) -> None:
    model = make_network_without_b3(dtype)
    assert printed(model.predict(DOSAGES), 3) == [-2.604, -1.609, -2.615]
    for b3, ssr, digits in ((0, 20.4, 1), (1, 7.8, 1), (2, 1.11, 2), (3, 0.46, 2)):
        model.set_weights([*model.get_weights()[:3], np.array([b3])])
        assert printed(model.evaluate(DOSAGES, EFFECTS, verbose=0), digits) == [ssr]


def test_slopes_of_the_sum_of_squared_residuals(dtype: str) -> None:
    model = make_network_without_b3(dtype)
    # The text prints 1.57 and goes on with 1.5655, the step as it is.
    for b3, slope, digits in ((0.0, -15.655, 3), (0.0, -15.7, 1), (1.5655, -6.26, 2)):
        model.set_weights([*model.get_weights()[:3], np.array([b3])])
        model.backward(2 * (model.forward(DOSAGES) - EFFECTS))
        assert printed(model.gradients()[3], digits) == [slope]


def test_gradient_descent_on_the_last_bias(dtype: str) -> None:
    model = make_network_without_b3(dtype)
    frozen = [w.tobytes() for w in model.get_weights()[:3]]
    steps = []
    for _ in range(30):
        model.fit(DOSAGES, EFFECTS, batch_size=3, epochs=1, verbose=0)
        steps.append(printed(model.get_weights()[3], 2)[0])
    assert steps[:2] == [1.57, 2.19]
    assert steps == sorted(steps)
    assert steps[-1] == steps[-10] == 2.61
    assert [w.tobytes() for w in model.get_weights()[:3]] == frozen


@pytest.mark.parametrize("seed", range(5))
def test_dosage_network_from_a_random_start(seed: int) -> None:
    model = Sequential([Input(1), Dense(2, "softplus"), Dense(1)], seed=seed)
    model.compile(optimizer=Adam(0.05), loss="sum_squared_error")
    # Once the loss is 0 to the last digit Adam divides noise by noise and jumps: the best weights are the fit.
    best = EarlyStopping("loss", patience=3000, restore_best_weights=True)
    model.fit(DOSAGES, EFFECTS, batch_size=3, epochs=3000, verbose=0, callbacks=[best])
    np.testing.assert_allclose(model.predict(DOSAGES), EFFECTS, atol=1e-4)


# ---- 002_: the 4-2-3 network -----------------------------------------------------------------------------------------


def make_4_2_3(rng: np.random.Generator) -> tuple[dict[str, Array], Array, Array]:
    """The text's letters: matrices (outputs, inputs), columns."""
    parameters = {name: rng.standard_normal(shape) for name, shape in (("W1", (2, 4)), ("b1", (2, 1)), ("W2", (3, 2)),
                                                                       ("b2", (3, 1)))}  # fmt: skip
    x, y = rng.standard_normal((4, 1)), np.array([[0.0], [1.0], [0.0]])
    z1 = parameters["W1"] @ x + parameters["b1"]
    parameters["b1"] = parameters["b1"] + np.array([[0.5], [-0.5]]) - z1  # one unit above 0, one below
    return parameters, x, y


def gradients_of_the_text(p: dict[str, Array], x: Array, y: Array) -> dict[str, Array]:
    """Its formulas, letter by letter, for L = 1/2 sum (y - a2)^2."""
    z1 = p["W1"] @ x + p["b1"]
    a1 = np.maximum(z1, 0)
    a2 = 1 / (1 + np.exp(-(p["W2"] @ a1 + p["b2"])))
    delta = -(y - a2) * (a2 * (1 - a2))
    hidden_delta = p["W2"].T @ delta * (z1 > 0)
    return {"W2": delta @ a1.T, "b2": delta, "W1": hidden_delta @ x.T, "b1": hidden_delta}


def make_4_2_3_model(p: dict[str, Array], dtype: str) -> Sequential:
    layers = [given(p["W1"].T, p["b1"].ravel(), "relu"), given(p["W2"].T, p["b2"].ravel(), "sigmoid")]
    return Sequential([Input(4), *layers], seed=0, dtype=dtype)


def assert_gradients(ours: list[Array], text: dict[str, Array], dtype: str) -> None:
    expected = [text["W1"].T, text["b1"].ravel(), text["W2"].T, text["b2"].ravel()]
    for gradient, value in zip(ours, expected, strict=True):
        np.testing.assert_allclose(gradient, value, rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-8)


def test_4_2_3_network_by_hand(dtype: str, rng: np.random.Generator) -> None:
    p, x, y = make_4_2_3(rng)
    model = make_4_2_3_model(p, dtype)
    a2 = model.forward(x.T)
    model.backward(-(y.T - a2))
    assert_gradients(model.gradients(), gradients_of_the_text(p, x, y), dtype)


@pytest.mark.parametrize(("loss", "factor"), [("mean_squared_error", 2 / 3), ("sum_squared_error", 2)])
def test_4_2_3_network_by_training(loss: str, factor: float, dtype: str, rng: np.random.Generator) -> None:
    """The text halves the sum of squares. Ours are not halved, and the mean divides by the three outputs."""
    p, x, y = make_4_2_3(rng)
    model = make_4_2_3_model(p, dtype)
    model.compile(optimizer=SGD(0.25), loss=loss)
    before = model.get_weights()
    value = model.train_on_batch(x.T, y.T)
    text = gradients_of_the_text(p, x, y)
    steps = [(b.astype(float) - a) / 0.25 / factor for b, a in zip(before, model.get_weights(), strict=True)]
    assert_gradients(steps, text, "float32")
    halved = 0.5 * ((y.T - make_4_2_3_model(p, dtype).predict(x.T)) ** 2).sum()
    assert value == pytest.approx(factor * halved, rel=1e-6)


def test_one_example_at_a_time() -> None:
    """The whole algorithm: shuffle, an update after each example, the test accuracy after each epoch."""
    sklearn = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    x, y = sklearn.load_iris(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:105], order[105:]  # 70 - 30
    model = Sequential([Input(4), Dense(8, "sigmoid"), Dense(3, "sigmoid")], seed=0)
    model.compile(optimizer=SGD(0.5), loss="mean_squared_error", metrics=["accuracy"])
    targets = reference.one_hot(y, 3)
    history = model.fit(
        x[train], targets[train], batch_size=1, epochs=30, validation_data=(x[test], targets[test]), verbose=0
    ).history
    assert len(history["val_accuracy"]) == 30
    assert history["val_accuracy"][-1] >= 0.9


def test_labels_and_one_hot_rows_are_the_same(dtype: str, rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((40, 5)), rng.integers(0, 3, 40)
    weights = []
    for loss, targets in (
        ("sparse_categorical_crossentropy", y),
        ("categorical_crossentropy", reference.one_hot(y, 3)),
    ):
        model = Sequential([Input(5), Dense(4, "tanh"), Dense(3, "softmax")], seed=3, dtype=dtype)
        model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
        model.fit(x, targets, batch_size=7, epochs=3, verbose=0)
        weights.append(b"".join(w.tobytes() for w in model.get_weights()))
    assert weights[0] == weights[1]


# ---- 000_: shallow networks beside scikit-learn's --------------------------------------------------------------------


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_shallow_networks(task: str) -> None:
    """One hidden layer and 1 linear, 1 sigmoid or n softmax units, on real data: as good as scikit-learn's."""
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    load = {
        "regression": datasets.load_diabetes,
        "binary": datasets.load_breast_cancer,
        "multiclass": datasets.load_wine,
    }
    x, y = load[task](return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    if task == "regression":
        y = (y - y.mean()) / y.std()
    order = np.random.default_rng(1).permutation(len(x))
    train, test = order[: len(x) * 4 // 5], order[len(x) * 4 // 5 :]  # 80 - 20
    kind = MLPRegressor if task == "regression" else MLPClassifier
    theirs = kind(
        hidden_layer_sizes=(16,), alpha=0, batch_size=32, max_iter=40, n_iter_no_change=1000, random_state=0, tol=0
    )
    with pytest.warns(match="Maximum iterations"):
        theirs.fit(x[train], y[train])

    last = {"regression": Dense(1), "binary": Dense(1, "sigmoid"), "multiclass": Dense(3, "softmax")}[task]
    loss = {"regression": "mse", "binary": "binary_crossentropy", "multiclass": "sparse_categorical_crossentropy"}[task]
    model = Sequential([Input(x.shape[1]), Dense(16, "relu"), last], seed=0)
    model.compile(optimizer="adam", loss=loss)
    model.fit(x[train], y[train], batch_size=32, epochs=40, verbose=0)
    out = model.predict(x[test])
    if task == "regression":
        ours = 1 - ((out.ravel() - y[test]) ** 2).mean() / y[test].var()
    else:
        ours = ((out.ravel() > 0.5 if task == "binary" else out.argmax(axis=1)) == y[test]).mean()
    assert ours >= theirs.score(x[test], y[test]) - 0.03


# ---- 003_: two networks trained against each other -------------------------------------------------------------------


def test_gan_gradients(dtype: str, rng: np.random.Generator) -> None:
    """What reaches the generator through the discriminator: forward and backward of one, then of the other."""
    generator = Sequential([Input(3), Dense(6, "relu"), Dense(5, "tanh")], seed=1, dtype=dtype)
    discriminator = Sequential([Input(5), Dense(7, "leaky_relu"), Dense(1, "sigmoid")], seed=2, dtype=dtype)
    noise = rng.standard_normal((8, 3))
    fake = generator.forward(noise)
    verdict = discriminator.forward(fake)
    # The generator wants to be taken for real: the loss is -mean log D(G(noise)).
    grad_fake = discriminator.backward(-1 / verdict / len(noise))
    generator.backward(grad_fake)
    slope = discriminator.layers[0].activation.parameter
    both = reference.Network(
        [
            reference.Layer("dense", weights=w.astype(float), bias=b.astype(float), activation=a, parameter=slope)
            for w, b, a in zip(
                [*generator.get_weights()[::2], *discriminator.get_weights()[::2]],
                [*generator.get_weights()[1::2], *discriminator.get_weights()[1::2]],
                ("relu", "tanh", "leaky_relu", "sigmoid"),
                strict=True,
            )
        ]
    )
    both.loss_and_grad(LossSpec("binary_crossentropy", (0.0, 1.0)), noise.astype(dtype), np.ones((8, 1)))
    tolerance = 1e-4 if dtype == "float32" else 1e-11
    for gradient, layer, name in zip(
        generator.gradients(), [0, 0, 1, 1], ["weights", "bias", "weights", "bias"], strict=True
    ):
        np.testing.assert_allclose(gradient, both.layers[layer].grads[name], rtol=tolerance, atol=tolerance / 100)
    before = [w.tobytes() for w in discriminator.get_weights()]
    Adam(0.01).apply(generator)
    assert [w.tobytes() for w in discriminator.get_weights()] == before
    assert discriminator.predict(generator.predict(noise)).mean() > verdict.mean()
