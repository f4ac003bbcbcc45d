"""Keras on TensorFlow: ``model.fit`` with many steps a call of the graph, and the default choice of compiling it."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from benchmarks.workloads import BETA_1, BETA_2, EPSILON, Data, TrainTask

MOST_STEPS_A_CALL = 256


class Rival:
    """See ``contestants.Rival``."""

    def __init__(self, task: TrainTask, data: Data, n_threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(n_threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.task, self.x, self.y = task, data.as_float(), data.y
        self.batch_size = task.batch_size or len(self.x)
        layers = [
            keras.layers.Dense(size, activation=name)
            for size, name in zip(task.net.sizes[1:], task.net.activations, strict=True)
        ]
        self.model = keras.Sequential([keras.Input((task.net.sizes[0],)), *layers])
        optimizer = (
            keras.optimizers.SGD(task.learning_rate)
            if task.optimizer == "sgd"
            else keras.optimizers.Adam(task.learning_rate, BETA_1, BETA_2, EPSILON)
        )
        n_steps = min(MOST_STEPS_A_CALL, -(-len(self.x) // self.batch_size))
        self.model.compile(optimizer, loss=task.loss, steps_per_execution=n_steps)
        self.model.set_weights(data.weights)

    def run(self, n: int, shuffle: bool) -> None:
        is_shuffled = shuffle and self.task.batch_size is not None
        self.model.fit(self.x, self.y, batch_size=self.batch_size, epochs=n, shuffle=is_shuffled, verbose=0)

    def get_results(self) -> list[np.ndarray]:
        return self.model.get_weights()

    @staticmethod
    def describe() -> str:
        return f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
