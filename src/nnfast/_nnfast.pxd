# nnfast.h, declaration for declaration.
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

cdef extern from "nnfast.h" nogil:
    ctypedef bint c_bool "bool"

    ctypedef enum nnf_status:
        NNF_STATUS_OK
        NNF_STATUS_INVALID_ARGUMENT
        NNF_STATUS_OUT_OF_MEMORY
        NNF_STATUS_NOT_FINITE
        NNF_STATUS_LABEL_OUT_OF_RANGE
        NNF_STATUS_STOPPED
        NNF_STATUS_UNKNOWN_ISA
        NNF_STATUS_UNSUPPORTED_ISA

    const char *nnf_status_message(nnf_status status)

    ctypedef enum nnf_dtype:
        NNF_F32
        NNF_F64
        NNF_U8
        NNF_I32

    ctypedef struct nnf_csr:
        const int64_t *indptr
        const int32_t *indices
        int64_t n_stored

    ctypedef struct nnf_matrix:
        void *data
        int64_t n_rows
        int64_t n_columns
        int64_t row_stride
        nnf_dtype dtype
        const nnf_csr *csr

    ctypedef enum nnf_activation:
        NNF_N_ACTIVATIONS

    ctypedef enum nnf_loss:
        NNF_N_LOSSES

    ctypedef enum nnf_metric:
        NNF_N_METRICS

    ctypedef enum nnf_optimizer_rule:
        NNF_N_OPTIMIZERS

    enum:
        NNF_MAX_SLOTS
        NNF_MAX_HYPERPARAMETERS
        NNF_MAX_METRICS
        NNF_MAX_LOSS_PARAMETERS

    const char *nnf_activation_get_name(int activation)
    c_bool nnf_activation_needs_input(nnf_activation activation)
    const char *nnf_loss_get_name(int loss)
    const char *nnf_loss_get_parameter_names(int loss)
    c_bool nnf_loss_has_elements(int loss)
    const char *nnf_metric_get_name(int metric)
    double nnf_metric_get_parameter(int metric)
    const char *nnf_optimizer_get_name(int rule)
    const char *nnf_optimizer_get_hyperparameter_names(int rule)
    int nnf_optimizer_count_slots(int rule)

    nnf_status nnf_core_start()
    const char *nnf_core_get_isa()
    const char *nnf_core_get_runnable_isa(int i)
    nnf_status nnf_core_set_isa(const char *isa)
    int nnf_core_get_threads()
    void nnf_core_set_threads(int n_threads)
    int nnf_core_limit_threads(int n_threads)
    int nnf_core_count_usable_cores()
    c_bool nnf_core_take_shortage(int *n_wanted, int *n_had)
    unsigned nnf_core_count_forks()
    nnf_status nnf_core_measure_peak(nnf_dtype dtype, int n_threads, double *billions_a_second)
    nnf_status nnf_core_measure_bandwidth(int n_threads, double *billions_a_second)

    ctypedef struct nnf_progress:
        int64_t epoch
        int64_t batch
        int64_t n_batches
        double loss

    ctypedef c_bool (*nnf_poll)(const nnf_progress *progress, void *argument)

    ctypedef enum nnf_layer_kind:
        NNF_LAYER_DENSE
        NNF_LAYER_ACTIVATION
        NNF_LAYER_DROPOUT
        NNF_LAYER_RESCALING
        NNF_LAYER_BATCH_NORMALIZATION
        NNF_LAYER_LAYER_NORMALIZATION
        NNF_LAYER_NORMALIZATION

    ctypedef enum nnf_parameter:
        NNF_WEIGHTS
        NNF_BIAS
        NNF_GAMMA
        NNF_BETA
        NNF_MEAN
        NNF_VARIANCE
        NNF_N_PARAMETERS

    ctypedef struct nnf_penalty:
        double l1
        double l2

    ctypedef enum nnf_constraint_kind:
        NNF_CONSTRAINT_NONE
        NNF_CONSTRAINT_NON_NEGATIVE
        NNF_CONSTRAINT_NORM

    ctypedef struct nnf_constraint:
        nnf_constraint_kind kind
        double low
        double high
        double rate

    ctypedef struct nnf_layer_spec:
        nnf_layer_kind kind
        int64_t out_size
        c_bool use_bias
        c_bool train_weights
        c_bool train_bias
        nnf_activation activation
        double parameter
        double rate
        double scale
        double offset
        c_bool use_gamma
        double momentum
        double epsilon
        nnf_penalty penalty[NNF_N_PARAMETERS]
        nnf_constraint constraint[NNF_N_PARAMETERS]

    ctypedef struct nnf_network_spec:
        nnf_dtype dtype
        int64_t in_size
        double in_scale
        double in_offset
        int n_layers
        const nnf_layer_spec *layers

    ctypedef struct nnf_network:
        pass

    nnf_status nnf_network_create(const nnf_network_spec *spec, nnf_network **network)
    void nnf_network_free(nnf_network *network)
    nnf_status nnf_network_get_parameter(const nnf_network *network, int layer, nnf_parameter which, void *values)
    nnf_status nnf_network_set_parameter(nnf_network *network, int layer, nnf_parameter which, const void *values)
    double nnf_network_get_penalty(const nnf_network *network)
    nnf_status nnf_network_predict(
        const nnf_network *network, const nnf_matrix *x, const nnf_matrix *out, nnf_poll poll, void *poll_argument)

    ctypedef struct nnf_step_options:
        double clip_value
        double clip_norm
        double clip_global_norm
        int64_t n_batches
        c_bool use_average
        double average_momentum
        int64_t overwrite_interval

    ctypedef struct nnf_optimizer:
        pass

    nnf_status nnf_optimizer_create(
        nnf_network *network, nnf_optimizer_rule rule, const double *hyperparameters, nnf_optimizer **optimizer)
    void nnf_optimizer_free(nnf_optimizer *optimizer)
    void nnf_optimizer_set_hyperparameters(nnf_optimizer *optimizer, const double *hyperparameters)
    void nnf_optimizer_set_weight_decay(nnf_optimizer *optimizer, double weight_decay)
    nnf_status nnf_optimizer_set_options(nnf_optimizer *optimizer, const nnf_step_options *options)
    void nnf_optimizer_overwrite(const nnf_optimizer *optimizer)
    int64_t nnf_optimizer_get_step(const nnf_optimizer *optimizer)
    nnf_status nnf_optimizer_set_step(nnf_optimizer *optimizer, int64_t step)
    nnf_status nnf_optimizer_get_state(
        const nnf_optimizer *optimizer, int layer, nnf_parameter which, int slot, void *values)
    nnf_status nnf_optimizer_set_state(
        nnf_optimizer *optimizer, int layer, nnf_parameter which, int slot, const void *values)

    ctypedef struct nnf_pass:
        pass

    nnf_status nnf_pass_create(nnf_network *network, nnf_pass **result)
    void nnf_pass_free(nnf_pass *net_pass)
    ctypedef struct nnf_draws:
        uint64_t seed
        uint32_t epoch
        uint64_t position

    nnf_status nnf_pass_forward(
        nnf_pass *net_pass, const nnf_matrix *x, const nnf_matrix *out, const nnf_draws *draws)
    int nnf_pass_find_not_finite(const nnf_pass *net_pass)
    nnf_status nnf_pass_backward(nnf_pass *net_pass, const nnf_matrix *grad_output, const nnf_matrix *grad_input)
    nnf_status nnf_pass_get_gradient(const nnf_pass *net_pass, int layer, nnf_parameter which, void *values)
    nnf_status nnf_pass_apply(nnf_pass *net_pass, nnf_optimizer *optimizer, double penalty_share)

    ctypedef enum nnf_reduction:
        NNF_REDUCTION_MEAN
        NNF_REDUCTION_SUM
        NNF_REDUCTION_WEIGHTED_MEAN

    ctypedef struct nnf_objective:
        nnf_loss loss
        double loss_parameters[NNF_MAX_LOSS_PARAMETERS]
        nnf_reduction reduction
        double loss_factor
        double gradient_factor
        c_bool divides_penalties
        int n_metrics
        int n_weighted
        nnf_metric metrics[NNF_MAX_METRICS]
        double metric_parameters[NNF_MAX_METRICS]

    ctypedef struct nnf_run:
        int64_t batch_size
        uint32_t first_epoch
        uint32_t n_epochs
        int64_t first_batch
        int64_t n_batches
        c_bool shuffle
        uint64_t seed
        nnf_poll poll
        void *poll_argument
        const nnf_matrix *weights
        const nnf_matrix *outputs
        const double *learning_rates

    ctypedef struct nnf_stats:
        double loss
        double penalty
        double metric[NNF_MAX_METRICS]
        double weight
        int64_t n_rows
        int64_t n_batches
        c_bool is_finished

    ctypedef struct nnf_trainer:
        pass

    nnf_status nnf_trainer_create(
        nnf_network *network, nnf_optimizer *optimizer, const nnf_objective *objective, nnf_trainer **trainer)
    void nnf_trainer_free(nnf_trainer *trainer)
    nnf_status nnf_trainer_run(
        nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y, const nnf_run *run, nnf_stats *stats)
    int nnf_trainer_get_bad_layer(const nnf_trainer *trainer)

    ctypedef struct nnf_call:
        nnf_trainer *trainer
        const nnf_matrix *x
        const nnf_matrix *y
        nnf_run run
        c_bool is_evaluation
        nnf_stats *stats
        nnf_status status

    void nnf_trainer_run_call(nnf_call *call)
    void nnf_trainer_run_calls(nnf_call **calls, int64_t n_calls, nnf_poll poll, void *poll_argument)

    nnf_status nnf_array_activation(
        nnf_activation activation, const nnf_matrix *x, const nnf_matrix *y, double parameter)
    nnf_status nnf_array_activation_gradient(
        nnf_activation activation, const nnf_matrix *saved, const nnf_matrix *gradient, double parameter)
    nnf_status nnf_array_dense_forward(
        const nnf_matrix *x, const nnf_matrix *w, const void *bias, const nnf_matrix *y)
    nnf_status nnf_array_dense_backward(
        const nnf_matrix *x, const nnf_matrix *w, const nnf_matrix *grad_y, const nnf_matrix *grad_x,
        const nnf_matrix *grad_w, void *grad_bias)
    nnf_status nnf_array_loss(
        const nnf_objective *objective, const nnf_matrix *output, const nnf_matrix *target, double scale,
        double *row_loss, const nnf_matrix *gradient)
    nnf_status nnf_array_metric(
        nnf_metric metric, const nnf_matrix *output, const nnf_matrix *target, double parameter, double *row_value)
    ctypedef struct nnf_array_step:
        nnf_optimizer_rule rule
        nnf_dtype dtype
        int64_t n
        void *parameter
        const void *gradient
        void **slots
        const double *hyperparameters
        double weight_decay
        int64_t step
    nnf_status nnf_array_update(const nnf_array_step *step)
    int64_t nnf_array_find_not_finite(const nnf_matrix *x)
    void nnf_random_order(uint64_t seed, uint32_t epoch, uint32_t n, uint32_t *order)
    void nnf_random_fill_uniform(uint64_t seed, int layer, int64_t n, double *out)
    void nnf_array_normal_quantile(int64_t n, const double *probability, double *out)
