"""file_entries: what writes or reads files: for each a place, what is called, and what must be there whatever happens.

``prepare`` leaves a file of an earlier call, ``look`` is the folder's content.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import nnfast
from nnfast import data
from nnfast.callbacks import ModelCheckpoint
from nnfast.exceptions import DataFileError, ModelFileError
from soak import entry_points
from soak.entry_points import X, Y, look_at_table, make_plain

OLDER = b"an older file"


class FileEntry(NamedTuple):
    prepare: Callable[[Path], Any]
    call: Callable[[Any], Any]
    look: Callable[[Any], Any]
    errors: tuple[type[Exception], ...] = (OSError,)
    leaves: tuple[str, ...] = ("before", "after")


class Place(NamedTuple):
    """A model, and the file it is to be written to."""

    model: nnfast.Sequential
    path: Path


def list_files(place: Place) -> list[Path]:
    return sorted(place.path.parent.iterdir())


def look_at_folder(place: Place) -> Any:
    return [(path.name, path.read_bytes()) for path in list_files(place)]


def make_place(folder: Path, name: str) -> Place:
    """An empty folder but for an older file."""
    own = folder / "own"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    (own / name).write_bytes(OLDER)
    return Place(make_plain(), own / name)


def of_writing(name: str, write: Callable[[Place], Any]) -> FileEntry:
    def call(place: Place) -> Any:
        write(place)
        return place.path.read_bytes()

    def prepare(folder: Path) -> Place:
        place = make_place(folder, name)
        place.model.fit(X, Y, verbose=0)
        return place

    return FileEntry(prepare, call, look_at_folder)


def of_reading(read: Callable[[Path], Any], write: Callable[[Path], Path]) -> FileEntry:
    errors = (OSError, DataFileError, ModelFileError)
    return FileEntry(write, read, lambda path: path.read_bytes(), errors, ("before",))


def checkpoint(place: Place) -> None:
    """Of a training that changes no weight, so that every call writes the same."""
    place.model.compile(nnfast.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    kept = ModelCheckpoint(f"{place.path}.weights.safetensors", save_weights_only=True)
    place.model.fit(X, Y, verbose=0, callbacks=[kept])


def write_report(place: Place) -> None:
    from nnfast.report import write_report

    write_report(place.path, place.model, X, Y)


def write_predictions(place: Place) -> None:
    """``nnfast predict --output``."""
    from nnfast.cli.predict import _write

    _write({"prediction": Y.tolist()}, place.path.suffix, place.path)


def train(place: Place) -> None:
    """``nnfast train --save-config --log`` up to the picture, which is Matplotlib's."""
    from nnfast.cli.job import Job

    folder = place.path.parent
    given = {"data": str(folder.parent / "table.csv"), "target": "kind", "epochs": 1, "seed": 1, "quiet": True}
    job = Job(given | {"model": place.path, "save-config": folder / "run.toml"})
    job._train(job._prepare())


def look_at_training(place: Place) -> Any:
    """What of the files does not tell of the time; there are no others."""
    assert {path.name for path in list_files(place)} <= {place.path.name, "run.toml"}
    trained = place.path.read_bytes() != OLDER and nnfast.load_model(place.path).get_weights()
    return [trained, [(path.name, path.suffix == ".toml" and path.read_text()) for path in list_files(place)]]


def prepare_training(folder: Path) -> Place:
    entry_points.write_table(folder)
    return make_place(folder, "model.safetensors")


WRITERS = {
    "save": of_writing("model.safetensors", lambda place: place.model.save(place.path)),
    "save_weights": of_writing("model.weights.safetensors", lambda place: place.model.save_weights(place.path)),
    "checkpoint": of_writing("model.safetensors", checkpoint),
    "export, ONNX": of_writing("model.onnx", lambda place: place.model.export(place.path)),
    "export, NPZ": of_writing("model.npz", lambda place: place.model.export(place.path)),
    "report": of_writing("report.html", write_report),
    "nnfast predict, CSV": of_writing("predictions.csv", write_predictions),
    "nnfast predict, Parquet": of_writing("predictions.parquet", write_predictions),
    "nnfast train": FileEntry(prepare_training, train, look_at_training, leaves=("before", "between", "after")),
}
READERS = {
    "load_model": of_reading(entry_points.load, entry_points.make_saved),
    "read_csv": of_reading(lambda path: look_at_table(data.read_csv(path, "kind")), entry_points.write_table),
    "read_npz": of_reading(lambda path: look_at_table(data.read_npz(path)), entry_points.write_npz),
    "read_idx": of_reading(data.read_idx, entry_points.write_idx),
    "memory map": of_reading(entry_points.predict_map, entry_points.write_map),
}
ENTRIES = WRITERS | READERS
