/* activations.inc.h: every activation but those of whole rows, as a pair on vectors: y = f(x), and f' from what the row in
 * activations.h says is saved, y or x. NaN gives NaN going forward. Every one is within 2 ULP: docs/numerics.md has the worst of
 * every float, and of many doubles (tests/c/accuracy). parameter: slope of leaky_relu, alpha of elu and celu. */

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

/* log(1 + exp(x)), with an exponential that cannot overflow. Between 0 and 1/2 the logarithm falls about as fast as x rises, and
 * its error would show as falls of the sum: there it is log 2 + x / 2 + log(cosh(x / 2)), each of which rises. */
INLINE vec softplus_forward(vec x, vec parameter)
{
    (void)parameter;
    const vec zero = {0}, half = v_splat((real)0.5), square = x * x;
    const vec far = v_max(x, zero) + v_log1p(v_exp(-v_abs(x)));
    const vec rise = v_fma(square, V_POLYNOMIAL(square, log_cosh_p), half * x);
    const vec near = v_splat(log_2[0]) + (rise + v_splat(log_2[1]));
    return v_select_below(zero, x, v_select_below(x, half, near, far), far);
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

/* Where the gradient of the step is wanted nevertheless: that of the line it is drawn from, |x| <= 1. */
INLINE vec pass_near_0(vec x) { return v_select_below(v_splat(1), v_abs(x), (vec){0}, v_splat(1)); }

INLINE vec binary_step_straight_through_forward(vec x, vec parameter) { return binary_step_forward(x, parameter); }
INLINE vec binary_step_straight_through_backward(vec x, vec parameter) { return (void)parameter, pass_near_0(x); }
INLINE vec sign_straight_through_forward(vec x, vec parameter) { return sign_forward(x, parameter); }
INLINE vec sign_straight_through_backward(vec x, vec parameter) { return (void)parameter, pass_near_0(x); }

INLINE vec exponential_forward(vec x, vec parameter) { return (void)parameter, v_exp(x); }
INLINE vec exponential_backward(vec y, vec parameter) { return (void)parameter, y; }

/* ---- lines with bends; at a bend the slope is that of the flat side ---- */

INLINE vec slope_between(vec low, vec y, vec high, vec slope)
{
    return v_select_below(low, y, v_select_below(y, high, slope, (vec){0}), (vec){0});
}

INLINE vec relu6_forward(vec x, vec parameter) { return (void)parameter, v_min(v_max(x, (vec){0}) + (vec){0}, v_splat(6)); }
INLINE vec relu6_backward(vec y, vec parameter) { return (void)parameter, slope_between((vec){0}, y, v_splat(6), v_splat(1)); }

INLINE vec hard_tanh_forward(vec x, vec parameter) { return (void)parameter, v_max(v_min(x, v_splat(1)), v_splat(-1)); }
INLINE vec hard_tanh_backward(vec y, vec parameter) { return (void)parameter, slope_between(v_splat(-1), y, v_splat(1), v_splat(1)); }

INLINE vec hard_sigmoid_forward(vec x, vec parameter)
{
    (void)parameter;
    const vec_pair sixth_pair = V_PAIR(sixth);
    const vec t = v_min(v_max(x + v_splat(3), (vec){0}), v_splat(6));
    return v_fma(t, sixth_pair.high, t * sixth_pair.low);
}
INLINE vec hard_sigmoid_backward(vec y, vec parameter)
{
    return (void)parameter, slope_between((vec){0}, y, v_splat(1), v_splat(sixth[0]));
}

/* x (x + 3) / 6 between -3 and 3. */
INLINE vec hard_swish_forward(vec x, vec parameter)
{
    (void)parameter;
    const vec inside = v_max(x, v_splat(-3)), t = inside + v_splat(3), lifted = inside * v_splat(raise), product = lifted * t;
    const vec lost = v_fma(lifted, t, -product), high = v_splat(sixth[0]), low = v_splat(sixth[1]);
    return v_select_below(x, v_splat(3), v_fma(product, high, v_fma(lost, high, product * low)) * v_splat(drop), x);
}
INLINE vec hard_swish_backward(vec x, vec parameter)
{
    (void)parameter;
    const vec t = x + v_splat((real)1.5), slope = v_fma(t, v_splat(third[0]), t * v_splat(third[1]));
    return v_select_below(v_splat(-3), x, v_select_below(x, v_splat(3), slope, v_splat(1)), (vec){0});
}

/* ---- curves ---- */

/* scale x, below 0 scale alpha (exp(x) - 1); selu_floor is scale alpha. */
INLINE vec selu_forward(vec x, vec parameter)
{
    (void)parameter;
    const vec curve = v_expm1_times(x, (vec){0}, v_splat(selu_floor[0]), v_splat(selu_floor[1]));
    const vec line = x * v_select_below(x, (vec){0}, v_splat(selu_floor[0]), v_splat(selu_scale[0]));
    return v_select_below(x, v_splat(REAL(-0x1p-60, -0x1p-600)), curve, line);
}
INLINE vec selu_backward(vec y, vec parameter)
{
    (void)parameter;
    const vec below = v_max((y + v_splat(selu_floor[0])) + v_splat(selu_floor[1]), (vec){0});
    return v_select_below((vec){0}, y, v_splat(selu_scale[0]), below);
}

/* alpha (exp(x / alpha) - 1) below 0; so near 0 that this is x, x / alpha may be too small for a real. */
INLINE vec celu_forward(vec x, vec parameter)
{
    const vec inside = v_max(x, v_splat(REAL(-18., -38.)) * parameter), q = inside / parameter;
    const vec q_low = v_fma(-q, parameter, inside) * (v_splat(1) / parameter);
    const vec curve = v_expm1_times(q, q_low, parameter, (vec){0});
    return v_select_below(q, v_splat(REAL(-0x1p-30, -0x1p-60)), curve, x);
}
INLINE vec celu_backward(vec y, vec parameter) { return v_select_below((vec){0}, y, v_splat(1), (y + parameter) / parameter); }

/* x / (1 + |x|), corrected by what the sum and the quotient lost. */
INLINE vec softsign_forward(vec x, vec parameter)
{
    (void)parameter;
    const vec one = v_splat(1), a = v_min(v_abs(x), v_splat(REAL(0x1p30, 0x1p60)));
    const vec sum = one + a, sum_low = (v_max(a, one) - sum) + v_min(a, one), inverse = one / sum, y = a * inverse;
    const vec remainder = v_fma(-y, sum_low, v_fma(-y, sum, a));
    return v_copy_sign(v_fma(remainder, inverse, y), x);
}
INLINE vec softsign_backward(vec y, vec parameter)
{
    (void)parameter;
    const vec one = v_splat(1), a = v_abs(y), rest = one - a, lost = (one - rest) - a;
    return v_fma(rest, rest, (rest + rest) * lost);
}

/* With u = 2 sqrt(2/pi) (x + 0.044715 x^3) it is x / (1 + exp(-u)). */
INLINE vec gelu_tanh_forward(vec x, vec parameter)
{
    (void)parameter;
    const vec inside = v_max(x, v_splat(REAL(-10.85, -22.)));
    const vec_pair whole = {inside, {0}}, cubic = v_pair_times(v_pair_times(whole, whole), V_PAIR(gelu_tanh_cubic));
    const vec_pair u = v_pair_times(v_pair_add(cubic, V_PAIR(gelu_tanh_linear)), whole);
    const logistic share = v_logistic(u.high, u.low);
    const vec product = inside * share.quotient, lost = v_fma(inside, share.quotient, -product);
    return v_select_below(x, v_splat(8), (product + v_fma(product, share.rest, lost)) * v_splat(drop), x);
}
/* With E = exp(u) the slope is E (1 + E + x u') / (1 + E)^2, 0 at the root z. With d = x - z, at x <= 0:
 *   e = d (3 c z + c d), c = gelu_tanh_cubic;  u(x) - u(z) = d (u'(z) + e);  x u'(x) - z u'(z) = d (gelu_tanh_slope + 3 e)
 *   1 + E + x u' = d (gelu_tanh_slope + 3 e) + exp(u(z)) (exp(u(x) - u(z)) - 1): two summands of one sign.
 * slope(x) + slope(-x) = 1. */
INLINE vec gelu_tanh_backward(vec x, vec parameter)
{
    (void)parameter;
    const vec one = v_splat(1), zero = {0}, a = v_max(-v_abs(x), v_splat(REAL(-10.85, -21.6)));
    const vec_pair exp_root = V_PAIR(gelu_tanh_root_exp), d = v_pair_add((vec_pair){a, zero}, V_PAIR(gelu_tanh_minus_root));
    const vec_pair bend = v_pair_add(v_pair_times(d, V_PAIR(gelu_tanh_cubic)), V_PAIR(gelu_tanh_bend));
    const vec_pair e = v_pair_times(d, bend), e_3 = v_pair_times(e, (vec_pair){v_splat(3), zero});
    const vec_pair moved = v_pair_times(d, v_pair_add(e, V_PAIR(gelu_tanh_rise)));
    const power p = v_power(moved.high, moved.low, LIFT, true);
    const vec_pair line = v_pair_times(d, v_pair_add(e_3, V_PAIR(gelu_tanh_slope)));
    const vec_pair top = v_pair_add(line, v_pair_times(v_pair_expm1(p), exp_root));
    const vec_pair sum = v_pair_add((vec_pair){one, zero}, v_pair_times(v_pair_exp(p), exp_root));
    const vec slope = v_pair_times_exp(v_pair_divide(v_pair_times(top, exp_root), v_pair_times(sum, sum)), p);
    return v_select_below(x, zero, slope, one - slope);
}

/* With E = exp(x): x tanh(log(1 + E)) = x E (E + 2) / (E (E + 2) + 2). */
INLINE vec mish_forward(vec x, vec parameter)
{
    (void)parameter;
    const vec end = v_splat(REAL(10., 20.)), inside = v_min(v_max(x, v_splat(REAL(-109., -800.))), end);
    const power p = v_power(inside, (vec){0}, LIFT, true);
    const vec_pair two = {v_splat(2), {0}}, grown = v_pair_exp(p), top = v_pair_add(two, grown);
    const vec_pair share = v_pair_divide(top, v_pair_add(two, v_pair_times(grown, top)));
    const vec_pair product = v_pair_times((vec_pair){inside * p.scale, {0}}, share);
    return v_select_below(x, end, v_pair_grow(product, p.fraction) * v_splat(drop), x);
}
/* The slope is E (E^3 + 4 E^2 + 6 E + 4 + 4 x (E + 1)) / (E (E + 2) + 2)^2, 0 at the root z. With d = x - z, h = exp(d) - 1 the
 * second factor is 4 d (E + 1) + h (c_0 + c_1 h + c_2 h^2): two summands of one sign. */
INLINE vec mish_backward(vec x, vec parameter)
{
    (void)parameter;
    const vec zero = {0}, end = v_splat(REAL(12., 22.)), inside = v_min(v_max(x, v_splat(REAL(-109., -800.))), end);
    const vec_pair two = {v_splat(2), zero}, exp_root = V_PAIR(mish_root_exp);
    const vec_pair d = v_pair_add((vec_pair){inside, zero}, V_PAIR(mish_minus_root));
    const power p = v_power(d.high, d.low, LIFT, true);
    const vec_pair grown = v_pair_times(v_pair_exp(p), exp_root), h = v_pair_expm1(p);
    const vec_pair outer = v_pair_add(v_pair_times(h, V_PAIR(mish_c_2)), V_PAIR(mish_c_1));
    const vec_pair curve = v_pair_times(h, v_pair_add(v_pair_times(h, outer), V_PAIR(mish_c_0)));
    const vec_pair d_4 = {v_splat(4) * d.high, v_splat(4) * d.low};
    const vec_pair top = v_pair_add(curve, v_pair_times(d_4, v_pair_add((vec_pair){v_splat(1), zero}, grown)));
    const vec_pair bottom = v_pair_add(two, v_pair_times(grown, v_pair_add(two, grown)));
    const vec slope = v_pair_times_exp(v_pair_divide(v_pair_times(top, exp_root), v_pair_times(bottom, bottom)), p);
    return v_select_below(end, x, v_splat(1), slope);
}
