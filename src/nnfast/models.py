"""models: `Sequential`, a stack of layers that can be trained, and `load_model`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from numpy.typing import DTypeLike

from nnfast import _examples, _validation, training
from nnfast._class_weights import ClassWeight
from nnfast._compiled import Compiled
from nnfast._fit import Fit
from nnfast._fit_request import FitRequest, check_request
from nnfast._persistence import check_same, describe_model, restore_model, restore_training
from nnfast.callbacks.callback import Callback, CallbackList, History, Logs
from nnfast.callbacks.progress import check_verbosity, choose_display, describe, report
from nnfast.layers import Layer
from nnfast.saving.model_file import SavedModel, read_model, write_model
from nnfast.saving.tensor_file import StrPath, make_file_error
from nnfast.saving.training_state import TrainingState


class Sequential(Compiled):
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
    optimizer, loss, metrics, weighted_metrics
        What `compile` was told, as objects; None, None and () before.
    history : History or None
        Of the last `fit`, up to where it ended.
    stop_training : bool
        Set to True by a callback, it ends the training.
    metadata : dict
        Plain data of your own, as names of classes, that `save` writes into the model's file.
    feature_names : tuple of str or None
        The names of the columns of the first frame that was trained on; None before. Frames that come later must have
        them too, in this order; arrays have no names and are taken as they are. Can be set, to a list of texts too.

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
        self.history: History | None = None
        self.stop_training = False
        super().__init__(layers, seed=seed, dtype=dtype, name=name)

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = 32,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: ClassWeight | None = None,
        sample_weight: Any = None,
        *,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        resume: StrPath | None = None,
    ) -> History:
        """Train.

        Parameters
        ----------
        x : array-like, frame or SciPy CSR matrix of shape (n_samples, n_features)
            Finite numbers. uint8, float32 and float64 are read where they lie; others are converted first.

            Or a stream of batches ``(x, y)`` or ``(x, y, sample_weight)``: `nnfast.data.Batches`, a generator or
            another iterator, an iterable that each epoch begins anew (a DataLoader of PyTorch's), or an object with
            ``len`` and items (a PyDataset of Keras'), whose ``on_epoch_begin`` and ``on_epoch_end`` are called if there
            are such. The next batches are read on a second thread while the core trains. `y`, `sample_weight` and
            `validation_split` are not for streams, and `batch_size` does not count.
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
        validation_data : (x, y), (x, y, sample_weight) or a stream of such batches, optional
            What is measured instead of such a share.
        shuffle : bool
            Whether each epoch goes through the samples in an order of its own, drawn from seed and number of the epoch.
            Epochs count on from one call to the next: five calls give the bits of one call with five epochs, unless an
            optimizer with ``use_ema`` ends each with the average. Of an object with items the order of the batches is
            drawn; other streams come as they are.
        class_weight : dict of int to float, "balanced", or list of dict, optional
            What rows of a class weigh, 1 where the dict does not say: the class is the label, the place of the 1 in
            one-hot rows, or the only output's target. "balanced" is n_samples / (n_classes * count), as in
            scikit-learn. Of several outputs with binary cross-entropy each is weighed alone: a dict then says what an
            output weighs, a list has for each output a dict of its classes 0 and 1, and "balanced" is by output. (Keras
            takes a row's first label for its class; scikit-learn multiplies the outputs' weights to one for the row.)
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
            What the loss of each row is multiplied by, beside its class's weight; >= 0. The mean is over the number of
            rows, as in Keras; PyTorch divides by the sum of the weights. The second shape, which Keras does not have,
            weighs each output, where the loss is made of single outputs' losses.
        initial_epoch : int
            How many epochs to count as done already.
        steps_per_epoch, validation_steps : int, optional
            The batches of an epoch, and of a validation, of a stream; None is all, until it ends. The next epoch goes
            on where this one ended.
        validation_freq : int or list of int
            Every how many epochs there is a validation, or after which epochs, counted from 1.
        resume : str or path, optional
            A file that `callbacks.ModelCheckpoint` or `callbacks.BackupAndRestore` wrote in a call like this one, of a
            model like this one. Training goes on from there, in the middle of an epoch too: weights, optimizer state
            and history end with the bits that they would have had without the interruption; what a `BackupAndRestore`
            finds comes before it. If the optimizer's learning rate is another than that training began with, a warning
            says so, and the checkpoint's goes on. `initial_epoch` may be no later than the checkpoint's epoch. See
            docs/checkpoints.md.

        Returns
        -------
        History
            Its ``history`` has a list of numbers an epoch for "loss", each metric, and ``"val_"`` before each.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, or `resume` is of another training; nothing is changed then. A batch of
            a stream that is not as described ends training when its turn comes, and so does an error of the stream's
            own.
        ModelFileError
            If the file to resume from is damaged, cut short, or no checkpoint.
        NotFiniteError
            If the loss of a batch becomes NaN or infinite; the weights are those that the batch before left.
        """
        request = FitRequest(
            x, y, batch_size, epochs, verbose, callbacks, validation_split, validation_data, shuffle, class_weight,
            sample_weight, initial_epoch, steps_per_epoch, validation_steps, validation_freq, resume,
        )  # fmt: skip
        fit = self._check_fit(request)()
        history = self.history
        fit.run()
        assert history
        return history

    def _check_fit(self, request: FitRequest) -> Callable[[], Fit]:
        """Check what is asked without changing anything, and return what begins it."""
        asked = check_request(request)
        source, validation, objective = self._open_training(asked.data, request.steps_per_epoch, asked.plan)

        def begin() -> Fit:
            learner = self._get_learner(source.n_features, objective)
            learner.try_weights(source, validation)
            history = History()
            params = {"verbose": asked.verbosity, "epochs": asked.epochs.stop, "steps": source.n_batches}
            everyone = [*asked.callbacks, *choose_display(asked.verbosity), history]
            listeners = CallbackList(everyone, self, params)
            fit = Fit(self, learner, source, validation, asked.epochs, asked.validated, listeners)
            if request.resume is not None:
                fit.resume(request.resume)
            self.history, self.stop_training = history, False
            return fit

        return begin

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        *,
        return_dict: bool = False,
    ) -> float | list[float] | Logs:
        """Measure loss and metrics, dropout off.

        Parameters
        ----------
        x, y : array-like, or a stream of batches alone
            As for `fit`.
        batch_size : int, optional
            Taken for Keras' sake: rows do not depend on each other.
        verbose : {"auto", 0, 1, 2}
            All but 0 report the result.
        sample_weight : array-like of shape (n_samples,), optional
            As for `fit`.
        steps : int, optional
            How many batches of a stream are measured; None is all.
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
        source, objective = self._open(x, y, sample_weight, steps)
        tally = self._get_learner(source.n_features, objective).evaluate(source)
        logs = tally.make_logs()
        if verbosity:
            report(f"Evaluated {tally.n_rows} rows - {describe(logs)}")
        return training.return_logs(logs, return_dict)

    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: ClassWeight | None = None,
        *,
        return_dict: bool = False,
    ) -> float | list[float] | Logs:
        """Take one step with all the rows given; dropout counts it as an epoch.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            As for `fit`.
        return_dict : bool
            Whether to return a dict.

        Returns
        -------
        float or list of float or dict
            Loss, and metrics, before the step; see `evaluate`.
        """
        examples, objective, features = self._prepare(x, y, sample_weight)
        examples = _examples.weigh_classes(examples, class_weight, objective)
        learner = self._get_learner(examples.x.shape[1], objective)
        logs = learner.train_on_batch(self, examples)
        self.feature_names = features.names
        return training.return_logs(logs, return_dict)

    def save(self, filepath: StrPath) -> None:
        """Write the model to a safetensors file: layers, weights, and if compiled what goes on training needs.

        Parameters
        ----------
        filepath : str or path
            The file; one that is there is replaced at once, or on an error not at all.

        Raises
        ------
        NotReadyError
            If the model has no weights yet.
        OSError
            If the file cannot be written.
        """
        write_model(filepath, describe_model(self))

    # ---- inside ----

    def _describe(self, training: TrainingState) -> SavedModel:
        return describe_model(self, training)

    def _check_same(self, saved: SavedModel, name: str) -> None:
        check_same(self, saved, name)

    def _restore(self, saved: SavedModel) -> None:
        restore_training(self, saved)

    def _restore_rate(self, saved: SavedModel) -> None:
        """Let the optimizer have the rate that callbacks gave it; a schedule is the same anyway."""
        assert self.optimizer
        assert saved.compiled
        self.optimizer.learning_rate = saved.compiled.optimizer.learning_rate


def load_model(filepath: StrPath, compile: bool = True) -> Sequential:  # noqa: A002
    """Read a model that ``save`` wrote.

    Parameters
    ----------
    filepath : str or path
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
    saved = read_model(filepath)
    try:
        model = Sequential(seed=saved.seed, dtype=saved.dtype, name=saved.name)
        restore_model(model, saved, with_compiled)
    except ValueError as error:
        raise make_file_error(filepath, f"one with a bad description: {error}") from error
    return model
