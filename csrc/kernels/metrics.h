/* metrics.h: the list of metrics: the code and the name. A metric is one number a row of outputs and targets;
 * what is reported is the mean over rows.
 * To add one: a row here, a function in metrics.inc.h. */
#ifndef NNF_KERNELS_METRICS_H
#define NNF_KERNELS_METRICS_H

#define NNF_METRIC_LIST(ROW)                        \
    ROW(BINARY_ACCURACY, binary_accuracy)           \
    ROW(CATEGORICAL_ACCURACY, categorical_accuracy) \
    ROW(MEAN_SQUARED_ERROR, mean_squared_error)     \
    ROW(MEAN_ABSOLUTE_ERROR, mean_absolute_error)

typedef enum nnf_metric {
#define NNF_ROW(code, name) NNF_METRIC_##code,
    NNF_METRIC_LIST(NNF_ROW)
#undef NNF_ROW
        NNF_N_METRICS
} nnf_metric;

#endif
