"""loading: the data that settings name."""

from pathlib import Path

import click
import numpy as np

from nnfast.cli.compiling import Settings
from nnfast.cli.image_sets import IMAGE_SETS, load_image_task
from nnfast.cli.tasks import Array, Part, Task, load_csv_task


def load_task(settings: Settings) -> Task:
    """Load what to train on."""
    name = settings["data"]
    if name in IMAGE_SETS:
        return load_image_task(name, settings["folder"], settings["seed"])
    seed, drop = settings["seed"], settings["drop"] or ()
    return load_csv_task(Path(name), settings["target"], settings["kind"], settings["test-split"], seed, drop)


def load_validation(settings: Settings, task: Task) -> Part | None:
    """Load what is measured after each epoch, if it is a table of its own."""
    path: Path | None = settings["validation-data"]
    if path is None:
        return None
    if task.columns.target is None:
        raise click.UsageError(f"--validation-data: expected none for {task.name}, which has no target column.")
    x, y = task.columns.read_table(path, None, task.train.x.shape[1])
    if y is None:
        raise click.UsageError(f"--validation-data: expected a table with {task.columns.target!r}, received none.")
    classes = task.columns.classes
    return Part(x, as_values(y, path) if classes is None else task.columns.encode(y, path, len(classes)))


def as_values(y: Array, path: Path | str) -> Array:
    """Return a target of numbers."""
    if y.dtype.kind == "U":
        raise click.UsageError(f"{path}: expected numbers to compare with, received text.")
    return y.astype(np.float64)
