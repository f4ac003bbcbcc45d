"""Kills: training that is killed goes on as if it had not been, and no damaged file is taken for a whole one.

Six trainings, of dropout, batch and layer normalization, weights of rows and classes, averages of weights, gathered
gradients, schedules, early stopping, metrics of whole epochs, and `Batches` with a transform, save themselves every
three batches. They are ended by `kill -9` at random instants, half of them at the next write, and started again on
another number of threads and another instruction set. What is left in the end is compared with a training that saved
nothing: weights, optimizer state, counters, learning rate and history.
"""

import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle, product
from pathlib import Path
from typing import Any

import numpy as np

import nnfast
from nnfast import Sequential, _core, load_model
from nnfast.callbacks import ModelCheckpoint
from nnfast.exceptions import ModelFileError
from nnfast.layers import Dense, Dropout, Input
from soak import children
from soak.row import Row, Size
from soak.trainings import BATCH_SIZE, N_EPOCHS, N_ROWS, TRAININGS, X, Y, train


def make_kill_rows(n_kills: int, seed: int) -> Iterator[Row]:
    counts = children.ask("killing.py", [n_kills, seed], 120 + 3 * n_kills)
    if counts is None:
        raise RuntimeError("killing.py ended with an error, or not in time")
    n, writes = counts["kills"], counts["in a write"]
    must = "all checkpoints that are there are whole, and the newest is at most three batches old"
    what = f"{writes:,} of them while a checkpoint was written; at most {counts['most lost']} batches lost"
    yield Row("`kill -9` of checkpointed training", must, n, counts.get("corrupt", 0) + counts["lost"], what)
    failed = counts["other bits"] + counts.get("hung", 0)
    what = f"{counts['starts']:,} starts"
    yield Row(
        "such a training started again until it ends", "the bits of one without kills", counts["ended"], failed, what
    )
    must = "nothing but its checkpoints is in the folder in the end"
    yield Row("what a killed one was writing", must, counts["ended"], counts["litter"])


def make_resume_row(names: list[str], every: int) -> Row:
    """Resume from files that were saved after each batch, each on the next number of threads and instruction set."""
    settings = cycle(product((1, 2, 3, 7), _core.get_runnable_isas()))
    tried = failed = 0
    for name in names:
        expected = train(name)
        with tempfile.TemporaryDirectory() as folder:
            assert train(name, [ModelCheckpoint(Path(folder, "{epoch}-{batch}"), save_freq=1)]) == expected
            files = sorted(Path(folder).iterdir())
            for path in files[::every]:
                n_threads, isa = next(settings)
                nnfast.set_num_threads(n_threads)
                _core.set_isa(isa)
                tried += 1
                failed += train(name, resume=path) != expected
    what = f"{len(names)} trainings, 1 to 7 threads, {' '.join(_core.get_runnable_isas())}"
    must = "the bits of a training that was not interrupted"
    return Row(f"going on after any batch of {N_EPOCHS} epochs", must, tried, failed, what)


# ---- damage ----------------------------------------------------------------------------------------------------------


def write_files(folder: Path) -> dict[str, tuple[Path, Callable[[Path], Any]]]:
    """A model, its weights and a checkpoint of its training, and what reads each."""
    model = Sequential([Input(7), Dense(3, "tanh"), Dropout(0.2), Dense(3, "softmax")], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    checkpoint = folder / "checkpoint.safetensors"
    data = {"x": X[:40], "y": Y[:40], "epochs": 2, "verbose": 0}
    model.fit(**data, callbacks=[ModelCheckpoint(checkpoint, save_freq=3)])
    whole, weights = folder / "model.safetensors", folder / "m.weights.safetensors"
    model.save(whole)
    model.save_weights(weights)
    return {
        "model": (whole, load_model),
        "weights": (weights, model.load_weights),
        "checkpoint": (checkpoint, lambda path: model.fit(**data, resume=path)),
    }


def is_refused(path: Path, read: Callable[[Path], Any]) -> bool:
    try:
        read(path)
    except ModelFileError:
        return True
    except Exception:
        return False
    return False


def make_damage_rows(every: int, seed: int) -> Iterator[Row]:
    rng = np.random.default_rng(seed)
    flips, cuts, sizes = [0, 0], [0, 0], []
    with tempfile.TemporaryDirectory() as folder:
        damaged = Path(folder, "damaged.weights.safetensors")
        for name, (path, read) in write_files(Path(folder)).items():
            content = path.read_bytes()
            sizes.append(f"{name} {len(content):,}")
            for place in range(0, len(content), every):
                flipped = bytearray(content)
                flipped[place] ^= 1 << int(rng.integers(8))
                for counts, bytes_ in ((flips, flipped), (cuts, content[:place])):
                    damaged.write_bytes(bytes_)
                    counts[0] += 1
                    counts[1] += not is_refused(damaged, read)
    what = f"bytes: {', '.join(sizes)}"
    yield Row("one bit flipped, in any byte of a saved file", "`ModelFileError`", *flips, what)
    yield Row("a saved file cut at any byte", "`ModelFileError`", *cuts, what)


def rows(size: Size) -> Iterator[Row]:
    yield from make_kill_rows(size.pick(20, 1000), size.seed)
    n_batches = N_EPOCHS * -(-N_ROWS // BATCH_SIZE)
    yield make_resume_row(size.pick(list(TRAININGS)[-2:], list(TRAININGS)), size.pick(n_batches // 5, 1))
    yield from make_damage_rows(size.pick(61, 1), size.seed)
