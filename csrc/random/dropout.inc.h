/* Dropout (Srivastava et al., 2014), inverted: y = x * keep / (1 - rate); the identity in prediction.
 *
 * keep is a function of (seed, epoch, sample id, layer, position in the map), so it does not depend on the batch or the
 * thread, and the backward pass computes the mask again instead of storing it. A row of the
 * map is cut into blocks of 64 values; value i of a block is word i / 16 of the block's counter i % 16,
 * so that sixteen counters go through Philox side by side. Where whole channels are dropped (Tompson et al., 2015),
 * channel k of a map has the number of value k of its first row. Where whole samples are dropped (stochastic depth,
 * Huang et al., 2016), a sample has the number of its first value.
 */
#ifndef CN_RANDOM_DROPOUT_INC_H
#define CN_RANDOM_DROPOUT_INC_H

#include "convnet.h"
#include "map/map.h"
#include "random/philox.h"
#include "sizes.h"

#define CN_COUNTERS 16
#define CN_RANDOM_BLOCK (4 * CN_COUNTERS)

static void cn_dropout_row(const cn_dropout_params *op, const cn_context *ctx, int64_t row,
                           int64_t block, const float *src, float *dst, int64_t n) {
    const double threshold = op->rate * 4294967296.0;
    const uint32_t drop = threshold >= 4294967295.0 ? UINT32_MAX : (uint32_t)threshold;
    const float scale = (float)(1.0 / (1.0 - op->rate));
    const uint64_t key = (uint64_t)ctx->seed + (uint64_t)op->key * 0x9E3779B97F4A7C15u;
    uint32_t random[4][CN_COUNTERS];
    for (int64_t i0 = 0; i0 < n; i0 += CN_RANDOM_BLOCK, block++) {
        const int64_t m = n - i0 < CN_RANDOM_BLOCK ? n - i0 : CN_RANDOM_BLOCK;
        const float *restrict x = src + i0;
        float *restrict y = dst + i0;
        const uint32_t *restrict word = random[0];
        cn_philox(CN_COUNTERS, (uint32_t)(block * CN_COUNTERS), (uint32_t)row,
                  (uint32_t)((uint64_t)row >> 32), (uint32_t)ctx->epoch, key, random[0], random[1],
                  random[2], random[3]);
        for (int64_t i = 0; i < m; i++) y[i] = word[i] >= drop ? x[i] * scale : 0.0f;
    }
}

static void cn_dropout(const cn_dropout_params *op, const cn_context *ctx, const cn_task *t,
                       const cn_map *from, const cn_map *to) {
    const int64_t n = from->w * from->c, blocks = cn_blocks(n, CN_RANDOM_BLOCK);
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < from->h; y++)
            cn_dropout_row(op, ctx, cn_sample_id(ctx, t, s), y * blocks, cn_line(t, from, s, y),
                           cn_line(t, to, s, y), n);
}

static void dropout_fwd(const cn_dropout_params *op, const cn_context *ctx, const cn_task *t) {
    cn_dropout(op, ctx, t, &op->src, &op->dst);
}

static void dropout_bwd(const cn_dropout_params *op, const cn_context *ctx, const cn_task *t) {
    cn_dropout(op, ctx, t, &op->grad_dst, &op->grad_src);
}

/* scratch: c ones, then the factor of each channel, 0 or 1 / (1 - rate). */
static void cn_channel_dropout(const cn_dropout_params *op, const cn_context *ctx, const cn_task *t,
                               const cn_map *from, const cn_map *to) {
    const int64_t c = from->c;
    float *ones = t->scratch, *restrict factor = ones + c;
    for (int64_t k = 0; k < c; k++) ones[k] = 1.0f;
    for (int64_t s = t->s0; s < t->s1; s++) {
        cn_dropout_row(op, ctx, cn_sample_id(ctx, t, s), 0, ones, factor, c);
        for (int64_t y = 0; y < from->h; y++) {
            const float *restrict x = cn_line(t, from, s, y);
            float *restrict out = cn_line(t, to, s, y);
            for (int64_t j = 0; j < from->w; j++, x += c, out += c)
                for (int64_t k = 0; k < c; k++)
                    out[k] = factor[k] != 0.0f ? x[k] * factor[k] : 0.0f;
        }
    }
}

static void channel_dropout_fwd(const cn_dropout_params *op, const cn_context *ctx,
                                const cn_task *t) {
    cn_channel_dropout(op, ctx, t, &op->src, &op->dst);
}

static void channel_dropout_bwd(const cn_dropout_params *op, const cn_context *ctx,
                                const cn_task *t) {
    cn_channel_dropout(op, ctx, t, &op->grad_dst, &op->grad_src);
}

static void cn_sample_dropout(const cn_dropout_params *op, const cn_context *ctx, const cn_task *t,
                              const cn_map *from, const cn_map *to) {
    const float one = 1.0f;
    const int64_t n = from->w * from->c;
    for (int64_t s = t->s0; s < t->s1; s++) {
        float factor;
        cn_dropout_row(op, ctx, cn_sample_id(ctx, t, s), 0, &one, &factor, 1);
        for (int64_t y = 0; y < from->h; y++) {
            const float *restrict x = cn_line(t, from, s, y);
            float *restrict out = cn_line(t, to, s, y);
            for (int64_t i = 0; i < n; i++) out[i] = factor != 0.0f ? x[i] * factor : 0.0f;
        }
    }
}

static void sample_dropout_fwd(const cn_dropout_params *op, const cn_context *ctx,
                               const cn_task *t) {
    cn_sample_dropout(op, ctx, t, &op->src, &op->dst);
}

static void sample_dropout_bwd(const cn_dropout_params *op, const cn_context *ctx,
                               const cn_task *t) {
    cn_sample_dropout(op, ctx, t, &op->grad_dst, &op->grad_src);
}

#endif
