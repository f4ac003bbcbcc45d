/* steps.inc.h: what a step does to a block of parameters beside the optimizer's rule. */

/* ---- clipping, averages, constraints ---- */

static void clip(ptrdiff_t n, double bound, void *x)
{
    const vec high = v_splat((real)bound), low = (vec){0} - high;
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(x, j, n, v_min(v_max(row_load(x, j, n, 0), low), high));
}

static void average(ptrdiff_t n, double momentum, const void *x, void *mean)
{
    const vec kept = v_splat((real)momentum), fresh = v_splat((real)(1 - momentum));
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(mean, j, n, v_fma(kept, row_load(mean, j, n, 0), fresh * row_load(x, j, n, 0)));
}

static void raise_to_zero(ptrdiff_t n, void *x)
{
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(x, j, n, v_max(row_load(x, j, n, 0), (vec){0}));
}

static void scale_columns(nnf_shape shape, nnf_rows x, const double *factor)
{
    for (ptrdiff_t j = 0; j < shape.columns; j += VL) {
        vec f = {0};
        for (ptrdiff_t v = 0; v < VL && j + v < shape.columns; v++)
            f[v] = (real)factor[j + v];
        for (ptrdiff_t i = 0; i < shape.rows; i++)
            row_store(row_of(x, i), j, shape.columns, f * row_load(row_of(x, i), j, shape.columns, 0));
    }
}
