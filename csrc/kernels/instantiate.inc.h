/* instantiate.inc.h: everything of this folder for one (ISA, dtype), and the one symbol that leaves the file: its table.
 *
 * Parameters, from the ISA file: ISA (a name), ISA_FEATURES (bits of cpu.h), and those of simd.inc.h and gemm.inc.h.
 * The compiler's flags for the ISA and REAL_BITS come from the build. */
#include "base/cpu.h"
#include "kernels/kernels.h"

#include "kernels/vector_math.inc.h"

#include "kernels/pairs.inc.h"

#include "kernels/activations.inc.h"

#include "kernels/lanes.inc.h"

#include "kernels/rows.inc.h"

#include "kernels/columns.inc.h"

#include "kernels/normalization.inc.h"

#include "kernels/sparse_rows.inc.h"

#include "kernels/losses.inc.h"

#include "kernels/losses_regression.inc.h"

#include "kernels/losses_margin.inc.h"

#include "kernels/losses_crossentropy.inc.h"

#include "kernels/losses_focal.inc.h"

#include "kernels/metrics.inc.h"

#include "kernels/penalties.inc.h"

#include "kernels/optimizers.inc.h"

#include "kernels/steps.inc.h"

#include "kernels/gemm.inc.h"

#include "kernels/row_product.inc.h"

#ifdef V_NATIVE
#include "kernels/row_update.inc.h"
#endif

#include "kernels/parted.inc.h"

#include "kernels/zeros.inc.h"

#include "kernels/probe.inc.h"

#define NNF_ROW(code, name, needs)                                                                         \
    static void name##_forward_rows(nnf_shape shape, nnf_rows x, nnf_rows y, double parameter)             \
    {                                                                                                      \
        map_rows(name##_forward, shape, x, y, parameter);                                                  \
    }                                                                                                      \
    static void name##_backward_rows(nnf_shape shape, nnf_rows saved, nnf_rows gradient, double parameter) \
    {                                                                                                      \
        map_gradient(name##_backward, shape, saved, gradient, parameter);                                  \
    }
NNF_ELEMENTWISE_ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW

#define NNF_ROW(code, name, n_slots, hyperparameters)                                     \
    static void name##_update_all(const nnf_update *update)                               \
    {                                                                                     \
        if (update->decay != 0)                                                           \
            update_all(name##_update, n_slots, true, *update);                            \
        else                                                                              \
            update_all(name##_update, n_slots, false, *update);                           \
    }                                                                                     \
    static void name##_update_outer(const nnf_update *update, ptrdiff_t m, const void *x) \
    {                                                                                     \
        if (update->decay != 0)                                                           \
            update_outer(name##_update, n_slots, true, *update, m, x);                    \
        else                                                                              \
            update_outer(name##_update, n_slots, false, *update, m, x);                   \
    }
NNF_OPTIMIZER_LIST(NNF_ROW)
#undef NNF_ROW

/* Without vectors of its own a CPU gains little, and its code would be as large as that of all others. */
#ifdef V_NATIVE
#define NNF_ROW(code, name, n_slots, hyperparameters)                                                        \
    static void name##_update_multiply(const nnf_update *update, const void *x, const nnf_row_product *next) \
    {                                                                                                        \
        if (NNF_MAY_REORDER)                                                                                 \
            parted_update_multiply(name##_update, n_slots, *update, x, *next);                               \
        else                                                                                                 \
            update_multiply(name##_update, n_slots, *update, x, *next);                                      \
    }
NNF_OPTIMIZER_LIST(NNF_ROW)
#undef NNF_ROW
#endif

static const real real_one = 1;

#define JOIN_AGAIN(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN_AGAIN(a, b, c)
#define TEXT_AGAIN(name) #name
#define TEXT(name) TEXT_AGAIN(name)
#if REAL_BITS == 32
#define TABLE JOIN(nnf_kernels_, ISA, _f32)
#define TABLE_DTYPE NNF_F32
#else
#define TABLE JOIN(nnf_kernels_, ISA, _f64)
#define TABLE_DTYPE NNF_F64
#endif

extern const nnf_kernels TABLE;
const nnf_kernels TABLE = {
    .isa = TEXT(ISA),
    .dtype = TABLE_DTYPE,
    .cpu_features = ISA_FEATURES,
    .vector_length = VL,
    .panel_width = TILE_VECTORS * VL,
    .tile_rows = TILE_ROWS,
    .gemm = NNF_MAY_REORDER ? parted_gemm : gemm,
    .row_product = NNF_MAY_REORDER ? parted_row_product : row_product,
#define NNF_ROW(code, name, needs) [NNF_ACTIVATION_##code] = name##_forward_rows,
    .activation_forward = {NNF_ACTIVATION_LIST(NNF_ROW)},
#undef NNF_ROW
#define NNF_ROW(code, name, needs) [NNF_ACTIVATION_##code] = name##_backward_rows,
    .activation_backward = {NNF_ACTIVATION_LIST(NNF_ROW)},
#undef NNF_ROW
#define NNF_ROW(code, name, joint, elements, parameters) [NNF_LOSS_##code] = loss_##name,
    .loss = {NNF_LOSS_LIST(NNF_ROW)},
#undef NNF_ROW
#define NNF_ROW(code, name, parameter) [NNF_METRIC_##code] = metric_##name,
    .metric = {NNF_METRIC_LIST(NNF_ROW)},
#undef NNF_ROW
#define NNF_ROW(code, name, n_slots, hyperparameters) [NNF_OPTIMIZER_##code] = name##_prepare,
    .prepare = {NNF_OPTIMIZER_LIST(NNF_ROW)},
#undef NNF_ROW
#define NNF_ROW(code, name, n_slots, hyperparameters) [NNF_OPTIMIZER_##code] = name##_update_all,
    .update = {NNF_OPTIMIZER_LIST(NNF_ROW)},
#undef NNF_ROW
#define NNF_ROW(code, name, n_slots, hyperparameters) [NNF_OPTIMIZER_##code] = name##_update_outer,
    .update_outer = {NNF_OPTIMIZER_LIST(NNF_ROW)},
#undef NNF_ROW
#ifdef V_NATIVE
#define NNF_ROW(code, name, n_slots, hyperparameters) [NNF_OPTIMIZER_##code] = name##_update_multiply,
    .update_multiply = {NNF_OPTIMIZER_LIST(NNF_ROW)},
#undef NNF_ROW
#endif
    .penalize = penalize,
    .clip = clip,
    .average = average,
    .raise_to_zero = raise_to_zero,
    .scale_columns = scale_columns,
    .gather = {[NNF_U8] = gather_u8, [NNF_F32] = gather_f32, [NNF_F64] = gather_f64},
    .gather_csr = {[NNF_U8] = gather_csr_u8, [NNF_F32] = gather_csr_f32, [NNF_F64] = gather_csr_f64},
    .mark = mark,
    .list_columns = list_columns,
    .list_rows = list_rows,
    .one_hot = one_hot,
    .draw_dropout = draw_dropout,
    .apply_dropout = apply_dropout,
    .rescale = rescale,
    .weigh = weigh,
    .add = add,
    .column_statistics = column_statistics,
    .normalize_columns = normalize_columns,
    .normalize_columns_backward = normalize_columns_backward,
    .normalize_given_backward = normalize_given_backward,
    .normalize_rows = normalize_rows,
    .normalize_rows_backward = normalize_rows_backward,
    .column_gradients = column_gradients,
    .column_gradients_by_row = column_gradients_by_row,
    .invert_deviations = invert_deviations,
    .blend = blend,
    .transpose = transpose,
    .find_not_finite = find_not_finite,
    .normal_quantile = normal_quantile,
    .one = &real_one,
    .probe_chains = PROBE_CHAINS,
    .probe_multiply_adds = probe_multiply_adds,
    .probe_read = probe_read,
};
