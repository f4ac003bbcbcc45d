"""subject: what a report is about: a model, the data it is judged on, and what it makes of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast._validation import check_integer, mismatch
from nnfast.layers import Activation, Dense
from nnfast.report.run import choose_run

if TYPE_CHECKING:
    from nnfast.models import Sequential

Array = NDArray[Any]
Kind = Literal["classes", "labels", "values"]

_LEAST_IMAGE_SIDE = 8


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and what it makes of some rows."""

    model: "Sequential"
    kind: Kind
    """Each row has one class, any number of labels, or values."""
    x: Any
    y: Array
    """Classes from 0, shape (n,); labels, 0 or 1, or values, both of shape (n, n_outputs)."""
    outputs: Array
    """Probabilities of shape (n, n_classes) or (n, n_labels); or values of shape (n, n_outputs)."""
    names: tuple[str, ...]
    """Of classes, labels or values."""
    feature_names: tuple[str, ...]
    image_shape: tuple[int, int] | None
    history: Mapping[str, Sequence[float]]
    run: Mapping[str, Any]
    title: str

    @property
    def is_test(self) -> bool:
        """Whether the rows are as many as the run kept for its test."""
        return bool((self.run.get("rows") or {}).get("test") == len(self.y))

    def get_row(self, place: int) -> Array:
        """Return the features of a row, from a sparse matrix too."""
        row = self.x[place : place + 1]
        return np.asarray(row.toarray() if hasattr(row, "toarray") else row).ravel()


class Given(NamedTuple):
    """What `write_report` was told beside the model and its data; None: it is to be found."""

    history: Any = None
    run: Mapping[str, Any] | None = None
    class_names: Sequence[object] | None = None
    feature_names: Sequence[object] | None = None
    image_shape: tuple[int, int] | None = None
    title: str | None = None


def make_subject(model: "Sequential", x: Any, y: ArrayLike, given: Given) -> Subject:
    """Check what `write_report` was given, and let the model predict."""
    outputs = model.predict(x)
    targets = np.asarray(y)
    if len(targets) != len(outputs) or not len(targets):
        raise mismatch("y", f"a target for each of the {len(outputs)} rows of x, at least one", len(targets))
    if not np.isfinite(outputs).all():
        raise mismatch("x", "rows for which the model's outputs are finite", outputs)
    kind = _find_kind(model, targets)
    if kind == "classes":
        outputs = as_probabilities(model, outputs)
        targets = _as_classes(targets, outputs.shape[1])
    else:
        targets = _as_columns(targets, outputs.shape)
    run = choose_run(given.run, model.metadata.get("run"))
    table = model.metadata.get("table")
    classes = table.get("classes") if isinstance(table, dict) else None
    n_features = int(x.shape[1])
    return Subject(
        model=model,
        kind=kind,
        x=x,
        y=targets,
        outputs=outputs,
        names=_choose_names(classes if given.class_names is None else given.class_names, kind, outputs.shape[1]),
        feature_names=_choose_feature_names(given.feature_names, n_features),
        image_shape=_find_image_shape(given.image_shape, x, n_features),
        history=_find_history(given.history, run, model),
        run=run,
        title=given.title or str(run.get("data") or model.name or "a model"),
    )


def _find_kind(model: "Sequential", y: Array) -> Kind:
    last = find_last_activation(model)
    if last in ("softmax", "log_softmax"):
        return "classes"
    if last == "sigmoid":
        return "labels" if y.ndim > 1 and y.shape[1] > 1 else "classes"
    return "values"


def find_last_activation(model: "Sequential") -> str:
    """Return the name of what gives the outputs."""
    last = model.layers[-1]
    return last.activation.names[0] if isinstance(last, Dense | Activation) else "linear"


def as_probabilities(model: "Sequential", outputs: Array) -> Array:
    """Return a classifier's outputs as a probability for each class, of a single output for both."""
    if find_last_activation(model) == "log_softmax":
        return np.asarray(np.exp(outputs))
    return outputs if outputs.shape[1] > 1 else np.hstack([1 - outputs, outputs])


def _as_classes(y: Array, n_classes: int) -> Array:
    if y.ndim == 2 and y.shape[1] == n_classes:
        return np.asarray(y.argmax(axis=1))
    classes = y.reshape(len(y), -1)
    is_finite = classes.dtype.kind in "biuf" and bool(np.isfinite(classes).all())
    numbers = classes[:, 0].astype(np.int64) if is_finite else None
    is_whole = classes.shape[1] == 1 and numbers is not None and bool((numbers == classes[:, 0]).all())
    if numbers is not None and is_whole and numbers.min() >= 0 and numbers.max() < n_classes:
        return numbers
    raise mismatch("y", f"a class from 0 to {n_classes - 1} for each row, or one-hot rows", y)


def _as_columns(y: Array, shape: tuple[int, ...]) -> Array:
    if y.dtype.kind not in "biuf" or y.size != math.prod(shape) or not np.isfinite(y).all():
        raise mismatch("y", f"finite numbers of shape {shape}", y)
    return y.reshape(shape).astype(np.float64)


def _choose_names(given: Sequence[object] | None, kind: Kind, n_outputs: int) -> tuple[str, ...]:
    if given is None or not len(given):
        word = {"classes": "", "labels": "label ", "values": "output "}[kind]
        return tuple(f"{word}{i}" for i in range(n_outputs))
    if len(given) != n_outputs:
        raise mismatch("class_names", f"{n_outputs} of them", len(given))
    return tuple(map(str, given))


def _choose_feature_names(given: Sequence[object] | None, n_features: int) -> tuple[str, ...]:
    if given is None:
        return tuple(f"feature {i}" for i in range(n_features))
    if len(given) != n_features:
        raise mismatch("feature_names", f"{n_features} of them", len(given))
    return tuple(map(str, given))


def _find_image_shape(given: tuple[int, int] | None, x: Any, n_features: int) -> tuple[int, int] | None:
    """Return height and width of the images that rows are; bytes whose number is a square are taken for one."""
    if given is not None:
        if not isinstance(given, Sequence) or len(given) != 2:
            raise mismatch("image_shape", "(height, width)", given)
        height, width = (check_integer("image_shape", size, 1) for size in given)
        if height * width != n_features:
            raise mismatch("image_shape", f"(height, width) of {n_features} pixels", given)
        return height, width
    side = math.isqrt(n_features)
    return (side, side) if x.dtype == np.uint8 and side**2 == n_features and side >= _LEAST_IMAGE_SIDE else None


def _find_history(given: Any, run: Mapping[str, Any], model: "Sequential") -> Mapping[str, Sequence[float]]:
    found: Any = given if given is not None else run.get("history") or model.history or {}
    curves: Mapping[str, Sequence[float]] = getattr(found, "history", found) or {}
    return {
        name: [math.nan if value is None else value for value in values]
        for name, values in curves.items()
        if len(values)
    }
