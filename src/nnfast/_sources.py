"""_sources: where the epochs of training, and the rows to be measured, come from: arrays at hand, or a stream."""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

from nnfast import _examples, _validation
from nnfast._examples import Examples
from nnfast._lowering import Objective
from nnfast.data.containers import Names, find_names
from nnfast.data.features import Features
from nnfast.data.sparse import copy_samples
from nnfast.data.streams import Piece, Stream, check_no_steps, check_steps, is_stream


class Portion(NamedTuple):
    """Examples that the core takes in one call, of one epoch or of several."""

    examples: Examples
    batch_size: int
    shuffle: bool
    names: Names | None = None
    """Of the columns, if they came with such."""

    @property
    def n_batches(self) -> int:
        """Of an epoch of the portion."""
        return -(-len(self.examples.x) // self.batch_size)


@dataclass(frozen=True)
class Whole:
    """An epoch that is one portion, the same every time."""

    portion: Portion
    is_over = False

    @property
    def n_features(self) -> int:
        """The number of columns of samples."""
        return int(self.portion.examples.x.shape[1])

    @property
    def n_batches(self) -> int:
        """Of an epoch."""
        return self.portion.n_batches

    def read(self) -> AbstractContextManager[Iterable[Portion]]:
        """Begin an epoch."""
        return nullcontext((self.portion,))

    def describe_data(self) -> dict[str, Any]:
        """Return what tells the data from others, as plain data."""
        from nnfast.data.fingerprint import describe_rows

        x, y, weights = map(describe_rows, self.portion.examples)
        sizes = {"batch_size": self.portion.batch_size, "shuffle": self.portion.shuffle}
        return {"x": x, "y": y, "weights": weights} | sizes

    def describe_place(self) -> dict[str, Any]:
        """Return where the next epoch begins, as plain data for `go_on`: epochs are all the same."""
        return {}

    def go_on(self, place: dict[str, Any]) -> None:
        """Let the next epoch begin where one began."""


@dataclass(frozen=True)
class Streamed:
    """Epochs of portions that are made of a stream's pieces on the thread that reads them.

    Parameters
    ----------
    stream : Stream
        Of batches with targets.
    objective : Objective
        What they are for.
    features : Features
        The columns that samples must have.
    class_weight : dict or list, optional
        See ``fit``.
    """

    stream: Stream
    objective: Objective
    features: Features
    class_weight: Any = None

    @property
    def n_features(self) -> int:
        """The number of columns of samples."""
        assert self.features.n is not None
        return self.features.n

    @property
    def n_batches(self) -> int | None:
        """Of an epoch; None if that is not known."""
        return self.stream.n_batches

    @property
    def is_over(self) -> bool:
        """Whether there can be no more epochs."""
        return self.stream.is_over

    def read(self) -> AbstractContextManager[Iterable[Portion]]:
        """Begin an epoch."""
        return self.stream.read(self._prepare)

    def describe_data(self) -> dict[str, Any]:
        """Return what tells the data from others, as plain data."""
        weights = {} if self.class_weight is None else {"class_weight": repr(self.class_weight)}
        return self.stream.describe_data() | weights

    def describe_place(self) -> dict[str, Any]:
        """Return where the next epoch begins, as plain data for `go_on`."""
        return self.stream.describe_place()

    def go_on(self, place: dict[str, Any]) -> None:
        """Let the next epoch begin where one began."""
        self.stream.go_on(place)

    def _prepare(self, piece: Piece) -> Portion:
        x_name, y_name, weight_name = (f"{name}{piece.place}" for name in self.stream.names)
        column_names = piece.names or find_names(piece.x, x_name)
        x = self.features.read(piece.x, x_name, column_names)
        names = (x_name, y_name, weight_name)
        examples = _examples.prepare_examples(x, piece.y, self.objective, names, piece.sample_weight)
        examples = _examples.weigh_classes(examples, self.class_weight, self.objective)
        if not piece.is_lasting:  # whoever gave it may fill the same arrays again
            weights = None if examples.weights is None else examples.weights.copy()
            examples = Examples(copy_samples(examples.x), examples.y.copy(), weights)
        return Portion(examples, min(piece.batch_size or len(x), len(x)), piece.shuffle, column_names)


Source = Whole | Streamed


def make_whole(examples: Examples) -> Whole:
    """Return examples as they lie, as one batch."""
    return Whole(Portion(examples, len(examples.x), False))


class TrainingData(NamedTuple):
    """What ``fit`` is given to train on."""

    x: Any
    y: Any
    sample_weight: Any
    class_weight: Any
    batch_size: int
    shuffle: bool


class ValidationPlan(NamedTuple):
    """What ``fit`` is told of validation; the data come before the share of what is trained on."""

    data: Any
    share: float
    steps: int | None

    def open(self, objective: Objective, features: Features) -> Source | None:
        """Return the source of the data, arrays or a stream; None if there are none."""
        if self.data is not None and is_stream(self.data):
            names = ("validation_data: x", "validation_data: y", "validation_data: sample_weight")
            steps = check_steps("validation_steps", self.steps)
            return Streamed(Stream(self.data, steps, names), objective, features)
        check_no_steps("validation_steps", self.steps)
        return None if self.data is None else make_whole(_examples.prepare_pair(self.data, objective, features))

    def cut(self, examples: Examples, objective: Objective, features: Features) -> tuple[Examples, Source | None]:
        """Return what is left of examples to train on, and what validates."""
        if self.data is not None or not self.share:
            return examples, self.open(objective, features)
        check_no_steps("validation_steps", self.steps)
        kept, cut = _examples.split_examples(examples, self.share)
        return kept, make_whole(cut)


def choose_validated(frequency: Any, epochs: int) -> Collection[int]:
    """Return the epochs, counted from 0, that ``validation_freq`` wants to end with a validation."""
    if isinstance(frequency, list | tuple | set | range):
        return {_validation.check_integer("validation_freq", number, 1) - 1 for number in frequency}
    first = _validation.check_integer("validation_freq", frequency, 1) - 1
    return range(first, epochs, first + 1)


def check_streamed(**arguments: Any) -> None:
    """Raise ValueError if an argument is given that goes with arrays alone."""
    for name, value in arguments.items():
        if value is not None:
            raise _validation.mismatch(name, "none, as x gives batches (x, y) or (x, y, sample_weight)", value)


def check_class_weight(class_weight: Any) -> Any:
    """Return weights of classes that can be told batch by batch."""
    if isinstance(class_weight, str):
        raise _validation.mismatch("class_weight", "a dict, as x gives batches with unknown classes", class_weight)
    return class_weight
