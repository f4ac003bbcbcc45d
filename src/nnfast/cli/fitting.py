"""fitting: a model for a task: its layers and its training; and as it is saved, for data as they are."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nnfast import Sequential, optimizers
from nnfast._persistence import restore_model
from nnfast.callbacks import Callback
from nnfast.cli.compiling import Settings, list_metrics, make_loss, make_optimizer
from nnfast.cli.scaling import Standardizer
from nnfast.cli.tasks import Array, Part, Task
from nnfast.layers import Activation, BatchNormalization, Dense, Dropout, Input, Layer, Rescaling
from nnfast.preprocessing import to_categorical
from nnfast.regularizers import L1L2
from nnfast.saving.model_file import SavedModel


def resolve(settings: Settings, task: Task) -> dict[str, Any]:
    """Return settings with what is left to the data decided: network, length, loss and metrics."""
    recipe = task.recipe
    chosen: dict[str, Any] = {
        "hidden": list(recipe.hidden),
        "dropout": recipe.dropout,
        "input-dropout": recipe.input_dropout,
        "epochs": recipe.epochs,
        "batch-size": recipe.batch_size,
    }
    is_classifier = task.columns.classes is not None
    if settings["learning-rate"] is None:
        chosen["learning-rate"] = optimizers.get(settings["optimizer"]).learning_rate
    known = {name: chosen.get(name) if value is None else value for name, value in settings.items()}
    known["metric"] = list_metrics(settings, is_classifier)
    known["loss"] = make_loss(settings, is_classifier).names[0]
    if settings["validation-data"] is not None:
        known["validation-split"] = 0.0
    if task.columns.target is None:  # what is said of tables says nothing here
        return known | dict.fromkeys(("target", "kind", "test-split"))
    return known | {"kind": "classification" if is_classifier else "regression"}


class Fitting:
    """A model in training.

    Parameters
    ----------
    task : Task
        What to learn.
    settings : dict
        How: what `resolve` returned.
    validation : Part, optional
        What is measured after each epoch, instead of a share of the task's rows.
    saved : SavedModel, optional
        What an earlier training left, to go on with.
    """

    def __init__(
        self, task: Task, settings: Settings, validation: Part | None = None, saved: SavedModel | None = None
    ) -> None:
        self.task = task
        self.settings = settings
        self._validation = validation
        self._classes = task.columns.classes
        self._x_scaling = Standardizer(task.train.x) if task.recipe.scale is None else None
        self._y_scaling = Standardizer(task.train.y[:, None]) if self._classes is None else None
        self.model = self._make_model() if saved is None else make_model(self.as_in_training(saved))

    @property
    def n_rows(self) -> dict[str, int]:
        """How many rows are for training, validation and testing."""
        n_rows = len(self.task.train.y)
        n_train = int(n_rows * (1 - self.settings["validation-split"]))
        n_validation = n_rows - n_train if self._validation is None else len(self._validation.y)
        return {"train": n_train, "validation": n_validation, "test": len(self.task.test.y)}

    @property
    def network(self) -> str:
        """The numbers of features and of each layer's units: "64-512-10"."""
        units = [layer.units for layer in self.model.layers if isinstance(layer, Dense)]
        return "-".join(map(str, [self.task.train.x.shape[1], *units]))

    def digest_data(self) -> str:
        """Return the SHA-256 of all rows, and of what is known of their columns, in hexadecimal."""
        columns = json.dumps(self.task.columns.as_metadata(), sort_keys=True)
        digest = hashlib.sha256(columns.encode())
        for part in (self.task.train, self.task.test, self._validation or ()):
            for array in part:
                digest.update(f"{array.dtype.str}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @property
    def monitor(self) -> str:
        """The name of what tells how good the model is."""
        return "val_loss" if self.n_rows["validation"] else "loss"

    def describe(self) -> str:
        """Return data and network in a line: "digits: 1,298 train, 144 validation, 355 test rows; 64-512-10"."""
        rows = ", ".join(f"{number:,} {part}" for part, number in self.n_rows.items())
        return f"{self.task.name}: {rows} rows; {self.network}"

    def fit(self, callbacks: Sequence[Callback]) -> None:
        """Train; one of the callbacks may know where to go on."""
        settings = self.settings
        weights = settings["class-weight"]
        self.model.fit(
            self.task.train.x,
            self._make_targets(self.task.train.y),
            batch_size=settings["batch-size"],
            epochs=settings["epochs"],
            verbose=0,
            callbacks=callbacks,
            validation_split=settings["validation-split"],
            validation_data=self._validation and (self._validation.x, self._make_targets(self._validation.y)),
            shuffle=settings["shuffle"],
            class_weight=self._number_classes(weights) if isinstance(weights, dict) else weights,
        )

    def as_in_file(self, saved: SavedModel) -> SavedModel:
        """Return the model in training as it is saved: values come out as they are."""
        if self._y_scaling is None:
            return saved
        return replace(saved, layers=(*saved.layers, self._y_scaling.make_last_layer()))

    def as_in_training(self, saved: SavedModel) -> SavedModel:
        """Undo `as_in_file`: return the model with outputs of mean 0 and deviation 1."""
        is_scaled = self._y_scaling is not None and isinstance(saved.layers[-1], Rescaling)
        return replace(saved, layers=saved.layers[:-1] if is_scaled else saved.layers, metadata={})

    def evaluate(self, model: Sequential) -> dict[str, float]:
        """Return loss and metrics of a model, as it is saved, on the rows for testing."""
        x, y = self.task.test
        targets = y[:, None] if self._y_scaling else self._make_targets(y)
        logs = model.evaluate(x, targets, verbose=0, return_dict=True)
        assert isinstance(logs, dict)
        return logs

    # ---- inside ----

    def _make_model(self) -> Sequential:
        settings = self.settings
        scalings = [scaling for scaling in (self._x_scaling, self._y_scaling) if scaling]
        dtype = "float64" if any(scaling.needs_float64 for scaling in scalings) else "float32"
        layers = [*self._make_first_layers(), *self._make_hidden_layers(), self._make_last_layer()]
        model = Sequential(layers, seed=settings["seed"], dtype=settings["dtype"] or dtype, name=self.task.name)
        is_classifier = self._classes is not None
        n_train = max(self.n_rows["train"], 1)
        epoch_steps = -(-n_train // min(max(settings["batch-size"], 1), n_train))
        optimizer = make_optimizer(settings, settings["epochs"], epoch_steps)
        model.compile(optimizer, make_loss(settings, is_classifier), settings["metric"])
        return model

    def _make_first_layers(self) -> list[Layer]:
        recipe = self.task.recipe
        if self._x_scaling:
            layers = self._x_scaling.make_first_layers()
        else:
            layers = [Input(self.task.train.x.shape[1], scale=recipe.scale or 1.0, offset=recipe.offset)]
        return layers + _make_dropout(self.settings["input-dropout"])

    def _make_hidden_layers(self) -> list[Layer]:
        settings = self.settings
        layers: list[Layer] = []
        for units in settings["hidden"]:
            if settings["batch-normalization"]:
                layers += [self._make_dense(units, None), BatchNormalization(), Activation(settings["activation"])]
            else:
                layers.append(self._make_dense(units, settings["activation"]))
            layers += _make_dropout(settings["dropout"])
        return layers

    def _make_last_layer(self) -> Layer:
        return self._make_dense(1, None) if self._classes is None else self._make_dense(len(self._classes), "softmax")

    def _make_dense(self, units: int, activation: str | None) -> Dense:
        settings = self.settings
        penalty = L1L2(settings["l1"], settings["l2"]) if settings["l1"] or settings["l2"] else None
        return Dense(units, activation, kernel_initializer=settings["initializer"], kernel_regularizer=penalty)

    def _make_targets(self, y: Array) -> Array:
        """Return classes or values as the loss takes them."""
        if self._y_scaling:
            return self._y_scaling.apply(y[:, None])
        assert self._classes is not None
        assert self.model.loss is not None
        return y if self.model.loss.takes_labels else to_categorical(y, len(self._classes))

    def _number_classes(self, weights: dict[str, float]) -> dict[int, float]:
        names = self._classes
        if names is None or not set(weights) <= set(names):
            expected = "no weights of classes for a regression" if names is None else f"some of {', '.join(names)}"
            raise ValueError(f"--class-weight: expected {expected}, received {', '.join(weights)}")
        return {names.index(name): weight for name, weight in weights.items()}


def _make_dropout(rate: float) -> list[Layer]:
    return [Dropout(rate)] if rate != 0 else []


def make_model(saved: SavedModel) -> Sequential:
    """Return the model that is described."""
    model = Sequential(seed=saved.seed, dtype=saved.dtype, name=saved.name)
    restore_model(model, saved, True)
    return model
