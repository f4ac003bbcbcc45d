"""write_normalization.py: lets Keras 3 train a small net with normalizations, and writes down what it comes to:

    KERAS_BACKEND=jax JAX_ENABLE_X64=1 python tests/properties/write_normalization.py

Run it where keras and jax are installed, in float64. `test_normalization_keras.py` compares with the file.
"""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

FILE = Path(__file__).with_name("normalization_keras.json")
N_ROWS, IN_SIZE, BATCH_SIZE, N_EPOCHS = 60, 4, 16, 3


def main() -> None:
    keras.backend.set_floatx("float64")
    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(7)
    x = (rng.standard_normal((N_ROWS, IN_SIZE)) * [1, 30, 0.01, 1] + [0, 100, 5, -2]).round(3)
    y = (x[:, :1] * 0.5 - x[:, 3:] + 0.01 * x[:, 1:2]).round(3)
    normalization = keras.layers.Normalization()
    normalization.adapt(x)
    model = keras.Sequential(
        [
            keras.Input((IN_SIZE,)),
            normalization,
            keras.layers.Dense(6),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.Activation("tanh"),
            keras.layers.Dense(5, activation="gelu"),
            keras.layers.LayerNormalization(),
            keras.layers.BatchNormalization(center=False, epsilon=0.01),
            keras.layers.Dense(1),
        ]
    )
    first = [w.round(3) for w in get_weights(model)]
    set_weights(model, first)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse", jit_compile=False)
    history = model.fit(x, y, batch_size=BATCH_SIZE, epochs=N_EPOCHS, shuffle=False, verbose=0)
    data: dict[str, Any] = {
        "x": x.tolist(),
        "y": y.tolist(),
        "first": [w.tolist() for w in first],
        "adapted": [np.ravel(normalization.mean).tolist(), np.ravel(normalization.variance).tolist()],
        "last": [w.tolist() for w in get_weights(model)],
        "losses": history.history["loss"],
        "predictions": np.asarray(model.predict(x[:5], verbose=0)).tolist(),
        "versions": {"keras": keras.__version__, "backend": keras.backend.backend()},
    }
    FILE.write_text(json.dumps(data) + "\n")


def get_weights(model: Any) -> list[Any]:
    """All but those of the Normalization, which come first: mean, variance, count."""
    return model.get_weights()[3:]


def set_weights(model: Any, weights: list[Any]) -> None:
    model.set_weights(model.get_weights()[:3] + weights)


if __name__ == "__main__":
    main()
