"""machinery: the network, its first weights, and how, where and how fast it was trained."""

import math
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnfast._summary import list_rows, list_totals
from nnfast.layers import Activation, Dense
from nnfast.report.markup import Section, element, join, make_facts, make_section, make_table
from nnfast.report.numbers import write_number, write_rate, write_seconds, write_time
from nnfast.report.pictures import make_signed
from nnfast.report.subject import Subject

_MOST_UNITS = 32
_SWITCH = "shuffle"  # on unless switched off
_SIZES = "hidden"  # 0 stands for none
_BY_COMMAS = (_SIZES, "metric")  # other lists are an option for each
_MACHINE = {
    "cpu": "processor",
    "isa": "instruction set",
    "cores": "cores",
    "memory_gib": "memory",
    "system": "system",
    "python": "Python",
    "numpy": "NumPy",
}


def show_network(subject: Subject) -> Section:
    """Show the layers and the number of their parameters."""
    model = subject.model
    rows = []
    for layer, (_, shape, count) in zip(model.layers, list_rows(model.layers, subject.x.shape[1]), strict=True):
        kind = type(layer).__name__
        activation = layer.activation.names[0] if isinstance(layer, Dense | Activation) else ""
        rows.append(
            (
                f"{layer.name} ({kind})" if layer.name else kind,
                activation,
                shape.removeprefix("(None, ").removesuffix(")"),
                count,
            )
        )
    totals = ". ".join(list_totals(model.count_params(), model.count_params(trainable=True)))
    table = make_table(f"{subject.x.shape[1]:,} features in", ("layer", "activation", "outputs", "parameters"), rows)
    return make_section("network", "Network", table, element("p", f"{totals}. Type {model.dtype}.", class_="note"))


def show_weights(subject: Subject) -> Section | None:
    """Show the weights into the units of the first layer as images, where samples are images."""
    first = next((layer for layer in subject.model.layers if isinstance(layer, Dense)), None)
    kernel = next((w for w in subject.model.get_weights() if w.ndim == 2), None)
    if first is None or kernel is None or subject.image_shape is None:
        return None
    shown = kernel.T[:_MOST_UNITS].reshape(-1, *subject.image_shape)
    largest = float(np.abs(shown).max())
    tiles = [element("li", make_signed(image, largest, f"Weights into unit {i}")) for i, image in enumerate(shown)]
    how_many = f"{len(tiles)} of {first.units:,}" if len(tiles) < first.units else f"all {first.units:,}"
    note = f"What {how_many} units look for: weights above 0 are blue, below 0 orange, 0 is the page."
    tiled = element("ul", *tiles, class_="tiles small")
    return make_section("weights", "First-layer weights", element("p", note, class_="note"), tiled)


def show_run(subject: Subject) -> Section | None:
    """Show settings, machine and speed of the training, and the command that repeats it, as far as they are known."""
    run = subject.run
    pairs = {"Data": _list_rows(run), "Speed": _list_speed(subject), "Machine": _list_machine(run)}
    boxes = join(make_facts(title, listed) for title, listed in pairs.items())
    settings = make_facts("Settings", _list_settings(run))
    blocks = [block for block in (settings, element("div", boxes, class_="boxes") if boxes else boxes) if block]
    if command := list_words(run):
        words = [part for word in command for part in (" ", element("span", word))]
        blocks += [element("h3", "The command that repeats it"), element("pre", element("code", *words[1:]))]
    return make_section("run", "Training run", *blocks) if blocks else None


def list_words(run: Mapping[str, Any]) -> list[str]:
    """Return the command line that trains the same model again, an option and its value together; none without data."""
    settings = dict(run.get("settings") or {})
    data = settings.pop("data", None) or run.get("data")
    if not data:
        return []
    if run.get("seed") is not None:
        settings.setdefault("seed", run["seed"])
    options = (words for name, value in settings.items() for words in _list_option(name.replace("_", "-"), value))
    return [shlex.join(words) for words in (["nnfast", "train", str(data)], *options)]


def _list_option(name: str, value: object) -> list[list[str]]:
    """Return an option as words of the command line: several times for a dict and most lists, none if it is not set."""
    if value is None or value == {} or (value is False and name != _SWITCH) or (value == [] and name != _SIZES):
        return []
    if isinstance(value, bool):
        return [[f"--{name}" if value else f"--no-{name}"]]
    if isinstance(value, dict):
        return [[f"--{name}", f"{key}={_write_plainly(part)}"] for key, part in value.items()]
    if isinstance(value, list | tuple) and name not in _BY_COMMAS:
        return [[f"--{name}", str(part)] for part in value]
    if isinstance(value, list | tuple):
        return [[f"--{name}", ",".join(map(str, value)) or "0"]]
    return [[f"--{name}", str(value)]]


def count_flops(subject: Subject) -> int:
    """Return the operations of dense layers for one row of training: two for each multiply-add, forward and back."""
    kernels = [math.prod(w.shape) for w in subject.model.get_weights() if w.ndim == 2]
    return 2 * (3 * sum(kernels) - kernels[0]) if kernels else 0


def _list_settings(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in (run.get("settings") or {}).items():
        if value is not None and name != "data":
            yield name.replace("_", " ").replace("-", " "), _write_value(value)
    for name in ("seed", "threads"):
        if run.get(name) is not None and name not in (run.get("settings") or {}):
            yield name, str(run[name])


def _list_rows(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if run.get("data"):
        yield "data", str(run["data"])
    for part, n_rows in (run.get("rows") or {}).items():
        if n_rows is not None:
            yield f"{part} rows", f"{n_rows:,}"
    if run.get("network"):
        yield "network", str(run["network"])


def _list_machine(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    machine = run.get("machine") or {}
    for key, name in _MACHINE.items():
        if machine.get(key) is not None:
            yield name, f"{machine[key]:.1f} GiB" if key == "memory_gib" else str(machine[key])
    if run.get("nnfast") not in (None, "unknown"):
        yield "nnfast", str(run["nnfast"])


def _list_speed(subject: Subject) -> Iterator[tuple[str, str]]:
    run = subject.run
    if run.get("started"):
        yield "started", write_time(str(run["started"]))
    if run.get("seconds") is not None:
        yield "training time", write_seconds(run["seconds"])
    if rate := run.get("samples_per_second"):
        yield "samples a second", write_rate(rate)
        yield "in dense layers", f"{write_number(rate * count_flops(subject) / 1e9)} GFLOP/s"


def _write_plainly(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _write_value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}={_write_plainly(part)}" for key, part in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return write_number(value) if isinstance(value, float) else str(value)
