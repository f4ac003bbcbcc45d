/* loss_references.c: see loss_references.h. */
#include "kernels/loss_references.h"

#include <math.h>

typedef struct element {
    double loss, gradient;
} element;

typedef struct context {
    nnf_dtype dtype;
    const double *parameter;
} context;

/* Of one element; *y may be replaced. */
typedef element (*element_reference)(const context *c, double *y, double t);

static double sum_of(element_reference f, const context *c, ptrdiff_t n, double *y, const double *t, double *g)
{
    double loss = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        const element e = f(c, &y[j], t[j]);
        loss += e.loss;
        g[j] = e.gradient;
    }
    return loss;
}

#define SUM(name, f, factor)                                                                                                    \
    static double name(nnf_dtype dtype, const double *parameter, ptrdiff_t n, double *y, const double *t, double *g)            \
    {                                                                                                                           \
        const double sum = sum_of(f, &(context){dtype, parameter}, n, y, t, g);                                                 \
        for (ptrdiff_t j = 0; j < n; j++)                                                                                       \
            g[j] *= factor;                                                                                                     \
        return sum * (factor);                                                                                                  \
    }
#define MEAN(name, f) SUM(name, f, 1.0 / (double)n)

/* Outputs are kept 1e-7 away from 0 and 1, in the dtype. */
static double epsilon_of(nnf_dtype dtype) { return dtype == NNF_F32 ? (double)1e-7f : 1e-7; }
static double high_of(nnf_dtype dtype) { return dtype == NNF_F32 ? (double)(1 - 1e-7f) : 1 - 1e-7; }
static double clip(nnf_dtype dtype, double p) { return fmin(fmax(p, epsilon_of(dtype)), high_of(dtype)); }
static double sign_of(double x) { return (x > 0) - (x < 0); }
static double smooth(double t, double smoothing, double n) { return t * (1 - smoothing) + smoothing / n; }
static double log_logistic(double z) { return fmin(z, 0) - log1p(exp(-fabs(z))); }

/* ---- numbers ---- */

static element squared(const context *c, double *y, double t) { return (void)c, (element){(*y - t) * (*y - t), 2 * (*y - t)}; }
SUM(sum_squared_error, squared, 1.0)
MEAN(mean_squared_error, squared)

static element absolute(const context *c, double *y, double t) { return (void)c, (element){fabs(*y - t), sign_of(*y - t)}; }
MEAN(mean_absolute_error, absolute)

static element percentage(const context *c, double *y, double t)
{
    const double whole = fmax(fabs(t), epsilon_of(c->dtype)) / 100;
    return (element){fabs(*y - t) / whole, sign_of(*y - t) / whole};
}
MEAN(mean_absolute_percentage_error, percentage)

static element logarithmic(const context *c, double *y, double t)
{
    const double low = epsilon_of(c->dtype), residual = log1p(fmax(*y, low)) - log1p(fmax(t, low));
    return (element){residual * residual, *y < low ? 0 : 2 * residual / (1 + *y)};
}
MEAN(mean_squared_logarithmic_error, logarithmic)

static element huber_of(const context *c, double *y, double t)
{
    const double delta = c->parameter[0], r = *y - t;
    return fabs(r) <= delta ? (element){r * r / 2, r} : (element){delta * (fabs(r) - delta / 2), delta * sign_of(r)};
}
MEAN(huber, huber_of)

static element log_cosh_of(const context *c, double *y, double t)
{
    const double r = fabs(*y - t), half = sinh(fmin(r, 1) / 2);
    (void)c;
    return (element){r < 1 ? log1p(2 * half * half) : r + log1p(exp(-2 * r)) - log(2), tanh(*y - t)};
}
MEAN(log_cosh, log_cosh_of)

static element pinball(const context *c, double *y, double t)
{
    const double r = *y - t, slope = (r > 0) - c->parameter[0] * (r != 0);
    return (element){slope * r, slope};
}
MEAN(quantile, pinball)

static element poisson_of(const context *c, double *y, double t)
{
    const double rate = *y + epsilon_of(c->dtype);
    return (element){*y - t * log(rate), 1 - t / rate};
}
MEAN(poisson, poisson_of)

static double inverse_norm(nnf_dtype dtype, ptrdiff_t n, const double *x)
{
    double sum = 0;
    for (ptrdiff_t j = 0; j < n; j++)
        sum += x[j] * x[j];
    return fmin(1 / sqrt(sum), 1 / epsilon_of(dtype));
}

static double cosine_similarity(nnf_dtype dtype, const double *parameter, ptrdiff_t n, double *y, const double *t, double *g)
{
    const double of_y = inverse_norm(dtype, n, y), of_t = inverse_norm(dtype, n, t);
    double cosine = 0;
    (void)parameter;
    for (ptrdiff_t j = 0; j < n; j++)
        cosine += y[j] * of_y * t[j] * of_t;
    for (ptrdiff_t j = 0; j < n; j++)
        g[j] = (cosine * y[j] * of_y - t[j] * of_t) * of_y;
    return -cosine;
}

/* ---- margins ---- */

static element hinge_of(const context *c, double *y, double t)
{
    const double sign = t == 0 ? -1 : t, loss = fmax(1 - sign * *y, 0);
    (void)c;
    return (element){loss, loss > 0 ? -sign : 0};
}
MEAN(hinge, hinge_of)

static element squared_hinge_of(const context *c, double *y, double t)
{
    const element e = hinge_of(c, y, t);
    return (element){e.loss * e.loss, 2 * e.loss * e.gradient};
}
MEAN(squared_hinge, squared_hinge_of)

static double categorical_hinge(nnf_dtype dtype, const double *parameter, ptrdiff_t n, double *y, const double *t, double *g)
{
    ptrdiff_t best = 0;
    double own = 0;
    (void)dtype, (void)parameter;
    for (ptrdiff_t j = 0; j < n; j++) {
        own += t[j] * y[j];
        best = (1 - t[j]) * y[j] > (1 - t[best]) * y[best] ? j : best;
    }
    const double loss = fmax((1 - t[best]) * y[best] - own + 1, 0);
    for (ptrdiff_t j = 0; j < n; j++)
        g[j] = loss > 0 ? (j == best ? 1 - t[j] : 0) - t[j] : 0;
    return loss;
}

/* ---- cross-entropies ---- */

static element divergence(const context *c, double *y, double t)
{
    const double low = epsilon_of(c->dtype), p = fmin(fmax(*y, low), 1), q = fmin(fmax(t, low), 1);
    return (element){q * log(q / p), p == *y ? -q / p : 0};
}
SUM(kl_divergence, divergence, 1.0)

/* -(w t log p + (1 - t) log q), and its slope by the logit of p */
static element entropy_of(double p, double q, double log_p, double log_q, double t, double weight)
{
    return (element){-(weight * t * log_p + (1 - t) * log_q), (1 - t) * p - weight * t * q};
}

static element binary(const context *c, double *y, double t)
{
    const double p = clip(c->dtype, *y), q = 1 - p;
    const element e = entropy_of(p, q, log(p), log1p(-p), smooth(t, c->parameter[0], 2), c->parameter[1]);
    return (element){e.loss, p == *y ? e.gradient / (p * q) : 0};
}
MEAN(binary_crossentropy, binary)

static element binary_logits(const context *c, double *y, double t)
{
    const double log_p = log_logistic(*y), log_q = log_logistic(-*y);
    *y = exp(log_p);
    return entropy_of(*y, exp(log_q), log_p, log_q, smooth(t, c->parameter[0], 2), c->parameter[1]);
}
MEAN(binary_crossentropy_logits, binary_logits)

/* Entropy times the focus, and the slope by the logit. */
static element focused(const double *parameter, double p, double q, double t, element entropy)
{
    const double gamma = parameter[2], missed = fmax((1 - t) * p + t * q, 1e-30);
    const double balanced = t * parameter[1] + (1 - t) * (1 - parameter[1]), weight = 1 + parameter[0] * (balanced - 1);
    const double factor = weight * pow(missed, gamma);
    return (element){factor * entropy.loss, factor * (gamma * (1 - 2 * t) / missed * p * q * entropy.loss + entropy.gradient)};
}

static element binary_focal(const context *c, double *y, double t)
{
    const double p = clip(c->dtype, *y), q = 1 - p, target = smooth(t, c->parameter[3], 2);
    const element e = focused(c->parameter, p, q, target, entropy_of(p, q, log(p), log1p(-p), target, 1));
    return (element){e.loss, p == *y ? e.gradient / (p * q) : 0};
}
MEAN(binary_focal_crossentropy, binary_focal)

static element binary_focal_logits(const context *c, double *y, double t)
{
    const double log_p = log_logistic(*y), log_q = log_logistic(-*y), p = exp(log_p), q = exp(log_q),
                 target = smooth(t, c->parameter[3], 2);
    *y = p;
    return focused(c->parameter, p, q, target, entropy_of(p, q, log_p, log_q, target, 1));
}
MEAN(binary_focal_crossentropy_logits, binary_focal_logits)

/* A share q of a row: its loss, and the slope by log q. focus: alpha and gamma, or NULL. */
static element share_loss(nnf_dtype dtype, const double *focus, double q, double log_q, double t)
{
    const double missed = fmax(1 - q, epsilon_of(dtype)), factor = focus ? focus[0] * t * pow(missed, focus[1]) : t;
    return (element){-factor * log_q, focus ? factor * (focus[1] * q * log_q / missed - 1) : -t};
}

/* Of y / sum y; where a share is clipped, the loss does not depend on it. */
static double by_shares(nnf_dtype dtype, const double *focus, double smoothing, ptrdiff_t n, double *y, const double *t, double *g)
{
    double sum = 0, loss = 0, slopes = 0;
    for (ptrdiff_t j = 0; j < n; j++)
        sum += y[j];
    for (ptrdiff_t j = 0; j < n; j++) {
        const double q = clip(dtype, y[j] / sum);
        const element e = share_loss(dtype, focus, q, log(q), smooth(t[j], smoothing, (double)n));
        const double slope = q == y[j] / sum ? e.gradient : 0;
        loss += e.loss;
        slopes += slope;
        g[j] = slope == 0 ? 0 : slope / y[j];
    }
    for (ptrdiff_t j = 0; j < n; j++)
        g[j] -= slopes / sum;
    return loss;
}

static double by_logits(nnf_dtype dtype, const double *focus, double smoothing, ptrdiff_t n, double *y, const double *t, double *g)
{
    double max = -INFINITY, sum = 0, loss = 0, slopes = 0;
    for (ptrdiff_t j = 0; j < n; j++)
        max = fmax(max, y[j]);
    for (ptrdiff_t j = 0; j < n; j++)
        sum += exp(y[j] - max);
    for (ptrdiff_t j = 0; j < n; j++) {
        const double log_q = y[j] - max - log(sum);
        const element e = share_loss(dtype, focus, exp(log_q), log_q, smooth(t[j], smoothing, (double)n));
        y[j] = exp(log_q);
        loss += e.loss;
        slopes += e.gradient;
        g[j] = e.gradient;
    }
    for (ptrdiff_t j = 0; j < n; j++)
        g[j] -= y[j] * slopes;
    return loss;
}

#define BY_ROW(name, f, focus, smoothing)                                                                                       \
    static double name(nnf_dtype dtype, const double *parameter, ptrdiff_t n, double *y, const double *t, double *g)            \
    {                                                                                                                           \
        return f(dtype, focus, smoothing, n, y, t, g);                                                                          \
    }
BY_ROW(categorical_crossentropy, by_shares, NULL, parameter[0])
BY_ROW(categorical_crossentropy_logits, by_logits, NULL, parameter[0])
BY_ROW(categorical_focal_crossentropy, by_shares, parameter, parameter[2])
BY_ROW(categorical_focal_crossentropy_logits, by_logits, parameter, parameter[2])

const loss_reference_row loss_references[NNF_N_LOSSES] = {
#define NNF_ROW(code, name, joint, elements, parameters) [NNF_LOSS_##code] = {#name, name},
    NNF_LOSS_LIST(NNF_ROW)
#undef NNF_ROW
};
