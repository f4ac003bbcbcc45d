/* losses_crossentropy.inc.h: cross-entropies, of probabilities and joined with sigmoid or softmax, and the divergence that they
 * differ from by the targets' entropy. */

/* ---- binary: parameters label_smoothing, pos_weight ---- */

enum { SMOOTHING, POSITIVE_WEIGHT };

/* p - t plus what the weight w of positive targets changes: the gradient by the logit of -(w t log p + (1 - t) log(1 - p)). */
INLINE vec binary_slope(vec p, vec t, vec more_weight) { return (p - t) + more_weight * t * (p - v_splat(1)); }

/* -(w t log p + (1 - t) log(1 - p)), p clipped */
INLINE loss_element binary_crossentropy(vec output, vec target, const vec *parameter)
{
    const vec one = v_splat(1), low = v_splat(LOSS_EPSILON), high = one - low;
    const vec p = v_min(v_max(output, low), high), t = smoothed(target, parameter[SMOOTHING], v_splat((real)0.5));
    const vec loss = (vec){0} - (parameter[POSITIVE_WEIGHT] * t * v_log(p) + (one - t) * v_log(one - p));
    const vec gradient = binary_slope(p, t, parameter[POSITIVE_WEIGHT] - one) / (p * (one - p));
    return (loss_element){loss, v_select_equal(p, output, gradient, (vec){0}), output};
}
MEAN_LOSS(binary_crossentropy, binary_crossentropy, false)

/* With s = log(1 + exp(-|z|)): max(z, 0) - z t + s + (w - 1) t (max(-z, 0) + s) */
INLINE loss_element binary_crossentropy_logits(vec logit, vec target, const vec *parameter)
{
    const vec zero = {0}, more_weight = parameter[POSITIVE_WEIGHT] - v_splat(1);
    const vec p = sigmoid_forward(logit, zero), t = smoothed(target, parameter[SMOOTHING], v_splat((real)0.5));
    const vec soft = v_log1p(v_exp(zero - v_abs(logit)));
    const vec loss = v_max(logit, zero) - logit * t + soft, of_positive = v_max(-logit, zero) + soft;
    return (loss_element){loss + more_weight * t * of_positive, binary_slope(p, t, more_weight), p};
}
MEAN_LOSS(binary_crossentropy_logits, binary_crossentropy_logits, true)

/* ---- categorical: parameter label_smoothing ---- */

/* VL targets of a row from column j on, smoothed towards 1 / n; missing ones are 0. */
INLINE vec load_smoothed(const real *row, ptrdiff_t j, ptrdiff_t n, real smoothing)
{
    const vec target = row_load(row, j, n, 0);
    return smoothing == 0 ? target : row_mask(smoothed(target, v_splat(smoothing), v_splat(1 / (real)n)), j, n);
}

INLINE real scalar_log(real x) { return v_log(v_splat(x))[0]; }

/* With T = sum t, m = max z, S = sum exp(z - m): loss = T log S - sum t (z - m); dz = T p - t. */
INLINE void categorical_logits_row(const nnf_loss_rows *loss, ptrdiff_t i)
{
    const ptrdiff_t n = loss->shape.columns;
    real *z = row_of(loss->output, i);
    const real *t = row_of(loss->target, i);
    const real max = row_max(z, n), smoothing = (real)loss->parameter[SMOOTHING];
    lanes dot = lanes_splat(0), all = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            const vec target = load_smoothed(t, at, n, smoothing);
            all.part[v] += target;
            dot.part[v] = v_fma(target, row_load(z, at, n, max) - v_splat(max), dot.part[v]);
        }
    const real total = lanes_sum(all), sum = row_exp_shifted(z, z, n, max);
    row_divide(z, n, sum);
    loss->row_loss[i] = (double)(total * scalar_log(sum) - lanes_sum(dot));
    if (!loss->gradient.data)
        return;
    const vec scale = v_splat((real)loss->scale);
    for (ptrdiff_t j = 0; j < n; j += VL) {
        const vec target = load_smoothed(t, j, n, smoothing);
        row_store(row_of(loss->gradient, i), j, n, (row_load(z, j, n, 0) * v_splat(total) - target) * scale);
    }
}

/* The same for rows i .. i + VL - 1, short ones. */
INLINE void categorical_logits_columns(const nnf_loss_rows *loss, ptrdiff_t i)
{
    const nnf_shape shape = loss->shape;
    const vec scale = v_splat((real)loss->scale), zero = {0};
    const vec smoothing = v_splat((real)loss->parameter[SMOOTHING]), middle = v_splat(1 / (real)shape.columns);
    turned_rows z = columns_load(loss->output, shape, i), t = columns_load(loss->target, shape, i), dot = {0}, gradient = {0};
    vec max = z.of[0];
    for (ptrdiff_t j = 1; j < shape.columns; j++)
        max = v_max(z.of[j], max);
    for (ptrdiff_t j = 0; j < shape.columns; j++) {
        t.of[j] = smoothed(t.of[j], smoothing, middle);
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
    const real smoothing = (real)loss->parameter[SMOOTHING];
    const vec sum = v_splat(row_sum(y, n)), low = v_splat(LOSS_EPSILON), high = v_splat(1) - low;
    lanes value = lanes_splat(0), unclipped = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            const vec share = row_load(y, at, n, 0) / sum, target = load_smoothed(t, at, n, smoothing);
            const vec q = v_min(v_max(share, low), high);
            value.part[v] -= row_mask(target * v_log(q), at, n);
            unclipped.part[v] += row_mask(v_select_equal(q, share, target, (vec){0}), at, n);
        }
    loss->row_loss[i] = (double)lanes_sum(value);
    if (!loss->gradient.data)
        return;
    const vec scale = v_splat((real)loss->scale), common = v_splat(lanes_sum(unclipped)) / sum;
    for (ptrdiff_t j = 0; j < n; j += VL) {
        const vec output = row_load(y, j, n, 1), share = output / sum, target = load_smoothed(t, j, n, smoothing);
        const vec own = v_select_equal(v_min(v_max(share, low), high), share, target / output, (vec){0});
        row_store(row_of(loss->gradient, i), j, n, (common - own) * scale);
    }
}

static void loss_categorical_crossentropy(const nnf_loss_rows *loss)
{
    for (ptrdiff_t i = 0; i < loss->shape.rows; i++)
        categorical_row(loss, i);
}

/* ---- divergence ---- */

/* t log(t / y), both clipped to [epsilon, 1] */
INLINE loss_element kl_divergence(vec output, vec target, const vec *parameter)
{
    (void)parameter;
    const vec one = v_splat(1), low = v_splat(LOSS_EPSILON);
    const vec y = v_min(v_max(output, low), one), t = v_min(v_max(target, low), one), ratio = t / y;
    return (loss_element){t * v_log(ratio), v_select_equal(y, output, -ratio, (vec){0}), output};
}
static void loss_kl_divergence(const nnf_loss_rows *loss) { loss_elementwise(loss, kl_divergence, 1.0, false); }
