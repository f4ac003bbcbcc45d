# The part of _core.pyx about trainers: whole epochs, and evaluations, alone or beside others.

cdef dict _REASONS = {
    NNF_STATUS_STOPPED: "stopped",
    NNF_STATUS_NOT_FINITE: "not_finite",
    NNF_STATUS_LABEL_OUT_OF_RANGE: "label_out_of_range",
}


cdef int64_t count_batches(int64_t n_rows, int64_t batch_size, int64_t first_batch, int64_t n_batches) except -1:
    """Of an epoch of a run."""
    cdef int64_t left = -(-n_rows // max(batch_size, 1)) - first_batch
    return max(0, min(n_batches, left) if n_batches > 0 else left)


cdef class Trainer:
    cdef nnf_trainer *handle
    cdef Network network
    cdef Optimizer optimizer
    cdef int n_metrics

    def __cinit__(self, Network network not None, Optimizer optimizer, loss, metrics, *, int n_weighted=0):
        cdef nnf_objective objective = read_loss(loss)
        if len(metrics) > NNF_MAX_METRICS:
            raise ValueError(f"expected at most {NNF_MAX_METRICS} metrics, received {len(metrics)}")
        self.network = network
        self.optimizer = optimizer
        self.n_metrics = objective.n_metrics = len(metrics)
        objective.n_weighted = n_weighted
        for i, metric in enumerate(metrics):
            name, parameter = (metric, METRICS.get(metric, 0)) if isinstance(metric, str) else metric
            objective.metrics[i] = <nnf_metric>(<int>_METRIC_NAMES.index(name))
            objective.metric_parameters[i] = parameter
        check(nnf_trainer_create(network.handle, NULL if optimizer is None else optimizer.handle, &objective, &self.handle))

    def __dealloc__(self):
        nnf_trainer_free(self.handle)

    @property
    def dtype(self):
        return self.network.dtype

    def plan(self, x, y, *, int64_t batch_size, uint32_t first_epoch, uint32_t n_epochs, bint shuffle, uint64_t seed,
             int64_t first_batch=0, int64_t n_batches=0, weights=None, outputs=None, learning_rates=None):
        cdef Call call = Call(self, x, y, weights, outputs)
        cdef nnf_run *run = &call.call.run
        if learning_rates is not None:
            n_steps = n_epochs * count_batches(call.features.matrix.n_rows, batch_size, first_batch, n_batches)
            call.rates = flat_view(learning_rates, "float64", n_steps, False)
            run.learning_rates = <const double *>call.rates.matrix.data
        run.batch_size, run.first_epoch, run.n_epochs = batch_size, first_epoch, n_epochs
        run.first_batch, run.n_batches, run.shuffle, run.seed = first_batch, n_batches, shuffle, seed
        call.reserve(n_epochs)
        return call

    def plan_evaluation(self, x, y, weights=None, outputs=None):
        cdef Call call = Call(self, x, y, weights, outputs)
        call.call.is_evaluation = True
        call.reserve(1)
        return call

    def run(self, x, y, *, int64_t batch_size, uint32_t first_epoch, uint32_t n_epochs, bint shuffle, uint64_t seed,
            int64_t first_batch=0, int64_t n_batches=0, poll=None, weights=None, outputs=None, learning_rates=None):
        return self.plan(
            x, y, batch_size=batch_size, first_epoch=first_epoch, n_epochs=n_epochs, shuffle=shuffle, seed=seed,
            first_batch=first_batch, n_batches=n_batches, weights=weights, outputs=outputs, learning_rates=learning_rates
        ).run(poll)

    def evaluate(self, x, y, poll=None, weights=None, outputs=None):
        return self.plan_evaluation(x, y, weights, outputs).run(poll)


cdef class Call:
    cdef nnf_call call
    cdef Trainer trainer
    cdef _View features, targets, weights, outputs, rates
    cdef uint32_t n_stats

    def __cinit__(self, Trainer trainer not None, x, y, weights, outputs):
        self.trainer = trainer
        self.features, self.targets = samples_view(x), _View(y)
        self.weights, self.outputs = _View(weights, False, True), _View(outputs, True, True)
        self.call.trainer = trainer.handle
        self.call.x, self.call.y = self.features.pointer, self.targets.pointer
        self.call.run.weights, self.call.run.outputs = self.weights.pointer, self.outputs.pointer

    def __dealloc__(self):
        free(self.call.stats)

    cdef int reserve(self, uint32_t n_stats) except -1:
        self.n_stats = n_stats
        self.call.stats = <nnf_stats *>calloc(<size_t>n_stats + 1, sizeof(nnf_stats))
        if self.call.stats == NULL:
            raise MemoryError()
        return 0

    cdef int begin(self) except -1:
        return self.trainer.network.begin(not self.call.is_evaluation)

    cdef void end(self):
        self.trainer.network.end(not self.call.is_evaluation)

    def run(self, poll=None):
        cdef _Poller poller = make_poller(poll)
        self.call.run.poll, self.call.run.poll_argument = ask_poller, <void *>poller
        self.begin()
        with nogil:
            nnf_trainer_run_call(&self.call)
        self.end()
        if poller.error is not None:
            poller.error.stats = self.list_stats()
            raise poller.error
        return self.finish()

    cdef object to_stats(self, nnf_stats *stats):
        metrics = tuple([stats.metric[m] for m in range(self.trainer.n_metrics)])
        return Stats(stats.loss, metrics, stats.n_rows, stats.n_batches, stats.weight, stats.penalty)

    cdef list list_stats(self):
        """Of the epochs that are finished, and of the one after them."""
        n_finished = sum([self.call.stats[epoch].is_finished for epoch in range(self.n_stats)])
        return [self.to_stats(&self.call.stats[epoch]) for epoch in range(min(n_finished + 1, self.n_stats))]

    cdef object finish(self):
        """The result, or what is raised."""
        cdef nnf_status status = self.call.status
        if status in _REASONS:
            layer = nnf_trainer_get_bad_layer(self.call.trainer) if status == NNF_STATUS_NOT_FINITE else None
            raise RunStopped(_REASONS[status], self.list_stats(), layer)
        check(status)
        return self.to_stats(self.call.stats) if self.call.is_evaluation else self.list_stats()


cdef list collect(calls):
    """The result of each, or the error."""
    results = []
    for call in calls:
        try:
            results.append((<Call>call).finish())
        except Exception as error:
            results.append(error)
    return results


def run_calls(list calls):
    cdef _Poller poller = make_poller(None)
    cdef int64_t n_calls = len(calls), n_begun = 0
    cdef nnf_call **pointers = <nnf_call **>calloc(<size_t>n_calls + 1, sizeof(nnf_call *))
    if pointers == NULL:
        raise MemoryError()
    try:
        for call in calls:
            (<Call?>call).begin()
            pointers[n_begun] = &(<Call>call).call
            n_begun += 1
        with nogil:
            nnf_trainer_run_calls(pointers, n_calls, ask_poller, <void *>poller)
    finally:
        for i in range(n_begun):
            (<Call>calls[i]).end()
        free(pointers)
    return collect(calls), poller.error
