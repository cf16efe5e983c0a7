/* Convolution with few channels, forward and backward. planar_lines.inc.h has the formulas and the loops;
 * planar_pool.inc.h has the 2 x 2 max-pool. */
#ifndef CN_CONV_PLANAR_INC_H
#define CN_CONV_PLANAR_INC_H

#include "activation/activation.inc.h"
#include "conv/layout.h"
#include "conv/planar_lines.inc.h"
#include "conv/pooled.inc.h"
#include "conv/window.h"
#include "map/map.h"
#include "pool/planar_pool.inc.h"

/* planes[o][i] = pixels[i][o] of n pixels of C channels. */
CN_INLINE void cn_split_pixels(const int C, const float *restrict pixels, int64_t n,
                               float *restrict planes, int64_t plane) {
    for (int64_t i = 0; i < n; i++)
#pragma GCC unroll 8
        for (int o = 0; o < C; o++) planes[o * plane + i] = pixels[i * C + o];
}

/* pixels[i][o] = planes[o][i] */
CN_INLINE void cn_join_planes(const int C, const float *restrict planes, int64_t plane, int64_t n,
                              float *restrict pixels) {
    for (int64_t i = 0; i < n; i++)
#pragma GCC unroll 8
        for (int o = 0; o < C; o++) pixels[i * C + o] = planes[o * plane + i];
}

#define CN_PLANAR_CHANNELS(F) F(2) F(3) F(4) F(5) F(6) F(7) F(8)

static void cn_pixels_to_planes(const float *pixels, int64_t c, int64_t n, float *planes,
                                int64_t plane) {
    switch (c) {
    case 1:
        memcpy(planes, pixels, (size_t)n * sizeof(float));
        break;
#define CASE(C)                                                                                    \
    case C:                                                                                        \
        cn_split_pixels(C, pixels, n, planes, plane);                                              \
        break;
        CN_PLANAR_CHANNELS(CASE)
#undef CASE
    }
}

static void cn_planes_to_pixels(const float *planes, int64_t plane, int64_t c, int64_t n,
                                float *pixels) {
    switch (c) {
    case 1:
        memcpy(pixels, planes, (size_t)n * sizeof(float));
        break;
#define CASE(C)                                                                                    \
    case C:                                                                                        \
        cn_join_planes(C, planes, plane, n, pixels);                                               \
        break;
        CN_PLANAR_CHANNELS(CASE)
#undef CASE
    }
}

/* Planes of the window of all outputs: rows x columns pixels of each channel, zeros up to `plane`. */
static void cn_to_planes(const float *src, int64_t src_row, int64_t c, int64_t rows,
                         int64_t columns, float *planes, int64_t pitch, int64_t plane) {
    for (int64_t y = 0; y < rows; y++)
        cn_pixels_to_planes(src + y * src_row, c, columns, planes + y * pitch, plane);
    for (int64_t k = 0; k < c; k++, planes += plane) {
        for (int64_t y = 0; columns < pitch && y < rows; y++)
            memset(planes + y * pitch + columns, 0, (size_t)(pitch - columns) * sizeof(float));
        memset(planes + rows * pitch, 0, (size_t)(plane - rows * pitch) * sizeof(float));
    }
}

static void cn_tap_offsets(const cn_conv_params *op, int64_t pitch, int64_t *offset) {
    for (int64_t r = 0; r < op->kh; r++)
        for (int64_t q = 0; q < op->kw; q++)
            offset[r * op->kw + q] = r * op->dh * pitch + q * op->dw;
}

static void planar_fwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_planar p = cn_planar_layout(op, 0);
    const int64_t c = op->src.c, oc = op->dst.c;
    int64_t *offset = (int64_t *)t->scratch;
    float *x = t->scratch + cn_aligned(2 * op->kh * op->kw), *z = x + c * p.plane;
    float *line = z + oc * p.plane;
    cn_lines lines = {.in = x,
                      .out = z,
                      .in_channels = c,
                      .in_plane = p.plane,
                      .out_plane = p.plane,
                      .length = (op->oh - 1) * p.pitch + op->ow,
                      .taps = op->kh * op->kw,
                      .offset = offset,
                      .w = ctx->params + op->weights,
                      .w_tap = c * oc,
                      .w_in = oc,
                      .w_out = 1,
                      .bias = op->bias < 0 ? NULL : ctx->params + op->bias};
    cn_tap_offsets(op, p.pitch, offset);
    for (int64_t s = t->s0; s < t->s1; s++) {
        uint8_t *winner = cn_winners(op, t->arena, s);
        cn_to_planes(cn_window_origin(op, t->arena, s), op->src.row, c, p.rows, p.columns, x,
                     p.pitch, p.plane);
        cn_lines_conv(&lines, oc);
        for (int64_t y = 0; y < op->dst.h; y++) {
            float *row = cn_line(t, &op->dst, s, y), *from = z + y * op->pool_h * p.pitch;
            if (!cn_conv_pools(op))
                cn_planes_to_pixels(from, p.plane, oc, op->dst.w, row);
            else {
                for (int64_t o = 0; o < oc; o++)
                    cn_pool_line(from + o * p.plane, p.pitch, op->dst.w,
                                 line + o * cn_planar_line(op),
                                 winner ? winner + (o * op->dst.h + y) * op->dst.w : NULL);
                cn_planes_to_pixels(line, cn_planar_line(op), oc, op->dst.w, row);
            }
            if (op->activation != CN_LINEAR) cn_activate(op->activation, row, row, op->dst.w * oc);
        }
    }
}

static void planar_bwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_planar p = cn_planar_layout(op, 1);
    const int64_t c = op->src.c, oc = op->dst.c, taps = op->kh * op->kw;
    int64_t *offset = (int64_t *)t->scratch, *turned = offset + taps;
    float *x = t->scratch + cn_aligned(4 * taps), *grad_preact = x + c * p.plane;
    float *grad = grad_preact + oc * p.plane, *line = grad + c * p.plane;
    float *column = line + cn_aligned(op->dst.w * oc);
    float *inside = grad_preact + p.top * p.pitch + p.left;
    float *grads = ctx->lane_grads + t->slot * ctx->lane_size;
    const int64_t length = (op->oh - 1) * p.pitch + op->ow;
    cn_tap_offsets(op, p.pitch, offset);
    /* input (i, j) reads grad_preact (i + pt - r*dh, j + pl - q*dw), which lies this far from the plane's start */
    for (int64_t r = 0; r < op->kh; r++)
        for (int64_t q = 0; q < op->kw; q++)
            turned[r * op->kw + q] =
                (p.top + op->pt - r * op->dh) * p.pitch + p.left + op->pl - q * op->dw;
    const cn_lines data = {.in = grad_preact,
                           .out = grad,
                           .in_channels = oc,
                           .in_plane = p.plane,
                           .out_plane = p.plane,
                           .length = (op->src.h - 1) * p.pitch + op->src.w,
                           .taps = taps,
                           .offset = turned,
                           .w = ctx->params + op->weights,
                           .w_tap = c * oc,
                           .w_in = 1,
                           .w_out = oc};
    memset(grad_preact, 0, (size_t)(oc * p.plane) * sizeof(float));
    for (int64_t s = t->s0; s < t->s1; s++) {
        const uint8_t *winner = cn_winners(op, t->arena, s);
        cn_to_planes(cn_window_origin(op, t->arena, s), op->src.row, c, p.rows, p.columns, x,
                     p.pitch, p.plane);
        for (int64_t y = 0; y < op->dst.h; y++) {
            cn_activate_grad(op->activation, cn_line(t, &op->grad_dst, s, y),
                             cn_line(t, &op->dst, s, y), line, op->dst.w * oc);
            float *to = inside + y * op->pool_h * p.pitch;
            if (!cn_conv_pools(op))
                cn_pixels_to_planes(line, oc, op->dst.w, to, p.plane);
            else {
                cn_pixels_to_planes(line, oc, op->dst.w, column, cn_planar_line(op));
                for (int64_t o = 0; o < oc; o++)
                    cn_unpool_line(column + o * cn_planar_line(op),
                                   winner + (o * op->dst.h + y) * op->dst.w, op->dst.w,
                                   to + o * p.plane, p.pitch);
            }
        }
        if (op->grad_weights >= 0)
            cn_lines_weights(op, x, p.plane, offset, taps, inside, p.plane, length,
                             grads + op->grad_weights);
        for (int64_t o = 0; op->grad_bias >= 0 && o < oc; o++) {
            grads[op->grad_bias + o] += cn_line_sum(inside + o * p.plane, length);
        }
        if (!op->data_gradient) continue;
        cn_lines_conv(&data, c);
        for (int64_t i = 0; i < op->src.h; i++) {
            float *row = cn_line(t, &op->grad_src, s, i);
            cn_planes_to_pixels(grad + i * p.pitch, p.plane, c, op->src.w, row);
        }
    }
}

#endif
