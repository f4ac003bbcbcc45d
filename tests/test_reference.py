"""The reference itself, held against finite differences, scikit-learn, PyTorch and published test vectors."""

import math
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import exact
import numpy as np
import pytest
import reference
from nets import CROSSENTROPY, HYPERPARAMETERS, loss_spec
from numpy.typing import NDArray
from reference import ACTIVATIONS, METRICS, OPTIMIZERS
from reference_losses import LOSSES

from nnfast import _core

Array = NDArray[Any]
X = np.linspace(-8, 8, 161) + 1e-3  # no kink among them
PARAMETER = 0.3


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.mark.parametrize(
    ("theirs", "ours", "header"),
    [
        (set(_core.ACTIVATIONS), set(ACTIVATIONS), "activations.h"),
        (set(_core.LOSSES), set(LOSSES), "losses.h"),
        (set(_core.METRICS), set(METRICS), "metrics.h"),
        (set(_core.OPTIMIZERS), set(OPTIMIZERS), "optimizers.h"),
    ],
)
def test_lists_are_complete(theirs: set[str], ours: set[str], header: str) -> None:
    table, place = header.removesuffix(".h").upper(), "_losses" if header == "losses.h" else ""
    assert not theirs - ours, (
        f"give {sorted(theirs - ours)} of csrc/kernels/{header} a row in {table} of tests/reference{place}.py"
    )
    assert not ours - theirs, f"{sorted(ours - theirs)} of tests/reference{place}.py stand in no row of {header}"


def test_rows_agree_with_the_core() -> None:
    assert {name: row.needs for name, row in ACTIVATIONS.items()} == _core.ACTIVATIONS
    assert {name: row[0] for name, row in _core.OPTIMIZERS.items()} == {
        name: row[1] for name, row in OPTIMIZERS.items()
    }


def test_erfc() -> None:
    x = np.linspace(-10, 26, 3001)
    expected = np.array([math.erfc(v) for v in x])
    np.testing.assert_allclose(reference.erfc(x), expected, rtol=1e-13)
    np.testing.assert_allclose(reference.erfc(x.astype(np.longdouble)).astype(float), expected, rtol=2e-15)
    np.testing.assert_equal(reference.erfc(np.array([np.inf, -np.inf, np.nan])), [0, 2, np.nan])


# ---- activations -----------------------------------------------------------------------------------------------------


def numerical_slope(f: Any, x: Array, h: float = 1e-6) -> Array:
    return (f(x + h) - f(x - h)) / (2 * h)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {*reference.BY_ROW, *reference.NO_DERIVATIVE}))
def test_derivatives_are_slopes(name: str) -> None:
    row = ACTIVATIONS[name]
    y = row.forward(X, PARAMETER)
    derivative = row.derivative(y if row.needs == "output" else X, PARAMETER) * np.ones_like(X)
    np.testing.assert_allclose(
        derivative, numerical_slope(lambda x: row.forward(x, PARAMETER), X), rtol=1e-7, atol=2e-9
    )


@pytest.mark.parametrize("name", reference.BY_ROW)
def test_backward_by_row_is_the_slope(name: str, rng: np.random.Generator) -> None:
    x, grad = rng.standard_normal((2, 4, 7))
    f = getattr(reference, name)
    result = reference.activation_backward(name, f(x), grad)
    for j in range(x.shape[1]):
        step = np.zeros(7)
        step[j] = 1e-6
        slope = ((f(x + step) - f(x - step)) * grad).sum(axis=1) / 2e-6
        np.testing.assert_allclose(result[:, j], slope, rtol=1e-7, atol=1e-9)


def torch_activations(torch: ModuleType) -> dict[str, Any]:
    f = torch.nn.functional

    def pass_through(step: Any) -> Any:
        """The step going forward, the line between -1 and 1 going back."""
        return lambda x: x.clamp(-1, 1) + (step(x) - x.clamp(-1, 1)).detach()

    return {
        "linear": lambda x: x,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "leaky_relu": lambda x: f.leaky_relu(x, PARAMETER),
        "elu": lambda x: f.elu(x, PARAMETER),
        "gelu": f.gelu,
        "softplus": f.softplus,
        "silu": f.silu,
        "binary_step": lambda x: (x > 0).double() + 0 * x,
        "sign": torch.sign,
        "relu6": f.relu6,
        "selu": f.selu,
        "celu": lambda x: f.celu(x, PARAMETER),
        "gelu_tanh": lambda x: f.gelu(x, approximate="tanh"),
        "softsign": f.softsign,
        "mish": f.mish,
        "hard_sigmoid": f.hardsigmoid,
        "hard_tanh": f.hardtanh,
        "hard_swish": f.hardswish,
        "exponential": torch.exp,
        "binary_step_straight_through": pass_through(lambda x: (x > 0).double()),
        "sign_straight_through": pass_through(torch.sign),
        "softmax": lambda x: torch.softmax(x, -1),
        "log_softmax": lambda x: torch.log_softmax(x, -1),
    }


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_equal_pytorch(name: str, torch: ModuleType, rng: np.random.Generator) -> None:
    x = torch.tensor(X.reshape(7, -1), requires_grad=True)
    y = torch_activations(torch)[name](x)
    grad = rng.standard_normal(y.shape)
    (expected,) = torch.autograd.grad(y, x, torch.tensor(grad))
    ours = ACTIVATIONS[name].forward(x.detach().numpy(), PARAMETER)
    # PyTorch's softplus leaves out what is below 2e-9.
    np.testing.assert_allclose(ours, y.detach().numpy(), rtol=1e-12, atol=1e-14)
    saved = ours if ACTIVATIONS[name].needs == "output" else x.detach().numpy()
    # PyTorch takes 1 / alpha and 1 / 6 in single precision going back.
    rtol = 1e-6 if name in ("celu", "hard_sigmoid") else 1e-10
    result = reference.activation_backward(name, saved, grad, PARAMETER)
    np.testing.assert_allclose(result, expected, rtol=rtol, atol=1e-12)


# ---- losses and metrics ----------------------------------------------------------------------------------------------


def test_losses_and_metrics_equal_scikit_learn(rng: np.random.Generator) -> None:
    sklearn = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    y, labels = reference.softmax(rng.standard_normal((50, 4))), rng.integers(0, 4, 50)
    labels[:4] = range(4)
    t = reference.one_hot(labels, 4)
    assert LOSSES["categorical_crossentropy"](y, t, 0.0)[0].mean() == pytest.approx(sklearn.log_loss(labels, y))
    flat = LOSSES["binary_crossentropy"](y, t, 0.0, 1.0)[0].mean()
    assert flat == pytest.approx(sklearn.log_loss(t.ravel(), y.ravel()))
    assert METRICS["categorical_accuracy"](y, t).mean() == sklearn.accuracy_score(labels, y.argmax(1))
    assert METRICS["binary_accuracy"](y, t).mean() == pytest.approx(sklearn.accuracy_score(t.ravel(), y.ravel() > 0.5))
    assert METRICS["mean_squared_error"](y, t).mean() == pytest.approx(sklearn.mean_squared_error(t, y))
    assert METRICS["mean_absolute_error"](y, t).mean() == pytest.approx(sklearn.mean_absolute_error(t, y))
    for q in (0.25, 0.9):
        assert LOSSES["quantile"](y, t, q)[0].mean() == pytest.approx(sklearn.mean_pinball_loss(t, y, alpha=q))
    share = sklearn.mean_absolute_percentage_error(t + 1, y)
    assert METRICS["mean_absolute_percentage_error"](y, t + 1).mean() == pytest.approx(100 * share)
    found = sklearn.top_k_accuracy_score(labels, y, k=3)
    assert reference.top_k_categorical_accuracy(y, t, 3).mean() == pytest.approx(found)


# ---- optimizers and networks -----------------------------------------------------------------------------------------


def make_torch_optimizer(torch: ModuleType, rule: str, w: Any, h: Sequence[float]) -> tuple[Any, Any]:
    """PyTorch's optimizer, and its options for a step: Keras adds Adam's epsilon to the plain root, PyTorch to the
    corrected one."""
    optim = torch.optim
    adam = {"lr": h[0], "betas": (h[1], h[2])} if "ada" in rule or "ams" in rule else {}
    rms = {"lr": h[0], "alpha": h[1], "eps": 0.0, "momentum": sum(h[3:])} if "rms" in rule else {}
    make = {
        "sgd": lambda: optim.SGD([w], lr=h[0]),
        "momentum": lambda: optim.SGD([w], lr=h[0], momentum=h[1]),
        "nesterov": lambda: optim.SGD([w], lr=h[0], momentum=h[1], nesterov=True),
        "adam": lambda: optim.Adam([w], **adam),
        "amsgrad": lambda: optim.Adam([w], amsgrad=True, **adam),
        "nadam": lambda: optim.NAdam([w], eps=h[3], momentum_decay=1, **adam),
        "adamax": lambda: optim.Adamax([w], eps=0.0, **adam),
        "adagrad": lambda: optim.Adagrad([w], lr=h[0], initial_accumulator_value=h[1], eps=0.0),
        "adadelta": lambda: optim.Adadelta([w], lr=h[0], rho=h[1], eps=h[2]),
        "rprop": lambda: optim.Rprop([w], lr=h[0], etas=(h[1], h[2]), step_sizes=(h[3], h[4])),
    }.get(rule, lambda: optim.RMSprop([w], centered="centered" in rule, **rms))
    moves = rule in ("adam", "amsgrad")
    return make(), lambda step: {"eps": h[3] / math.sqrt(1 - h[2] ** step)} if moves else {}


@pytest.mark.parametrize("rule", sorted(set(OPTIMIZERS) - {"lion"}))  # which is Keras' alone
def test_optimizers_equal_pytorch(rule: str, torch: ModuleType, rng: np.random.Generator) -> None:
    h = list(HYPERPARAMETERS[rule])
    if rule.startswith(("rmsprop", "adagrad", "adamax")):  # whose epsilons stand at different places
        h[2 if rule != "adamax" else 3] = 0.0
    update, n_slots = OPTIMIZERS[rule]
    w = rng.standard_normal(20)
    theirs = torch.nn.Parameter(torch.tensor(w))
    optimizer, epsilon_of_step = make_torch_optimizer(torch, rule, theirs, h)
    slots = [np.zeros_like(w) for _ in range(n_slots)]
    for step in range(1, 11):
        g = rng.standard_normal(20)
        theirs.grad = torch.tensor(g)
        optimizer.param_groups[0] |= epsilon_of_step(step)
        optimizer.step()
        w = update(w, g, slots, h, step)
        rtol = 1e-12 if rule != "nadam" else 1e-7  # PyTorch multiplies its shares in single precision
        np.testing.assert_allclose(w, theirs.detach().numpy(), rtol=rtol)


def test_network_equals_scikit_learn(rng: np.random.Generator) -> None:
    """Three steps of MLPClassifier from its own weights."""
    neural = pytest.importorskip("sklearn.neural_network", reason="scikit-learn is not installed")
    x, labels = rng.standard_normal((12, 6)), np.arange(12) % 3
    theirs = neural.MLPClassifier((5, 4), activation="tanh", solver="sgd", alpha=0, momentum=0, shuffle=False)
    theirs.set_params(batch_size=12, learning_rate_init=0.5, random_state=0)
    theirs.partial_fit(x, labels, classes=range(3))
    ours = reference.Network(
        [
            reference.Layer("dense", weights=w.copy(), bias=b.copy(), activation=a)
            for w, b, a in zip(theirs.coefs_, theirs.intercepts_, ("tanh", "tanh", "softmax"), strict=True)
        ]
    )
    optimizer = reference.Optimizer("sgd", [0.5])
    for _ in range(3):
        theirs.partial_fit(x, labels)
        ((loss, _),) = reference.train(ours, optimizer, CROSSENTROPY, x, reference.one_hot(labels, 3), [slice(None)])
        assert loss == pytest.approx(theirs.loss_, rel=1e-12)
        for layer, w, b in zip(ours.layers, theirs.coefs_, theirs.intercepts_, strict=True):
            np.testing.assert_allclose(layer.weights, w, rtol=1e-11)
            np.testing.assert_allclose(layer.bias, b, rtol=1e-11)


def test_network_gradients_are_slopes(rng: np.random.Generator) -> None:
    """A stack of every layer kind: gradients of weights, biases and input."""
    layers = [
        reference.Layer("rescaling", scale=0.5, offset=0.1),
        reference.Layer("dense", weights=rng.standard_normal((4, 5)), bias=rng.standard_normal(5), activation="gelu"),
        reference.Layer("dropout", mask=exact.dropout_mask(1, 0, 2, 3, 5, 0.4)),
        reference.Layer("dense", weights=rng.standard_normal((5, 3))),
        reference.Layer("activation", activation="softmax"),
    ]
    network = reference.Network(layers, 1.5, -0.2)
    x, t = rng.standard_normal((3, 4)), reference.one_hot(np.arange(3), 3)

    def loss(x: Array) -> float:
        return network.loss_and_grad(loss_spec("categorical_crossentropy"), x, t)[0] / 3

    grad_input = network.loss_and_grad(loss_spec("categorical_crossentropy"), x, t)[1]
    grads = {(i, name): network.layers[i].grads[name] for i, name, _ in network.parameters()}
    for array, grad in [(x, grad_input)] + [(w, grads[i, name]) for i, name, w in network.parameters()]:
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + 1e-6
            above = loss(x)
            array[index] = kept - 1e-6
            slope = (above - loss(x)) / 2e-6
            array[index] = kept
            assert grad[index] == pytest.approx(slope, rel=1e-6, abs=1e-8)


# ---- what holds to the bit -------------------------------------------------------------------------------------------


def test_threefry_vectors() -> None:
    """The known answers published with Random123."""
    for word, expected in (
        (0x00000000, "9c6ca96a e17eae66 fc10ecd4 5256a7d8"),
        (0xFFFFFFFF, "2a881696 57012287 f6c7446e a16a6732"),
    ):
        result = exact.threefry((word,) * 4, np.full((1, 4), word, np.uint32))[0]
        assert " ".join(f"{w:08x}" for w in result) == expected


def test_multiply_add_rounds_once() -> None:
    # (1 + e)(1 - e) - 1 = -e^2: two roundings would give 0.
    for dtype, e in ((np.float32, 2.0**-12), (np.float64, 2.0**-27)):
        one = np.ones(1, dtype)
        assert exact.multiply_add(one + dtype(e), one - dtype(e), -one) == -(e**2)
    # 1 + 2^-24 + 2^-70: above the middle of two floats, which double precision cannot see.
    f32 = [np.array([v], np.float32) for v in (2.0**-35, 2.0**-35, 1 + 2.0**-23)]
    tie = np.array([2.0**-24], np.float32)
    assert exact.multiply_add(np.ones(1, np.float32), tie, f32[2]) == 1 + 2.0**-22
    small = exact.multiply_add_f32(np.array([1 + 2.0**-23], np.float32), tie, np.ones(1, np.float32))
    assert small == 1 + 2.0**-23


def test_row_sum_uses_sixteen_lanes() -> None:
    x = np.zeros((1, 40), np.float32)
    x[0, 0], x[0, 16], x[0, 8] = 2**24, 1, 1
    # Lane 0 loses the 1 of column 16, then meets lane 8's.
    assert exact.row_sum(x)[0] == 2**24
    assert exact.row_sum(np.ones((2, 67), np.float32)).tolist() == [67, 67]


def test_random_numbers_are_spread() -> None:
    u = exact.uniform(7, 0, 4000)
    assert 0 < u.min() < 0.01
    assert 0.99 < u.max() < 1
    assert abs(u.mean() - 0.5) < 0.02
    assert sorted(exact.shuffled(7, 3, 100)) == list(range(100))
    assert abs((exact.dropout_mask(7, 0, 1, 100, 50, 0.3) == 0).mean() - 0.3) < 0.02
