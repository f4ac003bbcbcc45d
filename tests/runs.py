"""runs.py: the training runs whose every bit is promised, and the SHA-256 of what each leaves behind.

Data and first weights come from the counter-based numbers of exact.py, so they are the same with any NumPy. The hashes
are kept in tests/properties/golden.json, written by

    python tests/runs.py

from an installed nnfast, and only when a change of the results is meant: docs/decisions/ then says why.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import exact
import numpy as np
from nets import HYPERPARAMETERS, activation, dense, hash_of, loss_spec, normalization, parameters
from numpy.typing import NDArray

from nnfast import _core
from nnfast._core import LayerSpec, LossSpec, StepOptions

Array = NDArray[Any]

GOLDEN = Path(__file__).parent / "properties" / "golden.json"

# Wide enough that a batch of 37 is worth a team; narrow enough that one of 2,000 costs little.
WIDE = (dense(130, "gelu"), LayerSpec("dropout", rate=0.25), dense(50, "tanh"), dense(5, "softmax"))
NARROW = (dense(33, "leaky_relu"), dense(17, "softplus"), LayerSpec("dropout", rate=0.1), dense(5, "softmax"))
IN_SIZE, N_CLASSES = 41, 5

# For each way in which a team shares a batch a stack that makes it take that way; csrc/training/plan.c decides.
# 512 columns are panels that two and three members share evenly, 448 are shared evenly by two and seven.
COLUMNS = (dense(512, "leaky_relu"), dense(512, "gelu"), activation("tanh"), dense(448, "silu"), dense(5, "softmax"))
MIXED = (
    LayerSpec("dropout", rate=0.2),
    dense(448, "softplus", train_weights=False),
    dense(448, "tanh"),
    LayerSpec("dropout", rate=0.1),
    dense(60, "softmax"),
    LayerSpec("rescaling", scale=3.0, offset=-0.5),
    dense(512, "elu", use_bias=False),
    dense(5, "softmax"),
)
FROZEN = (dense(448, "relu", train_weights=False, train_bias=False), dense(448, "gelu"), dense(5, "softmax"))
PENALISED = (
    dense(130, "gelu", weights_penalty=(0.0, 1e-3), bias_penalty=(1e-3, 0.0)),
    LayerSpec("dropout", rate=0.25),
    dense(50, "tanh", weights_penalty=(1e-4, 1e-3)),
    dense(5, "softmax"),
)
CONSTRAINED = (
    dense(130, "gelu", weights_constraint=("norm", 0.0, 0.9, 1.0), bias_constraint=("non_negative", 0.0, 0.0, 0.0)),
    dense(50, "tanh", weights_constraint=("norm", 0.5, 0.6, 0.3), bias_constraint=("norm", 1.0, 1.0, 1.0)),
    dense(5, "softmax", weights_constraint=("non_negative", 0.0, 0.0, 0.0), weights_penalty=(0.0, 1e-3)),
)
GATHERED = StepOptions(n_batches=2, use_average=True, average_momentum=0.9, overwrite_interval=2)
# Just too many parameters of float64 for members to take whole shards.
LARGE = (dense(420, "relu"), dense(40, "tanh"), dense(5, "softmax"))
# Between layers by columns and layers by rows; the last batch of an epoch has one row.
BATCH = (
    normalization("", epsilon=1e-7),
    dense(448, use_bias=False),
    normalization("batch"),
    activation("gelu"),
    dense(448, "tanh"),
    normalization("batch", use_gamma=False, momentum=0.9),
    LayerSpec("dropout", rate=0.1),
    dense(60),
    normalization("batch", train_weights=False, train_bias=False),
    dense(5, "softmax"),
)
NARROW_BATCH = (normalization("batch"), dense(37, "tanh"), normalization("batch", use_bias=False), dense(5, "softmax"))
LAYER = (dense(33), normalization("layer"), activation("silu"), dense(448), normalization("layer"), dense(5, "softmax"))
NARROW_LAYER = (normalization("layer"), dense(17, "tanh"), normalization("layer", use_bias=False), dense(5, "softmax"))


LATER_LOSSES = (
    *("mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error"),
    *("huber", "log_cosh", "quantile", "poisson", "cosine_similarity"),
    *("hinge", "squared_hinge", "categorical_hinge", "kl_divergence"),
    *("binary_focal_crossentropy", "binary_focal_crossentropy_logits", "categorical_focal_crossentropy"),
)


class Run(NamedTuple):
    rule: str
    dtype: str
    batch_size: int
    n_rows: int
    n_epochs: int
    specs: tuple[LayerSpec, ...]
    loss: LossSpec = LossSpec("categorical_crossentropy_logits", (0.0,))
    is_weighted: bool = False
    """Rows weigh 0 to 3, and outputs are collected."""
    weight_decay: float = 0.0
    rates: tuple[float, ...] = ()
    """Of the batches, instead of the rule's."""
    options: StepOptions = StepOptions()


FIRST_RULES = ("sgd", "momentum", "nesterov", "adam")
"""They go all ways through a batch; the others, which differ in the update alone, two that update differently."""

RUNS = (
    {
        f"{rule} {dtype} batch {batch_size}": Run(rule, dtype, batch_size, n_rows, n_epochs, specs)
        for rule in HYPERPARAMETERS
        for dtype in ("float32", "float64")
        for batch_size, n_rows, n_epochs, specs in (
            (1, 30, 2, NARROW),
            (7, 60, 2, NARROW),
            (37, 120, 2, WIDE),
            (2000, 2100, 2, NARROW),
        )
        if rule in FIRST_RULES or batch_size < 37
    }
    | {
        f"decay and rates {rule} {dtype} batch {batch_size}": Run(
            rule, dtype, batch_size, 60, 2, NARROW, weight_decay=0.125, rates=tuple(0.01 / (1 + i) for i in range(120))
        )
        for rule in ("momentum", "adam")
        for dtype in ("float32", "float64")
        for batch_size in (1, 7, 60)
    }
    | {
        f"{loss.name} {dtype}": Run("adam", dtype, 50, 120, 2, (dense(40, "silu"), dense(5, last)), loss)
        for dtype in ("float32", "float64")
        for loss, last in (
            (LossSpec("mean_squared_error"), "elu"),
            (LossSpec("sum_squared_error"), "linear"),
            (LossSpec("binary_crossentropy", (0.0, 1.0)), "softmax"),
            (LossSpec("binary_crossentropy_logits", (0.0, 1.0)), "sigmoid"),
            (LossSpec("categorical_crossentropy", (0.0,)), "sigmoid"),
            *((loss_spec(name), "sigmoid") for name in LATER_LOSSES),
        )
    }
    | {
        f"{loss} with parameters {dtype}": Run(
            "sgd", dtype, 50, 120, 2, (dense(40, "silu"), dense(20, "softmax")), loss_spec(loss)
        )
        for dtype in ("float32", "float64")
        for loss in ("binary_crossentropy", "categorical_crossentropy", "categorical_crossentropy_logits")
    }
)
SHARED_RUNS = {
    f"{way} {dtype}": Run("adam", dtype, batch_size, n_rows, 1, specs)
    for dtype in ("float32", "float64")
    for way, batch_size, n_rows, specs in (
        ("columns", 16, 40, COLUMNS),
        ("columns and rows", 16, 40, MIXED),
        ("columns above a frozen layer", 16, 40, FROZEN),
        ("five shards, a member each", 5000, 5300, NARROW),
    )
}
SHARED_RUNS |= {
    f"{way} {dtype}": Run("momentum", dtype, batch_size, n_rows, 1, specs)
    for dtype in ("float32", "float64")
    for way, batch_size, n_rows, specs in (
        ("batch normalization", 16, 49, BATCH),
        ("batch normalization of more than a shard", 1100, 2201, NARROW_BATCH),
        ("layer normalization", 16, 49, LAYER),
        ("layer normalization, five shards", 5000, 5300, NARROW_LAYER),
    )
}
SHARED_RUNS["two shards, one by one float64"] = Run("adam", "float64", 1100, 1150, 1, LARGE)
RUNS |= SHARED_RUNS
RUNS |= {
    f"weighted {way} {dtype}": Run("adam", dtype, batch_size, n_rows, 2, specs, loss, is_weighted=True)
    for dtype in ("float32", "float64")
    for way, batch_size, n_rows, specs, loss in (
        ("rows", 37, 120, WIDE, LossSpec("categorical_crossentropy_logits", (0.0,))),
        ("rows by their mean", 37, 120, WIDE, LossSpec("categorical_crossentropy_logits", (0.0,), "weighted_mean")),
        ("columns", 16, 40, COLUMNS, LossSpec("categorical_crossentropy_logits", (0.0,))),
        ("shards", 5000, 5300, NARROW, LossSpec("categorical_crossentropy_logits", (0.0,), "weighted_mean")),
        ("outputs", 37, 120, (dense(40, "silu"), dense(5, "sigmoid")), LossSpec("huber", (0.3,))),
    )
}
RUNS |= {
    f"penalties {dtype} batch {batch_size}": Run("momentum", dtype, batch_size, n_rows, 2, PENALISED)
    for dtype in ("float32", "float64")
    for batch_size, n_rows in ((1, 20), (37, 120), (2000, 2100))
}


RUNS |= {
    f"{way} {dtype} batch {batch_size}": Run("adam", dtype, batch_size, n_rows, 2, specs, options=options)
    for dtype in ("float32", "float64")
    for way, specs, options in (
        ("constraints", CONSTRAINED, StepOptions()),
        ("clipped values", WIDE, StepOptions(clip_value=1e-3)),
        ("clipped norms", PENALISED, StepOptions(clip_norm=0.1)),
        ("clipped global norm", WIDE, StepOptions(clip_global_norm=0.2)),
        ("gathered, averaged", WIDE, GATHERED),
        ("everything", CONSTRAINED, GATHERED._replace(clip_global_norm=0.2)),
    )
    for batch_size, n_rows in ((1, 11), (37, 120), (2000, 2100))
}
RUNS |= {
    f"weights, decay and rates, {way} {dtype}": Run(
        *("adam", dtype, 1100, 2201, 1, specs),
        LossSpec("categorical_crossentropy_logits", (0.0,), "weighted_mean"),
        is_weighted=True,
        weight_decay=0.125,
        rates=(0.01, 0.005, 0.0025),
    )
    for dtype in ("float32", "float64")
    for way, specs in (("batch normalization", NARROW_BATCH), ("layer normalization", NARROW_LAYER))
}


def make_data(n_rows: int) -> tuple[Array, Array]:
    """Pixels, a third of them 0, and labels that depend on them."""
    numbers = exact.random_numbers(11, exact.INITIALIZE, 0, n_rows * IN_SIZE).reshape(n_rows, IN_SIZE)
    x = np.where(numbers % 3 == 0, 0, numbers >> np.uint32(24)).astype(np.uint8)
    return x, (x[:, :N_CLASSES].argmax(axis=1)).astype(np.int32).reshape(-1, 1)


def make_weights(run: Run) -> tuple[Array, Array]:
    """Weights that are no sums of few powers of two, some 0, for elements where the loss can; and room for outputs."""
    n_columns = N_CLASSES if run.loss.name in _core.ELEMENT_LOSSES else 1
    numbers = exact.random_numbers(11, exact.INITIALIZE, 1, run.n_rows * n_columns) >> np.uint32(8)
    weights = np.where(numbers % 5 == 0, 0, numbers * 3 / 2**24).reshape(-1, n_columns)
    return weights, np.empty((run.n_rows, N_CLASSES), run.dtype)


def make_network(specs: tuple[LayerSpec, ...], dtype: str) -> _core.Network:
    network = _core.Network(dtype, IN_SIZE, 1 / 255, -0.125, list(specs))
    for i, name, shape in parameters(specs, IN_SIZE):
        u = exact.uniform(5, 2 * i + (name == "bias"), int(np.prod(shape))).reshape(shape)
        first = 0.75 if name in ("gamma", "variance") else -0.25
        network.set_parameter(i, name, (u / 2 + first).astype(dtype))
    return network


def hash_of_run(run: Run) -> str:
    """Of weights, optimizer state and statistics after the run, with the instruction set and threads that are set."""
    network = make_network(run.specs, run.dtype)
    optimizer = _core.Optimizer(network, run.rule, HYPERPARAMETERS[run.rule], run.weight_decay, run.options)
    metrics = ["categorical_accuracy", "mean_absolute_error"]
    trainer = _core.Trainer(network, optimizer, run.loss, metrics, n_weighted=1)
    x, labels = make_data(run.n_rows)
    takes_labels = run.loss.name.startswith("categorical_crossentropy")
    y = labels if takes_labels else np.eye(run.specs[-1].out_size, dtype=np.float32)[labels[:, 0]]
    weights, outputs = make_weights(run) if run.is_weighted else (None, None)
    more: dict[str, Any] = {"weights": weights, "outputs": outputs}
    n_steps = run.n_epochs * -(-run.n_rows // run.batch_size)
    settings: dict[str, Any] = {"batch_size": run.batch_size, "n_epochs": run.n_epochs, "seed": 2**40 + 3}
    settings["learning_rates"] = np.array(run.rates[:n_steps]) if run.rates else None
    stats = trainer.run(x, y, first_epoch=0, shuffle=True, **settings, **more)
    collected = b"" if outputs is None else outputs.tobytes()
    stats.append(trainer.evaluate(x, y, **more))
    names = [(i, name) for i, name, _ in parameters(run.specs, IN_SIZE)]
    n_slots = _core.OPTIMIZERS[run.rule][0] + (run.options.n_batches > 1) + run.options.use_average
    digest = hashlib.sha256(hash_of(network, names, optimizer, n_slots).encode())
    for s in stats:
        digest.update(np.array([s.loss, *s.metrics, s.n_rows, *([s.penalty] if s.penalty else [])]).tobytes())
    if outputs is not None:
        digest.update(collected + outputs.tobytes() + np.array([s.weight for s in stats]).tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: hash_of_run(run) for name, run in RUNS.items()}, indent=1) + "\n")
