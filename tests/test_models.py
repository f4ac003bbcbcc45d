"""Sequential: building, weights, predictions, measuring, single passes."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from problems import make_classes, make_classifier

from nnfast import Sequential
from nnfast.exceptions import NotReadyError
from nnfast.layers import Activation, Dense, Dropout, Input, Rescaling


def equal(first, second):
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second))


# ---- building ----


def test_input_builds_at_once():
    model = Sequential([Input(5), Dense(4, "relu"), Dense(2, use_bias=False)])
    assert model.built
    assert [values.shape for values in model.get_weights()] == [(5, 4), (4,), (4, 2)]
    assert model.count_params() == 32
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Dense"]


def test_first_data_build():
    model = Sequential([Dense(4), Dense(2)], seed=5)
    assert not model.built
    assert model.predict(np.zeros((3, 7))).shape == (3, 2)
    assert equal(model.get_weights(), Sequential([Input(7), Dense(4), Dense(2)], seed=5).get_weights())


@pytest.mark.parametrize("shape", [7, (None, 7), [32, 7]])
def test_build(shape):
    model = Sequential([Dense(4)], seed=5)
    model.build(shape)
    assert model.get_weights()[0].shape == (7, 4)
    model.build(shape)
    with pytest.raises(ValueError, match="expected 7, as the model is built, received 8"):
        model.build(8)


def test_add_keeps_weights():
    model = Sequential(seed=1)
    model.add(Input(4))
    assert not model.built
    model.add(Dense(3))
    first = model.get_weights()
    model.set_weights([values + 1 for values in first])
    model.add(Activation("tanh"))
    model.add(Dense(2))
    assert equal(model.get_weights()[:2], [values + 1 for values in first])
    whole = Sequential([Input(4), Dense(3), Activation("tanh"), Dense(2)], seed=1)
    assert equal(model.get_weights()[2:], whole.get_weights()[2:])


def test_images_are_flattened():
    model = Sequential([Input((2, 3)), Dense(1)])
    x = np.arange(12.0).reshape(2, 2, 3)
    assert np.array_equal(model.predict(x), model.predict(x.reshape(2, 6)))


def test_seed_decides_and_is_recorded():
    drawn = Sequential([Input(4), Dense(3)])
    again = Sequential([Input(4), Dense(3)], seed=drawn.seed)
    assert equal(drawn.get_weights(), again.get_weights())
    assert not equal(drawn.get_weights(), Sequential([Input(4), Dense(3)]).get_weights())


def test_config_makes_the_model_again():
    layers = [Input(4, scale=0.5), Rescaling(2), Dense(3, "elu", trainable="bias"), Dropout(0.1), Activation("softmax")]
    model = Sequential(layers, seed=9, dtype="float64", name="small")
    again = Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert equal(again.get_weights(), model.get_weights())


# ---- weights ----


def test_weights_go_in_and_out(dtype, rng):
    model = Sequential([Input(5), Dense(4), Dense(2)], dtype=dtype)
    weights = [rng.standard_normal(values.shape) for values in model.get_weights()]
    model.set_weights(weights)
    assert equal(model.get_weights(), [values.astype(dtype) for values in weights])
    model.get_weights()[0][:] = 0
    assert model.get_weights()[0].any()


# ---- predict ----


def test_predict_is_the_formula(dtype, isa, rng):
    model = Sequential([Input(5, scale=0.5, offset=1), Dense(40, "tanh"), Dense(3)], seed=0, dtype=dtype)
    x = rng.standard_normal((9, 5))
    w1, b1, w2, b2 = (values.astype(np.float64) for values in model.get_weights())
    expected = np.tanh((x * 0.5 + 1) @ w1 + b1) @ w2 + b2
    y = model.predict(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, expected, rtol=1e-12 if dtype == "float64" else 1e-4, atol=1e-6)


def test_a_row_does_not_depend_on_the_others(rng):
    model = Sequential([Input(5), Dense(33, "gelu"), Dense(3, "softmax")], seed=0)
    x = rng.standard_normal((50, 5)).astype(np.float32)
    y = model.predict(x)
    assert np.array_equal(y, model.predict(x, batch_size=7))
    assert np.array_equal(y[13:14], model.predict(x[13:14]))
    assert np.array_equal(y[::-1], model.predict(x[::-1]))


def test_pixels_stay_pixels(rng):
    x = rng.integers(0, 256, (20, 6)).astype(np.uint8)
    inside = Sequential([Input(6, scale=1 / 255), Dense(3)], seed=0)
    layer = Sequential([Input(6), Rescaling(1 / 255), Dense(3)], seed=0)
    outside = Sequential([Input(6), Dense(3)], seed=0)
    assert np.array_equal(inside.predict(x), layer.predict(x))
    np.testing.assert_allclose(inside.predict(x), outside.predict(x / 255), rtol=1e-4, atol=1e-6)


def test_nan_travels_through_predict():
    model = Sequential([Input(2), Dense(3, "tanh")], seed=0)
    y = model.predict([[1.0, np.nan], [1.0, 2.0]])
    assert np.isnan(y[0]).all()
    assert np.isfinite(y[1]).all()


def test_dropout_is_off_in_predict():
    model = make_classifier(rate=0.5)
    x, _ = make_classes()
    assert np.array_equal(model.predict(x), model.predict(x))


# ---- evaluate, train_on_batch ----


def test_evaluate_returns_what_keras_returns():
    x, y = make_classes()
    model = make_classifier()
    loss, accuracy = model.evaluate(x, y, 32, 0)
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    assert accuracy == (model.predict(x).argmax(axis=1) == y).mean()
    model.compile("adam", "sparse_categorical_crossentropy")
    assert model.evaluate(x, y, verbose=0) == loss


def test_train_on_batch_is_an_epoch_of_one_batch():
    x, y = make_classes(40)
    one, other = make_classifier(rate=0.3), make_classifier(rate=0.3)
    for _ in range(3):
        history = one.fit(x, y, batch_size=40, shuffle=False, verbose=0).history
        logs = other.train_on_batch(x, y, return_dict=True)
        assert logs == {name: values[0] for name, values in history.items()}
    assert equal(one.get_weights(), other.get_weights())
    assert len(other.train_on_batch(x, y)) == 2


# ---- forward, backward ----


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_backward_against_finite_differences(scale, rng):
    layers = [Input(4, scale=scale, offset=0.5), Dense(6, "gelu"), Rescaling(2, 1), Dense(3, "softmax")]
    model = Sequential(layers, seed=0, dtype="float64")
    x, weights = rng.standard_normal((5, 4)), rng.standard_normal((5, 3))

    def loss(shift=0.0):
        return float((model.forward(x + shift) * weights).sum())

    loss()
    grad_input = model.backward(weights)
    step = 1e-6
    for i, j in [(0, 0), (2, 3), (4, 1)]:
        shift = np.zeros_like(x)
        shift[i, j] = step
        np.testing.assert_allclose(grad_input[i, j], (loss(shift) - loss(-shift)) / (2 * step), rtol=1e-6, atol=1e-9)
    loss()
    model.backward(weights)
    for place, gradient in enumerate(model.gradients()):
        values = model.get_weights()
        values[place].flat[1] += step
        model.set_weights(values)
        up = loss()
        values[place].flat[1] -= 2 * step
        model.set_weights(values)
        down = loss()
        values[place].flat[1] += step
        model.set_weights(values)
        np.testing.assert_allclose(gradient.flat[1], (up - down) / (2 * step), rtol=1e-5, atol=1e-8)


def test_passes_take_the_steps_that_train_on_batch_takes():
    x, y = make_classes(30)
    target = np.eye(3)[y]
    one, other = (Sequential([Input(6), Dense(4, "tanh"), Dense(3)], seed=0, dtype="float64") for _ in range(2))
    for model in (one, other):
        model.compile("adam", "mse")
    for _ in range(5):
        one.train_on_batch(x, target)
        residual = other.forward(x) - target
        other.backward(2 * residual / residual.size)
        other.optimizer.apply(other)
    for a, b in zip(one.get_weights(), other.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)


def test_two_models_chained_as_in_a_gan(rng):
    """The generator's gradient through the discriminator is that of the two as one model."""
    generator = Sequential([Input(3), Dense(5, "tanh")], seed=1, dtype="float64")
    judge = Sequential([Input(5), Dense(4, "sigmoid"), Dense(1, "sigmoid")], seed=2, dtype="float64")
    layers = [Input(3), Dense(5, "tanh"), Dense(4, "sigmoid"), Dense(1, "sigmoid")]
    both = Sequential(layers, dtype="float64")
    both.set_weights(generator.get_weights() + judge.get_weights())
    z, gradient = rng.standard_normal((8, 3)), rng.standard_normal((8, 1))
    assert np.array_equal(judge.forward(generator.forward(z)), both.forward(z))
    grad_z = generator.backward(judge.backward(gradient))
    np.testing.assert_allclose(grad_z, both.backward(gradient), rtol=1e-12)
    for a, b in zip(generator.gradients() + judge.gradients(), both.gradients()):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_training_passes_draw_dropout_anew():
    model = Sequential([Input(50), Dropout(0.5)], seed=0)
    x = np.ones((4, 50), np.float32)
    first, second = model.forward(x, training=True), model.forward(x, training=True)
    assert not np.array_equal(first, second)
    assert set(np.unique(first)) == {0, 2}
    assert np.array_equal(model.forward(x), x)


# ---- not ready ----


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.get_weights(), "expected an Input, build"),
        (lambda m: m.count_params(), "expected an Input, build"),
        (lambda m: m.save("never"), "expected an Input, build"),
        (lambda m: m.fit([[1.0]], [1.0]), r"expected compile\(loss=...\)"),
        (lambda m: m.backward([[1.0]]), "expected"),
        (lambda m: m.gradients(), "expected"),
    ],
)
def test_what_is_missing_is_said(call, message):
    with pytest.raises(NotReadyError, match=message):
        call(Sequential([Dense(1)]))


def test_calling_a_model_is_forward():
    x, _ = make_classes(20)
    called, forward = make_classifier(rate=0.5), make_classifier(rate=0.5)
    for options in ({}, {"training": True}, {"training": False}):
        assert np.array_equal(called(x, **options), forward.forward(x, **options))
    assert np.array_equal(called(x), called.predict(x))
    assert not np.array_equal(called(x, True), called.predict(x))
    assert called.backward(np.ones((20, 3))).shape == x.shape


def test_backward_needs_forward():
    model = Sequential([Input(2), Dense(1)])
    with pytest.raises(NotReadyError, match="expected a call of forward before"):
        model.backward([[1.0]])


# ---- summary ----


def test_summary_as_text(monkeypatch, capsys):
    lines = []
    model = Sequential([Input(4), Dense(3, name="hidden"), Dropout(0.1), Dense(2), Dense(2)])
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert [name in text for name in ("hidden (Dense)", "dropout (Dropout)", "dense_1 (Dense)", "dense_2 (Dense)")]
    assert lines[-3:] == ["Total params: 29", "Trainable params: 29", "Non-trainable params: 0"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert model.summary() is None
    assert capsys.readouterr().out.splitlines() == lines


def test_summary_with_rich_and_without_weights(capsys):
    pytest.importorskip("rich")
    Sequential([Dense(3)]).summary()
    assert "unbuilt" in capsys.readouterr().out


def test_import_is_light():
    """What a user may not have, or waits for, is imported where it is used."""
    code = "import sys, nnfast; print({'rich', 'click', 'matplotlib', 'safetensors'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_no_warnings_for_usual_use():
    x, y = make_classes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_classifier().fit(x, y, verbose=0)
