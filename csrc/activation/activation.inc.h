/* Activations, y = f(z), and the gradient by z: the loops over the list of activations.def, and the functions that its
 * expressions call, which the compiler turns into vectors. */
#ifndef CN_ACTIVATION_ACTIVATION_INC_H
#define CN_ACTIVATION_ACTIVATION_INC_H

#include "convnet.h"
#include "isa/simd.h"
#include "map/map.h"

#define CN_LEAKY_SLOPE 0.01f
#define CN_ELU_ALPHA 1.0f
#define CN_SIXTH (1.0f / 6.0f)

/* e^x by 2^n * e^r, |r| <= ln 2 / 2, a polynomial of degree 6 in r (Cephes expf); 2 ulp. Outside the range of
 * normal floats it is infinity or 0, so that a sigmoid becomes exactly 0 or 1. */
CN_INLINE float cn_exp(float x) {
    const float t = x < -87.3f ? -87.3f : x > 88.3f ? 88.3f : x;
    const float shifted = t * 1.44269504f + 12582912.0f; /* rounds to an integer in the low bits */
    const float n = shifted - 12582912.0f;
    float r = CN_FMA(n, -0.693359375f, t);
    r = CN_FMA(n, 2.12194440e-4f, r);
    float p = 1.9875691500e-4f;
    p = CN_FMA(p, r, 1.3981999507e-3f);
    p = CN_FMA(p, r, 8.3334519073e-3f);
    p = CN_FMA(p, r, 4.1665795894e-2f);
    p = CN_FMA(p, r, 1.6666665459e-1f);
    p = CN_FMA(p, r, 5.0000001201e-1f);
    p = CN_FMA(p, r * r, r + 1.0f);
    union {
        float f;
        int32_t i;
    } bits = {.f = shifted}, scale;
    scale.i = (int32_t)((uint32_t)(bits.i + 127 - 0x4B400000) << 23);
    const float y = p * scale.f;
    return x > 88.3f ? INFINITY : x < -87.3f ? 0.0f : x == x ? y : x;
}

CN_INLINE float cn_sigmoid(float x) { return 1.0f / (1.0f + cn_exp(-x)); }

/* Near 0 an odd polynomial (Cephes tanhf), elsewhere 1 - 2 / (e^2x + 1). */
CN_INLINE float cn_tanh(float x) {
    const float s = x * x;
    float p = -5.70498872745e-3f;
    p = CN_FMA(p, s, 2.06390887954e-2f);
    p = CN_FMA(p, s, -5.37397155531e-2f);
    p = CN_FMA(p, s, 1.33314422036e-1f);
    p = CN_FMA(p, s, -3.33332819422e-1f);
    const float near = CN_FMA(p * s, x, x);
    const float far = 1.0f - 2.0f / (cn_exp(2.0f * x) + 1.0f);
    return s < 0.390625f ? near : far;
}

/* e^x - 1 for x <= 0. */
CN_INLINE float cn_expm1(float x) {
    float p = 1.0f / 720.0f;
    p = CN_FMA(p, x, 1.0f / 120.0f);
    p = CN_FMA(p, x, 1.0f / 24.0f);
    p = CN_FMA(p, x, 1.0f / 6.0f);
    p = CN_FMA(p, x, 0.5f);
    const float near = CN_FMA(p * x, x, x);
    return x > -0.25f ? near : cn_exp(x) - 1.0f;
}

/* erf by a rational function of x^2 on [-4, 4], beyond which it is 1 in float32. */
CN_INLINE float cn_erf(float x) {
    const float t = x < -4.0f ? -4.0f : x > 4.0f ? 4.0f : x, s = t * t;
    float p = -2.72614225801306e-10f;
    p = CN_FMA(p, s, 2.77068142495902e-08f);
    p = CN_FMA(p, s, -2.10102402082508e-06f);
    p = CN_FMA(p, s, -5.69250639462346e-05f);
    p = CN_FMA(p, s, -7.34990630326855e-04f);
    p = CN_FMA(p, s, -2.95459980854025e-03f);
    p = CN_FMA(p, s, -1.60960333262415e-02f);
    float q = -1.45660718464996e-05f;
    q = CN_FMA(q, s, -2.13374055278905e-04f);
    q = CN_FMA(q, s, -1.68282697438203e-03f);
    q = CN_FMA(q, s, -7.37332916720468e-03f);
    q = CN_FMA(q, s, -1.42647390514189e-02f);
    return t * p / q;
}

CN_INLINE float cn_gelu(float z) { return 0.5f * z * (1.0f + cn_erf(z * 0.70710678f)); }
CN_INLINE float cn_gelu_slope(float z) {
    return 0.5f * (1.0f + cn_erf(z * 0.70710678f)) + z * 0.39894228f * cn_exp(-0.5f * z * z);
}
/* z / (1 + e^-z): 0 where e^-z is infinite, and never infinity times 0. */
CN_INLINE float cn_silu(float z) { return z / (1.0f + cn_exp(-z)); }
CN_INLINE float cn_silu_slope(float z) {
    const float s = cn_sigmoid(z);
    return s + cn_silu(z) * (1.0f - s);
}

/* From the nearer end, so that it is 1 from z = 3 on and not before: the derivative follows from y. */
CN_INLINE float cn_hard_sigmoid(float z) {
    const float t = 3.0f - (z < 0.0f ? -z : z), u = (t < 0.0f ? 0.0f : t) * CN_SIXTH;
    return z < 0.0f ? u : 1.0f - u;
}
CN_INLINE float cn_hard_swish(float z) {
    return z <= -3.0f ? 0.0f : z >= 3.0f ? z : z * cn_hard_sigmoid(z);
}
CN_INLINE float cn_hard_swish_slope(float z) {
    return z <= -3.0f ? 0.0f : z >= 3.0f ? 1.0f : CN_FMA(z, 2.0f * CN_SIXTH, 0.5f);
}

/* log(1 + x) for x in [0, 1]: 2 atanh(s) = 2 s (1 + s^2 / 3 + s^4 / 5 + ...) with s = x / (2 + x) <= 1/3. */
CN_INLINE float cn_log1p(float x) {
    const float s = x / (2.0f + x), q = s * s;
    float p = 1.0f / 15.0f;
    p = CN_FMA(p, q, 1.0f / 13.0f);
    p = CN_FMA(p, q, 1.0f / 11.0f);
    p = CN_FMA(p, q, 1.0f / 9.0f);
    p = CN_FMA(p, q, 1.0f / 7.0f);
    p = CN_FMA(p, q, 1.0f / 5.0f);
    p = CN_FMA(p, q, 1.0f / 3.0f);
    const float twice = 2.0f * s;
    return CN_FMA(p * q, twice, twice);
}
/* max(z, 0) + log(1 + e^-|z|) */
CN_INLINE float cn_softplus(float z) {
    return (z < 0.0f ? 0.0f : z) + cn_log1p(cn_exp(z < 0.0f ? z : -z));
}

/* tanh(softplus(z)) = n / d. With w = e^-|z|, which cannot overflow, and (1 + e^z)^2 = e^2z + 2 e^z + 1:
 *
 *   z < 0:   n = w^2 + 2 w,   d = n + 2
 *   z >= 0:  n = 1 + 2 w,     d = n + 2 w^2
 */
typedef struct {
    float w, n, rest; /* rest = d - n */
} cn_mish_terms;

CN_INLINE cn_mish_terms cn_mish_at(float z) {
    const float w = cn_exp(z < 0.0f ? z : -z);
    return (cn_mish_terms){.w = w,
                           .n = z < 0.0f ? w * (w + 2.0f) : CN_FMA(2.0f, w, 1.0f),
                           .rest = z < 0.0f ? 2.0f : 2.0f * w * w};
}
/* Below -100 it is 0: no infinity times 0. */
CN_INLINE float cn_mish(float z) {
    const float t = z < -100.0f ? -100.0f : z;
    const cn_mish_terms m = cn_mish_at(t);
    return t * (m.n / (m.n + m.rest));
}
/* T + z sigmoid(z) (1 - T^2), where T = n / d and 1 - T^2 = (d - n) (d + n) / d^2. */
CN_INLINE float cn_mish_slope(float z) {
    const float t = z < -100.0f ? -100.0f : z > 100.0f ? 100.0f : z;
    const cn_mish_terms m = cn_mish_at(t);
    const float d = m.n + m.rest, s = (t < 0.0f ? m.w : 1.0f) / (1.0f + m.w);
    return m.n / d + t * s * (m.rest / d) * ((d + m.n) / d);
}

/* y = f(z) of n values; y may be z. */
static void cn_activate(int64_t activation, const float *from, float *to, int64_t n) {
    switch (activation) {
#define CN_ACTIVATION(CONSTANT, NAME, PROPERTIES, VALUE, GRADIENT)                                 \
    case CN_##CONSTANT:                                                                            \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const float z = from[i];                                                               \
            to[i] = VALUE;                                                                         \
        }                                                                                          \
        break;
#include "activations.def"
    default:
        if (to != from) memcpy(to, from, (size_t)n * sizeof(float));
    }
}

/* The gradient by z of n values from the gradient by y; value: y where the activation has CN_FROM_OUTPUT, else z.
 * grad_z may be grad_y. */
static void cn_activate_grad(int64_t activation, const float *grad_y, const float *value,
                             float *grad_z, int64_t n) {
    switch (activation) {
#define CN_ACTIVATION(CONSTANT, NAME, PROPERTIES, VALUE, GRADIENT)                                 \
    case CN_##CONSTANT:                                                                            \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const float g = grad_y[i], y = value[i], z = y;                                        \
            (void)z;                                                                               \
            grad_z[i] = GRADIENT;                                                                  \
        }                                                                                          \
        break;
#include "activations.def"
    default:
        if (grad_z != grad_y) memcpy(grad_z, grad_y, (size_t)n * sizeof(float));
    }
}

static void activation_fwd(const cn_activation_params *op, const cn_context *ctx,
                           const cn_task *t) {
    (void)ctx;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            cn_activate(op->activation, cn_line(t, &op->src, s, y), cn_line(t, &op->dst, s, y),
                        op->src.w * op->src.c);
}

static void activation_bwd(const cn_activation_params *op, const cn_context *ctx,
                           const cn_task *t) {
    (void)ctx;
    const cn_map *value =
        cn_activation_properties[op->activation] & CN_FROM_OUTPUT ? &op->dst : &op->src;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            cn_activate_grad(op->activation, cn_line(t, &op->grad_dst, s, y),
                             cn_line(t, value, s, y), cn_line(t, &op->grad_src, s, y),
                             op->src.w * op->src.c);
}

#endif
