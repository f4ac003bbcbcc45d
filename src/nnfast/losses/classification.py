"""classification: losses of classes. In formulas y is an output, p one that is a probability, t its target."""

from dataclasses import dataclass
from typing import ClassVar

from nnfast.losses.loss import Loss


class Hinge(Loss):
    """The mean over a row's outputs of max(1 - t y, 0), with targets -1 and 1.

    A target of 0 counts as -1 (in Keras only if all targets of the batch are 0 or 1).
    """

    names: ClassVar[tuple[str, ...]] = ("hinge",)
    core_name: ClassVar[str] = "hinge"


class SquaredHinge(Loss):
    """The mean over a row's outputs of max(1 - t y, 0)^2, with targets as `Hinge` takes them."""

    names: ClassVar[tuple[str, ...]] = ("squared_hinge",)
    core_name: ClassVar[str] = "squared_hinge"


class CategoricalHinge(Loss):
    """max(1 + the largest (1 - t) y - the sum of t y, 0) of a row, with one-hot targets.

    Of several outputs that are largest the first has the slope.
    """

    names: ClassVar[tuple[str, ...]] = ("categorical_hinge",)
    core_name: ClassVar[str] = "categorical_hinge"


class KLDivergence(Loss):
    """The sum over a row's outputs of t log(t / p), both kept in [1e-7, 1]: the Kullback-Leibler divergence."""

    names: ClassVar[tuple[str, ...]] = ("kl_divergence", "kld")
    core_name: ClassVar[str] = "kl_divergence"


@dataclass(frozen=True)
class _Crossentropy(Loss):
    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_bools("from_logits")
        self._check_numbers(label_smoothing="[0, 1]")


@dataclass(frozen=True)
class BinaryCrossentropy(_Crossentropy):
    """The mean over a row's outputs of -(pos_weight t log p + (1 - t) log(1 - p)), with targets t in [0, 1].

    Parameters
    ----------
    from_logits : bool
        Whether the last layer, linear, gives logits and not probabilities. Not needed behind a sigmoid.
    label_smoothing : float
        How far targets are drawn towards 1/2; in [0, 1].
    pos_weight : float
        How much more positive targets count; in [0, 1e30]. As in PyTorch's BCEWithLogitsLoss; Keras has none.
    """

    names: ClassVar[tuple[str, ...]] = ("binary_crossentropy", "bce")
    core_name: ClassVar[str] = "binary_crossentropy"
    fuses_with: ClassVar[str | None] = "sigmoid"
    takes_probabilities: ClassVar[bool] = True
    pos_weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_numbers(pos_weight="[0, 1e30]")


class CategoricalCrossentropy(_Crossentropy):
    """-sum t log p over a row's outputs, with one target an output (one-hot rows, say).

    Parameters
    ----------
    from_logits : bool
        Whether the last layer, linear, gives logits and not probabilities. Not needed behind a softmax.
    label_smoothing : float
        How far targets are drawn towards one over the number of classes; in [0, 1].
    """

    names: ClassVar[tuple[str, ...]] = ("categorical_crossentropy",)
    core_name: ClassVar[str] = "categorical_crossentropy"
    fuses_with: ClassVar[str | None] = "softmax"


class SparseCategoricalCrossentropy(_Crossentropy):
    """-log p of the output whose number is the row's label, 0 to n_outputs - 1.

    Parameters
    ----------
    from_logits, label_smoothing
        See `CategoricalCrossentropy`; Keras has label smoothing only there.
    """

    names: ClassVar[tuple[str, ...]] = ("sparse_categorical_crossentropy",)
    core_name: ClassVar[str] = "categorical_crossentropy"
    fuses_with: ClassVar[str | None] = "softmax"
    takes_labels: ClassVar[bool] = True


@dataclass(frozen=True)
class BinaryFocalCrossentropy(Loss):
    """Binary cross-entropy times (1 - r)^gamma, r = t p + (1 - t)(1 - p): what is known well counts less.

    Lin et al., "Focal loss for dense object detection", ICCV 2017.

    Parameters
    ----------
    apply_class_balancing : bool
        Whether positive targets count `alpha`, negative ones 1 - `alpha`.
    alpha : float
        In [0, 1].
    gamma : float
        In [0, 1e6]; 0 gives the cross-entropy.
    from_logits, label_smoothing
        See `BinaryCrossentropy`.
    """

    names: ClassVar[tuple[str, ...]] = ("binary_focal_crossentropy",)
    core_name: ClassVar[str] = "binary_focal_crossentropy"
    fuses_with: ClassVar[str | None] = "sigmoid"
    takes_probabilities: ClassVar[bool] = True
    apply_class_balancing: bool = False
    alpha: float = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_bools("apply_class_balancing", "from_logits")
        self._check_numbers(alpha="[0, 1]", gamma="[0, 1e6]", label_smoothing="[0, 1]")


@dataclass(frozen=True)
class CategoricalFocalCrossentropy(Loss):
    """-alpha sum (1 - p)^gamma t log p over a row's outputs. See `BinaryFocalCrossentropy`.

    Parameters
    ----------
    alpha : float
        In [0, 1e30]; a number alone, for all classes.
    gamma : float
        In [0, 1e6]; 0 gives alpha times the cross-entropy.
    from_logits, label_smoothing
        See `CategoricalCrossentropy`.
    """

    names: ClassVar[tuple[str, ...]] = ("categorical_focal_crossentropy",)
    core_name: ClassVar[str] = "categorical_focal_crossentropy"
    fuses_with: ClassVar[str | None] = "softmax"
    alpha: float = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_bools("from_logits")
        self._check_numbers(alpha="[0, 1e30]", gamma="[0, 1e6]", label_smoothing="[0, 1]")
