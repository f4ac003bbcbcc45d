"""_keras_chain: the config of a model of Keras as a chain of layers, and where the weights of each are.

A model is ``{"class_name": "Sequential", "config": {"layers": [...]}}``, or a "Functional" one whose layers name those
before them; one may stand in another. Weights have places as in Keras's files, numbered by class within their model:
``layers/sequential/layers/dense_1``.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast._validation import mismatch
from nnfast.export._keras_layers import convert, open_entry
from nnfast.layers import Input, Layer, Rescaling
from nnfast.models import Sequential

Array = NDArray[Any]

MODELS = ("Sequential", "Functional")
_SHAPELESS = ("Rescaling", "Dropout")
"""What may stand before a ``Flatten``."""


class Link(NamedTuple):
    """A layer of a chain."""

    place: str
    kind: str
    config: Mapping[str, Any]


def build_model(description: Any, find_weights: Callable[[str], Sequence[Array]]) -> Sequential:
    """Return a model that computes what the description says; ValueError names the layer that cannot be.

    ``find_weights`` gives the arrays of a layer, of its place.
    """
    kind, config = open_entry(description)
    if kind not in MODELS:
        raise mismatch("model", f"a {' or '.join(MODELS)}", kind)
    links = list(_list_links(kind, config, ""))
    source = Input(_find_shape(config, links))
    layers: list[Layer] = [source]
    weights: list[Array] = []
    size = source.size
    for link in _drop_shapes(links, len(source.shape)):
        try:
            layer, own = convert(link.kind, link.config, find_weights(link.place), size)
        except ValueError as error:
            raise ValueError(f"{_name(link)}: {error}") from error
        layers.append(layer)
        weights += own
        size = getattr(layer, "units", size)
    if all(isinstance(layer, Input | Rescaling) for layer in layers):
        raise mismatch("model", "one that computes more than a multiple of its input", [link.kind for link in links])
    is_double = any(array.dtype == np.float64 for array in weights)
    model = Sequential(layers, seed=0, dtype="float64" if is_double else "float32", name=config.get("name"))
    model.set_weights(weights)
    return model


def name_places(kinds: Iterable[str]) -> Iterator[str]:
    """Yield where the weights of layers of a model are, of their classes: dense, dense_1."""
    counts: dict[str, int] = {}
    for kind in kinds:
        word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
        number = counts[word] = counts.get(word, -1) + 1
        yield f"layers/{word}_{number}" if number else f"layers/{word}"


def _list_links(kind: str, config: Mapping[str, Any], prefix: str) -> Iterator[Link]:
    """Yield the layers of a model, and those of models in it."""
    entries = config.get("layers")
    if not isinstance(entries, list) or not entries:
        raise mismatch("layers", "a list of layers", entries)
    opened = [open_entry(entry) for entry in entries]
    if kind == "Functional":
        _check_chain(config, entries)
    for (own, inner), place in zip(opened, name_places(kind for kind, _ in opened), strict=True):
        if own in MODELS:
            yield from _list_links(own, inner, f"{prefix}{place}/")
        else:
            yield Link(prefix + place, own, inner)


def _check_chain(config: Mapping[str, Any], entries: list[Mapping[str, Any]]) -> None:
    """Check that each layer takes what the one before gives, once, and that the last gives the output."""
    names = [entry.get("name") for entry in entries]
    sources = [[], *([name] for name in names[:-1])]
    for entry, source in zip(entries, sources, strict=True):
        received = [_find_source(node) for node in entry.get("inbound_nodes") or []]
        if received != source:
            raise mismatch(str(entry.get("name")), f"a layer of a chain, with input from {source}", received)
    for key, name in (("input_layers", names[0]), ("output_layers", names[-1])):
        value = config.get(key)
        if value not in ([name, 0, 0], [[name, 0, 0]]):
            raise mismatch(key, f"that of a chain, {name!r}", value)


def _find_source(node: Any) -> Any:
    """Return the name of the layer whose output is taken; all of the node if it is another thing than that."""
    try:
        [tensor] = node["args"]
        name = tensor["config"]["keras_history"][0]
        return node if node["kwargs"].get("training") else name
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return node


def _find_shape(config: Mapping[str, Any], links: list[Link]) -> tuple[int, ...]:
    first = links[0]
    shape = first.config.get("batch_shape") if first.kind == "InputLayer" else config.get("build_input_shape")
    if not isinstance(shape, list | tuple) or len(shape) < 2:
        raise mismatch("model", "one that is built, with the shape of its input", shape)
    return tuple(shape[1:])


def _drop_shapes(links: list[Link], n_dimensions: int) -> Iterator[Link]:
    """Yield the layers that compute something, and check that they are given rows of features."""
    for link in links:
        if link.kind == "Flatten":
            n_dimensions = 1
        elif link.kind != "InputLayer":
            if n_dimensions > 1 and link.kind not in _SHAPELESS:
                raise ValueError(f"{_name(link)}: expected rows of features, received {n_dimensions} dimensions")
            yield link


def _name(link: Link) -> str:
    return f"{link.config.get('name', link.place)} ({link.kind})"
