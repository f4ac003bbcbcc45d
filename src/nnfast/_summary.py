"""_summary: a model's layers as a table."""

import importlib.util
import sys
from collections.abc import Callable, Sequence

from nnfast.layers import BatchNormalization, Dense, Layer, LayerNormalization, name_layers

Row = tuple[str, str, str]

_HEAD: Row = ("Layer (type)", "Output shape", "Param #")


def list_rows(layers: Sequence[Layer], in_size: int | None) -> list[Row]:
    """Return name and kind, output shape and number of parameters of each layer."""
    rows = []
    size = in_size
    for layer, name in zip(layers, name_layers(layers), strict=True):
        count = _count(layer, size)
        size = layer.units if isinstance(layer, Dense) else size
        kind = f"{name} ({type(layer).__name__})"
        rows.append((kind, f"(None, {size or '?'})", "unbuilt" if count is None else f"{count:,}"))
    return rows


def list_totals(total: int | None, trainable: int) -> list[str]:
    """Return lines on the numbers of parameters; None: not known yet."""
    if total is None:
        return ["Total params: unknown until the model is built"]
    counts = {"Total": total, "Trainable": trainable, "Non-trainable": total - trainable}
    return [f"{name} params: {count:,}" for name, count in counts.items()]


def show(title: str, rows: Sequence[Row], totals: Sequence[str], print_fn: Callable[[str], object] | None) -> None:
    """Print the table: with `print_fn` if there is one, with rich where it is installed, else as plain text."""
    if print_fn is None and importlib.util.find_spec("rich"):
        _show_rich(title, rows, totals)
        return
    write = print_fn or (lambda line: sys.stdout.write(line + "\n"))
    for line in (title, *_lay_out(rows), *totals):
        write(line)


def _count(layer: Layer, in_size: int | None) -> int | None:
    if not isinstance(layer, Dense | BatchNormalization | LayerNormalization):
        return 0
    if in_size is None:
        return None
    if isinstance(layer, Dense):
        return layer.units * (in_size + layer.use_bias)
    return in_size * (layer.scale + layer.center + 2 * isinstance(layer, BatchNormalization))


def _lay_out(rows: Sequence[Row]) -> list[str]:
    table = [_HEAD, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in table]
    rule = "-" * len(lines[0])
    return [rule, lines[0], rule, *lines[1:], rule]


def _show_rich(title: str, rows: Sequence[Row], totals: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column, justify in zip(_HEAD, ("left", "left", "right"), strict=True):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    for line in totals:
        console.print(line, highlight=False)
