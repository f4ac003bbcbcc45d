"""evaluate: the commands ``nnfast evaluate`` and ``nnfast predict``."""

import csv
import io
from pathlib import Path
from typing import Any, TextIO

import click
import numpy as np
from numpy.typing import NDArray

from nnfast import Sequential, load_model
from nnfast.cli.columns import Columns
from nnfast.cli.display import Display
from nnfast.cli.image_sets import IMAGE_SETS, load_image_task
from nnfast.cli.scores import choose_classes, score_classes, score_values
from nnfast.layers import Activation, Dense

Array = NDArray[Any]

_EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.option(
    "--data", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Where mnist's files are."
)
_TARGET = click.option("--target", metavar="COLUMN", help="The column to predict; by default the one trained for.")


@click.command()
@click.argument("model", type=_EXISTING_FILE)
@click.argument("data", metavar="digits|mnist|FILE.csv")
@_FOLDER
@_TARGET
def evaluate(model: Path, data: str, folder: Path | None, target: str | None) -> None:
    """Measure a saved model: on the test part of digits or mnist, or on all rows of a table."""
    display = Display()
    with display.stage(f"evaluating {data}"):
        network = load_model(model)
        columns = Columns.from_metadata(network.metadata)
        x, y = _load(network, columns, data, folder, target)
        outputs = network.predict(x)
    if y is None:
        raise click.UsageError(f"{data}: expected --target COLUMN, the column to compare with, received none.")
    where = "test " if data in IMAGE_SETS else ""
    if _is_classifier(network):
        score = score_classes(outputs, columns.encode(y, Path(data), max(outputs.shape[1], 2)), where)
    else:
        score = score_values(outputs, _as_values(y, data), where)
    display.result(score.text)


@click.command()
@click.argument("model", type=_EXISTING_FILE)
@click.argument("data", metavar="digits|mnist|FILE.csv")
@_FOLDER
@_TARGET
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="A CSV file instead of standard output."
)
def predict(model: Path, data: str, folder: Path | None, target: str | None, output: Path | None) -> None:
    """Write a saved model's predictions as CSV: a row for each row of DATA, with the outputs they are made from."""
    display = Display(stderr=True)
    text = io.StringIO()
    with display.stage(f"predicting {data}"):
        network = load_model(model)
        columns = Columns.from_metadata(network.metadata)
        x, _ = _load(network, columns, data, folder, target, with_target=False)
        _write(text, network, columns, network.predict(x))
    if output is None:
        click.echo(text.getvalue(), nl=False)
    else:
        output.write_text(text.getvalue(), encoding="utf-8", newline="")
        display.note(f"predictions {output}")


def _load(
    network: Sequential, columns: Columns, data: str, folder: Path | None, target: str | None, with_target: bool = True
) -> tuple[Array, Array | None]:
    if data in IMAGE_SETS:
        return load_image_task(data, folder, 0).test
    return columns.read_table(Path(data), target, len(network.get_weights()[0]), with_target=with_target)


def _is_classifier(network: Sequential) -> bool:
    """Return whether the outputs are probabilities."""
    last = network.layers[-1]
    return isinstance(last, Dense | Activation) and last.activation.names[0] in ("softmax", "sigmoid")


def _as_values(y: Array, data: str) -> Array:
    if y.dtype.kind == "U":
        raise click.UsageError(f"{data}: expected numbers to compare with, received text.")
    return y.astype(np.float64)


def _write(file: TextIO, network: Sequential, columns: Columns, outputs: Array) -> None:
    writer = csv.writer(file, lineterminator="\n")
    if not _is_classifier(network):
        writer.writerow(
            [f"prediction_{i}" for i in range(outputs.shape[1])] if outputs.shape[1] > 1 else ["prediction"]
        )
        writer.writerows(outputs.tolist())
        return
    n_classes = max(outputs.shape[1], 2)
    names = columns.classes or tuple(map(str, range(n_classes)))
    probabilities = outputs if outputs.shape[1] > 1 else np.hstack([1 - outputs, outputs])
    writer.writerow(["prediction", *(f"p_{name}" for name in names)])
    for chosen, row in zip(choose_classes(outputs), probabilities.tolist(), strict=True):
        writer.writerow([names[chosen], *(f"{value:.6g}" for value in row)])
