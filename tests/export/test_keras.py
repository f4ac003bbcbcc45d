"""Keras's models, live and in files, as ours, and ours as Keras's: the same outputs; files that lie are refused."""

import sys

import numpy as np
import pytest
from random_models import ACTIVATIONS, STEPS, draw_model, measure_error

from nnfast import Sequential, activations
from nnfast.exceptions import NotReadyError
from nnfast.export.keras import from_model, load, load_weights, to_model
from nnfast.layers import Activation, Dense, Input, Normalization

keras = pytest.importorskip("keras")
layers = keras.layers

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # between Keras and PyTorch

N_NETS = 40
ALLOWED = 1e-6  # Keras multiplies matrices in float32, whatever the dtype; our float64 has the weights to the bit
NAMES = sorted(set(dir(keras.activations)) & set(activations.CATALOGUE.by_name))
SMOOTH = [name for name in NAMES if name != "exponential"]


def set_precision(dtype):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)


def draw_layers(rng, size):
    """Draw a layer, and perhaps something behind it."""
    others = [
        *([], [layers.Dropout(0.3)], [layers.Rescaling(rng.uniform(0.5, 2), rng.uniform(-1, 1))]),
        [layers.BatchNormalization(scale=bool(rng.integers(2)), center=bool(rng.integers(2)), epsilon=0.01)],
        [layers.LayerNormalization(scale=bool(rng.integers(2)), center=bool(rng.integers(2)))],
        *([layers.LeakyReLU(0.1)], [layers.ELU(0.5)], [layers.ReLU()], [layers.ReLU(6.0)], [layers.Softmax()]),
        [layers.Normalization(mean=rng.normal(size=size), variance=rng.uniform(0.3, 3, size))],
        *([layers.ReLU(negative_slope=0.2)], [layers.Activation(str(rng.choice(SMOOTH)))]),
    ]
    dense = layers.Dense(size, str(rng.choice(SMOOTH)), use_bias=bool(rng.integers(4)))
    return [dense, *others[rng.integers(len(others))]]


def settle(rng, model):
    """Give a model weights as those of trained nets are; vectors are positive, since variances are among them."""
    for weight in model.weights:
        shape = tuple(weight.shape)
        values = rng.normal(size=shape) * np.sqrt(2 / sum(shape)) if len(shape) == 2 else rng.uniform(0.2, 1.2, shape)
        weight.assign(values)
    return model


def draw_keras(rng, dtype="float32"):
    """Draw a sequence, a functional chain, or one with another model in it."""
    set_precision(dtype)
    stack = [layer for _ in range(rng.integers(1, 4)) for layer in draw_layers(rng, int(rng.integers(2, 20)))]
    stack.append(layers.Dense(int(rng.integers(2, 9)), "softmax"))
    source = keras.Input((int(rng.integers(1, 20)),))
    if rng.integers(2):
        stack[:2] = [keras.Sequential(stack[:2])]
    if rng.integers(2):
        return settle(rng, keras.Sequential([source, *stack]))
    x = source
    for layer in stack:
        x = layer(x)
    return settle(rng, keras.Model(source, x))


@pytest.fixture(autouse=True)
def _single_precision():
    yield
    set_precision("float32")


def run(model, x):
    return keras.ops.convert_to_numpy(model(x))


def draw_rows(rng, name):
    """Draw rows of three features, small where a power of a power is computed of them."""
    return rng.normal(size=(10, 3)).astype("float32") * (0.1 if name == "exponential" else 3)


def as_bytes(model):
    """Return the bits of weights, of either."""
    return [values.tobytes() for values in model.get_weights()]


# ---- in ----


def test_random_nets(rng, tmp_path):
    """Live, and from a file, which gives the same bits."""
    for number in range(N_NETS):
        dtype = ("float32", "float64")[number % 2]
        theirs = draw_keras(rng, dtype)
        x = rng.normal(size=(10, theirs.input_shape[1])).astype(dtype)
        model = from_model(theirs)
        assert model.dtype == dtype
        assert as_bytes(model) == as_bytes(theirs)
        assert measure_error(model.predict(x), run(theirs, x), x) <= ALLOWED, model
        if number % 4 < 2:
            theirs.save(tmp_path / f"{number}.keras")
            again = load(tmp_path / f"{number}.keras")
            assert again.get_config() == model.get_config()
            assert as_bytes(again) == as_bytes(model)


@pytest.mark.parametrize("name", NAMES)
def test_every_activation(name, rng):
    theirs = keras.Sequential([keras.Input((3,)), layers.Dense(4, name), layers.Activation(name)])
    model = from_model(theirs)
    assert [layer.activation for layer in model.layers] == [activations.get(name)] * 2
    x = draw_rows(rng, name)
    assert measure_error(model.predict(x), run(theirs, x), x) <= ALLOWED


def test_statistics_images_and_names(rng, tmp_path):
    parts = [keras.Input((4, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Normalization(name="scaled")]
    theirs = keras.Sequential(
        [*parts, layers.Dense(5, layers.LeakyReLU(0.3), name="first"), layers.Dense(2)], name="net"
    )
    x = rng.integers(0, 256, (20, 4, 3)).astype("float32")
    theirs.get_layer("scaled").adapt(x.reshape(20, 12) / 255)
    theirs.get_layer("first").trainable = False
    theirs.save(tmp_path / "m.keras")
    for model in (from_model(theirs), load(tmp_path / "m.keras")):
        assert measure_error(model.predict(x.reshape(20, 12)), run(theirs, x), np.ones(1)) <= ALLOWED
        assert [layer.name for layer in model.layers[1:3]] == ["scaled", "first"]
        assert (model.name, model.layers[2].trainable, model.layers[3].trainable) == ("net", False, True)
        assert model.layers[2].activation == activations.LeakyReLU(0.3)


def test_short_numbers_are_widened(rng, tmp_path):
    for dtype in ("float16", "bfloat16"):
        theirs = settle(rng, keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype=dtype)]))
        theirs.save(tmp_path / "m.keras")
        theirs.save_weights(tmp_path / "m.weights.h5")
        other = Sequential([Input(3), Dense(2)], seed=0)
        load_weights(other, tmp_path / "m.weights.h5")
        for model in (from_model(theirs), load(tmp_path / "m.keras"), other):
            assert model.dtype == "float32"
            for ours, own in zip(model.get_weights(), theirs.get_weights(), strict=True):
                np.testing.assert_array_equal(ours, own.astype("float32"))


def test_weights_alone(rng, tmp_path):
    """By kind and order; those of another model change nothing."""
    stack = [layers.Dense(4, "relu", name="a"), layers.BatchNormalization(), layers.Dense(2, name="b")]
    theirs = settle(rng, keras.Sequential([keras.Input((3,)), *stack]))
    theirs.save_weights(tmp_path / "m.weights.h5")
    model = Sequential.from_config(from_model(theirs).get_config())
    load_weights(model, tmp_path / "m.weights.h5")
    assert as_bytes(model) == as_bytes(from_model(theirs))
    nested = keras.Sequential([keras.Input((3,)), *stack, keras.Sequential([layers.Dense(2)])])
    nested.save_weights(tmp_path / "nested.weights.h5")
    with pytest.raises(ValueError, match=r"received \[.*'layers/sequential'\].*; load reads a whole model"):
        load_weights(model, tmp_path / "nested.weights.h5")
    adapted = keras.Sequential([keras.Input((3,)), layers.Normalization(), layers.Dense(5)])
    adapted.save_weights(tmp_path / "adapted.weights.h5")
    with pytest.raises(ValueError, match=r"received \[.*'layers/normalization'\]"):
        load_weights(
            Sequential([Input(3), Normalization(mean=0.0, variance=1.0), Dense(5)]), tmp_path / "adapted.weights.h5"
        )
    other = Sequential([Input(3), Dense(5)], seed=0)
    before = as_bytes(other)
    with pytest.raises(ValueError, match=r"layers: expected weights of \['layers/dense'\], received \["):
        load_weights(other, tmp_path / "m.weights.h5")
    assert as_bytes(other) == before
    with pytest.raises(NotReadyError):
        load_weights(Sequential([Dense(1)]), tmp_path / "m.weights.h5")


# ---- out ----


def test_random_nets_of_ours(rng):
    """There, and back with the same bits."""
    wanted = [a for a in ACTIVATIONS if a not in STEPS and not isinstance(a, activations.Exponential)]
    n_compared = 0
    for number in range(N_NETS):
        dtype = ("float32", "float64")[number % 2]
        set_precision(dtype)
        model = draw_model(rng, dtype=dtype, last=wanted[number % len(wanted)])
        try:
            theirs = to_model(model)
        except ValueError as error:
            assert "activations that Keras has by name" in str(error)  # noqa: PT017
            continue
        x = rng.normal(size=(10, model._in_size)).astype(dtype)
        assert measure_error(run(theirs, x), model.predict(x), x) <= ALLOWED, model
        assert as_bytes(from_model(theirs)) == as_bytes(model)
        n_compared += 1
    assert n_compared >= N_NETS // 2


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_every_activation_of_ours(activation, rng):
    model = Sequential([Input(3), Dense(4, activation), Activation(activation)], seed=0)
    if activation in (*STEPS, activations.GELU(True), activations.CELU(1.7)):
        with pytest.raises(ValueError, match="model: expected activations that Keras has by name, received"):
            to_model(model)
        return
    x = draw_rows(rng, activation.names[0])
    assert measure_error(run(to_model(model), x), model.predict(x), x) <= ALLOWED


def test_frozen_scaled_and_named(rng):
    stack = [Input(3, scale=0.5, offset=1.0), Normalization(mean=1.0, variance=2.0, name="n"), Dense(2, name="d")]
    model = Sequential(stack, seed=0, name="net")
    model.layers[-1].trainable = False
    theirs = to_model(model)
    x = rng.normal(size=(10, 3)).astype("float32")
    assert measure_error(run(theirs, x), model.predict(x), x) <= ALLOWED
    assert (theirs.name, theirs.layers[1].name, theirs.layers[2].name) == ("net", "n", "d")
    assert not theirs.layers[2].trainable


def test_names_of_keras_differ(rng):
    """Whatever names the layers have, and what stands for an activation or a scale is called."""
    stack = [Input((2, 3), scale=0.5), Dense(4, activations.LeakyReLU(0.1), name="leaky_re_lu")]
    model = Sequential([*stack, Dense(3, activations.ELU(0.5)), Dense(2, name="dense_1"), Dense(2)], seed=0)
    theirs = to_model(model)
    names = [layer.name for layer in theirs.layers if layer.weights]
    assert names == ["leaky_re_lu", "dense_1_1", "dense_1", "dense_3"]
    x = rng.normal(size=(10, 6)).astype("float32")
    assert measure_error(run(theirs, x), model.predict(x), x) <= ALLOWED


# ---- refused ----


def relu(x):
    return -x


class LeakyReLU(layers.Layer):
    def call(self, x):
        return -x


class Own(layers.Layer):
    def call(self, x):
        return x


def make_branches():
    source = keras.Input((2,))
    return keras.Model(source, layers.Dense(2)(layers.Dense(2)(source)) + source)


def make_shared():
    source, dense = keras.Input((2,)), layers.Dense(2, name="twice")
    return keras.Model(source, dense(dense(source)))


def make_in_training():
    source = keras.Input((2,))
    return keras.Model(source, layers.Dropout(0.5, name="always")(source, training=True))


def make_two_outputs():
    source = keras.Input((2,))
    first = layers.Dense(2)(source)
    return keras.Model(source, [first, layers.Dense(1)(first)])


def sequence(*stack, shape=(2,)):
    return lambda: keras.Sequential([keras.Input(shape), *stack])


REFUSED = [
    (sequence(layers.Conv1D(2, 1, name="c"), shape=(3, 2)), r"c \(Conv1D\): expected rows of features, received 2 dim"),
    (sequence(layers.PReLU(name="p")), r"p \(PReLU\): layer: expected one of Dense, .*, received 'PReLU'"),
    (sequence(Own(name="own")), "own: expected a class of Keras, received 'Own'"),
    (sequence(layers.Dense(2, keras.activations.sparsemax, name="d")), r"d \(Dense\): activation: expected one of"),
    (sequence(layers.Dense(2, relu, name="d")), r"d \(Dense\): activation: expected a function of keras\.activations"),
    (sequence(layers.Activation(keras.ops.gelu, name="a")), r"a \(Activation\): activation: expected a function"),
    (sequence(layers.Dense(2, LeakyReLU())), "expected a class of Keras, received 'LeakyReLU'"),
    (sequence(layers.Dense(2, layers.Softmax(axis=0), name="d")), r"d \(Dense\): axis: expected"),
    (sequence(layers.Normalization(invert=True, mean=0.0, variance=1.0)), r"invert: expected one of \[False\], rec"),
    (sequence(layers.RMSNormalization(name="r")), r"r \(RMSNormalization\): layer: expected one of"),
    (sequence(layers.BatchNormalization(renorm=True)), "renorm: expected"),
    (sequence(layers.ReLU(threshold=1.0)), r"\(ReLU\): threshold: expected"),
    (sequence(layers.Dense(2), shape=(3, 2)), "expected rows of features, received 2 dimensions"),
    (sequence(layers.Rescaling(2.0)), "model: expected one that computes more"),
    (make_branches, "expected a layer of a chain, with input from"),
    (make_shared, "twice: expected a layer of a chain"),
    (make_in_training, "always: expected a layer of a chain"),
    (make_two_outputs, "output_layers: expected that of a chain"),
    (lambda: keras.Sequential([layers.Dense(2)]), "model: expected one that is built"),
    (lambda: layers.Dense(2), "model: expected a Sequential or Functional, received 'Dense'"),
    (lambda: "model", "model: expected a Sequential or a functional model of Keras 3, received 'model'"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_models_that_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        from_model(make())


def test_functions_of_the_user(tmp_path):
    """Are neither called nor kept."""
    theirs = sequence(layers.Dense(2, lambda x: x))()
    with pytest.raises(ValueError, match=r"\(Dense\): activation: expected a function of keras\.activations"):
        from_model(theirs)
    with pytest.warns(UserWarning, match="lambda"):
        theirs.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"\(Dense\): activation: expected a name"):
        load(tmp_path / "m.keras")


def test_missing_libraries(monkeypatch, tmp_path):
    sequence(layers.Dense(1))().save(tmp_path / "m.keras")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r'pip install "nnfast\[keras\]"'):
        load(tmp_path / "m.keras")
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ImportError, match="pip install keras"):
        to_model(Sequential([Input(1), Dense(1)]))
