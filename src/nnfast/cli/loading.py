"""loading: the data that settings name."""

from pathlib import Path

import click
import numpy as np
from click.shell_completion import CompletionItem

from nnfast import Sequential
from nnfast.cli.columns import Columns
from nnfast.cli.compiling import Settings
from nnfast.cli.image_sets import IMAGE_SETS, load_image_task
from nnfast.cli.options import BY_NAME
from nnfast.cli.tasks import Array, Part, Task, load_csv_task

_EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER_TYPE = click.Path(file_okay=False, path_type=Path)


def complete_data(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the data sets whose names begin so, and let the shell add files."""
    names = [CompletionItem(name) for name in IMAGE_SETS if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


MODEL = click.argument("model", type=_EXISTING_FILE)
DATA = click.argument("data", metavar="DATA", shell_complete=complete_data)
FOLDER = click.option(
    *("--folder", "--data", "folder"),
    type=_FOLDER_TYPE,
    metavar="FOLDER",
    help="Where the files of mnist and its like are; without it they are downloaded.",
)
TARGET = click.option("--target", metavar="COLUMN", help="The column to predict; by default the one trained for.")
JSON = click.option("--json", is_flag=True, help="Write one JSON document, and all else to standard error.")
"""What commands that use a model share."""


def load_task(settings: Settings) -> Task:
    """Load what to train on."""
    name = settings["data"]
    if name in IMAGE_SETS:
        _check_no_table(settings)
        return load_image_task(name, settings["folder"], settings["seed"])
    seed, drop = settings["seed"], settings["drop"] or ()
    return load_csv_task(Path(name), settings["target"], settings["kind"], settings["test-split"], seed, drop)


def _check_no_table(settings: Settings) -> None:
    """Check that nothing is said of columns or of splitting, of which a data set knows nothing."""
    for name in ("target", "kind", "drop", "test-split"):
        if settings[name] not in (BY_NAME[name].default, []):
            raise click.UsageError(f"--{name}: expected a table, received {settings['data']}, a data set.")


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


def load_rows(
    network: Sequential,
    columns: Columns,
    data: str,
    folder: Path | None,
    target: str | None,
    *,
    with_target: bool = True,
) -> tuple[Array, Array | None]:
    """Load features, and targets if they are there: the test part of a data set, or all rows of a table."""
    if data in IMAGE_SETS:
        return load_image_task(data, folder, 0).test
    return columns.read_table(Path(data), target, network._get_built()[0].in_size, with_target=with_target)


def as_values(y: Array, path: Path | str) -> Array:
    """Return a target of numbers."""
    if y.dtype.kind == "U":
        raise click.UsageError(f"{path}: expected numbers to compare with, received text.")
    return y.astype(np.float64)
