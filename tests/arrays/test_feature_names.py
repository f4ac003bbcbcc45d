"""The names of a frame's columns: kept with the model, compared from then on."""

import copy
import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from entry_points import LABELS, X, make_model
from layouts import as_frame, as_polars

from nnfast import Sequential, callbacks, fit_many, load_model
from nnfast.data import Batches, Table
from nnfast.layers import Dense

NAMES = tuple(f"f{i}" for i in range(6))
FRAME = as_frame(X)


class OwnFrame(pd.DataFrame):
    """As GeoPandas and others have."""


TABLE = Table(X.astype(np.float64), NAMES)
KINDS = {
    "pandas": FRAME,
    "subclass of pandas": OwnFrame(FRAME),
    "polars": as_polars(X),
    "lazy polars": as_polars(X).lazy(),
    "Arrow": pa.Table.from_pandas(FRAME),
    "batch": pa.Table.from_pandas(FRAME).to_batches()[0],
    "Table": TABLE,
}
SWAPPED = [*NAMES[1::-1], *NAMES[2:]]
OTHERS = FRAME.rename(columns={"f1": "g1"})


def train(x=FRAME):
    model = make_model()
    model.fit(x, LABELS, epochs=2, verbose=0)
    return model


@pytest.fixture(scope="module")
def model():
    return train()


CALLS = {
    "fit": lambda model, x: model.fit(x, LABELS, verbose=0),
    "validation": lambda model, x: model.fit(X, LABELS, verbose=0, validation_data=(x, LABELS)),
    "stream": lambda model, x: model.fit(iter([(x, LABELS)]), verbose=0),
    "Batches": lambda model, x: model.fit(Batches(x, LABELS), verbose=0),
    "fit_many": lambda model, x: fit_many([model], x, LABELS, verbose=0),
    "validation of fit_many": lambda model, x: fit_many([model], X, LABELS, verbose=0, validation_data=(x, LABELS)),
    "evaluate": lambda model, x: model.evaluate(x, LABELS, verbose=0),
    "evaluate a stream": lambda model, x: model.evaluate(iter([(x, LABELS)]), verbose=0),
    "predict": lambda model, x: model.predict(x),
    "predict a stream": lambda model, x: model.predict(iter([x])),
    "predict_one": lambda model, x: model.predict_one(x.iloc[0]),
    "forward": lambda model, x: model.forward(x),
    "call": lambda model, x: model(x),
    "train_on_batch": lambda model, x: model.train_on_batch(x, LABELS),
}
LEARN = {
    name: call for name, call in CALLS.items() if name in ("fit", "stream", "Batches", "fit_many", "train_on_batch")
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_frame_has_names(kind):
    trained = train(KINDS[kind])
    assert trained.feature_names == NAMES
    assert np.array_equal(trained.predict(KINDS[kind]), trained.predict(X))
    assert all(map(np.array_equal, trained.get_weights(), train(X).get_weights()))


@pytest.mark.parametrize("name", CALLS)
def test_only_training_keeps_names(name):
    fresh = make_model()
    CALLS[name](fresh, FRAME)
    assert fresh.feature_names == (NAMES if name in LEARN else None)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            FRAME[SWAPPED],
            "expected columns in the order of fit, f0, f1, f2, f3, f4, f5, received f1, f0, .*list.model.feature_names",
        ),
        (OTHERS, "expected columns named as in fit, f0, f1, .*, received f0, g1, .*: without f1 and with g1"),
    ],
)
def test_other_names_are_an_error(call, frame, message, model):
    weights, history = model.get_weights(), model.history
    with pytest.raises(ValueError, match=message):
        CALLS[call](copy.deepcopy(model), frame)
    fresh = copy.deepcopy(model)
    with pytest.raises(ValueError, match=message):
        CALLS[call](fresh, frame)
    assert all(map(np.array_equal, fresh.get_weights(), weights))
    assert model.history is history
    assert fresh.feature_names == NAMES


def test_missing_and_further_columns_are_named(model):
    with pytest.raises(ValueError, match=r"x: expected columns named as in fit, .*: without f2, f4$"):
        model.predict(FRAME.drop(columns=["f2", "f4"]))
    with pytest.raises(ValueError, match=r"x: expected columns named as in fit, .*: with kind$"):
        model.predict(FRAME.assign(kind=1))
    twice = pd.DataFrame(X, columns=[*NAMES[:5], "f0"])
    with pytest.raises(ValueError, match=r"without f5$"):
        model.predict(twice)


@pytest.mark.parametrize("call", CALLS)
def test_arrays_and_frames_without_names_are_taken(call, model):
    other = copy.deepcopy(model)
    CALLS[call](other, pd.DataFrame(X))
    assert other.feature_names == NAMES


def test_names_come_when_the_first_frame_does():
    model = train(X)
    assert model.feature_names is None
    model.predict(OTHERS)
    model.fit(FRAME, LABELS, verbose=0)
    assert model.feature_names == NAMES


def test_names_are_not_those_of_an_error_nor_of_validation():
    model = make_model()
    with pytest.raises(ValueError, match="y: expected"):
        model.fit(FRAME, LABELS[:3], verbose=0)
    assert model.feature_names is None
    model.fit(X, LABELS, validation_data=(FRAME, LABELS), verbose=0)
    assert model.feature_names is None
    model.fit(iter([(X, LABELS)]), validation_data=(FRAME, LABELS), verbose=0)
    assert model.feature_names is None


def test_validation_has_the_names_of_training():
    with pytest.raises(ValueError, match=r"validation_data\[0\]: expected columns named as in fit"):
        make_model().fit(FRAME, LABELS, validation_data=(OTHERS, LABELS), verbose=0)


def test_batches_of_a_stream_have_the_same_names():
    model = make_model()
    with pytest.raises(ValueError, match="x of batch 1: expected columns in the order of fit"):
        model.fit(iter([(FRAME, LABELS), (FRAME[SWAPPED], LABELS)]), verbose=0)
    assert model.feature_names == NAMES


def test_a_transform_makes_other_columns():
    model = make_model()
    model.fit(Batches(FRAME, LABELS, transform=lambda x, rng: x[:, ::-1]), verbose=0)
    assert model.feature_names is None


def test_a_model_that_is_built_by_a_frame():
    model = Sequential([Dense(2, "softmax")], seed=1)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(iter([(FRAME, LABELS)]), verbose=0)
    assert model.feature_names == NAMES


def test_names_that_are_not_all_texts():
    mixed = FRAME.rename(columns={"f1": 1})
    with pytest.raises(
        TypeError, match="x: expected columns whose names are all texts, or none, received 1 among texts"
    ):
        make_model().predict(mixed)


@pytest.mark.parametrize("again", [copy.deepcopy, copy.copy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_have_the_names(again, model):
    assert again(model).feature_names == NAMES


def test_files_have_the_names(tmp_path, model):
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert loaded.feature_names == NAMES
    with pytest.raises(ValueError, match="expected columns named as in fit"):
        loaded.predict(OTHERS)
    train(X).save(tmp_path / "n")
    assert load_model(tmp_path / "n").feature_names is None


def test_a_checkpoint_has_the_names(tmp_path):
    model = make_model()
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "{epoch}")
    model.fit(iter([(FRAME, LABELS)]), callbacks=checkpoint, verbose=0)
    assert load_model(tmp_path / "1").feature_names == NAMES


@pytest.mark.parametrize("names", [list(NAMES), FRAME.columns, np.array(NAMES)])
def test_names_can_be_set(names, tmp_path):
    model = train(X)
    model.feature_names = names
    assert model.feature_names == NAMES
    model.predict(FRAME)
    with pytest.raises(ValueError, match="expected columns named as in fit"):
        model.predict(OTHERS)
    model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").feature_names == NAMES
    model.feature_names = None
    model.predict(OTHERS)


@pytest.mark.parametrize("names", [("a",), "abcdef", [1] * 6, [], 6])
def test_names_that_are_refused(names):
    model = train()
    with pytest.raises(ValueError, match=re.escape("feature_names: expected 6 texts, one for each feature, received")):
        model.feature_names = names
    assert model.feature_names == NAMES


def test_names_that_cannot_be_saved(tmp_path):
    model = Sequential([Dense(1)])
    model.feature_names = ["a"]
    model.build(6)
    with pytest.raises(ValueError, match="feature_names: expected 6 texts, one for each feature, received"):
        model.save(tmp_path / "m")


def test_columns_of_several_kinds_in_a_subclass_of_pandas(model):
    mixed = FRAME.astype({"f0": "Int64", "f1": bool})
    assert np.array_equal(model.predict(OwnFrame(mixed)), model.predict(mixed))


@pytest.mark.parametrize(
    "y", [pd.Series(LABELS), pd.DataFrame({"y": LABELS}), pl.Series(LABELS), pl.DataFrame({"y": LABELS})]
)
def test_targets_as_columns(y):
    model = make_model()
    model.fit(FRAME, y, verbose=0)
    expected = make_model()
    expected.fit(X, LABELS, verbose=0)
    assert all(map(np.array_equal, model.get_weights(), expected.get_weights()))


def test_missing_numbers_are_nan(model):
    gaps = FRAME.astype("Int64")
    gaps.iloc[2, 3] = None
    with pytest.raises(ValueError, match="x: expected finite numbers, received NaN in row 2, column 3"):
        model.evaluate(gaps, LABELS, verbose=0)
    for frame in (gaps, pl.from_pandas(gaps), pa.Table.from_pandas(gaps)):
        assert np.isnan(model.predict(frame)[2]).all()


@pytest.mark.parametrize(
    ("frame", "received"),
    [
        (FRAME.assign(f1="a"), "text in column 'f1'; preprocessing.TableEncoder"),
        (FRAME.assign(f1=pd.Categorical(["a", "b"] * 6)), "text in column 'f1'"),
        (FRAME.assign(f2=pd.Timestamp("2024-01-01")), "dates in column 'f2'"),
        (FRAME.assign(f2=1j), "complex128"),
        (pl.from_pandas(FRAME).with_columns(f3=pl.lit([1])), "List"),
        (pa.Table.from_pandas(FRAME).set_column(0, "f0", pa.array([[1]] * 12)), "list<"),
    ],
)
def test_columns_of_no_numbers_are_named(frame, received, model):
    with pytest.raises((TypeError, ValueError), match=rf"x: .*expected .*received {received}"):
        model.predict(frame)
