"""many: data and models for tests of fit_many."""

from typing import Any

import numpy as np

from nnfast import Sequential
from nnfast.layers import BatchNormalization, Dense, Dropout, Input
from nnfast.optimizers import Adam
from nnfast.schedules import ExponentialDecay

WIDTHS = (3, 40, 8, 17, 5)


def make_data(n_rows: int = 90) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n_rows, 6))
    return x, (x[:, 0] > x[:, 1]).astype(int) + (x[:, 2] > 1)


def make_models(*, is_built: bool = True) -> list[Sequential]:
    """Nets that differ in seed, size, kinds of layers, optimizer and precision."""
    models = []
    for seed, width in enumerate(WIDTHS):
        norm = [BatchNormalization()] if seed % 2 else []
        layers = [Dense(width, "relu"), *norm, Dropout(0.2), Dense(3, "softmax")]
        model = Sequential(
            [Input(6), *layers] if is_built else layers, seed=seed, dtype=("float32", "float64")[seed % 2]
        )
        rate: Any = 0.01 if seed else ExponentialDecay(0.02, 5, 0.5)
        model.compile(Adam(rate, use_ema=seed == 2), "sparse_categorical_crossentropy", ["accuracy"])
        models.append(model)
    return models


def assert_same(models: list[Sequential], others: list[Sequential]) -> None:
    """Weights, what was told, and what training would go on with."""
    for model, other in zip(models, others, strict=True):
        for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert model.history
        assert other.history
        assert model.history.history == other.history.history
        assert model.history.epoch == other.history.epoch
        assert model._epochs_done == other._epochs_done
