"""_kernel_arrays: what the functions of `nnfast.kernels` take as arrays."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfast import _validation
from nnfast.data.containers import as_array, as_native

Array = NDArray[Any]

_REALS = (np.dtype(np.float32), np.dtype(np.float64))


def check_array(name: str, array: ArrayLike, shape: tuple[int | None, ...] | None = None, dtype: Any = None) -> Array:
    """Return a C-contiguous array; a None in `shape` is any size, a None for it any shape."""
    values = as_native(as_array(array, name))
    if values.dtype not in _REALS or (dtype is not None and values.dtype != dtype):
        raise ValueError(f"{name}: expected dtype {dtype or 'float32 or float64'}, received {values.dtype}")
    if shape is not None and not _fits(values.shape, shape):
        wanted = str(shape).replace("None", "n")
        raise ValueError(f"{name}: expected shape {wanted}, received {values.shape}")
    return np.require(values, requirements=["C", "A"])


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    if shape == wanted:
        return True
    return len(shape) == len(wanted) and all(b in (None, a) for a, b in zip(shape, wanted, strict=True))


def check_out(name: str, out: Array | None, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return `out`, or a new array if there is none."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or not out.flags.c_contiguous or not out.flags.writeable:
        raise _validation.mismatch(name, "a writable C-contiguous array", out)
    if out.shape == shape and out.dtype == dtype:
        return out
    return check_array(name, out, shape, dtype)
