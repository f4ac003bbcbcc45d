"""Every layout of an array at every entry point in every dtype: the bits of the plain copy, or an error that helps."""

from itertools import chain

import numpy as np
import pytest
from cells import Trial, list_cells
from entry_points import ENTRY_POINTS, LABELS, X, make_model
from layouts import LAYOUTS, torch

CELLS = list(chain.from_iterable(map(list_cells, ENTRY_POINTS)))


def test_there_are_enough_cells():
    n_errors = sum(cell.expected == "error" for cell in CELLS)
    print(f"{len(CELLS)} cells: {len(LAYOUTS)} layouts, {len(ENTRY_POINTS)} entry points; {n_errors} are errors")
    assert len(CELLS) >= 20_000
    assert n_errors >= 5_000
    assert len({cell.layout for cell in CELLS}) == len(LAYOUTS) >= 32


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_entry_point(name):
    trial = Trial()
    faults = {cell: fault for cell in list_cells(name) if (fault := trial.run(cell))}
    assert not faults


ERRORS = [name for name, layout in LAYOUTS.items() if layout.expected == "error" and name not in ("None", "sparse")]


@pytest.mark.parametrize("name", ERRORS)
def test_errors_leave_the_model_as_it_was(name):
    model = make_model()
    weights = model.get_weights()
    dtype = LAYOUTS[name].dtypes[-1]
    for call in (
        lambda: model.fit(LAYOUTS[name].make(X.astype(dtype)), LABELS, verbose=0),
        lambda: model.fit(X, LABELS, verbose=0, sample_weight=LAYOUTS[name].make(X.astype(dtype))),
        lambda: model.set_weights([LAYOUTS[name].make(weights[0].astype(dtype)), weights[1]]),
    ):
        with pytest.raises((ValueError, TypeError)):
            call()
        assert all(map(np.array_equal, model.get_weights(), weights))
        assert model.history is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.ones(2, 6).requires_grad_(), r"an array that no gradients are recorded for, .*Tensor .*x\.detach\(\)"),
        (torch.ones(2, 6).bfloat16(), r"numbers that NumPy has, received Tensor of bfloat16; use x\.float\(\)"),
        (torch.ones(2, 6, device="meta"), "received Tensor .*meta"),
        (torch.ones(2, 6).to_sparse(), "received Tensor .*Sparse layout"),
        (LAYOUTS["DLPack of a GPU"].make(X), "an array in the CPU's memory, received OnlyDlpack on device 2 of DLPack"),
        (LAYOUTS["structured"].make(X), "one field, or use numpy"),
        (X.astype(object), r"received dtype object; astype\(float\)"),
        ({1: 2}, r"real numbers, received dtype object \(dict\)"),
    ],
)
def test_errors_say_what_to_do(given, message):
    with pytest.raises((ValueError, TypeError), match=f"^x: expected .*{message}"):
        make_model().predict(given)
