"""Writes keras_<backend>.npz: networks as Keras exports them to ONNX, with what Keras predicts for some rows.

Run by hand, once for each backend, where keras, tensorflow with tf2onnx, and torch are installed:
``KERAS_BACKEND=tensorflow python tests/export/write_keras.py``, and with torch.
"""

import os
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from keras import layers

BACKEND = keras.backend.backend()
NETS = [
    lambda: [layers.Dense(12, "relu"), layers.Dense(4, "softmax")],
    lambda: [layers.Dense(9, "tanh"), layers.Dropout(0.3), layers.Dense(7, "silu"), layers.Dense(1, "sigmoid")],
    lambda: [layers.Rescaling(0.5, 0.25), layers.Dense(9, "elu"), layers.Dense(8, "leaky_relu"), layers.Dense(2)],
    lambda: [
        layers.Dense(9, lambda x: keras.activations.gelu(x, approximate=True)),
        *([layers.LayerNormalization()] if BACKEND == "tensorflow" else [layers.Dense(5, "gelu")]),
        layers.Dense(3, "softplus"),
    ],
    lambda: [
        layers.Dense(8, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(6.0),
        layers.Dense(6, "hard_sigmoid"),
        layers.Dense(6, "mish"),
        layers.Dense(3, "selu"),
    ],
]


def main():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    content = {}
    for number, make in enumerate(NETS):
        model = keras.Sequential([keras.Input((5,)), *make()])
        for weight in model.weights:
            weight.assign(rng.uniform(0.1, 1, weight.shape) if len(weight.shape) == 1 else weight)
        x = rng.normal(size=(20, 5)).astype("float32")
        content[f"x_{number}"], content[f"y_{number}"] = x, keras.ops.convert_to_numpy(model(x))
        with tempfile.TemporaryDirectory() as folder:
            model.export(f"{folder}/m.onnx", format="onnx", verbose=0)
            content[f"onnx_{number}"] = np.frombuffer(Path(folder, "m.onnx").read_bytes(), np.uint8)
    np.savez_compressed(Path(__file__).with_name(f"keras_{BACKEND}.npz"), **content)


if __name__ == "__main__":
    main()
