"""_stack: layers in order, their weights, and the core's network that computes them."""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

from numpy.typing import ArrayLike, DTypeLike, NDArray

from nnfast import _core, _lowering, _summary, _validation
from nnfast._lowering import Plan
from nnfast.exceptions import NotReadyError
from nnfast.layers import CATALOGUE, Input, Layer, Rescaling, check_layers
from nnfast.saving.tensor_file import StrPath
from nnfast.saving.weights_file import read_weights, write_weights

Array = NDArray[Any]


class Stack:
    """The base of `Passes`: what can be done with layers in order that nobody trains."""

    def __init__(
        self,
        layers: Iterable[Layer] | None = None,
        *,
        seed: int | None = None,
        dtype: DTypeLike = "float32",
        name: str | None = None,
    ) -> None:
        self.name = None if name is None else _validation.check_text("name", name)
        self.dtype = _validation.check_dtype(dtype)
        self._is_seed_drawn = seed is None
        chosen = int.from_bytes(os.urandom(4)) if seed is None else seed
        self.seed = _validation.check_integer("seed", chosen, 0, 2**64 - 1)
        self._stack: list[Layer] = []
        self._plan: Plan | None = None
        self._network: _core.Network | None = None
        self.metadata: dict[str, Any] = {}
        self._feature_names: tuple[str, ...] | None = None
        self._epochs_done = 0
        self._take_layers(check_layers([] if layers is None else layers), None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._stack!r}, seed={self.seed}, dtype={self.dtype!r}, name={self.name!r})"

    # ---- layers ----

    @property
    def layers(self) -> list[Layer]:
        """The layers after the `Input`."""
        return [layer for layer in self._stack if not isinstance(layer, Input)]

    @property
    def built(self) -> bool:
        """Whether there are weights."""
        return self._plan is not None

    @property
    def trainable(self) -> bool:
        """Whether training may change any layer. Set, it is that of all layers; noticed at the next ``compile``."""
        return any(getattr(layer, "trainable", False) for layer in self._stack)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        is_trained = _validation.check_bool("trainable", value)
        for layer in self._stack:
            if "trainable" in type(layer).settable:
                layer.trainable = is_trained

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """What the columns of frames must be called, in order; None: not known."""
        return self._feature_names

    @feature_names.setter
    def feature_names(self, names: Iterable[str] | None) -> None:
        self._feature_names = _validation.check_feature_names(names, self._in_size)

    def add(self, layer: Layer) -> None:
        """Put a layer behind the others; weights that are there stay.

        Parameters
        ----------
        layer : Layer
            An `Input` can only be the first.
        """
        self._take_layers(check_layers([*self._stack, layer]), self._in_size)

    def build(self, input_shape: int | Sequence[int | None]) -> None:
        """Draw the first weights, where neither an `Input` nor data have told the number of features.

        Parameters
        ----------
        input_shape : int or tuple
            The number of features, or as in Keras (batch size or None, number of features).
        """
        sizes = input_shape[1:] if isinstance(input_shape, tuple | list) else (input_shape,)
        if len(sizes) != 1:
            raise _validation.mismatch("input_shape", "the number of features, or (None, it)", input_shape)
        in_size = _validation.check_integer("input_shape", sizes[0], 1, 2**31 - 1)
        if self._in_size not in (None, in_size):
            raise ValueError(f"input_shape: expected {self._in_size}, as the model is built, received {in_size}")
        if not self._plan:
            self._take_layers(self._stack, in_size)

    # ---- weights ----

    def get_weights(self) -> list[Array]:
        """Return copies of the weights in the order of layers.

        Of a `Dense` the kernel, shape (in_size, units), and the bias, shape (units,); of a normalization gamma, beta,
        moving mean and moving variance, as far as it has them, all of shape (n_features,).
        """
        plan, network = self._get_built()
        return [network.get_parameter(parameter.layer, parameter.name) for parameter in plan.parameters]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Take over values for all weights.

        Parameters
        ----------
        weights : list of array-like
            As many and of the shapes that `get_weights` returns.

        Raises
        ------
        ValueError
            If number or shape of the arrays is wrong; nothing is changed then.
        """
        plan, network = self._get_built()
        network.set_parameters(_lowering.lower_weights(weights, plan, self.dtype))

    def save_weights(self, filepath: StrPath) -> None:
        """Write the weights alone to a safetensors file: no layers, no optimizer; `save` of a model writes all.

        Parameters
        ----------
        filepath : str or path
            The file, whose name ends with ".weights.safetensors" (Keras' with ".weights.h5"); one that is there is
            replaced at once, or on an error not at all.

        Raises
        ------
        NotReadyError
            If the model has no weights yet.
        ValueError
            If the name ends otherwise.
        OSError
            If the file cannot be written.
        """
        path = _validation.check_weights_path(filepath)
        write_weights(path, self._stack, self.get_weights())

    def load_weights(self, filepath: StrPath) -> None:
        """Take over the weights of a file that `save_weights`, or `save` of a model, wrote.

        What an optimizer remembers stays as it is.

        Parameters
        ----------
        filepath : str or path
            The file, of a model with the same weights layer by layer; they may be of the other dtype.

        Raises
        ------
        NotReadyError
            If the model has no weights yet.
        ModelFileError
            If the file is damaged, cut short, not one of nnfast's, or of another model; nothing is changed then.
        OSError
            If it cannot be read.
        """
        plan, _ = self._get_built()
        self.set_weights(read_weights(filepath, self._stack, [parameter.shape for parameter in plan.parameters]))

    def export(self, filepath: StrPath, format: str | None = None) -> None:  # noqa: A002
        """Write the model, as it predicts, for other programs: an ONNX graph, or its weights by name.

        Parameters
        ----------
        filepath : str or path
            The file; one that is there is replaced at once, or on an error not at all.
        format : {"onnx", "safetensors", "npz"}, optional
            None takes the suffix of `filepath`; see `nnfast.export.write` and `nnfast.export.onnx.make_model`. (Keras'
            default is "tf_saved_model".)

        Raises
        ------
        NotReadyError
            If the model has no weights yet.
        ValueError
            If there is no such format.
        ImportError
            If the library that the format needs is missing.
        OSError
            If the file cannot be written.
        """
        from nnfast.export import write

        write(self, filepath, format)

    def count_params(self, *, trainable: bool | None = None) -> int:
        """Return the number of all weights.

        Parameters
        ----------
        trainable : bool, optional
            True counts only those that training changes, False only the others.
        """
        wanted = (True, False) if trainable is None else (_validation.check_bool("trainable", trainable),)
        parameters = self._get_built()[0].parameters
        return sum(math.prod(parameter.shape) for parameter in parameters if parameter.is_trained in wanted)

    def summary(self, *, print_fn: Callable[[str], object] | None = None) -> None:
        """Print the layers, their output shapes and numbers of weights.

        Parameters
        ----------
        print_fn : callable, optional
            Called with each line; by default lines go to standard output, as a table if rich is installed.
        """
        counts = (self.count_params(), self.count_params(trainable=True)) if self._plan else (None, 0)
        title = f"Model: {self.name or 'sequential'}"
        _summary.show(title, _summary.list_rows(self.layers, self._in_size), _summary.list_totals(*counts), print_fn)

    # ---- plain data ----

    def get_config(self) -> dict[str, Any]:
        """Return layers, seed, dtype and name as plain data; the weights are not in it."""
        layers = [CATALOGUE.serialize(layer) for layer in self._stack]
        return {"name": self.name, "dtype": self.dtype, "seed": self.seed, "layers": layers}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a model, not trained, from what `get_config` returned."""
        arguments = dict(config)
        layers = [CATALOGUE.deserialize(layer) for layer in arguments.pop("layers")]
        return cls(layers, **arguments)

    # ---- inside ----

    @property
    def _in_size(self) -> int | None:
        return self._plan.in_size if self._plan else None

    def _take_layers(self, stack: list[Layer], in_size: int | None) -> None:
        """Take checked layers and, once the number of features is known, draw the weights that are not there yet."""
        if stack and isinstance(stack[0], Input):
            _check_input_size(stack[0], in_size)
            in_size = stack[0].size
        is_ready = not _lowering.wants_data(stack) and any(not isinstance(layer, Input | Rescaling) for layer in stack)
        if in_size is not None and is_ready:
            plan = _lowering.lower_layers(stack, in_size)
            weights = self.get_weights() if self._plan else []
            new = plan.parameters[len(weights) :]
            weights += [parameter.initializer.make(parameter.shape, self.seed, parameter.stream) for parameter in new]
            self._install(plan, weights)
        self._stack = stack

    def _install(self, plan: Plan, weights: Sequence[ArrayLike]) -> None:
        """Make the network of a plan."""
        network = plan.make_network(self.dtype)
        network.set_parameters(_lowering.lower_weights(weights, plan, self.dtype))
        self._plan, self._network = plan, network

    def _get_built(self, in_size: int | None = None) -> tuple[Plan, _core.Network]:
        """Return plan and network; data of known size build a model that is not."""
        if self._plan is None and in_size is not None:
            self._take_layers(self._stack, in_size)
        if self._plan is None or self._network is None:
            what = "an Input, build(n_features) or data" if self.layers else "add()"
            what = "adapt(data) of each Normalization" if _lowering.wants_data(self._stack) else what
            raise NotReadyError(
                f"model: expected {what} before, received a call on {len(self.layers)} layers, no weights"
            )
        return self._plan, self._network


def _check_input_size(source: Input, in_size: int | None) -> None:
    if in_size not in (None, source.size):
        raise ValueError(f"input_shape: expected {source.size} features, as the Input has, received {in_size}")
