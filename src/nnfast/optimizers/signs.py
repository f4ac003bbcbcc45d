"""signs: optimizers that ask gradients for their signs alone."""

from typing import ClassVar, Unpack

from nnfast import _validation
from nnfast._step_options import StepOptions
from nnfast.optimizers.optimizer import Optimizer
from nnfast.schedules import LearningRate


class Lion(Optimizer):
    """Steps of one length, in the direction of the sign of a running mean of the gradient.

    ``w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g); m = beta_2 * m + (1 - beta_2) * g``. Chen et al.,
    "Symbolic discovery of optimization algorithms", NeurIPS 2023: rates should be 3 to 10 times smaller than for Adam.
    PyTorch has none.

    Parameters
    ----------
    learning_rate : float, schedule or callable
        See `Optimizer`.
    beta_1, beta_2 : float
        In [0, 1).
    weight_decay : float, optional
        See `Optimizer`.
    **options
        Clipping, averages and more: see `Optimizer`.
    """

    __slots__ = ("beta_1", "beta_2")
    names: ClassVar[tuple[str, ...]] = ("lion",)
    arguments: ClassVar[tuple[str, ...]] = ("learning_rate", "beta_1", "beta_2", "weight_decay")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float | None = None,
        **options: Unpack[StepOptions],
    ) -> None:
        super().__init__(learning_rate, weight_decay, options, beta_1=beta_1, beta_2=beta_2)


class Rprop(Optimizer):
    """Steps by the sign of the gradient, each parameter's of a length of its own. For batches of all samples alone.

    The length is multiplied by `eta_plus` while the sign of the gradient stays, and by `eta_minus` where it changes;
    there the step is left out, and the next gradient counts as the first. Riedmiller and Braun, "A direct adaptive
    method for faster backpropagation learning", ICNN 1993. Keras has none; meaning and defaults are PyTorch's.

    Parameters
    ----------
    learning_rate : float, schedule or callable
        The length of the first step; of a schedule no other rate counts (but for weight decay).
    eta_minus, eta_plus : float
        In (0, 1), and in (1, 1e30]: PyTorch's ``etas``.
    step_size_min, step_size_max : float
        Between which the lengths stay, in [1e-30, 1e30]: PyTorch's ``step_sizes``.
    weight_decay : float, optional
        See `Optimizer`.
    **options
        Clipping, averages and more: see `Optimizer`.
    """

    __slots__ = ("eta_minus", "eta_plus", "step_size_max", "step_size_min")
    names: ClassVar[tuple[str, ...]] = ("rprop",)
    arguments: ClassVar[tuple[str, ...]] = (
        *("learning_rate", "eta_minus", "eta_plus", "step_size_min", "step_size_max", "weight_decay"),
    )

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        eta_minus: float = 0.5,
        eta_plus: float = 1.2,
        step_size_min: float = 1e-6,
        step_size_max: float = 50.0,
        weight_decay: float | None = None,
        **options: Unpack[StepOptions],
    ) -> None:
        etas = {"eta_minus": eta_minus, "eta_plus": eta_plus}
        sizes = {"step_size_min": step_size_min, "step_size_max": step_size_max}
        super().__init__(learning_rate, weight_decay, options, **etas, **sizes)
        if step_size_min > step_size_max:
            raise _validation.mismatch("step_size_max", f"at least step_size_min, {step_size_min}", step_size_max)
