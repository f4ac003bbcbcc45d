"""plain: states of callbacks come back from a file, or are refused before there is one."""

import numpy as np
import pytest

from nnfast.saving.plain import flatten, unflatten
from nnfast.saving.tensor_file import read_tensors, write_tensors


@pytest.mark.parametrize("dtype", ["?", "i1", "<u2", ">i4", ">i8", "<f2", ">f4", "<f8", ">f8"])
def test_arrays_come_back_from_a_file(dtype, tmp_path):
    """Of either byte order; a file has the one."""
    state, arrays = {"values": np.array([[0, 1, 2], [3, 4, 5]], dtype, order="F")[:, ::2]}, []
    data = flatten(state, arrays)
    write_tensors(tmp_path / "m", "{}", {str(number): array for number, array in enumerate(arrays)})
    _, read = read_tensors(tmp_path / "m")
    values = unflatten(data, [read[str(number)] for number in range(len(arrays))])["values"]
    assert values.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(values, state["values"])


@pytest.mark.parametrize(
    "value",
    [
        np.array([None]),
        np.array(["a"]),
        np.array([1j]),
        np.array(["2020"], "M8[D]"),
        np.longdouble([1]),
        1j,
        b"a",
        {1: 2},
    ],
    ids=repr,
)
def test_others_are_refused(value):
    with pytest.raises(ValueError, match=r"^state: expected None, texts, numbers, arrays of .*, received"):
        flatten({"a": [value]}, [])
