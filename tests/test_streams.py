"""Streams of batches in fit, evaluate and predict: the same as of arrays, whatever gives them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from problems import hash_weights, make_classes, make_classifier
from sparse_problems import make_csr

import nnfast
from nnfast import Sequential
from nnfast.callbacks import EarlyStopping, LambdaCallback, ProgressBar
from nnfast.data import Batches
from nnfast.layers import Dense, Input

SIZE = 20
X, Y = make_classes()
WEIGHTS = np.linspace(0, 2, len(X))
N_BATCHES = 10


class Sequence:
    """What Keras calls a PyDataset."""

    def __init__(self, *arrays: Any) -> None:
        self.arrays = arrays
        self.asked: list[Any] = []

    def __len__(self) -> int:
        return -(-len(self.arrays[0]) // SIZE)

    def __getitem__(self, place: int) -> Any:
        self.asked.append(place)
        return tuple(array[place * SIZE : (place + 1) * SIZE] for array in self.arrays)

    def on_epoch_begin(self) -> None:
        self.asked.append("begin")

    def on_epoch_end(self) -> None:
        self.asked.append("end")


class Endless(Sequence):
    """Its own iterator too, as those of Keras' ImageDataGenerator."""

    __iter__ = __next__ = lambda self: self


class Iterable:
    """Begins anew as often as it is asked to; its length is not known."""

    def __init__(self, *arrays: Any) -> None:
        self.arrays = arrays

    def __iter__(self) -> Iterator[Any]:
        return generate(*self.arrays)


def generate(*arrays: Any, n_epochs: int = 1) -> Iterator[Any]:
    for _ in range(n_epochs):
        for first in range(0, len(arrays[0]), SIZE):
            yield tuple(array[first : first + SIZE] for array in arrays)


def make_loader(*arrays: Any) -> Any:
    torch = pytest.importorskip("torch")
    tensors = torch.utils.data.TensorDataset(*map(torch.from_numpy, arrays))
    return torch.utils.data.DataLoader(tensors, batch_size=SIZE)


def make_batches(*arrays: Any) -> Batches:
    return Batches(*arrays, batch_size=SIZE, shuffle=False, block_size=3 * SIZE)


KINDS = {"sequence": Sequence, "endless": Endless, "iterable": Iterable, "loader": make_loader, "batches": make_batches}


def fit(model: Sequential, *arguments: Any, **more: Any) -> Any:
    return model.fit(*arguments, verbose=0, **more).history


# ---- the same as of arrays -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_same_batches_give_the_same_bits(kind: str, n_threads: int) -> None:
    arrays, streams = make_classifier(), make_classifier()
    nnfast.set_num_threads(n_threads)
    history = fit(arrays, X, Y, batch_size=SIZE, epochs=3, shuffle=False)
    logs = fit(streams, KINDS[kind](X, Y), epochs=3, shuffle=False)
    assert hash_weights(streams) == hash_weights(arrays)
    assert list(logs) == list(history)
    np.testing.assert_allclose([logs[name] for name in logs], [history[name] for name in history], rtol=1e-12)


def test_generators_are_taken_from_step_by_step() -> None:
    arrays, streams = make_classifier(), make_classifier()
    fit(arrays, X, Y, batch_size=SIZE, epochs=3, shuffle=False)
    source = generate(X, Y, n_epochs=4)
    logs = fit(streams, source, epochs=3, steps_per_epoch=N_BATCHES)
    assert hash_weights(streams) == hash_weights(arrays)
    assert len(logs["loss"]) == 3
    assert np.array_equal(next(source)[0], X[:SIZE])  # what is beyond an epoch is left to whoever comes next


def test_a_generator_without_steps_is_an_epoch() -> None:
    arrays, streams = make_classifier(), make_classifier()
    fit(arrays, X, Y, batch_size=SIZE, shuffle=False)
    assert len(fit(streams, generate(X, Y))["loss"]) == 1
    assert hash_weights(streams) == hash_weights(arrays)


@pytest.mark.parametrize("kind", ["iterable", "sequence", "batches"])
def test_steps_go_on_where_the_last_epoch_ended(kind: str) -> None:
    arrays, streams = make_classifier(), make_classifier()
    fit(arrays, X, Y, batch_size=SIZE, epochs=2, shuffle=False)
    logs = fit(streams, KINDS[kind](X, Y), epochs=4, steps_per_epoch=N_BATCHES // 2, shuffle=False)
    assert hash_weights(streams) == hash_weights(arrays)
    assert len(logs["loss"]) == 4


@pytest.mark.parametrize("element", ["sparse", "float64", "images", "list"])
def test_batches_may_be_whatever_arrays_may_be(element: str) -> None:
    make = {
        "sparse": make_csr,
        "float64": lambda x: x.astype(np.float64),
        "images": lambda x: x.reshape(-1, 2, 3),
        "list": lambda x: x.tolist(),
    }[element]
    plain, other = make_classifier(), make_classifier()
    fit(plain, Iterable(X, Y))
    fit(other, ((make(x), y) for x, y in generate(X, Y)))
    assert hash_weights(other) == hash_weights(plain)


def test_the_first_batch_builds_a_model() -> None:
    models = [Sequential([Dense(4, "tanh"), Dense(3, "softmax")], seed=3) for _ in range(2)]
    for model, data in zip(models, [(X, Y), (generate(X, Y),)]):
        model.compile("adam", "sparse_categorical_crossentropy")
        fit(model, *data, batch_size=SIZE, shuffle=False)
    assert hash_weights(models[0]) == hash_weights(models[1])


@pytest.mark.parametrize("class_weight", [None, {0: 3.0, 2: 0.5}])
@pytest.mark.parametrize("weights", [(), (WEIGHTS,)])
def test_weights_count_as_those_of_arrays(class_weight: Any, weights: Any) -> None:
    arrays, streams = make_classifier(), make_classifier()
    history = fit(
        arrays, X, Y, batch_size=SIZE, shuffle=False, class_weight=class_weight, sample_weight=(*weights, None)[0]
    )
    logs = fit(streams, Sequence(X, Y, *weights), shuffle=False, class_weight=class_weight)
    assert hash_weights(streams) == hash_weights(arrays)
    np.testing.assert_allclose(logs["loss"], history["loss"], rtol=1e-12)


@pytest.mark.parametrize("by_batch", [False, True])
def test_metrics_of_all_rows_are_those_of_arrays(by_batch: bool) -> None:
    results, names = [], set()
    listener = [LambdaCallback(on_train_batch_end=lambda batch, logs: names.update(logs))] if by_batch else None
    for data in ((X, Y == 1), (Sequence(X, Y == 1),)):
        model = Sequential([Input(6), Dense(8, "tanh"), Dense(1, "sigmoid")], seed=1)
        model.compile("adam", "binary_crossentropy", ["auc", "f1_score"], ["precision"])
        fit(model, *data, batch_size=SIZE, epochs=2, shuffle=False, callbacks=listener)
        results.append([*model.history.history.values(), model.evaluate(*data, verbose=0)])
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert names == ({"loss"} if by_batch else set())


def test_batches_without_weights_weigh_one() -> None:
    weights = np.where(np.arange(len(X)) // SIZE % 2, WEIGHTS, 1.0)
    model = Sequential([Input(6), Dense(1, "sigmoid")], seed=1)
    model.compile("adam", "binary_crossentropy", None, ["auc"])
    expected = model.evaluate(X, Y == 1, sample_weight=weights, verbose=0)
    mixed = (batch if number % 2 else batch[:2] for number, batch in enumerate(generate(X, Y == 1, weights)))
    np.testing.assert_allclose(model.evaluate(mixed, verbose=0), expected, rtol=1e-6)


def test_losses_of_ones_own_train_on_streams() -> None:
    def loss(y_true: Any, y_pred: Any) -> Any:
        gap = y_pred - y_true
        return (gap**2).mean(), 2 * gap / gap.size

    hashes = set()
    for data in ((X, X[:, :2]), (generate(X, X[:, :2]),)):
        model = Sequential([Input(6), Dense(2)], seed=1)
        model.compile("sgd", loss, ["mae"])
        fit(model, *data, batch_size=SIZE, shuffle=False)
        hashes.add(hash_weights(model))
    assert len(hashes) == 1


def test_dropout_does_not_repeat_and_does_not_depend_on_threads() -> None:
    hashes = []
    for n_threads in (1, 2, 1):
        nnfast.set_num_threads(n_threads)
        model = make_classifier(rate=0.5)
        fit(model, make_batches(X, Y), epochs=2)
        hashes.append(hash_weights(model))
        assert model._epochs_done == 2 * 4  # a block counts as an epoch
    assert len(set(hashes)) == 1
    model = make_classifier(rate=0.5, optimizer=nnfast.optimizers.SGD(0.0))
    logs = fit(model, ((X, Y) for _ in range(2)), epochs=2, steps_per_epoch=1)
    assert logs["loss"][0] != logs["loss"][1]


def test_the_order_of_a_sequence_is_drawn() -> None:
    first, again, other = Sequence(X, Y), Sequence(X, Y), Sequence(X, Y)
    fit(make_classifier(seed=1), first, epochs=2)
    fit(make_classifier(seed=1), again, epochs=2)
    fit(make_classifier(seed=2), other, epochs=2)
    assert first.asked == again.asked != other.asked
    epochs = first.asked[1:11], first.asked[13:23]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert epochs[0] != epochs[1]
    assert [first.asked[place] for place in (0, 11, 12, 23)] == ["begin", "end", "begin", "end"]


def test_a_generator_may_fill_the_same_array_again() -> None:
    def refill() -> Iterator[Any]:
        x, y = np.empty((SIZE, 6), np.float32), np.empty(SIZE, np.int32)
        for x[:], y[:] in generate(X, Y):
            yield x, y
            x.fill(np.nan)

    fresh, refilled = make_classifier(), make_classifier()
    fit(fresh, generate(X, Y))
    fit(refilled, refill())
    assert hash_weights(refilled) == hash_weights(fresh)


# ---- validation ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_streams_validate_as_arrays_do(kind: str) -> None:
    arrays, streams = make_classifier(), make_classifier()
    history = fit(arrays, X, Y, epochs=2, validation_data=(X[:90], Y[:90]))
    logs = fit(streams, X, Y, epochs=2, validation_data=KINDS[kind](X[:90], Y[:90]))
    assert list(logs) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    np.testing.assert_allclose(logs["val_loss"], history["val_loss"], rtol=1e-6)
    np.testing.assert_allclose(logs["val_accuracy"], history["val_accuracy"])


def test_arrays_validate_streams() -> None:
    logs = fit(make_classifier(), Sequence(X, Y), epochs=2, validation_data=(X, Y))
    assert len(logs["val_loss"]) == 2


def test_validation_steps_take_from_a_generator() -> None:
    source = generate(X, Y, n_epochs=2)
    fit(make_classifier(), X, Y, epochs=3, validation_data=source, validation_steps=4)
    assert np.array_equal(next(source)[0], X[2 * SIZE : 3 * SIZE])


@pytest.mark.parametrize(("frequency", "wanted"), [(2, [1, 3]), ([1, 5, 9], [0, 4]), (7, []), (np.int64(3), [2])])
@pytest.mark.parametrize("data", [(X, Y), (Sequence(X, Y),)])
def test_validation_comes_as_often_as_asked(frequency: Any, wanted: list[int], data: Any) -> None:
    seen = []
    listener = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, "val_loss" in logs)))
    fit(
        make_classifier(),
        *data,
        epochs=5,
        validation_data=(X, Y),
        validation_freq=frequency,
        callbacks=listener,
    )
    assert [epoch for epoch, is_validated in seen if is_validated] == wanted


# ---- evaluate, predict -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_evaluate_and_predict(kind: str) -> None:
    model = make_classifier()
    fit(model, X, Y)
    expected = model.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0)
    np.testing.assert_allclose(model.evaluate(KINDS[kind](X, Y, WEIGHTS), verbose=0), expected, rtol=1e-6)
    assert np.array_equal(model.predict(KINDS[kind](X, Y)), model.predict(X))
    few = model.evaluate(X[: 3 * SIZE], Y[: 3 * SIZE], verbose=0)
    np.testing.assert_allclose(model.evaluate(KINDS[kind](X, Y), steps=3, verbose=0), few, rtol=1e-6)
    assert np.array_equal(model.predict(KINDS[kind](X), steps=3), model.predict(X[: 3 * SIZE]))


def test_predict_takes_batches_of_samples_alone() -> None:
    model = make_classifier()
    assert np.array_equal(model.predict(x for (x,) in generate(X)), model.predict(X))
    assert np.array_equal(model.predict(x.tolist() for (x,) in generate(X)), model.predict(X))


# ---- callbacks -------------------------------------------------------------------------------------------------------


def test_batch_hooks_number_the_batches_of_an_epoch() -> None:
    seen: list[Any] = []
    listener = LambdaCallback(
        on_train_batch_begin=lambda batch, logs: seen.append(batch),
        on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"])),
    )
    quiet, heard = make_classifier(), make_classifier()
    logs = fit(quiet, make_batches(X, Y), epochs=2)
    fit(heard, make_batches(X, Y), epochs=2, callbacks=listener)
    assert hash_weights(heard) == hash_weights(quiet)
    assert [each for each in seen if isinstance(each, int)] == [*range(N_BATCHES), *range(N_BATCHES)]
    assert seen[2 * N_BATCHES - 1][1] == pytest.approx(logs["loss"][0], rel=1e-12)


@pytest.mark.parametrize(("kind", "steps"), [("sequence", N_BATCHES), ("iterable", None), ("batches", N_BATCHES)])
def test_the_number_of_steps_is_told_where_it_is_known(kind: str, steps: int | None) -> None:
    model = make_classifier()
    fit(model, KINDS[kind](X, Y))
    assert model.history.params["steps"] == steps


def test_progress_is_told_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnfast._fit._SECONDS_A_REPORT", -1.0)
    seen: list[Any] = []
    model = make_classifier()
    logs = fit(model, make_batches(X, Y), callbacks=LambdaCallback(on_progress=lambda n, logs: seen.append((n, logs))))
    assert [n for n, _ in seen] == [3, 6, 9]
    assert seen[-1][1]["loss"] == pytest.approx(logs["loss"][0], rel=0.2)


def test_a_bar_needs_no_number_of_steps() -> None:
    model = make_classifier()
    fit(model, Iterable(X, Y), epochs=2, callbacks=[ProgressBar()])
    assert len(model.history.epoch) == 2


def test_callbacks_stop_streams() -> None:
    model = make_classifier()
    logs = fit(
        model, Sequence(X, Y), epochs=50, validation_data=Sequence(X, Y), callbacks=EarlyStopping("loss", mode="max")
    )
    assert len(logs["loss"]) < 5


def test_averages_and_gathered_steps_are_those_of_arrays() -> None:
    hashes = set()
    for data in ((X, Y), (Sequence(X, Y),)):
        options = {"use_ema": True, "ema_momentum": 0.9, "gradient_accumulation_steps": 3}
        schedule = nnfast.schedules.CosineDecay(0.05, 30)
        model = make_classifier(optimizer=nnfast.optimizers.Adam(schedule, **options))
        fit(model, *data, batch_size=SIZE, epochs=3, shuffle=False)
        hashes.add(hash_weights(model))
    assert len(hashes) == 1
