"""Shapes whose product passes 2^31, 2^32 and 2^62, at no cost: elements that lie on one place, or in holes of a file.

They are tried in a process that may have 4 GiB: what would have to be copied ends with MemoryError, nothing is killed.
JSON: how many were tried, and what was wrong.
"""

import json
import resource
import tempfile

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnfast import Sequential
from nnfast.data import Batches
from nnfast.layers import Dense, Input
from nnfast.preprocessing import StandardScaler, train_test_split


def spread(shape, dtype=np.uint8):
    return as_strided(np.ones(1, dtype), shape, (0,) * len(shape))


class Interface:
    def __init__(self, shape):
        self.__array_interface__ = {
            "shape": shape,
            "strides": (0,) * len(shape),
            "typestr": "|u1",
            "version": 3,
            "data": (np.ones(8).ctypes.data, True),
        }


class Csr:
    format, data, indices, indptr = "csr", np.ones(1), np.zeros(1, np.int64), np.array([0, 1])

    def __init__(self, shape):
        self.shape, self.nnz, self.ndim = shape, 1, 2

    def tocsr(self):
        return self


model = Sequential([Input(6), Dense(2, "softmax")], seed=1)
model.compile("sgd", "sparse_categorical_crossentropy")
before = [w.tobytes() for w in model.get_weights()]
x, y = np.ones((4, 6)), np.zeros(4)
WIDE = [(1, 2**31), (2, 2**32 + 1), (6, 2**32 // 6 + 6), (2**16, 2**16), (2**31 + 1, 1), (2**62, 1)]
WIDE += [(2**21, 2**21, 2**20)]
LONG = [(2**31, 6), (2**32, 6), (2**32 + 5, 6), (2**40, 6), (2**60, 6)]


def map_hole(shape):
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.uint8, "w+", shape=shape)


def fit_blocks(x):
    other = Sequential([Input(6), Dense(2, "softmax")], seed=1)
    other.compile("sgd", "sparse_categorical_crossentropy")
    other.fit(Batches(x, spread(x.shape[:1]), shuffle=False, block_size=64), steps_per_epoch=3, verbose=0)


CASES = [
    *(
        ("ValueError", call, spread(shape))
        for shape in WIDE
        for call in (
            model.predict,
            model.forward,
            lambda x: model.evaluate(x, y, verbose=0),
            lambda x: model.fit(x, y, verbose=0),
            lambda v: model.fit(x, v, verbose=0),
            lambda v: model.fit(x, y, sample_weight=v, verbose=0),
            lambda v: model.set_weights([v, y[:2]]),
            lambda v: model.fit(x, y, validation_data=(v, y), verbose=0),
        )
    ),
    *(("ValueError", model.predict_one, spread((n,))) for n in (2**31, 2**32 + 6, 2**62)),
    *(("ValueError", model.predict, Interface(shape)) for shape in ((2**62, 6), (2**63 - 1, 6), (6, 2**62))),
    *(("ValueError", model.predict, Csr(shape)) for shape in ((1, 2**31), (1, 2**62), (2**62, 6), (2**63 - 1, 6))),
    *(("ValueError", lambda y: model.fit(x, y, verbose=0), spread(shape)) for shape in LONG),
    *(("MemoryError", call, spread(shape)) for shape in LONG for call in (model.predict, StandardScaler().fit)),
    *((None, fit_blocks, spread(shape)) for shape in LONG),
    *((None, fit_blocks, map_hole((n // 6 + 1, 6))) for n in (2**31, 2**32)),
    *((None, lambda x: train_test_split(x, shuffle=False), spread(shape)) for shape in LONG),
]


def find_fault(expected, call, value):
    """What is wrong with the end of a call, or nothing."""
    try:
        call(value)
        received, text = None, ""
    except Exception as error:
        received, text = type(error).__name__, str(error)
    is_clear = received != "ValueError" or ("expected" in text and "received" in text)
    if received == expected and is_clear:
        return ""
    return f"{getattr(value, 'shape', value)}: expected {expected}, received {received}: {text}"


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (2**32, 2**32))
    faults = [fault for case in CASES if (fault := find_fault(*case))]
    if [w.tobytes() for w in model.get_weights()] != before:
        faults.append("the model was changed")
    print(json.dumps({"tried": len(CASES), "faults": faults}))
