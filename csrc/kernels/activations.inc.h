/* activations.inc.h: every activation but softmax, as a pair on vectors: y = f(x), and f' from what the row in
 * activations.h says is saved, y or x. NaN gives NaN going forward. parameter: slope of leaky_relu, alpha of elu. */

INLINE vec linear_forward(vec x, vec parameter) { return (void)parameter, x; }
INLINE vec linear_backward(vec y, vec parameter) { return (void)y, (void)parameter, v_splat(1); }

INLINE vec sigmoid_forward(vec x, vec parameter) { return (void)parameter, v_logistic(v_splat(1), x); }
INLINE vec sigmoid_backward(vec y, vec parameter) { return (void)parameter, y * (v_splat(1) - y); }

INLINE vec tanh_forward(vec x, vec parameter) { return (void)parameter, v_tanh(x); }
INLINE vec tanh_backward(vec y, vec parameter) { return (void)parameter, v_fma((vec){0} - y, y, v_splat(1)); }

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
    const vec a = v_min(v_abs(x), v_splat(tail_end));
    const normal_parts normal = v_normal_parts(a);
    return v_max(x, (vec){0}) - v_times_density(a * normal.t * V_POLYNOMIAL(normal.t, tail_p), normal.density);
}
INLINE vec gelu_backward(vec x, vec parameter)
{
    (void)parameter;
    const vec a = v_min(v_abs(x), v_splat(tail_end));
    const normal_parts normal = v_normal_parts(a);
    const vec factor = (a - v_splat(slope_root[0]) - v_splat(slope_root[1])) * V_POLYNOMIAL(normal.t, slope_p);
    const vec slope = v_times_density(factor, normal.density);
    return v_select_below(x, (vec){0}, (vec){0} - slope, v_splat(1) + slope);
}

/* log(1 + exp(x)), with an exponential that cannot overflow. */
INLINE vec softplus_forward(vec x, vec parameter)
{
    (void)parameter;
    return v_max(x, (vec){0}) + v_log1p(v_exp((vec){0} - v_abs(x)));
}
INLINE vec softplus_backward(vec y, vec parameter) { return (void)parameter, (vec){0} - v_expm1((vec){0} - y); }

INLINE vec silu_forward(vec x, vec parameter) { return (void)parameter, v_logistic(x, x); }
/* silu' is 0 at the root z of exp(z) + 1 + z = 0. With d = x - z, at x <= 0:
 * silu'(x) = (d + exp(z) (exp(d) - 1)) exp(x) / (1 + exp(x))^2: no difference of near numbers. silu'(x) + silu'(-x) = 1. */
INLINE vec silu_backward(vec x, vec parameter)
{
    (void)parameter;
    const vec one = v_splat(1), z = v_splat(silu_root[0]), z_low = v_splat(silu_root[1]), exp_z = v_splat(silu_root[2]);
    const vec a = v_max((vec){0} - v_abs(x), v_splat(silu_end)), distance = a - z;
    const power p = v_power(distance, (vec){0} - z_low, LIFT);
    const real drop = sizeof(real) == 4 ? (real)0x1p-32 : (real)0x1p-256;
    const vec scale = p.scale * v_splat(drop), power_minus_1 = v_fma(scale, p.fraction, scale - one);
    const vec top = distance + v_fma(exp_z, power_minus_1, (vec){0} - z_low);
    const vec exp_a = exp_z * v_fma(scale, p.fraction, scale), below = one + exp_a;
    const vec factor = exp_z * top / (below * below);
    const vec slope = v_fma(factor, p.fraction, factor) * p.scale * v_splat(drop);
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
