"""Dropout as a random variable: how often it keeps; threads change no mask, and predictions drop nothing."""

from typing import Any

import numpy as np
import pytest
from nets import THREADS, dense
from numpy.typing import NDArray

import nnfast
from nnfast import _core
from nnfast._core import LayerSpec

Array = NDArray[Any]

SIZE, N_ROWS, N_EPOCHS = 100, 2000, 50
N_DRAWS = SIZE * N_ROWS * N_EPOCHS


def make_pass(rate: float) -> tuple[_core.Network, _core.Pass]:
    """Dropout, and a dense layer that changes nothing: it makes the pass worth a team."""
    network = _core.Network("float32", SIZE, 1.0, 0.0, [LayerSpec("dropout", rate=rate), dense(SIZE)])
    network.set_parameter(1, "weights", np.eye(SIZE, dtype="float32"))
    return network, _core.Pass(network)


def draw(one_pass: _core.Pass, epoch: int, training: bool = True) -> Array:
    out = np.empty((N_ROWS, SIZE), "float32")
    one_pass.forward(np.ones_like(out), out, training, 77, epoch)
    return out


@pytest.mark.parametrize("rate", [0.01, 0.25, 0.5, 0.9])
def test_keep_rate(rate: float) -> None:
    """Within 4 standard deviations over 10^7 draws, of all and of each column and row."""
    assert N_DRAWS == 10**7
    _, one_pass = make_pass(rate)
    by_column, by_row = np.zeros(SIZE, int), np.zeros(N_ROWS, int)
    for epoch in range(N_EPOCHS):
        out = draw(one_pass, epoch)
        assert set(np.unique(out)) <= {np.float32(0), np.float32(1 / (1 - rate))}
        by_column += (out > 0).sum(axis=0)
        by_row += (out > 0).sum(axis=1)
    deviation = np.sqrt(rate * (1 - rate))
    assert abs(by_column.sum() - (1 - rate) * N_DRAWS) <= 4 * deviation * np.sqrt(N_DRAWS)
    for counts in (by_column, by_row):
        n = N_DRAWS // len(counts)
        squares = (counts - (1 - rate) * n) ** 2 / (rate * (1 - rate) * n)
        assert abs(squares.mean() - 1) <= 4 * np.sqrt(2 / len(counts))  # as a chi-squared variable


def test_any_number_of_threads_draws_the_same_mask() -> None:
    masks = set()
    for n_threads in THREADS:
        nnfast.set_num_threads(n_threads)
        masks.add(draw(make_pass(0.3)[1], 5).tobytes())
    assert len(masks) == 1


def test_epochs_draw_anew() -> None:
    _, one_pass = make_pass(0.5)
    first, second = (draw(one_pass, epoch) > 0 for epoch in (0, 1))
    n = SIZE * N_ROWS
    assert abs((first == second).sum() - n / 2) <= 4 * np.sqrt(n) / 2


@pytest.mark.parametrize("batch_size", [128, 1500])
def test_a_batch_draws_its_part_of_the_epochs_mask(batch_size: int) -> None:
    network, one_pass = make_pass(0.3)
    trainer = _core.Trainer(network, _core.Optimizer(network, "sgd", [0.0]), "mean_squared_error", [])
    x, outputs = np.ones((N_ROWS, SIZE), "float32"), np.empty((N_ROWS, SIZE), "float32")
    run = {"first_epoch": 5, "n_epochs": 1, "shuffle": False, "seed": 77}
    trainer.run(x, x, batch_size=batch_size, outputs=outputs, **run)
    assert outputs.tobytes() == draw(one_pass, 5).tobytes()


def test_predictions_drop_nothing() -> None:
    network, one_pass = make_pass(0.5)
    ones, out = np.ones((N_ROWS, SIZE), "float32"), np.empty((N_ROWS, SIZE), "float32")
    network.predict(ones, out)
    assert (out == 1).all()
    assert (draw(one_pass, 0, training=False) == 1).all()
