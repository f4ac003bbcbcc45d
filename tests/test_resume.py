"""fit(resume=...): training goes on from a file, or says why it cannot; and streams that go on."""

import json
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
from interruptions import EPOCHS, Idle, Interrupt, Interruption, X, Y, digest, fit, interrupt, make
from problems import make_classifier

from nnfast import Sequential, fit_many, load_model
from nnfast.callbacks import BackupAndRestore, Callback, ModelCheckpoint
from nnfast.data import Batches
from nnfast.exceptions import ModelFileError
from nnfast.layers import Dense, Input
from nnfast.optimizers import SGD, Adam
from nnfast.saving import model_file, tensor_file


@pytest.fixture
def checkpoint(tmp_path):
    """Of a training in the middle of its second epoch."""
    interrupt(8, ModelCheckpoint(tmp_path / "m", save_freq=7))
    return tmp_path / "m"


def test_resume_of_a_file(checkpoint):
    assert fit(resume=checkpoint)[1] == fit()[1]


def test_the_model_of_a_checkpoint_can_be_loaded(checkpoint):
    model = load_model(checkpoint)
    assert fit(model=model, resume=checkpoint)[1] == fit()[1]


def test_models_side_by_side_go_on(tmp_path):
    expected = [fit(model=make(seed=seed))[1] for seed in (1, 2)]
    for stops in ([Interrupt(8)], []):
        models = [make(seed=seed) for seed in (1, 2)]
        callbacks = [[*stops, BackupAndRestore(tmp_path / "a", 1)], [BackupAndRestore(tmp_path / "b", 1)]]
        with pytest.raises(Interruption) if stops else nullcontext():
            fit_many(models, X, Y, 16, EPOCHS, verbose=0, callbacks=callbacks)
    assert [digest(model) for model in models] == expected


def test_a_drawn_seed_is_the_checkpoints(tmp_path):
    def make_unseeded():
        model = Sequential([Input(6), Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    whole = make_unseeded()
    fit(ModelCheckpoint(tmp_path / "m-{epoch}"), model=whole)
    assert fit(model=make_unseeded(), resume=tmp_path / "m-1")[1] == digest(whole)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 20}, r"data, batch_size: 16, received 20"),
        ({"shuffle": False}, r"data, shuffle: True, received False"),
        ({"x": X + np.float32(1e-3)}, r"data, x, sha256: \w+, received \w+"),
        ({"x": X.astype("float64")}, r"data, x, dtype: float32, received float64"),
        ({"x": X[:70], "y": Y[:70]}, r"data, x, shape: \[80, 6\], received \[70, 6\]"),
        ({"y": (Y + 1) % 3}, r"data, y, sha256: \w+, received \w+"),
        ({"sample_weight": np.ones(80)}, r"data, weights, shape: None, received \[80, 1\]"),
        ({"validation_split": 0.1}, r"data, x, shape: \[80, 6\], received \[72, 6\]"),
        ({"validation_data": (X, Y)}, r"validation data, x, shape: None, received \[80, 6\]"),
        ({"model": make(seed=2)}, r"seed: 1, received 2"),
        ({"model": make("sgd")}, r"optimizer, class_name: Adam, received SGD"),
        ({"model": make(Adam(beta_1=0.8))}, r"optimizer, config, beta_1: 0.9, received 0.8"),
        ({"model": make_classifier()}, r"layers, 2, class_name: Dropout, received Dense"),
        ({"model": make_classifier(rate=0.4)}, r"layers, 2, config, rate: 0.3, received 0.4"),
        ({"model": make_classifier(rate=0.3, dtype="float64")}, r"dtype: float32, received float64"),
    ],
)
def test_other_trainings_are_refused(checkpoint, change, message):
    model = change.pop("model", None) or make()
    before, history = [values.copy() for values in model.get_weights()], model.history
    expected = f"{checkpoint}: expected the training that it was saved in, with .*({message})"
    with pytest.raises(ValueError, match=expected):
        fit(model=model, resume=checkpoint, **change)
    assert model.history is history
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_model_that_no_training_saved(tmp_path):
    model, _ = fit()
    model.save(tmp_path / "m")
    with pytest.raises(ModelFileError, match="received one that no callback saved in training"):
        fit(resume=tmp_path / "m")
    with pytest.raises(FileNotFoundError):
        fit(resume=tmp_path / "none")


def test_averages_have_no_way_back(tmp_path):
    def make_averaging():
        return make(Adam(use_ema=True))

    class AtEnd(Callback):
        saves = True

        def on_train_end(self, logs=None):
            self.training.save(tmp_path / "m")

    fit(AtEnd(), model=make_averaging())
    with pytest.raises(ValueError, match="expected a training that can go on, received one that ended"):
        fit(model=make_averaging(), resume=tmp_path / "m", epochs=5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.update(epoch=-1), "epoch: expected an integer"),
        (lambda state: state.update(epochs_at_start=0.5), "epochs_at_start: expected an integer"),
        (lambda state: state.update(rate_at_start="high"), "rate_at_start: expected a finite number"),
        (lambda state: state.pop("sums"), "training: expected a dict with exactly the keys"),
        (lambda state: state.update(sums=[1.0]), "one with 1 sums of 2 batches"),
        (lambda state: state.update(callbacks=[["History", {"dict": {}}]]), "bad state of a callback: KeyError"),
        (lambda state: state.update(callbacks=[3]), "callbacks: expected a list of pairs"),
        (lambda state: state.update(outputs={"array": 0}), "state: expected one of the keys float, array and dict"),
        (lambda state: state.update(data={"dict": {}}), "with data"),
    ],
)
def test_bad_states(checkpoint, change, message):
    """Of someone who knows how to mend the checksum."""
    text, tensors = tensor_file.read_tensors(checkpoint)
    description = json.loads(text)
    change(description["training"]["dict"])
    tensor_file.write_tensors(checkpoint, json.dumps(description), tensors)
    with pytest.raises(ValueError, match=message):
        fit(resume=checkpoint)


def test_a_checkpoint_names_the_version(checkpoint):
    state = model_file.read_model(checkpoint).training
    assert (state.epoch, state.batch, bool(state.version)) == (1, 2, True)


# ---- streams ----


def cut_batches(x=X, y=Y):
    return [(x[i : i + 16], y[i : i + 16]) for i in range(0, len(x), 16)]


class Items:
    def __len__(self):
        return 5

    def __getitem__(self, place):
        return cut_batches()[place]


STREAMS = {
    "Batches": (lambda: Batches(X, Y, batch_size=16, block_size=32, seed=3), {}),
    "Batches in blocks": (lambda: Batches(X, Y, batch_size=16, block_size=32, seed=3, shuffle="blocks"), {}),
    "Batches, three an epoch": (lambda: Batches(X, Y, batch_size=16, seed=3), {"steps_per_epoch": 3}),
    "iterable": (lambda: _Again(), {}),
    "items": (Items, {}),
    "items, three an epoch": (Items, {"steps_per_epoch": 3}),
    "generator": (lambda: (batch for _ in range(EPOCHS) for batch in cut_batches()), {"steps_per_epoch": 5}),
}


class _Again:
    def __iter__(self):
        return iter(cut_batches())


@pytest.mark.parametrize("n_batches", [2, 3, 5, 7])
@pytest.mark.parametrize("name", STREAMS)
def test_streams_go_on(name, n_batches, tmp_path):
    make_stream, options = STREAMS[name]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "x: expected 3 batches an epoch, received 2")  # of five
        _, expected = fit(Idle(), x=make_stream(), y=None, **options)
        interrupt(n_batches, BackupAndRestore(tmp_path, 1), x=make_stream(), y=None, **options)
        assert fit(BackupAndRestore(tmp_path, 1), x=make_stream(), y=None, **options)[1] == expected


@pytest.mark.parametrize("name", ["Batches in blocks", "items, three an epoch", "generator"])
def test_streams_of_validation_go_on(name, tmp_path):
    """What is measured comes in another order every epoch, or is of other rows."""
    make_stream, options = STREAMS[name]
    more = {"validation_steps": 3} if options else {}

    def run(*callbacks):
        return fit(*callbacks, validation_data=make_stream(), **more)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "validation_data: x: expected 3 batches an epoch, received 2")  # of five
        _, expected = run(Idle())
        with pytest.raises(Interruption):
            run(Interrupt(8), BackupAndRestore(tmp_path, 1))
        assert run(BackupAndRestore(tmp_path, 1))[1] == expected


def test_another_version_is_a_warning(checkpoint, monkeypatch):
    monkeypatch.setattr("nnfast.config.get_version", lambda: "99.0")
    with pytest.warns(UserWarning, match=r"m: expected nnfast .*, by which it was saved, received 99\.0"):
        assert fit(resume=checkpoint)[1] == fit()[1]


def test_a_later_training_is_another(tmp_path):
    """A folder that two calls of fit share: the first does not take up the second's files."""
    model, _ = fit()
    interrupt(7, BackupAndRestore(tmp_path, 1), model=model)
    with pytest.raises(ValueError, match=r"with epochs of the model before it: 3, received 0$"):
        fit(BackupAndRestore(tmp_path, 1))
    _, expected = fit(model=fit()[0])
    assert fit(BackupAndRestore(tmp_path, 1), model=fit()[0])[1] == expected


def test_another_learning_rate_is_a_warning(tmp_path):
    class Slower(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.1 / (1 + epoch)

    def go_on(rate):
        model = make(SGD(rate))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(Slower(), model=model, resume=tmp_path / "m")
        return digest(model), [str(warning.message) for warning in caught]

    _, expected = fit(Slower(), Idle(), model=make(SGD(0.2)))
    interrupt(8, Slower(), ModelCheckpoint(tmp_path / "m", save_freq=7), model=make(SGD(0.2)))
    assert go_on(0.2) == (expected, [])
    assert go_on(0.05) == (expected, [])  # as a model has it whose training was interrupted
    result, [message] = go_on(0.3)
    assert result == expected
    wanted = "expected learning_rate 0.2, with which it began, received 0.3; training goes on with 0.05"
    assert message == f"{tmp_path / 'm'}: {wanted}"


def test_a_later_initial_epoch(checkpoint):
    assert fit(resume=checkpoint, initial_epoch=1)[1] == fit()[1]
    with pytest.raises(ValueError, match=r"initial_epoch: expected at most 1, with which .*m goes on, received 2"):
        fit(resume=checkpoint, initial_epoch=2)


def test_a_folder_comes_before_a_file(tmp_path):
    """The newer of the two: lines of its epochs are not there twice, and nothing is trained again."""
    folder = tmp_path / "folder"
    interrupt(11, ModelCheckpoint(tmp_path / "m-{epoch}-{batch}", save_freq=3), BackupAndRestore(folder, 10))
    counter = Interrupt(EPOCHS * 5)
    assert fit(counter, BackupAndRestore(folder, 10), resume=tmp_path / "m-1-3")[1] == fit()[1]
    assert counter.left == 10


@pytest.mark.parametrize("seed", ["3", -3, 1.5, None, 2**70])
def test_a_bad_seed_of_batches(seed, tmp_path):
    """In a file whose checksum is right."""
    interrupt(8, ModelCheckpoint(tmp_path / "m", save_freq=7), x=STREAMS["Batches"][0](), y=None)
    text, tensors = tensor_file.read_tensors(tmp_path / "m")
    description = json.loads(text)
    description["training"]["dict"]["source"]["dict"]["data"]["dict"]["seed"] = seed
    tensor_file.write_tensors(tmp_path / "m", json.dumps(description), tensors)
    batches = STREAMS["Batches"][0]()
    with pytest.raises(ValueError, match=r"seed: expected an integer from 0 to \d+, received"):
        fit(x=batches, y=None, resume=tmp_path / "m")
    assert batches.seed == 3


def test_a_drawn_seed_of_batches_is_the_checkpoints(tmp_path):
    def make_batches():
        return Batches(X, Y, batch_size=16, block_size=32)

    whole = make_batches()
    _, expected = fit(Idle(), x=whole, y=None)
    interrupted = make_batches()
    interrupted.seed = whole.seed
    interrupt(8, BackupAndRestore(tmp_path, 1), x=interrupted, y=None)
    other = make_batches()
    assert other.seed != whole.seed
    assert fit(BackupAndRestore(tmp_path, 1), x=other, y=None)[1] == expected


def test_a_stream_that_is_too_short(tmp_path):
    make_stream, options = STREAMS["generator"]
    interrupt(8, BackupAndRestore(tmp_path, 1), x=make_stream(), y=None, **options)
    with pytest.raises(ValueError, match=r"x: expected the 5 batches that were taken before, .* received 2"):
        fit(BackupAndRestore(tmp_path, 1), x=iter(cut_batches()[:2]), y=None, **options)


def test_other_batches_are_refused(tmp_path):
    interrupt(8, BackupAndRestore(tmp_path, 1), x=STREAMS["Batches"][0](), y=None)
    for other, message in (
        (Batches(X, Y, batch_size=16, block_size=32), "seed: 3, received"),
        (Items(), "data, x, shape: "),
    ):
        with pytest.raises(ValueError, match=message):
            fit(BackupAndRestore(tmp_path, 1), x=other, y=None)
