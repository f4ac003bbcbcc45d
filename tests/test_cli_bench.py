"""The command ``nnfast bench``, and the tasks it shares with the benchmarks."""

import re

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")

from commands import run

import nnfast
from nnfast.cli.workloads import MNIST_FOLDER, PREDICT_TASKS, TRAIN_TASKS, PredictTask, TrainTask

SYNTHETIC = [task for task in TRAIN_TASKS if task.make_x is not None]


def test_names_differ() -> None:
    names = [task.name for task in (*TRAIN_TASKS, *PREDICT_TASKS)]
    assert len(set(names)) == len(names) == 15


@pytest.mark.parametrize("task", SYNTHETIC, ids=lambda task: task.name)
def test_data_of_training(task: TrainTask) -> None:
    data = task.make_data(9)
    assert data.x.shape == (9, task.net.sizes[0])
    assert data.x.dtype == np.float32
    assert data.as_float() is data.x
    assert [array.shape for array in data.weights[::2]] == list(zip(task.net.sizes, task.net.sizes[1:]))
    if task.loss == "mean_squared_error":
        assert data.y.shape == (9, task.net.sizes[-1])
        assert data.y.dtype == np.float32
    else:
        assert data.y.shape == (9,)
        assert data.y.dtype == np.int32
        assert 0 <= data.y.min() <= data.y.max() < task.net.sizes[-1]
    assert task.find_obstacle() is None
    again = task.make_data(9)
    assert all((a == b).all() for a, b in zip((data.x, data.y), (again.x, again.y)))


def test_one_hot_rows_have_fifty_ones() -> None:
    (task,) = [task for task in SYNTHETIC if task.name == "onehot2000_b128_adam"]
    x = task.make_data(20).x
    assert (x.sum(axis=1) == 50).all()
    assert set(np.unique(x)) == {0, 1}


def test_mnist_stays_bytes(mnist_folder: object) -> None:
    (task,) = [task for task in TRAIN_TASKS if task.make_x is None]
    data = task.make_data(200)
    assert data.x.dtype == np.uint8
    assert data.as_float().max() == 1
    before = task.make_model(data).evaluate(data.x, data.y, verbose=0)
    model = task.make_model(data)
    task.fit(model, data, 3, shuffle=True)
    assert model.evaluate(data.x, data.y, verbose=0) < before


def test_without_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MNIST_FOLDER, raising=False)
    assert "left out: NNFAST_MNIST names no folder" in run("bench", "--task", "mnist128_b128_adam_real", "--seconds", 0)


@pytest.mark.parametrize("task", PREDICT_TASKS, ids=lambda task: task.name)
def test_data_of_prediction(task: PredictTask) -> None:
    data = task.make_data(3)
    model = task.net.make_model(data)
    assert model.predict(data.x).shape == (3, task.net.sizes[-1])
    call = task.make_call(model, data.x)
    np.testing.assert_array_equal(np.atleast_2d(call()), model.predict(data.x)[: 1 if task.n_rows == 1 else 3])


def test_work_of_a_row() -> None:
    tasks = {task.name: task for task in (*TRAIN_TASKS, *PREDICT_TASKS)}
    assert tasks["rows_mnist128"].flop_per_row == 2 * (784 * 128 + 128 * 10)
    assert tasks["mnist128_b32_sgd"].flop_per_row == 2 * (2 * 784 * 128 + 3 * 128 * 10)


def test_bench() -> None:
    output = run("bench", "--task", "tab64x2_b32_adam", "--task", "rows_mnist128", "--threads", 1, "--seconds", 0)
    assert re.search(r", 1 thread\nfloat32 multiply-adds: [\d.]+ GFLOP/s\nreading memory: [\d.]+ GB/s\n", output)
    for name in ("tab64x2_b32_adam", "rows_mnist128"):
        assert re.search(rf"{name} +[\d,]+/s +[\d.]+ +[\d.]+%\n", output)
    assert nnfast.get_num_threads() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--task", "mnist"), "'mnist' is not one of"),
        (("--seconds", -1), "-1"),
        (("--threads", 0), "'--threads': 0 is not in the range x>=1"),
        (("digits",), "unexpected extra argument"),
    ],
)
def test_bad_options(arguments: tuple[object, ...], words: str) -> None:
    assert words in run("bench", *arguments, code=2)
