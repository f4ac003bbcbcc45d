"""Every loss against the numbers that Keras wrote (losses_keras.json)."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from writers import load_writer

from nnfast import _core, kernels, losses

Array = NDArray[Any]

NOT_IN_KERAS = {"SumSquaredError", "QuantileLoss"}
WRITER = load_writer("write_losses")
CASES = json.loads(WRITER.TRACE.read_text())


def name_of(case: dict[str, Any]) -> str:
    return f"{case['name']}({', '.join(f'{key}={value}' for key, value in case['config'].items())})"


def test_every_loss_has_numbers() -> None:
    assert {case["name"] for case in CASES} | NOT_IN_KERAS == set(losses.CATALOGUE.by_class_name), (
        "give the new loss a row in CASES of tests/properties/write_losses.py"
    )
    assert [(case["name"], case["config"]) for case in CASES] == [(name, config) for name, config in WRITER.CASES]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_core(case: dict[str, Any], dtype: str, isa: str) -> None:
    """What the object of the same name and arguments asks the core for gives the same numbers."""
    loss = losses.CATALOGUE.deserialize({"class_name": case["name"], "config": case["config"]})
    y, t = np.array(case["y_pred"], dtype), np.array(case["y_true"])
    t = (np.eye(y.shape[1])[t] if loss.takes_labels else t).astype(dtype)
    name = f"{loss.core_name}_logits" if loss.wants_logits else loss.core_name
    row_loss, gradient = np.empty(len(y)), np.empty_like(y)
    _core.loss(_core.LossSpec(name, loss.parameters), y, t, 1.0, row_loss, gradient)
    check(row_loss, gradient, case, dtype)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_function(case: dict[str, Any], dtype: str) -> None:
    """The same of the function in nnfast.kernels."""
    y, t = np.array(case["y_pred"], dtype), np.array(case["y_true"])
    function = losses.CATALOGUE.by_class_name[case["name"]].names[0]
    value, gradient = getattr(kernels, function)(t if t.ndim == 1 else t.astype(dtype), y, **case["config"])
    check(np.array([value]), gradient * len(y), case | {"rows": [np.mean(case["rows"])]}, dtype)


def check(row_loss: Array, gradient: Array, case: dict[str, Any], dtype: str) -> None:
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(row_loss, case["rows"], rtol=tolerance, atol=tolerance / 10)
    steepest = np.abs(case["gradient"]).max()
    np.testing.assert_allclose(gradient, case["gradient"], rtol=tolerance, atol=tolerance * steepest)
