# The part of _core.pyx about arrays: how they come in, and the bare kernels that work on whole ones.

cdef object _EMPTY = np.empty
cdef object _NDARRAY = np.ndarray


cdef int read_dtype(const Py_buffer *buffer) noexcept:
    """The nnf_dtype of the elements, or -1 if the core has none."""
    cdef const char *code = buffer.format
    if code[0] == 0 or code[1] != 0:
        return -1
    if code[0] == b"f":
        return NNF_F32
    if code[0] == b"d":
        return NNF_F64
    if code[0] == b"B":
        return NNF_U8
    return NNF_I32 if code[0] == b"i" else -1


cdef int take_row(object array, bint writable, Py_buffer *buffer, nnf_matrix *row) except -1:
    """Hold the buffer of a 1-d ndarray whose elements lie side by side, as one row; the caller releases it. A subclass may mean
    something else by its elements."""
    cdef int dtype
    if type(array) is not _NDARRAY:
        raise TypeError("expected an ndarray")
    PyObject_GetBuffer(array, buffer, PyBUF_STRIDES | PyBUF_FORMAT | (PyBUF_WRITABLE if writable else 0))
    dtype = read_dtype(buffer)
    if dtype < 0 or buffer.ndim != 1 or buffer.strides[0] != buffer.itemsize or <size_t>buffer.buf % <size_t>buffer.itemsize:
        PyBuffer_Release(buffer)
        raise ValueError("expected a 1-d array of uint8, float32 or float64, contiguous and aligned")
    row[0] = nnf_matrix(buffer.buf, 1, buffer.shape[0], buffer.shape[0] * buffer.itemsize, <nnf_dtype>dtype, NULL)
    return 0


cdef class _View:
    """A buffer held for the time of a call, and what the core wants to know of it. An optional None gives a NULL
    pointer."""

    cdef Py_buffer buffer
    cdef nnf_matrix matrix
    cdef nnf_matrix *pointer
    cdef bint held
    cdef nnf_csr csr  # of sparse rows, and what it points into
    cdef _View indices
    cdef Py_buffer indptr
    cdef bint holds_indptr

    def __cinit__(self, array, bint writable=False, bint optional=False):
        if optional and array is None:
            return
        PyObject_GetBuffer(array, &self.buffer, PyBUF_STRIDES | PyBUF_FORMAT | (PyBUF_WRITABLE if writable else 0))
        self.held = True
        cdef int dtype = read_dtype(&self.buffer)
        if self.buffer.ndim != 2 or dtype < 0:
            raise ValueError(
                f"expected a 2-d array of uint8, int32, float32 or float64, received {self.buffer.ndim}-d of {<bytes>self.buffer.format!r}")
        if self.buffer.shape[1] > 1 and self.buffer.strides[1] != self.buffer.itemsize:
            raise ValueError("expected an array whose rows are contiguous")
        self.matrix.data = self.buffer.buf
        self.matrix.n_rows = self.buffer.shape[0]
        self.matrix.n_columns = self.buffer.shape[1]
        self.matrix.row_stride = self.buffer.strides[0]
        self.matrix.dtype = <nnf_dtype>dtype
        self.pointer = &self.matrix

    cdef int become_sparse(self, rows) except -1:
        """Of the one row of all stored values make the rows they are stored for."""
        cdef int64_t n_stored = self.matrix.n_columns
        self.indices = flat_view(rows.indices, "int32", n_stored, False)
        PyObject_GetBuffer(rows.indptr, &self.indptr, PyBUF_STRIDES | PyBUF_FORMAT)
        self.holds_indptr = True
        self.matrix.n_rows, self.matrix.n_columns = rows.shape
        self.matrix.row_stride = 0
        if (self.indptr.format[0] not in b"lq" or self.indptr.itemsize != sizeof(int64_t) or self.indptr.ndim != 1
                or self.indptr.strides[0] != self.indptr.itemsize or self.indptr.shape[0] != self.matrix.n_rows + 1):
            raise ValueError(f"expected indptr to be a contiguous array of {self.matrix.n_rows + 1} elements of int64")
        self.csr = nnf_csr(<const int64_t *>self.indptr.buf, <const int32_t *>self.indices.matrix.data, n_stored)
        self.matrix.csr = &self.csr
        return 0

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.buffer)
        if self.holds_indptr:
            PyBuffer_Release(&self.indptr)


cdef _View samples_view(x):
    """An array, or what has values, indices, indptr and shape of compressed sparse rows."""
    cdef _View view
    if type(x) is _NDARRAY or not hasattr(x, "indptr"):
        return _View(x)
    view = flat_view(x.values, x.values.dtype, x.values.size, False)
    view.become_sparse(x)
    return view


cdef _View flat_view(array, dtype, int64_t n, bint writable):
    """A contiguous array of n elements of a dtype, of any shape."""
    cdef _View view
    array = np.asarray(array)
    if array.dtype != dtype or array.size != n or not array.flags.c_contiguous:
        raise ValueError(f"expected a contiguous array of {n} elements of {dtype}, received {array.shape} of {array.dtype}")
    view = _View(array.reshape(1, -1), writable)
    return view


# ---- bare kernels ----

def activation(str name, x, out, double parameter):
    cdef _View from_ = _View(x), to = _View(out, True)
    cdef nnf_activation code = <nnf_activation>_ACTIVATION_NAMES.index(name)
    cdef nnf_status status
    with nogil:
        status = nnf_array_activation(code, from_.pointer, to.pointer, parameter)
    check(status)


def activation_gradient(str name, saved, gradient, double parameter):
    cdef _View from_ = _View(saved), to = _View(gradient, True)
    cdef nnf_activation code = <nnf_activation>_ACTIVATION_NAMES.index(name)
    cdef nnf_status status
    with nogil:
        status = nnf_array_activation_gradient(code, from_.pointer, to.pointer, parameter)
    check(status)


def dense_forward(x, w, bias, out):
    cdef _View from_ = _View(x), weights = _View(w), to = _View(out, True)
    cdef _View summand = _View(None, False, True) if bias is None else flat_view(bias, w.dtype, w.shape[1], False)
    cdef nnf_status status
    with nogil:
        status = nnf_array_dense_forward(from_.pointer, weights.pointer, summand.matrix.data, to.pointer)
    check(status)


def dense_backward(x, w, grad_y, grad_x, grad_w, grad_bias):
    cdef _View from_ = _View(x), weights = _View(w), above = _View(grad_y)
    cdef _View below = _View(grad_x, True, True), of_weights = _View(grad_w, True, True)
    cdef _View of_bias = _View(None, False, True) if grad_bias is None else flat_view(grad_bias, w.dtype, w.shape[1], True)
    cdef nnf_status status
    with nogil:
        status = nnf_array_dense_backward(
            from_.pointer, weights.pointer, above.pointer, below.pointer, of_weights.pointer, of_bias.matrix.data)
    check(status)


cdef nnf_objective read_loss(loss) except *:
    """Of a LossSpec, or of the name of a loss without parameters."""
    cdef nnf_objective objective
    spec = LossSpec(loss) if isinstance(loss, str) else loss
    name, parameters = spec.name, spec.parameters
    objective.loss = <nnf_loss>(<int>_LOSS_NAMES.index(name))
    objective.reduction = <nnf_reduction>(<int>_REDUCTIONS[spec.reduction])
    objective.loss_factor, objective.gradient_factor = spec.factor, spec.gradient_factor
    objective.divides_penalties = spec.divides_penalties
    if len(parameters) != len(LOSSES[name]):
        raise ValueError(f"expected the parameters {LOSSES[name]} of {name}, received {parameters}")
    for i in range(NNF_MAX_LOSS_PARAMETERS):
        objective.loss_parameters[i] = parameters[i] if i < len(parameters) else 0.0
    return objective


def loss(loss, output, target, double scale, row_loss, gradient):
    cdef _View outputs = _View(output, True), targets = _View(target), gradients = _View(gradient, True, True)
    cdef _View rows = flat_view(row_loss, "float64", output.shape[0], True)
    cdef nnf_objective objective = read_loss(loss)
    cdef nnf_status status
    with nogil:
        status = nnf_array_loss(
            &objective, outputs.pointer, targets.pointer, scale, <double *>rows.matrix.data, gradients.pointer)
    check(status)


def metric(str name, output, target, double parameter, row_value):
    cdef _View outputs = _View(output), targets = _View(target)
    cdef _View rows = flat_view(row_value, "float64", output.shape[0], True)
    cdef nnf_metric code = <nnf_metric>(<int>_METRIC_NAMES.index(name))
    check(nnf_array_metric(code, outputs.pointer, targets.pointer, parameter, <double *>rows.matrix.data))


def update(str rule, parameter, gradient, slots, hyperparameters, int64_t step, double weight_decay=0.0):
    cdef double values[NNF_MAX_HYPERPARAMETERS]
    cdef void *state[NNF_MAX_SLOTS]
    n_slots, names = OPTIMIZERS[rule]
    if len(slots) != n_slots or len(hyperparameters) != len(names):
        raise ValueError(f"expected {n_slots} slots and the hyperparameters {names}")
    cdef int64_t n = parameter.size
    cdef _View to = flat_view(parameter, parameter.dtype, n, True), from_ = flat_view(gradient, parameter.dtype, n, False)
    views = [flat_view(slot, parameter.dtype, n, True) for slot in slots]
    for i in range(n_slots):
        state[i] = (<_View>views[i]).matrix.data
    for i in range(len(names)):
        values[i] = hyperparameters[i]
    cdef nnf_array_step description = nnf_array_step(
        <nnf_optimizer_rule>(<int>_RULE_NAMES.index(rule)), to.matrix.dtype, n, to.matrix.data, from_.matrix.data, &state[0], &values[0],
        weight_decay, step)
    check(nnf_array_update(&description))


def find_not_finite(x):
    cdef _View view = _View(x)
    cdef int64_t found
    with nogil:
        found = nnf_array_find_not_finite(view.pointer)
    return found


def random_order(uint64_t seed, uint32_t epoch, uint32_t n):
    out = np.empty(n, np.int32)
    cdef _View view = flat_view(out, "int32", n, True)
    nnf_random_order(seed, epoch, n, <uint32_t *>view.matrix.data)
    return out


def random_uniform(uint64_t seed, int layer, int64_t n):
    out = np.empty(n)
    cdef _View view = flat_view(out, "float64", n, True)
    nnf_random_fill_uniform(seed, layer, n, <double *>view.matrix.data)
    return out


def normal_quantile(probability):
    out = np.empty(probability.shape)
    cdef _View from_ = flat_view(probability, "float64", out.size, False), to = flat_view(out, "float64", out.size, True)
    nnf_array_normal_quantile(out.size, <double *>from_.matrix.data, <double *>to.matrix.data)
    return out
