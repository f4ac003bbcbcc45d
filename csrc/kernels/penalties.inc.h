/* penalties.inc.h: sums of sizes and squares down columns, and the slope of a penalty.
 *
 * Of each sixteen rows the sums are reals, of all such groups doubles: 24 bits would be lost in a long sum, and a conversion for each
 * element would cost more than all else here. */
enum { GROUP_ROWS = 16 };

typedef double wide __attribute__((vector_size(VECTOR_BYTES)));
enum { WL = VECTOR_BYTES / sizeof(double), VEC_WIDES = VL / WL };

typedef real narrow __attribute__((vector_size(WL * sizeof(real))));
typedef real narrow_unaligned __attribute__((vector_size(WL * sizeof(real)), aligned(sizeof(real)), may_alias));

/* Of VL columns. */
typedef struct column_sums {
    vec size, square; /* of the group at hand */
    wide all_sizes[VEC_WIDES], all_squares[VEC_WIDES];
} column_sums;

INLINE void sums_add(column_sums *sums, const bool has_l1, vec x)
{
    sums->square = v_fma(x, x, sums->square);
    if (has_l1)
        sums->size += v_abs(x);
}

INLINE void wides_add(wide *total, vec part)
{
    real element[VL];
    __builtin_memcpy(element, &part, sizeof part);
    for (int w = 0; w < VEC_WIDES; w++)
        total[w] += __builtin_convertvector((narrow) * (const narrow_unaligned *)(element + w * WL), wide);
}

INLINE void sums_close_group(column_sums *sums, const bool has_l1)
{
    wides_add(sums->all_squares, sums->square);
    if (has_l1)
        wides_add(sums->all_sizes, sums->size);
    sums->square = sums->size = (vec){0};
}

/* Writes n <= VL of them. */
INLINE void sums_write(const column_sums *sums, const bool has_l1, double l1, double l2, ptrdiff_t n, double *sum)
{
    double column[VL];
    for (int w = 0; w < VEC_WIDES; w++) {
        const wide total = has_l1 ? sums->all_sizes[w] * l1 + sums->all_squares[w] * l2 : sums->all_squares[w] * l2;
        __builtin_memcpy(column + w * WL, &total, sizeof total);
    }
    __builtin_memcpy(sum, column, (size_t)(n < VL ? n : VL) * sizeof *sum);
}

/* l2 is twice the penalty's here. */
INLINE vec add_slope(vec gradient, const bool has_l1, vec l1, vec l2, vec x)
{
    const vec zero = {0}, sum = v_fma(l2, x, gradient);
    return has_l1 ? sum + v_select_below(zero, x, l1, v_select_below(x, zero, zero - l1, zero)) : sum;
}

/* gradient NULL: sums alone. */
INLINE void penalize_all(const bool has_l1, nnf_shape shape, nnf_rows x, const nnf_slope *slope, real *gradient)
{
    const vec l1 = v_splat((real)slope->l1), l2 = v_splat((real)(2 * slope->l2));
    for (ptrdiff_t j = 0; j < shape.columns; j += VL) {
        column_sums sums = {0};
        for (ptrdiff_t i = 0; i < shape.rows; i += GROUP_ROWS) {
            for (ptrdiff_t r = i; r < i + GROUP_ROWS && r < shape.rows; r++) {
                const vec element = row_load(row_of(x, r), j, shape.columns, 0);
                sums_add(&sums, has_l1, element);
                if (!gradient)
                    continue;
                real *to = gradient + r * x.stride;
                row_store(to, j, shape.columns, add_slope(row_load(to, j, shape.columns, 0), has_l1, l1, l2, element));
            }
            sums_close_group(&sums, has_l1);
        }
        sums_write(&sums, has_l1, slope->l1, slope->l2, shape.columns - j, slope->penalty + j);
    }
}

static void penalize(nnf_shape shape, nnf_rows x, const nnf_slope *slope, void *gradient)
{
    if (slope->l1 != 0)
        penalize_all(true, shape, x, slope, gradient);
    else
        penalize_all(false, shape, x, slope, gradient);
}
