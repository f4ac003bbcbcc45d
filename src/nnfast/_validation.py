"""_validation: checks of what a user passes. Messages read "argument: expected ..., received ...".

Every failed check is a ValueError, a wrong type too: a bool, a string and -1 are equally not a rate.

Here and elsewhere modules of the standard library that cost milliseconds are imported where they are used: a program
that predicts pays for none of them.
"""

import math
import operator
import os
import reprlib
from collections.abc import Iterable
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np

WEIGHTS_SUFFIX = ".weights.safetensors"

_LONGEST_NAME = 80

_TEXT = reprlib.Repr()
_TEXT.maxstring = _TEXT.maxother = 80


def mismatch(name: str, expected: str, received: object, hint: str = "") -> ValueError:
    """Make the error that says what was expected and what came; `hint` says what to do."""
    kind = "" if received is None else f" ({type(received).__name__})"
    advice = f"; {hint}" if hint else ""
    return ValueError(f"{name}: expected {expected}, received {_TEXT.repr(received)}{kind}{advice}")


def check_real(name: str, value: object, interval: str) -> float:
    """Return `value` as a float if it is a finite number in `interval`, written like "[0, 1)" or "(0, inf)"."""
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # of an integer beyond all floats
            number = math.inf
        if math.isfinite(number) and _is_inside(number, interval):
            return number
    raise mismatch(name, f"a finite number in {interval}", value)


def check_integer(name: str, value: object, low: int, high: int | None = None) -> int:
    """Return `value` as an int if it is an integer (no bool, no float) from `low` to `high`, both included."""
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < low or (high is not None and number > high):
        raise mismatch(name, f"an integer {f'>= {low}' if high is None else f'from {low} to {high}'}", value)
    return number


def check_bool(name: str, value: object) -> bool:
    """Return `value` as a bool if it is one, NumPy's included."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise mismatch(name, "True or False", value)


def check_text(name: str, value: object) -> str:
    """Return `value` if it is a string that is not empty."""
    if isinstance(value, str) and value:
        return value
    raise mismatch(name, "a string that is not empty", value)


def check_choice(name: str, value: object, choices: tuple[Any, ...]) -> Any:
    """Return the one of `choices` that `value` equals, of the same type or NumPy's scalar of that type."""
    plain = value.item() if isinstance(value, np.generic) else value
    for choice in choices:
        if type(plain) is type(choice) and plain == choice:
            return choice
    raise mismatch(name, f"one of {', '.join(map(repr, choices))}", value)


def check_dtype(dtype: Any) -> str:
    """Return the name of a dtype that networks compute in."""
    try:
        name: str = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in ("float32", "float64"):
        raise mismatch("dtype", "'float32' or 'float64'", dtype)
    return name


def check_path(name: str, path: object, wanted: str = "a path") -> str:
    """Return a path as text. ``open`` would take a number too: a file that is open already, and close that."""
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if isinstance(text, str) and text:
        return text
    raise mismatch(name, wanted, path)


def check_weights_path(path: object) -> str:
    """Return the name of a file for weights alone, which tells it from one of a whole model."""
    if isinstance(path, str | os.PathLike) and os.fspath(path).endswith(WEIGHTS_SUFFIX):
        return str(os.fspath(path))
    raise mismatch("filepath", f"a path that ends with {WEIGHTS_SUFFIX!r}", path)


def check_feature_names(names: object, n_features: int | None) -> tuple[str, ...] | None:
    """Return the names as a tuple, or None for none."""
    if names is None:
        return None
    texts = tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else ()
    if not texts or len(texts) != (n_features or len(texts)) or not all(isinstance(text, str) for text in texts):
        raise mismatch("feature_names", f"{n_features or 'several'} texts, one for each feature", names)
    return texts


def check_metadata(value: object) -> dict[str, Any]:
    """Return `value` if it is a dict that JSON gives back as it is."""
    import json

    try:
        is_plain = isinstance(value, dict) and json.loads(json.dumps(value, allow_nan=False)) == value
    except (TypeError, ValueError, RecursionError):
        is_plain = False
    if is_plain:
        return value  # type: ignore[return-value]
    plain = "texts, finite numbers, True, False, None, lists and dicts with texts as keys"
    raise mismatch("metadata", f"a dict of plain data ({plain})", value)


def unknown_name(noun: str, name: object, valid: Iterable[str]) -> ValueError:
    """Make the error for a name that is not one of `valid`, with the nearest of them."""
    import difflib

    names = list(valid)
    start = str(name)[:_LONGEST_NAME].lower()  # what is long is no name, and would take long to compare
    nearest = difflib.get_close_matches(start, names, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else ""
    return mismatch(noun, f"one of {', '.join(map(repr, names))}", name, hint)


@lru_cache
def _read_bounds(interval: str) -> tuple[float, ...]:
    return tuple(float(bound) for bound in interval[1:-1].split(","))


def _is_inside(number: float, interval: str) -> bool:
    low, high = _read_bounds(interval)
    above = number > low or (interval[0] == "[" and number == low)
    below = number < high or (interval[-1] == "]" and number == high)
    return above and below
