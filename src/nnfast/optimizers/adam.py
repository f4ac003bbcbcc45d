"""adam: optimizers that average gradients, and their squares or sizes, and correct these means' first steps."""

from typing import ClassVar, Unpack

from nnfast import _validation
from nnfast._step_options import StepOptions
from nnfast.optimizers.optimizer import Optimizer, check_hyperparameter
from nnfast.schedules import LearningRate


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square.

    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, in the form of the text before section 2.1,
    which is Keras': ``w -= learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)``.

    Parameters
    ----------
    learning_rate : float, schedule or callable
        See `Optimizer`.
    beta_1, beta_2 : float
        How much of the running means of the gradient and of its square a step keeps; in [0, 1).
    epsilon : float
        The paper's "epsilon hat", added to the root of v before its bias is corrected; in [1e-30, 1e30]. PyTorch's
        ``eps`` (1e-8) is added after the correction; it is this one divided by sqrt(1 - beta_2^t).
    amsgrad : bool
        Whether the largest v so far takes the place of v. Reddi et al., "On the convergence of Adam and beyond",
        ICLR 2018.
    weight_decay : float, optional
        See `Optimizer`. With it Adam is `AdamW`.
    **options
        Clipping, averages and more: see `Optimizer`.
    """

    __slots__ = ("amsgrad", "beta_1", "beta_2", "epsilon")
    names: ClassVar[tuple[str, ...]] = ("adam",)
    arguments: ClassVar[tuple[str, ...]] = ("learning_rate", "beta_1", "beta_2", "epsilon", "amsgrad", "weight_decay")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        **options: Unpack[StepOptions],
    ) -> None:
        super().__init__(learning_rate, weight_decay, options, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        self.amsgrad = _validation.check_bool("amsgrad", amsgrad)

    @property
    def rule(self) -> str:  # noqa: D102
        return "amsgrad" if self.amsgrad else "adam"


class AdamW(Adam):
    """`Adam` with decoupled weight decay, which must be given here: Keras' default is 0.004, PyTorch's 0.01.

    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019. Parameters are `Adam`'s, in another
    order.
    """

    __slots__ = ()
    names: ClassVar[tuple[str, ...]] = ("adamw",)

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[StepOptions],
    ) -> None:
        check_hyperparameter("weight_decay", weight_decay)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, **options)


class _TwoBetas(Optimizer):
    """An optimizer with Adam's parameters."""

    __slots__ = ("beta_1", "beta_2", "epsilon")
    arguments: ClassVar[tuple[str, ...]] = ("learning_rate", "beta_1", "beta_2", "epsilon", "weight_decay")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        **options: Unpack[StepOptions],
    ) -> None:
        super().__init__(learning_rate, weight_decay, options, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)


class Nadam(_TwoBetas):
    """Adam with Nesterov's momentum, whose share at step t is ``beta_1 * (1 - 0.96^t / 2)``.

    Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop. Parameters are `Adam`'s, but `epsilon` is
    added after v's bias is corrected. So it is in PyTorch, whose default is 1e-8, whose rate is 0.002, and whose share
    has ``momentum_decay * t`` (0.004) for t.
    """

    __slots__ = ()
    names: ClassVar[tuple[str, ...]] = ("nadam",)


class Adamax(_TwoBetas):
    """Adam with the largest gradient instead of the mean of squares.

    ``u = max(beta_2 * u, abs(g)); w -= learning_rate / (1 - beta_1^t) * m / (u + epsilon)``: section 7.1 of Kingma and
    Ba. Parameters are `Adam`'s. PyTorch adds its ``eps`` (1e-8) to the gradient's absolute value; its rate is 0.002.
    """

    __slots__ = ()
    names: ClassVar[tuple[str, ...]] = ("adamax",)
