"""Callbacks do what Keras' do: epochs, rates, files, weights and calls against keras.json, which Keras wrote."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from writers import load_writer

import nnfast
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD

WRITER = load_writer("write_keras", "callbacks")
TRUTH = json.loads(WRITER.TRUTH.read_text())


class Nnfast:
    """What the writer's `run` needs to know of nnfast."""

    suffix = ".safetensors"
    weights_suffix = ".weights.safetensors"
    callbacks = nnfast.callbacks

    @staticmethod
    def make_model(rate: float) -> nnfast.Sequential:
        model = nnfast.Sequential([Input(1), Dense(1, kernel_initializer="ones")])
        model.compile(SGD(rate), "mse")
        return model


def test_every_case_has_its_truth() -> None:
    assert set(TRUTH["cases"]) == set(WRITER.CASES), "run tests/callbacks/write_keras.py where Keras is installed"


@pytest.mark.parametrize("name", WRITER.CASES)
def test_callbacks_do_what_keras_does(name: str, tmp_path: Path) -> None:
    case, truth = WRITER.CASES[name], TRUTH["cases"][name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = WRITER.run(Nnfast, case, tmp_path)
    assert len(caught) == case.get("warnings", 0), [str(warning.message) for warning in caught]
    for key in ("rates", "logged rates"):
        np.testing.assert_allclose(ours.pop(key), truth[key], rtol=1e-7)
    if name.startswith("NaN"):  # in the first batch of the second epoch: Keras takes the step, nnfast does not
        assert (truth["left"], ours.pop("left")) == ([1], [0, 1])
    assert ours == {key: truth[key] for key in ours}


@pytest.mark.parametrize("hook", WRITER.ENDS)
@pytest.mark.parametrize("end", ["stops", "raises"])
def test_calls_are_keras_calls(hook: str | None, end: str) -> None:
    """In the same order, from training that goes on to its end, that a hook stops, or where one raises."""
    argument: dict[str, Any] = {"stops": {"stop_at": hook}, "raises": {"raise_at": hook}}[end]
    ours, truth = WRITER.list_calls(Nnfast, **argument), TRUTH[end][str(hook)]
    if argument == {"stop_at": "on_train_begin"}:  # Keras trains with one batch before it looks
        truth = [call for call in truth if call.split()[1] in ("on_train_begin", "on_train_end")]
    assert ours == truth
