"""_base: what both estimators are: parameters, first weights, the fit, and the outputs of the network."""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from nnfast import _core, config
from nnfast.callbacks.callback import CallbackList, check_callbacks
from nnfast.data.arrays import as_rows
from nnfast.data.containers import as_known
from nnfast.losses import Loss
from nnfast.models import Sequential
from nnfast.sklearn import _parameters
from nnfast.sklearn._bridge import Bridge, CallbackSupportMixin
from nnfast.sklearn._exchange import Exchange
from nnfast.sklearn._lbfgs import run_lbfgs
from nnfast.sklearn._rows import Rows, measure_poisson_offset
from nnfast.sklearn._watch import Watch

Array = NDArray[Any]

_ARRAYS: dict[str, Any] = {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32)}


class BaseMLP(Exchange, CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """The base of both. The network is a `Sequential`, in ``_model``, made when first needed."""

    loss: Any
    n_outputs_: int
    out_activation_: str

    def _take(self, arguments: dict[str, Any]) -> None:
        """Keep the arguments of a constructor."""
        for name in self._get_param_names():
            setattr(self, name, arguments[name])

    # ---- weights ----

    @property
    def coefs_(self) -> list[Array]:
        """Kernels, of shape (n_in, n_out). Those that are set, or written to, count from the next call on."""
        return self._get_weights(0)

    @coefs_.setter
    def coefs_(self, values: list[Any]) -> None:
        self.__dict__.setdefault("_weights", [None, None])[0] = values

    @property
    def intercepts_(self) -> list[Array]:
        """Biases, of shape (n_out,). Those that are set, or written to, count from the next call on."""
        return self._get_weights(1)

    @intercepts_.setter
    def intercepts_(self, values: list[Any]) -> None:
        self.__dict__.setdefault("_weights", [None, None])[1] = values

    @property
    def model_(self) -> Sequential:
        """The network: to save, to show, or to ask for one row in microseconds by `predict_one`."""
        if not hasattr(self, "coefs_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'model_' before fit")
        return self._get_model()

    def _get_weights(self, kind: int) -> list[Array]:
        """Return kernels or biases, which from then on may have been changed."""
        weights = vars(self).get("_weights", [None, None])
        if weights[kind] is None:
            if not hasattr(self, "_model"):
                name = ("coefs_", "intercepts_")[kind]
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r} before fit")
            weights[kind] = self._model.get_weights()[kind::2]
            self._weights = weights
        values: list[Array] = weights[kind]
        return values

    def _get_model(self, seed: int = 0, dtype: Any = "float64") -> Sequential:
        """Return the network with the weights that were set, if any; one that is not there is made."""
        if not hasattr(self, "_model"):
            layers = _parameters.make_layers(self, len(self.coefs_[0]), self.n_outputs_)
            self._model = Sequential(layers, seed=seed, dtype=dtype)
        if hasattr(self, "_weights"):
            pairs = zip(self.coefs_, self.intercepts_, strict=True)
            self._model.set_weights([np.asarray(array, self._model.dtype) for pair in pairs for array in pair])
        return self._model

    def _renew_model(self, seed: int, dtype: Any) -> Sequential:
        """Return the network; of parameters that say something else by now one that has learned the same."""
        model, layout = self._get_model(seed, dtype), _parameters.describe_layout(self)
        if layout != getattr(self, "_layout", layout):
            layers = _parameters.make_layers(self, model._get_built()[0].in_size, self.n_outputs_)
            self._model = Sequential()
            self._model.__setstate__(model.__getstate__() | {"_stack": layers})
        self._layout = layout
        return self._model

    # ---- fitting ----

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: tuple[Any, Any, Any] | None = None,
        *,
        goes_on: bool = False,
    ) -> Self:
        """Fit; ``goes_on`` is what ``partial_fit`` is."""
        _parameters.check_parameters(self)
        if goes_on and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        keeps_weights = (goes_on or self.warm_start) and (hasattr(self, "_model") or hasattr(self, "_weights"))
        is_first = not (keeps_weights and hasattr(self, "n_outputs_"))
        X, y = self._check_arrays(X, y, is_first)
        self._learn_labels(y, goes_on)
        rows = Rows(X, y, self._weigh(X, y, sample_weight, goes_on))
        with config.limit_threads(self.n_threads):
            random_state = check_random_state(self.random_state)
            if is_first:
                self._begin(rows, None if keeps_weights else random_state)
            self._run(rows, self._check_validation(validation), random_state, goes_on)
        return self

    def _run(self, rows: Rows, validation: Rows | None, random_state: np.random.RandomState, goes_on: bool) -> None:
        loss = _parameters.make_loss(self.loss, self.out_activation_, self.n_outputs_)
        if self.early_stopping and validation is None and self.solver != "lbfgs":
            rows, validation = rows.split(self.validation_fraction, self._choose_strata(rows.y), random_state)
        model = self._renew_model(random_state.randint(2**31 - 1), rows.X.dtype)
        self.__dict__.pop("_weights", None)  # the network has them
        if self.solver == "lbfgs":
            bridges = CallbackList(self._make_bridges(rows, goes_on), model, {})
            bridges.call("on_train_begin")
            run_lbfgs(self, loss, self._encode_rows(rows, loss))
            bridges.call("on_train_end")
        else:
            if not (goes_on and hasattr(self, "_optimizer")):
                model.compile(_parameters.make_optimizer(self), loss)
                self._optimizer = model.optimizer
            self._run_epochs(rows, validation, goes_on)

    def _begin(self, rows: Rows, random_state: np.random.RandomState | None) -> None:
        """Draw first weights, unless there are some that were set, and forget everything that was before."""
        self._choose_outputs(rows.y)
        units = [rows.X.shape[1], *_parameters.list_sizes(self), self.n_outputs_]
        if random_state:
            self.__dict__.pop("_model", None)
            self.__dict__.pop("_layout", None)
            weights = _parameters.draw_weights(self, random_state, units, rows.X.dtype)
            self.coefs_, self.intercepts_ = weights[::2], weights[1::2]
        self.n_layers_, self.n_iter_, self.t_ = len(units), 0, 0
        if self.solver != "lbfgs":
            self._begin_curves()

    def _begin_curves(self) -> None:
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.best_loss_ = None if self.early_stopping else np.inf
        self.best_validation_score_ = -np.inf if self.early_stopping else None
        self.validation_scores_: list[float] | None = None
        self.validation_loss_curve_: list[float] | None = None

    def _run_epochs(self, rows: Rows, validation: Rows | None, goes_on: bool) -> None:
        model, loss = self._model, self._model.loss
        assert loss
        if not hasattr(self, "loss_curve_") or (self.best_loss_ is None) != self.early_stopping:
            self._begin_curves()  # of a warm start with another solver, or another end
        if validation:
            self.validation_scores_ = self.validation_scores_ or []
            self.validation_loss_curve_ = self.validation_loss_curve_ or []
        offsets = self._measure_offset(rows), self._measure_offset(validation)
        watch = Watch(self, rows.X.shape[0], validation, offsets)
        self.n_iter_ = 0
        encoded, encoded_validation = (self._encode_rows(each, loss) if each else None for each in (rows, validation))
        assert encoded
        try:
            model.fit(
                encoded.X,
                encoded.y,
                batch_size=self._choose_batch_size(rows.X.shape[0]),
                epochs=1 if goes_on else self.max_iter,
                verbose=0,
                callbacks=[watch, *self._make_bridges(rows, goes_on), *check_callbacks(self.callbacks)],
                validation_data=encoded_validation and tuple(encoded_validation),
                shuffle=self.shuffle,
                sample_weight=encoded.weights,
            )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
        watch.finish(None if goes_on else self.max_iter)

    def _measure_offset(self, rows: Rows | None) -> float:
        return measure_poisson_offset(rows.y, rows.weights) if rows and self.out_activation_ == "exp" else 0.0

    def _make_bridges(self, rows: Rows, goes_on: bool) -> list[Bridge]:
        if goes_on or not getattr(self, "_skl_callbacks", None):
            return []
        n_epochs = 0 if self.solver == "lbfgs" else self.max_iter
        return [Bridge(self, self._init_callback_context(max_subtasks=n_epochs), rows)]

    def _choose_batch_size(self, n_rows: int) -> int:
        if self.batch_size == "auto":
            return min(200, n_rows)
        if self.batch_size > n_rows:
            warnings.warn(
                f"batch_size: expected at most the number of rows, {n_rows}, received {self.batch_size}; it is clipped",
                stacklevel=6,
            )
        return int(min(self.batch_size, n_rows))

    # ---- data ----

    def _check_arrays(self, X: Any, y: Any, is_first: bool) -> tuple[Any, Array]:
        """Return samples and labels as arrays, and keep or compare the features' names and number."""
        numeric = {"y_numeric": True} if self._takes_numbers() else {}
        X, y = as_known(X, "X"), as_known(y, "y")
        X, y = validate_data(self, X, y, multi_output=True, reset=is_first, **_ARRAYS, **numeric)
        return X, self._check_labels(y)

    def _check_validation(self, validation: tuple[Any, Any, Any] | None) -> Rows | None:
        X, y, weights = validation or (None, None, None)
        if X is None and y is None and weights is None:
            return None
        if X is None or y is None:
            raise ValueError("X_val, y_val: expected both or neither, received one of them alone")
        if self.solver == "lbfgs":
            raise ValueError("X_val: expected None with solver='lbfgs', which has no epochs, received rows")
        X, y = self._check_arrays(X, y, False)
        return Rows(X, y, None if weights is None else _check_weights(weights, X, "sample_weight_val"))

    def _weigh(self, X: Any, y: Array, sample_weight: Any, goes_on: bool) -> Array | None:
        return None if sample_weight is None else _check_weights(sample_weight, X)

    def _encode_rows(self, rows: Rows, loss: Loss) -> Rows:
        return rows._replace(y=self._encode(rows.y, loss))

    def _check_labels(self, y: Array) -> Array:
        raise NotImplementedError

    def _takes_numbers(self) -> bool:
        raise NotImplementedError

    def _learn_labels(self, y: Array, goes_on: bool) -> None:
        """Find, or compare, the classes."""

    def _choose_outputs(self, y: Array) -> None:
        """Set ``n_outputs_`` and ``out_activation_``."""
        raise NotImplementedError

    def _choose_strata(self, y: Array) -> Array | None:
        return None

    def _encode(self, y: Array, loss: Loss) -> Array:
        """Return labels as the network's targets."""
        raise NotImplementedError

    # ---- predicting ----

    def _compute_outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        if not self._is_plain(X):
            X = validate_data(self, as_known(X, "X"), accept_sparse=_ARRAYS["accept_sparse"], reset=False)
        with config.limit_threads(self.n_threads):
            return self._get_model().predict(X)

    def _is_plain(self, X: Any) -> bool:
        """Return whether there is nothing to be said against an array: ten times as fast as asking scikit-learn."""
        if type(X) is not np.ndarray or X.dtype not in _ARRAYS["dtype"] or X.ndim != 2 or len(X) == 0:
            return False
        has_features = X.shape[1] == self.n_features_in_ and not hasattr(self, "feature_names_in_")
        return has_features and _core.find_not_finite(as_rows(X)) < 0

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _check_weights(weights: Any, X: Any, name: str = "sample_weight") -> Array:
    checked: Array = _check_sample_weight(as_known(weights, name), X)
    return checked
