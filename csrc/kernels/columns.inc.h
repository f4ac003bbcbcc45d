/* columns.inc.h: rows of at most LANES elements, VL of them at a time, turned so that a vector holds a column: what is done for a row
 * is then done for all of them at once. Sums take the tree of lanes.inc.h, so they have the same bits. */

typedef struct turned_rows {
    vec of[LANES];
} turned_rows;

/* Whether rows i and after are to be taken so: a few rows alone are done faster one by one. */
INLINE bool columns_are_worth(nnf_shape shape, ptrdiff_t i) { return shape.columns <= LANES && shape.rows - i >= (VL + 3) / 4; }

/* Rows i .. i + VL - 1; what is not there reads as 0. */
INLINE turned_rows columns_load(nnf_rows rows, nnf_shape shape, ptrdiff_t i)
{
    turned_rows all;
    for (int j = 0; j < LANES; j += VL) {
        for (int r = 0; r < VL; r++)
            all.of[j + r] = i + r < shape.rows ? row_load(row_of(rows, i + r), j, shape.columns, 0) : (vec){0};
        if (j < shape.columns)
            transpose_vectors(all.of + j);
    }
    return all;
}

INLINE void columns_store(nnf_rows rows, nnf_shape shape, ptrdiff_t i, turned_rows all)
{
    for (int j = 0; j < LANES; j += VL) {
        transpose_vectors(all.of + j);
        for (int r = 0; r < VL && i + r < shape.rows; r++)
            row_store(row_of(rows, i + r), j, shape.columns, all.of[j + r]);
    }
}

/* The sum of each row. */
INLINE vec columns_sum(turned_rows all)
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            all.of[j] += all.of[j + half];
    return all.of[0];
}
