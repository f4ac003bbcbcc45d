/* panels.c: see panels.h. */
#include "ops/panels.h"
#include "base/memory.h"
#include <string.h>

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

nnf_panels nnf_panels_plan(const nnf_kernels *kernels, ptrdiff_t rows, ptrdiff_t columns)
{
    const ptrdiff_t width = kernels->panel_width, count = (columns + width - 1) / width;
    const ptrdiff_t last_columns = columns - (count - 1) * width;
    return (nnf_panels){
        .rows = rows,
        .columns = columns,
        .count = count,
        .width = width,
        .last_columns = last_columns,
        .last_width = (ptrdiff_t)nnf_round_up((size_t)last_columns, (size_t)kernels->vector_length),
    };
}

size_t nnf_panels_size(const nnf_kernels *kernels, const nnf_panels *panels)
{
    const size_t row = (size_t)((panels->count - 1) * panels->width + panels->last_width);
    return nnf_size_multiply(nnf_size_multiply((size_t)panels->rows, row), nnf_dtype_size(kernels->dtype));
}

ptrdiff_t nnf_panels_columns(const nnf_panels *panels, ptrdiff_t panel)
{
    return panel < panels->count - 1 ? panels->width : panels->last_columns;
}

ptrdiff_t nnf_panels_width(const nnf_panels *panels, ptrdiff_t panel)
{
    return panel < panels->count - 1 ? panels->width : panels->last_width;
}

/* Panels whose middle lies in the first index parts of size. Twice each length: middles are whole numbers then. */
static ptrdiff_t count_before(const nnf_panels *panels, int index, int size)
{
    const ptrdiff_t n_full = panels->count - 1, end = 2 * (n_full * panels->width + panels->last_width) * index / size;
    const ptrdiff_t before = (end + panels->width - 1) / (2 * panels->width);
    const ptrdiff_t middle_of_last = 2 * n_full * panels->width + panels->last_width;
    return before < n_full ? before : n_full + (middle_of_last < end);
}

nnf_panel_range nnf_panels_share(const nnf_panels *panels, int index, int size)
{
    if (size == 1) /* a row of a small net is done in the time of some divisions */
        return (nnf_panel_range){0, panels->count};
    return (nnf_panel_range){count_before(panels, index, size), count_before(panels, index + 1, size)};
}

ptrdiff_t nnf_panels_count_columns(const nnf_panels *panels, nnf_panel_range range)
{
    return least(range.end * panels->width, panels->columns) - least(range.begin * panels->width, panels->columns);
}

ptrdiff_t nnf_panels_stride(const nnf_panels *panels) { return panels->width * panels->rows; }

ptrdiff_t nnf_panels_offset(const nnf_panels *panels, ptrdiff_t panel, ptrdiff_t row)
{
    return panel * nnf_panels_stride(panels) + row * nnf_panels_width(panels, panel);
}

void nnf_panels_pack(const nnf_kernels *kernels, const nnf_panels *panels, const void *matrix, void *packed)
{
    const size_t size = nnf_dtype_size(kernels->dtype);
    for (ptrdiff_t panel = 0; panel < panels->count; panel++)
        for (ptrdiff_t row = 0; row < panels->rows; row++)
            memcpy((char *)packed + (size_t)nnf_panels_offset(panels, panel, row) * size,
                   (const char *)matrix + (size_t)(row * panels->columns + panel * panels->width) * size,
                   (size_t)nnf_panels_columns(panels, panel) * size);
}

void nnf_panels_unpack(const nnf_kernels *kernels, const nnf_panels *panels, const void *packed, void *matrix)
{
    const size_t size = nnf_dtype_size(kernels->dtype);
    for (ptrdiff_t panel = 0; panel < panels->count; panel++)
        for (ptrdiff_t row = 0; row < panels->rows; row++)
            memcpy((char *)matrix + (size_t)(row * panels->columns + panel * panels->width) * size,
                   (const char *)packed + (size_t)nnf_panels_offset(panels, panel, row) * size,
                   (size_t)nnf_panels_columns(panels, panel) * size);
}

void nnf_panels_transpose(const nnf_kernels *kernels, const nnf_panels_pair *pair, ptrdiff_t panel, ptrdiff_t row, ptrdiff_t n_rows)
{
    const nnf_panels *panels = pair->panels, *transposed_panels = pair->transposed_panels;
    const size_t size = nnf_dtype_size(kernels->dtype);
    const ptrdiff_t first_column = panel * panels->width;
    for (ptrdiff_t end = row + n_rows, next; row < end; row = next) {
        const ptrdiff_t to_panel = row / transposed_panels->width, lane = row % transposed_panels->width;
        next = least(end, (to_panel + 1) * transposed_panels->width);
        const nnf_rows source = {(char *)pair->packed + (size_t)nnf_panels_offset(panels, panel, row) * size,
                                 nnf_panels_width(panels, panel)};
        const nnf_rows destination = {(char *)pair->transposed +
                                          (size_t)(nnf_panels_offset(transposed_panels, to_panel, first_column) + lane) * size,
                                      nnf_panels_width(transposed_panels, to_panel)};
        kernels->transpose((nnf_shape){next - row, nnf_panels_columns(panels, panel)}, source, destination);
    }
}
