/* Gradient of the weights of a convolution, by blocks of the weights over the whole batch; the formula stands in
 * conv2d.inc.h. */
#ifndef CN_CONV_CONV2D_WEIGHTS_INC_H
#define CN_CONV_CONV2D_WEIGHTS_INC_H

#include "conv/conv2d.inc.h"
#include "conv/weights_block.inc.h"
#include "conv/window.h"
#include "gemm/panels.inc.h"
#include "map/map.h"

/* A block of the weights, as a matrix (kh * kw * c, oc), from a group of samples. The pixels go through it in chunks whose
 * values stay in the cache. */
static void conv2d_weights(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t oc = op->dst.c;
    const cn_taps taps = cn_forward_taps(op, (int64_t *)t->scratch);
    const cn_weights_block b = cn_weights_block_of(op, ctx->n, t->number);
    float *panels = t->scratch + cn_aligned(cn_taps_floats(op));
    float *dw = ctx->batch_grads + op->grad_weights + b.group * op->weights_group;
    cn_outer o = cn_conv2d_outer(op, op->grad_dst.sample, op->grad_dst.row);
    for (int64_t k = b.k0; k < b.k1; k++)
        memset(dw + k * oc + b.n0, 0, (size_t)(b.n1 - b.n0) * sizeof(float));
    for (int64_t s = b.s0; s < b.s1; s += op->block_samples)
        for (int64_t y = 0; y < op->oh; y += op->block_rows) {
            const float *x = cn_window_origin(op, t->arena, s) + y * o.x_row;
            o.g = cn_line(t, &op->grad_dst, s, y) + b.n0;
            o.samples = cn_min(op->block_samples, b.s1 - s);
            o.rows = cn_min(op->block_rows, op->oh - y);
            for (int64_t k = b.k0, rows; k < b.k1; k += rows) { /* the rows in one run of taps */
                const int64_t run = k % taps.klen;
                rows = cn_min(b.k1 - k, taps.klen - run);
                o.x = x + taps.seg[k / taps.klen] + run;
                o.dw = dw + k * oc + b.n0;
                cn_outer_by_panels(&o, rows, b.n1 - b.n0, panels);
            }
        }
    cn_bias_of_block(op, ctx, t, &b);
}

#endif
