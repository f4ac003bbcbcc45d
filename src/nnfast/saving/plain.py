"""plain: nested data of numbers, texts and arrays as JSON has them, the arrays apart; and back."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation

Array = NDArray[Any]


def flatten(value: Any, arrays: list[Array]) -> Any:
    """Return data as JSON can hold them; arrays, as they are now, go to the end of a list.

    Raises
    ------
    ValueError
        If there is something else in them than None, texts, numbers, arrays of real numbers of at most 64 bits, lists,
        tuples and dicts with texts as keys.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
        arrays.append(np.array(value, value.dtype.newbyteorder("="), order="C"))
        return {"array": len(arrays) - 1}
    if isinstance(value, list | tuple):
        return [flatten(part, arrays) for part in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: flatten(part, arrays) for key, part in value.items()}}
    wanted = "None, texts, numbers, arrays of bool, integers or floats of at most 64 bits, and lists and dicts of them"
    raise _validation.mismatch("state", wanted, value)


def unflatten(data: Any, arrays: Sequence[Array]) -> Any:
    """Undo `flatten`; tuples are lists then.

    Raises
    ------
    ValueError
        If it is not what `flatten` gives.
    """
    if isinstance(data, list):
        return [unflatten(part, arrays) for part in data]
    if not isinstance(data, dict):
        return data
    match data:
        case {"float": "nan" | "inf" | "-inf" as text}:
            return float(text)
        case {"array": int(number)} if 0 <= number < len(arrays):
            return arrays[number]
        case {"dict": dict(parts)}:
            return {key: unflatten(part, arrays) for key, part in parts.items()}
    raise _validation.mismatch("state", "one of the keys float, array and dict", data)
