"""nnfast.kernels: the bare functions on NumPy arrays, with out= everywhere, against the reference."""

from typing import Any

import numpy as np
import pytest
import reference
import reference_losses
from nets import HYPERPARAMETERS, loss_spec
from numpy.typing import NDArray
from reference_losses import LOSS_PARAMETERS

from nnfast import _core, kernels, optimizers

Array = NDArray[Any]

ACTIVATIONS = sorted(set(_core.ACTIVATIONS) - {"linear"})
OPTION = {"leaky_relu": {"negative_slope": 0.1}, "elu": {"alpha": 0.7}, "celu": {"alpha": 0.7}}
LOSSES = sorted({name.removesuffix("_logits") for name in _core.LOSSES})


def parameter_of(name: str) -> float:
    return next(iter(OPTION.get(name, {"": 0.0}).values()))


def close(dtype: str) -> dict[str, float]:
    eps = float(np.finfo(dtype).eps)
    return {"rtol": 16 * eps, "atol": 16 * eps}


def test_nothing_of_the_core_is_missing() -> None:
    for name in [*ACTIVATIONS, *LOSSES, "dense_forward", "dense_backward"]:
        assert callable(getattr(kernels, name)), f"write {name} in src/nnfast/kernels.py"
    for name in ACTIVATIONS:
        assert callable(getattr(kernels, f"{name}_backward")), f"write {name}_backward in src/nnfast/kernels.py"
    for cls in optimizers.CATALOGUE.by_class_name.values():
        name = f"{cls.names[0]}_update"
        assert callable(getattr(kernels, name)), f"write {name} in src/nnfast/kernels.py"


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (4, 9), (2, 3, 5), (0,), (3, 0)])
def test_activation(name: str, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> None:
    x, grad = rng.standard_normal((2, *shape)).astype(dtype)
    x, grad = np.asarray(x), np.asarray(grad)
    forward, backward = getattr(kernels, name), getattr(kernels, f"{name}_backward")
    y = forward(x, **OPTION.get(name, {}))
    wide = np.atleast_1d(x.astype(float))
    if x.size:
        expected = reference.ACTIVATIONS[name].forward(wide, parameter_of(name)).reshape(shape)
        np.testing.assert_allclose(y, expected, **close(dtype))
    assert (y.shape, y.dtype) == (shape, np.dtype(dtype))

    saved = x if _core.ACTIVATIONS[name] == "input" else y
    result = backward(grad, saved, **OPTION.get(name, {}))
    if x.size:
        args = (np.atleast_1d(a.astype(float)) for a in (saved, grad))
        np.testing.assert_allclose(
            result, reference.activation_backward(name, *args, parameter_of(name)).reshape(shape), **close(dtype)
        )
    assert (result.shape, result.dtype) == (shape, np.dtype(dtype))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_out(name: str, dtype: str, rng: np.random.Generator) -> None:
    x, grad = rng.standard_normal((2, 5, 7)).astype(dtype)
    kept = x.copy(), grad.copy()
    forward, backward = getattr(kernels, name), getattr(kernels, f"{name}_backward")
    y, out = forward(x), np.empty_like(x)
    assert forward(x, out=out) is out
    assert out.tobytes() == y.tobytes()
    result = backward(grad, y)
    assert backward(grad, y, out=out) is out
    assert out.tobytes() == result.tobytes()
    assert x.tobytes() == kept[0].tobytes()
    assert grad.tobytes() == kept[1].tobytes()
    assert backward(grad, y, out=grad) is grad
    assert grad.tobytes() == result.tobytes()
    assert forward(x, out=x) is x
    assert x.tobytes() == y.tobytes()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_of_any_layout(name: str, dtype: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal((6, 8)).astype(dtype)
    forward = getattr(kernels, name)
    for view in (x.T, x[::2, ::3], x[::-1, ::-1], np.broadcast_to(x[:1], (4, 8)), np.asfortranarray(x)):
        assert forward(view).tobytes() == forward(np.ascontiguousarray(view)).tobytes()
    assert forward(x.tolist() if dtype == "float64" else x).tobytes() == forward(x).tobytes()


@pytest.mark.parametrize(
    "x", [np.arange(3), np.zeros(3, "float16"), np.zeros(3, complex), np.zeros(3, bool), "text", None, [1, 2]]
)
def test_activation_refuses(x: Any) -> None:
    with pytest.raises(ValueError, match="x: expected dtype float32 or float64, received"):
        kernels.relu(x)


@pytest.mark.parametrize(
    "out",
    [np.zeros(4), np.zeros(3, "float32"), np.zeros((1, 3)), np.zeros(6)[::2], [0.0, 0.0, 0.0], np.broadcast_to(0.0, 3)],
)
def test_out_is_refused(out: Any) -> None:
    for call in (
        lambda: kernels.tanh(np.zeros(3), out=out),
        lambda: kernels.tanh_backward(np.zeros(3), np.zeros(3), out=out),
    ):
        with pytest.raises(ValueError, match=r"out: expected .*, received"):
            call()


def test_options_are_checked() -> None:
    for bad in (-0.1, np.nan, np.inf, "a", None, True):
        with pytest.raises(ValueError, match="alpha: expected"):
            kernels.elu(np.zeros(3), alpha=bad)
        with pytest.raises(ValueError, match="alpha: expected"):
            kernels.celu(np.zeros(3), alpha=bad)
        with pytest.raises(ValueError, match="negative_slope: expected"):
            kernels.leaky_relu(np.zeros(3), negative_slope=bad)


def test_dense(dtype: str, rng: np.random.Generator) -> None:
    x, w, b, grad = (rng.standard_normal(shape).astype(dtype) for shape in ((9, 5), (5, 7), 7, (9, 7)))
    y = kernels.dense_forward(x, w, b)
    np.testing.assert_allclose(y, x.astype(float) @ w + b, **close(dtype))
    np.testing.assert_allclose(kernels.dense_forward(x, w), x.astype(float) @ w, **close(dtype))
    out = np.empty_like(y)
    assert kernels.dense_forward(x.T.copy().T, w.T.copy().T, b, out=out) is out
    assert out.tobytes() == y.tobytes()
    results = kernels.dense_backward(x, w, grad)
    expected = (grad.astype(float) @ w.T, x.T.astype(float) @ grad, grad.sum(axis=0, dtype=float))
    for result, e in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, e, **close(dtype))
    outs = tuple(np.empty_like(r) for r in results)
    assert kernels.dense_backward(x, w, grad, out=outs)[1] is outs[1]
    assert all(o.tobytes() == r.tobytes() for o, r in zip(outs, results, strict=True))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"x": np.zeros((9, 4))}, "w"),
        ({"x": np.zeros(5)}, "x"),
        ({"w": np.zeros((5, 7), "float32")}, "w"),
        ({"b": np.zeros(6)}, "b"),
        ({"b": np.zeros((1, 7))}, "b"),
        ({"out": np.zeros((9, 8))}, "out"),
    ],
)
def test_dense_refuses(change: dict[str, Any], name: str) -> None:
    arguments = {"x": np.zeros((9, 5)), "w": np.zeros((5, 7)), "b": np.zeros(7)} | change
    with pytest.raises(ValueError, match=f"{name}: expected .*, received"):
        kernels.dense_forward(**arguments)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("from_logits", [False, True])
def test_loss(loss: str, from_logits: bool, dtype: str, rng: np.random.Generator) -> None:
    y = rng.uniform(0.05, 0.95, (6, 4)).astype(dtype)
    t = rng.uniform(0, 1, (6, 4)).astype(dtype)
    core_name = f"{loss}_logits" if from_logits and f"{loss}_logits" in _core.LOSSES else loss
    options: dict[str, Any] = dict(zip(_core.LOSSES[loss], LOSS_PARAMETERS.get(loss, ())))
    options |= {name: bool(value) for name, value in options.items() if name == "apply_class_balancing"}
    options |= {"from_logits": True} if core_name != loss else {}
    row_loss, slope = reference_losses.measure(loss_spec(core_name), y.astype(float), t.astype(float))
    scale = reference.loss_reduction(loss, 6)
    kept, out = y.copy(), np.empty_like(y)
    value, gradient = getattr(kernels, loss)(t, y, out=out, **options)
    assert gradient is out
    assert value == pytest.approx(row_loss.sum() * scale, rel=32 * float(np.finfo(dtype).eps))
    np.testing.assert_allclose(gradient, slope * scale, **close(dtype))
    assert y.tobytes() == kept.tobytes()


def test_sparse_categorical_crossentropy(dtype: str, rng: np.random.Generator) -> None:
    y, labels = rng.standard_normal((6, 4)).astype(dtype), rng.integers(0, 4, 6)
    value, gradient = kernels.sparse_categorical_crossentropy(labels, y, from_logits=True)
    t = reference.one_hot(labels, 4).astype(dtype)
    expected = kernels.categorical_crossentropy(t, y, from_logits=True)
    assert value == expected[0]
    assert gradient.tobytes() == expected[1].tobytes()
    for bad in (labels + 4, labels - 9, labels.astype(float), labels[:5], labels[:, None]):
        with pytest.raises(ValueError, match="y_true: expected"):
            kernels.sparse_categorical_crossentropy(bad, y)


OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "momentum": ("sgd", {}),
    "nesterov": ("sgd", {"nesterov": True}),
    "amsgrad": ("adam", {"amsgrad": True}),
    "rmsprop_momentum": ("rmsprop", {}),
    "rmsprop_centered": ("rmsprop", {"centered": True}),
    "rmsprop_centered_momentum": ("rmsprop", {"centered": True}),
}
"""Of rules that have no function of their own: the function, and what chooses the rule beside its hyperparameters."""


@pytest.mark.parametrize("rule", _core.OPTIMIZERS)
@pytest.mark.parametrize("shape", [(), (1,), (13,), (3, 5)])
@pytest.mark.parametrize("decay", [{}, {"weight_decay": 0.25}])
def test_update(
    rule: str, shape: tuple[int, ...], decay: dict[str, float], dtype: str, rng: np.random.Generator
) -> None:
    update, n_slots = reference.OPTIMIZERS[rule]
    w, g = (np.asarray(a) for a in rng.standard_normal((2, *shape)).astype(dtype))
    slots, wide_slots = [np.zeros(shape, dtype) for _ in range(n_slots)], [np.zeros(shape) for _ in range(n_slots)]
    expected = np.asarray(w.astype(float))
    h = HYPERPARAMETERS[rule]
    name, options = OPTIONS.get(rule, (rule, {}))
    options = options | decay | dict(zip(_core.OPTIMIZERS[rule][1], h, strict=True))
    for step in (1, 2, 3):
        expected = reference.decayed(expected, h[0], decay.get("weight_decay", 0.0))
        expected = update(expected, g.astype(float), wide_slots, h, step)
        getattr(kernels, f"{name}_update")(w, g, *slots, step=step, **options)
    np.testing.assert_allclose(w, expected, **close(dtype))
    for slot, wide in zip(slots, wide_slots, strict=True):
        np.testing.assert_allclose(slot, wide, **close(dtype))


def test_update_decays_by_default_and_follows_a_schedule() -> None:
    results = [np.ones(3) for _ in range(3)]
    zeros = [np.zeros(3) for _ in range(3)]
    kernels.adamw_update(results[0], *zeros, learning_rate=0.5)
    kernels.sgd_update(results[1], np.ones(3), step=3, learning_rate=lambda step: 0.1 * step)
    kernels.sgd_update(results[2], np.ones(3), learning_rate=0.2)
    assert results[0].tolist() == [0.998] * 3
    assert results[1].tolist() == results[2].tolist()


def test_updates_refuse() -> None:
    w = np.zeros(3)
    for bad in (np.zeros(4), np.zeros(3, "float32"), [1, 2, 3]):
        with pytest.raises(ValueError, match="grad: expected"):
            kernels.sgd_update(w, bad, learning_rate=0.1)
    for bad_rate in (-1, np.nan, "a"):
        with pytest.raises(ValueError, match="learning_rate: expected"):
            kernels.sgd_update(w, w.copy(), learning_rate=bad_rate)
    for step in (0, -1, 1.5):
        with pytest.raises(ValueError, match="step: expected"):
            kernels.adam_update(w, w.copy(), w.copy(), w.copy(), step=step)
    for state in ((), (w.copy(),), (w.copy(),) * 3):
        with pytest.raises(ValueError, match=rf"state: expected 2 arrays for Adam\(.*\), received {len(state)}"):
            kernels.adam_update(w, w.copy(), *state)
    with pytest.raises(ValueError, match="state 1: expected"):
        kernels.adam_update(w, w.copy(), w.copy(), np.zeros(4))
    assert not w.any()
