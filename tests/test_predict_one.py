"""Sequential.predict_one: the bits of predict, for any network and any array, from any number of threads at once."""

import contextlib
import sys
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import SIZES, STACK, Twins, dense
from nets import activation as activation_layer
from numpy.typing import NDArray
from problems import hash_state, make_classes, make_classifier
from stacks import layers

from nnfast import Sequential, _core, load_model
from nnfast._core import LayerSpec
from nnfast.exceptions import NotReadyError
from nnfast.layers import Dense, Input

Array = NDArray[Any]


def check_rows(twins: Twins, x: Array) -> None:
    """Each row alone has the bits that it has among the others."""
    together = twins.predict(x)
    for row, expected in zip(x, together, strict=True):
        assert twins.core.predict_one(np.ascontiguousarray(row)).tobytes() == expected.tobytes()


# ---- the same bits as among other rows -------------------------------------------------------------------------------


@pytest.mark.parametrize("out_size", SIZES)
def test_all_widths(out_size: int, dtype: str, isa: str, rng: np.random.Generator) -> None:
    for in_size in (1, 3, out_size, 68 - out_size):
        twins = Twins([dense(out_size, "tanh"), dense(68 - out_size)], in_size, dtype, rng)
        check_rows(twins, rng.standard_normal((5, in_size)).astype(dtype))


@pytest.mark.parametrize("out_size", [127, 128, 129, 200, 257, 515, 1031])
def test_wide_layers(out_size: int, dtype: str, isa: str, rng: np.random.Generator) -> None:
    twins = Twins([dense(out_size, "relu"), dense(out_size // 2, use_bias=False), dense(3, "softmax")], 90, dtype, rng)
    check_rows(twins, rng.standard_normal((5, 90)).astype(dtype))


@pytest.mark.parametrize("name", _core.ACTIVATIONS)
def test_all_activations(name: str, dtype: str, isa: str, rng: np.random.Generator) -> None:
    twins = Twins([activation_layer(name), dense(37, name), activation_layer(name), dense(9, name)], 21, dtype, rng)
    check_rows(twins, 3 * rng.standard_normal((5, 21)).astype(dtype))


@given(
    st.lists(layers(150), min_size=1, max_size=5),
    st.integers(1, 150),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from(_core.get_runnable_isas()),
)
def test_random_stacks(specs: list[LayerSpec], in_size: int, dtype: str, isa: str) -> None:
    _core.set_isa(isa)
    rng = np.random.default_rng(in_size)
    twins = Twins(specs, in_size, dtype, rng, in_scale=0.5, in_offset=0.125)
    check_rows(twins, rng.standard_normal((4, in_size)).astype(dtype))


def test_instruction_sets_agree(dtype: str, rng: np.random.Generator) -> None:
    x, results = rng.standard_normal(64).astype(dtype), set()
    for name in _core.get_runnable_isas():
        _core.set_isa(name)
        results.add(Twins(STACK, 64, dtype, np.random.default_rng(0)).core.predict_one(x).tobytes())
    assert len(results) == 1


# ---- what goes in ----------------------------------------------------------------------------------------------------


def make_model(dtype: str = "float32") -> Sequential:
    return Sequential([Input(6, scale=0.5, offset=0.25), Dense(70, "tanh"), Dense(3, "softmax")], seed=2, dtype=dtype)


WHOLE = np.array([3, 0, 255, 1, 17, 128])
SAMPLES = {
    **{name: WHOLE.astype(name) for name in ("uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64")},
    **{name: (WHOLE / 7).astype(name) for name in ("float16", "float32", "float64", "longdouble", ">f4", ">f8")},
    "bool": WHOLE > 2,
    "list": (WHOLE / 7).tolist(),
    "tuple": tuple(WHOLE.tolist()),
    "memoryview": memoryview(WHOLE.astype("float32")),
    "strided": np.arange(18, dtype="float32")[::3],
    "backwards": np.arange(6, dtype="float64")[::-1],
    "column": np.arange(12, dtype="uint8").reshape(6, 2)[:, 1],
    "unaligned": np.frombuffer(b"x" + WHOLE.astype("float32").tobytes(), "float32", offset=1),
    "read-only": np.frombuffer(WHOLE.astype("float32").tobytes(), "float32"),
    "repeated": np.broadcast_to(np.float32(2), (6,)),
    "not finite": np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e-42], "float32"),
    "subclass": WHOLE.astype("float32").view(np.recarray),
}


@pytest.mark.parametrize("case", SAMPLES)
def test_samples(case: str, dtype: str) -> None:
    model, x = make_model(dtype), SAMPLES[case]
    expected = model.predict(np.asarray(x)[np.newaxis])[0]
    y = model.predict_one(x)
    assert type(y) is np.ndarray
    assert y.flags.writeable
    assert (y.shape, y.dtype) == ((3,), dtype)
    assert y.tobytes() == expected.tobytes()


def test_results_are_the_callers_own() -> None:
    model = make_model()
    first = model.predict_one(np.zeros(6))
    kept = first.copy()
    model.predict_one(np.ones(6))
    assert np.array_equal(first, kept)


def test_new_weights_count_at_once() -> None:
    model, x = make_model(), np.ones(6, "float32")
    before = model.predict_one(x)
    model.set_weights([values * 2 for values in model.get_weights()])
    after = model.predict_one(x)
    assert not np.array_equal(before, after)
    assert np.array_equal(after, model.predict(x[np.newaxis])[0])


def test_other_calls_come_between(tmp_path: Any) -> None:
    """Predictions of many rows, passes and training leave one row as it was or should be."""
    x, y = make_classes(300)
    model = make_classifier(rate=0.2)
    for call in (
        lambda: model.predict(x),
        lambda: model.forward(x, training=True),
        lambda: model.fit(x, y, verbose=0),
        lambda: model.save(tmp_path / "m.safetensors"),
    ):
        call()
        assert np.array_equal(model.predict_one(x[7]), model.predict(x)[7])
    assert np.array_equal(load_model(tmp_path / "m.safetensors").predict_one(x[7]), model.predict_one(x[7]))


# ---- out -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [np.arange(6, dtype="float32"), list(range(6))])
def test_out_is_written_and_returned(x: Any, dtype: str, tmp_path: Any) -> None:
    model = make_model(dtype)
    mapped = np.memmap(tmp_path / "out", dtype, "w+", shape=(3,))
    around = np.full(9, 7, dtype)
    for out in (np.zeros(3, dtype), around[3:6], mapped):
        assert model.predict_one(x, out) is out
        assert out.tobytes() == model.predict_one(x).tobytes()
    assert (around[[0, 1, 2, 6, 7, 8]] == 7).all()


def test_out_may_be_the_sample() -> None:
    model = Sequential([Input(5), Dense(5, "tanh"), Dense(5)], seed=0)
    x = np.arange(5, dtype="float32")
    expected = model.predict_one(x)
    assert np.array_equal(model.predict_one(x, out=x), expected)


def read_only() -> Array:
    out = np.zeros(3, "float32")
    out.flags.writeable = False
    return out


BAD_OUT = {
    "too short": (np.zeros(2, "float32"), r"received float32 of shape \(2,\)"),
    "too long": (np.zeros(4, "float32"), r"received float32 of shape \(4,\)"),
    "empty": (np.zeros(0, "float32"), r"received float32 of shape \(0,\)"),
    "two dimensions": (np.zeros((1, 3), "float32"), r"received float32 of shape \(1, 3\)"),
    "no dimension": (np.zeros((), "float32"), r"received float32 of shape \(\)"),
    "another dtype": (np.zeros(3), r"received float64 of shape \(3,\)"),
    "integers": (np.zeros(3, "int32"), "received int32"),
    "bytes swapped": (np.zeros(3, ">f4"), "received >f4"),
    "read-only": (read_only(), "received read-only float32"),
    "strided": (np.zeros(6, "float32")[::2], "received strided float32"),
    "unaligned": (np.frombuffer(bytearray(13), "float32", offset=1), "received unaligned float32"),
    "a list": ([0.0, 0.0, 0.0], "received list"),
    "bytes": (bytearray(12), "received bytearray"),
    "a number": (3.0, "received float"),
}


@pytest.mark.parametrize("x", [np.ones(6, "float32"), [1.0] * 6])
@pytest.mark.parametrize("case", BAD_OUT)
def test_bad_out(case: str, x: Any) -> None:
    out, message = BAD_OUT[case]
    before = bytes(out) if isinstance(out, bytearray) else np.array(out).tobytes()
    expected = r"out: expected a writable, contiguous array of shape \(3,\) and dtype float32, "
    with pytest.raises((TypeError, ValueError), match=expected + message):
        make_model().predict_one(x, out)
    assert (bytes(out) if isinstance(out, bytearray) else np.array(out).tobytes()) == before


# ---- what is refused -------------------------------------------------------------------------------------------------

BAD_SAMPLES = {
    "too short": (np.ones(5, "float32"), r"x: expected one sample of shape \(6,\), received shape \(5,\)"),
    "too long": ([1] * 7, r"x: expected one sample of shape \(6,\), received shape \(7,\)"),
    "two dimensions": (np.ones((1, 6), "float32"), r"received shape \(1, 6\); predict takes several samples"),
    "image": (np.ones((2, 3)), r"received shape \(2, 3\); predict takes several samples"),
    "empty": (np.ones(0), r"x: expected at least one sample and one feature, received shape \(0,\)"),
    "a number": (3.0, "x: expected an array, received the single number 3.0"),
    "none": (None, "x: expected real numbers, received dtype object"),
    "strings": (["a"] * 6, "x: expected real numbers, received dtype <U1"),
    "complex": (np.ones(6) * 1j, "x: expected real numbers, received dtype complex128"),
    "dates": (np.zeros(6, "M8[s]"), "x: expected real numbers, received dtype datetime64"),
    "records": (np.zeros(6, "f4,f4"), "x: expected real numbers, received dtype"),
    "ragged": ([[1, 2], [1]], "x: expected an array of numbers, rows of equal length, received list"),
    "masked": (np.ma.masked_less(np.ones(6, "float32"), 2), "x: expected an array without a mask"),
}


@pytest.mark.parametrize("case", BAD_SAMPLES)
def test_bad_samples(case: str) -> None:
    x, message = BAD_SAMPLES[case]
    model, out = make_model(), np.full(3, 7, "float32")
    before = hash_state(model)
    for more in ((), (out,)):
        with pytest.raises((TypeError, ValueError), match=message):
            model.predict_one(x, *more)
    assert hash_state(model) == before
    assert (out == 7).all()


def test_a_model_without_weights_says_so() -> None:
    model = Sequential([Dense(3)])
    with pytest.raises(NotReadyError, match="expected an Input, build"):
        model.predict_one(np.ones(6, "float32"))
    assert not model.built


def test_a_model_in_training_is_refused() -> None:
    x, y = make_classes(50)
    model = make_classifier()
    seen: list[str] = []

    def poll(progress: _core.Progress) -> bool:
        for sample in (x[0], x[0].tolist()):
            with pytest.raises(RuntimeError, match="in use by another thread"):
                model.predict_one(sample)
            seen.append("refused")
        return False

    trainer = _core.Trainer(model._network, _core.Optimizer(model._network, "sgd", [0.1]), "mean_squared_error", [])
    with pytest.raises(_core.RunStopped):
        trainer.run(x, np.eye(3)[y], batch_size=5, first_epoch=0, n_epochs=500_000, shuffle=False, seed=0, poll=poll)
    assert seen == ["refused"] * 2
    assert model.predict_one(x[0]).shape == (3,)


# ---- many calls, many threads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [30, 700])  # the larger gives the GIL away
def test_eight_threads_at_once(hidden: int, rng: np.random.Generator) -> None:
    model = Sequential([Input(500), Dense(hidden, "gelu"), Dense(300, "tanh"), Dense(4, "softmax")], seed=0)
    x = rng.standard_normal((40, 500)).astype("float32")
    expected = model.predict(x)
    wrong: list[int] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for i in range(400):
            if model.predict_one(x[i % 40]).tobytes() != expected[i % 40].tobytes():
                wrong.append(i)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def read_resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.parametrize(
    ("n", "arguments"),
    [
        (60_000, (np.ones(6, "float32"),)),
        (60_000, (np.ones(6, "float32"), np.empty(3, "float32"))),
        (5_000, ([1.0] * 6,)),
        (5_000, (np.ones(12)[::2],)),
        (5_000, (np.ones(5, "float32"),)),
        (5_000, (np.ones(6, "float32"), np.empty(2, "float32"))),
    ],
)
def test_calls_leave_nothing_behind(n: int, arguments: Any) -> None:
    """Neither good ones nor bad ones."""
    model = make_model()

    def call(n: int) -> None:
        for _ in range(n):
            with contextlib.suppress(ValueError):
                model.predict_one(*arguments)

    call(1000)
    resident, references = read_resident_bytes(), [sys.getrefcount(argument) for argument in arguments]
    call(n)
    assert [sys.getrefcount(argument) for argument in arguments] == references
    assert read_resident_bytes() - resident < 1_000_000
    tracemalloc.start()
    call(10)
    before = tracemalloc.get_traced_memory()[0]
    call(1000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 4000  # a leaked reference is 16 bytes and more a call
