"""run: what a report may be told of a training: plain data, of which every part may be missing."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

from nnfast._validation import mismatch


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, Real)


def _is_dict(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_dict_of_numbers(value: object) -> bool:
    return isinstance(value, Mapping) and all(part is None or _is_number(part) for part in value.values())


def _is_machine(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("memory_gib"), Real | None)


def _is_history(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(curve, Sequence) and all(part is None or _is_number(part) for part in curve)
        for curve in value.values()
    )


_PARTS: dict[str, tuple[str, Callable[[object], bool]]] = {
    **dict.fromkeys(("nnfast", "data", "network", "started"), ("a text", _is_text)),
    **dict.fromkeys(("seed", "threads", "seconds", "samples_per_second"), ("a number", _is_number)),
    "rows": ("a dict of numbers", _is_dict_of_numbers),
    "settings": ("a dict", _is_dict),
    "machine": ("a dict, memory_gib in it a number", _is_machine),
    "history": ("a dict of lists of numbers", _is_history),
}


def choose_run(given: object, kept: object) -> Mapping[str, Any]:
    """Return what the user told, checked; else what the model's metadata have, which are the user's own, of it."""
    if given is None:
        return {name: value for name, value in kept.items() if _fits(name, value)} if isinstance(kept, Mapping) else {}
    if not isinstance(given, Mapping):
        raise mismatch("run", "a dict", given)
    for name, value in given.items():
        if not _fits(name, value):
            raise mismatch(f"run[{name!r}]", _PARTS[name][0], value)
    return given


def _fits(name: str, value: object) -> bool:
    return value is None or name not in _PARTS or _PARTS[name][1](value)
