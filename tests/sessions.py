"""sessions.py: a small classifier in training, for tests of what a run does and how it ends."""

from typing import Any

import nets
import numpy as np
from nets import CROSSENTROPY, HYPERPARAMETERS, Twins, dense

from nnfast import _core
from nnfast._core import LossSpec

LONG = 500_000  # epochs of 50 rows: some seconds
RUN: dict[str, Any] = {"batch_size": 16, "first_epoch": 0, "n_epochs": 1, "shuffle": False, "seed": 0}


class Session:
    """A classifier of 6 features and 4 classes with its optimizer, trainer and 50 rows of data."""

    def __init__(self, loss: str | LossSpec = CROSSENTROPY, n_rows: int = 50, hidden: int = 9) -> None:
        rng = np.random.default_rng(4)
        self.twins = Twins([dense(hidden, "tanh"), dense(4, "softmax")], 6, "float32", rng)
        self.network = self.twins.core
        self.optimizer = _core.Optimizer(self.network, "adam", HYPERPARAMETERS["adam"])
        self.trainer = _core.Trainer(self.network, self.optimizer, loss, ["categorical_accuracy"])
        self.x = rng.standard_normal((n_rows, 6)).astype("float32")
        self.y = rng.integers(0, 4, (n_rows, 1)).astype("int32")

    def run(self, **settings: Any) -> list[_core.Stats]:
        return self.trainer.run(self.x, self.y, **(RUN | settings))

    def hash(self) -> str:
        return nets.hash_of(self.network, self.twins.names, self.optimizer, 2)
