"""_passes: what a stack computes: predictions, and passes forward and back with steps for loops of one's own."""

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from nnfast import _core, _lowering, _validation
from nnfast._lowering import Plan
from nnfast._persistence import describe_attributes, restore_attributes
from nnfast._stack import Stack
from nnfast.callbacks.progress import check_verbosity, report
from nnfast.data.arrays import as_features, as_result, as_sample
from nnfast.data.containers import check_names, find_labels
from nnfast.data.features import Features
from nnfast.data.sparse import Samples, copy_samples
from nnfast.data.streams import Piece, Stream, check_no_steps, check_steps, is_stream
from nnfast.exceptions import NotReadyError
from nnfast.layers import Layer
from nnfast.optimizers import Optimizer

Array = NDArray[Any]


class Passes(Stack):
    """The base of `Sequential`: what can be done without knowing what the layers are trained for."""

    _pass: _core.Pass | None
    _pass_rows: int  # of the last forward
    _has_gradients: bool
    _states: WeakKeyDictionary[Optimizer, _core.Optimizer]

    def __init__(
        self,
        layers: Iterable[Layer] | None = None,
        *,
        seed: int | None = None,
        dtype: DTypeLike = "float32",
        name: str | None = None,
    ) -> None:
        self._forget_passes()
        super().__init__(layers, seed=seed, dtype=dtype, name=name)

    # ---- predictions ----

    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = 0, steps: int | None = None) -> Array:
        """Compute the outputs for samples. A row's output does not depend on the other rows, to the bit.

        Parameters
        ----------
        x : array-like or SciPy CSR matrix of shape (n_samples, n_features)
            NaN and infinity are allowed and travel to the outputs. Or a stream of batches ``x``, ``(x, y)`` or
            ``(x, y, sample_weight)``, see ``fit``.
        batch_size : int, optional
            Checked, and of no effect: the core cuts the rows by itself, and no row depends on how.
        verbose : {0, 1, 2, "auto"}
            All but 0 report the number of rows at the end.
        steps : int, optional
            How many batches of a stream are computed; None is all.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), of the model's dtype
        """
        if batch_size is not None:
            _validation.check_integer("batch_size", batch_size, 1)
        is_silent = check_verbosity(verbose) == 0
        if is_stream(x):
            out = self._predict_stream(Stream(x, check_steps("steps", steps), ("x",)))
        else:
            check_no_steps("steps", steps)
            out = self._predict(self._read(x))
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
            check_names("x", find_labels(x), self.feature_names)
            result = np.empty(network.out_size, self.dtype) if out is None else out
            network.predict_one(sample, as_result(result, n_outputs=network.out_size, dtype=self.dtype))
            return result

    # ---- loops of one's own ----

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
        features = self._read(x)
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

    # ---- copies and pickles ----

    def __getstate__(self) -> dict[str, Any]:
        return describe_attributes(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        restore_attributes(self, state)

    # ---- inside ----

    def _predict(self, features: Samples) -> Array:
        plan, network = self._get_built(features.shape[1])
        out = np.empty((len(features), plan.out_size), self.dtype)
        network.predict(features, out)
        return out

    def _predict_stream(self, stream: Stream) -> Array:
        features = self._get_features()
        if features.n is None:
            first = stream.peek()
            features.read(first.x, f"x{first.place}", first.names)
            self._get_built(features.n)

        def prepare(piece: Piece) -> Samples:
            samples = features.read(piece.x, f"x{piece.place}", piece.names)
            return samples if piece.is_lasting else copy_samples(samples)

        with stream.read(prepare) as pieces:
            return np.concatenate([self._predict(samples) for samples in pieces])

    def _read(self, x: Any) -> Samples:
        """Make the samples that the core reads; those that can have no names by the shortest way."""
        if type(x) is np.ndarray:
            return as_features(x, n_features=self._in_size)
        return self._get_features().read(x)

    def _get_features(self) -> Features:
        """Return what the samples of a call must be like."""
        return Features(self._in_size, self.feature_names)

    def _install(self, plan: Plan, weights: Sequence[ArrayLike]) -> None:
        super()._install(plan, weights)
        self._forget_passes()

    def _forget_passes(self) -> None:
        """Begin anew, and so does what optimizers remember."""
        self._pass, self._pass_rows, self._has_gradients = None, 0, False
        self._states = WeakKeyDictionary()

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
