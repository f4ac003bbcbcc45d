"""entry_points.py: every place that takes an array, as a function of that array alone.

A role says what the array is: "samples", of shape (12, 6), a "row" of them, "labels" and "weights" of them, "values",
two a row, or a "matrix" of weights. Values are small integers, which every dtype holds.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from layouts import DTYPES, FLOATS, INTEGERS, LAYOUTS

from nnfast import Sequential, kernels, metrics
from nnfast.data import Batches
from nnfast.layers import Dense, Input, Normalization
from nnfast.preprocessing import (
    LabelEncoder,
    MinMaxScaler,
    StandardScaler,
    from_categorical,
    shuffle,
    to_categorical,
    train_test_split,
)
from nnfast.sklearn import MLPClassifier, MLPRegressor

N = 12
_RNG = np.random.default_rng(0)
X = _RNG.integers(0, 10, (N, 6))
LABELS = np.arange(N) % 2
VALUES = _RNG.integers(0, 2, (N, 2))
BASES = {
    "samples": X,
    "row": X[3],
    "labels": LABELS,
    "values": VALUES,
    "weights": np.arange(1, N + 1) % 3,
    "matrix": _RNG.integers(0, 3, (6, 2)),
}


def make_model(loss="sparse_categorical_crossentropy", layers=None):
    model = Sequential(layers or [Input(6), Dense(2, "softmax")], seed=1)
    model.compile("sgd", loss)
    return model


def get_outcome(model, history=None):
    return model.get_weights(), history and history.history


def fit(x=X, y=LABELS, loss="sparse_categorical_crossentropy", **options):
    model = make_model(loss)
    return get_outcome(model, model.fit(x, y, batch_size=5, verbose=0, **options))


def fit_validated(*data):
    return fit(validation_data=data)


def train(x=X, y=LABELS, loss="sparse_categorical_crossentropy", sample_weight=None):
    model = make_model(loss)
    return model.train_on_batch(x, y, sample_weight), get_outcome(model)


def fit_stream(x=X, y=LABELS, weights=None):
    model = make_model()
    return get_outcome(model, model.fit(iter([(x, y) if weights is None else (x, y, weights)]), verbose=0))


def fit_batches(x=X, y=LABELS, weights=None):
    model = make_model()
    return get_outcome(model, model.fit(Batches(x, y, weights, batch_size=5, seed=1), verbose=0))


def go_back(gradient):
    model = make_model()
    model.forward(X)
    return model.backward(gradient), model.gradients()


def set_kernel(values):
    model = make_model()
    model.set_weights([values, np.zeros(2)])
    return model.get_weights()


def initialize(values):
    return make_model(layers=[Input(6), Dense(2, "softmax", kernel_initializer=values)]).get_weights()


def adapt(data):
    layer = Normalization()
    layer.adapt(data)
    return layer.mean, layer.variance


def classify(x=X, y=LABELS, sample_weight=None, asked=X):
    model = MLPClassifier((3,), batch_size=6, max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # too few iterations, and names that only one of both has
        return model.fit(x, y, sample_weight).predict_proba(asked)


def regress(y):
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y).predict(X)


def measure(metric):
    outputs = np.random.default_rng(1).random((N, 2))
    return lambda y_true=LABELS, y_pred=outputs, weights=None: metric.compute(y_true, y_pred, weights)


def split(x):
    return [np.asarray(part) for part in train_test_split(x, random_state=0)]


@dataclass(frozen=True)
class Entry:
    """A call with the array, what dtypes it takes, and what becomes of layouts that it treats otherwise than others do.

    "double": the bits that the copy gives in float64. With `is_bare` the call is also told the dtype of the copy.
    """

    role: str
    call: Callable[..., Any]
    dtypes: tuple[str, ...] = DTYPES
    layouts: dict[str, str] = field(default_factory=dict)
    is_bare: bool = False
    words: str = r"[\w\[\]]+.*: expected .*received"
    """What its errors are like."""


TEXTS = ("object", "string", "bytes", "dates", "pandas, text", "pandas, categories of text", "polars, text")
AS_CLASSES = dict.fromkeys(TEXTS, "same") | dict.fromkeys(TEXTS[-3:], "skip") | {"3-d": "error"}
DENSE = {"sparse": "error"}
MATRIX = {"3-d": "error"}
BARE = {"sparse": "error", "3-d": "error", "byte-swapped": "error"}
OF_ANY_SHAPE = dict.fromkeys(("0 rows", "0 columns", "0-d", "1-d", "3-d", "array.array", "bytearray"), "same")
WHATEVER = {name: "skip" for name, layout in LAYOUTS.items() if layout.expected == "error"} | {
    **dict.fromkeys(("byte-swapped", "subclass", "pandas, nullable", "pandas, Arrow", "Arrow stream", "sparse"), "skip")
}
"""Rows of what is given, as it is given."""
THEIRS = {
    "3-d": "error",
    **dict.fromkeys(("object", "string", "bytes", "dates"), "skip"),
    **dict.fromkeys(("pandas, text", "pandas, categories of text", "polars, text"), "skip"),
}
"""scikit-learn reads numbers in texts, and takes dates for numbers."""
IN_DOUBLE = ("byte-swapped", "pandas, nullable", "pandas, Arrow", "polars", "Arrow", "Arrow, chunks", "narwhals")
THEIR_WORDS = r"(?i)(: expected .*received|expected|found array|input should have|not supported|requires y)"

ENTRY_POINTS = {
    "fit x": Entry("samples", fit),
    "fit y": Entry("labels", lambda y: fit(y=y)),
    "fit y, values": Entry("values", lambda y: fit(y=y, loss="mse")),
    "fit y, probabilities": Entry("values", lambda y: fit(y=y, loss="categorical_crossentropy")),
    "fit sample_weight": Entry("weights", lambda w: fit(sample_weight=w)),
    "fit validation_data x": Entry("samples", lambda x: fit_validated(x, LABELS)),
    "fit validation_data y": Entry("labels", lambda y: fit_validated(X, y)),
    "fit validation_data sample_weight": Entry("weights", lambda w: fit_validated(X, LABELS, w)),
    "fit stream x": Entry("samples", fit_stream),
    "fit stream y": Entry("labels", lambda y: fit_stream(y=y)),
    "fit Batches x": Entry("samples", fit_batches),
    "fit Batches y": Entry("labels", lambda y: fit_batches(y=y)),
    "fit Batches sample_weight": Entry("weights", lambda w: fit_batches(weights=w)),
    "evaluate x": Entry("samples", lambda x: make_model().evaluate(x, LABELS, verbose=0)),
    "evaluate y": Entry("labels", lambda y: make_model().evaluate(X, y, verbose=0)),
    "evaluate sample_weight": Entry("weights", lambda w: make_model().evaluate(X, LABELS, verbose=0, sample_weight=w)),
    "predict": Entry("samples", lambda x: make_model().predict(x)),
    "predict_one": Entry("row", lambda x: make_model().predict_one(x)),
    "forward": Entry("samples", lambda x: make_model().forward(x)),
    "backward": Entry("values", go_back),
    "train_on_batch x": Entry("samples", train),
    "train_on_batch y": Entry("labels", lambda y: train(y=y)),
    "train_on_batch sample_weight": Entry("weights", lambda w: train(sample_weight=w)),
    "set_weights": Entry("matrix", set_kernel),
    "initializer": Entry("matrix", initialize, layouts={"ctypes": "error", "memoryview": "same"}),
    "Normalization.adapt": Entry("samples", adapt, layouts=MATRIX),
    "Normalization mean": Entry(
        "row", lambda m: Normalization(mean=m, variance=np.ones(6)).mean, layouts={"0-d": "error"}
    ),
    "StandardScaler": Entry("samples", lambda x: StandardScaler().fit_transform(x), layouts=DENSE),
    "MinMaxScaler": Entry("samples", lambda x: MinMaxScaler().fit_transform(x), layouts=DENSE),
    "to_categorical": Entry("labels", to_categorical, layouts={"0-d": "same"}),
    "from_categorical": Entry(
        "values", from_categorical, layouts=dict.fromkeys(("1-d", "array.array", "bytearray"), "same") | MATRIX
    ),
    "LabelEncoder": Entry("labels", lambda y: LabelEncoder().fit_transform(y), layouts=AS_CLASSES),
    "train_test_split": Entry("samples", split, layouts=WHATEVER),
    "train_test_split stratify": Entry(
        "labels", lambda y: train_test_split(X, stratify=y, random_state=0), layouts=AS_CLASSES | {"None": "skip"}
    ),
    "shuffle": Entry("labels", lambda y: np.asarray(shuffle(y, random_state=0)), layouts=WHATEVER),
    "kernels.dense_forward": Entry(
        "samples",
        lambda x, dtype: kernels.dense_forward(x, np.ones((6, 2), dtype)),
        FLOATS,
        BARE | {"0 rows": "same"},
        is_bare=True,
    ),
    "kernels.relu": Entry("samples", kernels.relu, FLOATS, BARE | OF_ANY_SHAPE),
    "kernels.mean_squared_error": Entry(
        "values",
        lambda y, dtype: kernels.mean_squared_error(y, np.full((N, 2), 0.5, dtype)),
        FLOATS,
        BARE,
        is_bare=True,
    ),
    "kernels labels": Entry(
        "labels", lambda y: kernels.sparse_categorical_crossentropy(y, np.full((N, 2), 0.5)), INTEGERS, MATRIX
    ),
    "F1Score y_true": Entry("labels", measure(metrics.F1Score())),
    "F1Score y_pred": Entry("values", lambda y: measure(metrics.F1Score())(y_pred=y)),
    "F1Score sample_weight": Entry("weights", lambda w: measure(metrics.F1Score())(weights=w)),
    "Huber y_true": Entry("values", measure(metrics.LossMean("huber"))),
    "MLPClassifier X": Entry(
        "samples", classify, layouts=THEIRS | dict.fromkeys(IN_DOUBLE, "double"), words=THEIR_WORDS
    ),
    "MLPClassifier y": Entry("labels", lambda y: classify(y=y), layouts=THEIRS, words=THEIR_WORDS),
    "MLPClassifier sample_weight": Entry(
        "weights", lambda w: classify(sample_weight=w), layouts=THEIRS, words=THEIR_WORDS
    ),
    "MLPClassifier predict": Entry("samples", lambda x: classify(asked=x), layouts=THEIRS, words=THEIR_WORDS),
    "MLPRegressor y": Entry("labels", regress, layouts=THEIRS, words=THEIR_WORDS),
}
