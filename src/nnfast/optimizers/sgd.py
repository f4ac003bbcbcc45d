"""sgd: gradient descent, with momentum or without."""

from typing import ClassVar, Unpack

from nnfast import _validation
from nnfast._step_options import StepOptions
from nnfast.optimizers.optimizer import Optimizer
from nnfast.schedules import LearningRate


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    ``w -= learning_rate * g`` without momentum, else ``v = momentum * v - learning_rate * g``, then ``w += v``, or with
    Nesterov's momentum ``w += momentum * v - learning_rate * g``. As in Keras the velocity holds the learning rate:
    unlike in PyTorch (``v = momentum * v + g; w -= learning_rate * v``), a change of the rate leaves what was gathered
    before.

    Parameters
    ----------
    learning_rate : float, schedule or callable
        See `Optimizer`.
    momentum : float
        In [0, 1].
    nesterov : bool
        Whether to look ahead. Sutskever et al., "On the importance of initialization and momentum in deep learning",
        ICML 2013. Without momentum it makes no difference.
    weight_decay : float, optional
        See `Optimizer`.
    **options
        Clipping, averages and more: see `Optimizer`.
    """

    __slots__ = ("momentum", "nesterov")
    names: ClassVar[tuple[str, ...]] = ("sgd",)
    arguments: ClassVar[tuple[str, ...]] = ("learning_rate", "momentum", "nesterov", "weight_decay")
    momentum: float

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        **options: Unpack[StepOptions],
    ) -> None:
        super().__init__(learning_rate, weight_decay, options, momentum=momentum)
        self.nesterov = _validation.check_bool("nesterov", nesterov)

    @property
    def rule(self) -> str:  # noqa: D102
        if self.momentum == 0:
            return "sgd"
        return "nesterov" if self.nesterov else "momentum"
