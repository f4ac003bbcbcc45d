/* optimizers.inc.h: one pair an update rule: what is the same for all parameters of a step, and the update of a vector.
 * The formulas are Keras 3's; rprop's is PyTorch's. */

typedef vec (*update_function)(vec parameter, vec gradient, vec *slot, const vec *factor);

/* So many parameters on are claimed for writing: other cores may hold them. */
enum { AHEAD = 16 * VL };

INLINE void claim_ahead(const int n_slots, const nnf_update update, ptrdiff_t j)
{
    __builtin_prefetch((real *)update.parameter + j + AHEAD, 1);
    for (int s = 0; s < n_slots; s++)
        __builtin_prefetch((real *)update.slot[s] + j + AHEAD, 1);
}

INLINE void get_factors(const nnf_update update, vec *factor)
{
    for (int f = 0; f < NNF_MAX_HYPERPARAMETERS; f++)
        factor[f] = v_splat((real)update.factor[f]);
}

/* w -= decay w, where there is any. */
INLINE vec shrink(const bool decays, vec w, const nnf_update update) { return decays ? v_fma(v_splat((real)-update.decay), w, w) : w; }

/* Inlined with a constant rule, number of slots, and whether weights decay. The update is given by value: no store can reach
 * it, so that its pointers stay in registers. */
INLINE void update_all(update_function rule, const int n_slots, const bool decays, const nnf_update update)
{
    const ptrdiff_t n = update.n;
    vec factor[NNF_MAX_HYPERPARAMETERS], slot[NNF_MAX_SLOTS];
    get_factors(update, factor);
    for (ptrdiff_t j = 0; j < n; j += VL) {
        claim_ahead(n_slots, update, j);
        for (int s = 0; s < n_slots; s++)
            slot[s] = row_load(update.slot[s], j, n, 0);
        const vec gradient = row_load(update.gradient, j, n, 0);
        const vec parameter = shrink(decays, row_load(update.parameter, j, n, 0), update);
        row_store(update.parameter, j, n, rule(parameter, gradient, slot, factor));
        for (int s = 0; s < n_slots; s++)
            row_store(update.slot[s], j, n, slot[s]);
    }
}

/* One row of an outer product, VL columns of it: the element is made as it is needed, by the same two operations as a tile's.
 * Returns the new parameters. */
INLINE vec update_outer_row(update_function rule, const int n_slots, const bool decays, const nnf_update update, ptrdiff_t at, vec gradient,
                            const vec *factor)
{
    vec slot[NNF_MAX_SLOTS];
    real *parameter = (real *)update.parameter + at;
    for (int s = 0; s < n_slots; s++)
        slot[s] = v_load((const real *)update.slot[s] + at);
    const vec updated = rule(shrink(decays, v_load(parameter), update), gradient, slot, factor);
    v_store(parameter, updated);
    for (int s = 0; s < n_slots; s++)
        v_store((real *)update.slot[s] + at, slot[s]);
    return updated;
}

INLINE vec outer_element(real x, vec grad_z) { return v_fma(v_splat(x), grad_z, (vec){0}) + (vec){0}; }

INLINE void update_outer_plain(update_function rule, const int n_slots, const bool decays, const nnf_update update, ptrdiff_t m,
                               const real *x)
{
    const ptrdiff_t n = update.n;
    vec factor[NNF_MAX_HYPERPARAMETERS];
    get_factors(update, factor);
    for (ptrdiff_t j = 0; j < n; j += VL) {
        const vec grad_z = v_load((const real *)update.gradient + j);
        for (ptrdiff_t i = 0; i < m; i++) {
            claim_ahead(n_slots, update, i * n + j);
            update_outer_row(rule, n_slots, decays, update, i * n + j, outer_element(x[i], grad_z), factor);
        }
    }
}

INLINE void update_outer_penalized(update_function rule, const int n_slots, const bool has_l1, const nnf_update update, ptrdiff_t m,
                                   const real *x)
{
    const ptrdiff_t n = update.n;
    const nnf_slope *slope = update.slope;
    const vec l1 = v_splat((real)slope->l1), l2 = v_splat((real)(2 * slope->l2));
    vec factor[NNF_MAX_HYPERPARAMETERS];
    get_factors(update, factor);
    for (ptrdiff_t j = 0; j < n; j += VL) {
        const vec grad_z = v_load((const real *)update.gradient + j);
        column_sums sums = {0};
        for (ptrdiff_t i = 0; i < m; i += GROUP_ROWS) {
            for (ptrdiff_t r = i; r < i + GROUP_ROWS && r < m; r++) {
                const vec w = v_load((const real *)update.parameter + r * n + j);
                claim_ahead(n_slots, update, r * n + j);
                sums_add(&sums, has_l1, w);
                update_outer_row(rule, n_slots, update.decay != 0, update, r * n + j,
                                 add_slope(outer_element(x[r], grad_z), has_l1, l1, l2, w), factor);
            }
            sums_close_group(&sums, has_l1);
        }
        sums_write(&sums, has_l1, slope->l1, slope->l2, VL, slope->penalty + j);
    }
}

INLINE void update_outer(update_function rule, const int n_slots, const bool decays, const nnf_update update, ptrdiff_t m, const real *x)
{
    if (update.slope && update.slope->l1 != 0)
        update_outer_penalized(rule, n_slots, true, update, m, x);
    else if (update.slope)
        update_outer_penalized(rule, n_slots, false, update, m, x);
    else
        update_outer_plain(rule, n_slots, decays, update, m, x);
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

/* A step into a running mean: mean += share (value - mean). */
INLINE vec approach(vec mean, vec value, vec share) { return v_fma(share, value - mean, mean); }
/* Of squares: mean += share (value^2 - mean). */
INLINE vec approach_square(vec mean, vec value, vec share) { return v_fma(share, v_fma(value, value, -mean), mean); }

/* ---- plain and with momentum ---- */

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

/* ---- Adam's family: m, the running mean of g, and v, that of its square ---- */

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
    slot[0] = approach(slot[0], g, factor[1]);
    slot[1] = approach_square(slot[1], g, factor[2]);
    return w + factor[0] * slot[0] / (v_sqrt(slot[1]) + factor[3]);
}

/* The same with the largest v so far. Reddi et al., "On the convergence of Adam and beyond", ICLR 2018. */
static void amsgrad_prepare(const double *hyperparameter, int64_t step, double *factor) { adam_prepare(hyperparameter, step, factor); }
INLINE vec amsgrad_update(vec w, vec g, vec *slot, const vec *factor)
{
    slot[0] = approach(slot[0], g, factor[1]);
    slot[1] = approach_square(slot[1], g, factor[2]);
    slot[2] = v_max(slot[1], slot[2]);
    return w + factor[0] * slot[0] / (v_sqrt(slot[2]) + factor[3]);
}

/* beta1's share at a step: beta (1 - 0.96^t / 2) */
INLINE double nadam_share(double beta, int64_t step) { return beta * (1 - 0.5 * integer_power(0.96, step)); }
/* The product of the shares at steps 1 ... t. After 1,000 of them 0.96^i / 2 changes nothing, nor does what is far below 1. */
INLINE double nadam_product(double beta, int64_t step)
{
    double product = integer_power(beta, step), decay = 1;
    for (int64_t i = 1; i <= step && i <= 1000 && product > 0x1p-80; i++) {
        decay *= 0.96;
        product *= 1 - 0.5 * decay;
    }
    return product;
}
/* m, v as Adam's; with u_t the share at step t and U_t the product of shares up to there
 * w -= rate (u_{t+1} m / (1 - U_{t+1}) + (1 - u_t) g / (1 - U_t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop. */
static void nadam_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    const double rate = hyperparameter[0], beta_1 = hyperparameter[1], beta_2 = hyperparameter[2];
    const double root = __builtin_sqrt(1 - integer_power(beta_2, step)), product = nadam_product(beta_1, step);
    const double share = nadam_share(beta_1, step), next_share = nadam_share(beta_1, step + 1);
    factor[0] = -rate * root * next_share / (1 - product * next_share);
    factor[1] = -rate * root * (1 - share) / (1 - product);
    factor[2] = 1 - beta_1;
    factor[3] = 1 - beta_2;
    factor[4] = hyperparameter[3] * root;
}
INLINE vec nadam_update(vec w, vec g, vec *slot, const vec *factor)
{
    slot[0] = approach(slot[0], g, factor[2]);
    slot[1] = approach_square(slot[1], g, factor[3]);
    return w + v_fma(factor[0], slot[0], factor[1] * g) / (v_sqrt(slot[1]) + factor[4]);
}

/* m as Adam's; u = max(beta2 u, |g|); w -= rate / (1 - beta1^t) m / (u + epsilon). Kingma and Ba, section 7.1. */
static void adamax_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    factor[0] = -hyperparameter[0] / (1 - integer_power(hyperparameter[1], step));
    factor[1] = 1 - hyperparameter[1];
    factor[2] = hyperparameter[2];
    factor[3] = hyperparameter[3];
}
INLINE vec adamax_update(vec w, vec g, vec *slot, const vec *factor)
{
    slot[0] = approach(slot[0], g, factor[1]);
    slot[1] = v_max(v_abs(g), factor[2] * slot[1]);
    return w + factor[0] * slot[0] / (slot[1] + factor[3]);
}

/* ---- steps by the root of summed or averaged squares ---- */

/* v += (1 - rho)(g^2 - v); w -= rate g / sqrt(v + epsilon). Centred, a += (1 - rho)(g - a), and v - a^2, which rounding may not
 * take below 0, in v's place. With momentum the step joins s = momentum s + step, and w -= s.
 * Hinton, "Neural networks for machine learning", lecture 6e; Graves, arXiv:1308.0850, for the other two. */
static void rmsprop_momentum_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    (void)step;
    factor[0] = hyperparameter[0];
    factor[1] = 1 - hyperparameter[1];
    factor[2] = hyperparameter[2];
    factor[3] = hyperparameter[3];
}
static void rmsprop_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    (void)step;
    factor[0] = hyperparameter[0];
    factor[1] = 1 - hyperparameter[1];
    factor[2] = hyperparameter[2];
}
static void rmsprop_centered_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    rmsprop_prepare(hyperparameter, step, factor);
}
static void rmsprop_centered_momentum_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    rmsprop_momentum_prepare(hyperparameter, step, factor);
}
INLINE vec rmsprop_step(vec g, vec *slot, const vec *factor)
{
    slot[0] = approach_square(slot[0], g, factor[1]);
    return factor[0] * g / v_sqrt(slot[0] + factor[2]);
}
INLINE vec rmsprop_centered_step(vec g, vec *slot, const vec *factor)
{
    slot[0] = approach_square(slot[0], g, factor[1]);
    slot[1] = approach(slot[1], g, factor[1]);
    return factor[0] * g / v_sqrt(v_max(v_fma(-slot[1], slot[1], slot[0]), (vec){0}) + factor[2]);
}
INLINE vec rmsprop_update(vec w, vec g, vec *slot, const vec *factor) { return w - rmsprop_step(g, slot, factor); }
INLINE vec rmsprop_momentum_update(vec w, vec g, vec *slot, const vec *factor)
{
    slot[1] = v_fma(factor[3], slot[1], rmsprop_step(g, slot, factor));
    return w - slot[1];
}
INLINE vec rmsprop_centered_update(vec w, vec g, vec *slot, const vec *factor) { return w - rmsprop_centered_step(g, slot, factor); }
INLINE vec rmsprop_centered_momentum_update(vec w, vec g, vec *slot, const vec *factor)
{
    slot[2] = v_fma(factor[3], slot[2], rmsprop_centered_step(g, slot, factor));
    return w - slot[2];
}

/* a += g^2; w -= rate g / sqrt(initial + a + epsilon): the sum's first value is not in the state, which thus begins with 0.
 * Duchi et al., "Adaptive subgradient methods", JMLR 2011. */
static void adagrad_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    (void)step;
    factor[0] = -hyperparameter[0];
    factor[1] = hyperparameter[1] + hyperparameter[2];
}
INLINE vec adagrad_update(vec w, vec g, vec *slot, const vec *factor)
{
    slot[0] = v_fma(g, g, slot[0]);
    return w + factor[0] * g / v_sqrt(slot[0] + factor[1]);
}

/* v += (1 - rho)(g^2 - v); d = g sqrt(u + epsilon) / sqrt(v + epsilon); u += (1 - rho)(d^2 - u); w -= rate d
 * Zeiler, "Adadelta", arXiv:1212.5701. */
static void adadelta_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    (void)step;
    factor[0] = -hyperparameter[0];
    factor[1] = 1 - hyperparameter[1];
    factor[2] = hyperparameter[2];
}
INLINE vec adadelta_update(vec w, vec g, vec *slot, const vec *factor)
{
    slot[0] = approach_square(slot[0], g, factor[1]);
    const vec change = g * v_sqrt((slot[1] + factor[2]) / (slot[0] + factor[2]));
    slot[1] = approach_square(slot[1], change, factor[1]);
    return v_fma(factor[0], change, w);
}

/* ---- steps by the sign ---- */

INLINE vec sign_of(vec x) { return sign_forward(x, (vec){0}); }

/* w -= rate sign(beta1 m + (1 - beta1) g); m += (1 - beta2)(g - m)
 * Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023. */
static void lion_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    (void)step;
    factor[0] = -hyperparameter[0];
    factor[1] = 1 - hyperparameter[1];
    factor[2] = 1 - hyperparameter[2];
}
INLINE vec lion_update(vec w, vec g, vec *slot, const vec *factor)
{
    const vec direction = sign_of(approach(slot[0], g, factor[1]));
    slot[0] = approach(slot[0], g, factor[2]);
    return v_fma(factor[0], direction, w);
}

/* With p the gradient before: size *= g p > 0 ? eta_plus : g p < 0 ? eta_minus : 1, kept in [min, max]; g = 0 where g p < 0;
 * w -= size sign(g); p = g. A size that is 0 has not begun: it is the rate.
 * Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning", ICNN 1993, without taking a step back. */
static void rprop_prepare(const double *hyperparameter, int64_t step, double *factor)
{
    (void)step;
    for (int h = 0; h < 5; h++)
        factor[h] = hyperparameter[h];
}
INLINE vec rprop_update(vec w, vec g, vec *slot, const vec *factor)
{
    const vec agreement = sign_of(g) * slot[0], size = v_select_equal(slot[1], (vec){0}, factor[0], slot[1]);
    const vec shrinking = v_select_below(agreement, (vec){0}, factor[1], v_splat(1));
    const vec change = v_select_below((vec){0}, agreement, factor[2], shrinking);
    slot[0] = v_select_below(agreement, (vec){0}, (vec){0}, g);
    slot[1] = v_min(v_max(size * change, factor[3]), factor[4]);
    return w - sign_of(slot[0]) * slot[1];
}
