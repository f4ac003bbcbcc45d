"""report: the command ``nnfast report``."""

from pathlib import Path

import click

from nnfast import load_model
from nnfast.cli.columns import Columns
from nnfast.cli.display import Display
from nnfast.cli.files import check_distinct, check_writable
from nnfast.cli.loading import DATA, FOLDER, MODEL, TARGET, as_values, load_rows
from nnfast.cli.scores import count_outputs, is_classifier
from nnfast.report import write_report

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Write a page of HTML on a saved model.")
@MODEL
@DATA
@FOLDER
@TARGET
@click.option("--output", type=_FILE, help="The page to write; by default MODEL.html, here.")
def report(model: Path, data: str, folder: Path | None, target: str | None, output: Path | None) -> None:
    """Write a page of HTML on a saved model: how it was trained, how good it is on DATA, and where it errs."""
    display = Display()
    path = output or Path(f"{model.stem}.html")
    check_distinct({"MODEL": model, "DATA": Path(data)}, {"--output": path})
    check_writable("--output", path)
    with display.stage(f"judging {data}"):
        network = load_model(model)
        columns = Columns.from_metadata(network.metadata)
        x, y = load_rows(network, columns, data, folder, target)
        if y is None:
            raise click.UsageError(f"{data}: expected --target COLUMN, the column to compare with, received none.")
        if is_classifier(network):
            y = columns.encode(y, Path(data), max(count_outputs(network), 2))
        else:
            y = as_values(y, data)
        write_report(path, network, x, y, class_names=columns.classes, feature_names=columns.inputs or None)
    display.result(f"report {path}")
