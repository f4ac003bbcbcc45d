"""fitting: a model for a task: its layers, its training, and its weights brought back to the data's own scale."""

from dataclasses import dataclass

from nnfast import Sequential, optimizers
from nnfast.callbacks import Callback
from nnfast.cli.scaling import Standardizer
from nnfast.cli.scores import Score, score_classes, score_values
from nnfast.cli.tasks import Part, Task
from nnfast.layers import Dense, Dropout, Input, Layer
from nnfast.optimizers import Optimizer


@dataclass(frozen=True)
class Settings:
    """How to train; what is None the task's recipe decides."""

    hidden: tuple[int, ...] | None
    activation: str
    dropout: float | None
    input_dropout: float | None
    optimizer: str
    learning_rate: float | None
    batch_size: int | None
    epochs: int | None
    validation_split: float
    seed: int


class Fitting:
    """A model in training.

    Parameters
    ----------
    task : Task
        What to learn.
    settings : Settings
        How.
    """

    def __init__(self, task: Task, settings: Settings) -> None:
        self.task = task
        self.settings = settings
        self.epochs = task.recipe.epochs if settings.epochs is None else settings.epochs
        train = task.train
        self._x_scaling = Standardizer(train.x) if task.recipe.scale is None else None
        self._y_scaling = Standardizer(train.y[:, None]) if task.columns.classes is None else None
        scalings = [scaling for scaling in (self._x_scaling, self._y_scaling) if scaling]
        dtype = "float64" if any(scaling.needs_float64 for scaling in scalings) else "float32"
        self.model = Sequential(self._make_layers(), seed=settings.seed, dtype=dtype, name=task.name)
        self.model.metadata = task.columns.as_metadata()
        self._compile(self._make_optimizer())

    def describe(self) -> str:
        """Return data and network in a line: "digits: 1,298 train, 144 validation, 355 test rows; 64-512-10"."""
        n_rows = len(self.task.train.y)
        n_validation = n_rows - int(n_rows * (1 - self.settings.validation_split))
        sizes = [self.task.train.x.shape[1], *(layer.units for layer in self.model.layers if isinstance(layer, Dense))]
        rows = f"{n_rows - n_validation:,} train, {n_validation:,} validation, {len(self.task.test.y):,} test rows"
        return f"{self.task.name}: {rows}; {'-'.join(map(str, sizes))}"

    def fit(self, callbacks: list[Callback]) -> None:
        """Train; ``model.history`` tells how it went."""
        x, y = self.task.train
        if self._x_scaling:
            x = self._x_scaling.apply(x).astype(self.model.dtype)
        if self._y_scaling:
            y = self._y_scaling.apply(y[:, None])
        self.model.fit(
            x,
            y,
            batch_size=self.task.recipe.batch_size if self.settings.batch_size is None else self.settings.batch_size,
            epochs=self.epochs,
            verbose=0,
            callbacks=callbacks,
            validation_split=self.settings.validation_split,
        )

    def finish(self) -> Sequential:
        """Return the model as it takes and gives the data as they are. It is trained no further."""
        weights = self.model.get_weights()
        if self._x_scaling:
            weights = self._x_scaling.fold_into_inputs(weights)
        if self._y_scaling:
            weights = self._y_scaling.fold_into_outputs(weights)
        if self._x_scaling or self._y_scaling:
            self.model.set_weights(weights)
            self._x_scaling = self._y_scaling = None
            self._compile(self._make_optimizer())  # what the old one remembered is of the other scale
        return self.model

    def score(self, part: Part) -> Score:
        """Measure the finished model."""
        measure = score_values if self.task.columns.classes is None else score_classes
        return measure(self.model.predict(part.x), part.y)

    def _make_layers(self) -> list[Layer]:
        recipe, settings = self.task.recipe, self.settings
        hidden = recipe.hidden if settings.hidden is None else settings.hidden
        dropout = recipe.dropout if settings.dropout is None else settings.dropout
        input_dropout = recipe.input_dropout if settings.input_dropout is None else settings.input_dropout
        n_features = self.task.train.x.shape[1]
        layers: list[Layer] = [Input(n_features, scale=recipe.scale or 1.0, offset=recipe.offset)]
        layers += _make_dropout(input_dropout)
        for units in hidden:
            layers += [Dense(units, settings.activation), *_make_dropout(dropout)]
        classes = self.task.columns.classes
        return [*layers, Dense(1) if classes is None else Dense(len(classes), "softmax")]

    def _make_optimizer(self) -> Optimizer:
        optimizer = optimizers.get(self.settings.optimizer)
        if self.settings.learning_rate is not None:
            optimizer.learning_rate = self.settings.learning_rate
        return optimizer

    def _compile(self, optimizer: Optimizer) -> None:
        if self.task.columns.classes is None:
            self.model.compile(optimizer, "mean_squared_error")
        else:
            self.model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])


def _make_dropout(rate: float) -> list[Layer]:
    return [Dropout(rate)] if rate != 0 else []
