/* activations.inc.h: every activation but softmax, as a pair on vectors: y = f(x), and f' from what the row in
 * activations.h says is saved, y or x. NaN gives NaN going forward. Every one is within 2 ULP: over every float, and over 25 million
 * doubles (tests/c/accuracy). parameter: slope of leaky_relu, alpha of elu. */

INLINE vec linear_forward(vec x, vec parameter) { return (void)parameter, x; }
INLINE vec linear_backward(vec y, vec parameter) { return (void)y, (void)parameter, v_splat(1); }

INLINE vec sigmoid_forward(vec x, vec parameter)
{
    (void)parameter;
    return v_logistic_lifted(v_min(v_max(x, v_splat(REAL(-109., -800.))), v_splat(REAL(64., 512.)))) * v_splat(drop);
}
INLINE vec sigmoid_backward(vec y, vec parameter) { return (void)parameter, y * (v_splat(1) - y); }

INLINE vec tanh_forward(vec x, vec parameter) { return (void)parameter, v_tanh(x); }
INLINE vec tanh_backward(vec y, vec parameter) { return (void)parameter, v_fma(-y, y, v_splat(1)); }

INLINE vec relu_forward(vec x, vec parameter) { return (void)parameter, v_max(x, (vec){0}) + (vec){0}; }
INLINE vec relu_backward(vec y, vec parameter)
{
    (void)parameter;
    return v_select_below((vec){0}, y, v_splat(1), (vec){0});
}

INLINE vec leaky_relu_forward(vec x, vec parameter) { return v_select_below(x, (vec){0}, parameter * x, x); }
INLINE vec leaky_relu_backward(vec y, vec parameter) { return v_select_below((vec){0}, y, v_splat(1), parameter); }

INLINE vec elu_forward(vec x, vec parameter) { return v_select_below(x, (vec){0}, parameter * v_expm1(x), x); }
INLINE vec elu_backward(vec y, vec parameter) { return v_select_below((vec){0}, y, v_splat(1), y + parameter); }

/* gelu(x) = x P(a normal variable < x) = max(x, 0) - |x| P(a normal variable > |x|); gelu'(x) + gelu'(-x) = 1. */
INLINE vec gelu_forward(vec x, vec parameter)
{
    (void)parameter;
    const vec one = v_splat(1), a = v_min(v_abs(x), v_splat(REAL(14.75, 39.))), slope = v_splat(tail_slope[0]);
    const vec below = v_fma(a, slope, one), below_low = v_fma(a, slope, one - below), v = a / below;
    const vec remainder = v_fma(-v, below_low, v_fma(-v, below, a)), inverse = v_fma(-slope, v, one);
    const vec v_low = remainder * inverse * inverse, t = v - v_splat(tail_middle[0]);
    return v_max(x, (vec){0}) - v_times_density(v, v_low, tail_p, N_ELEMENTS(tail_p), t, v_density(a));
}
INLINE vec gelu_backward(vec x, vec parameter)
{
    (void)parameter;
    const vec a = v_min(v_abs(x), v_splat(REAL(14.75, 39.))), v = a / v_fma(a, v_splat(tail_slope[0]), v_splat(1));
    const vec d = a - v_splat(slope_root[0]), d_low = ((a - d) - v_splat(slope_root[0])) - v_splat(slope_root[1]);
    const vec t = v - v_splat(slope_middle[0]);
    const vec slope = v_times_density(d, d_low, slope_p, N_ELEMENTS(slope_p), t, v_density(a));
    return v_select_below(x, (vec){0}, -slope, v_splat(1) + slope);
}

/* log(1 + exp(x)), with an exponential that cannot overflow. */
INLINE vec softplus_forward(vec x, vec parameter)
{
    (void)parameter;
    return v_max(x, (vec){0}) + v_log1p(v_exp(-v_abs(x)));
}
INLINE vec softplus_backward(vec y, vec parameter) { return (void)parameter, -v_expm1(-y); }

INLINE vec silu_forward(vec x, vec parameter)
{
    (void)parameter;
    const vec inside = v_max(x, v_splat(REAL(-109., -800.)));
    return v_select_below(x, v_splat(REAL(64., 512.)), inside * v_logistic_lifted(inside) * v_splat(drop), x);
}
/* silu' is 0 at the root z of exp(z) + 1 + z = 0. With d = x - z, at x <= 0:
 * silu'(x) = (d + exp(z) (exp(d) - 1)) exp(x) / (1 + exp(x))^2: no difference of near numbers. silu'(x) + silu'(-x) = 1. */
INLINE vec silu_backward(vec x, vec parameter)
{
    (void)parameter;
    const vec one = v_splat(1), z = v_splat(REAL(-0x1.474974p+0, -0x1.474973c84120bp+0));
    const vec z_low = v_splat(REAL(0x1.bdf6fap-27, -0x1.f8d74bc9ac154p-54)), exp_z = v_splat(REAL(0x1.1d25dp-2, 0x1.1d25cf210482ep-2));
    const vec exp_z_low = v_splat(REAL(-0x1.9060ep-25, -0x1.9b57668555551p-58)); /* in units of exp_z */
    const vec a = v_max(-v_abs(x), v_splat(REAL(-109., -760.))), d = a - z;
    const vec moved = d - a, d_low = ((a - (d - moved)) - (z + moved)) - z_low;
    const power p = v_power(d, d_low, LIFT, true);
    const vec scale = p.scale * v_splat(drop), rest = v_fma(exp_z, v_fma(scale, p.fraction, scale - one), d_low);
    const vec top = d + rest, top_low = rest - (top - d);
    const vec numerator = exp_z * top, exact = v_fma(exp_z, top_low, v_fma(exp_z, top, -numerator));
    const vec numerator_low = v_fma(numerator, exp_z_low, exact);
    const vec shrunk = exp_z * scale, exp_a = v_fma(shrunk, p.fraction, shrunk);
    const vec exp_a_low = v_fma(exp_a, exp_z_low, v_fma(shrunk, p.fraction, shrunk - exp_a));
    const vec sum = one + exp_a, sum_low = (exp_a - (sum - one)) + exp_a_low;
    const vec square = sum * sum, square_low = v_fma(sum, sum, -square) + (sum + sum) * sum_low;
    const vec inverse = one / square, q = numerator * inverse;
    const vec remainder = v_fma(-q, square_low, v_fma(-q, square, numerator)) + numerator_low;
    const vec q_low = remainder * inverse;
    const vec slope = (q + v_fma(q, p.fraction, v_fma(q_low, p.fraction, q_low))) * p.scale * v_splat(drop);
    return v_select_below(x, (vec){0}, slope, one - slope);
}

INLINE vec binary_step_forward(vec x, vec parameter)
{
    (void)parameter;
    return v_select_below((vec){0}, x, v_splat(1), v_select_equal(x, x, (vec){0}, x));
}
INLINE vec binary_step_backward(vec y, vec parameter) { return (void)y, (void)parameter, (vec){0}; }

INLINE vec sign_forward(vec x, vec parameter)
{
    (void)parameter;
    return v_select_below((vec){0}, x, v_splat(1), v_select_below(x, (vec){0}, v_splat(-1), x));
}
INLINE vec sign_backward(vec y, vec parameter) { return (void)y, (void)parameter, (vec){0}; }
