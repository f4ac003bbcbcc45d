"""Every loss that Keras has, by Keras in double precision: writes losses_keras.json beside itself.

    JAX_ENABLE_X64=1 KERAS_BACKEND=jax python tests/properties/write_losses.py

Written with keras 3.15.1 and jax 0.10.2. The numbers are the loss of each row and the gradient of their sum. Keras'
mean works in single precision whatever it is given; here JAX's takes its place.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

TRACE = Path(__file__).with_name("losses_keras.json")

N_ROWS, N_OUTPUTS = 6, 5
LOGITS = {"from_logits": True}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("MeanSquaredError", {}),
    ("MeanAbsoluteError", {}),
    ("MeanAbsolutePercentageError", {}),
    ("MeanSquaredLogarithmicError", {}),
    ("Huber", {}),
    ("Huber", {"delta": 0.3}),
    ("LogCosh", {}),
    ("Poisson", {}),
    ("CosineSimilarity", {}),
    ("Hinge", {}),
    ("SquaredHinge", {}),
    ("CategoricalHinge", {}),
    ("KLDivergence", {}),
    *(("BinaryCrossentropy", form | more) for form in ({}, LOGITS) for more in ({}, {"label_smoothing": 0.2})),
    *(("CategoricalCrossentropy", form | more) for form in ({}, LOGITS) for more in ({}, {"label_smoothing": 0.2})),
    *(("SparseCategoricalCrossentropy", form) for form in ({}, LOGITS)),
    *(
        ("BinaryFocalCrossentropy", form | more)
        for form in ({}, LOGITS)
        for more in (
            {},
            {"apply_class_balancing": True},
            {"apply_class_balancing": True, "alpha": 0.7, "gamma": 0.5, "label_smoothing": 0.1},
        )
    ),
    *(
        ("CategoricalFocalCrossentropy", form | more)
        for form in ({}, LOGITS)
        for more in ({}, {"alpha": 0.6, "gamma": 3.5, "label_smoothing": 0.1})
    ),
]
ON_PROBABILITIES = ("KLDivergence", "Poisson")
BINARY_TARGETS = ("Hinge", "SquaredHinge", "CategoricalHinge")


def make_arrays(name: str, config: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Targets and outputs that suit the loss."""
    rng = np.random.default_rng(7)
    y, t = rng.standard_normal((N_ROWS, N_OUTPUTS)) * 1.5, rng.uniform(0.05, 0.95, (N_ROWS, N_OUTPUTS))
    takes_probabilities = name.endswith("Crossentropy") and not config.get("from_logits")
    if takes_probabilities or name in ON_PROBABILITIES:
        y = rng.uniform(0.02, 0.98, (N_ROWS, N_OUTPUTS))
    if name in BINARY_TARGETS:
        t = np.eye(N_OUTPUTS)[rng.integers(0, N_OUTPUTS, N_ROWS)]
    if name.startswith("Sparse"):
        t = rng.integers(0, N_OUTPUTS, N_ROWS)
    return t, y


def measure(name: str, config: dict[str, Any]) -> dict[str, Any]:
    import jax
    import keras

    keras.config.set_floatx("float64")
    keras.src.ops.mean = jax.numpy.mean
    t, y = make_arrays(name, config)
    loss = getattr(keras.losses, name)(**config, reduction="none", dtype="float64")
    rows = loss(t, jax.numpy.asarray(y))
    gradient = jax.grad(lambda outputs: loss(t, outputs).sum())(jax.numpy.asarray(y))
    return {
        "name": name,
        "config": config,
        "y_true": t.tolist(),
        "y_pred": y.tolist(),
        "rows": np.asarray(rows).tolist(),
        "gradient": np.asarray(gradient).tolist(),
    }


if __name__ == "__main__":
    TRACE.write_text(json.dumps([measure(*case) for case in CASES]) + "\n")
