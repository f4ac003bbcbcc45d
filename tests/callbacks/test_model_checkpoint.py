"""ModelCheckpoint by batches, and what is told of a number that is watched and not there."""

import pytest
from problems import hash_weights, make_classes, make_classifier

from nnfast import load_model
from nnfast.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint, ReduceLROnPlateau

X, Y = make_classes(64)  # two batches


def fit(*callbacks, epochs=2, **options):
    model = make_classifier(rate=0.2)
    return model, model.fit(X, Y, epochs=epochs, verbose=0, callbacks=list(callbacks), **options)


def test_saved_models_train_on(tmp_path):
    """From the end of an epoch to the bit, from its middle by beginning it again."""
    whole, _ = fit(ModelCheckpoint(tmp_path / "{epoch}-{batch}", save_freq=1), epochs=3)
    for name, epochs_done, step in (("1-1", 0, 1), ("1-2", 1, 2), ("2-1", 1, 3), ("2-2", 2, 4)):
        model = load_model(tmp_path / name)
        assert (model._epochs_done, model._learner.state.step) == (epochs_done, step)
        model.fit(X, Y, epochs=3 - epochs_done, verbose=0)
        assert (hash_weights(model) == hash_weights(whole)) is name.endswith("2")


def test_names_of_batches(tmp_path):
    losses = []
    keep = LambdaCallback(on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]))
    fit(keep, ModelCheckpoint(tmp_path / "{epoch:02d}-{batch:03d}-{loss:.6f}", save_freq=3))
    assert [path.name for path in tmp_path.iterdir()] == [f"02-001-{losses[2]:.6f}"]


def test_best_of_batches(tmp_path):
    """In Keras 3.15 this fails in the first epoch."""
    losses = iter([3.0, 2.0, 2.5, 1.0])
    script = LambdaCallback(on_train_batch_end=lambda batch, logs: logs.update(loss=next(losses)))
    fit(script, ModelCheckpoint(tmp_path / "{epoch}-{batch}", "loss", save_freq=1, save_best_only=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-1", "1-2", "2-2"]


def test_batches_are_only_cut_if_counted(tmp_path):
    assert not ModelCheckpoint(tmp_path / "m").listens("on_train_batch_end")
    assert ModelCheckpoint(tmp_path / "m", save_freq=5).listens("on_train_batch_end")


def test_it_tells_if_asked(tmp_path, caplog):
    scores = [3.0, 4.0]
    script = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(score=scores[epoch]))
    path = tmp_path / "m"
    fit(script, ModelCheckpoint(path, "score", mode="min", save_best_only=True, verbose=1))
    assert caplog.messages == [
        "Epoch 1: score improved from None to 3.0",
        f"Epoch 1: saved model to {path}",
        "Epoch 2: score did not improve from 3.0",
    ]


# ---- what is watched ----

WATCHERS = {
    "EarlyStopping": lambda folder, **a: EarlyStopping(**a),
    "ReduceLROnPlateau": lambda folder, **a: ReduceLROnPlateau(**a),
    "ModelCheckpoint": lambda folder, **a: ModelCheckpoint(folder / "m", save_best_only=True, **a),
}


@pytest.mark.parametrize("name", WATCHERS)
def test_a_number_that_is_not_there_is_warned_of_once(name, tmp_path):
    """With the names there are; ReduceLROnPlateau has added one."""
    watcher = WATCHERS[name](tmp_path)
    message = f"{name}: monitor: expected one of 'loss', 'accuracy'.*, received 'val_loss'"
    for _ in range(2):  # once a training
        with pytest.warns(UserWarning, match=message) as caught:
            _, history = fit(watcher, epochs=4)
        assert len(caught) == 1
        assert history.epoch == [0, 1, 2, 3]


def test_the_warning_comes_before_the_first_epoch_that_counts():
    with pytest.warns(UserWarning, match="did you mean 'loss'"):
        fit(EarlyStopping("val_los", mode="min", start_from_epoch=100), epochs=1)


@pytest.mark.parametrize("name", WATCHERS)
def test_an_unknown_direction_is_an_error_before_training(name, tmp_path):
    begun = []
    message = f"{name}: mode: expected 'min' or 'max' for 'score', .* received 'auto' .*it reports 'loss', 'accuracy'"
    with pytest.raises(ValueError, match=message):
        fit(WATCHERS[name](tmp_path, monitor="score"), LambdaCallback(on_epoch_begin=lambda *a: begun.append(a)))
    assert not begun


def test_a_checkpoint_of_all_needs_no_direction(tmp_path):
    fit(ModelCheckpoint(tmp_path / "m", "score"))
    assert (tmp_path / "m").exists()
