/* optimizers.inc.h: one pair an update rule: what is the same for all parameters of a step, and the update of a vector.
 * The formulas are Keras 3's. */

typedef vec (*update_function)(vec parameter, vec gradient, vec *slot, const vec *factor);

/* So many parameters on are claimed for writing: other cores may hold them. */
enum { AHEAD = 16 * VL };

INLINE void claim_ahead(const int n_slots, const nnf_update *update, ptrdiff_t j)
{
    __builtin_prefetch((real *)update->parameter + j + AHEAD, 1);
    for (int s = 0; s < n_slots; s++)
        __builtin_prefetch((real *)update->slot[s] + j + AHEAD, 1);
}

INLINE void get_factors(const nnf_update *update, vec *factor)
{
    for (int f = 0; f < NNF_MAX_HYPERPARAMETERS; f++)
        factor[f] = v_splat((real)update->factor[f]);
}

/* Inlined with a constant rule and number of slots. */
INLINE void update_all(update_function rule, const int n_slots, const nnf_update *update)
{
    const ptrdiff_t n = update->n;
    vec factor[NNF_MAX_HYPERPARAMETERS], slot[NNF_MAX_SLOTS];
    get_factors(update, factor);
    for (ptrdiff_t j = 0; j < n; j += VL) {
        claim_ahead(n_slots, update, j);
        for (int s = 0; s < n_slots; s++)
            slot[s] = row_load(update->slot[s], j, n, 0);
        const vec gradient = row_load(update->gradient, j, n, 0);
        row_store(update->parameter, j, n, rule(row_load(update->parameter, j, n, 0), gradient, slot, factor));
        for (int s = 0; s < n_slots; s++)
            row_store(update->slot[s], j, n, slot[s]);
    }
}

/* The gradient of one sample is an outer product: made as it is needed, by the same two operations as a tile's. */
INLINE void update_outer(update_function rule, const int n_slots, const nnf_update *update, ptrdiff_t m, const real *x)
{
    const ptrdiff_t n = update->n;
    vec factor[NNF_MAX_HYPERPARAMETERS], slot[NNF_MAX_SLOTS];
    get_factors(update, factor);
    for (ptrdiff_t j = 0; j < n; j += VL) {
        const vec grad_z = v_load((const real *)update->gradient + j);
        for (ptrdiff_t i = 0; i < m; i++) {
            real *parameter = (real *)update->parameter + i * n + j;
            claim_ahead(n_slots, update, i * n + j);
            for (int s = 0; s < n_slots; s++)
                slot[s] = v_load((const real *)update->slot[s] + i * n + j);
            v_store(parameter, rule(v_load(parameter), v_fma(v_splat(x[i]), grad_z, (vec){0}) + (vec){0}, slot, factor));
            for (int s = 0; s < n_slots; s++)
                v_store((real *)update->slot[s] + i * n + j, slot[s]);
        }
    }
}

/* base^exponent by squaring: the same bits with any C library. */
INLINE double integer_power(double base, int64_t exponent)
{
    double result = 1;
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2)
            result *= base;
        base *= base;
    }
    return result;
}

/* w -= rate g */
static void sgd_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    (void)step;
    factor[0] = -hyperparameter[0];
}
INLINE vec sgd_update(vec w, vec g, vec *slot, const vec *factor)
{
    (void)slot;
    return v_fma(factor[0], g, w);
}

/* v = momentum v - rate g; w += v */
static void momentum_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    (void)step;
    factor[0] = -hyperparameter[0];
    factor[1] = hyperparameter[1];
}
INLINE vec momentum_update(vec w, vec g, vec *slot, const vec *factor)
{
    slot[0] = v_fma(factor[1], slot[0], factor[0] * g);
    return w + slot[0];
}

/* v = momentum v - rate g; w += momentum v - rate g */
static void nesterov_prepare(const double *hyperparameter, int64_t step, double *factor) { momentum_prepare(hyperparameter, step, factor); }
INLINE vec nesterov_update(vec w, vec g, vec *slot, const vec *factor)
{
    const vec change = factor[0] * g;
    slot[0] = v_fma(factor[1], slot[0], change);
    return w + v_fma(factor[1], slot[0], change);
}

/* m += (1 - beta1)(g - m); v += (1 - beta2)(g^2 - v); w -= rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt v + epsilon)
 * Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, with epsilon as in the text before section 2.1. */
static void adam_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    const double rate = hyperparameter[0], beta_1 = hyperparameter[1], beta_2 = hyperparameter[2];
    factor[0] = -rate * __builtin_sqrt(1 - integer_power(beta_2, step)) / (1 - integer_power(beta_1, step));
    factor[1] = 1 - beta_1;
    factor[2] = 1 - beta_2;
    factor[3] = hyperparameter[3];
}
INLINE vec adam_update(vec w, vec g, vec *slot, const vec *factor)
{
    slot[0] = v_fma(factor[1], g - slot[0], slot[0]);
    slot[1] = v_fma(factor[2], v_fma(g, g, (vec){0} - slot[1]), slot[1]);
    return w + factor[0] * slot[0] / (v_sqrt(slot[1]) + factor[3]);
}
