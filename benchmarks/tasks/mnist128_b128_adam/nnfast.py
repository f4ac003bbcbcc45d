"""nnfast as its users write it."""

import nnfast
from nnfast.layers import Dense, Input
from nnfast.optimizers import Adam

from . import task


class Rival:
    """See ``harness.Rival``."""

    def __init__(self, data: task.Data, n_threads: int) -> None:
        nnfast.set_num_threads(n_threads)
        self.data = data
        self.model = nnfast.Sequential(
            [
                Input(task.N_FEATURES),
                Dense(task.N_HIDDEN, activation="relu"),
                Dense(task.N_CLASSES, activation="softmax"),
            ],
            seed=0,
        )
        optimizer = Adam(task.LEARNING_RATE, beta_1=task.BETA_1, beta_2=task.BETA_2, epsilon=task.EPSILON)
        self.model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
        self.model.set_weights(data.weights)

    def run(self, n_epochs: int, shuffle: bool) -> None:
        self.model.fit(
            self.data.x, self.data.y, batch_size=task.BATCH_SIZE, epochs=n_epochs, shuffle=shuffle, verbose=0
        )

    def get_weights(self) -> task.Weights:
        return self.model.get_weights()

    @staticmethod
    def describe() -> str:
        return f"nnfast {nnfast.__version__}"
