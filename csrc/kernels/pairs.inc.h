/* pairs.inc.h: sums of two vectors, high + low with a small low, for what must lose nothing on the way to one last rounding.
 *
 * The textbook's error-free sum and product (Knuth, Dekker) and what follows from them. Results are good to about twice the
 * digits of a real, as long as no sum of two pairs cancels. */

typedef struct vec_pair {
    vec high, low;
} vec_pair;

/* A constant of vector_math.inc.h that is written as a pair. */
#define V_PAIR(table) ((vec_pair){v_splat((table)[0]), v_splat((table)[1])})

/* a + b, exactly. */
INLINE vec_pair v_two_sum(vec a, vec b)
{
    const vec sum = a + b, rest = sum - a;
    return (vec_pair){sum, (a - (sum - rest)) + (b - rest)};
}

INLINE vec_pair v_pair_add(vec_pair a, vec_pair b)
{
    const vec_pair sum = v_two_sum(a.high, b.high);
    return (vec_pair){sum.high, sum.low + (a.low + b.low)};
}

INLINE vec_pair v_pair_times(vec_pair a, vec_pair b)
{
    const vec product = a.high * b.high, lost = v_fma(a.high, b.high, -product);
    return (vec_pair){product, v_fma(a.low, b.high, v_fma(a.high, b.low, lost))};
}

/* One division. */
INLINE vec_pair v_pair_divide(vec_pair a, vec_pair b)
{
    const vec inverse = v_splat(1) / b.high, quotient = a.high * inverse;
    const vec remainder = v_fma(-quotient, b.low, v_fma(-quotient, b.high, a.high)) + a.low;
    return (vec_pair){quotient, remainder * inverse};
}

/* exp(x) and exp(x) - 1 for p = v_power(x, ..., LIFT, true). */
INLINE vec_pair v_pair_exp(power p)
{
    const vec scale = p.scale * v_splat(drop);
    return v_two_sum(scale, scale * p.fraction);
}
INLINE vec_pair v_pair_expm1(power p)
{
    const vec scale = p.scale * v_splat(drop);
    return v_pair_add(v_two_sum(scale, v_splat(-1)), (vec_pair){scale * p.fraction, {0}});
}

/* x (1 + fraction), with one rounding that counts. */
INLINE vec v_pair_grow(vec_pair x, vec fraction) { return x.high + v_fma(x.high, fraction, v_fma(x.low, fraction, x.low)); }
INLINE vec v_pair_times_exp(vec_pair x, power p) { return v_pair_grow(x, p.fraction) * p.scale * v_splat(drop); }
