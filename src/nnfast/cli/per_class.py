"""per_class: how well each class is told from the others."""

from collections.abc import Sequence

import numpy as np

from nnfast.cli.tasks import Array

_MOST_COLUMNS = 20
"""Classes up to which all pairs are shown."""


def describe_classes(pairs: Array, names: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Return rows, precision, recall and F1 score of each class; None where nothing can be said."""
    n_true, n_predicted, n_right = pairs.sum(axis=1), pairs.sum(axis=0), np.diagonal(pairs)
    return {
        name: {
            "rows": int(n_true[i]),
            "precision": _divide(n_right[i], n_predicted[i]),
            "recall": _divide(n_right[i], n_true[i]),
            "f1_score": _divide(2 * n_right[i], n_true[i] + n_predicted[i]),
        }
        for i, name in enumerate(names)
    }


def format_classes(pairs: Array, names: Sequence[str]) -> str:
    """Return both as tables of text: the figures of each class, and what its rows were taken for."""
    figures = [
        [name, *("-" if value is None else _write(value) for value in row.values())]
        for name, row in describe_classes(pairs, names).items()
    ]
    text = _align([["class", "rows", "precision", "recall", "F1"], *figures])
    if len(names) > _MOST_COLUMNS:
        return text
    mistakes = [[name, *map(str, row)] for name, row in zip(names, pairs.tolist(), strict=True)]
    return f"{text}\n\nrows of a class (down) taken for a class (across)\n{_align([['', *names], *mistakes])}"


def _divide(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _write(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def _align(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)
