/* activation_vector.h - the part of tensor_vector.h that has elementary functions, activations and their derivatives. */
#ifndef SOLVENT_ACTIVATION_VECTOR_H
#define SOLVENT_ACTIVATION_VECTOR_H

/* -- Elementary functions, to a few units in the last place -- */

INLINE vec choose(vint mask, vec yes, vec no) { return (vec)((mask & (vint)yes) | (~mask & (vint)no)); }
#ifndef LEAST
#define LEAST(a, b) choose((a) < (b), a, b)
#define GREATEST(a, b) choose((a) > (b), a, b)
#endif
INLINE vec least(vec a, vec b) { return LEAST(a, b); }
INLINE vec greatest(vec a, vec b) { return GREATEST(a, b); }

/* exponential is e^x between e^-87 and e^88: x is n log 2 + r, e^r its Taylor polynomial. */
INLINE vec exponential(vec x) {
    x = greatest(splat(-87.0f), least(splat(88.0f), x));                                     /* NaN stays */
    vec shifted = FMA(x, splat(1.44269504f), splat(12582912.0f)), n = shifted - 12582912.0f; /* 1.5 * 2^23 rounds */
    vec r = FMA(n, splat(-0.693359375f), x);
    r = FMA(n, splat(2.12194440e-4f), r);
    vec p = splat(1.0f / 5040);
    p = FMA(p, r, splat(1.0f / 720));
    p = FMA(p, r, splat(1.0f / 120));
    p = FMA(p, r, splat(1.0f / 24));
    p = FMA(p, r, splat(1.0f / 6));
    p = FMA(p, r, splat(0.5f));
    p = FMA(p, r, splat(1.0f));
    p = FMA(p, r, splat(1.0f));
    vint power = ((vint)shifted - 0x4B400000 + 127) << 23;
    return p * (vec)power;
}

/* error_function: Abramowitz, Stegun 7.1.26, within 1.5e-7. */
INLINE vec error_function(vec x) {
    vec a = greatest(x, -x), t = 1.0f / FMA(splat(0.3275911f), a, splat(1.0f));
    vec p = FMA(splat(1.061405429f), t, splat(-1.453152027f));
    p = FMA(p, t, splat(1.421413741f));
    p = FMA(p, t, splat(-0.284496736f));
    p = FMA(p, t, splat(0.254829592f));
    vec y = 1.0f - p * t * exponential(-a * a);
    return choose(x < 0.0f, -y, y);
}

INLINE vec activate(enum activation activation, vec x) {
    switch (activation) {
    case ACTIVATION_SILU: return x / (1.0f + exponential(-x));
    case ACTIVATION_RELU: return choose(x < 0.0f, splat(0), x);
    case ACTIVATION_GELU: return 0.5f * x * (1.0f + error_function(x * 0.70710678f));
    case ACTIVATION_GELU_TANH: return x / (1.0f + exponential(-1.59576912f * FMA(x * x * x, splat(0.044715f), x)));
    case ACTIVATION_MISH: {
        vec e = exponential(-greatest(x, -x));
        vec p = choose(x > 0.0f, 1.0f + 2.0f * e, e * e + 2.0f * e);
        vec q = choose(x > 0.0f, 1.0f + 2.0f * e + 2.0f * e * e, e * e + 2.0f * e + 2.0f);
        return x * p / q;
    }
    case ACTIVATION_NONE:
    case ACTIVATION_COUNT: break;
    }
    return x;
}

/* -- Derivatives -- */

INLINE vec sigmoid(vec x) { return 1.0f / (1.0f + exponential(-x)); }

INLINE vec mish_slope(vec x) {
    vec e = exponential(-greatest(x, -x));
    vec p = choose(x > 0.0f, 1.0f + 2.0f * e, e * e + 2.0f * e);
    vec q = choose(x > 0.0f, 1.0f + 2.0f * e + 2.0f * e * e, e * e + 2.0f * e + 2.0f);
    vec t = p / q;
    return t + x * (1.0f - t * t) * sigmoid(x);
}

INLINE vec slope_of(enum activation activation, vec x) {
    switch (activation) {
    case ACTIVATION_SILU: {
        vec s = sigmoid(x);
        return s * FMA(x, 1.0f - s, splat(1.0f));
    }
    case ACTIVATION_RELU: return choose(x > 0.0f, splat(1.0f), splat(0));
    case ACTIVATION_GELU:
        return FMA(x * 0.39894228f, exponential(x * x * -0.5f), 0.5f * (1.0f + error_function(x * 0.70710678f)));
    case ACTIVATION_GELU_TANH: {
        x = choose(x > 30.0f, splat(30.0f), choose(x < -30.0f, splat(-30.0f), x)); /* no cube overflows */
        vec s = sigmoid(1.59576912f * FMA(x * x * x, splat(0.044715f), x));
        return FMA(x * s * (1.0f - s), FMA(x * x, splat(0.21406859f), splat(1.59576912f)), s);
    }
    case ACTIVATION_MISH: return mish_slope(x);
    case ACTIVATION_NONE:
    case ACTIVATION_COUNT: break;
    }
    return splat(1.0f);
}

#endif
