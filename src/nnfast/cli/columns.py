"""columns: what a model's inputs and outputs mean, kept beside the model file for tables: NAME.safetensors.json."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.data.csv import read_csv, read_names
from nnfast.exceptions import DataFileError

Array = NDArray[Any]


@dataclass(frozen=True)
class Columns:
    """The column to predict, those to predict it from, and the classes' names; None and () where not known."""

    target: str | None = None
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None

    def write(self, model_path: Path) -> None:
        """Write what a model of a table needs; for others remove what an older model may have left."""
        path = _name_file(model_path)
        if self.target is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, model_path: Path) -> "Columns":
        """Read what is known of a model; nothing, if there is no such file."""
        path = _name_file(model_path)
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            classes = data["classes"]
            columns = cls(data["target"], tuple(data["features"]), None if classes is None else tuple(classes))
            _check_texts(columns.target, *columns.features, *(columns.classes or ()))
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataFileError(
                path, f"expected the columns of {model_path}, received something else ({error})"
            ) from error
        return columns

    def read_table(self, path: Path, target: str | None, n_features: int) -> tuple[Array, Array | None]:
        """Read features, in the model's order, and the target, if it is there, from a table.

        Columns are found by name where the file has the model's names, else by place.
        """
        names = read_names(path)
        if target is None and self.target in names and len(names) > n_features:
            target = self.target
        table = read_csv(path, target)
        x = table.x
        if self.features and set(self.features) <= set(table.feature_names):
            x = x[:, [table.feature_names.index(name) for name in self.features]]
        if x.shape[1] != n_features:
            raise DataFileError(path, f"expected {n_features} features, as the model has, received {x.shape[1]}")
        return x, table.y

    def encode(self, y: Array, path: Path, n_outputs: int) -> Array:
        """Return classes as numbers from 0."""
        names = self.classes or tuple(map(str, range(n_outputs)))
        numbers = {name: number for number, name in enumerate(names)}
        for row, name in enumerate(map(str, y)):
            if name not in numbers:
                raise DataFileError(path, f"target: expected one of {', '.join(names)}, received {name} in row {row}")
        return np.array([numbers[name] for name in map(str, y)])


def _name_file(model_path: Path) -> Path:
    return model_path.with_name(model_path.name + ".json")


def _check_texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is no text")
