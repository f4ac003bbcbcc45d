"""_stack: layers in order and the core's network that computes them: weights, predictions, single passes."""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from nnfast import _core, _lowering, _summary, _validation
from nnfast._lowering import Plan
from nnfast.callbacks.progress import check_verbosity, report
from nnfast.data.arrays import as_features, as_result, as_sample
from nnfast.data.sparse import as_samples
from nnfast.exceptions import NotReadyError
from nnfast.layers import CATALOGUE, Input, Layer, Rescaling, check_layers
from nnfast.optimizers import Optimizer

Array = NDArray[Any]


class Stack:
    """The base of `Sequential`: what can be done with layers in order without knowing what they are trained for."""

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
        chosen = int.from_bytes(os.urandom(4)) if seed is None else seed
        self.seed = _validation.check_integer("seed", chosen, 0, 2**64 - 1)
        self._stack: list[Layer] = []
        self._plan: Plan | None = None
        self._network: _core.Network | None = None
        self._pass: _core.Pass | None = None
        self._pass_rows = 0  # of the last forward
        self._has_gradients = False
        self._states: WeakKeyDictionary[Optimizer, _core.Optimizer] = WeakKeyDictionary()
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
        for parameter, values in zip(plan.parameters, _lowering.lower_weights(weights, plan, self.dtype), strict=True):
            network.set_parameter(parameter.layer, parameter.name, values)

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

    # ---- computing ----

    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = 0) -> Array:
        """Compute the outputs for samples. A row's output does not depend on the other rows, to the bit.

        Parameters
        ----------
        x : array-like or SciPy CSR matrix of shape (n_samples, n_features)
            NaN and infinity are allowed and travel to the outputs.
        batch_size : int, optional
            Checked, and of no effect: the core cuts the rows by itself, and no row depends on how.
        verbose : {0, 1, 2, "auto"}
            All but 0 report the time at the end.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), of the model's dtype
        """
        features = as_samples(x, n_features=self._in_size)
        if batch_size is not None:
            _validation.check_integer("batch_size", batch_size, 1)
        is_silent = check_verbosity(verbose) == 0
        plan, network = self._get_built(features.shape[1])
        out = np.empty((len(features), plan.out_size), self.dtype)
        network.predict(features, out)
        if not is_silent:
            report(f"Predicted {len(out)} rows")
        return out

    def predict_one(self, x: Any, out: Array | None = None) -> Array:
        """Compute the outputs for one sample, in the least time: a row of `predict`, to the bit.

        Parameters
        ----------
        x : array-like of shape (n_features,)
            Contiguous arrays of uint8, float32 and float64 are read as they stand; all else is converted first. NaN and
            infinity are allowed.
        out : ndarray of shape (n_outputs,), optional
            Where the outputs go: of the model's dtype, contiguous, writable. By default a new array.

        Returns
        -------
        ndarray of shape (n_outputs,), of the model's dtype
            `out`, if it was given.

        Raises
        ------
        NotReadyError
            If the model has no weights yet: one sample does not build it.
        ValueError, TypeError
            If `x` or `out` is not as above; nothing is written then.
        """
        network = self._network or self._get_built()[1]
        try:
            return network.predict_one(x, out)
        except (BufferError, TypeError, ValueError):  # the core takes few arrays, and says little of the others
            sample = as_sample(x, n_features=network.in_size)
            result = np.empty(network.out_size, self.dtype) if out is None else out
            network.predict_one(sample, as_result(result, n_outputs=network.out_size, dtype=self.dtype))
            return result

    def forward(self, x: Any, training: bool = False) -> Array:
        """Compute the outputs and keep what `backward` needs.

        Parameters
        ----------
        x : array-like or SciPy CSR matrix of shape (n_samples, n_features)
            The samples.
        training : bool
            Whether `Dropout` layers drop; each such pass then counts as an epoch and draws anew.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), of the model's dtype
        """
        features = as_samples(x, n_features=self._in_size)
        is_training = _validation.check_bool("training", training)
        plan, network = self._get_built(features.shape[1])
        self._pass = self._pass or _core.Pass(network)
        out = np.empty((len(features), plan.out_size), self.dtype)
        self._pass_rows, self._has_gradients = 0, False
        self._pass.forward(features, out, is_training, self.seed, self._epochs_done)
        self._pass_rows = len(features)
        self._epochs_done += is_training
        return out

    def __call__(self, x: Any, training: bool = False) -> Array:
        """Compute the outputs for samples: the way in which Keras and PyTorch write `forward`."""
        return self.forward(x, training)

    def backward(self, grad_output: ArrayLike) -> Array:
        """Compute gradients from that with respect to the outputs of the last `forward`.

        Parameters
        ----------
        grad_output : array-like of shape (n_samples, n_outputs)
            The derivatives of a number (a loss) with respect to each output.

        Returns
        -------
        ndarray of shape (n_samples, n_features), of the model's dtype
            The derivatives with respect to each feature. Those with respect to the weights are kept: `gradients`
            returns them, ``optimizer.apply(model)`` takes a step with them.
        """
        plan, _ = self._get_built()
        if not self._pass or not self._pass_rows:
            raise NotReadyError(
                "backward: expected a call of forward before, received none since the model was made or compiled"
            )
        gradient = as_features(grad_output, name="grad_output", n_features=plan.out_size)
        if len(gradient) != self._pass_rows:
            raise ValueError(f"grad_output: expected {self._pass_rows} rows, as forward had, received {len(gradient)}")
        grad_input = np.empty((self._pass_rows, plan.in_size), self.dtype)
        self._pass.backward(np.ascontiguousarray(gradient, self.dtype), grad_input)
        self._has_gradients = True
        return grad_input

    def gradients(self) -> list[Array]:
        """Return the gradients of the last `backward`, summed over its rows, in the order of `get_weights`.

        Those of parameters that are not trainable are not computed: they are 0. They are the data's alone: what
        regularizers add comes in when an optimizer applies them.
        """
        plan, _ = self._get_built()
        current = self._get_gradient_pass()
        return [current.get_gradient(parameter.layer, parameter.name) for parameter in plan.parameters]

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
        """Make the network of a plan; what optimizers remember of the one before is forgotten."""
        network = plan.make_network(self.dtype)
        for parameter, values in zip(plan.parameters, _lowering.lower_weights(weights, plan, self.dtype), strict=True):
            network.set_parameter(parameter.layer, parameter.name, values)
        self._plan, self._network = plan, network
        self._pass, self._pass_rows, self._has_gradients = None, 0, False
        self._states = WeakKeyDictionary()

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

    def _get_state(self, optimizer: Optimizer) -> _core.Optimizer:
        """Return what an optimizer remembers of this model; at first nothing."""
        if optimizer not in self._states:
            self._states[optimizer] = _lowering.make_state(self._get_built()[1], optimizer)
        return self._states[optimizer]

    def _get_gradient_pass(self) -> _core.Pass:
        if not self._pass or not self._has_gradients:
            raise NotReadyError("model: expected a call of forward and backward before, received none")
        return self._pass

    def _apply_gradients(self, optimizer: Optimizer) -> None:
        current = self._get_gradient_pass()
        state = self._get_state(optimizer)
        state.set_hyperparameters(_lowering.lower_optimizer(optimizer, state.step)[1])
        current.apply(state)


def _check_input_size(source: Input, in_size: int | None) -> None:
    if in_size not in (None, source.size):
        raise ValueError(f"input_shape: expected {source.size} features, as the Input has, received {in_size}")
