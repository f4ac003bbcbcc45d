"""export: the command ``nnfast export``."""

from pathlib import Path

import click

from nnfast import load_model
from nnfast.cli.display import Display
from nnfast.cli.files import check_distinct
from nnfast.export import FORMATS


@click.command(short_help="Write a saved model for other programs.")
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "name", type=click.Choice(FORMATS), help="The format; by default the suffix of FILE.")
def export(model: Path, file: Path, name: str | None) -> None:
    """Write a saved model for other programs: an ONNX graph, or its weights by name.

    \b
    nnfast export digits.safetensors digits.onnx    needs nnfast[onnx]
    nnfast export digits.safetensors digits.npz     weights as NumPy arrays
    """  # noqa: D301
    check_distinct({"MODEL": model}, {"FILE": file})
    display = Display()
    with display.stage(f"exporting {model}"):
        load_model(model, compile=False).export(file, name)
    display.note(f"exported {file}")
