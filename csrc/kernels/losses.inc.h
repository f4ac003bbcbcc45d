/* losses.inc.h: one function a loss: the loss of each row and the gradient with respect to what the network gave.
 *
 * Probabilities that did not come from a fused activation are kept LOSS_EPSILON away from 0 and 1, as Keras keeps them;
 * where a probability is moved, its gradient is 0. */
#define LOSS_EPSILON ((real)1e-7)

/* ---- losses that look at one element at a time ---- */

typedef struct loss_element {
    vec loss, gradient, output;
} loss_element;

typedef loss_element (*loss_function)(vec output, vec target);

/* What all rows share. factor: what the sum along a row is multiplied by. fused: the output is replaced. */
typedef struct loss_terms {
    loss_function f;
    double factor;
    bool fused;
} loss_terms;

INLINE void loss_row(const nnf_loss_rows *loss, const loss_terms terms, ptrdiff_t i)
{
    const ptrdiff_t n = loss->shape.columns;
    const vec scale = v_splat((real)(loss->scale * terms.factor));
    real *output = row_of(loss->output, i);
    const real *target = row_of(loss->target, i);
    lanes sum = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            const loss_element element = terms.f(row_load(output, at, n, 0), row_load(target, at, n, 0));
            sum.part[v] += row_mask(element.loss, at, n);
            if (loss->gradient.data)
                row_store(row_of(loss->gradient, i), at, n, element.gradient * scale);
            if (terms.fused)
                row_store(output, at, n, element.output);
        }
    loss->row_loss[i] = (double)lanes_sum(sum) * terms.factor;
}

/* Rows i .. i + VL - 1, short ones. */
INLINE void loss_columns(const nnf_loss_rows *loss, const loss_terms terms, ptrdiff_t i)
{
    const nnf_shape shape = loss->shape;
    const vec scale = v_splat((real)(loss->scale * terms.factor));
    turned_rows output = columns_load(loss->output, shape, i), gradient = {0}, sum = {0};
    const turned_rows target = columns_load(loss->target, shape, i);
    for (ptrdiff_t j = 0; j < shape.columns; j++) {
        const loss_element element = terms.f(output.of[j], target.of[j]);
        sum.of[j] += element.loss;
        gradient.of[j] = element.gradient * scale;
        output.of[j] = element.output;
    }
    if (loss->gradient.data)
        columns_store(loss->gradient, shape, i, gradient);
    if (terms.fused)
        columns_store(loss->output, shape, i, output);
    const vec value = columns_sum(sum);
    for (int r = 0; r < VL && i + r < shape.rows; r++)
        loss->row_loss[i + r] = (double)value[r] * terms.factor;
}

INLINE void loss_elementwise(const nnf_loss_rows *loss, loss_function f, double factor, bool fused)
{
    const loss_terms terms = {f, factor, fused};
    ptrdiff_t i = 0;
    for (; columns_are_worth(loss->shape, i); i += VL)
        loss_columns(loss, terms, i);
    for (; i < loss->shape.rows; i++)
        loss_row(loss, terms, i);
}

INLINE loss_element squared_error(vec output, vec target)
{
    const vec residual = output - target;
    return (loss_element){residual * residual, residual + residual, output};
}

/* -(t log p + (1 - t) log(1 - p)), p clipped */
INLINE loss_element binary_crossentropy(vec output, vec target)
{
    const vec one = v_splat(1), low = v_splat(LOSS_EPSILON), high = one - low;
    const vec p = v_min(v_max(output, low), high);
    const vec loss = (vec){0} - (target * v_log(p) + (one - target) * v_log(one - p));
    const vec gradient = (p - target) / (p * (one - p));
    return (loss_element){loss, v_select_equal(p, output, gradient, (vec){0}), output};
}

/* max(z, 0) - z t + log(1 + exp(-|z|)) */
INLINE loss_element binary_crossentropy_logits(vec logit, vec target)
{
    const vec p = sigmoid_forward(logit, (vec){0});
    const vec loss = v_max(logit, (vec){0}) - logit * target + v_log1p(v_exp((vec){0} - v_abs(logit)));
    return (loss_element){loss, p - target, p};
}

static void loss_mean_squared_error(const nnf_loss_rows *loss)
{
    loss_elementwise(loss, squared_error, 1.0 / (double)loss->shape.columns, false);
}
static void loss_sum_squared_error(const nnf_loss_rows *loss) { loss_elementwise(loss, squared_error, 1.0, false); }
static void loss_binary_crossentropy(const nnf_loss_rows *loss)
{
    loss_elementwise(loss, binary_crossentropy, 1.0 / (double)loss->shape.columns, false);
}
static void loss_binary_crossentropy_logits(const nnf_loss_rows *loss)
{
    loss_elementwise(loss, binary_crossentropy_logits, 1.0 / (double)loss->shape.columns, true);
}

/* ---- losses that look at a whole row ---- */

INLINE real row_sum(const real *row, ptrdiff_t n)
{
    lanes sum = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++)
            sum.part[v] += row_load(row, j + v * VL, n, 0);
    return lanes_sum(sum);
}

INLINE real scalar_log(real x) { return v_log(v_splat(x))[0]; }

/* With T = sum t, m = max z, S = sum exp(z - m): loss = T log S - sum t (z - m); dz = T p - t. */
INLINE void categorical_logits_row(const nnf_loss_rows *loss, ptrdiff_t i)
{
    const ptrdiff_t n = loss->shape.columns;
    real *z = row_of(loss->output, i);
    const real *t = row_of(loss->target, i);
    const real max = row_max(z, n), total = row_sum(t, n);
    lanes dot = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            dot.part[v] = v_fma(row_load(t, at, n, 0), row_load(z, at, n, max) - v_splat(max), dot.part[v]);
        }
    const real sum = row_exp_shifted(z, z, n, max);
    row_divide(z, n, sum);
    loss->row_loss[i] = (double)(total * scalar_log(sum) - lanes_sum(dot));
    if (!loss->gradient.data)
        return;
    const vec scale = v_splat((real)loss->scale);
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(row_of(loss->gradient, i), j, n, (row_load(z, j, n, 0) * v_splat(total) - row_load(t, j, n, 0)) * scale);
}

/* The same for rows i .. i + VL - 1, short ones. */
INLINE void categorical_logits_columns(const nnf_loss_rows *loss, ptrdiff_t i)
{
    const nnf_shape shape = loss->shape;
    const vec scale = v_splat((real)loss->scale), zero = {0};
    turned_rows z = columns_load(loss->output, shape, i), dot = {0}, gradient = {0};
    const turned_rows t = columns_load(loss->target, shape, i);
    vec max = z.of[0];
    for (ptrdiff_t j = 1; j < shape.columns; j++)
        max = v_max(z.of[j], max);
    for (ptrdiff_t j = 0; j < shape.columns; j++) {
        dot.of[j] = v_fma(t.of[j], z.of[j] - max, zero);
        z.of[j] = v_exp(z.of[j] - max);
    }
    const vec sum = columns_sum(z), total = columns_sum(t) + zero, value = total * v_log(sum) - columns_sum(dot);
    for (ptrdiff_t j = 0; j < shape.columns; j++) {
        z.of[j] = z.of[j] / sum;
        gradient.of[j] = (z.of[j] * total - t.of[j]) * scale;
    }
    columns_store(loss->output, shape, i, z);
    if (loss->gradient.data)
        columns_store(loss->gradient, shape, i, gradient);
    for (int r = 0; r < VL && i + r < shape.rows; r++)
        loss->row_loss[i + r] = (double)value[r];
}

static void loss_categorical_crossentropy_logits(const nnf_loss_rows *loss)
{
    ptrdiff_t i = 0;
    for (; columns_are_worth(loss->shape, i); i += VL)
        categorical_logits_columns(loss, i);
    for (; i < loss->shape.rows; i++)
        categorical_logits_row(loss, i);
}

/* Rows are first divided by their sum s: q = clip(y / s); loss = -sum t log q. With U the sum of t where q is not clipped,
 * dy = U / s - t / y there (and U / s elsewhere). */
INLINE void categorical_row(const nnf_loss_rows *loss, ptrdiff_t i)
{
    const ptrdiff_t n = loss->shape.columns;
    const real *y = row_of(loss->output, i), *t = row_of(loss->target, i);
    const vec sum = v_splat(row_sum(y, n)), low = v_splat(LOSS_EPSILON), high = v_splat(1) - low;
    lanes value = lanes_splat(0), unclipped = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            const vec share = row_load(y, at, n, 0) / sum, target = row_load(t, at, n, 0);
            const vec q = v_min(v_max(share, low), high);
            value.part[v] -= row_mask(target * v_log(q), at, n);
            unclipped.part[v] += row_mask(v_select_equal(q, share, target, (vec){0}), at, n);
        }
    loss->row_loss[i] = (double)lanes_sum(value);
    if (!loss->gradient.data)
        return;
    const vec scale = v_splat((real)loss->scale), common = v_splat(lanes_sum(unclipped)) / sum;
    for (ptrdiff_t j = 0; j < n; j += VL) {
        const vec output = row_load(y, j, n, 1), share = output / sum;
        const vec own = v_select_equal(v_min(v_max(share, low), high), share, row_load(t, j, n, 0) / output, (vec){0});
        row_store(row_of(loss->gradient, i), j, n, (common - own) * scale);
    }
}

static void loss_categorical_crossentropy(const nnf_loss_rows *loss)
{
    for (ptrdiff_t i = 0; i < loss->shape.rows; i++)
        categorical_row(loss, i);
}
