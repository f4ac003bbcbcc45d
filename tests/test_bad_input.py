"""Bad input: a clear error (expected, received), and nothing is changed. Must show 7 of the first issue."""

import numpy as np
import pytest
from problems import hash_state, make_classes, make_classifier

import nnfast
from nnfast import Sequential, callbacks, layers, losses, metrics, optimizers
from nnfast.layers import Activation, Dense, Dropout, Input, Rescaling

X, Y = make_classes(40)


def with_value(place, value, array=X):
    array = np.array(array, dtype=np.float64)
    array[place] = value
    return array


DATA = {
    "x of the wrong width": (X[:, :5], Y, "x: expected 6 features a sample, received 5"),
    "x of one dimension": (X[0], Y[:1], r"x: expected 2 dimensions \(n_samples, n_features\), received shape \(6,\)"),
    "x a number": (3.0, Y, "x: expected an array, received the single number 3.0"),
    "x empty": (X[:0], Y[:0], r"x: expected at least one sample .*, received shape \(0, 6\)"),
    "x of strings": (X.astype(str), Y, "x: expected real numbers, received dtype <U"),
    "x of objects": ([[None] * 6] * 2, Y[:2], "x: expected real numbers, received dtype object"),
    "x complex": (X * 1j, Y, "x: expected real numbers, received dtype complex"),
    "x ragged": ([[1, 2], [1]], Y[:2], "x: expected an array of numbers, rows of equal length, received list"),
    "x a string": ("data.csv", Y, "x: expected real numbers, received dtype <U8"),
    "x none": (None, Y, "x: expected real numbers, received dtype object"),
    "x masked": (np.ma.masked_less(X, 0), Y, "x: expected an array without a mask, received a masked array"),
    "NaN in x": (with_value((7, 2), np.nan), Y, "x: expected finite numbers, received NaN in row 7, column 2"),
    "infinity in x": (
        with_value((39, 5), -np.inf),
        Y,
        "x: expected finite numbers, received infinity in row 39, column 5",
    ),
    "too few labels": (X, Y[:39], "y: expected as many rows as x has, 40, received 39"),
    "label too large": (X, with_value(3, 3, Y), "y: expected class labels from 0 to 2, received 3.* in row 3"),
    "label negative": (X, with_value(0, -1, Y), "y: expected class labels from 0 to 2, received -1.* in row 0"),
    "label no integer": (X, with_value(5, 0.5, Y), "y: expected integer class labels, received 0.5 in row 5"),
    "label NaN": (X, with_value(5, np.nan, Y), "y: expected integer class labels, received nan in row 5"),
    "labels as strings": (X, Y.astype(str), "y: expected real numbers, received dtype <U"),
    "one-hot labels": (X, np.eye(3)[Y], r"y: expected class labels .*, received shape \(40, 3\); one-hot"),
}

CALLS = {
    "fit": lambda model, x, y: model.fit(x, y, verbose=0),
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
    "validation": lambda model, x, y: model.fit(X, Y, verbose=0, validation_data=(x, y)),
}


def check_unchanged(model, call, message, kind=(ValueError, TypeError)):
    before = hash_state(model)
    with pytest.raises(kind, match=message) as caught:
        call()
    assert hash_state(model) == before
    assert "expected" in str(caught.value)
    assert "received" in str(caught.value)


@pytest.fixture(scope="module")
def trained():
    model = make_classifier()
    model.fit(X, Y, epochs=2, verbose=0)
    return model


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("case", DATA)
def test_bad_data(case, call, trained):
    x, y, message = DATA[case]
    if call == "validation":
        message = message.replace("x: ", r"validation_data\[0\]: ").replace("y: ", r"validation_data\[1\]: ")
    check_unchanged(trained, lambda: CALLS[call](trained, x, y), message)


@pytest.mark.parametrize("case", [case for case in DATA if case.startswith("x")])
@pytest.mark.parametrize("call", ["predict", "forward"])
def test_bad_samples(case, call, trained):
    x, _, message = DATA[case]
    check_unchanged(trained, lambda: getattr(trained, call)(x), message)


@pytest.mark.parametrize("case", [case for case in DATA if case != "x of the wrong width"])
def test_bad_data_leave_a_model_unbuilt(case):
    x, y, message = DATA[case]
    model = Sequential([Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    check_unchanged(model, lambda: model.fit(x, y, verbose=0), message)
    assert not model.built


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("mse", np.zeros((40, 2)), r"y: expected shape \(40, 3\), .* received \(40, 2\)"),
        ("categorical_crossentropy", Y, "class labels go with sparse_categorical_crossentropy"),
        (
            "mse",
            with_value((4, 1), np.nan, np.zeros((40, 3))),
            "y: expected finite numbers, received NaN in row 4, column 1",
        ),
        (
            "bce",
            with_value((4, 1), 2, np.zeros((40, 3))),
            "y: expected numbers from 0 to 1, received 2.0 in row 4, column 1",
        ),
        ("bce", with_value((0, 0), -1, np.zeros((40, 3))), "y: expected numbers from 0 to 1, received -1.0 in row 0"),
    ],
)
def test_bad_targets(loss, y, message):
    model = Sequential([Input(6), Dense(3, "sigmoid" if loss == "bce" else "softmax")], seed=0)
    model.compile("adam", loss)
    check_unchanged(model, lambda: model.fit(X, y, verbose=0), message)


FIT = {
    "batch_size": [0, -1, 1.5, "32", True, np.nan],
    "epochs": [0, -3, 2.0, None, "1", False],
    "initial_epoch": [-1, 2, 0.0],
    "verbose": [3, -1, "yes", None, 1.0],
    "callbacks": ["early", 3, [callbacks.EarlyStopping], [None]],
    "validation_split": [1.0, -0.1, np.nan, "0.1", True, 0.999],
    "validation_data": [X, (X,), (X, Y, Y, Y), (X, Y, -Y - 1.0), 3, (X[:, :2], Y)],
    "shuffle": [1, "batch", None],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in FIT.items() for value in values])
def test_bad_arguments_of_fit(name, value, trained):
    options = {"verbose": 0, "epochs": 1, name: value}
    check_unchanged(trained, lambda: trained.fit(X, Y, **options), f"{name}.*: expected", ValueError)


HYPERPARAMETERS = [
    *((optimizers.SGD, "learning_rate", bad) for bad in (-0.1, np.nan, np.inf, "0.1", True, None, 1e31, 1j)),
    *((optimizers.SGD, "momentum", bad) for bad in (-0.1, 1.1, np.nan, "0.9", False)),
    *((optimizers.SGD, "nesterov", bad) for bad in (1, 0.0, "yes", None)),
    *((optimizers.Adam, "learning_rate", bad) for bad in (-0.1, np.nan, -np.inf, "0.1", True, None)),
    *((optimizers.Adam, "beta_1", bad) for bad in (-0.1, 1, 2.0, np.nan, "0.9", True)),
    *((optimizers.Adam, "beta_2", bad) for bad in (-0.1, 1, 2.0, np.nan, "0.9", True)),
    *((optimizers.Adam, "epsilon", bad) for bad in (0, -1e-7, 1e-40, np.nan, "1e-7", True)),
    *((optimizers.Adam, "amsgrad", bad) for bad in (1, "yes", None)),
    *((optimizers.AdamW, "weight_decay", bad) for bad in (-0.1, np.nan, "0.1", True, None)),
    *((optimizers.SGD, "weight_decay", bad) for bad in (-0.1, np.inf, "0.1", True)),
    *((optimizers.RMSprop, "rho", bad) for bad in (-0.1, 1, np.nan, "0.9")),
    *((optimizers.RMSprop, "centered", bad) for bad in (1, None)),
    *((optimizers.Adagrad, "initial_accumulator_value", bad) for bad in (-0.1, np.inf, "0.1")),
    *((optimizers.Adadelta, "epsilon", bad) for bad in (0, -1.0, None)),
    *((optimizers.Lion, "beta_2", bad) for bad in (1, None)),
    *((optimizers.Rprop, "eta_minus", bad) for bad in (0, 1, None)),
    *((optimizers.Rprop, "eta_plus", bad) for bad in (1, 0.5, "2")),
    *((optimizers.Rprop, "step_size_max", bad) for bad in (0, 1e-9, np.inf)),
    *((Dropout, "rate", bad) for bad in (-0.1, 1, 1.5, np.nan, "0.5", True, None)),
    *((lambda **a: Dense(**{"units": 3} | a), "units", bad) for bad in (0, -1, 1.0, "3", True, None, 2**31, [3])),
    *((lambda **a: Dense(3, **a), "use_bias", bad) for bad in (1, "no", None)),
    *((lambda **a: Dense(3, **a), "trainable", bad) for bad in (1, "all", None, "kernel")),
    *((lambda **a: Dense(3, **a), "name", bad) for bad in ("", 3)),
    *((Input, "shape", bad) for bad in (0, -4, 2.0, "784", True, None, (), (0,), (None, 4), (2**20, 2**20))),
    *((lambda **a: Input(3, **a), "scale", bad) for bad in (np.nan, np.inf, "1", True)),
    *((lambda **a: Input(3, **a), "offset", bad) for bad in (np.nan, np.inf, "1", True)),
    *((Rescaling, "scale", bad) for bad in (np.nan, np.inf, "1", True, None)),
    *((lambda **a: Rescaling(1.0, **a), "offset", bad) for bad in (np.nan, "1", True)),
    *((nnfast.activations.LeakyReLU, "negative_slope", bad) for bad in (-0.1, np.nan, "0.2", True)),
    *((nnfast.activations.ELU, "alpha", bad) for bad in (-0.1, np.nan, "0.2", True)),
    *((nnfast.activations.CELU, "alpha", bad) for bad in (0, -0.1, 1e-31, np.nan, "0.2", True)),
    *((nnfast.activations.GELU, "approximate", bad) for bad in (0, "tanh", None)),
    *((nnfast.activations.BinaryStep, "straight_through", bad) for bad in (1, "yes", None)),
    *((nnfast.activations.Sign, "straight_through", bad) for bad in (0.0, "no", None)),
    *((losses.BinaryCrossentropy, "from_logits", bad) for bad in (1, "yes", None)),
    *((lambda **a: Sequential(**a), "seed", bad) for bad in (-1, 1.5, "0", True, 2**64)),
    *((lambda **a: Sequential(**a), "dtype", bad) for bad in ("float16", "int32", "single precision", 3, int)),
    *(
        (lambda **a: Sequential(**a), "layers", bad)
        for bad in (3, "Dense", Dense(3), [Dense], [3], [Dense(1), Input(3)])
    ),
    *((callbacks.EarlyStopping, "patience", bad) for bad in (-1, 1.5, "3", True)),
    *((callbacks.EarlyStopping, "mode", bad) for bad in ("up", None, 1)),
    *((callbacks.EarlyStopping, "min_delta", bad) for bad in (np.nan, "0", None)),
    *((lambda **a: callbacks.ModelCheckpoint(**{"filepath": "m"} | a), "filepath", bad) for bad in (3, None, b"m")),
    *((lambda **a: callbacks.ModelCheckpoint("m", **a), "save_freq", bad) for bad in (0, -1, 1.5, "batch", None)),
    *((lambda **a: callbacks.CSVLogger("m", **a), "separator", bad) for bad in ("", ";;", 3)),
    *((nnfast.set_num_threads, "n", bad) for bad in (0, -1, 1.5, "2", True, 10**6)),
]


@pytest.mark.parametrize(("make", "name", "bad"), HYPERPARAMETERS)
def test_bad_hyperparameters(make, name, bad):
    threads = nnfast.get_num_threads()
    with pytest.raises(ValueError, match=rf"{name}.*: expected .*, received"):
        make(**{name: bad})
    assert nnfast.get_num_threads() == threads


@pytest.mark.parametrize(
    ("make", "nearest", "listed"),
    [
        (lambda: Dense(3, "rleu"), "relu", "'softmax'"),
        (lambda: Activation("soft_max"), "softmax", "'relu'"),
        (lambda: Dense(3, kernel_initializer="glorot"), "glorot_normal", "'zeros'"),
        (lambda: make_classifier().compile("adm"), "adam", "'sgd'"),
        (lambda: make_classifier().compile("adam", "crossentropy"), "binary_crossentropy", "'mean_squared_error'"),
        (lambda: make_classifier().compile("adam", "mse", ["accurcy"]), "accuracy", "'mae'"),
        (lambda: layers.CATALOGUE.deserialize({"class_name": "Dens", "config": {}}), "Dense", "'Dropout'"),
    ],
)
def test_unknown_names_suggest_the_nearest(make, nearest, listed):
    with pytest.raises(ValueError, match=r"expected one of .*, received") as caught:
        make()
    assert f"did you mean {nearest!r}?" in str(caught.value)
    assert listed in str(caught.value)


def test_names_like_nothing_suggest_nothing():
    with pytest.raises(ValueError, match="expected one of") as caught:
        Dense(3, "zzzzzzzz")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("adm", "mse"),
        ("adam", "msee"),
        ("adam", "mse", "accuracy"),
        ("adam", "mse", ["acc", "acc"]),
        ("adam", "mse", [metrics.MeanSquaredError(name="loss")]),
        ("adam", "mse", [metrics.MeanSquaredError(name=str(i)) for i in range(9)]),
        ("adam", losses.CategoricalCrossentropy(from_logits=True)),
        (3, "mse"),
        ("adam", 3),
        (None, "mse"),
    ],
)
def test_bad_arguments_of_compile(arguments, trained):
    optimizer, loss = trained.optimizer, trained.loss
    check_unchanged(trained, lambda: trained.compile(*arguments), "expected", ValueError)
    assert trained.optimizer is optimizer
    assert trained.loss is loss


@pytest.mark.parametrize(
    "weights",
    [[], None, np.zeros(3), [np.zeros((6, 8))], [np.zeros((8, 6)), *[np.zeros(8), np.zeros((8, 3)), np.zeros(3)]]],
)
def test_bad_weights(weights, trained):
    check_unchanged(trained, lambda: trained.set_weights(weights), "weights.*: expected", ValueError)


def test_weights_are_taken_all_or_none(trained):
    weights = [values + 1 for values in trained.get_weights()]
    weights[-1] = np.array(["a", "b", "c"])
    check_unchanged(trained, lambda: trained.set_weights(weights), r"weights\[3\]: expected numbers", ValueError)


@pytest.mark.parametrize("stack", [[], [Input(4)], [Input(4), Rescaling(2)]])
def test_no_layers(stack):
    model = Sequential(stack)
    model.compile("adam", "mse")
    for call in (
        lambda: model.fit(X[:, :4], Y, verbose=0),
        lambda: model.predict(X[:, :4]),
        lambda: model.get_weights(),
    ):
        check_unchanged(model, call, "expected", ValueError)


def test_layers_that_cannot_be_added(trained):
    dense = trained.layers[0]
    for bad in (3, "Dense", Dense, Input(3), dense):
        check_unchanged(trained, lambda bad=bad: trained.add(bad), r"layers\[3\]: expected", ValueError)


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (np.zeros((2, 2)), "grad_output: expected 3 features a sample, received 2"),
        (np.zeros((3, 3)), "grad_output: expected 2 rows, as forward had, received 3"),
        (["a", "b"], "grad_output: expected real numbers"),
    ],
)
def test_bad_gradients(gradient, message):
    model = make_classifier()
    model.forward(X[:2])
    check_unchanged(model, lambda: model.backward(gradient), message)


def test_labels_beyond_the_last_unit_of_an_unbuilt_model():
    model = Sequential([Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    check_unchanged(model, lambda: model.fit(X, Y, verbose=0), "y: expected class labels from 0 to 1, received 2")
