"""Ten training steps by Keras, in double precision, of all that a step does beside its rule.

Writes step_trace_keras.json.

    KERAS_BACKEND=jax JAX_ENABLE_X64=1 python tests/properties/write_step_trace.py

Written with Keras 3 on JAX; on TensorFlow it writes the same numbers to 3e-6.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

TRACE = Path(__file__).with_name("step_trace_keras.json")

N_ROWS, BATCH_SIZE, N_EPOCHS, SIZES = 20, 4, 2, (5, 6, 3)
OPTIMIZERS = {
    "sgd": {"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.9}},
    "adam": {"class_name": "Adam", "config": {"learning_rate": 0.05, "epsilon": 1e-3}},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "clipvalue": {"clipvalue": 0.05},
    "clipnorm": {"clipnorm": 0.15},
    "global_clipnorm": {"global_clipnorm": 0.2},
    "accumulation": {"gradient_accumulation_steps": 3},
    "average": {"use_ema": True, "ema_momentum": 0.8},
    "average that overwrites": {"use_ema": True, "ema_momentum": 0.6, "ema_overwrite_frequency": 3},
    "all": {"gradient_accumulation_steps": 2, "global_clipnorm": 0.2, "use_ema": True, "ema_overwrite_frequency": 2},
}
LAYERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "l1": {"kernel_regularizer": ("L1", {"l1": 0.02}), "bias_regularizer": ("L1", {"l1": 0.05})},
    "l1_l2": {"kernel_regularizer": ("L1L2", {"l1": 0.02, "l2": 0.03}), "bias_regularizer": ("L2", {"l2": 0.1})},
    "max_norm": {
        "kernel_constraint": ("MaxNorm", {"max_value": 1.2}),
        "bias_constraint": ("MaxNorm", {"max_value": 0.3}),
    },
    "non_neg": {"kernel_constraint": ("NonNeg", {}), "bias_constraint": ("NonNeg", {})},
    "unit_norm": {"kernel_constraint": ("UnitNorm", {}), "bias_constraint": ("UnitNorm", {})},
    "min_max_norm": {
        "kernel_constraint": ("MinMaxNorm", {"min_value": 1.1, "max_value": 1.4, "rate": 0.3}),
        "bias_constraint": ("MinMaxNorm", {"min_value": 0.1, "max_value": 0.3}),
    },
    "all": {
        "kernel_regularizer": ("L1L2", {"l1": 0.02, "l2": 0.03}),
        "kernel_constraint": ("MaxNorm", {"max_value": 1.2}),
        "bias_constraint": ("NonNeg", {}),
    },
}
CASES = {
    f"{rule}, {step}, {layer}": (rule, step, layer)
    for rule in OPTIMIZERS
    for step in OPTIONS
    for layer in LAYERS
    if "plain" in (step, layer) or (step, layer) == ("all", "all")
}


def make_problem() -> dict[str, Any]:
    rng = np.random.default_rng(2026)
    shapes = [(SIZES[0], SIZES[1]), (SIZES[1],), (SIZES[1], SIZES[2]), (SIZES[2],)]
    return {
        "x": rng.standard_normal((N_ROWS, SIZES[0])).tolist(),
        "y": rng.standard_normal((N_ROWS, SIZES[-1])).tolist(),
        "weights": [(rng.standard_normal(shape) * 0.6).tolist() for shape in shapes],
    }


def train(problem: dict[str, Any], rule: str, step: str, layer: str) -> dict[str, Any]:
    """The losses of the epochs, and the weights when fit has returned."""
    import keras

    parts = {
        key: getattr(keras.regularizers if "regularizer" in key else keras.constraints, name)(**config)
        for key, (name, config) in LAYERS[layer].items()
    }
    optimizer = getattr(keras.optimizers, OPTIMIZERS[rule]["class_name"])
    model = keras.Sequential(
        [
            keras.layers.Input((SIZES[0],)),
            keras.layers.Dense(SIZES[1], "tanh", **parts),
            keras.layers.Dense(SIZES[2], **parts),
        ]
    )
    model.compile(optimizer(**OPTIMIZERS[rule]["config"], **OPTIONS[step]), "mean_squared_error")
    model.set_weights([np.array(w) for w in problem["weights"]])
    x, y = np.array(problem["x"]), np.array(problem["y"])
    history = model.fit(x, y, batch_size=BATCH_SIZE, epochs=N_EPOCHS, shuffle=False, verbose=0)
    losses = [float(loss) for loss in history.history["loss"]]
    return {"losses": losses, "weights": [w.tolist() for w in model.get_weights()]}


if __name__ == "__main__":
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    problem = make_problem()
    runs = {name: train(problem, *case) for name, case in CASES.items()}
    TRACE.write_text(json.dumps({"problem": problem, "runs": runs}) + "\n")
