"""pages.py: reports that several tests look at: of each kind of model, on data with names that are markup."""

import numpy as np

from nnfast import Sequential
from nnfast.datasets import load_digits
from nnfast.layers import Dense, Dropout, Input
from nnfast.report import write_report

EVIL = ("<script>alert(1)</script>", 'a "quoted" & <b>bold</b>', "rather a long name of a class, of several words")

RUN = {
    "nnfast": "1.2.3",
    "data": "<i>digits</i>",
    "rows": {"train": 1298, "validation": 144, "test": 355},
    "network": "64-16-10",
    "settings": {
        "data": "digits",
        "hidden": [16],
        "shuffle": False,
        "quiet": True,
        "json": False,
        "kind": None,
        "metric": [],
        "learning-rate": 0.003,
        "optimizer-option": {"nesterov": True},
    },
    "seed": 7,
    "threads": 2,
    "machine": {"cpu": "a processor", "isa": "avx2", "cores": 2, "memory_gib": 15.625, "python": "3.11"},
    "started": "2026-01-02T03:04:05+00:00",
    "seconds": 2.5,
    "samples_per_second": 40_000.0,
}


def train_digits():
    """A small net with its run in its metadata, and test data."""
    (x, y), test = load_digits()
    layers = [Input(64, scale=1 / 16), Dense(16, "relu", name="<u>first</u>"), Dropout(0.1), Dense(10, "softmax")]
    model = Sequential(layers, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    history = model.fit(x, y, epochs=8, validation_split=0.1, verbose=0)
    model.metadata["run"] = RUN | {"history": {"epoch": [e + 1 for e in history.epoch], **history.history}}
    return model, *test


def make_model(n_outputs, activation=None, n_features=6):
    return Sequential([Input(n_features), Dense(n_outputs, activation)], seed=0)


def write_all(folder):
    """Write a report of each kind; return their paths."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 6))
    write_report(folder / "digits.html", *train_digits())
    kinds = {
        "classes": (make_model(3, "softmax"), rng.integers(0, 3, 200), {"class_names": EVIL}),
        "binary": (make_model(1, "sigmoid"), rng.integers(0, 2, 200), {}),
        "many": (
            make_model(40, "softmax"),
            rng.integers(0, 40, 200),
            {"class_names": [f"class {i}" for i in range(40)]},
        ),
        "labels": (make_model(3, "sigmoid"), rng.integers(0, 2, (200, 3)), {"class_names": EVIL}),
        "values": (
            make_model(1),
            x[:, 0] * 1e5,
            {"feature_names": [*"abcde", EVIL[0]], "history": {"loss": [3.0, 2.0], "val_loss": [3.0, float("nan")]}},
        ),
        "outputs": (make_model(2), x[:, :2] * [1, 1e-6], {"title": EVIL[0]}),
    }
    for name, (model, y, options) in kinds.items():
        write_report(folder / f"{name}.html", model, x, y, **options)
    return sorted(folder.glob("*.html"))
