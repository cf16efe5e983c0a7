/* Transposed convolution: the adjoint of the convolution from dst to src whose weights are (kh, kw, oc, c), so that its
 * passes are those of conv2d.inc.h with roles exchanged.
 *
 *   fwd       y[i*sh + r*dh - pt][j*sw + q*dw - pl][o] += x[i][j][k] * w[r][q][o][k], and bias[o]; what lies outside y is
 *             left out: the data gradient of that convolution, phase by phase over x with a halo of zeros
 *   data      gx[i][j][k] = sum over taps: g[i*sh + r*dh - pt][j*sw + q*dw - pl][o] * w[r][q][o][k]: its forward pass
 *   weights   dw[r][q][o][k] = sum over pixels: g[..][..][o] * x[i][j][k], by blocks of the weights over the whole batch
 *
 * g is the gradient before the activation, which conv_mask leaves in grad_dst.
 */
#ifndef CN_CONV_TRANSPOSED_INC_H
#define CN_CONV_TRANSPOSED_INC_H

#include "conv/conv2d_bwd.inc.h"
#include "conv/transposed_layout.h"
#include "conv/weights_block.inc.h"
#include "gemm/panels.inc.h"
#include "map/map.h"

/* The convolution whose adjoint it is. */
CN_INLINE cn_conv_params cn_adjoint(const cn_conv_params *op) {
    cn_conv_params conv = *op;
    conv.src = conv.grad_src = op->dst;
    conv.dst = conv.grad_dst = op->src;
    conv.oh = op->src.h;
    conv.ow = op->src.w;
    conv.packed = op->packed_grad;
    conv.packed_grad = op->packed;
    conv.data_gradient = 1;
    return conv;
}

static void pack_transposed(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_conv_params conv = cn_adjoint(op);
    const int64_t forward = cn_blocks(op->dst.c, CN_COLUMNS);
    const int64_t backward = cn_blocks(op->src.c, CN_COLUMNS);
    cn_task task = *t;
    task.number = t->number < forward ? backward + t->number : t->number - forward;
    pack_conv2d(&conv, ctx, &task);
}

static void transposed_fwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_conv_params conv = cn_adjoint(op);
    const int64_t c = op->src.c, oc = op->dst.c;
    const float *bias = op->bias < 0 ? NULL : ctx->params + op->bias;
    cn_preact_layout z = cn_preact_layout_of(&conv);
    z.row = op->src.row;
    z.sample = op->src.sample;
    const float *x = cn_map_at(t, &op->src, t->s0) - z.top * z.row - z.left * c;
    int64_t *seg = (int64_t *)t->scratch;
    const float *packed = ctx->packed + op->packed;
    float *y = cn_map_at(t, &op->dst, t->s0);
    for (int64_t a = 0; a < op->sh; a++)
        for (int64_t b = 0; b < op->sw; b++) {
            const cn_taps taps = cn_phase_taps(&conv, z.row, a, b, seg);
            cn_grid grid = cn_phase_grid(&conv, &z, x, y, a, b);
            grid.samples = t->s1 - t->s0;
            if (grid.rows > 0 && grid.columns > 0)
                cn_grid_gemm(&grid, &taps, packed, oc, bias, op->activation == CN_RELU);
            packed += taps.nseg * taps.klen * cn_round_columns(oc);
        }
    cn_conv2d_activate(op, t, y);
}

static void transposed_data(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    cn_conv_params conv = cn_adjoint(op);
    const int64_t oc = op->dst.c, rows = cn_transposed_rows(op);
    const int64_t pitch = cn_transposed_columns(op) * oc;
    int64_t *seg = (int64_t *)t->scratch;
    float *padded = t->scratch + cn_aligned(cn_taps_floats(op));
    conv.src.row = pitch;
    const cn_taps taps = cn_forward_taps(&conv, seg);
    cn_grid grid = {.x = padded,
                    .samples = 1,
                    .rows = op->src.h,
                    .columns = op->src.w,
                    .x_row = op->sh * pitch,
                    .x_pixel = op->sw * oc,
                    .y_row = op->grad_src.row,
                    .y_pixel = op->src.c};
    memset(padded, 0, (size_t)(rows * pitch) * sizeof(float));
    for (int64_t s = t->s0; s < t->s1; s++) {
        for (int64_t y = 0; y < op->dst.h; y++)
            memcpy(padded + (op->pt + y) * pitch + op->pl * oc, cn_line(t, &op->grad_dst, s, y),
                   (size_t)(op->dst.w * oc) * sizeof(float));
        grid.y = cn_map_at(t, &op->grad_src, s);
        cn_grid_gemm(&grid, &taps, ctx->packed + op->packed_grad, op->src.c, NULL, 0);
    }
}

/* The i in [0, n) for which i * stride + shift lies in [0, size): [begin, end), which may be empty. */
typedef struct {
    int64_t begin, end;
} cn_range;

CN_INLINE cn_range cn_inside(int64_t n, int64_t size, int64_t stride, int64_t shift) {
    return (cn_range){.begin = shift < 0 ? cn_blocks(-shift, stride) : 0,
                      .end = shift < size ? cn_min(n, (size - 1 - shift) / stride + 1) : 0};
}

/* Gradient of the bias of the outputs that are rows [k0, k1) of a block, by the task that has their first tap and their
 * first columns. */
static void cn_transposed_bias(const cn_conv_params *op, const cn_context *ctx, const cn_task *t,
                               const cn_weights_block *b) {
    const int64_t oc = op->dst.c, channels = cn_min(b->k1, oc) - b->k0;
    const cn_preact_layout g = {.sample = op->grad_dst.sample, .row = op->grad_dst.row};
    if (op->grad_bias < 0 || b->n0 > 0 || channels <= 0) return;
    const float *from = cn_map_at(t, &op->grad_dst, b->s0) + b->k0;
    float *bias = ctx->batch_grads + op->grad_bias + b->group * cn_aligned(oc) + b->k0;
    memset(bias, 0, (size_t)channels * sizeof(float));
    CN_CHANNEL_BLOCKS(channels, cn_bias_block, &g, from + k, b->s1 - b->s0, op->dst.h, op->dst.w,
                      oc, bias + k);
}

/* A block of the weights from a group of samples. Each tap reads the pixels of g that exist, so g needs no halo. The
 * pixels of the input go through it in chunks whose values stay in the cache. */
static void transposed_weights(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_conv_params conv = cn_adjoint(op);
    const int64_t c = op->src.c, oc = op->dst.c;
    const cn_weights_block b = cn_weights_block_of(&conv, ctx->n, t->number);
    const int64_t columns = b.n1 - b.n0;
    float *dw = ctx->batch_grads + op->grad_weights + b.group * op->weights_group + b.n0;
    cn_outer o = {.x_sample = op->grad_dst.sample,
                  .x_row = op->sh * op->grad_dst.row,
                  .x_pixel = op->sw * oc,
                  .g_sample = op->src.sample,
                  .g_row = op->src.row,
                  .g_pixel = c,
                  .ldw = c};
    for (int64_t k = b.k0; k < b.k1; k++) memset(dw + k * c, 0, (size_t)columns * sizeof(float));
    for (int64_t s = b.s0; s < b.s1; s += op->block_samples)
        for (int64_t y0 = 0; y0 < op->src.h; y0 += op->block_rows)
            for (int64_t k = b.k0, rows; k < b.k1; k += rows) { /* the rows of one tap */
                const int64_t tap = k / oc, first = k % oc;
                const int64_t down = tap / op->kw * op->dh - op->pt;
                const int64_t across = tap % op->kw * op->dw - op->pl;
                const cn_range column = cn_inside(op->src.w, op->dst.w, op->sw, across);
                cn_range row = cn_inside(op->src.h, op->dst.h, op->sh, down);
                row.begin = cn_max(row.begin, y0);
                row.end = cn_min(row.end, y0 + op->block_rows);
                rows = cn_min(b.k1 - k, oc - first);
                if (row.begin >= row.end || column.begin >= column.end) continue;
                o.samples = cn_min(op->block_samples, b.s1 - s);
                o.rows = row.end - row.begin;
                o.columns = column.end - column.begin;
                o.x = cn_line(t, &op->grad_dst, s, row.begin * op->sh + down) +
                      (column.begin * op->sw + across) * oc + first;
                o.g = cn_line(t, &op->src, s, row.begin) + column.begin * c + b.n0;
                o.dw = dw + k * c;
                cn_outer_by_panels(&o, rows, columns, t->scratch);
            }
    cn_transposed_bias(op, ctx, t, &b);
}

#endif
