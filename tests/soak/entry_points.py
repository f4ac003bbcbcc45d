"""entry_points: what allocates: every way into nnfast, with something small to do.

An entry point is made anew for each fault: ``prepare`` gives it what it works with, ``call`` is what meets the fault,
``look`` what of it can be seen before and afterwards.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nnfast
from nnfast import data, kernels, layers
from nnfast.callbacks import EarlyStopping, ModelCheckpoint
from nnfast.saving.model_file import SavedModel

rng = np.random.default_rng(3)
X, Y = rng.normal(size=(200, 20)).astype("float32"), rng.integers(0, 3, 200)
MANY = rng.normal(size=(2500, 20)).astype("float32"), rng.integers(0, 3, 2500)
"""More than a shard."""
WEIGHTS = np.linspace(0, 2, 200)


AFTER = ("before", "after")
BETWEEN = ("before", "between", "after")


class Entry(NamedTuple):
    prepare: Callable[[Path], Any]
    call: Callable[[Any], Any]
    look: Callable[[Any], Any]
    leaves: tuple[str, ...] = ("before",)
    """How an error may leave it: as it was before, after, or as between two batches."""


def make_layers(activation: str = "gelu") -> list[Any]:
    return [
        layers.Input(20),
        layers.Dense(37, activation=activation),
        layers.BatchNormalization(),
        layers.Dropout(0.1),
        layers.Dense(33, activation="tanh", kernel_regularizer="l2", kernel_constraint="max_norm"),
        layers.Dense(3, activation="softmax"),
    ]


def compile_model(model: nnfast.Sequential) -> nnfast.Sequential:
    chosen = nnfast.optimizers.Adam(0.01, global_clipnorm=1.0)
    model.compile(chosen, "sparse_categorical_crossentropy", ["accuracy", "AUC"])
    return model


def make_model(_: Path | None = None) -> nnfast.Sequential:
    """A model that has been trained."""
    model = compile_model(nnfast.Sequential(make_layers(), seed=1))
    model.fit(X[:50], Y[:50], verbose=0)
    return model


def make_plain(_: Path | None = None) -> nnfast.Sequential:
    """Small enough for shards, and for one row after another."""
    stack = [layers.Input(20), layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax")]
    model = nnfast.Sequential(stack, seed=1)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def look_at_saved(saved: SavedModel) -> list[Any]:
    compiled = saved.compiled
    return [saved.epochs_done, saved.weights, compiled and (compiled.optimizer, compiled.step, compiled.slots)]


def look_at_model(model: nnfast.Sequential) -> list[Any]:
    from nnfast._persistence import describe_model

    return [look_at_saved(describe_model(model)), type(model.loss).__name__, repr(model.optimizer)]


def look_at_nothing(_: Any) -> None:
    return None


def fit(**options: Any) -> Callable[[nnfast.Sequential], Any]:
    return lambda model, x=X: model.fit(x, Y, verbose=0, **options).history


def of_model(call: Callable[[nnfast.Sequential], Any]) -> Entry:
    return Entry(make_model, call, look_at_model)


def of_training(call: Callable[[nnfast.Sequential], Any], make: Callable[[Path], Any] = make_model) -> Entry:
    """One call of the core's, and what is made of its sums."""
    return Entry(make, call, look_at_model, AFTER)


def of_nothing(call: Callable[[Any], Any], prepare: Callable[[Path], Any] = look_at_nothing) -> Entry:
    """A call that changes nothing."""
    return Entry(prepare, call, look_at_nothing)


# ---- models ----


def construct(_: None) -> Any:
    return nnfast.Sequential(make_layers(), seed=1).get_weights()


def compile_again(model: nnfast.Sequential) -> None:
    model.compile("nadam", "categorical_crossentropy", ["accuracy"])


def take_step(model: nnfast.Sequential) -> Any:
    """A loop of one's own."""
    outputs = model.forward(X[:70], training=True)
    gradient = model.backward(outputs / len(outputs))
    model.optimizer.apply(model)
    return outputs, gradient


def copy_model(model: nnfast.Sequential) -> Any:
    import copy

    return copy.deepcopy(model).get_weights()


def make_sparse(_: Path) -> Any:
    from scipy import sparse

    return make_model(), sparse.csr_matrix(X * (X > 1))


def fit_custom(model: nnfast.Sequential) -> Any:
    return model.fit(X, X[:, :3], epochs=1, verbose=0).history


def make_custom(_: Path) -> nnfast.Sequential:
    model = nnfast.Sequential([layers.Input(20), layers.Dense(3)], seed=1)
    model.compile("adam", lambda y_true, y_pred: (((y_pred - y_true) ** 2).mean(), (y_pred - y_true) / y_pred.size))
    return model


def fit_batches(model: nnfast.Sequential) -> Any:
    return model.fit(data.Batches(X, Y, batch_size=64, seed=1), verbose=0).history


def make_averaging(_: Path) -> nnfast.Sequential:
    model = make_model()
    chosen = nnfast.optimizers.Adam(0.01, clipnorm=1.0, use_ema=True, gradient_accumulation_steps=2)
    model.compile(chosen, "sparse_categorical_crossentropy")
    return model


def fit_many_rows(model: nnfast.Sequential) -> Any:
    return model.fit(*MANY, batch_size=2100, verbose=0).history


def fit_by_row(model: nnfast.Sequential) -> Any:
    return model.fit(X[:20], Y[:20], batch_size=1, verbose=0).history


def fit_some(models: list[nnfast.Sequential]) -> Any:
    return [history.history for history in nnfast.fit_many(models, X, Y, verbose=0)]


# ---- files ----


def make_saved(folder: Path) -> Path:
    path = folder / "saved.safetensors"
    if not path.exists():
        make_model().save(path)
    return path


def load(path: Path) -> Any:
    return look_at_model(nnfast.load_model(path))


def make_with_weights(folder: Path) -> Any:
    path = folder / "saved.weights.safetensors"
    if not path.exists():
        make_model().save_weights(path)
    model = make_model()
    model.set_weights([weights * 2 for weights in model.get_weights()])
    return model, path


def save_and_read(
    name: str, save: Callable[[nnfast.Sequential, Path], Any], leaves: tuple[str, ...] = ("before",)
) -> Entry:
    """What is written, is whole."""

    def call(pair: Any) -> Any:
        save(*pair)
        return pair[1].read_bytes()

    return Entry(lambda folder: (make_model(), folder / name), call, lambda pair: look_at_model(pair[0]), leaves)


def write_table(folder: Path) -> Path:
    path = folder / "table.csv"
    if not path.exists():
        names = [*(f"x{i}" for i in range(20)), "kind"]
        rows = [[*map(repr, row), str(label)] for row, label in zip(X.tolist(), Y.tolist(), strict=True)]
        path.write_text("".join(",".join(cells) + "\n" for cells in [names, *rows]))
    return path


def look_at_table(table: data.Table) -> Any:
    return [table.x, table.y, table.columns]


def write_npz(folder: Path) -> Path:
    path = folder / "table.npz"
    if not path.exists():
        np.savez(path, x=X, y=Y)
    return path


def write_idx(folder: Path) -> Path:
    from nnfast.data.idx import write_idx

    path = folder / "table.idx.gz"
    if not path.exists():
        write_idx(path, X)
    return path


def write_map(folder: Path) -> Path:
    path = folder / "x.npy"
    if not path.exists():
        np.save(path, X)
    return path


def predict_map(path: Path) -> Any:
    return make_plain().predict(np.load(path, mmap_mode="r"))


# ---- other floors ----


def run_kernels(_: None) -> Any:
    w = X[:20, :5]
    y = kernels.dense_forward(X, w, X[0, :5])
    gradients = kernels.dense_backward(X, w, y)
    return y, gradients, kernels.relu(X), kernels.softmax(X), kernels.categorical_crossentropy(X, kernels.softmax(X))


def measure(_: None) -> Any:
    scores = kernels.softmax(X[:, :3])
    return [nnfast.metrics.get(name).compute(Y, scores) for name in ("AUC", "f1_score")]


def fit_classifier(_: None) -> Any:
    from nnfast.sklearn import MLPClassifier

    classifier = MLPClassifier((10,), max_iter=3, random_state=1).fit(X, Y)
    return [*classifier.coefs_, classifier.predict_proba(X)]


def write_report(pair: Any) -> Any:
    from nnfast.report import write_report

    model, path = pair
    write_report(path, model, X, Y)
    return path.read_bytes()


def train_table(folder: Path) -> Any:
    """``nnfast train`` up to the picture, which is Matplotlib's."""
    from nnfast.cli.job import Job

    target = folder / "trained.safetensors"
    given = {"data": str(write_table(folder)), "target": "kind", "epochs": 2, "seed": 1, "model": target, "quiet": True}
    job = Job(given)
    fitting = job._prepare()
    job._train(fitting)
    return nnfast.load_model(target).get_weights()


def remove_trained(folder: Path) -> Path:
    (folder / "trained.safetensors").unlink(missing_ok=True)
    return folder


ENTRIES = {
    "construct": of_nothing(construct),
    "compile": of_model(compile_again),
    "fit": of_training(fit()),
    "fit, weights of rows": of_training(fit(sample_weight=WEIGHTS)),
    "fit, validation and callbacks": of_training(
        lambda model: fit(validation_split=0.2, callbacks=[EarlyStopping("val_loss")])(model)
    ),
    "fit, rows one by one": of_training(fit_by_row, make_plain),
    "fit, batch of many rows": of_training(fit_many_rows, make_plain),
    "fit, sparse rows": Entry(
        make_sparse, lambda pair: fit()(pair[0], pair[1]), lambda pair: look_at_model(pair[0]), AFTER
    ),
    "fit, loss of one's own": Entry(make_custom, fit_custom, look_at_model, BETWEEN),
    "fit, averages of weights": Entry(make_averaging, fit(), look_at_model, BETWEEN),
    "fit, Batches": Entry(make_model, fit_batches, look_at_model, BETWEEN),
    "fit_many": Entry(
        lambda _: [make_model(), make_plain()],
        fit_some,
        lambda models: [look_at_model(model) for model in models],
        BETWEEN,
    ),
    "train_on_batch": of_training(lambda model: model.train_on_batch(X, Y)),
    "forward, backward, apply_gradients": Entry(make_model, take_step, look_at_model, BETWEEN),
    "evaluate": of_model(lambda model: model.evaluate(X, Y, verbose=0)),
    "predict": of_model(lambda model: model.predict(X)),
    "predict_one": of_model(lambda model: model.predict_one(X[0])),
    "get_weights": of_model(lambda model: model.get_weights()),
    "set_weights": Entry(
        lambda _: (make_model(), [weights * 2 for weights in make_model().get_weights()]),
        lambda pair: pair[0].set_weights(pair[1]),
        lambda pair: look_at_model(pair[0]),
    ),
    "deepcopy": of_model(copy_model),
    "save": save_and_read("model.safetensors", lambda model, path: model.save(path)),
    "load_model": of_nothing(load, make_saved),
    "save_weights": save_and_read("model.weights.safetensors", lambda model, path: model.save_weights(path)),
    "load_weights": Entry(
        make_with_weights, lambda pair: pair[0].load_weights(pair[1]), lambda pair: look_at_model(pair[0])
    ),
    "checkpoint": save_and_read(
        "checkpoint.safetensors",
        lambda model, path: model.fit(X, Y, verbose=0, callbacks=[ModelCheckpoint(path)]),
        AFTER,
    ),
    "export, ONNX": save_and_read("model.onnx", lambda model, path: model.export(path)),
    "report": Entry(
        lambda folder: (make_model(), folder / "report.html"), write_report, lambda pair: look_at_model(pair[0])
    ),
    "read_csv": of_nothing(lambda path: look_at_table(data.read_csv(path, "kind")), write_table),
    "read_npz": of_nothing(lambda path: look_at_table(data.read_npz(path)), write_npz),
    "read_idx": of_nothing(data.read_idx, write_idx),
    "predict, memory map": of_nothing(predict_map, write_map),
    "kernels": of_nothing(run_kernels),
    "metrics": of_nothing(measure),
    "MLPClassifier": of_nothing(fit_classifier),
    "nnfast train": of_nothing(train_table, remove_trained),
}
