"""info: the command ``nnfast info``."""

from pathlib import Path

import click

from nnfast import load_model, show_config
from nnfast.cli.columns import Columns


@click.command()
@click.argument("model", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def info(model: Path | None) -> None:
    """Show a saved model's layers; without one, what nnfast runs on."""
    if model is None:
        show_config()
        return
    network = load_model(model)
    columns = Columns.from_metadata(network.metadata)
    network.summary()
    click.echo(f"Type: {network.dtype}, seed {network.seed}")
    if network.loss and network.optimizer:
        click.echo(f"Trained with: {network.optimizer.names[0]} on {network.loss.names[0]}")
    if columns.target is not None:
        click.echo(f"Predicts: {columns.target} from {_shorten(columns.features)}")
    if columns.classes is not None:
        click.echo(f"Classes: {_shorten(columns.classes)}")


def _shorten(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:10])}, ... {names[-1]} ({len(names)} in all)"
