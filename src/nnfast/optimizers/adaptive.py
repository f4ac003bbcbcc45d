"""adaptive: optimizers that divide by the root of summed or averaged squares."""

from typing import ClassVar, Unpack

from nnfast import _validation
from nnfast._step_options import StepOptions
from nnfast.optimizers.optimizer import Optimizer
from nnfast.schedules import LearningRate


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of the gradient's square.

    ``v = rho * v + (1 - rho) * g^2; w -= learning_rate * g / sqrt(v + epsilon)``. Hinton, "Neural networks for machine
    learning", lecture 6e. PyTorch adds its ``eps`` (1e-8) to the root; its defaults are a rate of 0.01 and ``alpha``,
    here `rho`, of 0.99.

    Parameters
    ----------
    learning_rate : float, schedule or callable
        See `Optimizer`.
    rho : float
        How much of the running mean a step keeps; in [0, 1).
    momentum : float
        In [0, 1]: ``s = momentum * s + step; w -= s``, where s holds the learning rate; in PyTorch it does not.
    epsilon : float
        In [1e-30, 1e30].
    centered : bool
        Whether to take from v the square of the running mean of the gradient: then it is the variance. Where rounding
        makes that negative it counts as 0; Keras then gives NaN.
    weight_decay : float, optional
        See `Optimizer`.
    **options
        Clipping, averages and more: see `Optimizer`.
    """

    __slots__ = ("centered", "epsilon", "momentum", "rho")
    names: ClassVar[tuple[str, ...]] = ("rmsprop",)
    arguments: ClassVar[tuple[str, ...]] = ("learning_rate", "rho", "momentum", "epsilon", "centered", "weight_decay")
    momentum: float

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        **options: Unpack[StepOptions],
    ) -> None:
        super().__init__(learning_rate, weight_decay, options, rho=rho, momentum=momentum, epsilon=epsilon)
        self.centered = _validation.check_bool("centered", centered)

    @property
    def rule(self) -> str:  # noqa: D102
        return "rmsprop" + "_centered" * self.centered + "_momentum" * (self.momentum > 0)


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients.

    ``a += g^2; w -= learning_rate * g / sqrt(a + epsilon)``, a beginning with `initial_accumulator_value`, which a file
    does not count to it. Duchi et al., "Adaptive subgradient methods", JMLR 2011. PyTorch adds its ``eps`` (1e-10) to
    the root; its sum begins with 0, and its default rate is 0.01.

    Parameters
    ----------
    learning_rate : float, schedule or callable
        See `Optimizer`.
    initial_accumulator_value : float
        In [0, 1e30].
    epsilon : float
        In [1e-30, 1e30].
    weight_decay : float, optional
        See `Optimizer`.
    **options
        Clipping, averages and more: see `Optimizer`.
    """

    __slots__ = ("epsilon", "initial_accumulator_value")
    names: ClassVar[tuple[str, ...]] = ("adagrad",)
    arguments: ClassVar[tuple[str, ...]] = ("learning_rate", "initial_accumulator_value", "epsilon", "weight_decay")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        **options: Unpack[StepOptions],
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay,
            options,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=epsilon,
        )


class Adadelta(Optimizer):
    """Steps as long as the running mean of the steps before, by the ratio of gradient to its running mean.

    ``v = rho * v + (1 - rho) * g^2; d = g * sqrt((u + epsilon) / (v + epsilon)); u = rho * u + (1 - rho) * d^2``, then
    ``w -= learning_rate * d``. Zeiler, "Adadelta", arXiv:1212.5701, where the rate is 1. PyTorch's defaults are 1, 0.9
    and 1e-6.

    Parameters
    ----------
    learning_rate : float, schedule or callable
        See `Optimizer`.
    rho : float
        How much of the running means a step keeps; in [0, 1).
    epsilon : float
        In [1e-30, 1e30].
    weight_decay : float, optional
        See `Optimizer`.
    **options
        Clipping, averages and more: see `Optimizer`.
    """

    __slots__ = ("epsilon", "rho")
    names: ClassVar[tuple[str, ...]] = ("adadelta",)
    arguments: ClassVar[tuple[str, ...]] = ("learning_rate", "rho", "epsilon", "weight_decay")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        **options: Unpack[StepOptions],
    ) -> None:
        super().__init__(learning_rate, weight_decay, options, rho=rho, epsilon=epsilon)
