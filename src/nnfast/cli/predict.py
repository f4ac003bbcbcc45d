"""predict: the command ``nnfast predict``."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from nnfast import Sequential, load_model
from nnfast.cli.columns import Columns
from nnfast.cli.display import Display
from nnfast.cli.files import check_distinct, check_writable
from nnfast.cli.image_sets import IMAGE_SETS
from nnfast.cli.loading import DATA, FOLDER, JSON, MODEL, TARGET, load_rows
from nnfast.cli.scores import choose_classes, is_classifier
from nnfast.cli.tasks import Array
from nnfast.data.files import read_table
from nnfast.report.subject import as_probabilities
from nnfast.saving.atomic_write import write_atomically

_FORMATS = (".csv", ".json", ".jsonl", ".parquet")

Lists = dict[str, list[Any]]
"""Name of a column -> what is in it."""


@click.command(short_help="Write a saved model's predictions.")
@MODEL
@DATA
@FOLDER
@TARGET
@click.option("--id", "id_column", metavar="COLUMN", help="A column of the table to stand beside the predictions.")
@click.option("--proba/--no-proba", default=True, help="Whether classifiers give probabilities too.  [default: on]")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Instead of standard output; its ending chooses the format: .csv, .json, .jsonl or .parquet.",
)
@JSON
def predict(
    model: Path, data: str, folder: Path | None, target: str | None, id_column: str | None, **wanted: Any
) -> None:
    """Write a saved model's predictions: a row for each row of DATA, with the outputs they are made from.

    CSV, or with --json one array of objects.
    """
    output: Path | None = wanted["output"]
    ending = (".json" if wanted["json"] else ".csv") if output is None else output.suffix.lower()
    if ending not in _FORMATS:
        raise click.UsageError(f"--output: expected a name with {', '.join(_FORMATS)}, received {output}.")
    check_distinct({"MODEL": model, "DATA": Path(data)}, {"--output": output})
    if output is not None:
        check_writable("--output", output)
    display = Display(stderr=True)
    with display.stage(f"predicting {data}"):
        network = load_model(model)
        columns = Columns.from_metadata(network.metadata)
        ids = {} if id_column is None else _read_ids(data, id_column)
        x, _ = load_rows(network, columns, data, folder, target, with_target=False)
        predictions = _list_predictions(network, columns, network.predict(x), wanted["proba"])
        if ids.keys() & predictions.keys():
            raise click.UsageError(f"--id: expected a name that no column of predictions has, received {id_column}.")
    _write(ids | predictions, ending, output)
    if output is not None:
        display.note(f"predictions {output}")


def _read_ids(data: str, column: str) -> Lists:
    if data in IMAGE_SETS:
        raise click.UsageError(f"--id: expected a table, received {data}, which has no columns.")
    table = read_table(Path(data), column, text=[column])
    assert table.y is not None
    assert table.target_name is not None
    return {table.target_name: table.y.tolist()}


def _list_predictions(network: Sequential, columns: Columns, outputs: Array, with_probabilities: bool) -> Lists:
    """Return predictions, and of classes their probabilities, as columns."""
    if not is_classifier(network):
        several = outputs.shape[1] > 1
        return {f"prediction_{i}" if several else "prediction": _round(part) for i, part in enumerate(outputs.T)}
    probabilities = as_probabilities(network, outputs)
    names = columns.get_names(probabilities.shape[1])
    lists: Lists = {"prediction": [names[chosen] for chosen in choose_classes(outputs)]}
    if with_probabilities:
        lists |= {f"p_{name}": _round(part, 6) for name, part in zip(names, probabilities.T, strict=True)}
    return lists


def _round(values: Array, n_digits: int = 0) -> list[float]:
    """Return numbers with so many digits, or those that their type has."""
    n_digits = n_digits or (9 if values.dtype == np.float32 else 17)
    return [float(f"{value:.{n_digits}g}") for value in values.tolist()]


def _write(lists: Lists, ending: str, output: Path | None) -> None:
    if ending == ".parquet":
        assert output
        _write_parquet(lists, output)
        return
    text = {".csv": _as_csv, ".json": _as_json, ".jsonl": _as_json_lines}[ending](lists)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomically(output, text.encode())


def _as_csv(lists: Lists) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(lists)
    writer.writerows(zip(*lists.values(), strict=True))
    return text.getvalue()


def _as_objects(lists: Lists) -> list[dict[str, Any]]:
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _as_json(lists: Lists) -> str:
    return json.dumps(_as_objects(lists)) + "\n"


def _as_json_lines(lists: Lists) -> str:
    return "".join(json.dumps(row) + "\n" for row in _as_objects(lists))


def _write_parquet(lists: Lists, output: Path) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise click.UsageError("--output: Parquet needs pyarrow: pip install pyarrow.") from error
    content = io.BytesIO()
    parquet.write_table(pa.table(lists), content)
    write_atomically(output, content.getvalue())
