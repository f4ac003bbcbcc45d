"""optimizers: how gradients become steps. Names, parameters and meaning are Keras 3's.

An optimizer is a description; what it remembers of a model (velocities, moments, the number of steps) is kept by that
model. One optimizer may therefore serve several models without mixing them up.
"""

from typing import Any, ClassVar, Protocol

from nnfast import _validation
from nnfast._descriptions import Catalogue, SetOnce


class _Model(Protocol):
    def _apply_gradients(self, optimizer: "Optimizer") -> None: ...


class Optimizer(SetOnce):
    """The base of all optimizers.

    Attributes
    ----------
    learning_rate : float
        The length of a step, >= 0. May be changed at any time; it counts from the next call or epoch on.
    """

    __slots__ = ("__weakref__", "_learning_rate")
    settable: ClassVar[tuple[str, ...]] = ("learning_rate", "_learning_rate")
    names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    @property
    def learning_rate(self) -> float:
        """The length of a step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = _validation.check_real("learning_rate", value, "[0, 1e30]")

    @property
    def rule(self) -> str:
        """The core's name of the update; its hyperparameters are attributes of the same names."""
        raise NotImplementedError

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


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    ``w -= learning_rate * g`` without momentum, else ``v = momentum * v - learning_rate * g``, then ``w += v``, or with
    Nesterov's momentum ``w += momentum * v - learning_rate * g``. As in Keras the velocity holds the learning rate:
    unlike in PyTorch (``v = momentum * v + g; w -= learning_rate * v``), a change of the rate leaves what was gathered
    before.

    Parameters
    ----------
    learning_rate : float
        In [0, 1e30].
    momentum : float
        In [0, 1].
    nesterov : bool
        Whether to look ahead. Sutskever et al., "On the importance of initialization and momentum in deep learning",
        ICML 2013. Without momentum it makes no difference.
    """

    __slots__ = ("momentum", "nesterov")
    names: ClassVar[tuple[str, ...]] = ("sgd",)

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(learning_rate)
        self.momentum = _validation.check_real("momentum", momentum, "[0, 1]")
        self.nesterov = _validation.check_bool("nesterov", nesterov)

    @property
    def rule(self) -> str:  # noqa: D102
        if self.momentum == 0:
            return "sgd"
        return "nesterov" if self.nesterov else "momentum"

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"learning_rate": self.learning_rate, "momentum": self.momentum, "nesterov": self.nesterov}


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square.

    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, in the form of the text before section 2.1,
    which is Keras': ``w -= learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)``.

    Parameters
    ----------
    learning_rate : float
        In [0, 1e30].
    beta_1, beta_2 : float
        How much of the running means of the gradient and of its square a step keeps; in [0, 1).
    epsilon : float
        The paper's "epsilon hat", added to the root of v before its bias is corrected; in [1e-30, 1e30]. PyTorch's
        ``eps`` (1e-8) is added after the correction; it is this one divided by sqrt(1 - beta_2^t).
    """

    __slots__ = ("beta_1", "beta_2", "epsilon")
    names: ClassVar[tuple[str, ...]] = ("adam",)

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
    ) -> None:
        super().__init__(learning_rate)
        self.beta_1 = _validation.check_real("beta_1", beta_1, "[0, 1)")
        self.beta_2 = _validation.check_real("beta_2", beta_2, "[0, 1)")
        self.epsilon = _validation.check_real("epsilon", epsilon, "[1e-30, 1e30]")

    @property
    def rule(self) -> str:  # noqa: D102
        return "adam"

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        names = ("learning_rate", "beta_1", "beta_2", "epsilon")
        return {name: getattr(self, name) for name in names}


CATALOGUE: Catalogue[Optimizer] = Catalogue("optimizer", Optimizer, (SGD, Adam))


def get(identifier: Any) -> Optimizer:
    """Return the optimizer that a name, a class or an object stands for.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    return CATALOGUE.get(identifier)
