"""options: everything that ``nnfast train`` can be told: one table for the command line, files of runs, and records."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from nnfast import activations, initializers, optimizers
from nnfast._descriptions import Catalogue
from nnfast.cli.compiling import CLASS_LOSSES, CLASS_METRICS, SCHEDULES, VALUE_LOSSES, VALUE_METRICS
from nnfast.cli.option import FiniteRange, Option, collect_list, collect_pairs, collect_sizes, collect_weights

_SHARE = FiniteRange(0, 1, max_open=True)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)
_OLD_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_TEST_SHARE = FiniteRange(0, 1, min_open=True, max_open=True)
_KINDS = click.Choice(["auto", "classification", "regression"])
_LOSSES = tuple(dict.fromkeys(CLASS_LOSSES + VALUE_LOSSES))
_METRICS = CLASS_METRICS + VALUE_METRICS
_FOLDER_OPTION: dict[str, Any] = {"type": _FOLDER, "metavar": "FOLDER", "also": ("--data",), "may_change": True}
_WEIGHTS: dict[str, Any] = {"metavar": "NAME=WEIGHT", "collect": collect_weights, "words": ("balanced",)}
_PATIENCE: dict[str, Any] = {"type": click.IntRange(0), "metavar": "PATIENCE"}

_data, _network, _loss = (partial(Option, section) for section in ("Data", "Network", "Loss and metrics"))
_optimizer, _training = partial(Option, "Optimizer"), partial(Option, "Training")
_files = partial(Option, "Files", may_change=True)
_words = partial(Option, "What is said", in_file=False, may_change=True)
_number: dict[str, Any] = {"type": float, "metavar": "NUMBER"}
_pairs: dict[str, Any] = {"metavar": "NAME=VALUE", "collect": collect_pairs}
_new_file: dict[str, Any] = {"type": _NEW_FILE, "metavar": "FILE"}
_old_file: dict[str, Any] = {"type": _OLD_FILE, "metavar": "FILE"}


def _name(catalogue: Catalogue[Any]) -> dict[str, Any]:
    return {"type": str, "metavar": "NAME", "words": tuple(catalogue.by_name)}


OPTIONS = (
    _data("target", "The table's column to predict: its name, or its number from 0.", metavar="COLUMN"),
    _data("kind", "auto: classes if the target is text, or at most 50 different integers.", _KINDS, "auto"),
    _data("drop", "A column of the table to leave out.", metavar="COLUMN", collect=list),
    _data("test-split", "The table's share for testing.", _TEST_SHARE, 0.2, "SHARE"),
    _data("validation-split", "The share of the rest that is measured, not trained on.", _SHARE, 0.1, "SHARE"),
    _data("validation-data", "A table that is measured instead.", **_old_file),
    _data("folder", "Where the files of mnist and its like are; without it they are downloaded.", **_FOLDER_OPTION),
    _data("shuffle", "Whether each epoch goes through the rows in an order of its own.", bool, True),
    _data("class-weight", "What rows of a class weigh: balanced, or NAME=WEIGHT for each.", **_WEIGHTS),
    _network("hidden", "Hidden layers: 512,256; 0 for none.", metavar="SIZES", collect=collect_sizes),
    _network("activation", "Of hidden layers.", default="relu", **_name(activations.CATALOGUE)),
    _network("initializer", "Of first weights.", default="glorot_uniform", **_name(initializers.CATALOGUE)),
    _network("batch-normalization", "Whether hidden layers are normalized by batch.", bool, False),
    _network("dropout", "The share of hidden units left out at each step.", _SHARE, metavar="SHARE"),
    _network("input-dropout", "The share of features left out at each step.", _SHARE, metavar="SHARE"),
    _network("l1", "What the sum of absolute weights is multiplied by and added to the loss.", default=0.0, **_number),
    _network("l2", "The same of squared weights.", default=0.0, **_number),
    _network("dtype", "Of all arithmetic; float32 where it will do.", click.Choice(["float32", "float64"])),
    _loss("loss", "Made small; cross-entropy, or the mean squared error.", metavar="NAME", words=_LOSSES),
    _loss("loss-option", "An argument of the loss: delta=0.5.", **_pairs),
    _loss("label-smoothing", "How far targets are drawn towards all classes alike.", default=0.0, **_number),
    _loss("metric", "What is reported beside the loss.", metavar="NAME", collect=collect_list, words=_METRICS),
    _optimizer("optimizer", "The rule by which weights move.", default="adam", **_name(optimizers.CATALOGUE)),
    _optimizer("learning-rate", "The length of steps; the optimizer's own.", **_number),
    _optimizer("momentum", "Of sgd and rmsprop.", **_number),
    _optimizer("weight-decay", "The share of weights, times the learning rate, that a step takes off.", **_number),
    _optimizer("optimizer-option", "Another argument of the optimizer: nesterov=true.", **_pairs),
    _optimizer("schedule", "How the learning rate changes with the steps.", click.Choice(list(SCHEDULES))),
    _optimizer("schedule-option", "An argument of the schedule: alpha=0.1.", **_pairs),
    _optimizer("warmup", "Epochs in which the learning rate grows from 0 first.", FiniteRange(0), 0.0, "EPOCHS"),
    _optimizer("clipnorm", "The largest norm of the gradient of a kernel or bias.", **_number),
    _optimizer("global-clipnorm", "The largest norm of all gradients together.", **_number),
    _optimizer("clipvalue", "The largest element of a gradient.", **_number),
    _optimizer("ema", "Momentum of a running average that takes the weights' place at the end: 0.99.", **_number),
    _optimizer("accumulation", "Batches whose mean gradient makes one step.", click.IntRange(1), 1, "BATCHES"),
    _training("epochs", "How many times to go through all rows.", int, metavar="NUMBER", may_change=True),
    _training("batch-size", "Rows of a step.", int, metavar="ROWS"),
    _training("early-stopping", "End after so many epochs without progress, with the best weights.", **_PATIENCE),
    _training("seed", "Of everything that is drawn.", click.IntRange(0, 2**64 - 1), 0, "NUMBER"),
    _training("threads", "As many as there are cores.", click.IntRange(1), metavar="NUMBER", may_change=True),
    _training("resume", "Go on with the model's training where it ended.", bool, in_file=False, may_change=True),
    _files("model", "To write; by default DATA.safetensors, here.", **_new_file),
    _files("picture", "To write; by default DATA.png, here.", **_new_file),
    _files("report", "A page of HTML to write: the run, the model and its mistakes.", **_new_file),
    _files("log", "A CSV file with a line an epoch.", **_new_file),
    _files("tensorboard", "A folder for TensorBoard.", _FOLDER, metavar="FOLDER"),
    _files("config", "A TOML file with options; what is given here counts more.", in_file=False, **_old_file),
    _files("save-config", "Such a file to write, with all options as they are.", in_file=False, **_new_file),
    _words("quiet", "Write results alone.", bool),
    _words("json", "Write the record of the run as JSON, and all else to standard error.", bool),
)
BY_NAME = {option.name: option for option in OPTIONS}
