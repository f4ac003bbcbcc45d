# cython: language_level=3, boundscheck=False, wraparound=False, embedsignature=False
"""The door between Python and C: pointers out, the GIL released, a status turned into an exception. See _core.pyi."""

import os
import warnings
from collections import namedtuple
from math import prod as _prod

import numpy as np

from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer)
from cpython.exc cimport PyErr_CheckSignals
from libc.stdlib cimport calloc, free
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memset
from nnfast._nnfast cimport *


# ---- statuses and lists ----

cdef int warn_of_shortage() except -1:
    cdef int n_wanted, n_had
    if nnf_core_take_shortage(&n_wanted, &n_had):
        warnings.warn(
            f"nnfast wanted {n_wanted} threads, of which the system let it have {n_had}: a limit of processes, or of memory? It goes on"
            " with fewer, to the same results", RuntimeWarning, stacklevel=2)
    return 0


cdef int check(nnf_status status) except -1:
    warn_of_shortage()
    if status == NNF_STATUS_OK:
        return 0
    if status == NNF_STATUS_OUT_OF_MEMORY:
        raise MemoryError("nnfast: not enough memory")
    raise ValueError((<bytes>nnf_status_message(status)).decode())


ACTIVATIONS = {
    (<bytes>nnf_activation_get_name(i)).decode(): "input" if nnf_activation_needs_input(<nnf_activation>i) else "output"
    for i in range(NNF_N_ACTIVATIONS)
}
LOSSES = {
    (<bytes>nnf_loss_get_name(i)).decode(): tuple((<bytes>nnf_loss_get_parameter_names(i)).decode().split())
    for i in range(NNF_N_LOSSES)
}
ELEMENT_LOSSES = frozenset((<bytes>nnf_loss_get_name(i)).decode() for i in range(NNF_N_LOSSES) if nnf_loss_has_elements(i))
METRICS = {(<bytes>nnf_metric_get_name(i)).decode(): nnf_metric_get_parameter(i) for i in range(NNF_N_METRICS)}
MAX_METRICS = NNF_MAX_METRICS
OPTIMIZERS = {
    (<bytes>nnf_optimizer_get_name(i)).decode(): (
        nnf_optimizer_count_slots(i), tuple((<bytes>nnf_optimizer_get_hyperparameter_names(i)).decode().split()))
    for i in range(NNF_N_OPTIMIZERS)
}

cdef list _ACTIVATION_NAMES = list(ACTIVATIONS)
cdef list _LOSS_NAMES = list(LOSSES)
cdef list _METRIC_NAMES = list(METRICS)
cdef list _RULE_NAMES = list(OPTIMIZERS)
cdef list _CONSTRAINT_KINDS = [None, "non_negative", "norm"]
cdef list _LAYER_KINDS = [
    "dense", "activation", "dropout", "rescaling", "batch_normalization", "layer_normalization", "normalization"]
cdef dict _DTYPES = {"float32": NNF_F32, "float64": NNF_F64}
cdef dict _DTYPE_NAMES = {NNF_F32: "float32", NNF_F64: "float64"}
cdef dict _REDUCTIONS = {
    "mean": NNF_REDUCTION_MEAN, "sum": NNF_REDUCTION_SUM, "weighted_mean": NNF_REDUCTION_WEIGHTED_MEAN}
cdef dict _PARAMETERS = {
    "weights": NNF_WEIGHTS, "bias": NNF_BIAS, "gamma": NNF_GAMMA, "beta": NNF_BETA, "mean": NNF_MEAN, "variance": NNF_VARIANCE}

LayerSpec = namedtuple(
    "LayerSpec",
    "kind out_size use_bias train_weights train_bias activation parameter rate scale offset use_gamma momentum epsilon"
    " weights_penalty bias_penalty weights_constraint bias_constraint",
    defaults=(
        0, True, True, True, "linear", 0.0, 0.0, 1.0, 0.0, True, 0.99, 1e-3, (0.0, 0.0), (0.0, 0.0), None, None))
StepOptions = namedtuple(
    "StepOptions", "clip_value clip_norm clip_global_norm n_batches use_average average_momentum overwrite_interval",
    defaults=(0.0, 0.0, 0.0, 1, False, 0.0, 0))
LossSpec = namedtuple(
    "LossSpec", "name parameters reduction factor gradient_factor divides_penalties",
    defaults=((), "mean", 1.0, 1.0, False))
Progress = namedtuple("Progress", "epoch batch n_batches loss")
Stats = namedtuple("Stats", "loss metrics n_rows n_batches weight penalty", defaults=(0.0,))


class RunStopped(Exception):
    """A run that ended early: ``reason``, the ``stats`` of its epochs, the last of them unfinished, and the ``layer``
    that first gave a value that is not finite, where that is the reason."""

    def __init__(self, reason, stats, layer):
        super().__init__(reason)
        self.reason = reason
        self.stats = stats
        self.layer = layer


# ---- the process ----

def get_isa():
    return (<bytes>nnf_core_get_isa()).decode()


def get_runnable_isas():
    cdef int i = 0
    names = []
    while nnf_core_get_runnable_isa(i) != NULL:
        names.append((<bytes>nnf_core_get_runnable_isa(i)).decode())
        i += 1
    return tuple(names)


cdef start():
    """Once, at import: choose the kernels."""
    if nnf_core_start() != NNF_STATUS_OK:
        expected = " or ".join(get_runnable_isas())
        raise ValueError(f"NNFAST_ISA: expected {expected}, received {os.environ['NNFAST_ISA']!r}")


start()


def set_isa(name):
    encoded = name.encode()
    check(nnf_core_set_isa(encoded))


def get_num_threads():
    return nnf_core_get_threads()


def set_num_threads(int n):
    nnf_core_set_threads(n)


def limit_threads(int n):
    return nnf_core_limit_threads(n)


def count_usable_cores():
    return nnf_core_count_usable_cores()


include "_core_probe.pxi"
include "_core_arrays.pxi"
include "_core_networks.pxi"
include "_core_optimizers.pxi"


# ---- passes ----

cdef class Pass:
    cdef nnf_pass *handle
    cdef Network network

    def __cinit__(self, Network network not None):
        self.network = network
        check(nnf_pass_create(network.handle, &self.handle))

    def __dealloc__(self):
        nnf_pass_free(self.handle)

    def forward(self, x, out, bint training, uint64_t seed, uint32_t epoch, uint64_t position=0):
        cdef _View from_ = samples_view(x), to = _View(out, True)
        cdef nnf_draws draws = nnf_draws(seed, epoch, position)
        cdef nnf_status status
        self.network.begin(True)
        with nogil:
            status = nnf_pass_forward(self.handle, from_.pointer, to.pointer, &draws if training else NULL)
        self.network.end(True)
        check(status)

    def backward(self, grad_output, grad_input):
        cdef _View from_ = _View(grad_output), to = _View(grad_input, True, True)
        cdef nnf_status status
        self.network.begin(True)
        with nogil:
            status = nnf_pass_backward(self.handle, from_.pointer, to.pointer)
        self.network.end(True)
        check(status)

    def find_not_finite(self):
        return nnf_pass_find_not_finite(self.handle)

    def get_gradient(self, int layer, str name):
        values = np.empty(self.network.shape_of(layer, name), self.network.dtype)
        cdef _View view = flat_view(values, self.network.dtype, values.size, True)
        self.network.begin(False)
        try:
            check(nnf_pass_get_gradient(self.handle, layer, _PARAMETERS[name], view.matrix.data))
        finally:
            self.network.end(False)
        return values

    def apply(self, Optimizer optimizer not None, double penalty_share=1.0):
        cdef nnf_status status
        self.network.begin(True)
        with nogil:
            status = nnf_pass_apply(self.handle, optimizer.handle, penalty_share)
        self.network.end(True)
        check(status)


include "_core_trainers.pxi"
