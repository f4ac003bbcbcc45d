"""columns: what a model's inputs and outputs mean, kept with the model: ``model.metadata["table"]``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast.data.cells import is_number
from nnfast.data.files import read_names, read_table
from nnfast.exceptions import DataFileError
from nnfast.preprocessing import TableEncoder

Array = NDArray[Any]

_KEY = "table"


@dataclass(frozen=True)
class Columns:
    """The column to predict, the classes' names, and what makes numbers of the others; None where not known."""

    target: str | None = None
    classes: tuple[str, ...] | None = None
    encoder: TableEncoder | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The columns to predict from."""
        return () if self.encoder is None else self.encoder.feature_names_in_

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is made of those columns: the model's features, one for each category of a column of text."""
        return () if self.encoder is None else self.encoder.get_feature_names_out()

    def as_metadata(self) -> dict[str, Any]:
        """Return all of it as plain data, to be kept as a model's metadata."""
        encoder = None if self.encoder is None else self.encoder.get_config()
        classes = None if self.classes is None else list(self.classes)
        return {_KEY: {"target": self.target, "classes": classes, "encoder": encoder}}

    @classmethod
    def from_metadata(cls, metadata: dict[str, Any]) -> "Columns":
        """Return what a model's metadata say; nothing, if they say nothing of it."""
        if _KEY not in metadata:
            return cls()
        try:
            target, classes, encoder = (metadata[_KEY][name] for name in ("target", "classes", "encoder"))
            names = None if classes is None else tuple(classes)
            if not all(isinstance(name, str) for name in (target or "", *(names or ()))):
                raise TypeError
            return cls(target, names, None if encoder is None else TableEncoder.from_config(encoder))
        except (KeyError, TypeError) as error:
            raise _validation.mismatch(f"metadata[{_KEY!r}]", "target, classes and encoder", metadata[_KEY]) from error

    def get_names(self, n_classes: int) -> tuple[str, ...]:
        """Return the classes' names, or their numbers."""
        return self.classes or tuple(map(str, range(n_classes)))

    def read_table(
        self, path: Path, target: str | None, n_features: int, *, with_target: bool = True
    ) -> tuple[Array, Array | None]:
        """Read features as the model takes them, and the target, if it is there, from a table.

        Columns are found by name, in any order; by place if the table, or that of the training, has no names.
        """
        names = read_names(path)
        if target is None and self.target in names and len(names) > len(self.features):
            target = self.target
        if not with_target and target == self.target and set(self.features) <= set(names):
            target = None  # it is left out, whatever is in it
        table = read_table(path, target, text=self._find_text(names, target))
        x = table.x if self.encoder is None else self.encoder.transform(table)
        if x.shape[1] != n_features:
            raise DataFileError(path, f"expected {n_features} features, as the model has, received {x.shape[1]}")
        return x, table.y

    def encode(self, y: Array, path: Path, n_outputs: int) -> Array:
        """Return classes as numbers from 0."""
        names = self.get_names(n_outputs)
        numbers = {make_key(name): number for number, name in enumerate(names)}
        keys = [make_key(str(name)) for name in y]
        for row, key in enumerate(keys):
            if key not in numbers:
                where = f"in row {row}, counted from 0"
                raise DataFileError(path, f"target: expected one of {', '.join(names)}, received {y[row]} {where}")
        return np.array([numbers[key] for key in keys])

    def _find_text(self, names: tuple[str, ...], target: str | None) -> list[str]:
        """Return the columns that are text, be there numbers alone in this table, or are not needed."""
        if self.encoder is not None and set(self.features) <= set(names):
            texts = [name for name in names if name not in self.encoder.statistics_ and name != target]
        else:
            texts = []
        return [*texts, target] if target is not None and self.classes is not None else texts


def make_key(name: str) -> str | float:
    """Return by what classes are compared: as numbers if they are some, so that 1 and 1.0 are one class."""
    return float(name) if is_number(name) else name
