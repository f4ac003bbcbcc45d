"""optimizer: what all optimizers share."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

from nnfast import _validation, schedules
from nnfast._descriptions import SetOnce
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
    """The base of all optimizers.

    Attributes
    ----------
    learning_rate : float, LearningRateSchedule or callable
        The length of a step, >= 0: a number, one of `nnfast.schedules`, or a function that returns the rate of a step,
        given how many steps were taken before. May be changed at any time, from a number to a schedule and back too; it
        counts from the next call or epoch on.
    weight_decay : float or None
        Decoupled decay, >= 0: a step begins with ``w -= learning_rate * weight_decay * w``, of biases too. So has
        PyTorch's ``AdamW`` it; its other optimizers add ``weight_decay * w`` to the gradient instead.
    """

    __slots__ = ("__weakref__", "_learning_rate", "weight_decay")
    settable: ClassVar[tuple[str, ...]] = ("learning_rate", "_learning_rate")
    names: ClassVar[tuple[str, ...]] = ()
    arguments: ClassVar[tuple[str, ...]] = ()
    """Those of the constructor."""

    def __init__(self, learning_rate: LearningRate, weight_decay: float | None, **hyperparameters: float) -> None:
        self.learning_rate = learning_rate
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
        return config | {"learning_rate": schedules.serialize(self.learning_rate)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:  # noqa: D102
        arguments = dict(config)
        if "learning_rate" in arguments:
            arguments["learning_rate"] = schedules.deserialize(arguments["learning_rate"])
        return cls(**arguments)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.arguments)
        return f"{type(self).__name__}({arguments})"


def check_hyperparameter(name: str, value: object) -> float:
    """Return a number that is where the hyperparameter must be."""
    return _validation.check_real(name, value, _INTERVALS[name])
