"""What Keras' callbacks do on made-up logs: writes keras.json beside itself.

    KERAS_BACKEND=jax python tests/callbacks/write_keras.py

Written with Keras 3.15.1. `run` and `list_calls` know no system: the test gives them nnfast's classes.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

TRUTH = Path(__file__).with_name("keras.json")

RATE = 0.25  # a power of two, and so is every factor: Keras holds rates in float32
SCHEDULES = {
    "of epoch and rate": lambda epoch, rate: rate / 2 if epoch % 3 == 2 else rate,
    "of the epoch": lambda epoch: 2.0 ** -(1 + epoch // 2),
}
X, Y = np.full((4, 1), 0.5, "float32"), np.zeros((4, 1), "float32")

Case = dict[str, Any]


def early(scores: list[float], name: str = "score", **arguments: Any) -> Case:
    arguments = {"monitor": name, "mode": "min", **arguments}
    return {"logs": {name: scores}, "callbacks": [["EarlyStopping", arguments]]}


def plateau(scores: list[float], **arguments: Any) -> Case:
    arguments = {"monitor": "score", "mode": "min", "factor": 0.5, **arguments}
    return {"logs": {"score": scores}, "callbacks": [["ReduceLROnPlateau", arguments]]}


def checkpoint(scores: list[float], filepath: str = "{epoch:02d}-{score:.2f}", **arguments: Any) -> Case:
    arguments = {"filepath": filepath, "monitor": "score", "mode": "min", **arguments}
    return {"logs": {"score": scores}, "callbacks": [["ModelCheckpoint", arguments]]}


SAW = [5, 4, 4.5, 4.2, 3.9, 3.95, 4, 4.1, 3.9, 3.8]
NAN = float("nan")
CASES: dict[str, Case] = {
    "early: ever better": early([5, 4, 3, 2, 1]),
    "early: no longer": early([5, 4, 4, 4, 4]),
    "early: never": early([4, 5, 5, 5]),
    "early: patience": early(SAW, patience=2),
    "early: longer patience": early(SAW, patience=4),
    "early: min_delta": early([5, 4.9, 4.8, 4.7, 4.6], min_delta=0.15, patience=2),
    "early: min_delta below 0": early([5, 4.9, 4.8, 4.7, 4.6], min_delta=-0.15, patience=1),
    "early: max": early([1, 2, 3, 3, 3], mode="max"),
    "early: the loss": early([3, 2, 2, 1], name="loss", mode="auto"),
    "early: baseline not reached, yet better": early([5, 4, 3, 2, 1], baseline=0.5, patience=2),
    "early: baseline not reached": early([5, 4, 4, 4, 4], baseline=0.5, patience=2),
    "early: baseline reached late": early([5, 4, 3, 3, 3, 3, 3], baseline=3.5, patience=2),
    "early: baseline reached at once": early([2, 4, 3, 2, 1], baseline=2.5, patience=2),
    "early: start_from_epoch": early([5, 9, 9, 1, 2, 2], start_from_epoch=2, patience=1),
    "early: start_from_epoch and no patience": early([5, 9, 9, 1, 2, 2], start_from_epoch=1),
    "early: restore": early(SAW, restore_best_weights=True, patience=2),
    "early: restore, never stopped": early([3, 2, 1, 2, 1.5], restore_best_weights=True, patience=9),
    "early: restore, from an epoch on": early([0, 3, 1, 2, 2, 2], restore_best_weights=True, start_from_epoch=1),
    "early: restore, below the baseline": early([5, 4, 6, 6, 6], restore_best_weights=True, baseline=1, patience=3),
    "early: NaN in between": early([5, NAN, 4, NAN, NAN, 3], patience=2),
    "early: not in the logs": early([3, 2, 2, 2], patience=1) | {"logs": {"other": [3, 2, 2, 2]}, "warnings": 1},
    "plateau: patience": plateau(SAW, patience=2),
    "plateau: no patience": plateau([3, 3, 2, 2, 2], patience=0),
    "plateau: one epoch": plateau([3, 3, 3, 2, 2, 3], patience=1),
    "plateau: min_delta": plateau([5, 4.9, 4.8, 4.7, 4.6, 4.5], min_delta=0.15, patience=1),
    "plateau: cooldown": plateau([3] * 12, patience=1, cooldown=2),
    "plateau: cooldown and patience": plateau([3, 3, 3, 3, 3, 2, 3, 3, 3, 3, 3, 3], patience=2, cooldown=3),
    "plateau: min_lr": plateau([3] * 8, patience=1, min_lr=0.0625),
    "plateau: min_lr between": plateau([3] * 8, patience=1, min_lr=0.046875),
    "plateau: max": plateau([1, 2, 2, 2, 3, 3, 3], mode="max", patience=2),
    "plateau: factor": plateau([3] * 5, factor=0.25, patience=2),
    "plateau: not in the logs": plateau([3] * 4, patience=1) | {"logs": {"other": [3] * 4}, "warnings": 1},
    "plateau: and early stopping": {
        "logs": {"score": SAW},
        "callbacks": plateau(SAW, patience=1)["callbacks"] + early(SAW, patience=3)["callbacks"],
    },
    "schedule: of epoch and rate": {"callbacks": [["LearningRateScheduler", {"schedule": "of epoch and rate"}]]},
    "schedule: of the epoch": {"callbacks": [["LearningRateScheduler", {"schedule": "of the epoch"}]]},
    "schedule: and plateau": {
        "logs": {"score": [3] * 8},
        "callbacks": [
            ["LearningRateScheduler", {"schedule": "of epoch and rate"}],
            *plateau([], patience=2)["callbacks"],
        ],
    },
    "checkpoint: every epoch": checkpoint([3, 4, 2]),
    "checkpoint: best": checkpoint([3, 4, 2, 2, 1], save_best_only=True),
    "checkpoint: best, max": checkpoint([3, 4, 2, 5, 5], save_best_only=True, mode="max"),
    "checkpoint: threshold": checkpoint([3, 2, 1], save_best_only=True, initial_value_threshold=2.5),
    "checkpoint: one file": checkpoint([3, 2, 1], "best"),
    "checkpoint: best, not in the logs": checkpoint([3, 2], "{epoch}", monitor="other", save_best_only=True)
    | {"warnings": 1},
    "checkpoint: weights": checkpoint([3, 4, 2], save_best_only=True, save_weights_only=True),
    "checkpoint: batches": checkpoint([3] * 5, "{epoch}-{batch}", save_freq=3),
    "checkpoint: every batch": checkpoint([3] * 2, "{epoch}-{batch}", save_freq=1),
    "NaN: ends": {"rate": 2e10, "callbacks": [["TerminateOnNaN", {}]]},
}


def make_callback(system: Any, name: str, arguments: dict[str, Any], folder: Path) -> Any:
    arguments = dict(arguments)
    if "schedule" in arguments:
        arguments["schedule"] = SCHEDULES[arguments["schedule"]]
    if "filepath" in arguments:
        suffix = system.weights_suffix if arguments.get("save_weights_only") else system.suffix
        arguments["filepath"] = str(folder / (arguments["filepath"] + suffix))
    return getattr(system.callbacks, name)(**arguments)


def run(system: Any, case: Case, folder: Path) -> dict[str, Any]:
    """Epochs run, the rate of each, the epoch whose weights are left, the callbacks' counts, the files."""
    values = case.get("logs", {})
    rates, weights = [], []

    class Script(system.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            rates.append(float(self.model.optimizer.learning_rate))
            weights.append(np.concatenate([w.ravel() for w in self.model.get_weights()]).tolist())
            logs.update({name: column[epoch] for name, column in values.items()})

    listeners = [make_callback(system, name, arguments, folder) for name, arguments in case["callbacks"]]
    model = system.make_model(case.get("rate", RATE))
    n_epochs = min([len(column) for column in values.values()] or [8])
    history = model.fit(X, Y, batch_size=2, epochs=n_epochs, verbose=0, shuffle=False, callbacks=[Script(), *listeners])
    last = np.concatenate([w.ravel() for w in model.get_weights()]).tolist()
    counts = ("best_epoch", "stopped_epoch", "wait", "cooldown_counter")
    return {
        "epochs": history.epoch,
        "rates": rates,
        "logged rates": history.history.get("learning_rate", []),
        "left": [epoch for epoch, values in enumerate(weights) if values == last],
        "finite": [bool(np.isfinite(value)) for value in history.history["loss"]],
        "counts": [{name: getattr(x, name) for name in counts if hasattr(x, name)} for x in listeners],
        "files": sorted(
            path.name.removesuffix(system.weights_suffix).removesuffix(system.suffix) for path in folder.iterdir()
        ),
    }


HOOKS = [
    *("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_test_begin", "on_test_end"),
    *("on_train_batch_begin", "on_train_batch_end"),
]
ENDS = [None, *HOOKS]
"""Where a recorder stops the training, or raises; not at all with None."""


class Raised(Exception):
    pass


def list_calls(system: Any, stop_at: str | None = None, raise_at: str | None = None) -> list[str]:
    """The calls that two recorders hear; the first acts at the second call of a hook, or its only one."""
    calls: list[str] = []

    def make_hook(hook: str, name: str) -> Any:
        def hear(self: Any, *arguments: Any, logs: Any = None) -> None:
            numbers = [argument for argument in arguments if isinstance(argument, int)]
            calls.append(" ".join(map(str, [name, hook, *numbers])))
            count = calls.count(f"a {hook}")
            is_time = numbers == [1] if numbers else count == 2 or (count == 1 and hook.startswith("on_train"))
            is_time = is_time and name == "a"
            if hook == stop_at and is_time:
                self.model.stop_training = True
            if hook == raise_at and is_time:
                raise Raised

        return hear

    recorders = [
        type("Recorder", (system.callbacks.Callback,), {hook: make_hook(hook, name) for hook in HOOKS})()
        for name in "ab"
    ]
    model = system.make_model(RATE)
    try:
        model.fit(X, Y, batch_size=2, epochs=3, verbose=0, callbacks=recorders, validation_data=(X, Y))
    except Raised:
        calls.append("raised")
    return calls


class Keras:
    """What `run` needs to know of Keras."""

    suffix = ".keras"
    weights_suffix = ".weights.h5"

    def __init__(self) -> None:
        import keras

        self.keras, self.callbacks = keras, keras.callbacks

    def make_model(self, rate: float) -> Any:
        layers = self.keras.layers
        model = self.keras.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        model.compile(self.keras.optimizers.SGD(rate), "mse")
        return model


def write() -> None:
    import tempfile

    system = Keras()
    truth: dict[str, Any] = {"keras": system.keras.__version__, "cases": {}, "stops": {}, "raises": {}}
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            truth["cases"][name] = run(system, case, Path(folder))
    for hook in ENDS:
        truth["stops"][str(hook)] = list_calls(system, stop_at=hook)
        truth["raises"][str(hook)] = list_calls(system, raise_at=hook)
    TRUTH.write_text(json.dumps(truth) + "\n")


if __name__ == "__main__":
    write()
