/* Depthwise convolution with one filter per channel: groups == channels == oc, weights (kh, kw, 1, oc).
 *
 *   fwd       z[y][x][c] = bias[c] + sum over taps: src[y*sh + r*dh - pt][x*sw + q*dw - pl][c] * w[r][q][c]
 *   data      as in conv2d.inc.h, phase by phase over grad_preact with a halo of zeros
 *   weights   dw[r][q][c] = sum over pixels: src[..][..][c] * grad_preact[y][x][c]
 *
 * Vectors run along the channels. The last vector is also a whole one: it starts earlier and overlaps the one before.
 */
#ifndef CN_CONV_DEPTHWISE_INC_H
#define CN_CONV_DEPTHWISE_INC_H

#include "conv/depthwise_row.inc.h"
#include "conv/grad_preact.inc.h"
#include "conv/layout.h"
#include "conv/pooled.inc.h"
#include "conv/window.h"
#include "gemm/gemm.inc.h"
#include "map/map.h"

#define CN_DEPTH 8 /* pixels or taps in registers */

#define CN_TEMPLATE "conv/depthwise_block.inc.h"
#include "isa/each_width.h"

/* The widest vector that has at most `channels` floats. */
CN_INLINE int64_t cn_depthwise_width(int64_t channels) {
    int64_t width = 1;
    for (int64_t n = 4; n <= CN_LANES && n <= channels; n *= 2) width = n;
    return width;
}

/* All channels of one sample. A kernel row has q of the taps; in_row: floats from one input row to the next. */
static void cn_depthwise_grid(const cn_grid *grid, int64_t in_row, const cn_taps *taps, int64_t q,
                              const int64_t *tap, const float *w, const float *bias, int relu,
                              int64_t channels, float *ring) {
    if (cn_depthwise_rows(grid, in_row, taps, q, tap, w, bias, relu, channels, ring)) return;
    switch (cn_depthwise_width(channels)) {
#define CASE(N, ...)                                                                               \
    case N:                                                                                        \
        CN_NAME(cn_depthwise_grid, N, 1)(grid, taps, tap, w, bias, relu, channels);                \
        break;
        CN_WIDTHS(CASE, )
#undef CASE
    }
}

static void cn_depthwise_weights(const cn_outer *o, const int64_t *seg, int64_t taps, float *dw,
                                 float *sums, int64_t channels) {
    switch (cn_depthwise_width(channels)) {
#define CASE(N, ...)                                                                               \
    case N:                                                                                        \
        CN_NAME(cn_depthwise_weights, N, 1)(o, seg, taps, dw, sums, channels);                     \
        break;
        CN_WIDTHS(CASE, )
#undef CASE
    }
}

/* Scratch: offsets of the runs of two passes, and of the taps' weights; input rows. */
static void depthwise_fwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->dst.c;
    int64_t *seg = (int64_t *)t->scratch, *tap = seg + 2 * op->kh * op->kw;
    const cn_taps taps = cn_forward_taps(op, seg);
    float *ring = t->scratch + cn_aligned(3 * cn_taps_floats(op));
    const float *bias = op->bias < 0 ? NULL : ctx->params + op->bias;
    for (int64_t i = 0; i < taps.nseg; i++) tap[i] = i * c;
    for (int64_t s = t->s0; s < t->s1; s++) {
        float *dst = cn_map_at(t, &op->dst, s);
        const cn_grid grid = {.x = cn_window_origin(op, t->arena, s),
                              .y = dst,
                              .rows = op->oh,
                              .columns = op->ow,
                              .x_row = op->sh * op->src.row,
                              .x_pixel = op->sw * c,
                              .y_row = op->dst.row,
                              .y_pixel = c};
        cn_depthwise_grid(&grid, op->src.row, &taps, op->kw, tap, ctx->params + op->weights, bias,
                          op->activation == CN_RELU, c, ring);
    }
    cn_conv2d_activate(op, t, cn_map_at(t, &op->dst, t->s0));
}

/* Gradient by the input of one sample. seg and tap: scratch for the taps of a phase and the offsets of their
 * weights; ring: for input rows. */
static void cn_depthwise_data(const cn_conv_params *op, const cn_context *ctx,
                              const cn_preact_layout *z, const float *grad_preact, float *grad,
                              int64_t *seg, int64_t *tap, float *ring) {
    const int64_t c = op->dst.c;
    for (int64_t a = 0; a < op->sh; a++)
        for (int64_t b = 0; b < op->sw; b++) {
            const cn_taps taps = cn_phase_taps(op, z->row, a, b, seg);
            int64_t n = 0, rows = 0;
            for (int64_t r = 0; r < op->kh; r++) rows += r * op->dh % op->sh == a;
            for (int64_t r = 0; r < op->kh; r++)
                for (int64_t q = op->kw - 1; q >= 0; q--)
                    if (cn_in_phase(op, r, q, a, b)) tap[n++] = (r * op->kw + q) * c;
            const cn_grid grid = cn_phase_grid(op, z, grad_preact, grad, a, b);
            if (grid.columns == 0) continue;
            cn_depthwise_grid(&grid, z->row, &taps, rows ? n / rows : 0, tap,
                              ctx->params + op->weights, NULL, 0, c, ring);
        }
}

static void depthwise_bwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_preact_layout z = cn_preact_layout_of(op);
    const int64_t c = op->dst.c, taps = op->kh * op->kw;
    int64_t *seg = (int64_t *)t->scratch, *phase_seg = seg + taps, *tap = phase_seg + taps;
    float *sums = t->scratch + cn_aligned(6 * taps);
    float *grad_preact = sums + cn_depthwise_sums(op);
    float *ring = grad_preact + cn_aligned(z.sample);
    float *inside = grad_preact + z.top * z.row + z.left * c;
    float *grads = ctx->lane_grads + t->slot * ctx->lane_size;
    const cn_taps runs = cn_forward_taps(op, seg);
    cn_zero_halo(op, &z, grad_preact, 1);
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y0 = 0; y0 < op->oh; y0 += op->block_rows) {
            /* the whole map where the input's gradient is wanted, else a block of rows */
            const int64_t rows = op->oh - y0 < op->block_rows ? op->oh - y0 : op->block_rows;
            float *part = inside + (op->data_gradient ? y0 * z.row : 0);
            const cn_outer o = {.x = cn_window_origin(op, t->arena, s) + y0 * op->sh * op->src.row,
                                .g = part,
                                .rows = rows,
                                .columns = op->ow,
                                .x_row = op->sh * op->src.row,
                                .x_pixel = op->sw * c,
                                .g_row = z.row,
                                .g_pixel = c,
                                .ldw = c};
            cn_fill_grad_preact(op, ctx, t, s, y0, y0 + rows, part, z.row, NULL);
            if (op->grad_weights >= 0)
                cn_depthwise_weights(&o, seg, runs.nseg, grads + op->grad_weights, sums, c);
            if (op->grad_bias >= 0)
                cn_bias_add(&z, part, 1, rows, op->ow, c, grads + op->grad_bias);
            if (op->data_gradient && y0 + rows == op->oh)
                cn_depthwise_data(op, ctx, &z, grad_preact, cn_map_at(t, &op->grad_src, s),
                                  phase_seg, tap, ring);
        }
}

#endif
