"""losses: what training makes small. Names, parameters and meaning are Keras 3's.

The loss of a batch is the mean of its rows' losses; of `SumSquaredError` it is the sum. Cross-entropy behind a softmax
or sigmoid layer is computed jointly with it, from the weighted sums, without being asked: there is no need for
``from_logits``.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnfast import _validation
from nnfast._descriptions import Catalogue, Description


@dataclass(frozen=True)
class Loss(Description):
    """The base of all losses."""

    core_name: ClassVar[str]
    """The core's name; with "_logits" behind it that of the joint form."""
    fuses_with: ClassVar[str | None] = None
    """The activation that the joint form replaces."""
    takes_labels: ClassVar[bool] = False
    """Whether targets are class labels, not one number an output."""
    is_sum: ClassVar[bool] = False
    """Whether it is the rows' sum, not their mean."""

    @property
    def wants_logits(self) -> bool:
        """Whether the user declared the outputs to be logits."""
        return bool(getattr(self, "from_logits", False))


@dataclass(frozen=True)
class _Crossentropy(Loss):
    from_logits: bool = False

    def __post_init__(self) -> None:
        self._settle("from_logits", _validation.check_bool("from_logits", self.from_logits))


class MeanSquaredError(Loss):
    """The mean over a row's outputs of (y_pred - y_true)^2."""

    names: ClassVar[tuple[str, ...]] = ("mean_squared_error", "mse")
    core_name: ClassVar[str] = "mean_squared_error"


class SumSquaredError(Loss):
    """The sum over all outputs of all rows of (y_pred - y_true)^2: the sum of squared residuals.

    The gradient is the sum's too, so it grows with the batch; the loss of an epoch is the sum over its rows.
    """

    names: ClassVar[tuple[str, ...]] = ("sum_squared_error", "sse")
    core_name: ClassVar[str] = "sum_squared_error"
    is_sum: ClassVar[bool] = True


class BinaryCrossentropy(_Crossentropy):
    """The mean over a row's outputs of -(t log p + (1 - t) log(1 - p)), with targets t in [0, 1].

    Parameters
    ----------
    from_logits : bool
        Whether the last layer, linear, gives logits and not probabilities. Not needed behind a sigmoid.
    """

    names: ClassVar[tuple[str, ...]] = ("binary_crossentropy", "bce")
    core_name: ClassVar[str] = "binary_crossentropy"
    fuses_with: ClassVar[str | None] = "sigmoid"


class CategoricalCrossentropy(_Crossentropy):
    """-sum t log p over a row's outputs, with one target an output (one-hot rows, say).

    Parameters
    ----------
    from_logits : bool
        Whether the last layer, linear, gives logits and not probabilities. Not needed behind a softmax.
    """

    names: ClassVar[tuple[str, ...]] = ("categorical_crossentropy",)
    core_name: ClassVar[str] = "categorical_crossentropy"
    fuses_with: ClassVar[str | None] = "softmax"


class SparseCategoricalCrossentropy(_Crossentropy):
    """-log p of the output whose number is the row's label, 0 to n_outputs - 1.

    Parameters
    ----------
    from_logits : bool
        Whether the last layer, linear, gives logits and not probabilities. Not needed behind a softmax.
    """

    names: ClassVar[tuple[str, ...]] = ("sparse_categorical_crossentropy",)
    core_name: ClassVar[str] = "categorical_crossentropy"
    fuses_with: ClassVar[str | None] = "softmax"
    takes_labels: ClassVar[bool] = True


CATALOGUE: Catalogue[Loss] = Catalogue(
    "loss",
    Loss,
    (MeanSquaredError, SumSquaredError, BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy),
)


def get(identifier: Any) -> Loss:
    """Return the loss that a name, a class or an object stands for.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them and suggests the nearest.
    """
    return CATALOGUE.get(identifier)
