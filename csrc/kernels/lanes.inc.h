/* lanes.inc.h: sums and maxima along a row, with the same bits for any register width.
 *
 * Element j belongs to virtual lane j % LANES; each lane is taken in ascending order, and the lanes are joined by one fixed
 * tree. LANES is a constant of the library: changing it changes results. */
enum { LANES = 16, LANE_VECTORS = LANES / VL };

typedef struct lanes {
    vec part[LANE_VECTORS];
} lanes;

INLINE lanes lanes_splat(real x)
{
    lanes all;
    for (int v = 0; v < LANE_VECTORS; v++)
        all.part[v] = v_splat(x);
    return all;
}

/* VL elements of a row from column j on, of which there are n in all; missing ones read as fill. */
INLINE vec row_load(const real *row, ptrdiff_t j, ptrdiff_t n, real fill)
{
    if (j + VL <= n)
        return v_load(row + j);
    return j < n ? v_load_part(row + j, n - j, fill) : v_splat(fill);
}

INLINE void row_store(real *row, ptrdiff_t j, ptrdiff_t n, vec x)
{
    if (j + VL <= n)
        v_store(row + j, x);
    else if (j < n)
        v_store_part(row + j, n - j, x);
}

/* x where the column j + lane is below n, else 0: what a sum may take in. */
INLINE vec row_mask(vec x, ptrdiff_t j, ptrdiff_t n)
{
    vec kept = {0};
    if (j + VL <= n)
        return x;
    if (j < n)
        __builtin_memcpy(&kept, &x, (size_t)(n - j) * sizeof(real));
    return kept;
}

INLINE real lanes_sum(lanes all)
{
    real lane[LANES];
    __builtin_memcpy(lane, &all, sizeof lane);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    return lane[0];
}

INLINE real row_sum(const real *row, ptrdiff_t n)
{
    lanes sum = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++)
            sum.part[v] += row_load(row, j + v * VL, n, 0);
    return lanes_sum(sum);
}

INLINE real lanes_max(lanes all)
{
    real lane[LANES];
    __builtin_memcpy(lane, &all, sizeof lane);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] = lane[i] < lane[i + half] ? lane[i + half] : lane[i];
    return lane[0];
}

INLINE real row_max(const real *row, ptrdiff_t n)
{
    lanes all = lanes_splat(-(real)__builtin_inf());
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++)
            all.part[v] = v_max(row_load(row, j + v * VL, n, -(real)__builtin_inf()), all.part[v]);
    return lanes_max(all);
}
