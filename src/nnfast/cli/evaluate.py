"""evaluate: the command ``nnfast evaluate``."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import click

from nnfast import Sequential, load_model
from nnfast.callbacks.progress import describe
from nnfast.cli.columns import Columns
from nnfast.cli.display import Display
from nnfast.cli.image_sets import IMAGE_SETS
from nnfast.cli.loading import DATA, FOLDER, JSON, MODEL, TARGET, as_values, load_rows
from nnfast.cli.option import collect_list
from nnfast.cli.per_class import describe_classes, format_classes
from nnfast.cli.scores import Score, count_outputs, is_classifier, score_classes, score_values
from nnfast.cli.tasks import Array
from nnfast.preprocessing import to_categorical
from nnfast.report.classification import count_pairs


class _Measurement(NamedTuple):
    """What a model is worth."""

    n_rows: int
    score: Score
    figures: dict[str, float]
    """Loss and metrics."""
    names: tuple[str, ...]
    """Of classes; none of values."""
    pairs: Array | None
    """See `count_pairs`; None for values."""


@click.command(short_help="Measure a saved model.")
@MODEL
@DATA
@FOLDER
@TARGET
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Beside those of the training.")
@click.option("--per-class", is_flag=True, help="Also precision, recall and mistakes of each class.")
@JSON
def evaluate(model: Path, data: str, metrics: tuple[str, ...], **wanted: Any) -> None:
    """Measure a saved model: on the test part of a data set, or on all rows of a table."""
    display = Display(stderr=wanted["json"])
    with display.stage(f"evaluating {data}"):
        network = load_model(model)
        columns = Columns.from_metadata(network.metadata)
        x, y = load_rows(network, columns, data, wanted["folder"], wanted["target"])
        if y is None:
            raise click.UsageError(f"{data}: expected --target COLUMN, the column to compare with, received none.")
        measure = _measure_classes if is_classifier(network) else _measure_values
        found = measure(network, columns, x, y, data, collect_list(metrics))
    if wanted["per_class"] and found.pairs is None:
        raise click.UsageError("--per-class: expected a classifier, received a model of values.")
    if wanted["json"]:
        click.echo(json.dumps(_as_document(found)))
    else:
        _show(found, display, wanted["per_class"])


def _measure_classes(
    network: Sequential, columns: Columns, x: Array, y: Array, data: str, metrics: list[str]
) -> _Measurement:
    names = columns.get_names(max(count_outputs(network), 2))
    labels = columns.encode(y, Path(data), len(names))
    score = score_classes(network.predict(x), labels, _name_part(data))
    takes_labels = network.loss is None or network.loss.takes_labels or count_outputs(network) == 1
    targets = labels if takes_labels else to_categorical(labels, len(names))
    figures = _list_figures(network, x, targets, metrics)
    return _Measurement(len(x), score, figures, names, count_pairs(labels, score.predictions, len(names)))


def _measure_values(
    network: Sequential, columns: Columns, x: Array, y: Array, data: str, metrics: list[str]
) -> _Measurement:
    values = as_values(y, data)
    score = score_values(network.predict(x), values, _name_part(data))
    return _Measurement(len(x), score, _list_figures(network, x, values, metrics), (), None)


def _name_part(data: str) -> str:
    return "test " if data in IMAGE_SETS else ""


def _list_figures(network: Sequential, x: Array, targets: Array, metrics: list[str]) -> dict[str, float]:
    """Return loss and metrics, those of the training and more."""
    if network.loss is None:
        if metrics:
            raise click.UsageError("--metric: expected a model that was compiled with a loss, received another.")
        return {}
    known = {metric.name for metric in network.metrics}
    more = [name for name in dict.fromkeys(metrics) if name not in known]
    network.compile(network.optimizer or "adam", network.loss, [*network.metrics, *more])
    logs = network.evaluate(x, targets, verbose=0, return_dict=True)
    assert isinstance(logs, dict)
    return logs


def _as_document(found: _Measurement) -> dict[str, Any]:
    document: dict[str, Any] = {"rows": found.n_rows, **found.figures, **found.score.figures}
    if found.pairs is not None:
        document |= {"classes": describe_classes(found.pairs, found.names), "confusion": found.pairs.tolist()}
    return document


def _show(found: _Measurement, display: Display, per_class: bool) -> None:
    if per_class and found.pairs is not None:
        display.result(format_classes(found.pairs, found.names))
    others = {name: value for name, value in found.figures.items() if name not in found.score.figures}
    if others:
        display.result(describe(others))
    display.result(found.score.text)
