"""info: the command ``nnfast info``."""

import json
from pathlib import Path
from typing import Any

import click

from nnfast import Sequential, load_model, show_config
from nnfast.callbacks.progress import describe
from nnfast.cli.columns import Columns
from nnfast.cli.display import count
from nnfast.cli.loading import JSON
from nnfast.cli.record import KEY, Record, find_record, get_record
from nnfast.cli.run_file import write_run_file


@click.command(short_help="Show a saved model, or what nnfast runs on.")
@click.argument("model", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--config", is_flag=True, help="Write the options of the model's run as TOML for train --config.")
@JSON
def info(model: Path | None, **wanted: bool) -> None:
    """Show a saved model: its layers, and the run that made it; without one, what nnfast runs on."""
    if model is None:
        if wanted["config"]:
            raise click.UsageError("--config: expected a model, received none.")
        _show_config(wanted["json"])
        return
    network = load_model(model)
    columns = Columns.from_metadata(network.metadata)
    if wanted["config"]:
        click.echo(write_run_file(get_record(network.metadata, model)["settings"]), nl=False)
    elif wanted["json"]:
        click.echo(json.dumps(_as_document(network, columns)))
    else:
        _show(network, columns)


def _show_config(as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(show_config("dicts")))
    else:
        show_config()


def _as_document(network: Sequential, columns: Columns) -> dict[str, Any]:
    return {
        **network.get_config(),
        "params": network.count_params(),
        "optimizer": network.optimizer and network.optimizer.names[0],
        "loss": network.loss and network.loss.names[0],
        "target": columns.target,
        "features": list(columns.features),
        "classes": columns.classes and list(columns.classes),
        KEY: find_record(network.metadata),
    }


def _show(network: Sequential, columns: Columns) -> None:
    network.summary()
    click.echo(f"Type: {network.dtype}, seed {network.seed}")
    if network.loss and network.optimizer:
        click.echo(f"Trained with: {network.optimizer.names[0]} on {network.loss.names[0]}")
    if columns.target is not None:
        click.echo(f"Predicts: {columns.target} from {_shorten(columns.features)}")
    if columns.classes is not None:
        click.echo(f"Classes: {_shorten(columns.classes)}")
    if record := find_record(network.metadata):
        _show_record(record)


def _show_record(record: Record) -> None:
    """Write the run in some lines."""
    machine, n_epochs = record["machine"], len(record["history"]["epoch"])
    rows = ", ".join(f"{number:,} {part}" for part, number in record["rows"].items())
    click.echo(f"Run: {record['data']} ({rows} rows), begun {record['started']}, nnfast {record['nnfast']}")
    speed = record["samples_per_second"]
    rate = f", {speed:,.0f} samples/s" if speed else ""
    epochs, threads = count(n_epochs, "epoch"), count(record["threads"], "thread")
    click.echo(f"Training: {epochs} in {record['seconds']:.1f} s{rate}, {threads}")
    click.echo(f"Machine: {machine['cpu']}, {machine['isa']}, {count(machine['cores'], 'core')}")
    if record["test"]:
        click.echo(f"Test: {describe({name: value for name, value in record['test'].items() if value is not None})}")


def _shorten(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:10])}, ... {names[-1]} ({len(names)} in all)"
