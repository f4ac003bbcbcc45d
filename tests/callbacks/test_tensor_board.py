"""TensorBoard: what is written, by a stand-in for tensorboardX and, where it is installed, by tensorboardX."""

import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from problems import make_classes, make_classifier

from nnfast import Sequential
from nnfast.callbacks import LambdaCallback, LearningRateScheduler, TensorBoard
from nnfast.layers import BatchNormalization, Dense, LayerNormalization, Normalization

X, Y = make_classes(64)  # two batches


class SummaryWriter:
    """Writes its calls to a file, as tensorboardX writes events."""

    def __init__(self, logdir, filename_suffix):
        Path(logdir).mkdir(parents=True, exist_ok=True)
        self.file = Path(logdir, "calls.json").open("a")  # noqa: SIM115

    def write(self, tag, step, value):
        self.file.write(json.dumps([tag, step, value]) + "\n")

    def add_scalar(self, tag, value, step):
        self.write(tag, step, float(value))

    def add_histogram(self, tag, values, step):
        self.write(tag, step, [float(values.min()), float(values.max()), values.size])

    def add_text(self, tag, text, step):
        self.write(tag, step, text)

    def flush(self):
        self.file.flush()

    def close(self):
        self.file.close()


def read_calls(folder):
    return [tuple(json.loads(line)) for line in Path(folder, "calls.json").read_text().splitlines()]


def read_events(folder):
    """The records of tensorboardX's files: length, checksum, event, checksum."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(Path(folder).iterdir()):
        data = path.read_bytes()
        while data:
            size = int.from_bytes(data[:8], "little")
            event, data = Event.FromString(data[12 : 12 + size]), data[16 + size :]
            found += [(value.tag, event.step, read_value(value)) for value in event.summary.value]
    return found


def read_value(value):
    kind = value.WhichOneof("value")
    if kind == "histo":
        return [value.histo.min, value.histo.max, value.histo.num]
    return value.simple_value if kind == "simple_value" else value.tensor.string_val[0].decode()


@pytest.fixture(params=["stand-in", *(["tensorboardX"] if importlib.util.find_spec("tensorboardX") else [])])
def read(request, monkeypatch):
    """Makes the writer; returns what reads a folder: (tag, step, value)."""
    if request.param == "tensorboardX":
        return read_events
    module = types.ModuleType("tensorboardX")
    module.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    return read_calls


def fit(*callbacks, epochs=2, **options):
    model = make_classifier()
    return model, model.fit(X, Y, epochs=epochs, verbose=0, callbacks=list(callbacks), **options).history


def test_epochs(read, tmp_path):
    """Tags, folders and steps are Keras'."""
    scheduler = LearningRateScheduler(lambda epoch: 0.5**epoch)
    _, history = fit(scheduler, TensorBoard(tmp_path, write_graph=False), validation_split=0.25)
    for part, prefix in (("train", ""), ("validation", "val_")):
        found = {(tag, step): value for tag, step, value in read(tmp_path / part)}
        names = ["loss", "accuracy", *([] if prefix else ["learning_rate"])]
        assert set(found) == {(f"epoch_{name}", epoch) for name in names for epoch in range(2)}
        for (tag, epoch), value in found.items():
            assert value == pytest.approx(history[prefix + tag.removeprefix("epoch_")][epoch], rel=1e-6)
    assert {path.name for path in tmp_path.iterdir()} == {"train", "validation"}


def test_the_rate_is_written_without_a_scheduler(read, tmp_path):
    fit(TensorBoard(tmp_path))
    rates = [value for tag, _, value in read(tmp_path / "train") if tag == "epoch_learning_rate"]
    np.testing.assert_allclose(rates, [1e-3, 1e-3], rtol=1e-6)


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (1, [1, 2, 3, 4, 5, 6]), (4, [4])])
def test_batches(read, tmp_path, update_freq, steps):
    seen = []
    keep = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"]))
    fit(keep, TensorBoard(tmp_path, update_freq=update_freq), epochs=3)
    found = {step: value for tag, step, value in read(tmp_path / "train") if tag == "batch_loss"}
    assert list(found) == steps
    np.testing.assert_allclose(list(found.values()), [seen[step - 1] for step in steps], rtol=1e-6)


def test_histograms_of_weights(read, tmp_path):
    model, _ = fit(TensorBoard(tmp_path, histogram_freq=2), epochs=3)
    found = {(tag, step): value for tag, step, value in read(tmp_path / "train") if tag.endswith("/histogram")}
    tags = [f"{layer}/{name}/histogram" for layer in ("dense", "dense_1") for name in ("kernel", "bias")]
    assert list(found) == [(tag, epoch) for epoch in (0, 2) for tag in tags]
    for tag, values in zip(tags, model.get_weights()):
        np.testing.assert_allclose(found[tag, 2], [values.min(), values.max(), values.size], rtol=1e-6)


def test_histograms_of_normalization_layers(read, tmp_path):
    """Moving statistics too; what Normalization is given is no weight."""
    stack = [Normalization(mean=0.5, variance=2), BatchNormalization(), Dense(3), LayerNormalization(center=False)]
    model = Sequential([*stack, Dense(len(set(Y)), "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0, callbacks=[TensorBoard(tmp_path, histogram_freq=1)])
    found = {tag: value for tag, _, value in read(tmp_path / "train") if tag.endswith("/histogram")}
    names = {
        "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
        "dense": ("kernel", "bias"),
        "layer_normalization": ("gamma",),
        "dense_1": ("kernel", "bias"),
    }
    assert list(found) == [f"{layer}/{name}/histogram" for layer, each in names.items() for name in each]
    for seen, values in zip(found.values(), model.get_weights(), strict=True):
        np.testing.assert_allclose(seen, [values.min(), values.max(), values.size], rtol=1e-6)


def test_the_table_of_layers(read, tmp_path):
    fit(TensorBoard(tmp_path))
    [(_, step, text)] = [event for event in read(tmp_path / "train") if event[0].startswith("model")]
    assert step == 0
    assert "dense_1 (Dense)" in text
    assert "Total params: 83" in text


def test_another_training_goes_on_in_the_folder(read, tmp_path):
    board = TensorBoard(tmp_path, write_graph=False, update_freq="batch")
    for _ in range(2):
        fit(board, epochs=1)
    steps = [step for tag, step, _ in read(tmp_path / "train") if tag == "batch_loss"]
    assert steps == [1, 2, 1, 2]


def test_batches_are_only_cut_if_written():
    assert not TensorBoard().listens("on_train_batch_end")
    assert TensorBoard(update_freq=100).listens("on_train_batch_end")
    assert TensorBoard().listens("on_epoch_end")


def test_writers_are_closed_after_an_error(read, tmp_path):
    board = TensorBoard(tmp_path)

    def fail(epoch, logs):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fit(board, LambdaCallback(on_epoch_end=fail))
    assert not board._writers
    assert "epoch_loss" in [tag for tag, _, _ in read(tmp_path / "train")]


def test_without_tensorboardx(monkeypatch, tmp_path):
    """An error that says what to do, before anything is trained."""
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    trained = []
    with pytest.raises(ImportError, match="TensorBoard needs tensorboardX: pip install tensorboardX"):
        fit(TensorBoard(tmp_path), LambdaCallback(on_epoch_begin=lambda epoch, logs: trained.append(epoch)))
    assert not trained


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *(("log_dir", bad) for bad in (3, None, b"logs")),
        *(("histogram_freq", bad) for bad in (-1, 0.5, True, None)),
        *(("update_freq", bad) for bad in (0, -1, 1.5, "epochs", None)),
        *(("write_graph", bad) for bad in (1, None)),
        *((name, True) for name in ("write_images", "write_steps_per_second")),
        *((name, 2) for name in ("profile_batch", "embeddings_freq", "embeddings_metadata")),
    ],
)
def test_bad_arguments(name, bad):
    with pytest.raises(ValueError, match=rf"^{name}.*: expected .*, received"):
        TensorBoard(**{name: bad})
