"""optimizer: what all optimizers share."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

from nnfast import _step_options, _validation, schedules
from nnfast._descriptions import SetOnce
from nnfast._step_options import StepOptions
from nnfast.schedules import LearningRate


class _Model(Protocol):
    def _apply_gradients(self, optimizer: "Optimizer") -> None: ...


_INTERVALS = {
    "momentum": "[0, 1]",
    **dict.fromkeys(("beta_1", "beta_2", "rho"), "[0, 1)"),
    **dict.fromkeys(("epsilon", "step_size_min", "step_size_max"), "[1e-30, 1e30]"),
    **dict.fromkeys(("initial_accumulator_value", "weight_decay"), "[0, 1e30]"),
    "eta_minus": "(0, 1)",
    "eta_plus": "(1, 1e30]",
}
"""Where hyperparameters must be; a name means the same in all optimizers."""


class Optimizer(SetOnce):
    """The base of all optimizers, with what all of them can do beside their rule.

    A step takes the gradient of the batch's loss, penalties of regularizers included; makes it the mean of several
    batches; clips it; applies the rule; updates the running average; applies constraints.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
        The length of a step.
    weight_decay : float, optional
        See below.
    clipnorm : float, optional
        The gradient of each kernel or bias whose Euclidean norm is larger is scaled down to it.
    clipvalue : float, optional
        Elements of gradients are clipped to [-clipvalue, clipvalue].
    global_clipnorm : float, optional
        All gradients are scaled down together if the norm of all is larger: PyTorch's ``clip_grad_norm_``. At most one
        of these three can be given; a norm costs a second meeting of the threads in each batch.
    use_ema : bool
        Whether to keep a running average of kernels and biases, which takes their place at the end of ``fit``:
        ``average = ema_momentum * average + (1 - ema_momentum) * w`` after each batch; in the first it is w.
    ema_momentum : float
        In [0, 1].
    ema_overwrite_frequency : int, optional
        After each so many steps, too, the average takes the place of kernels and biases.
    gradient_accumulation_steps : int, optional
        The number of batches, >= 2, whose mean gradient makes one step. Batches that are left over at the end of an
        epoch, or of ``fit``, count towards the next. Schedules count batches all the same, and a step has the rate of
        its last; in PyTorch they count what `step` is called for.

    Attributes
    ----------
    learning_rate : float, LearningRateSchedule or callable
        The length of a step, >= 0: a number, one of `nnfast.schedules`, or a function that returns the rate of a step,
        given how many batches were taken before. May be changed at any time, from a number to a schedule and back too;
        it counts from the next call or epoch on.
    weight_decay : float or None
        Decoupled decay, >= 0: a step begins with ``w -= learning_rate * weight_decay * w``, of biases too. So has
        PyTorch's ``AdamW`` it; its other optimizers add ``weight_decay * w`` to the gradient instead. There is no
        ``exclude_from_weight_decay`` as in Keras; a kernel's regularizer leaves biases alone.
    """

    __slots__ = ("__weakref__", "_learning_rate", "weight_decay", *_step_options.NAMES)
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    gradient_accumulation_steps: int | None
    settable: ClassVar[tuple[str, ...]] = ("learning_rate", "_learning_rate")
    names: ClassVar[tuple[str, ...]] = ()
    arguments: ClassVar[tuple[str, ...]] = ()
    """Those of the constructor."""

    def __init__(
        self, learning_rate: LearningRate, weight_decay: float | None, options: StepOptions, **hyperparameters: float
    ) -> None:
        self.learning_rate = learning_rate
        for name, value in _step_options.check_options(options).items():
            setattr(self, name, value)
        self.weight_decay = None if weight_decay is None else check_hyperparameter("weight_decay", weight_decay)
        for name, value in hyperparameters.items():
            setattr(self, name, check_hyperparameter(name, value))

    @property
    def learning_rate(self) -> LearningRate:
        """The length of a step, or the schedule of it."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: LearningRate) -> None:
        self._learning_rate = schedules.check_learning_rate("learning_rate", value)

    @property
    def rule(self) -> str:
        """The core's name of the update; its hyperparameters are attributes of the same names."""
        return self.names[0]

    def apply(self, model: _Model) -> None:
        """Change the parameters of `model` by one step, with the gradients of its last ``backward``.

        As in ``fit`` penalties of regularizers are added to the gradients, and constraints follow.

        Parameters
        ----------
        model : Sequential
            Its parameters that are not trainable stay.

        Raises
        ------
        NotReadyError
            If the model has no gradients: neither ``backward`` nor anything after it was called.
        """
        model._apply_gradients(self)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config = {name: getattr(self, name) for name in self.arguments}
        return config | {"learning_rate": schedules.serialize(self.learning_rate)} | _step_options.list_chosen(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:  # noqa: D102
        arguments = dict(config)
        if "learning_rate" in arguments:
            arguments["learning_rate"] = schedules.deserialize(arguments["learning_rate"])
        return cls(**arguments)

    def __repr__(self) -> str:
        chosen = {name: getattr(self, name) for name in self.arguments} | _step_options.list_chosen(self)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in chosen.items())})"


def check_hyperparameter(name: str, value: object) -> float:
    """Return a number that is where the hyperparameter must be."""
    return _validation.check_real(name, value, _INTERVALS[name])
