"""_compiled: a stack with what it is trained for, and the data that are for it."""

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from nnfast import _examples, _lowering, _sources, _validation, losses, optimizers, training
from nnfast._examples import Examples
from nnfast._lowering import Objective, Plan
from nnfast._passes import Passes
from nnfast._sources import Portion, Source, Streamed, TrainingData, ValidationPlan, Whole
from nnfast.data.features import Features
from nnfast.data.streams import Order, Stream, check_no_steps, check_steps, is_stream
from nnfast.exceptions import NotReadyError
from nnfast.layers import Layer
from nnfast.losses import Loss, LossFunction
from nnfast.metrics import Metric, get_metrics
from nnfast.optimizers import Optimizer


class Compiled(Passes):
    """The base of `Sequential`: what is known of its training before any data come."""

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
        self.weighted_metrics: tuple[Metric, ...] = ()
        self._learner: training.Learner | None = None
        super().__init__(layers, seed=seed, dtype=dtype, name=name)

    def compile(
        self,
        optimizer: str | Optimizer = "adam",
        loss: str | Loss | LossFunction | None = None,
        metrics: Sequence[Any] | None = None,
        weighted_metrics: Sequence[Any] | None = None,
    ) -> None:
        """Choose what to train for, and how. What an optimizer remembered of the model is forgotten, the weights stay.

        Parameters
        ----------
        optimizer : str or Optimizer
            A name like "adam" or "sgd", or an object. (Keras' default is "rmsprop".)
        loss : str, Loss or callable, optional
            What training makes small; a function gives loss and gradient, see `losses.CallableLoss`. Without one the
            model cannot be fitted, only used with `forward` and `backward`.
        metrics : list of str, Metric or callable, optional
            What is reported beside the loss; a function is called as ``f(y_true, y_pred)`` and returns a number.
        weighted_metrics : list of str, Metric or callable, optional
            The same, of rows that count by their weights. Those in `metrics` do not.

        Raises
        ------
        ValueError
            If a name is unknown, or loss and metrics do not go with the last layer.
        """
        chosen = optimizers.get(optimizer), None if loss is None else losses.get(loss)
        reported = get_metrics(metrics, weighted_metrics)
        plan = self._plan and _lowering.lower_layers(self._stack, self._plan.in_size)
        objective = plan and chosen[1] and _lowering.lower_objective(chosen[1], reported, plan)
        before = dict(vars(self))
        try:
            if plan:
                self._install(plan, self.get_weights())
            (self.optimizer, self.loss), (self.metrics, self.weighted_metrics) = chosen, reported
            self._learner = self._make_learner(objective) if objective else None
        except BaseException:  # memory is short
            vars(self).update(before)
            raise

    # ---- inside ----

    def _install(self, plan: Plan, weights: Sequence[ArrayLike]) -> None:
        super()._install(plan, weights)
        self._learner = None

    def _prepare(self, x: Any, y: Any, sample_weight: Any) -> tuple[Examples, Objective, Features]:
        """Check samples, targets and weights without changing anything."""
        self._check_loss()
        features = self._get_features()
        samples = features.read(x)
        if y is None:
            raise _validation.mismatch("y", "targets, as x is an array", y)
        objective = self._lower_objective(samples.shape[1])
        examples = _examples.prepare_examples(samples, y, objective, ("x", "y", "sample_weight"), sample_weight)
        return examples, objective, features

    def _open_stream(self, stream: Stream, class_weight: Any = None) -> tuple[Streamed, Objective]:
        """Return a source of what a stream gives; a model that is not built waits for the first of it."""
        self._check_loss()
        features = self._get_features()
        if features.n is None:
            first = stream.peek()
            features.read(first.x, f"x{first.place}", first.names)
            assert features.n is not None
        objective = self._lower_objective(features.n)
        return Streamed(stream, objective, features, class_weight), objective

    def _open(self, x: Any, y: Any, sample_weight: Any, steps: int | None) -> tuple[Source, Objective]:
        """Return a source of what is to be measured."""
        if is_stream(x):
            _sources.check_streamed(y=y, sample_weight=sample_weight)
            return self._open_stream(Stream(x, check_steps("steps", steps)))
        check_no_steps("steps", steps)
        examples, objective, _ = self._prepare(x, y, sample_weight)
        return _sources.make_whole(examples), objective

    def _open_training(
        self, data: TrainingData, steps: int | None, plan: ValidationPlan
    ) -> tuple[Source, Source | None, Objective]:
        """Return a source of what is to be trained on, and of what validates."""
        source: Source
        if is_stream(data.x):
            _sources.check_streamed(y=data.y, sample_weight=data.sample_weight, validation_split=plan.share or None)
            order = Order(lambda: self.seed, lambda: self._epochs_done) if data.shuffle else None
            stream = Stream(data.x, check_steps("steps_per_epoch", steps), order=order)
            source, objective = self._open_stream(stream, _sources.check_class_weight(data.class_weight))
            return source, plan.open(objective, source.features), objective
        check_no_steps("steps_per_epoch", steps)
        examples, objective, features = self._prepare(data.x, data.y, data.sample_weight)
        names = features.names
        examples, validation = plan.cut(examples, objective, features)
        examples = _examples.weigh_classes(examples, data.class_weight, objective)
        source = Whole(Portion(examples, min(data.batch_size, len(examples.x)), data.shuffle, names))
        return source, validation, objective

    def _check_loss(self) -> None:
        if self.loss is None:
            raise NotReadyError("model: expected compile(loss=...) before this call, received a model without a loss")

    def _lower_objective(self, n_features: int) -> Objective:
        """Return loss and metrics for samples of a number of features, which may be the first ones."""
        if self._learner:
            return self._learner.objective
        assert self.loss is not None
        plan = self._plan or _lowering.lower_layers(self._stack, n_features)
        return _lowering.lower_objective(self.loss, (self.metrics, self.weighted_metrics), plan)

    def _get_learner(self, n_features: int, objective: Objective) -> training.Learner:
        """Return what trains; a model that is not built yet is built for the features."""
        self._get_built(n_features)
        self._learner = self._learner or self._make_learner(objective)
        return self._learner

    def _make_learner(self, objective: Objective) -> training.Learner:
        plan, network = self._get_built()
        optimizer = self.optimizer or optimizers.get("adam")
        state = self._get_state(optimizer)
        trainer = training.make_trainer(network, optimizer, state, objective)
        return training.Learner(optimizer, state, objective, trainer, plan.names)
