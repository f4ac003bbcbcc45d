# The part of _core.pyx about networks: parameters in and out, and predictions.

# ---- polling ----

cdef class _Poller:
    """What a long call asks about 20 times a second: signals first, then the caller's function."""

    cdef object function
    cdef object error

    cdef bint ask(self, const nnf_progress *progress):
        cdef unsigned n_forks = nnf_core_count_forks()
        try:
            PyErr_CheckSignals()
            goes_on = self.function is None or self.function(
                Progress(progress.epoch, progress.batch, progress.n_batches, progress.loss)) is not False
            if n_forks != nnf_core_count_forks():
                raise RuntimeError("this process was forked inside a call of nnfast, which goes on in the parent alone")
            return goes_on
        except BaseException as error:
            self.error = error
            return False


cdef c_bool ask_poller(const nnf_progress *progress, void *argument) noexcept with gil:
    return (<_Poller>argument).ask(progress)


cdef _Poller make_poller(function):
    cdef _Poller poller = _Poller()
    poller.function = function
    return poller


# ---- networks ----

# Of a row: some ten microseconds. Who gives the GIL away for less may wait for milliseconds to get it back.
cdef double _LEAST_MULTIPLIES_WITHOUT_GIL = 1 << 18

cdef nnf_penalty read_penalty(penalty):
    l1, l2 = penalty
    return nnf_penalty(l1, l2)


cdef nnf_constraint read_constraint(constraint):
    kind, low, high, rate = constraint or (None, 0, 0, 0)
    return nnf_constraint(<nnf_constraint_kind><int>_CONSTRAINT_KINDS.index(kind), low, high, rate)


cdef class Network:
    cdef nnf_network *handle
    cdef list shapes
    cdef int n_readers
    cdef bint is_written
    cdef unsigned n_forks  # when it was last begun
    cdef double n_multiplies
    cdef tuple out_arguments  # of np.empty for a row of outputs
    cdef readonly str dtype
    cdef readonly int64_t in_size
    cdef readonly int64_t out_size

    def __cinit__(self, str dtype, int64_t in_size, double in_scale, double in_offset, layers):
        cdef nnf_network_spec spec
        cdef nnf_layer_spec *specs = <nnf_layer_spec *>calloc(len(layers) + 1, sizeof(nnf_layer_spec))
        if specs == NULL:
            raise MemoryError()
        try:
            self.dtype = dtype
            self.in_size = self.out_size = in_size
            self.shapes = []
            for i, layer in enumerate(layers):
                self.describe(&specs[i], layer)
            self.out_arguments = (self.out_size, np.dtype(dtype))
            spec = nnf_network_spec(_DTYPES[dtype], in_size, in_scale, in_offset, len(layers), specs)
            check(nnf_network_create(&spec, &self.handle))
        finally:
            free(specs)

    def __dealloc__(self):
        nnf_network_free(self.handle)

    cdef describe(self, nnf_layer_spec *spec, layer):
        spec.kind = <nnf_layer_kind>_LAYER_KINDS.index(layer.kind)
        spec.out_size = layer.out_size
        spec.use_bias = layer.use_bias
        spec.train_weights = layer.train_weights
        spec.train_bias = layer.train_bias
        spec.activation = <nnf_activation>_ACTIVATION_NAMES.index(layer.activation)
        spec.parameter = layer.parameter
        spec.rate = layer.rate
        spec.scale = layer.scale
        spec.offset = layer.offset
        spec.penalty[<int>NNF_WEIGHTS] = read_penalty(layer.weights_penalty)
        spec.penalty[<int>NNF_BIAS] = read_penalty(layer.bias_penalty)
        spec.constraint[<int>NNF_WEIGHTS] = read_constraint(layer.weights_constraint)
        spec.constraint[<int>NNF_BIAS] = read_constraint(layer.bias_constraint)
        spec.use_gamma = layer.use_gamma
        spec.momentum = layer.momentum
        spec.epsilon = layer.epsilon
        if layer.kind == "dense":
            self.shapes.append({"weights": (self.out_size, layer.out_size), "bias": (layer.out_size,)})
            self.n_multiplies += <double>self.out_size * <double>spec.out_size
            self.out_size = layer.out_size
        else:
            self.shapes.append(dict.fromkeys(("gamma", "beta", "mean", "variance"), (self.out_size,)))

    cdef tuple shape_of(self, int layer, str name):
        shape = self.shapes[layer].get(name) if 0 <= layer < len(self.shapes) else None
        if shape is None:
            raise ValueError(f"layer {layer} has no parameter {name!r}")
        return shape

    # Readers may share a network; who writes must be alone. A forked child has the forking thread alone: whoever was reading is not
    # there, and what someone was writing stays half written.
    cdef int begin(self, bint write) except -1:
        cdef bint is_forked = self.n_forks != nnf_core_count_forks()
        if self.is_written and is_forked:
            raise RuntimeError("the model was being trained or changed when this process was forked: load it, or fork before or after")
        if is_forked:
            self.n_forks, self.n_readers = nnf_core_count_forks(), 0
        if self.is_written or (write and self.n_readers):
            raise RuntimeError(
                "the model is in use by another thread, or by the call that on_progress hears of: it cannot be trained or changed at"
                " the same time, nor read while that is done")
        self.is_written = write
        self.n_readers += not write
        return 0

    cdef void end(self, bint write):
        if self.n_forks != nnf_core_count_forks():
            return
        if write:
            self.is_written = False
        else:
            self.n_readers -= 1

    def get_parameter(self, int layer, str name):
        values = np.empty(self.shape_of(layer, name), self.dtype)
        cdef _View view = flat_view(values, self.dtype, values.size, True)
        self.begin(False)
        try:
            check(nnf_network_get_parameter(self.handle, layer, _PARAMETERS[name], view.matrix.data))
        finally:
            self.end(False)
        return values

    def set_parameter(self, int layer, str name, values):
        self.set_parameters([(layer, name, values)])

    def set_parameters(self, parameters):
        cdef list views = []
        cdef _View view
        for layer, name, values in parameters:
            view = flat_view(values, self.dtype, _prod(self.shape_of(layer, name)), False)
            views.append((layer, <int>_PARAMETERS[name], view))
        self.begin(True)
        try:
            for layer, which, view in views:
                check(nnf_network_set_parameter(self.handle, layer, <nnf_parameter><int>which, view.matrix.data))
        finally:
            self.end(True)

    def get_penalty(self):
        self.begin(False)
        penalty = nnf_network_get_penalty(self.handle)
        self.end(False)
        return penalty

    def predict(self, x, out):
        cdef _View from_ = samples_view(x), to = _View(out, True)
        cdef _Poller poller = make_poller(None)
        cdef nnf_status status
        self.begin(False)
        with nogil:
            status = nnf_network_predict(self.handle, from_.pointer, to.pointer, ask_poller, <void *>poller)
        self.end(False)
        if poller.error is not None:
            raise poller.error
        check(status)

    def predict_one(self, x, out=None):
        cdef Py_buffer x_buffer, out_buffer
        cdef nnf_matrix from_, to
        cdef nnf_status status
        if out is None:
            out = _EMPTY(*self.out_arguments)
        take_row(x, False, &x_buffer, &from_)
        try:
            take_row(out, True, &out_buffer, &to)
            try:
                self.begin(False)
                if self.n_multiplies < _LEAST_MULTIPLIES_WITHOUT_GIL:
                    status = nnf_network_predict(self.handle, &from_, &to, NULL, NULL)
                else:
                    with nogil:
                        status = nnf_network_predict(self.handle, &from_, &to, NULL, NULL)
                self.end(False)
            finally:
                PyBuffer_Release(&out_buffer)
        finally:
            PyBuffer_Release(&x_buffer)
        check(status)
        return out
