/* Activations: y = f(z), and gz = g * f'(z).
 *
 * All are written as branch-free scalar expressions that the compiler turns into vectors. Those whose
 * derivative follows from y alone (cn_from_output) are fused into the operation before them; GELU and
 * SiLU keep z. Comparisons are written so that a NaN stays a NaN.
 */

#define CN_LEAKY_SLOPE 0.01f
#define CN_ELU_ALPHA 1.0f

/* e^x by 2^n * e^r, |r| <= ln 2 / 2, a polynomial of degree 6 in r (Cephes expf); 2 ulp. Beyond the
 * range of normal floats infinity and 0, so that a sigmoid becomes exactly 0 and 1. */
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

/* y = f(z) of n values; y may be z. */
static void cn_activate(int64_t activation, const float *z, float *y, int64_t n) {
#define CASE(KIND, EXPRESSION)                                                                     \
    case KIND:                                                                                     \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const float v = z[i];                                                                  \
            y[i] = EXPRESSION;                                                                     \
        }                                                                                          \
        break;
    switch (activation) {
        CASE(CN_RELU, v < 0.0f ? 0.0f : v)
        CASE(CN_LEAKY_RELU, v < 0.0f ? CN_LEAKY_SLOPE * v : v)
        CASE(CN_ELU, v < 0.0f ? CN_ELU_ALPHA * cn_expm1(v) : v)
        CASE(CN_GELU, cn_gelu(v))
        CASE(CN_SILU, cn_silu(v))
        CASE(CN_SIGMOID, cn_sigmoid(v))
        CASE(CN_TANH, cn_tanh(v))
    default:
        if (y != z) memcpy(y, z, (size_t)n * sizeof(float));
    }
#undef CASE
}

/* gz = g * f'(z) of n values, v being z for GELU and SiLU and y for the others; gz may be g. */
static void cn_activate_grad(int64_t activation, const float *g, const float *value, float *gz,
                             int64_t n) {
#define CASE(KIND, EXPRESSION)                                                                     \
    case KIND:                                                                                     \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const float v = value[i];                                                              \
            gz[i] = EXPRESSION;                                                                    \
        }                                                                                          \
        break;
    switch (activation) {
        CASE(CN_RELU, v > 0.0f ? g[i] : 0.0f)
        CASE(CN_LEAKY_RELU, v > 0.0f ? g[i] : CN_LEAKY_SLOPE * g[i])
        CASE(CN_ELU, v > 0.0f ? g[i] : g[i] * (v + CN_ELU_ALPHA))
        CASE(CN_GELU, g[i] * cn_gelu_slope(v))
        CASE(CN_SILU, g[i] * cn_silu_slope(v))
        CASE(CN_SIGMOID, g[i] * v * (1.0f - v))
        CASE(CN_TANH, g[i] * (1.0f - v * v))
    default:
        if (gz != g) memcpy(gz, g, (size_t)n * sizeof(float));
    }
#undef CASE
}

static void activation_fwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            cn_activate(op->activation,
                        t->arena + op->src.offset + s * op->src.sample + y * op->src.row,
                        t->arena + op->dst.offset + s * op->dst.sample + y * op->dst.row,
                        op->src.w * op->src.c);
}

static void activation_bwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const cn_map *value =
        op->activation == CN_GELU || op->activation == CN_SILU ? &op->src : &op->dst;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            cn_activate_grad(
                op->activation,
                t->arena + op->grad_dst.offset + s * op->grad_dst.sample + y * op->grad_dst.row,
                t->arena + value->offset + s * value->sample + y * value->row,
                t->arena + op->grad_src.offset + s * op->grad_src.sample + y * op->grad_src.row,
                op->src.w * op->src.c);
}
