"""What ``nnfast train`` can be told on the command line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import list_files, read_rows, run, run_json

import nnfast
from nnfast import schedules
from nnfast.cli.compiling import CLASS_LOSSES, CLASS_METRICS, SCHEDULES, VALUE_LOSSES, VALUE_METRICS
from nnfast.cli.options import OPTIONS
from nnfast.exceptions import DownloadError
from nnfast.layers import Activation, BatchNormalization, Dense, Dropout
from nnfast.regularizers import L1L2

FLOWERS = ("flowers.csv", "--target", "kind", "--epochs", 4)
PRICES = ("prices.csv", "--target", "price", "--epochs", 4)


def train(*arguments, **options):
    """Train and return the model."""
    run("train", *arguments, "--model", "m.st", "--picture", "p.png", **options)
    return nnfast.load_model("m.st")


# ---- the model ----


def test_network(here):
    model = train(
        *(*FLOWERS, "--hidden", "6,5", "--batch-normalization", "--dropout", 0.1, "--l1", 1e-4, "--l2", 1e-3),
        *("--activation", "tanh", "--dtype", "float64", "--initializer", "he_normal"),
    )
    kinds = [type(layer) for layer in model.layers[1:]]
    assert kinds == [Dense, BatchNormalization, Activation, Dropout] * 2 + [Dense]
    assert model.layers[1].kernel_regularizer == L1L2(1e-4, 1e-3)
    assert model.layers[3].activation.names[0] == "tanh"
    assert model.dtype == "float64"


def test_initializer_is_that_of_all_layers(here):
    from nnfast.cli.fitting import Fitting, resolve
    from nnfast.cli.image_sets import load_digits_task

    task = load_digits_task(0)
    settings = {option.name: option.default for option in OPTIONS} | {"initializer": "ones"}
    assert all((weights == 1).all() for weights in Fitting(task, resolve(settings, task)).model.get_weights()[::2])


def test_optimizer(here):
    model = train(
        *(*FLOWERS, "--optimizer", "sgd", "--momentum", 0.8, "--optimizer-option", "nesterov=true"),
        *("--weight-decay", 0.01, "--clipnorm", 2, "--ema", 0.95, "--accumulation", 3, "--learning-rate", 0.02),
    )
    assert model.optimizer.get_config() == {
        "learning_rate": 0.02,
        "momentum": 0.8,
        "nesterov": True,
        "weight_decay": 0.01,
        "clipnorm": 2.0,
        "use_ema": True,
        "ema_momentum": 0.95,
        "gradient_accumulation_steps": 3,
    }


@pytest.mark.parametrize(("option", "name"), [("--clipvalue", "clipvalue"), ("--global-clipnorm", "global_clipnorm")])
def test_clipping(here, option, name):
    assert train(*FLOWERS, option, 0.5).optimizer.get_config()[name] == 0.5


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("constant", (), schedules.Constant(0.5)),
        ("cosine", ("--schedule-option", "alpha=0.1"), schedules.CosineDecay(0.5, 24, 0.1)),
        ("linear", (), schedules.PolynomialDecay(0.5, 24, 0.0)),
        ("exponential", (), schedules.ExponentialDecay(0.5, 24, 0.01)),
        ("step", ("--schedule-option", "decay_rate=0.5"), schedules.StepDecay(0.5, 8, 0.5)),
        ("inverse-time", (), schedules.InverseTimeDecay(0.5, 6, 0.1)),
        ("one-cycle", (), schedules.OneCycle(0.5, 24)),
        ("cosine", ("--warmup", 1), schedules.Warmup(schedules.CosineDecay(0.5, 18), 6)),
    ],
)
def test_schedules(here, name, options, expected):
    """64 rows in batches of 12 are 6 steps an epoch."""
    assert {"constant", *SCHEDULES} == set(SCHEDULES)
    model = train(*FLOWERS, "--batch-size", 12, "--schedule", name, "--learning-rate", 0.5, *options)
    assert model.optimizer.learning_rate == expected


def test_warmup_alone(here):
    model = train(*FLOWERS, "--batch-size", 12, "--warmup", 0.5)
    assert model.optimizer.learning_rate == schedules.Warmup(0.001, 3)


@pytest.mark.parametrize("loss", CLASS_LOSSES)
def test_losses_of_classes(here, loss):
    metrics = [part for name in CLASS_METRICS for part in ("--metric", name)]
    output = run_json("train", *FLOWERS, "--loss", loss, "--learning-rate", 0.02, "--epochs", 40, *metrics)
    assert output["test"]["accuracy"] > 0.9
    assert set(output["history"]) == {
        *("epoch", "loss", *CLASS_METRICS, "val_loss"),
        *(f"val_{name}" for name in CLASS_METRICS),
    }


@pytest.mark.parametrize("loss", VALUE_LOSSES)
def test_losses_of_values(here, loss):
    metrics = ("--metric", ",".join(VALUE_METRICS))
    output = run_json("train", *PRICES, "--loss", loss, "--learning-rate", 0.02, "--epochs", 60, *metrics)
    assert output["test"]["r2_score"] > 0.9
    assert set(VALUE_METRICS) <= set(output["test"])


def test_label_smoothing_and_loss_options(here):
    assert train(*FLOWERS, "--label-smoothing", 0.1).loss.label_smoothing == 0.1
    assert train(*PRICES, "--loss", "huber", "--loss-option", "delta=0.5").loss.delta == 0.5


def test_class_weights(here):
    """A class without weight is never learnt."""
    options = ("--learning-rate", 0.05, "--epochs", 50, "--dropout", 0)
    train(*FLOWERS, *options, "--class-weight", "rose=0", "--class-weight", "wild, red=2")
    names = {row[0] for row in read_rows_of(run("predict", "m.st", "flowers.csv"))}
    assert names == {"tulip", "wild, red"}
    train(*FLOWERS, "--class-weight", "balanced")


def read_rows_of(output):
    Path("out.csv").write_text(output.partition("\n")[2])
    return read_rows(Path("out.csv"))[1:]


def test_validation_data(here):
    lines = Path("flowers.csv").read_text().splitlines()
    Path("other.csv").write_text("\n".join(lines[:31]) + "\n")
    record = run_json("train", *FLOWERS, "--validation-data", "other.csv", "--model", "m.st")
    assert record["rows"] == {"train": 72, "validation": 30, "test": 18}
    model = nnfast.load_model("m.st")
    x = np.array([line.split(",")[:3] for line in lines[1:31]], float)
    loss, accuracy = model.evaluate(x, np.arange(30) % 3, verbose=0)
    assert record["history"]["val_loss"][-1] == pytest.approx(loss, rel=1e-6)
    assert record["history"]["val_accuracy"][-1] == pytest.approx(accuracy)
    assert record["settings"]["validation-split"] == 0


def test_early_stopping_ends_with_the_best_weights(here):
    record = run_json("train", *FLOWERS, "--early-stopping", 2, "--epochs", 500, "--learning-rate", 0.3)
    losses = record["history"]["val_loss"]
    assert len(losses) < 500
    assert np.argmin(losses) == len(losses) - 3


def test_shuffle_changes_the_weights(here):
    shuffled, plain = (train(*FLOWERS, option).get_weights()[0] for option in ("--shuffle", "--no-shuffle"))
    assert not np.array_equal(shuffled, plain)


def test_tensorboard(here):
    train(*FLOWERS, "--tensorboard", "board")
    assert "train" in list_files(here / "board")


def test_log(here):
    train(*FLOWERS, "--log", "log.csv")
    assert read_rows(here / "log.csv")[0] == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert [row[0] for row in read_rows(here / "log.csv")[1:]] == ["0", "1", "2", "3"]


def test_no_network(here, monkeypatch):
    from nnfast.cli import image_sets

    def fail():
        raise DownloadError("kmnist: no mirror answers")

    row = image_sets._IMAGE_SETS["kmnist"]._replace(fetch=fail)
    monkeypatch.setitem(image_sets._IMAGE_SETS, "kmnist", row)
    message = "kmnist: no mirror answers; --data FOLDER takes the four IDX files of kmnist from a folder."
    assert message in run("train", "kmnist", code=2)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_sets_are_fetched(here, monkeypatch, name):
    from nnfast.cli import image_sets

    x, y = np.random.default_rng(0).integers(0, 256, (60, 784), np.uint8), np.arange(60, dtype=np.uint8) % 10
    row = image_sets._IMAGE_SETS[name]._replace(fetch=lambda: ((x, y), (x[:20], y[:20])))
    assert row.fetch is not image_sets._IMAGE_SETS[name].fetch
    assert image_sets._IMAGE_SETS[name].fetch.__name__ == f"fetch_{name}"
    monkeypatch.setitem(image_sets._IMAGE_SETS, name, row)
    assert f"{name}: 54 train, 6 validation, 20 test rows; 784-256-10" in run("train", name, "--epochs", 1)


# ---- errors ----


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*FLOWERS, "--loss", "huber"), "loss of a classification: expected one of 'sparse_categorical_crossentropy'"),
        ((*PRICES, "--loss", "poisson"), "loss of a regression: expected one of 'mean_squared_error'"),
        ((*PRICES, "--metric", "accuracy"), "metric of a regression: expected one of 'mean_squared_error'"),
        ((*FLOWERS, "--metric", "acuracy"), "did you mean 'accuracy'?"),
        ((*FLOWERS, "--momentum", 0.9), "argument of adam: expected one of 'beta_1'"),
        ((*FLOWERS, "--optimizer-option", "beta1=0.9"), "received 'beta1' (str); did you mean 'beta_1'?"),
        ((*FLOWERS, "--optimizer-option", "beta_1"), "--optimizer-option: expected NAME=VALUE, received 'beta_1'"),
        ((*FLOWERS, "--schedule", "cosin"), "--schedule"),
        ((*FLOWERS, "--schedule", "cosine", "--schedule-option", "alfa=1"), "argument of cosine: expected one of"),
        ((*FLOWERS, "--schedule-option", "alpha=1"), "--schedule-option: expected a --schedule whose argument it is"),
        ((*FLOWERS, "--loss-option", "delta=1"), "argument of sparse_categorical_crossentropy: expected one of"),
        ((*PRICES, "--label-smoothing", 0.1), "argument of mean_squared_error: expected one of 'reduction', received"),
        ((*FLOWERS, "--warmup", "nan"), "'--warmup': nan is not in the range x>=0."),
        ((*FLOWERS, "--warmup", "inf"), "'--warmup': inf is not in the range x>=0."),
        ((*FLOWERS, "--input-dropout", "nan"), "'--input-dropout': nan is not in the range 0<=x<1."),
        (("digits", "--target", "kind"), "--target: expected a table, received digits, a data set"),
        (("digits", "--drop", "kind"), "--drop: expected a table, received digits, a data set"),
        (("digits", "--kind", "regression"), "--kind: expected a table, received digits, a data set"),
        (("digits", "--test-split", 0.5), "--test-split: expected a table, received digits, a data set"),
        (
            (*FLOWERS, "--class-weight", "oak=1"),
            "--class-weight: expected some of rose, tulip, wild, red, received oak",
        ),
        ((*PRICES, "--class-weight", "a=1"), "--class-weight: expected no weights of classes for a regression"),
        ((*PRICES, "--clipnorm", 1, "--clipvalue", 1), "clipnorm and clipvalue: expected at most one way"),
        (("digits", "--validation-data", "flowers.csv"), "--validation-data: expected none for digits"),
        ((*FLOWERS, "--initializer", "he"), "expected one of 'zeros'"),
        ((*FLOWERS, "--early-stopping", -1), "--early-stopping"),
        ((*FLOWERS, "--dropout", 2), "'--dropout': 2.0 is not in the range"),
        ((*FLOWERS, "--input-dropout", 1), "'--input-dropout': 1.0 is not in the range"),
    ],
)
def test_errors(here, arguments, message):
    last = run("train", *arguments, code=2).splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last, last
    assert list_files(here) == ["flowers.csv", "prices.csv"]


def test_a_loss_that_is_not_finite_is_a_failure(here):
    """Exit code 1, and nothing is written."""
    command = [
        sys.executable,
        "-m",
        "nnfast",
        "train",
        *map(str, PRICES),
        "--optimizer",
        "sgd",
        "--learning-rate",
        "1e9",
    ]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert finished.stderr.startswith("error: the loss became NaN or infinite in epoch 0")
    assert finished.stderr.count("\n") == 1
    assert list_files(here) == ["flowers.csv", "prices.csv"]
