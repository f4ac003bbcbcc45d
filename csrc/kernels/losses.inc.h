/* losses.inc.h: one function a loss: the loss of each row and the gradient with respect to what the network gave. Here is what
 * losses of single elements share; the losses stand in losses_regression.inc.h, losses_margin.inc.h, losses_crossentropy.inc.h
 * and losses_focal.inc.h.
 *
 * Where a logarithm is taken, outputs that did not come from a fused activation are kept LOSS_EPSILON away from its ends, as
 * Keras keeps them; where an output is moved, its gradient is 0. */
#define LOSS_EPSILON ((real)1e-7)

typedef struct loss_element {
    vec loss, gradient, output;
} loss_element;

/* parameter: one vector for each of the names in the loss's row of losses.h. */
typedef loss_element (*loss_function)(vec output, vec target, const vec *parameter);

/* What all rows share. factor: what the sum along a row is multiplied by. fused: the output is replaced. */
typedef struct loss_terms {
    loss_function f;
    double factor;
    bool fused;
} loss_terms;

INLINE void loss_splat_parameters(const nnf_loss_rows *loss, vec parameter[NNF_MAX_LOSS_PARAMETERS])
{
    for (int i = 0; i < NNF_MAX_LOSS_PARAMETERS; i++)
        parameter[i] = v_splat((real)loss->parameter[i]);
}

INLINE void loss_row(const nnf_loss_rows *loss, const loss_terms terms, const vec *parameter, ptrdiff_t i)
{
    const ptrdiff_t n = loss->shape.columns;
    const vec scale = v_splat((real)(loss->scale * terms.factor));
    real *output = row_of(loss->output, i);
    const real *target = row_of(loss->target, i);
    lanes sum = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            const loss_element element = terms.f(row_load(output, at, n, 0), row_load(target, at, n, 0), parameter);
            sum.part[v] += row_mask(element.loss, at, n);
            if (loss->gradient.data)
                row_store(row_of(loss->gradient, i), at, n, element.gradient * scale);
            if (terms.fused)
                row_store(output, at, n, element.output);
        }
    loss->row_loss[i] = (double)lanes_sum(sum) * terms.factor;
}

/* Columns are turned by functions of their own: they are long, and there is a loss_columns for every loss. */
static __attribute__((noinline)) void columns_fetch(nnf_rows rows, nnf_shape shape, ptrdiff_t i, turned_rows *all)
{
    *all = columns_load(rows, shape, i);
}
static __attribute__((noinline)) void columns_return(nnf_rows rows, nnf_shape shape, ptrdiff_t i, const turned_rows *all)
{
    columns_store(rows, shape, i, *all);
}

/* Rows i .. i + VL - 1, short ones. */
INLINE void loss_columns(const nnf_loss_rows *loss, const loss_terms terms, const vec *parameter, ptrdiff_t i)
{
    const nnf_shape shape = loss->shape;
    const vec scale = v_splat((real)(loss->scale * terms.factor));
    turned_rows output, target, gradient = {0}, sum = {0};
    columns_fetch(loss->output, shape, i, &output);
    columns_fetch(loss->target, shape, i, &target);
    for (ptrdiff_t j = 0; j < shape.columns; j++) {
        const loss_element element = terms.f(output.of[j], target.of[j], parameter);
        sum.of[j] += element.loss;
        gradient.of[j] = element.gradient * scale;
        output.of[j] = element.output;
    }
    if (loss->gradient.data)
        columns_return(loss->gradient, shape, i, &gradient);
    if (terms.fused)
        columns_return(loss->output, shape, i, &output);
    const vec value = columns_sum(sum);
    for (int r = 0; r < VL && i + r < shape.rows; r++)
        loss->row_loss[i + r] = (double)value[r] * terms.factor;
}

INLINE void loss_elementwise(const nnf_loss_rows *loss, loss_function f, double factor, bool fused)
{
    const loss_terms terms = {f, factor, fused};
    vec parameter[NNF_MAX_LOSS_PARAMETERS];
    loss_splat_parameters(loss, parameter);
    ptrdiff_t i = 0;
    for (; columns_are_worth(loss->shape, i); i += VL)
        loss_columns(loss, terms, parameter, i);
    for (; i < loss->shape.rows; i++)
        loss_row(loss, terms, parameter, i);
}

/* A loss that is the mean of f over the elements of a row. */
#define MEAN_LOSS(name, f, fused)                                             \
    static void loss_##name(const nnf_loss_rows *loss)                        \
    {                                                                         \
        loss_elementwise(loss, f, 1.0 / (double)loss->shape.columns, fused);  \
    }

/* target (1 - smoothing) + middle smoothing: the target's own bits where smoothing is 0. */
INLINE vec smoothed(vec target, vec smoothing, vec middle) { return v_fma(-smoothing, target - middle, target); }
