"""The reference's losses, held against finite differences and PyTorch; Keras' numbers are in properties/."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from nets import loss_spec
from numpy.typing import NDArray
from reference_losses import LOSS_PARAMETERS, LOSSES, ON_PROBABILITIES, measure

from nnfast import _core

Array = NDArray[Any]


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def outputs_and_targets(loss: str, rng: np.random.Generator) -> tuple[Array, Array]:
    """Probabilities whose rows do not sum to 1, or logits, and soft targets."""
    y, t = rng.standard_normal((6, 5)), rng.uniform(0.05, 1, (6, 5))
    if loss in ON_PROBABILITIES:
        y = rng.uniform(0.05, 0.95, (6, 5))
    return y, t


def test_parameters_are_as_many_as_the_cores() -> None:
    counts = {name: len(LOSS_PARAMETERS.get(name, ())) for name in LOSSES}
    assert counts == {name: len(names) for name, names in _core.LOSSES.items()}


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_gradients_are_slopes(loss: str, rng: np.random.Generator) -> None:
    y, t = outputs_and_targets(loss, rng)
    gradient = measure(loss_spec(loss), y, t)[1]
    for j in range(y.shape[1]):
        step = np.zeros(5)
        step[j] = 1e-6
        slope = (measure(loss_spec(loss), y + step, t)[0] - measure(loss_spec(loss), y - step, t)[0]) / 2e-6
        np.testing.assert_allclose(gradient[:, j], slope, rtol=1e-7, atol=1e-8)


def torch_losses(torch: ModuleType, y: Array, t: Array) -> dict[str, Any]:
    """Of each row. Where PyTorch has no such form, its formula of what it has."""
    f, y, t = torch.nn.functional, torch.tensor(y), torch.tensor(t)
    smooth, weight = 0.125, torch.tensor([1.5])
    halved = t * (1 - smooth) + smooth / 2
    return {
        "mean_squared_error": lambda: f.mse_loss(y, t, reduction="none").mean(-1),
        "sum_squared_error": lambda: f.mse_loss(y, t, reduction="none").sum(-1),
        "mean_absolute_error": lambda: f.l1_loss(y, t, reduction="none").mean(-1),
        "huber": lambda: f.huber_loss(y, t, reduction="none", delta=0.5).mean(-1),
        "poisson": lambda: f.poisson_nll_loss(y, t, log_input=False, eps=1e-7, reduction="none").mean(-1),
        "cosine_similarity": lambda: -f.cosine_similarity(y, t),
        "kl_divergence": lambda: f.kl_div(y.log(), t, reduction="none").sum(-1),
        "binary_crossentropy": lambda: f.binary_cross_entropy_with_logits(
            y.logit(), halved, reduction="none", pos_weight=weight
        ).mean(-1),
        "binary_crossentropy_logits": lambda: f.binary_cross_entropy_with_logits(
            y, halved, reduction="none", pos_weight=weight
        ).mean(-1),
        "categorical_crossentropy": lambda: f.cross_entropy(y.log(), t, reduction="none", label_smoothing=smooth),
        "categorical_crossentropy_logits": lambda: f.cross_entropy(y, t, reduction="none", label_smoothing=smooth),
    }


PYTORCHS = (
    *("mean_squared_error", "sum_squared_error", "mean_absolute_error", "huber", "poisson", "cosine_similarity"),
    *("kl_divergence", "binary_crossentropy", "binary_crossentropy_logits"),
    *("categorical_crossentropy", "categorical_crossentropy_logits"),
)


@pytest.mark.parametrize("loss", PYTORCHS)
def test_losses_equal_pytorch(loss: str, torch: ModuleType, rng: np.random.Generator) -> None:
    y, t = outputs_and_targets(loss, rng)
    if loss.startswith("categorical"):  # its smoothing takes targets that sum to 1
        t = t / t.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(measure(loss_spec(loss), y, t)[0], torch_losses(torch, y, t)[loss]().numpy(), rtol=1e-12)


def test_clipped_probabilities() -> None:
    """As Keras: a probability of 0 or 1 counts as 1e-7 or 1 - 1e-7, and has no slope."""
    y, t = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    for loss, parameters in (("binary_crossentropy", (0.0, 1.0)), ("categorical_crossentropy", (0.0,))):
        value, gradient = LOSSES[loss](y, t, *parameters)
        assert value[0] == pytest.approx(-np.log(1e-7), rel=1e-9)
        assert not gradient.any()
