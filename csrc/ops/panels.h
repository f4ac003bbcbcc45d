/* panels.h: how a matrix of weights lies in memory. Only panels.c knows.
 *
 * A matrix (rows, columns) is cut into panels of kernels->panel_width columns; a panel keeps its rows one after the other,
 * so that a product reads it front to back. The last panel is as narrow as whole vectors allow; columns past the matrix's are 0. */
#ifndef NNF_OPS_PANELS_H
#define NNF_OPS_PANELS_H

#include "kernels/kernels.h"

typedef struct nnf_panels {
    ptrdiff_t rows, columns;
    ptrdiff_t count;
    ptrdiff_t width;                    /* of all panels but the last */
    ptrdiff_t last_columns, last_width; /* of the last: the same rounded up to whole vectors */
} nnf_panels;

/* Panels begin .. end - 1: the columns that a call is to do. */
typedef struct nnf_panel_range {
    ptrdiff_t begin, end;
} nnf_panel_range;

nnf_panels nnf_panels_plan(const nnf_kernels *kernels, ptrdiff_t rows, ptrdiff_t columns);
/* Bytes of the whole, saturating. */
size_t nnf_panels_size(const nnf_kernels *kernels, const nnf_panels *panels);
/* Columns of the matrix in a panel, and reals in a row of it: the same rounded up to whole vectors. */
ptrdiff_t nnf_panels_columns(const nnf_panels *panels, ptrdiff_t panel);
ptrdiff_t nnf_panels_width(const nnf_panels *panels, ptrdiff_t panel);
/* The index-th of size parts of the panels, even in columns: a panel belongs to the part in which its middle lies. */
nnf_panel_range nnf_panels_share(const nnf_panels *panels, int index, int size);
/* Columns of the matrix in a range of panels. */
ptrdiff_t nnf_panels_count_columns(const nnf_panels *panels, nnf_panel_range range);
/* The offset, in reals, of a panel's row. The rows of a panel follow each other at its width. */
ptrdiff_t nnf_panels_offset(const nnf_panels *panels, ptrdiff_t panel, ptrdiff_t row);
/* Reals from one panel to the next. */
ptrdiff_t nnf_panels_stride(const nnf_panels *panels);

/* Between panels and a matrix kept row by row. */
void nnf_panels_pack(const nnf_kernels *kernels, const nnf_panels *panels, const void *matrix, void *packed);
void nnf_panels_unpack(const nnf_kernels *kernels, const nnf_panels *panels, const void *packed, void *matrix);
/* A matrix, and the same transposed. */
typedef struct nnf_panels_pair {
    const nnf_panels *panels, *transposed_panels;
    void *packed, *transposed;
} nnf_panels_pair;

/* Writes rows row .. row + n_rows - 1 of a panel of packed into transposed. */
void nnf_panels_transpose(const nnf_kernels *kernels, const nnf_panels_pair *pair, ptrdiff_t panel, ptrdiff_t row, ptrdiff_t n_rows);

#endif
