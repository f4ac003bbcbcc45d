/* losses_regression.inc.h: losses of numbers, r = output - target; and cosine similarity. */

INLINE loss_element squared_error(vec output, vec target, const vec *parameter)
{
    (void)parameter;
    const vec residual = output - target;
    return (loss_element){residual * residual, residual + residual, output};
}
MEAN_LOSS(mean_squared_error, squared_error, false)
static void loss_sum_squared_error(const nnf_loss_rows *loss) { loss_elementwise(loss, squared_error, 1.0, false); }

/* The slope at 0 is 0. */
INLINE loss_element absolute_error(vec output, vec target, const vec *parameter)
{
    (void)parameter;
    const vec residual = output - target;
    return (loss_element){v_abs(residual), sign_forward(residual, (vec){0}), output};
}
MEAN_LOSS(mean_absolute_error, absolute_error, false)

/* |r| / max(|t|, epsilon) */
INLINE loss_element absolute_share(vec output, vec target, const vec *parameter)
{
    (void)parameter;
    const vec residual = output - target, whole = v_max(v_abs(target), v_splat(LOSS_EPSILON));
    return (loss_element){v_abs(residual) / whole, sign_forward(residual, (vec){0}) / whole, output};
}
static void loss_mean_absolute_percentage_error(const nnf_loss_rows *loss)
{
    loss_elementwise(loss, absolute_share, 100.0 / (double)loss->shape.columns, false);
}

/* (log(1 + y) - log(1 + t))^2, with y and t at least epsilon */
INLINE loss_element squared_logarithmic_error(vec output, vec target, const vec *parameter)
{
    (void)parameter;
    const vec one = v_splat(1), low = v_splat(LOSS_EPSILON), y = v_max(output, low);
    const vec residual = v_log(one + y) - v_log(one + v_max(target, low));
    const vec gradient = (residual + residual) / (one + y);
    return (loss_element){residual * residual, v_select_equal(y, output, gradient, (vec){0}), output};
}
MEAN_LOSS(mean_squared_logarithmic_error, squared_logarithmic_error, false)

/* With c = min(|r|, delta): c (|r| - c / 2), which is r^2 / 2 where |r| <= delta and delta (|r| - delta / 2) beyond. */
INLINE loss_element huber(vec output, vec target, const vec *parameter)
{
    const vec residual = output - target, size = v_abs(residual), near = v_min(size, parameter[0]);
    return (loss_element){near * v_fma(v_splat((real)-0.5), near, size), v_copy_sign(near, residual), output};
}
MEAN_LOSS(huber, huber, false)

/* With e = exp(-|r|): |r| - log 2 + log(1 + e^2) far out; below 1, where that cancels, log(1 + (1 - e)^2 / 2e). */
INLINE loss_element log_cosh(vec output, vec target, const vec *parameter)
{
    (void)parameter;
    const vec one = v_splat(1), residual = output - target, size = v_abs(residual);
    const vec fall = v_expm1(-size), e = one + fall;
    const vec rest = v_log1p(v_select_below(size, one, fall * fall / (e + e), e * e));
    const vec far = (size - v_splat(log_2[0])) - v_splat(log_2[1]);
    return (loss_element){v_select_below(size, one, (vec){0}, far) + rest, v_tanh(residual), output};
}
MEAN_LOSS(log_cosh, log_cosh, false)

/* (1 - quantile) r above the target, -quantile r below */
INLINE loss_element pinball(vec output, vec target, const vec *parameter)
{
    const vec residual = output - target, below = -parameter[0], above = v_splat(1) - parameter[0];
    const vec slope = v_select_below(residual, (vec){0}, below, v_select_below((vec){0}, residual, above, (vec){0}));
    return (loss_element){v_select_below(residual, (vec){0}, below, above) * residual, slope, output};
}
MEAN_LOSS(quantile, pinball, false)

/* y - t log(y + epsilon): NaN below -epsilon, as in Keras */
INLINE loss_element poisson(vec output, vec target, const vec *parameter)
{
    (void)parameter;
    const vec lifted = output + v_splat(LOSS_EPSILON);
    return (loss_element){output - target * v_log(lifted), v_splat(1) - target / lifted, output};
}
MEAN_LOSS(poisson, poisson, false)

/* ---- cosine similarity ---- */

/* 1 / |row|, at most 1 / epsilon. */
INLINE real row_inverse_norm(const real *row, ptrdiff_t n)
{
    lanes sum = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const vec x = row_load(row, j + v * VL, n, 0);
            sum.part[v] = v_fma(x, x, sum.part[v]);
        }
    const real inverse = 1 / REAL_SQRT(lanes_sum(sum));
    return inverse > 1 / LOSS_EPSILON ? 1 / LOSS_EPSILON : inverse;
}

/* With unit rows u = y / |y|, w = t / |t|: loss = -u w; dy = (u (u w) - w) / |y|, or -w / epsilon where |y| < epsilon. */
INLINE void cosine_row(const nnf_loss_rows *loss, ptrdiff_t i)
{
    const ptrdiff_t n = loss->shape.columns;
    const real *y = row_of(loss->output, i), *t = row_of(loss->target, i);
    const real inverse = row_inverse_norm(y, n);
    const vec of_output = v_splat(inverse), of_target = v_splat(row_inverse_norm(t, n));
    lanes dot = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            dot.part[v] = v_fma(row_load(y, at, n, 0) * of_output, row_load(t, at, n, 0) * of_target, dot.part[v]);
        }
    const real cosine = lanes_sum(dot);
    loss->row_loss[i] = -(double)cosine;
    if (!loss->gradient.data)
        return;
    const vec turn = inverse < 1 / LOSS_EPSILON ? v_splat(cosine) : (vec){0}, scale = v_splat((real)loss->scale) * of_output;
    for (ptrdiff_t j = 0; j < n; j += VL) {
        const vec u = row_load(y, j, n, 0) * of_output, w = row_load(t, j, n, 0) * of_target;
        row_store(row_of(loss->gradient, i), j, n, v_fma(turn, u, -w) * scale);
    }
}

static void loss_cosine_similarity(const nnf_loss_rows *loss)
{
    for (ptrdiff_t i = 0; i < loss->shape.rows; i++)
        cosine_row(loss, i);
}
