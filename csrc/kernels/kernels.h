/* kernels.h: the contract of every kernel, and the table that holds one (ISA, dtype) of them.
 *
 * "real" below is the table's element type, float or double. Kernels run on one core, allocate nothing, cannot
 * fail and check nothing. Sizes and strides count elements. Unless said otherwise arrays may have any alignment
 * and any length, and may be the same array but not overlap in another way.
 *
 * Every kernel gives the same bits in every table of its dtype. */
#ifndef NNF_KERNELS_KERNELS_H
#define NNF_KERNELS_KERNELS_H

#include "base/dtype.h"
#include "base/matrix.h"
#include "base/random.h"
#include "kernels/activations.h"
#include "kernels/losses.h"
#include "kernels/metrics.h"
#include "kernels/optimizers.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of reals: row i starts at data + i * stride. */
typedef struct nnf_rows {
    void *data;
    ptrdiff_t stride;
} nnf_rows;

typedef struct nnf_shape {
    ptrdiff_t rows, columns;
} nnf_shape;

/* C[m x n] = start + A[m x k] B[k x n]: for each element one chain of fused multiply-adds, p ascending, begun
 * with start and closed by adding +0. Closing in between changes no bit of what is closed in the end, so a chain may be cut
 * and taken up again with start = C.
 *
 *        B   p * b_stride + j             n <= panel_width. Rows of B and C have room up to the next multiple
 *   A    C   i * c_stride + j             of vector_length; there B is read, C is overwritten with the chains
 *   i * a_row_stride + p * a_k_stride     of what was read. start has room likewise.
 *
 * With an index, which takes m <= tile_rows, the p-th summand is the one that stands at index[p]: those where every element of
 * A is 0 may be left out, as they change no bit (of finite B). */
typedef struct nnf_gemm {
    ptrdiff_t m, n, k;
    const void *a;
    ptrdiff_t a_row_stride, a_k_stride;
    const void *b;
    ptrdiff_t b_stride;
    void *c;
    ptrdiff_t c_stride;
    const void *start; /* i * start_stride + j; NULL means +0 */
    ptrdiff_t start_stride;
    const uint16_t *index; /* k of them, or NULL: all */
    const void *ahead;     /* m rows of A that are read next, right behind each other, to be asked for meanwhile; or NULL */
} nnf_gemm;

/* c[n] = start[n] + a[k] B[k x n], each element the chain that nnf_gemm makes of one row of A.
 *
 *   panel j / panel_width of B begins at b + that * b_panel_stride. Its rows follow each other, panel_width apart; those of the
 *   last panel as far apart as its columns, rounded up to whole vectors. start and c have room for as much. */
typedef struct nnf_row_product {
    ptrdiff_t n, k;
    const void *a;
    const void *b;
    ptrdiff_t b_panel_stride;
    const void *start;
    void *c;
} nnf_row_product;

/* y = f(x). x and y may be the same rows. parameter: slope of leaky_relu, alpha of elu and celu; others ignore it. */
typedef void (*nnf_activation_forward)(nnf_shape shape, nnf_rows x, nnf_rows y, double parameter);
/* gradient *= f'. saved holds y or x as the activation's row in activations.h says. */
typedef void (*nnf_activation_backward)(nnf_shape shape, nnf_rows saved, nnf_rows gradient, double parameter);

typedef struct nnf_loss_rows {
    nnf_shape shape;
    nnf_rows output; /* in: the network's output. Logits for a _logits loss, which replaces them by probabilities */
    nnf_rows target;
    nnf_rows gradient; /* out: scale * d(sum of row losses) / d(output, or logits); data NULL: not wanted */
    double scale;
    double parameter[NNF_MAX_LOSS_PARAMETERS]; /* as the loss's row in losses.h names them */
    double *row_loss;                          /* out: one a row */
} nnf_loss_rows;

/* One value a row. parameter: what the metric's row in metrics.h says. */
typedef void (*nnf_metric_rows)(nnf_shape shape, nnf_rows output, nnf_rows target, double parameter, double *row_value);

/* Of a penalty: penalty[j] = l1 * (sum of |x|) + l2 * (sum of x^2) over column j. Each sum ascends the rows, by
 * sixteens: of these the sum is a chain of reals (of fused multiply-adds for squares), of the sixteens a chain of doubles. */
typedef struct nnf_slope {
    double l1, l2;
    double *penalty; /* out: one a column */
} nnf_slope;

typedef struct nnf_update {
    ptrdiff_t n;
    void *parameter;
    const void *gradient;
    void *slot[NNF_MAX_SLOTS];
    const double *factor;   /* from prepare: NNF_MAX_HYPERPARAMETERS */
    double decay;           /* before the update parameter -= decay * parameter */
    const nnf_slope *slope; /* for update_outer alone: of the parameters, to be added to the gradient; or NULL */
} nnf_update;

/* Fills factor from hyperparameter for the step-th step (1, 2, ...): what is the same for all parameters is
 * computed once a step, in double, without libm. */
typedef void (*nnf_update_prepare)(const double *hyperparameter, int64_t step, double *factor);

/* Copies rows order[0 .. shape.rows) of source (or rows first, first + 1, ... if order is NULL) to destination, each
 * element made real, then fma(element, scale, offset). */
typedef struct nnf_gather {
    nnf_shape shape;
    const void *source;
    ptrdiff_t source_stride; /* bytes */
    const nnf_csr *csr;      /* for gather_csr alone, which reads no stride: what source stores; all else is 0 */
    const uint32_t *order;
    int64_t first;
    nnf_rows destination;
    double scale, offset;
} nnf_gather;

/* h = (x - mean) * inverse, y = fma(h, gamma, beta). gamma and beta have a real for each column; mean and inverse too, or one for
 * each row where a function's name says so. */
typedef struct nnf_normalize {
    nnf_shape shape;
    nnf_rows x;
    void *mean, *inverse;
    const void *gamma, *beta;
    double epsilon; /* inverse = 1 / sqrt(variance + epsilon), where the call makes it */
} nnf_normalize;

/* Columns in a word of marks; places that listing writes beyond those it fills. */
enum { NNF_MARK_COLUMNS = 32, NNF_LIST_ROOM = 16 };

typedef struct nnf_kernels {
    const char *isa;
    nnf_dtype dtype;
    uint32_t cpu_features; /* all of these bits of cpu.h are needed */
    int vector_length;     /* reals in a register; divides panel_width */
    int panel_width;       /* most columns of one gemm call */
    int tile_rows;         /* rows of a register tile as wide as the panel */

    void (*gemm)(const nnf_gemm *gemm);
    void (*row_product)(const nnf_row_product *product);
    nnf_activation_forward activation_forward[NNF_N_ACTIVATIONS];
    nnf_activation_backward activation_backward[NNF_N_ACTIVATIONS];
    void (*loss[NNF_N_LOSSES])(const nnf_loss_rows *loss);
    nnf_metric_rows metric[NNF_N_METRICS];
    nnf_update_prepare prepare[NNF_N_OPTIMIZERS];
    void (*update[NNF_N_OPTIMIZERS])(const nnf_update *update);
    /* The same for m rows of n parameters, n a multiple of vector_length, whose gradient is x[i] * gradient[j] closed by adding +0. */
    void (*update_outer[NNF_N_OPTIMIZERS])(const nnf_update *update, ptrdiff_t m, const void *x);
    /* Updates the parameters next->b, without decay or slope, with the gradient x[p] * gradient[j], p < k, j < n, closed likewise; then
     * next with the new ones. parameter is next->b; slots lie like it, gradient has room for whole vectors; c is none of these. NULL in
     * tables that gain nothing by it. */
    void (*update_multiply[NNF_N_OPTIMIZERS])(const nnf_update *update, const void *x, const nnf_row_product *next);

    /* gradient, whose rows lie as those of x, += 2 l2 x + l1 sign x; NULL: nothing. */
    void (*penalize)(nnf_shape shape, nnf_rows x, const nnf_slope *slope, void *gradient);
    /* x = what of [-bound, bound] is nearest. */
    void (*clip)(ptrdiff_t n, double bound, void *x);
    /* mean = momentum * mean + (1 - momentum) * x. */
    void (*average)(ptrdiff_t n, double momentum, const void *x, void *mean);
    /* x = max(x, 0). */
    void (*raise_to_zero)(ptrdiff_t n, void *x);
    /* Column j *= factor[j], made real. */
    void (*scale_columns)(nnf_shape shape, nnf_rows x, const double *factor);

    void (*gather[NNF_U8 + 1])(const nnf_gather *gather); /* by the source's dtype */
    void (*gather_csr[NNF_U8 + 1])(const nnf_gather *gather);
    /* Marks of x: bit j of marks[w * stride + i] is set if element 32 w + j of row i is not 0. */
    void (*mark)(nnf_shape shape, nnf_rows x, uint32_t *marks, ptrdiff_t stride);
    /* Lists the columns, up to 32 n_words, in which one of the first n_rows rows is marked; returns how many. Writes up to
     * NNF_LIST_ROOM places more. */
    ptrdiff_t (*list_columns)(const uint32_t *marks, ptrdiff_t stride, ptrdiff_t n_rows, ptrdiff_t n_words, uint16_t *list);
    /* Lists the rows whose marks, one word each, have one of the columns' bits; likewise. Reads marks up to the next multiple of
     * 16 rows. */
    ptrdiff_t (*list_rows)(const uint32_t *marks, uint32_t columns, ptrdiff_t n_rows, uint16_t *list);
    /* row i = 1 at label[order[i]] (or label[first + i]), else 0. Returns the first i whose label is outside [0, columns), or -1;
     * such a row is all 0. */
    int64_t (*one_hot)(nnf_shape shape, const int32_t *label, const uint32_t *order, int64_t first, nnf_rows destination);
    /* factor = kept ? 1 / (1 - rate) : 0, kept by the number of index first + i * shape.columns + j. */
    void (*draw_dropout)(nnf_shape shape, double rate, nnf_random_stream stream, uint64_t first, nnf_rows factor);
    /* y = factor == 0 ? 0 : x * factor. y may be x. */
    void (*apply_dropout)(nnf_shape shape, nnf_rows factor, nnf_rows x, nnf_rows y);
    /* y = fma(x, scale, offset). */
    void (*rescale)(nnf_shape shape, nnf_rows x, nnf_rows y, double scale, double offset);
    /* Row i of x *= weight[i], made real. */
    void (*weigh)(nnf_shape shape, const double *weight, nnf_rows x);
    /* total += part, element by element. */
    void (*add)(ptrdiff_t n, const void *part, void *total);

    /* Fills mean and inverse, and the variance, over all rows: sums ascend the rows in shards, whose sums are added in order. */
    void (*column_statistics)(const nnf_normalize *call, ptrdiff_t shard_rows, void *variance);
    void (*normalize_columns)(const nnf_normalize *call, nnf_rows y);
    /* Through mean and inverse, too, which are those of the rows; sum and products: what column_gradients makes of all of them. */
    void (*normalize_columns_backward)(const nnf_normalize *call, const void *sum, const void *products, nnf_rows gradient,
                                       nnf_rows grad_x);
    /* With a given mean and inverse: grad_x = gradient * gamma * inverse. Reads no x; the two may be the same rows. */
    void (*normalize_given_backward)(const nnf_normalize *call, nnf_rows gradient, nnf_rows grad_x);
    /* Fills mean and inverse of each row. */
    void (*normalize_rows)(const nnf_normalize *call, nnf_rows y);
    void (*normalize_rows_backward)(const nnf_normalize *call, nnf_rows gradient, nnf_rows grad_x);
    /* sum += gradient and products = fma(gradient, h, products), rows ascending; mean and inverse of columns, or of rows. */
    void (*column_gradients)(const nnf_normalize *call, nnf_rows gradient, void *sum, void *products);
    void (*column_gradients_by_row)(const nnf_normalize *call, nnf_rows gradient, void *sum, void *products);
    /* inverse = 1 / sqrt(variance + epsilon), or 1 / max(sqrt(variance), epsilon) if epsilon is a bound. */
    void (*invert_deviations)(ptrdiff_t n, const void *variance, double epsilon, bool is_bound, void *inverse);
    /* moving = fma(moving, momentum, x * (1 - momentum)). */
    void (*blend)(ptrdiff_t n, double momentum, const void *x, void *moving);

    /* destination[j][i] = source[i][j], i < rows, j < columns. */
    void (*transpose)(nnf_shape shape, nnf_rows source, nnf_rows destination);
    /* The first i * columns + j that is NaN or infinite, or -1. */
    int64_t (*find_not_finite)(nnf_shape shape, nnf_rows x);
    /* y = the x for which a standard normal variable is below x with the given probability in (0, 1). */
    void (*normal_quantile)(ptrdiff_t n, const void *probability, void *y);
    const void *one; /* the real 1, a row of any length with stride 0 */

    /* What a core can do at most. Results mean nothing, but nothing may be left out for that. */
    int probe_chains;
    /* n_rounds times: x = fma(x, factor, summand) for probe_chains independent vectors. */
    double (*probe_multiply_adds)(int64_t n_rounds, double factor, double summand);
    /* Reads n reals, in order; a few hundred at the end may be left out. */
    double (*probe_read)(ptrdiff_t n, const void *x);
} nnf_kernels;

/* The tables in order of preference, ended by NULL; those of both dtypes stand together. */
extern const nnf_kernels *const nnf_kernel_tables[];

bool nnf_kernels_can_run(const nnf_kernels *table);

/* The first table of a dtype that this CPU can run, or the one that isa names ("avx2"); isa may be NULL. NULL if there
 * is none: unknown name or unsupported CPU. */
const nnf_kernels *nnf_kernels_get(nnf_dtype dtype, const char *isa);

#endif
