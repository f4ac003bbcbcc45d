"""Ten steps with all that optimizers do beside their rule against numbers written by Keras (step_trace_keras.json)."""

import json
from typing import Any

import numpy as np
import pytest
from writers import load_writer

import nnfast
from nnfast import _step_options, constraints, layers, optimizers, regularizers

WRITER = load_writer("write_step_trace")
TRACE = json.loads(WRITER.TRACE.read_text())
# Keras rounds something to float32 on its way, whatever it is told: test_steps.py holds us to 1e-12.
TOLERANCE = {"float32": 2e-4, "float64": 1e-6}


def test_the_trace_is_of_the_writers_cases() -> None:
    assert TRACE["problem"] == WRITER.make_problem()
    assert list(TRACE["runs"]) == list(WRITER.CASES)


def test_everything_has_a_trace() -> None:
    options = {name for chosen in WRITER.OPTIONS.values() for name in chosen}
    assert options | {"ema_momentum"} == set(_step_options.NAMES)
    parts = {name for layer in WRITER.LAYERS.values() for name, _ in layer.values()}
    theirs = {**constraints.CATALOGUE.by_class_name, **regularizers.CATALOGUE.by_class_name}
    assert parts | {"L2"} == set(theirs), "give the new part a row in LAYERS of tests/properties/write_step_trace.py"


def make_model(rule: str, step: str, layer: str, dtype: str) -> nnfast.Sequential:
    parts = {
        key: getattr(regularizers if "regularizer" in key else constraints, name)(**config)
        for key, (name, config) in WRITER.LAYERS[layer].items()
    }
    sizes = WRITER.SIZES
    model = nnfast.Sequential(
        [layers.Input(sizes[0]), layers.Dense(sizes[1], "tanh", **parts), layers.Dense(sizes[2], **parts)],
        seed=0,
        dtype=dtype,
    )
    optimizer = optimizers.CATALOGUE.by_class_name[WRITER.OPTIMIZERS[rule]["class_name"]]
    model.compile(optimizer(**WRITER.OPTIMIZERS[rule]["config"], **WRITER.OPTIONS[step]), "mean_squared_error")
    model.set_weights([np.array(w) for w in TRACE["problem"]["weights"]])
    return model


@pytest.mark.parametrize("name", WRITER.CASES)
def test_ends_like_keras(name: str, dtype: str, isa: str) -> None:
    model = make_model(*WRITER.CASES[name], dtype)
    x, y = (np.array(TRACE["problem"][key], dtype) for key in ("x", "y"))
    settings: dict[str, Any] = {"batch_size": WRITER.BATCH_SIZE, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, epochs=WRITER.N_EPOCHS, **settings).history
    expected = TRACE["runs"][name]
    np.testing.assert_allclose(history["loss"], expected["losses"], rtol=TOLERANCE[dtype])
    for ours, theirs in zip(model.get_weights(), expected["weights"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
