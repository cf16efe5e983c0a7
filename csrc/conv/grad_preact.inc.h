/* The gradient by a convolution's map before pool and activation, in scratch. */
#ifndef CN_CONV_GRAD_PREACT_INC_H
#define CN_CONV_GRAD_PREACT_INC_H

#include "activation/activation.inc.h"
#include "conv/layout.h"
#include "conv/pooled.inc.h"
#include "map/map.h"
#include "norm/batchnorm_bwd.inc.h"

#define CN_TEMPLATE "conv/bias.inc.h"
#include "isa/each_width.h"

static void cn_zero_halo(const cn_conv_params *op, const cn_preact_layout *z, float *grad_preact,
                         int64_t samples) {
    const int64_t oc = op->dst.c;
    if (!(z->top + z->bottom + z->left + z->right)) return;
    for (int64_t s = 0; s < samples; s++, grad_preact += z->sample) {
        memset(grad_preact, 0, (size_t)(z->top * z->row) * sizeof(float));
        memset(grad_preact + (z->top + op->oh) * z->row, 0,
               (size_t)(z->bottom * z->row) * sizeof(float));
        for (int64_t y = z->top; y < z->top + op->oh; y++) {
            memset(grad_preact + y * z->row, 0, (size_t)(z->left * oc) * sizeof(float));
            memset(grad_preact + y * z->row + (z->left + op->ow) * oc, 0,
                   (size_t)(z->right * oc) * sizeof(float));
        }
    }
}

/* The gradient by rows [y0, y1) of the convolution's map of one sample, through pool and activation or through the
 * batch norm after it. line: scratch for one row of the output. */
static void cn_fill_grad_preact(const cn_conv_params *op, const cn_context *ctx, const cn_task *t,
                                int64_t sample, int64_t y0, int64_t y1, float *grad_preact,
                                int64_t grad_preact_row, float *line) {
    if (op->through_batchnorm) {
        const cn_batchnorm_params *next = &((const cn_op *)op + 1)->batchnorm;
        for (int64_t y = y0; y < y1; y++)
            cn_bn_gradient_row(next, ctx, t, sample, y, grad_preact + (y - y0) * grad_preact_row);
        return;
    }
    const int64_t oc = op->dst.c, length = op->dst.w * oc;
    const float *g = cn_map_at(t, &op->grad_dst, sample);
    const float *value = cn_map_at(t, &op->dst, sample);
    if (!cn_conv_pools(op)) {
        for (int64_t y = y0; y < y1; y++)
            cn_activate_grad(op->activation, g + y * op->grad_dst.row, value + y * op->dst.row,
                             grad_preact + (y - y0) * grad_preact_row, length);
        return;
    }
    const uint8_t *winner = cn_winners(op, t->arena, sample);
    for (int64_t y = y0 / op->pool_h; y < y1 / op->pool_h; y++) {
        const float *from = g + y * op->grad_dst.row, *out = value + y * op->dst.row;
        const int rectified = op->activation == CN_RELU;
        if (!rectified) {
            cn_activate_grad(op->activation, from, out, line, length);
            from = line;
        }
        cn_unpool_row(op, from, rectified ? out : NULL, winner + y * length,
                      grad_preact + (y * op->pool_h - y0) * grad_preact_row, grad_preact_row);
    }
}

/* Where the gradient of the weights is computed by blocks, grad_preact overwrites grad_dst. */
static void conv_mask(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->oh; y++) {
            float *row = cn_line(t, &op->grad_dst, s, y);
            cn_activate_grad(op->activation, row, cn_line(t, &op->dst, s, y), row,
                             op->dst.w * op->dst.c);
        }
}

/* grad_preact of `samples` samples from s on, from grad_dst; inside: of the first, without its halo. */
static void cn_copy_grad_preact(const cn_conv_params *op, const cn_task *t, int64_t s,
                                int64_t samples, const cn_preact_layout *z, float *inside) {
    for (int64_t i = 0; i < samples; i++)
        for (int64_t y = 0; y < op->oh; y++)
            memcpy(inside + i * z->sample + y * z->row, cn_line(t, &op->grad_dst, s + i, y),
                   (size_t)(op->dst.w * op->dst.c) * sizeof(float));
}

/* bias[o] += the sum over all pixels. */
static void cn_bias_add(const cn_preact_layout *z, const float *grad_preact, int64_t samples,
                        int64_t rows, int64_t columns, int64_t channels, float *bias) {
    CN_CHANNEL_BLOCKS(channels, cn_bias_block, z, grad_preact + k, samples, rows, columns, channels,
                      bias + k);
}

#endif
