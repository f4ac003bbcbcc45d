"""The compiled core as Python sees it. Only ``_lowering``, ``training`` and their neighbours talk to it.

Arrays handed in must be what ``data.arrays`` makes: 2-d, native byte order, elements of a row side by side,
dtype uint8, float32 or float64 (int32, one column, for class labels); or for samples what ``data.sparse`` makes. Shapes
and finiteness are the caller's to check with good messages; the core checks again and raises ValueError, tersely.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnfast.data.sparse import CsrRows

Array = NDArray[Any]
ParameterName = Literal["weights", "bias", "gamma", "beta", "mean", "variance"]

ACTIVATIONS: dict[str, str]
"""Name -> what the derivative is computed from: "output" or "input"."""
LOSSES: dict[str, tuple[str, ...]]
"""Name -> names of the parameters in order."""
ELEMENT_LOSSES: frozenset[str]
"""Those whose elements may have weights of their own."""
METRICS: dict[str, float]
"""Name -> its parameter by default."""
MAX_METRICS: int
OPTIMIZERS: dict[str, tuple[int, tuple[str, ...]]]
"""Rule -> (number of state slots, hyperparameter names in order)."""

Constraint = tuple[Literal["non_negative", "norm"], float, float, float]
"""Kind; of norms low, high, rate."""

class LayerSpec(NamedTuple):
    kind: Literal[
        "dense",
        "activation",
        "dropout",
        "rescaling",
        "batch_normalization",
        "layer_normalization",
        "normalization",
    ]
    out_size: int = 0
    use_bias: bool = True
    train_weights: bool = True
    train_bias: bool = True
    activation: str = "linear"
    parameter: float = 0.0
    rate: float = 0.0
    scale: float = 1.0
    offset: float = 0.0
    use_gamma: bool = True
    momentum: float = 0.99
    epsilon: float = 1e-3
    weights_penalty: tuple[float, float] = (0.0, 0.0)
    """(l1, l2)"""
    bias_penalty: tuple[float, float] = (0.0, 0.0)
    weights_constraint: Constraint | None = None
    bias_constraint: Constraint | None = None

class StepOptions(NamedTuple):
    """What a step does beside the rule; 0 bounds nothing, and an interval of 0 never ends."""

    clip_value: float = 0.0
    clip_norm: float = 0.0
    clip_global_norm: float = 0.0
    n_batches: int = 1
    """Whose mean gradient makes a step."""
    use_average: bool = False
    average_momentum: float = 0.0
    overwrite_interval: int = 0

class LossSpec(NamedTuple):
    name: str
    parameters: Sequence[float] = ()
    """In the order of the core's list."""
    reduction: Literal["mean", "sum", "weighted_mean"] = "mean"
    factor: float = 1.0
    """What the rows' losses that are told are multiplied by."""
    gradient_factor: float = 1.0
    """What gradients are multiplied by: the same, but for a loss that is told in another size."""
    divides_penalties: bool = False
    """Whether the penalty of a batch is divided as the sum of its rows' losses is."""

class Progress(NamedTuple):
    epoch: int
    """Epochs of this run that are finished."""
    batch: int
    n_batches: int
    loss: float

class Stats(NamedTuple):
    loss: float
    """Sum of the rows' losses, each times its weight."""
    metrics: tuple[float, ...]
    """Sums of the rows' values."""
    n_rows: int
    n_batches: int
    weight: float
    """Sum of the rows' weights."""
    penalty: float = 0.0
    """Sum over rows of what the parameters that their batch met added to its loss."""

class RunStopped(Exception):
    """A run that ended early."""

    reason: Literal["stopped", "not_finite", "label_out_of_range"]
    stats: list[Stats]
    """Of the finished epochs, and then of the unfinished one."""
    layer: int | None
    """For "not_finite": the lowest layer that gave NaN or an infinity for a row whose loss is not finite, of the first
    1,024 rows of the batch that hold such a row; -1 if the scaled input held one, the number of layers if only the loss
    was."""

Poll = Callable[[Progress], object]
"""Called about 20 times a second between batches; return False to stop. Exceptions (KeyboardInterrupt too) stop the
run at a batch border and are raised from run(), with its ``stats`` as an attribute."""

def get_isa() -> str: ...
def get_runnable_isas() -> tuple[str, ...]: ...
def set_isa(name: str) -> None:
    """For networks made from now on. ValueError if unknown or not runnable here."""

def get_num_threads() -> int: ...
def set_num_threads(n: int) -> None: ...
def limit_threads(n: int) -> int:
    """From now on this Python thread uses at most n threads, whatever is set; 0: no limit. Return the limit before."""

def count_usable_cores() -> int: ...
def measure_peak(dtype: str, n_threads: int) -> float:
    """GFLOP/s of multiply-adds in registers, on n_threads cores at once, of the instruction set in use; takes 0.2 s."""

def measure_bandwidth(n_threads: int) -> float:
    """GB/s that n_threads cores read at once from memory beyond the caches; takes 0.2 s."""

class Network:
    def __init__(
        self, dtype: str, in_size: int, in_scale: float, in_offset: float, layers: Sequence[LayerSpec]
    ) -> None: ...
    dtype: str
    in_size: int
    out_size: int
    def get_parameter(self, layer: int, name: ParameterName) -> Array: ...
    def set_parameter(self, layer: int, name: ParameterName, values: Array) -> None: ...
    def set_parameters(self, parameters: Iterable[tuple[int, ParameterName, Array]]) -> None:
        """All of them, or if an array does not fit none."""

    def get_penalty(self) -> float:
        """Return what the parameters that are trained add to a batch's loss."""

    def predict(self, x: Array | CsrRows, out: Array) -> None:
        """One C call, which Ctrl-C ends; out is then not complete."""

    def predict_one(self, x: Array, out: Array | None = None) -> Array:
        """Return out, or a new array. Both must be plain ndarrays of one dimension, contiguous and aligned.

        Whatever is wrong with them is a terse BufferError, TypeError or ValueError; nothing is written then.
        """

class Optimizer:
    def __init__(
        self,
        network: Network,
        rule: str,
        hyperparameters: Sequence[float],
        weight_decay: float = 0.0,
        options: StepOptions = ...,
    ) -> None: ...
    step: int
    """Batches taken; ValueError if it is set to a negative number."""
    def set_hyperparameters(self, hyperparameters: Sequence[float]) -> None: ...
    def overwrite(self) -> None:
        """Put the average, if there is one, in the place of the parameters."""

    def get_state(self, layer: int, name: ParameterName, slot: int) -> Array:
        """Slots: the rule's, the gradients gathered if n_batches > 1, the average if there is one."""

    def set_state(self, layer: int, name: ParameterName, slot: int, values: Array) -> None: ...

class Pass:
    def __init__(self, network: Network) -> None: ...
    def forward(self, x: Array | CsrRows, out: Array, training: bool, seed: int, epoch: int, position: int = 0) -> None:
        """Position: of the first row, in the epoch; what dropout is drawn from."""

    def find_not_finite(self) -> int:
        """Return what RunStopped calls the layer, of the last forward."""

    def backward(self, grad_output: Array, grad_input: Array | None) -> None: ...
    def get_gradient(self, layer: int, name: ParameterName) -> Array: ...
    def apply(self, optimizer: Optimizer, penalty_share: float = 1.0) -> None: ...

class Trainer:
    def __init__(
        self,
        network: Network,
        optimizer: Optimizer | None,
        loss: LossSpec | str,
        metrics: Sequence[str | tuple[str, float]],
        *,
        n_weighted: int = 0,
    ) -> None:
        """Take a loss that has no parameters also by its name, as a mean but for a sum by name.

        Metrics are names, or pairs with a parameter; the last n_weighted of them count rows by their weights.
        """

    dtype: str
    def plan(
        self,
        x: Array | CsrRows,
        y: Array,
        *,
        batch_size: int,
        first_epoch: int,
        n_epochs: int,
        shuffle: bool,
        seed: int,
        first_batch: int = 0,
        n_batches: int = 0,
        weights: NDArray[np.float64] | None = None,
        outputs: Array | None = None,
        learning_rates: NDArray[np.float64] | None = None,
    ) -> Call:
        """Return what `run` would do."""

    def plan_evaluation(
        self,
        x: Array | CsrRows,
        y: Array,
        weights: NDArray[np.float64] | None = None,
        outputs: Array | None = None,
    ) -> Call:
        """Return what `evaluate` would do."""

    def run(
        self,
        x: Array | CsrRows,
        y: Array,
        *,
        batch_size: int,
        first_epoch: int,
        n_epochs: int,
        shuffle: bool,
        seed: int,
        first_batch: int = 0,
        n_batches: int = 0,
        poll: Poll | None = None,
        weights: NDArray[np.float64] | None = None,
        outputs: Array | None = None,
        learning_rates: NDArray[np.float64] | None = None,
    ) -> list[Stats]:
        """One C call. Raises RunStopped, or what poll raised.

        weights has one column, or for an element loss one for each output; outputs, of the network's dtype, takes what
        the network gave for each row of x; learning_rates holds one for each batch, instead of the optimizer's.
        A step of several batches has the rate of the last.
        """

    def evaluate(
        self,
        x: Array | CsrRows,
        y: Array,
        poll: Poll | None = None,
        weights: NDArray[np.float64] | None = None,
        outputs: Array | None = None,
    ) -> Stats: ...

class Call:
    """What a trainer is to do, and the arrays it takes, held until it is done."""

    def run(self, poll: Poll | None = None) -> Any:
        """Do it by itself. Raises RunStopped, or what poll raised."""

def run_calls(calls: list[Call]) -> tuple[list[Any], BaseException | None]:
    """Do calls of trainers that share no network side by side, each by one thread, with the bits of one by one.

    Return the result of each or the error it would have raised; and what a signal raised, as Ctrl-C does: calls that it
    ended have the error RunStopped("stopped").
    """

def activation(name: str, x: Array, out: Array, parameter: float) -> None: ...
def activation_gradient(name: str, saved: Array, gradient: Array, parameter: float) -> None: ...
def dense_forward(x: Array, w: Array, bias: Array | None, out: Array) -> None: ...
def dense_backward(
    x: Array, w: Array, grad_y: Array, grad_x: Array | None, grad_w: Array | None, grad_bias: Array | None
) -> None: ...
def loss(
    loss: LossSpec | str, output: Array, target: Array, scale: float, row_loss: Array, gradient: Array | None
) -> None: ...
def metric(name: str, output: Array, target: Array, parameter: float, row_value: NDArray[np.float64]) -> None: ...
def update(
    rule: str,
    parameter: Array,
    gradient: Array,
    slots: Sequence[Array],
    hyperparameters: Sequence[float],
    step: int,
    weight_decay: float = 0.0,
) -> None: ...
def find_not_finite(x: Array) -> int:
    """Flat index of the first NaN or infinity, or -1."""

def random_order(seed: int, epoch: int, n: int) -> NDArray[np.int32]:
    """Return the order in which a run takes n samples in an epoch; the bits are those of uint32."""

def random_uniform(seed: int, layer: int, n: int) -> NDArray[np.float64]:
    """Numbers in (0, 1), a function of (seed, layer, index) alone."""

def normal_quantile(probability: NDArray[np.float64]) -> NDArray[np.float64]: ...
