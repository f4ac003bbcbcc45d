/* metrics.inc.h: one function a metric: a number a row. Plain loops in ascending order and in double: a metric is a few
 * operations a row beside thousands. */

typedef double (*metric_element)(real output, real target, double parameter);

INLINE void metric_mean(metric_element f, nnf_shape shape, nnf_rows output, nnf_rows target, double parameter, double *row_value)
{
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        double sum = 0;
        for (ptrdiff_t j = 0; j < shape.columns; j++)
            sum += f(row_of(output, i)[j], row_of(target, i)[j], parameter);
        row_value[i] = sum / (double)shape.columns;
    }
}

INLINE double is_same_side(real output, real target, double threshold) { return (output > (real)threshold) == (target > (real)0.5); }
INLINE double squared_difference(real output, real target, double parameter)
{
    (void)parameter;
    const double difference = (double)output - (double)target;
    return difference * difference;
}
INLINE double absolute_difference(real output, real target, double parameter)
{
    (void)parameter;
    return __builtin_fabs((double)output - (double)target);
}
/* Targets nearer to 0 than Keras's 1e-7 count as that. */
INLINE double percentage_difference(real output, real target, double parameter)
{
    const double size = __builtin_fabs((double)target);
    return 100 * (absolute_difference(output, target, parameter) / (size < 1e-7 ? 1e-7 : size));
}

#define METRIC_MEAN(name, f)                                                                                                \
    static void metric_##name(nnf_shape shape, nnf_rows output, nnf_rows target, double parameter, double *row_value)       \
    {                                                                                                                       \
        metric_mean(f, shape, output, target, parameter, row_value);                                                        \
    }
METRIC_MEAN(binary_accuracy, is_same_side)
METRIC_MEAN(mean_squared_error, squared_difference)
METRIC_MEAN(mean_absolute_error, absolute_difference)
METRIC_MEAN(mean_absolute_percentage_error, percentage_difference)

/* The first of the largest elements. */
INLINE ptrdiff_t row_argmax(const real *row, ptrdiff_t n)
{
    ptrdiff_t best = 0;
    for (ptrdiff_t j = 1; j < n; j++)
        if (row[j] > row[best])
            best = j;
    return best;
}

static void metric_categorical_accuracy(nnf_shape shape, nnf_rows output, nnf_rows target, double parameter, double *row_value)
{
    (void)parameter;
    for (ptrdiff_t i = 0; i < shape.rows; i++)
        row_value[i] = row_argmax(row_of(output, i), shape.columns) == row_argmax(row_of(target, i), shape.columns);
}

/* Fewer than k outputs are larger than that of the target's class; equal ones do not count against it, as in Keras. */
static void metric_top_k_categorical_accuracy(nnf_shape shape, nnf_rows output, nnf_rows target, double parameter, double *row_value)
{
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        const real *row = row_of(output, i), own = row[row_argmax(row_of(target, i), shape.columns)];
        double n_larger = 0;
        for (ptrdiff_t j = 0; j < shape.columns; j++)
            n_larger += row[j] > own;
        row_value[i] = own == own && n_larger < parameter;
    }
}
