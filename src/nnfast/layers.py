"""layers: what a model is made of: descriptions in Keras 3's words, no numbers inside. The weights are the model's."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray

from nnfast import _validation, activations, constraints, initializers, regularizers
from nnfast._descriptions import Catalogue
from nnfast._layer import Layer as Layer
from nnfast._normalization import BatchNormalization as BatchNormalization
from nnfast._normalization import LayerNormalization as LayerNormalization
from nnfast._normalization import Normalization as Normalization
from nnfast.activations import ActivationFunction
from nnfast.constraints import Constraint
from nnfast.initializers import Initializer
from nnfast.regularizers import Regularizer

Trainable = Literal["weights", "bias"] | bool
_MAX_SIZE = 2**31 - 1


class Input(Layer):
    """The number of features, first in a model, if given at all; without it the first data decide.

    Parameters
    ----------
    shape : int or tuple of int
        The shape of a sample; samples of several dimensions are flattened.
    scale, offset : float
        Features are taken as ``x * scale + offset``, computed as rows are read. ``Input(784, scale=1 / 255)`` lets
        uint8 pixels stay uint8 in memory.
    name : str, optional
        What summaries call it.
    """

    __slots__ = ("offset", "scale", "shape")

    def __init__(
        self, shape: int | tuple[int, ...], *, scale: float = 1.0, offset: float = 0.0, name: str | None = None
    ) -> None:
        super().__init__(name)
        sizes = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
        self.shape = tuple(_validation.check_integer("shape", size, 1, _MAX_SIZE) for size in sizes)
        if not sizes or self.size > _MAX_SIZE:
            raise _validation.mismatch("shape", f"1 to {_MAX_SIZE} features", shape)
        self.scale = _validation.check_real("scale", scale, "(-inf, inf)")
        self.offset = _validation.check_real("offset", offset, "(-inf, inf)")

    @property
    def size(self) -> int:
        """The number of features."""
        return math.prod(self.shape)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"shape": list(self.shape), "scale": self.scale, "offset": self.offset, "name": self.name}


class Dense(Layer):
    """Weighted sums of all inputs: ``activation(x @ kernel + bias)``.

    Parameters
    ----------
    units : int
        The number of outputs.
    activation : str or ActivationFunction, optional
        What is applied to the sums; None is linear.
    use_bias : bool
        Whether there is a bias.
    kernel_initializer : str, Initializer or array of shape (in_size, units)
        The first weights.
    bias_initializer : str, Initializer or array of shape (units,)
        The first bias.
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        What the sizes of weights and bias add to the loss, see `nnfast.regularizers`; None is nothing.
    kernel_constraint, bias_constraint : str or Constraint, optional
        What weights and bias are brought back to after each step, see `nnfast.constraints`; None lets them go.
    trainable : bool or {"weights", "bias"}
        What training may change: everything, nothing, or one of the two.
    name : str, optional
        What summaries call it.

    Attributes
    ----------
    trainable : bool or {"weights", "bias"}
        May be changed; a model takes notice at its next ``compile``.
    """

    __slots__ = (
        *("_trainable", "activation", "units", "use_bias"),
        *("kernel_initializer", "kernel_regularizer", "kernel_constraint"),
        *("bias_initializer", "bias_regularizer", "bias_constraint"),
    )
    settable: ClassVar[tuple[str, ...]] = ("trainable", "_trainable")

    def __init__(
        self,
        units: int,
        activation: str | ActivationFunction | None = None,
        use_bias: bool = True,
        kernel_initializer: str | Initializer | NDArray[Any] = "glorot_uniform",
        bias_initializer: str | Initializer | NDArray[Any] = "zeros",
        *,
        kernel_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        kernel_constraint: str | Constraint | None = None,
        bias_constraint: str | Constraint | None = None,
        trainable: Trainable = True,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.units = _validation.check_integer("units", units, 1, _MAX_SIZE)
        self.activation = activations.get(activation)
        self.use_bias = _validation.check_bool("use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.trainable = trainable

    @property
    def trainable(self) -> Trainable:
        """What training may change."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: Trainable) -> None:
        self._trainable: Trainable = _validation.check_choice("trainable", value, (True, False, "weights", "bias"))

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        parts = [(key, catalogue, getattr(self, key)) for key, catalogue in _DENSE_PARTS.items()]
        return {
            "units": self.units,
            "activation": None,
            "use_bias": self.use_bias,
            **{key: None if part is None else catalogue.serialize(part) for key, catalogue, part in parts},
            "trainable": self.trainable,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Any) -> "Dense":  # noqa: D102
        arguments = dict(config)
        for key, catalogue in _DENSE_PARTS.items():
            if arguments.get(key) is not None:
                arguments[key] = catalogue.deserialize(arguments[key])
        return cls(**arguments)


_DENSE_PARTS: dict[str, Catalogue[Any]] = {
    "activation": activations.CATALOGUE,
    "kernel_initializer": initializers.CATALOGUE,
    "bias_initializer": initializers.CATALOGUE,
    "kernel_regularizer": regularizers.CATALOGUE,
    "bias_regularizer": regularizers.CATALOGUE,
    "kernel_constraint": constraints.CATALOGUE,
    "bias_constraint": constraints.CATALOGUE,
}


class Activation(Layer):
    """An activation by itself. Behind a linear `Dense` it costs nothing: the two become one.

    Parameters
    ----------
    activation : str or ActivationFunction
        What is applied.
    name : str, optional
        What summaries call it.
    """

    __slots__ = ("activation",)

    def __init__(self, activation: str | ActivationFunction, *, name: str | None = None) -> None:
        super().__init__(name)
        self.activation = activations.get(activation)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"activation": activations.CATALOGUE.serialize(self.activation), "name": self.name}

    @classmethod
    def from_config(cls, config: Any) -> "Activation":  # noqa: D102
        return cls(**(dict(config) | {"activation": activations.CATALOGUE.deserialize(config.get("activation"))}))


class Dropout(Layer):
    """While training, a share of the inputs, drawn anew for every sample, becomes 0; the rest grows to make up for it.

    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.

    Parameters
    ----------
    rate : float
        The share, in [0, 1); the rest is multiplied by 1 / (1 - rate).
    name : str, optional
        What summaries call it.
    """

    __slots__ = ("rate",)

    def __init__(self, rate: float, *, name: str | None = None) -> None:
        super().__init__(name)
        self.rate = _validation.check_real("rate", rate, "[0, 1)")

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"rate": self.rate, "name": self.name}


class Rescaling(Layer):
    """``x * scale + offset``. First in a model it costs nothing: rows are converted as they are read.

    Parameters
    ----------
    scale, offset : float
        The same for all features.
    name : str, optional
        What summaries call it.
    """

    __slots__ = ("offset", "scale")

    def __init__(self, scale: float, offset: float = 0.0, *, name: str | None = None) -> None:
        super().__init__(name)
        self.scale = _validation.check_real("scale", scale, "(-inf, inf)")
        self.offset = _validation.check_real("offset", offset, "(-inf, inf)")

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"scale": self.scale, "offset": self.offset, "name": self.name}


CATALOGUE: Catalogue[Layer] = Catalogue(
    "layer",
    Layer,
    (Input, Dense, Activation, Dropout, Rescaling, BatchNormalization, LayerNormalization, Normalization),
)


def name_layers(layers: Sequence[Layer]) -> list[str]:
    """Return a name for each layer: its own, or its kind, from the second of a kind on with a number behind it.

    A kind of two words is written as Keras does: ``batch_normalization``.
    """
    counts: dict[str, int] = {}
    names = []
    for layer in layers:
        kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(layer).__name__).lower()
        number = counts.get(kind, 0)
        counts[kind] = number + 1
        names.append(layer.name or (f"{kind}_{number}" if number else kind))
    return names


def check_layers(layers: Any) -> list[Layer]:
    """Return layers that can stand in this order as a list."""
    if not isinstance(layers, Iterable) or isinstance(layers, str):
        raise _validation.mismatch("layers", "a list of layers", layers)
    stack, known = list(layers), set()
    for place, layer in enumerate(stack):
        if not isinstance(layer, Layer):
            raise _validation.mismatch(f"layers[{place}]", "a layer", layer)
        if isinstance(layer, Input) and place > 0:
            raise _validation.mismatch(f"layers[{place}]", "an Input only as the first layer", layer)
        if id(layer) in known:
            raise _validation.mismatch(f"layers[{place}]", "a layer that is not in the model yet", layer)
        known.add(id(layer))
    return stack
