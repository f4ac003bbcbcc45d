/* losses_focal.inc.h: cross-entropies that turn away from what is known well. Lin et al., "Focal loss for dense object
 * detection", ICCV 2017, in Keras' form.
 *
 * Powers are taken as exp(gamma log m) with m, the probability missed, kept above 0: a power of 0 is safe at any gamma. */

INLINE vec focal_power(vec missed, vec gamma) { return v_exp(gamma * v_log(missed)); }

/* ---- binary: parameters apply_class_balancing, alpha, gamma, label_smoothing ---- */

enum { BALANCING, BINARY_ALPHA, BINARY_GAMMA, BINARY_SMOOTHING };

/* loss = factor * entropy, and the slope of log factor by p. */
typedef struct focus {
    vec factor, slope;
} focus;

/* q = 1 - p, given for its precision near 0. Missed: (1 - t) p + t q. */
INLINE focus binary_focus(vec p, vec q, vec t, const vec *parameter)
{
    const vec one = v_splat(1), gamma = parameter[BINARY_GAMMA], alpha = parameter[BINARY_ALPHA], balancing = parameter[BALANCING];
    const vec missed = v_max(v_fma(one - t, p, t * q), v_splat((real)1e-30));
    const vec of_positive = v_fma(balancing, alpha - one, one), of_negative = v_fma(-balancing, alpha, one);
    const vec weight = v_fma(t, of_positive, (one - t) * of_negative);
    return (focus){weight * focal_power(missed, gamma), gamma * (one - (t + t)) / missed};
}

/* -(t log p + (1 - t) log q) times the focus, p clipped */
INLINE loss_element binary_focal_crossentropy(vec output, vec target, const vec *parameter)
{
    const vec one = v_splat(1), low = v_splat(LOSS_EPSILON), high = one - low;
    const vec p = v_min(v_max(output, low), high), q = one - p, t = smoothed(target, parameter[BINARY_SMOOTHING], v_splat((real)0.5));
    const vec entropy = -(t * v_log(p) + (one - t) * v_log(q));
    const focus at = binary_focus(p, q, t, parameter);
    const vec gradient = at.factor * v_fma(at.slope, entropy, (p - t) / (p * q));
    return (loss_element){at.factor * entropy, v_select_equal(p, output, gradient, (vec){0}), output};
}
MEAN_LOSS(binary_focal_crossentropy, binary_focal_crossentropy, false)

INLINE loss_element binary_focal_crossentropy_logits(vec logit, vec target, const vec *parameter)
{
    const vec one = v_splat(1), zero = {0}, t = smoothed(target, parameter[BINARY_SMOOTHING], v_splat((real)0.5));
    const vec p = sigmoid_forward(logit, zero), q = sigmoid_forward(-logit, zero);
    const vec entropy = v_max(logit, zero) - logit * t + v_log1p(v_exp(zero - v_abs(logit)));
    const focus at = binary_focus(p, q, t, parameter);
    const vec gradient = at.factor * v_fma(at.slope * (p * q), entropy, v_fma(one - t, p, -(t * q)));
    return (loss_element){at.factor * entropy, gradient, p};
}
MEAN_LOSS(binary_focal_crossentropy_logits, binary_focal_crossentropy_logits, true)

/* ---- categorical: parameters alpha, gamma, label_smoothing ---- */

enum { ALPHA, GAMMA, CATEGORICAL_SMOOTHING };

/* -alpha t (1 - q)^gamma log q, and q times its slope by q. */
typedef struct focal_share {
    vec loss, slope;
} focal_share;

INLINE focal_share focal_of(vec q, vec log_q, vec t, const nnf_loss_rows *loss)
{
    const vec gamma = v_splat((real)loss->parameter[GAMMA]), missed = v_max(v_splat(1) - q, v_splat(LOSS_EPSILON));
    const vec factor = v_splat((real)loss->parameter[ALPHA]) * t * focal_power(missed, gamma);
    return (focal_share){-(factor * log_q), factor * (gamma * q * log_q / missed - v_splat(1))};
}

/* Shares q = y / sum y, clipped. With U the sum of the slopes of those that are not: dy = (slope / q - U) / sum y. */
INLINE void categorical_focal_row(const nnf_loss_rows *loss, ptrdiff_t i)
{
    const ptrdiff_t n = loss->shape.columns;
    const real *y = row_of(loss->output, i), *t = row_of(loss->target, i);
    const real smoothing = (real)loss->parameter[CATEGORICAL_SMOOTHING];
    const vec sum = v_splat(row_sum(y, n)), low = v_splat(LOSS_EPSILON), high = v_splat(1) - low;
    real *gradient = loss->gradient.data ? row_of(loss->gradient, i) : NULL;
    lanes value = lanes_splat(0), slopes = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            const vec output = row_load(y, at, n, 1), share = output / sum, q = v_min(v_max(share, low), high);
            const focal_share own = focal_of(q, v_log(q), load_smoothed(t, at, n, smoothing), loss);
            const vec slope = v_select_equal(q, share, own.slope, (vec){0});
            value.part[v] += row_mask(own.loss, at, n);
            slopes.part[v] += row_mask(slope, at, n);
            if (gradient)
                row_store(gradient, at, n, v_select_equal(q, share, slope / output, (vec){0}));
        }
    loss->row_loss[i] = (double)lanes_sum(value);
    const vec scale = v_splat((real)loss->scale), common = v_splat(lanes_sum(slopes)) / sum;
    for (ptrdiff_t j = 0; j < n && gradient; j += VL)
        row_store(gradient, j, n, (row_load(gradient, j, n, 0) - common) * scale);
}

static void loss_categorical_focal_crossentropy(const nnf_loss_rows *loss)
{
    for (ptrdiff_t i = 0; i < loss->shape.rows; i++)
        categorical_focal_row(loss, i);
}

/* Shares q = softmax(z), log q from z. With U the sum of the slopes: dz = slope - q U. */
INLINE void categorical_focal_logits_row(const nnf_loss_rows *loss, ptrdiff_t i)
{
    const ptrdiff_t n = loss->shape.columns;
    real *z = row_of(loss->output, i), *gradient = loss->gradient.data ? row_of(loss->gradient, i) : NULL;
    const real *t = row_of(loss->target, i);
    const real smoothing = (real)loss->parameter[CATEGORICAL_SMOOTHING], max = row_max(z, n), sum = row_sum_exp_shifted(z, n, max);
    const vec log_sum = v_splat(scalar_log(sum));
    lanes value = lanes_splat(0), slopes = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            const vec shifted = row_load(z, at, n, max) - v_splat(max), q = v_exp(shifted) / v_splat(sum);
            const focal_share own = focal_of(q, shifted - log_sum, load_smoothed(t, at, n, smoothing), loss);
            row_store(z, at, n, q);
            value.part[v] += row_mask(own.loss, at, n);
            slopes.part[v] += row_mask(own.slope, at, n);
            if (gradient)
                row_store(gradient, at, n, own.slope);
        }
    loss->row_loss[i] = (double)lanes_sum(value);
    const vec scale = v_splat((real)loss->scale), all = v_splat(lanes_sum(slopes));
    for (ptrdiff_t j = 0; j < n && gradient; j += VL)
        row_store(gradient, j, n, v_fma(-row_load(z, j, n, 0), all, row_load(gradient, j, n, 0)) * scale);
}

static void loss_categorical_focal_crossentropy_logits(const nnf_loss_rows *loss)
{
    for (ptrdiff_t i = 0; i < loss->shape.rows; i++)
        categorical_focal_logits_row(loss, i);
}
