/* Batch normalization per channel (Ioffe and Szegedy, 2015), with the activation after it and the
 * max-pool, whose windows tile the map, after that.
 *
 *   y = act(scale * z + shift),  scale = gamma / deviation,  shift = beta - scale * mean,
 *   deviation = sqrt(variance + epsilon), with the biased variance
 *
 * The activations are monotone, so the pool is applied before them. winners: z of each winner of the pool, [dst.size]
 * floats, then its number in the window, bytes.
 *
 * statistics: [lanes] areas of 2c doubles (mean, sum of squared deviations; later sums for the gradients),
 * statistics_lane bytes each; then floats [6][c], enum cn_bn_number.
 */
#ifndef CN_NORM_BATCHNORM_INC_H
#define CN_NORM_BATCHNORM_INC_H

#include "activation/activation.inc.h"
#include "map/map.h"
#include "pool/window.h"
#include "sizes.h"

#define CN_TEMPLATE "norm/batchnorm_block.inc.h"
#define VW CN_LANES
#define NV 4
#include "isa/template.h"
#define VW CN_LANES
#define NV 2
#include "isa/template.h"
#define VW CN_LANES
#define NV 1
#include "isa/template.h"
#if CN_LANES > 4
#define VW 4
#define NV 1
#include "isa/template.h"
#endif
#if CN_LANES > 1
#define VW 1
#define NV 1
#include "isa/template.h"
#endif
#undef CN_TEMPLATE

/* Call F for c channels in blocks, each as wide as possible. The arguments use k, the first channel of the block. */
#define CN_BN_STEP(F, VW, NV, ...)                                                                 \
    for (; k + VW * NV <= c; k += VW * NV) CN_NAME(F, VW, NV)(__VA_ARGS__);
#if CN_LANES > 4
#define CN_BN_FOUR(F, ...) CN_BN_STEP(F, 4, 1, __VA_ARGS__)
#else
#define CN_BN_FOUR(F, ...)
#endif
#define CN_BN_BLOCKS(F, ...)                                                                       \
    do {                                                                                           \
        int64_t k = 0;                                                                             \
        CN_BN_STEP(F, CN_LANES, 4, __VA_ARGS__)                                                    \
        CN_BN_STEP(F, CN_LANES, 2, __VA_ARGS__)                                                    \
        CN_BN_STEP(F, CN_LANES, 1, __VA_ARGS__)                                                    \
        CN_BN_FOUR(F, __VA_ARGS__)                                                                 \
        CN_BN_STEP(F, 1, 1, __VA_ARGS__)                                                           \
    } while (0)

/* slope and lift: grad_preact = scale * g + slope * (z - mean) + lift */
enum cn_bn_number { CN_BN_MEAN, CN_BN_INVERSE, CN_BN_SCALE, CN_BN_SHIFT, CN_BN_SLOPE, CN_BN_LIFT };

/* At least so many pixels are added up in float before the sums are added in double. */
#define CN_BN_PIXELS 64

CN_INLINE int cn_bn_pools(const cn_batchnorm_params *op) { return op->pool_h * op->pool_w > 1; }

/* The upper end of an activation min(max(v, 0), top), which the loops apply in registers in both passes; 0 for every
 * other activation, which has loops of its own. */
CN_INLINE float cn_bn_top(const cn_batchnorm_params *op) {
    return op->activation == CN_RELU ? INFINITY : op->activation == CN_RELU6 ? 6.0f : 0.0f;
}

CN_INLINE int64_t cn_bn_block_rows(int64_t w) { return cn_blocks(CN_BN_PIXELS, w); }

CN_INLINE double *cn_bn_lane(const cn_batchnorm_params *op, const cn_task *t, int64_t lane) {
    return (double *)((char *)(t->arena + op->statistics) + lane * op->statistics_lane);
}

CN_INLINE float *cn_bn_numbers(const cn_batchnorm_params *op, const cn_context *ctx,
                               const cn_task *t) {
    return (float *)cn_bn_lane(op, t, ctx->lanes);
}

/* z of the winners of sample s, or NULL; their numbers follow. */
CN_INLINE float *cn_bn_winner_values(const cn_batchnorm_params *op, const cn_task *t, int64_t s) {
    return op->winners < 0 ? NULL
                           : (float *)((char *)(t->arena + op->winners) + s * op->winners_sample);
}

CN_INLINE uint8_t *cn_bn_winner_numbers(const cn_batchnorm_params *op, float *values) {
    return (uint8_t *)(values + op->dst.h * op->dst.w * op->dst.c);
}

static void cn_bn_apply(const cn_batchnorm_params *op, const cn_task *t, const float *scale,
                        const float *shift) {
    const int64_t c = op->src.c, w = op->dst.w, ph = op->pool_h, pw = op->pool_w;
    const float top = cn_bn_top(op);
    for (int64_t s = t->s0; s < t->s1; s++) {
        float *values = cn_bn_winner_values(op, t, s);
        uint8_t *numbers = values ? cn_bn_winner_numbers(op, values) : NULL;
        for (int64_t y = 0; y < op->dst.h; y++) {
            const float *z = cn_line(t, &op->src, s, y * ph);
            float *out = cn_line(t, &op->dst, s, y);
            if (!cn_bn_pools(op))
                CN_BN_BLOCKS(cn_bn_scale, z + k, w, c, scale + k, shift + k, top, out + k);
            else if (ph == 2 && pw == 2)
                CN_BN_BLOCKS(cn_bn_pool, 2, 2, z + k, op->src.row, w, c, scale + k, shift + k, top,
                             out + k, values ? values + k : NULL, values ? numbers + k : NULL);
            else
                CN_BN_BLOCKS(cn_bn_pool, ph, pw, z + k, op->src.row, w, c, scale + k, shift + k,
                             top, out + k, values ? values + k : NULL, values ? numbers + k : NULL);
            if (values) {
                values += w * c;
                numbers += w * c;
            }
            if (op->activation != CN_LINEAR && top == 0.0f)
                cn_activate(op->activation, out, out, w * c);
        }
    }
}

static void batchnorm_fwd(const cn_batchnorm_params *op, const cn_context *ctx, const cn_task *t) {
    const float *numbers = cn_bn_numbers(op, ctx, t);
    cn_bn_apply(op, t, numbers + CN_BN_SCALE * op->src.c, numbers + CN_BN_SHIFT * op->src.c);
}

static void cn_bn_running(const cn_batchnorm_params *op, const cn_context *ctx, float *scale,
                          float *shift) {
    for (int64_t k = 0; k < op->src.c; k++) {
        const double s =
            ctx->params[op->gamma + k] / sqrt(ctx->params[op->variance + k] + op->epsilon);
        scale[k] = (float)s;
        shift[k] = (float)(ctx->params[op->beta + k] - s * ctx->params[op->mean + k]);
    }
}

/* By running statistics, where there is no convolution before to fold them into. */
static void batchnorm_predict(const cn_batchnorm_params *op, const cn_context *ctx,
                              const cn_task *t) {
    float *scale = t->scratch, *shift = t->scratch + op->src.c;
    cn_bn_running(op, ctx, scale, shift);
    cn_bn_apply(op, t, scale, shift);
}

/* The numbers of a frozen batch norm, from its running statistics. These do not depend on the batch, so that
 * grad_preact = scale * g. */
static void pack_batchnorm(const cn_batchnorm_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c;
    float *numbers = cn_bn_numbers(op, ctx, t);
    memset(numbers, 0, (size_t)(6 * c) * sizeof(float));
    cn_bn_running(op, ctx, numbers + CN_BN_SCALE * c, numbers + CN_BN_SHIFT * c);
}

#endif
