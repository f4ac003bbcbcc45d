/* metrics.h: the list of metrics: the code, the name, and what its parameter is where nothing else is said; 0 where it has none.
 * A metric is one number a row of outputs and targets; what is reported is the mean over rows.
 *
 *   binary_accuracy            parameter: outputs above it count as 1
 *   top_k_categorical_accuracy parameter: k
 *
 * To add one: a row here, a function in metrics.inc.h. */
#ifndef NNF_KERNELS_METRICS_H
#define NNF_KERNELS_METRICS_H

#define NNF_METRIC_LIST(ROW)                                       \
    ROW(BINARY_ACCURACY, binary_accuracy, 0.5)                     \
    ROW(CATEGORICAL_ACCURACY, categorical_accuracy, 0)             \
    ROW(TOP_K_CATEGORICAL_ACCURACY, top_k_categorical_accuracy, 5) \
    ROW(MEAN_SQUARED_ERROR, mean_squared_error, 0)                 \
    ROW(MEAN_ABSOLUTE_ERROR, mean_absolute_error, 0)               \
    ROW(MEAN_ABSOLUTE_PERCENTAGE_ERROR, mean_absolute_percentage_error, 0)

typedef enum nnf_metric {
#define NNF_ROW(code, name, parameter) NNF_METRIC_##code,
    NNF_METRIC_LIST(NNF_ROW)
#undef NNF_ROW
        NNF_N_METRICS
} nnf_metric;

#endif
