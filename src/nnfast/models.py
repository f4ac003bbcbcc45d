"""models: `Sequential`, a stack of layers that can be trained, and `load_model`."""

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from nnfast import _core, _lowering, _validation, losses, optimizers
from nnfast._lowering import Objective, Plan
from nnfast._stack import Stack
from nnfast.callbacks.callback import Callback, CallbackList, History, Logs, check_callbacks
from nnfast.callbacks.progress import check_verbosity, choose_display, describe, report
from nnfast.data.sparse import as_samples
from nnfast.exceptions import NotReadyError
from nnfast.layers import Layer, check_layers
from nnfast.losses import Loss
from nnfast.metrics import Metric, get_metrics
from nnfast.optimizers import Optimizer
from nnfast.saving.model_file import Compiled, SavedModel, read_model, write_model
from nnfast.saving.tensor_file import StrPath, make_file_error
from nnfast.training import Examples, Fit, Learner, prepare_examples, prepare_pair, split_examples


class Sequential(Stack):
    """A stack of layers, each fed by the one before.

    Parameters
    ----------
    layers : list of Layer, optional
        An `Input` may stand first; without one the first data, or `build`, tell the number of features.
    seed : int, optional
        What first weights, shuffling and dropout are drawn from, in [0, 2**64). None draws one, kept in ``seed``: the
        same layers, seed, data and calls give the same bits on every machine, with any number of threads.
    dtype : {"float32", "float64"}
        Of weights and all arithmetic; data may be of another.
    name : str, optional
        What `summary` calls it.

    Attributes
    ----------
    seed : int
        See above.
    optimizer, loss, metrics
        What `compile` was told, as objects; None, None and () before.
    history : History or None
        Of the last `fit`, up to where it ended.
    stop_training : bool
        Set to True by a callback, it ends the training.

    Examples
    --------
    >>> import numpy as np
    >>> from nnfast import Sequential
    >>> from nnfast.layers import Dense, Input
    >>> from nnfast.optimizers import Adam
    >>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> y = np.array([0, 1, 1, 0])
    >>> model = Sequential([Input(2), Dense(8, "tanh"), Dense(1, "sigmoid")], seed=1)
    >>> model.compile(Adam(0.05), "binary_crossentropy", ["accuracy"])
    >>> history = model.fit(x, y, batch_size=4, epochs=200, verbose=0)
    >>> model.predict(x).round().ravel().tolist()
    [0.0, 1.0, 1.0, 0.0]
    """

    def __init__(
        self,
        layers: Iterable[Layer] | None = None,
        *,
        seed: int | None = None,
        dtype: DTypeLike = "float32",
        name: str | None = None,
    ) -> None:
        self.optimizer: Optimizer | None = None
        self.loss: Loss | None = None
        self.metrics: tuple[Metric, ...] = ()
        self.history: History | None = None
        self.stop_training = False
        self._learner: Learner | None = None
        super().__init__(layers, seed=seed, dtype=dtype, name=name)

    def compile(
        self,
        optimizer: str | Optimizer = "adam",
        loss: str | Loss | None = None,
        metrics: Sequence[str | Metric] | None = None,
    ) -> None:
        """Choose what to train for, and how. What an optimizer remembered of the model is forgotten, the weights stay.

        Parameters
        ----------
        optimizer : str or Optimizer
            "adam", or "sgd", or an object. (Keras' default is "rmsprop", which is not here yet.)
        loss : str or Loss, optional
            What training makes small. Without one the model cannot be fitted, only used with `forward` and `backward`.
        metrics : list of str or Metric, optional
            What is reported beside the loss.

        Raises
        ------
        ValueError
            If a name is unknown, or loss and metrics do not go with the last layer.
        """
        chosen = optimizers.get(optimizer), None if loss is None else losses.get(loss), get_metrics(metrics)
        plan = self._plan and _lowering.lower_layers(self._stack, self._plan.in_size)
        objective = plan and chosen[1] and _lowering.lower_objective(chosen[1], chosen[2], plan)
        if plan:
            self._install(plan, self.get_weights())
        self.optimizer, self.loss, self.metrics = chosen
        self._learner = self._make_learner(objective) if objective else None

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = 32,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, Any] | None = None,
        shuffle: bool = True,
        *,
        initial_epoch: int = 0,
    ) -> History:
        """Train.

        Parameters
        ----------
        x : array-like or SciPy CSR matrix of shape (n_samples, n_features)
            Finite numbers. uint8, float32 and float64 are read where they lie; others are converted first.
        y : array-like
            Class labels of shape (n_samples,) for sparse categorical cross-entropy; else (n_samples, n_outputs), or
            (n_samples,) for one output.
        batch_size : int, optional
            The samples of one step; None is 32.
        epochs : int
            The number of the last epoch, counted from 1.
        verbose : {"auto", 0, 1, 2}
            0 is silent; 1 and "auto" show a bar if rich is installed and standard output a terminal, else a line an
            epoch; 2 shows lines.
        callbacks : list of Callback, optional
            What listens.
        validation_split : float
            The share of samples, the last ones before any shuffling, that is measured after each epoch, not trained on.
        validation_data : (x, y), optional
            What is measured instead of such a share.
        shuffle : bool
            Whether each epoch goes through the samples in an order of its own, drawn from seed and number of the epoch.
            Epochs count on from one call to the next: five calls give the bits of one call with five epochs.
        initial_epoch : int
            How many epochs to count as done already.

        Returns
        -------
        History
            Its ``history`` has a list of numbers an epoch for "loss", each metric, and "val_" of each.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described; nothing is changed then.
        NotFiniteError
            If the loss of a batch becomes NaN or infinite; the weights are those that the batch before left.
        """
        epochs = _validation.check_integer("epochs", epochs, 1, 2**31)
        initial_epoch = _validation.check_integer("initial_epoch", initial_epoch, 0, epochs)
        size = 32 if batch_size is None else _validation.check_integer("batch_size", batch_size, 1)
        verbosity = check_verbosity(verbose)
        listeners = check_callbacks(callbacks)
        share = _validation.check_real("validation_split", validation_split, "[0, 1)")
        is_shuffled = _validation.check_bool("shuffle", shuffle)
        examples, objective = self._prepare(x, y)
        validation = None
        if validation_data is not None:
            validation = prepare_pair(validation_data, objective, examples.x.shape[1])
        elif share:
            examples, validation = split_examples(examples, share)
        learner = self._get_learner(examples, objective)
        size = min(size, len(examples.x))
        self.history, self.stop_training = History(), False
        params = {"verbose": verbosity, "epochs": epochs, "steps": -(-len(examples.x) // size)}
        everyone = CallbackList([*listeners, *choose_display(verbosity), self.history], self, params)
        Fit(self, learner, examples, validation, size, range(initial_epoch, epochs), is_shuffled, everyone).run()
        return self.history

    def evaluate(
        self, x: Any, y: Any, batch_size: int | None = None, verbose: int | str = "auto", *, return_dict: bool = False
    ) -> float | list[float] | Logs:
        """Measure loss and metrics, dropout off.

        Parameters
        ----------
        x, y : array-like
            As for `fit`.
        batch_size : int, optional
            Taken for Keras' sake: rows do not depend on each other.
        verbose : {"auto", 0, 1, 2}
            All but 0 report the result.
        return_dict : bool
            Whether to return a dict of all.

        Returns
        -------
        float or list of float or dict
            The loss; a list of loss and metrics if there are metrics; or a dict of them.
        """
        if batch_size is not None:
            _validation.check_integer("batch_size", batch_size, 1)
        verbosity = check_verbosity(verbose)
        examples, objective = self._prepare(x, y)
        logs = self._get_learner(examples, objective).evaluate(examples)
        if verbosity:
            report(f"Evaluated {len(examples.x)} rows - {describe(logs)}")
        return _return_logs(logs, return_dict)

    def train_on_batch(self, x: Any, y: Any, *, return_dict: bool = False) -> float | list[float] | Logs:
        """Take one step with all the rows given; dropout counts it as an epoch.

        Parameters
        ----------
        x, y : array-like
            As for `fit`.
        return_dict : bool
            Whether to return a dict.

        Returns
        -------
        float or list of float or dict
            Loss, and metrics, before the step; see `evaluate`.
        """
        examples, objective = self._prepare(x, y)
        return _return_logs(self._get_learner(examples, objective).train_on_batch(self, examples), return_dict)

    def save(self, path: StrPath) -> None:
        """Write the model to a safetensors file: layers, weights, and if compiled what goes on training needs.

        Parameters
        ----------
        path : str or path
            The file; one that is there is replaced at once, or on an error not at all.

        Raises
        ------
        NotReadyError
            If the model has no weights yet.
        OSError
            If the file cannot be written.
        """
        plan, _ = self._get_built()
        model = SavedModel(
            name=self.name,
            dtype=self.dtype,
            seed=self.seed,
            epochs_done=self._epochs_done,
            in_size=plan.in_size,
            layers=tuple(self._stack),
            weights=tuple(self.get_weights()),
            compiled=self._describe_compiled(plan, self.optimizer) if self.optimizer else None,
        )
        write_model(path, model)

    # ---- inside ----

    def _install(self, plan: Plan, weights: Sequence[ArrayLike]) -> None:
        super()._install(plan, weights)
        self._learner = None

    def _prepare(self, x: Any, y: Any) -> tuple[Examples, Objective]:
        """Check samples and targets without changing anything."""
        if self.loss is None:
            raise NotReadyError("model: expected compile(loss=...) before this call, received a model without a loss")
        features = as_samples(x, n_features=self._in_size)
        if self._learner:
            objective = self._learner.objective
        else:
            plan = self._plan or _lowering.lower_layers(self._stack, features.shape[1])
            objective = _lowering.lower_objective(self.loss, self.metrics, plan)
        return prepare_examples(features, y, objective, ("x", "y")), objective

    def _get_learner(self, examples: Examples, objective: Objective) -> Learner:
        """Return what trains; a model that is not built yet is built for the examples."""
        self._get_built(examples.x.shape[1])
        self._learner = self._learner or self._make_learner(objective)
        return self._learner

    def _make_learner(self, objective: Objective) -> Learner:
        plan, network = self._get_built()
        optimizer = self.optimizer or optimizers.get("adam")
        state = self._get_state(optimizer)
        trainer = _core.Trainer(network, state, objective.loss, objective.metrics)
        return Learner(optimizer, state, objective, trainer, plan.names)

    def _describe_compiled(self, plan: Plan, optimizer: Optimizer) -> Compiled:
        state = self._get_state(optimizer)
        slots = tuple(
            tuple(state.get_state(parameter.layer, parameter.name, slot) for parameter in plan.parameters)
            for slot in range(_lowering.count_slots(optimizer))
        )
        return Compiled(optimizer, self.loss, self.metrics, state.step, slots)

    def _restore(self, saved: SavedModel, with_compiled: bool) -> None:
        """Become the model of a file."""
        stack = check_layers(saved.layers)
        self._install(_lowering.lower_layers(stack, saved.in_size), saved.weights)
        self._stack, self._epochs_done = stack, saved.epochs_done
        if not (saved.compiled and with_compiled):
            return
        self.compile(saved.compiled.optimizer, saved.compiled.loss, saved.compiled.metrics)
        state = self._get_state(saved.compiled.optimizer)
        state.step = saved.compiled.step
        for slot, arrays in enumerate(saved.compiled.slots):
            for parameter, values in zip(self._get_built()[0].parameters, arrays, strict=True):
                state.set_state(parameter.layer, parameter.name, slot, values)


def load_model(path: StrPath, compile: bool = True) -> Sequential:  # noqa: A002
    """Read a model that ``save`` wrote.

    Parameters
    ----------
    path : str or path
        The file.
    compile : bool
        Whether to compile it as it was; then training goes on as if it had never stopped, to the bit.

    Returns
    -------
    Sequential

    Raises
    ------
    ModelFileError
        If the file is damaged, cut short, or not one of nnfast's.
    OSError
        If it cannot be read.
    """
    with_compiled = _validation.check_bool("compile", compile)
    saved = read_model(path)
    try:
        model = Sequential(seed=saved.seed, dtype=saved.dtype, name=saved.name)
        model._restore(saved, with_compiled)
    except ValueError as error:
        raise make_file_error(path, f"one with a bad description: {error}") from error
    return model


def _return_logs(logs: Logs, return_dict: bool) -> float | list[float] | Logs:
    if return_dict:
        return logs
    return list(logs.values()) if len(logs) > 1 else logs["loss"]
