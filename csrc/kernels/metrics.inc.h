/* metrics.inc.h: one function a metric: a number a row. Plain loops in ascending order and in double: a metric is a few
 * operations a row beside thousands. */

typedef double (*metric_element)(real output, real target);

INLINE void metric_mean(metric_element f, nnf_shape shape, nnf_rows output, nnf_rows target, double *row_value)
{
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        double sum = 0;
        for (ptrdiff_t j = 0; j < shape.columns; j++)
            sum += f(row_of(output, i)[j], row_of(target, i)[j]);
        row_value[i] = sum / (double)shape.columns;
    }
}

INLINE double is_same_side(real output, real target) { return (output > (real)0.5) == (target > (real)0.5); }
INLINE double squared_difference(real output, real target)
{
    const double difference = (double)output - (double)target;
    return difference * difference;
}
INLINE double absolute_difference(real output, real target) { return __builtin_fabs((double)output - (double)target); }

static void metric_binary_accuracy(nnf_shape shape, nnf_rows output, nnf_rows target, double *row_value)
{
    metric_mean(is_same_side, shape, output, target, row_value);
}
static void metric_mean_squared_error(nnf_shape shape, nnf_rows output, nnf_rows target, double *row_value)
{
    metric_mean(squared_difference, shape, output, target, row_value);
}
static void metric_mean_absolute_error(nnf_shape shape, nnf_rows output, nnf_rows target, double *row_value)
{
    metric_mean(absolute_difference, shape, output, target, row_value);
}

/* The first of the largest elements. */
INLINE ptrdiff_t row_argmax(const real *row, ptrdiff_t n)
{
    ptrdiff_t best = 0;
    for (ptrdiff_t j = 1; j < n; j++)
        if (row[j] > row[best])
            best = j;
    return best;
}

static void metric_categorical_accuracy(nnf_shape shape, nnf_rows output, nnf_rows target, double *row_value)
{
    for (ptrdiff_t i = 0; i < shape.rows; i++)
        row_value[i] = row_argmax(row_of(output, i), shape.columns) == row_argmax(row_of(target, i), shape.columns);
}
