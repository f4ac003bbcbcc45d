"""sklearn: fitted MLPs of scikit-learn as models; needs the ``scikit-learn`` package.

Whole estimators come and go by ``from_sklearn`` and ``to_sklearn`` of those in `nnfast.sklearn`.
"""

from typing import TYPE_CHECKING, Any

from nnfast._validation import mismatch

if TYPE_CHECKING:
    from nnfast.models import Sequential

__all__ = ["from_estimator"]

ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"}
"""scikit-learn's name of a hidden activation -> Keras's, where they differ."""
OUTPUTS = ACTIVATIONS | {"softmax": "softmax", "exp": "exponential"}
"""What ``out_activation_`` says -> the activation's name."""


def from_estimator(estimator: Any) -> "Sequential":
    """Return a model that computes what a fitted MLP of scikit-learn computes, to rounding.

    Of several classes, or labels, it gives the probabilities; of two classes that of the second, in one column. The
    model is one for inference until it is compiled: penalty and solver stay behind.

    Parameters
    ----------
    estimator : sklearn.neural_network.MLPClassifier or MLPRegressor
        Fitted.

    Returns
    -------
    Sequential
        Of the dtype of ``coefs_``. A classifier's ``classes_`` are in its ``metadata``, by the name of "classes".

    Raises
    ------
    NotReadyError
        If the estimator is not fitted.
    ValueError
        If it is none of these.
    ImportError
        If the scikit-learn library is missing.
    """
    from nnfast.layers import Dense, Input
    from nnfast.models import Sequential

    check_estimator(estimator)
    coefs, own = estimator.coefs_, estimator.activation
    activations = [ACTIVATIONS.get(own, own)] * (len(coefs) - 1) + [OUTPUTS[estimator.out_activation_]]
    layers = [Dense(kernel.shape[1], name) for kernel, name in zip(coefs, activations, strict=True)]
    model = Sequential([Input(len(coefs[0])), *layers], seed=0, dtype=coefs[0].dtype.name)
    model.set_weights([array for pair in zip(coefs, estimator.intercepts_, strict=True) for array in pair])
    if hasattr(estimator, "classes_"):
        model.metadata = {"classes": estimator.classes_.tolist()}
    return model


def check_estimator(estimator: Any, kinds: tuple[str, ...] = ("MLPClassifier", "MLPRegressor")) -> None:
    """Raise an error unless this is a fitted estimator of scikit-learn's, of one of these kinds."""
    from nnfast.exceptions import NotReadyError

    neural_network = _import_neural_network()
    if not isinstance(estimator, tuple(getattr(neural_network, kind) for kind in kinds)):
        raise mismatch("estimator", f"a fitted {' or '.join(kinds)} of scikit-learn", estimator)
    if not hasattr(estimator, "coefs_"):
        raise NotReadyError(f"estimator: expected a fitted one, received {type(estimator).__name__} before fit")


def _import_neural_network() -> Any:
    try:
        from sklearn import neural_network
    except ImportError as error:
        raise ImportError('estimators of scikit-learn need it: pip install "nnfast[sklearn]"') from error
    return neural_network
