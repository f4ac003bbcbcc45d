/* losses_margin.inc.h: losses that are 0 beyond a margin. Their differences leave an infinite output NaN, so that it is told. */

/* Targets are -1 and 1; 0 counts as -1. */
INLINE vec as_sign(vec target) { return v_select_equal(target, (vec){0}, v_splat(-1), target); }

/* max(x, 0), but NaN at -infinity */
INLINE vec positive_part(vec x) { return x - v_min(x, (vec){0}); }

/* max(1 - t y, 0) */
INLINE loss_element hinge(vec output, vec target, const vec *parameter)
{
    (void)parameter;
    const vec zero = {0}, sign = as_sign(target), loss = positive_part(v_fma(-sign, output, v_splat(1)));
    return (loss_element){loss, v_select_below(zero, loss, -sign, zero), output};
}
MEAN_LOSS(hinge, hinge, false)

INLINE loss_element squared_hinge(vec output, vec target, const vec *parameter)
{
    (void)parameter;
    const vec sign = as_sign(target), loss = positive_part(v_fma(-sign, output, v_splat(1)));
    return (loss_element){loss * loss, -sign * (loss + loss), output};
}
MEAN_LOSS(squared_hinge, squared_hinge, false)

/* ---- categorical ---- */

INLINE real largest_other(const real *y, const real *t, ptrdiff_t n)
{
    const real low = -(real)__builtin_inf();
    lanes all = lanes_splat(low);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            all.part[v] = v_max((v_splat(1) - row_load(t, at, n, 0)) * row_load(y, at, n, low), all.part[v]);
        }
    return lanes_max(all);
}

/* max(max (1 - t) y - sum t y + 1, 0); of several that are largest the first has the slope. */
INLINE void categorical_hinge_row(const nnf_loss_rows *loss, ptrdiff_t i)
{
    const ptrdiff_t n = loss->shape.columns;
    const real *y = row_of(loss->output, i), *t = row_of(loss->target, i), other = largest_other(y, t, n);
    lanes own = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++)
            own.part[v] = v_fma(row_load(t, j + v * VL, n, 0), row_load(y, j + v * VL, n, 0), own.part[v]);
    const real value = positive_part(v_splat(other - lanes_sum(own) + 1))[0];
    loss->row_loss[i] = (double)value;
    if (!loss->gradient.data)
        return;
    real *gradient = row_of(loss->gradient, i);
    const real scale = value > 0 ? (real)loss->scale : 0;
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(gradient, j, n, row_load(t, j, n, 0) * v_splat(-scale));
    ptrdiff_t best = 0;
    while (best < n && (1 - t[best]) * y[best] != other)
        best++;
    if (best < n)
        gradient[best] += (1 - t[best]) * scale;
}

static void loss_categorical_hinge(const nnf_loss_rows *loss)
{
    for (ptrdiff_t i = 0; i < loss->shape.rows; i++)
        categorical_hinge_row(loss, i);
}
