"""BackupAndRestore: the program, run again, goes on as if it had not been interrupted."""

import numpy as np
import pytest
from interruptions import EPOCHS, Interrupt, fit, interrupt, list_files, make

from nnfast import load_model
from nnfast.callbacks import BackupAndRestore, Callback, CSVLogger, EarlyStopping, ModelCheckpoint, TensorBoard
from nnfast.exceptions import ModelFileError


@pytest.mark.parametrize("n_batches", range(0, 5 * EPOCHS, 2))
@pytest.mark.parametrize("save_freq", ["epoch", 1, 4])
def test_goes_on_to_the_same_bits(n_batches, save_freq, tmp_path):
    _, expected = fit()
    interrupt(n_batches, BackupAndRestore(tmp_path, save_freq))
    n_saved = n_batches if save_freq == 1 else n_batches // 5 * 5 if save_freq == "epoch" else n_batches // 4 * 4
    assert list_files(tmp_path) == ([f"step-{n_saved}.safetensors"] if n_saved else [])
    model, result = fit(BackupAndRestore(tmp_path, save_freq))
    assert result == expected
    assert model.history.epoch == [0, 1, 2]
    assert not tmp_path.exists()


def test_interrupted_again_and_again(tmp_path):
    for _ in range(7):
        interrupt(2, BackupAndRestore(tmp_path, 1))
    assert fit(BackupAndRestore(tmp_path, 1))[1] == fit()[1]


def test_files_that_are_kept(tmp_path):
    options = {"double_checkpoint": (True, None), "three": (False, 3), "one": (False, None)}
    expected = {"double_checkpoint": (10, 15), "three": (5, 10, 15), "one": (15,)}
    for name, (double, n) in options.items():
        fit(BackupAndRestore(tmp_path / name, "epoch", double, delete_checkpoint=False, max_to_keep=n))
        assert set(list_files(tmp_path / name)) == {f"step-{step}.safetensors" for step in expected[name]}
    assert load_model(tmp_path / "one" / "step-15.safetensors")._epochs_done == EPOCHS


def test_a_finished_training_has_nothing_left_to_do(tmp_path):
    _, expected = fit(BackupAndRestore(tmp_path, delete_checkpoint=False))
    no_batch = Interrupt(0)
    assert fit(no_batch, BackupAndRestore(tmp_path, delete_checkpoint=False))[1] == expected


def test_more_epochs_than_before(tmp_path):
    fit(BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=2)
    assert fit(BackupAndRestore(tmp_path), epochs=5)[1] == fit(epochs=5)[1]


def test_what_is_the_users_is_not_deleted(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    fit(BackupAndRestore(tmp_path))
    assert list_files(tmp_path) == ["notes.txt"]


def test_the_rest_of_a_killed_write_is_deleted(tmp_path):
    (tmp_path / ".step-3.safetensors.abcd").write_text("a part")
    fit(BackupAndRestore(tmp_path, delete_checkpoint=False))
    assert list_files(tmp_path) == ["step-15.safetensors"]


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def test_the_older_of_two_if_the_newer_is_damaged(tmp_path):
    interrupt(9, BackupAndRestore(tmp_path, 2, double_checkpoint=True))
    damage(tmp_path / "step-8.safetensors")
    with pytest.warns(UserWarning, match=r"step-8.safetensors: .* going on from .*step-6.safetensors"):
        interrupt(1, BackupAndRestore(tmp_path, 1, double_checkpoint=True))
    assert list_files(tmp_path) == ["step-6.safetensors", "step-7.safetensors"]
    assert fit(BackupAndRestore(tmp_path))[1] == fit()[1]


def test_only_damaged_ones_are_an_error(tmp_path):
    interrupt(9, BackupAndRestore(tmp_path, 2))
    damage(tmp_path / "step-8.safetensors")
    model = make()
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=r"step-8\.safetensors"):
        fit(BackupAndRestore(tmp_path), model=model)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert list_files(tmp_path) == ["step-8.safetensors"]


def test_fewer_epochs_than_before_cost_nothing(tmp_path):
    interrupt(8, BackupAndRestore(tmp_path, 1))
    with pytest.raises(
        ValueError, match=r"epochs: expected at least 2, so many has .*step-8.safetensors begun, received 1"
    ):
        fit(BackupAndRestore(tmp_path, 1), epochs=1)
    assert list_files(tmp_path) == ["step-8.safetensors"]


def test_a_folder_that_cannot_be_is_told_of_before_training(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        fit(Interrupt(0), BackupAndRestore(tmp_path / "file"))


def test_two_are_kept_or_more(tmp_path):
    with pytest.raises(ValueError, match="max_to_keep: expected an integer >= 2, received 1"):
        BackupAndRestore(tmp_path, double_checkpoint=True, max_to_keep=1)


# ---- callbacks ----


@pytest.mark.parametrize("n_batches", [3, 5, 8])
def test_callbacks_go_on(n_batches, tmp_path):
    """Wherever they stand in the list."""

    def make_callbacks(folder, saving=()):
        folder.mkdir(exist_ok=True)
        best = ModelCheckpoint(folder / "best", "loss", save_best_only=True)
        stopping = EarlyStopping("loss", patience=1, min_delta=0.05, restore_best_weights=True)
        return [*saving, best, stopping, CSVLogger(folder / "log.csv"), TensorBoard(folder / "tb", update_freq=2)]

    _, expected = fit(*make_callbacks(tmp_path / "whole"), epochs=9)
    folder = tmp_path / "cut"
    interrupt(n_batches, *make_callbacks(folder, [BackupAndRestore(tmp_path / "backup", 1)]), epochs=9)
    callbacks = make_callbacks(folder, [BackupAndRestore(tmp_path / "backup", 1)])
    model, result = fit(*callbacks, epochs=9)
    assert result == expected
    assert 1 < len(model.history.epoch) < 9
    assert (folder / "log.csv").read_bytes() == (tmp_path / "whole" / "log.csv").read_bytes()
    a, b = (load_model(place / "best") for place in (folder, tmp_path / "whole"))
    assert all(np.array_equal(one, other) for one, other in zip(a.get_weights(), b.get_weights(), strict=True))


class Scores(Callback):
    """The second epoch's is the best."""

    def on_epoch_end(self, epoch, logs=None):
        logs["score"] = (0.7, 0.5, 0.6)[epoch]


@pytest.mark.parametrize("is_resumed", [False, True])
def test_the_best_model_stays_the_best(is_resumed, tmp_path):
    """Wherever in the list what goes on stands: it knows what was the best when it was saved."""

    def make_callbacks():
        best = ModelCheckpoint(tmp_path / "best", "score", mode="min", save_best_only=True)
        other = ModelCheckpoint(tmp_path / "{epoch}") if is_resumed else BackupAndRestore(tmp_path / "backup")
        return [other, Scores(), best]

    interrupt(10, *make_callbacks())
    expected = load_model(tmp_path / "best").get_weights()
    fit(*make_callbacks(), **({"resume": tmp_path / "2"} if is_resumed else {}))
    assert all(map(np.array_equal, load_model(tmp_path / "best").get_weights(), expected))


def test_a_log_that_is_appended_to_has_each_epoch_once(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("older\n")
    interrupt(13, BackupAndRestore(tmp_path / "backup", 4), CSVLogger(path, append=True))
    fit(BackupAndRestore(tmp_path / "backup", 4), CSVLogger(path, append=True))
    assert [line.split(",")[0] for line in path.read_text().splitlines()] == ["older", "0", "1", "2"]


def test_states_of_ones_own(tmp_path):
    class Counting(Callback):
        def __init__(self):
            super().__init__()
            self.seen = np.zeros(3)

        def on_epoch_end(self, epoch, logs=None):
            self.seen[epoch] += 1

        def get_state(self):
            return {"seen": self.seen, "nan": float("nan"), "nested": [{"text": "ä"}, None, True]}

        def set_state(self, state):
            assert np.isnan(state["nan"])
            assert state["nested"] == [{"text": "ä"}, None, True]
            self.seen = state["seen"]

    interrupt(12, Counting(), BackupAndRestore(tmp_path))
    counting = Counting()
    fit(counting, BackupAndRestore(tmp_path))
    assert counting.seen.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "arguments",
    [{"backup_dir": ""}, {"backup_dir": 3}, {"save_freq": 0}, {"double_checkpoint": 1}, {"max_to_keep": 0}],
)
def test_arguments(arguments):
    name = next(iter(arguments))
    with pytest.raises(ValueError, match=f"{name}.*: expected .*, received"):
        BackupAndRestore(**({"backup_dir": "b"} | arguments))


def test_the_folder_is_made(tmp_path):
    interrupt(6, BackupAndRestore(str(tmp_path / "a" / "b")))
    assert list_files(tmp_path) == ["step-5.safetensors"]
