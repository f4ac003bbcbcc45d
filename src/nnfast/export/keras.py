"""keras: models of Keras 3, live or in files, as models of nnfast, and the other way round.

A live model needs no package but its own; files need ``h5py``, `to_model` the ``keras`` package. Read is a closed list
of layers: nothing that stands in a file is called.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnfast._validation import mismatch
from nnfast.saving.tensor_file import StrPath

if TYPE_CHECKING:
    from nnfast._stack import Stack
    from nnfast.models import Sequential

__all__ = ["from_model", "load", "load_weights", "to_model"]


def from_model(model: Any) -> "Sequential":
    """Return a model that computes what a model of Keras computes in inference, to rounding.

    Layers keep their names and what of them is frozen. Initializers, penalties, constraints and what was compiled stay
    behind.

    Parameters
    ----------
    model : keras.Sequential or keras.Model
        Built; a functional one is a chain. It has layers ``Dense``, ``Dropout``, ``BatchNormalization``,
        ``LayerNormalization``, ``Rescaling``, ``Normalization``, ``Activation``, ``ReLU``, ``LeakyReLU``, ``ELU``,
        ``Softmax``, or models of these; ``Flatten`` where samples have several dimensions.

    Returns
    -------
    Sequential
        Of float64 if the weights are, else float32.

    Raises
    ------
    ValueError
        If there is another layer, or one with other options than nnfast has, or with a function that is not of
        ``keras.activations``; the message names it.
    """
    from nnfast.export._keras_chain import build_model

    kind = type(model)
    if not kind.__module__.startswith("keras.") or not hasattr(model, "get_config"):
        raise mismatch("model", "a Sequential or a functional model of Keras 3", model)
    layers = dict(_list_layers(model, ""))
    for layer in layers.values():
        _check_function(layer)
    description = {"module": kind.__module__, "class_name": kind.__name__, "config": model.get_config()}
    return build_model(description, lambda place: layers[place].get_weights())


def load(filepath: StrPath) -> "Sequential":
    """Read a model from a ``.keras`` file of Keras 3, which need not be installed.

    Parameters
    ----------
    filepath : str or path
        The file.

    Returns
    -------
    Sequential
        As by `from_model`.

    Raises
    ------
    ModelFileError
        If the file is none of Keras 3, or its model is none that `from_model` takes; the message names the layer.
    ImportError
        If the h5py library is missing.
    OSError
        If the file cannot be read.
    """
    from nnfast.export._keras_chain import build_model
    from nnfast.export._keras_files import WeightsFile, read_archive, refuse

    with refuse(filepath):
        description, content = read_archive(filepath)
        with WeightsFile(content) as weights:
            return build_model(description, weights.read)


def load_weights(model: "Stack", filepath: StrPath) -> None:
    """Take over the weights of a ``.weights.h5`` file of Keras 3, of a model of the same layers.

    Parameters
    ----------
    model : Sequential
        With weights. Its layers are found by kind and order, whatever their names.
    filepath : str or path
        The file.

    Raises
    ------
    NotReadyError
        If the model has no weights yet.
    ModelFileError
        If the file is none of Keras 3, or of another model, also of one with other models in it, or with statistics
        that ``Normalization.adapt`` found, which are no weights here; nothing is changed then.
    ImportError
        If the h5py library is missing.
    OSError
        If the file cannot be read.
    """
    from nnfast.export._keras_chain import name_places
    from nnfast.export._keras_files import WeightsFile, refuse

    model._get_built()
    kinds = [type(layer).__name__ for layer in model._stack]
    with refuse(filepath), WeightsFile(filepath) as weights:
        arrays = {place: weights.read(place) for place in name_places(kinds)}
        expected, received = [place for place in arrays if arrays[place]], weights.list_places()
        if sorted(expected) != sorted(received) or any("/normalization" in place for place in received):
            raise mismatch("layers", f"weights of {expected}", received, "load reads a whole model, of a .keras file")
        model.set_weights([array for own in arrays.values() for array in own])


def to_model(model: "Stack") -> Any:
    """Return a ``keras.Sequential`` that computes what the model does, to rounding, with copies of the weights.

    Parameters
    ----------
    model : Sequential
        With weights.

    Returns
    -------
    keras.Sequential
        Not compiled. Layers of which a half is frozen are not.

    Raises
    ------
    NotReadyError
        If the model has no weights yet.
    ValueError
        If Keras has no such activation by name: binary_step, sign, gelu(approximate=True), celu with another alpha.
    ImportError
        If the keras library is missing.
    """
    from nnfast.export._keras_writer import make_model

    plan, _ = model._get_built()
    made = make_model(model, plan)
    made.set_weights(model.get_weights())
    return made


def _check_function(layer: Any) -> None:
    """Refuse a function of the user's: of it the config has only a name, which may be one of Keras's."""
    function = getattr(layer, "activation", None)
    module = getattr(function, "__module__", None) or ""
    if callable(function) and not module.startswith("keras.src.activations.") and not hasattr(function, "get_config"):
        place = f"{layer.name} ({type(layer).__name__}): activation"
        raise mismatch(place, "a function of keras.activations, or a layer", function)


def _list_layers(model: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield layers, with the place that their weights would have in a file."""
    from nnfast.export._keras_chain import MODELS, name_places

    layers = getattr(model, "layers", [])
    kinds = [type(layer).__name__ for layer in layers]
    for kind, place, layer in zip(kinds, name_places(kinds), layers, strict=True):
        if kind in MODELS:
            yield from _list_layers(layer, f"{prefix}{place}/")
        else:
            yield prefix + place, layer
