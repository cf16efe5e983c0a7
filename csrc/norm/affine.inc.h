/* A map whose channels are shifted and scaled by constants.
 *
 *   rescaled:    y = scale x + offset
 *   normalized:  y = (x - mean) / deviation, of a channel; a deviation of epsilon or less counts as 1
 *
 * Both are y = f (x - m) + offset and gx = f gy. The packed area holds m and f for op->table_values
 * values of a row, which are whole pixels, so that the loop over them is long for any number of channels.
 */
#ifndef CN_NORM_AFFINE_INC_H
#define CN_NORM_AFFINE_INC_H

#include "convnet.h"
#include "map/transfer.inc.h"
#include "sizes.h"

static void pack_affine(const cn_affine_params *op, const cn_context *ctx, const cn_task *t) {
    (void)t;
    float *m = ctx->packed + op->packed, *f = m + cn_aligned(op->table_values);
    for (int64_t k = 0; k < op->table_values; k++) {
        if (op->mean < 0) {
            m[k] = 0.0f;
            f[k] = (float)op->scale;
            continue;
        }
        const double deviation = (double)ctx->params[op->deviation + k % op->src.c];
        m[k] = ctx->params[op->mean + k % op->src.c];
        f[k] = deviation > op->epsilon ? (float)(1.0 / deviation) : 1.0f;
    }
}

/* A row of n values, op->table_values of them at a time. */
static void cn_affine(const cn_affine_params *op, const cn_context *ctx, const float *restrict x,
                      float *restrict y, int64_t n) {
    const float *restrict m = ctx->packed + op->packed;
    const float *restrict f = m + cn_aligned(op->table_values);
    const float offset = (float)op->offset;
    for (int64_t j = 0; j < n;
         j += op->table_values, x += op->table_values, y += op->table_values) {
        const int64_t some = n - j < op->table_values ? n - j : op->table_values;
        for (int64_t k = 0; k < some; k++) y[k] = CN_FMA(f[k], x[k] - m[k], offset);
    }
}

static void affine_fwd(const cn_affine_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t n = op->dst.w * op->dst.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->dst.h; y++)
            cn_affine(op, ctx, cn_line(t, &op->src, s, y), cn_line(t, &op->dst, s, y), n);
}

/* The same from X, with a row of an image in scratch. */
static void affine_input(const cn_affine_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t n = op->dst.w * op->dst.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->dst.h; y++) {
            cn_gather_row(&op->src, ctx, cn_row(ctx, t, s), y, t->scratch);
            cn_affine(op, ctx, t->scratch, cn_line(t, &op->dst, s, y), n);
        }
}

static void affine_bwd(const cn_affine_params *op, const cn_context *ctx, const cn_task *t) {
    const float *restrict f = ctx->packed + op->packed + cn_aligned(op->table_values);
    const int64_t n = op->src.w * op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++) {
            const float *restrict g = cn_line(t, &op->grad_dst, s, y);
            float *restrict gx = cn_line(t, &op->grad_src, s, y);
            for (int64_t j = 0; j < n; j += op->table_values) {
                const int64_t some = n - j < op->table_values ? n - j : op->table_values;
                for (int64_t k = 0; k < some; k++) gx[j + k] = f[k] * g[j + k];
            }
        }
}

#endif
