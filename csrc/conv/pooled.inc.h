/* The max-pool and the activation that are fused into a convolution. */
#ifndef CN_CONV_POOLED_INC_H
#define CN_CONV_POOLED_INC_H

#include "activation/activation.inc.h"
#include "conv/layout.h"
#include "map/map.h"
#include "pool/window.h"

/* Activation of a row of the output, in place. */
CN_INLINE void cn_activate_row(const cn_conv_params *op, float *row) {
    const cn_map *dst = &op->dst;
    if (dst->pixel == dst->c) {
        cn_activate(op->activation, row, row, dst->w * dst->c);
        return;
    }
    for (int64_t x = 0; x < dst->w; x++, row += dst->pixel)
        cn_activate(op->activation, row, row, dst->c);
}

/* A row of the pooled output; winner: NULL, or the number of the winning pixel in each window. */
static void cn_pool_row(const cn_conv_params *op, const float *z, int64_t z_row, float *y,
                        uint8_t *winner) {
    const int64_t c = op->dst.c, ph = op->pool_h, pw = op->pool_w;
    for (int64_t x = 0; x < op->dst.w; x++, z += pw * c, y += op->dst.pixel) {
        uint8_t *won = winner ? winner + x * c : NULL;
        if (ph == 2 && pw == 2) /* constants, so that the loops over the window unroll */
            CN_CHANNEL_BLOCKS(c, cn_window_pool, 2, 2, z + k, z_row, c, y + k,
                              won ? won + k : NULL);
        else
            CN_CHANNEL_BLOCKS(c, cn_window_pool, ph, pw, z + k, z_row, c, y + k,
                              won ? won + k : NULL);
    }
}

/* The gradient of the rows that a row of the pooled output comes from. */
static void cn_unpool_row(const cn_conv_params *op, const float *g, const float *value,
                          const uint8_t *winner, float *grad_preact, int64_t grad_preact_row) {
    const int64_t c = op->dst.c, ph = op->pool_h, pw = op->pool_w;
    for (int64_t x = 0; x < op->dst.w; x++, g += c, winner += c, grad_preact += pw * c) {
        const float *out = value ? value + x * c : NULL;
        if (ph == 2 && pw == 2)
            CN_CHANNEL_BLOCKS(c, cn_window_unpool, 2, 2, g + k, out ? out + k : NULL, winner + k,
                              grad_preact + k, grad_preact_row, c);
        else
            CN_CHANNEL_BLOCKS(c, cn_window_unpool, ph, pw, g + k, out ? out + k : NULL, winner + k,
                              grad_preact + k, grad_preact_row, c);
    }
}

/* Winners of sample s; NULL in prediction. */
CN_INLINE uint8_t *cn_winners(const cn_conv_params *op, float *arena, int64_t sample) {
    return op->winners < 0 ? NULL : (uint8_t *)(arena + op->winners) + sample * op->winners_sample;
}

/* Rows [y0, y1) of the pooled output of a sample, from z, the rows of its map that they pool. */
static void cn_pool_rows(const cn_conv_params *op, const cn_task *t, int64_t sample, int64_t y0,
                         int64_t y1, const float *z) {
    const int64_t length = op->dst.w * op->dst.c, z_row = op->ow * op->dst.c;
    uint8_t *winner = cn_winners(op, t->arena, sample);
    for (int64_t y = y0; y < y1; y++, z += op->pool_h * z_row) {
        float *row = cn_line(t, &op->dst, sample, y);
        cn_pool_row(op, z, z_row, row, winner ? winner + y * length : NULL);
        if (op->activation != CN_LINEAR) cn_activate_row(op, row);
    }
}

/* Activation of an output that was not pooled, unless the product has applied it already. */
static void cn_conv2d_activate(const cn_conv_params *op, const cn_task *t, float *dst) {
    if (op->activation == CN_LINEAR || op->activation == CN_RELU) return;
    for (int64_t s = t->s0; s < t->s1; s++, dst += op->dst.sample)
        for (int64_t y = 0; y < op->oh; y++) cn_activate_row(op, dst + y * op->dst.row);
}

#endif
