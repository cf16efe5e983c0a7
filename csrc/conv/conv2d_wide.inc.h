/* The direct convolution (conv2d.inc.h) by blocks of output channels, for wide weights and small maps: a task computes a
 * block of columns for a group of samples, so that the weights are read once per group. */
#ifndef CN_CONV_CONV2D_WIDE_INC_H
#define CN_CONV_CONV2D_WIDE_INC_H

#include "conv/conv2d.inc.h"

/* Tasks: blocks of columns, each for all groups of samples. */
static void conv2d_wide_fwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t groups = cn_blocks(ctx->n, cn_wide_samples(op));
    const int64_t s0 = t->number % groups * cn_wide_samples(op);
    const int64_t n0 = t->number / groups * CN_COLUMNS;
    const int64_t columns = cn_min(CN_COLUMNS, op->dst.c - n0);
    const cn_taps taps = cn_forward_taps(op, (int64_t *)t->scratch);
    float *dst = cn_map_at(t, &op->dst, s0) + n0;
    const cn_grid grid = {.x = cn_window_origin(op, t->arena, s0),
                          .y = dst,
                          .samples = cn_min(cn_wide_samples(op), ctx->n - s0),
                          .rows = op->oh,
                          .columns = op->ow,
                          .x_sample = op->src.sample,
                          .x_row = op->sh * op->src.row,
                          .x_pixel = op->sw * op->src.c,
                          .y_sample = op->dst.sample,
                          .y_row = op->dst.row,
                          .y_pixel = op->dst.pixel};
    cn_grid_gemm(&grid, &taps, ctx->packed + op->packed + n0 * taps.nseg * taps.klen, columns,
                 op->bias < 0 ? NULL : ctx->params + op->bias + n0, op->activation == CN_RELU);
    if (op->activation == CN_LINEAR || op->activation == CN_RELU) return;
    for (int64_t s = 0; s < grid.samples; s++)
        for (int64_t y = 0; y < op->oh; y++)
            for (int64_t x = 0; x < op->ow; x++) {
                float *at = dst + s * op->dst.sample + y * op->dst.row + x * op->dst.pixel;
                cn_activate(op->activation, at, at, columns);
            }
}

#endif
