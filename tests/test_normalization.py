"""Normalizations in the core and in nnfast.kernels: values, order of sums, hard cases, moving statistics."""

from typing import Any

import exact
import normalization as formulas
import numpy as np
import pytest
import reference
from nets import CROSSENTROPY, SIZES, THREADS, Twins, dense, normalization, run
from numpy.typing import NDArray

from nnfast import _core, kernels

Array = NDArray[Any]


def close(dtype: str, factor: float = 100) -> dict[str, float]:
    eps = float(np.finfo(dtype).eps)
    return {"rtol": factor * eps, "atol": factor * eps}


# ---- nnfast.kernels --------------------------------------------------------------------------------------------------

KINDS = ("batch", "layer")


def make_layer(kind: str, gamma: Array, beta: Array) -> reference.Layer:
    layer = reference.Layer(f"{kind}_normalization", gamma=gamma, beta=beta, takes_batch=True)
    layer.mean = layer.variance = np.zeros_like(gamma)
    return layer


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_columns", [size for size in SIZES if size < 20] + [31, 32, 33, 64, 67, 200])
def test_forward_and_backward(kind: str, n_columns: int, dtype: str, isa: str, rng: np.random.Generator) -> None:
    for n_rows in (1, 2, 7, 40):
        x, grad = rng.standard_normal((2, n_rows, n_columns)).astype(dtype)
        gamma, beta = rng.standard_normal((2, n_columns)).astype(dtype)
        layer = make_layer(kind, gamma.astype(float), beta.astype(float))
        forward, backward = (
            getattr(kernels, f"{kind}_normalization"),
            getattr(kernels, f"{kind}_normalization_backward"),
        )
        result = forward(x, gamma, beta)
        y = result[0] if kind == "batch" else result
        np.testing.assert_allclose(y, layer.forward(x.astype(float)), **close(dtype))
        if kind == "batch":
            np.testing.assert_allclose(result[1], x.mean(axis=0, dtype=float), **close(dtype))
            np.testing.assert_allclose(result[2], x.astype(float).var(axis=0), **close(dtype))
        grad_x, grad_gamma, grad_beta = backward(grad, x, gamma)
        scale = np.abs(layer.backward(grad.astype(float))).max() + 1
        np.testing.assert_allclose(grad_x, layer.backward(grad.astype(float)), **close(dtype, 200 * scale))
        np.testing.assert_allclose(grad_gamma, layer.grads["gamma"], **close(dtype, 200 * scale))
        np.testing.assert_allclose(grad_beta, layer.grads["beta"], **close(dtype))


def test_given(dtype: str, isa: str, rng: np.random.Generator) -> None:
    x, grad = rng.standard_normal((2, 9, 37)).astype(dtype)
    mean, variance = rng.standard_normal(37).astype(dtype), rng.uniform(0.1, 2, 37).astype(dtype)
    variance[3] = 0
    inverse = 1 / np.maximum(np.sqrt(variance.astype(float)), 0.01)
    y = kernels.normalization(x, mean, variance, 0.01)
    np.testing.assert_allclose(y, (x.astype(float) - mean) * inverse, **close(dtype))
    np.testing.assert_allclose(kernels.normalization_backward(grad, variance, 0.01), grad * inverse, **close(dtype))


def test_gamma_and_beta_may_be_left_out(dtype: str, rng: np.random.Generator) -> None:
    x, grad = rng.standard_normal((2, 5, 3)).astype(dtype)
    ones, zeros = np.ones(3, dtype), np.zeros(3, dtype)
    assert kernels.layer_normalization(x).tobytes() == kernels.layer_normalization(x, ones, zeros).tobytes()
    assert kernels.batch_normalization(x)[0].tobytes() == kernels.batch_normalization(x, ones, zeros)[0].tobytes()
    alone, all_given = (kernels.batch_normalization_backward(grad, x, gamma) for gamma in (None, ones))
    assert [a.tobytes() for a in alone] == [a.tobytes() for a in all_given]
    out = np.empty_like(x)
    assert kernels.layer_normalization(x, out=out) is out
    assert kernels.batch_normalization_backward(grad, x, out=grad)[0] is grad
    assert grad.tobytes() == alone[0].tobytes()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: kernels.layer_normalization(x[0]), r"x: expected shape \(n, n\), received \(3,\)"),
        (lambda x: kernels.batch_normalization(x[:0]), "x: expected at least one element"),
        (lambda x: kernels.batch_normalization(x, np.ones(2)), r"gamma: expected shape \(3,\), received \(2,\)"),
        (lambda x: kernels.layer_normalization(x, epsilon=0), r"epsilon: expected a finite number in \(0, inf\)"),
        (lambda x: kernels.normalization(x, np.ones(3, "float32"), np.ones(3)), "mean: expected dtype float64"),
        (lambda x: kernels.layer_normalization_backward(x[:2], x), "grad: expected shape"),
    ],
)
def test_arguments_that_do_not_fit(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(np.ones((4, 3)))


# ---- the order of sums, and hard cases -------------------------------------------------------------------------------


def test_statistics_of_a_batch_are_corrected_sums_in_shards(isa: str, rng: np.random.Generator) -> None:
    """To the bit: sums ascend the rows, 1,024 at a time; a second look corrects the mean."""
    x = (rng.standard_normal((2100, 5)) * 3 + 40).astype("float32")
    n = np.float32(len(x))
    guess = exact.in_shards(exact.column_sum, x) / n
    rest = exact.in_shards(exact.column_sum, x - guess) / n
    assert kernels.batch_normalization(x)[1].tobytes() == (guess + rest).tobytes()


def test_statistics_of_a_row_are_sums_in_virtual_lanes(isa: str, rng: np.random.Generator) -> None:
    """To the bit, where an epsilon beyond all variances leaves x - mean alone."""
    x = (rng.standard_normal((4, 83)) * 3 + 40).astype("float32")
    n = np.float32(x.shape[1])
    guess = (exact.row_sum(x) / n)[:, None]
    mean = guess + (exact.row_sum(x - guess) / n)[:, None]
    y = kernels.layer_normalization(x, epsilon=2.0**60)
    assert (y * np.float32(2**30)).tobytes() == (x - mean).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_constant_columns_and_rows(kind: str, dtype: str, isa: str) -> None:
    """Variance 0: the output is beta, and nothing is infinite on the way back."""
    x = np.full((23, 19), 1234.567, dtype)
    beta = np.arange(19, dtype=dtype)
    result = getattr(kernels, f"{kind}_normalization")(x, None, beta)
    y = result[0] if kind == "batch" else result
    assert (y == beta).all()
    if kind == "batch":
        assert (result[2] == 0).all()
    grads = getattr(kernels, f"{kind}_normalization_backward")(np.eye(23, 19, dtype=dtype), x)
    assert all(np.isfinite(g).all() for g in grads)


def test_a_batch_of_one_row(dtype: str, isa: str, rng: np.random.Generator) -> None:
    x, grad = rng.standard_normal((2, 1, 21)).astype(dtype) * 1000
    y, mean, variance = kernels.batch_normalization(x)
    assert (y == 0).all()
    assert (mean == x[0]).all()
    assert (variance == 0).all()
    grad_x, grad_gamma, grad_beta = kernels.batch_normalization_backward(grad, x)
    assert (grad_x == 0).all()
    assert (grad_gamma == 0).all()
    assert (grad_beta == grad[0]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_huge_means(kind: str, dtype: str, isa: str, rng: np.random.Generator) -> None:
    """The mean is 10^4 deviations away: only the rounding of x itself may show."""
    x = (rng.standard_normal((1500, 700)) + 1e4).astype(dtype)
    layer = make_layer(kind, np.ones(700), np.zeros(700))
    result = getattr(kernels, f"{kind}_normalization")(x)
    y = result[0] if kind == "batch" else result
    eps = np.finfo(dtype).eps
    expected = layer.forward(x.astype(np.longdouble)).astype(float)
    np.testing.assert_allclose(y, expected, rtol=100 * eps, atol=1e4 * eps)


# ---- training --------------------------------------------------------------------------------------------------------

SPECS = [normalization("batch"), dense(7, "tanh"), normalization("batch", momentum=0.7), dense(2, "softmax")]


def make_data(n: int, rng: np.random.Generator, dtype: str = "float64") -> tuple[Array, Array]:
    x = rng.standard_normal((n, 5)).astype(dtype) * 3 + 1
    return x, (x[:, :1] > 1).astype(np.int32)


def statistics(network: _core.Network) -> bytes:
    return b"".join(network.get_parameter(i, name).tobytes() for i in (0, 2) for name in ("mean", "variance"))


@pytest.mark.parametrize("batch_size", [1, 3, 20, 1500, 2600])
def test_moving_statistics(batch_size: int, n_threads: int, rng: np.random.Generator) -> None:
    """Of a training against the reference, batches of more than 1,024 rows and of one row among them."""
    n = 41 if batch_size < 100 else 2600
    twins = Twins(SPECS, 5, "float64", rng)
    x, labels = make_data(n, rng)
    optimizer = reference.Optimizer("momentum", [0.05, 0.9])
    ours = _core.Optimizer(twins.core, "momentum", [0.05, 0.9])
    (stats,) = run(_core.Trainer(twins.core, ours, CROSSENTROPY, []), x, labels, batch_size=batch_size)
    batches = [slice(first, first + batch_size) for first in range(0, n, batch_size)]
    history = reference.train(twins.reference, optimizer, CROSSENTROPY, x, reference.one_hot(labels, 2), batches)
    assert stats.loss == pytest.approx(sum(loss * len(y) for loss, y in history), rel=1e-11)
    for i, name in twins.names:
        expected = getattr(twins.reference.layers[i], name)
        np.testing.assert_allclose(twins.core.get_parameter(i, name), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("batch_size", [20, 1500])
def test_weights_decay_and_rates(batch_size: int, dtype: str, n_threads: int, rng: np.random.Generator) -> None:
    """Statistics count each row once, whatever it weighs; gamma and beta decay, statistics do not."""
    n, rates, decay = 2 * batch_size, np.array([0.5, 0.125]), 0.25
    twins = Twins([*SPECS[:2], normalization("layer"), *SPECS[2:]], 5, dtype, rng)
    x, labels = make_data(n, rng, dtype)
    weights, outputs = rng.choice([0.0, 0.3, 2.0], (n, 1)), np.empty((n, 2), dtype)
    ours, theirs = _core.Optimizer(twins.core, "sgd", [9.0], decay), reference.Optimizer("sgd", [9.0], decay)
    trainer = _core.Trainer(twins.core, ours, CROSSENTROPY._replace(reduction="weighted_mean"), [])
    settings = {"batch_size": batch_size, "weights": weights, "outputs": outputs, "learning_rates": rates}
    (stats,) = run(trainer, x, labels, **settings)
    twins.reference.layers[-1].activation = "linear"
    total, expected = 0.0, []
    for rows, rate in zip((slice(batch_size), slice(batch_size, n)), rates, strict=True):
        logits = twins.reference.forward(x[rows])
        loss, grad = reference.measure(CROSSENTROPY, logits, reference.one_hot(labels[rows], 2))
        twins.reference.backward(grad * weights[rows] / weights[rows].sum())
        theirs.hyperparameters = [rate]
        theirs.apply(twins.reference)
        total += loss @ weights[rows, 0]
        expected.append(reference.ACTIVATIONS["softmax"].forward(logits, 0))
    eps = float(np.finfo(dtype).eps)
    assert stats.loss == pytest.approx(total, rel=1e4 * eps)
    np.testing.assert_allclose(outputs, np.concatenate(expected), rtol=1e4 * eps, atol=1e4 * eps)
    for i, name in twins.names:
        values = getattr(twins.reference.layers[i], name)
        np.testing.assert_allclose(twins.core.get_parameter(i, name), values, rtol=1e4 * eps, atol=1e4 * eps)


def test_predictions_take_moving_statistics(dtype: str, isa: str, n_threads: int, rng: np.random.Generator) -> None:
    twins = Twins([*SPECS, normalization("layer"), normalization("", epsilon=0.5)], 5, dtype, rng)
    for layer in twins.reference.layers:
        layer.takes_batch = False
    x, _ = make_data(300, rng, dtype)
    expected = twins.reference.forward(x.astype(float))
    y = twins.predict(x)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(y, expected, rtol=1e4 * eps, atol=1e4 * eps)
    assert b"".join(twins.core.predict_one(row).tobytes() for row in x[:20]) == y[:20].tobytes()
    out = np.empty_like(y)
    _core.Pass(twins.core).forward(x, out, False, 0, 0)
    assert out.tobytes() == y.tobytes()


@pytest.mark.parametrize("n_threads", THREADS[:2], indirect=True)
def test_a_batch_that_is_not_taken_leaves_no_trace(n_threads: int, rng: np.random.Generator) -> None:
    twins = Twins(SPECS, 5, "float32", rng)
    x, labels = make_data(40, rng, "float32")
    trainer = _core.Trainer(twins.core, _core.Optimizer(twins.core, "sgd", [0.1]), CROSSENTROPY, [])
    run(trainer, x, labels, batch_size=20)
    before = statistics(twins.core)
    x[33, 2] = np.nan
    with pytest.raises(_core.RunStopped) as stop:
        run(trainer, x, labels, batch_size=20, first_batch=1)
    assert (stop.value.reason, stop.value.layer) == ("not_finite", -1)
    assert statistics(twins.core) == before


def test_frozen_batch_normalization_takes_moving_statistics(rng: np.random.Generator) -> None:
    """While training, too, and leaves them as they are, as Keras does."""
    frozen = {"train_weights": False, "train_bias": False}
    twins = Twins([dense(6), normalization("batch", **frozen), dense(2, "softmax")], 5, "float64", rng)
    x, labels = make_data(40, rng)
    before = [twins.core.get_parameter(1, name).copy() for name in ("gamma", "beta", "mean", "variance")]
    ours = _core.Optimizer(twins.core, "sgd", [0.1])
    run(_core.Trainer(twins.core, ours, CROSSENTROPY, []), x, labels, batch_size=20)
    assert all(
        (twins.core.get_parameter(1, name) == values).all()
        for name, values in zip(("gamma", "beta", "mean", "variance"), before, strict=True)
    )
    optimizer = reference.Optimizer("sgd", [0.1])
    reference.train(
        twins.reference, optimizer, CROSSENTROPY, x, reference.one_hot(labels, 2), [slice(20), slice(20, 40)]
    )
    np.testing.assert_allclose(twins.core.get_parameter(0, "weights"), twins.reference.layers[0].weights, rtol=1e-10)


def test_optimizers_remember_nothing_of_statistics() -> None:
    network = _core.Network("float32", 3, 1.0, 0.0, [normalization("batch")])
    optimizer = _core.Optimizer(network, "momentum", [0.1, 0.9])
    assert (optimizer.get_state(0, "gamma", 0) == 0).all()
    with pytest.raises(ValueError, match=r".+"):
        optimizer.get_state(0, "mean", 0)


def test_the_formulas_are_those_of_pytorch(rng: np.random.Generator) -> None:
    """What everything here is held against, held against PyTorch's."""
    torch = pytest.importorskip("torch")
    x, grad = rng.standard_normal((2, 13, 6))
    gamma, beta = rng.standard_normal((2, 6))
    for kind, theirs in (("batch", torch.nn.BatchNorm1d(6, eps=1e-3)), ("layer", torch.nn.LayerNorm(6, eps=1e-3))):
        theirs.double()
        theirs.weight.data, theirs.bias.data = torch.tensor(gamma), torch.tensor(beta)
        layer = make_layer(kind, gamma, beta)
        input_ = torch.tensor(x, requires_grad=True)
        output = theirs(input_)
        output.backward(torch.tensor(grad))
        np.testing.assert_allclose(formulas.normalize(layer, x), output.detach(), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(formulas.go_back(layer, grad), input_.grad, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(layer.grads["gamma"], theirs.weight.grad, rtol=1e-12)
        np.testing.assert_allclose(layer.grads["beta"], theirs.bias.grad, rtol=1e-12)
