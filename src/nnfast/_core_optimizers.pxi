# The part of _core.pyx about optimizers: options, steps counted, and what they remember.

cdef nnf_step_options read_options(options):
    return nnf_step_options(
        options.clip_value, options.clip_norm, options.clip_global_norm, options.n_batches, options.use_average,
        options.average_momentum, options.overwrite_interval)


cdef class Optimizer:
    cdef nnf_optimizer *handle
    cdef Network network
    cdef int n_hyperparameters

    def __cinit__(self, Network network not None, str rule, hyperparameters, double weight_decay=0.0, options=StepOptions()):
        cdef double values[NNF_MAX_HYPERPARAMETERS]
        cdef nnf_step_options chosen = read_options(options)
        self.network = network
        self.n_hyperparameters = len(OPTIMIZERS[rule][1])
        self.read(hyperparameters, values)
        check(nnf_optimizer_create(network.handle, <nnf_optimizer_rule>_RULE_NAMES.index(rule), values, &self.handle))
        nnf_optimizer_set_weight_decay(self.handle, weight_decay)
        check(nnf_optimizer_set_options(self.handle, &chosen))

    def __dealloc__(self):
        nnf_optimizer_free(self.handle)

    cdef int read(self, hyperparameters, double *values) except -1:
        if len(hyperparameters) != self.n_hyperparameters:
            raise ValueError(f"expected {self.n_hyperparameters} hyperparameters, received {len(hyperparameters)}")
        for i in range(self.n_hyperparameters):
            values[i] = hyperparameters[i]
        return 0

    def set_hyperparameters(self, hyperparameters):
        cdef double values[NNF_MAX_HYPERPARAMETERS]
        self.read(hyperparameters, values)
        self.network.begin(True)
        nnf_optimizer_set_hyperparameters(self.handle, values)
        self.network.end(True)

    @property
    def step(self):
        return nnf_optimizer_get_step(self.handle)

    @step.setter
    def step(self, int64_t step):
        self.network.begin(True)
        status = nnf_optimizer_set_step(self.handle, step)
        self.network.end(True)
        check(status)

    def overwrite(self):
        self.network.begin(True)
        nnf_optimizer_overwrite(self.handle)
        self.network.end(True)

    def get_state(self, int layer, str name, int slot):
        values = np.empty(self.network.shape_of(layer, name), self.network.dtype)
        cdef _View view = flat_view(values, self.network.dtype, values.size, True)
        self.network.begin(False)
        try:
            check(nnf_optimizer_get_state(self.handle, layer, _PARAMETERS[name], slot, view.matrix.data))
        finally:
            self.network.end(False)
        return values

    def set_state(self, int layer, str name, int slot, values):
        cdef _View view = flat_view(values, self.network.dtype, _prod(self.network.shape_of(layer, name)), False)
        self.network.begin(True)
        try:
            check(nnf_optimizer_set_state(self.handle, layer, _PARAMETERS[name], slot, view.matrix.data))
        finally:
            self.network.end(True)
