"""Keras on TensorFlow: ``model.fit`` with a schedule, many steps a call of the graph."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from benchmarks.mnist98 import recipe


def train(seed: int) -> tuple[str, float]:
    tf.config.threading.set_intra_op_parallelism_threads(recipe.get_threads())
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(seed)
    (x, y), test = ((images.astype(np.float32) / 255, labels) for images, labels in recipe.load())
    *hidden, n_classes = recipe.SIZES[1:]
    layers = [keras.layers.Dense(size, "relu") for size in hidden]
    model = keras.Sequential([keras.Input((recipe.SIZES[0],)), *layers, keras.layers.Dense(n_classes, "softmax")])
    loss = "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], steps_per_execution=256)
    rates = keras.callbacks.LearningRateScheduler(lambda epoch: recipe.LEARNING_RATES[epoch])
    model.fit(x, y, recipe.BATCH_SIZE, len(recipe.LEARNING_RATES), verbose=0, callbacks=[rates])
    return f"Keras {keras.__version__}, TensorFlow {tf.__version__}", model.evaluate(*test, 1000, verbose=0)[1]


if __name__ == "__main__":
    recipe.run(train)
