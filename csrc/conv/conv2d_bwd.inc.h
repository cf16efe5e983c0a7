/* Gradients of a convolution; the formulas stand in conv2d.inc.h. */
#ifndef CN_CONV_CONV2D_BWD_INC_H
#define CN_CONV_CONV2D_BWD_INC_H

#include "conv/conv2d.inc.h"
#include "conv/grad_preact.inc.h"
#include "conv/window.h"
#include "gemm/gemm.inc.h"
#include "gemm/panels.inc.h"
#include "map/map.h"

/* weights += src x grad_preact over rows of `samples` samples; x and grad_preact at the first of these rows. panels:
 * scratch of cn_conv_panels floats. */
static void cn_conv2d_weights(const cn_conv_params *op, const cn_taps *taps,
                              const cn_preact_layout *z, const float *x, const float *grad_preact,
                              int64_t samples, int64_t rows, float *weights, float *panels) {
    const int64_t oc = op->dst.c, cg = op->src.c / op->groups, og = oc / op->groups;
    cn_outer o = cn_conv2d_outer(op, z->sample, z->row);
    o.samples = samples;
    o.rows = rows;
    if (cn_conv_panels(op)) {
        o.g = grad_preact;
        for (int64_t s = 0; s < taps->nseg; s++) {
            o.x = x + taps->seg[s];
            o.dw = weights + s * taps->klen * oc;
            cn_outer_by_panels(&o, taps->klen, oc, panels);
        }
        return;
    }
    for (int64_t g = 0; g < op->groups; g++)
        for (int64_t c = 0; c < og;) {
            const int64_t width = cn_block(og - c);
            o.n = og - c < width ? og - c : width;
            o.g = grad_preact + g * og + c;
            for (int64_t s = 0; s < taps->nseg; s++)
                for (int64_t k = 0, p; k < taps->klen; k += p) {
                    p = cn_tile_rows(taps->klen - k);
                    o.x = x + g * cg + taps->seg[s] + k;
                    o.dw = weights + (s * taps->klen + k) * oc + g * og + c;
                    cn_outer_add(&o, width, (int)p);
                }
            c += width;
        }
}

/* The kernel rows of phase a, in order, that lie in the map for row `row` of the phase's inputs: those from *k0 on, before
 * the one that is returned. */
static int64_t cn_phase_kernel_rows(const cn_conv_params *op, int64_t a, int64_t row, int64_t *k0) {
    const int64_t i = cn_modulo(a - op->pt, op->sh) + row * op->sh;
    int64_t k = 0, k1 = 0;
    *k0 = 0;
    for (int64_t r = 0; r < op->kh; r++) {
        if (r * op->dh % op->sh != a) continue;
        const int64_t y = (i + op->pt - r * op->dh) / op->sh; /* whole, or below 0 */
        k++;
        if (i + op->pt < r * op->dh) break; /* rows above the map, from here on */
        if (y >= op->oh)
            *k0 = k;
        else
            k1 = k;
    }
    return cn_max(k1, *k0);
}

/* Products of the inputs of phase (a, b), without those of kernel rows that read the halo of zeros alone. */
static void cn_phase_gemm(const cn_conv_params *op, const cn_grid *grid, const cn_taps *taps,
                          int64_t a, const float *packed, int64_t n) {
    int64_t kernel_rows = 0, k0, next0;
    for (int64_t r = 0; r < op->kh; r++) kernel_rows += r * op->dh % op->sh == a;
    const int64_t runs = kernel_rows ? taps->nseg / kernel_rows : 0; /* of a kernel row */
    int64_t k1 = cn_phase_kernel_rows(op, a, 0, &k0);
    for (int64_t row = 0, end; row < grid->rows; row = end) {
        int64_t next1 = k1;
        next0 = k0;
        for (end = row; next0 == k0 && next1 == k1 && end < grid->rows;)
            next1 = cn_phase_kernel_rows(op, a, ++end, &next0);
        cn_grid part = *grid;
        cn_taps inside = *taps;
        part.x += row * grid->x_row;
        part.y += row * grid->y_row;
        part.rows = end - row;
        inside.seg += k0 * runs;
        inside.nseg = (k1 - k0) * runs;
        inside.first = k0 * runs * taps->klen;
        cn_grid_gemm(&part, &inside, packed, n, NULL, 0);
        k0 = next0;
        k1 = next1;
    }
}

static void cn_conv2d_data(const cn_conv_params *op, const cn_context *ctx,
                           const cn_preact_layout *z, const float *grad_preact, float *grad,
                           int64_t samples, int64_t *seg) {
    const int64_t cg = op->src.c / op->groups, og = op->dst.c / op->groups;
    const int64_t group_size = op->kh * op->kw * og * cn_round_columns(cg);
    int64_t packed = op->packed_grad;
    for (int64_t a = 0; a < op->sh; a++)
        for (int64_t b = 0; b < op->sw; b++) {
            const cn_taps taps = cn_phase_taps(op, z->row, a, b, seg);
            cn_grid grid = cn_phase_grid(op, z, grad_preact, grad, a, b);
            grid.samples = samples;
            if (grid.rows > 0 && grid.columns > 0)
                for (int64_t g = 0; g < op->groups; g++, grid.x += og, grid.y += cg)
                    cn_phase_gemm(op, &grid, &taps, a, ctx->packed + packed + g * group_size, cg);
            packed += taps.nseg * taps.klen * cn_round_columns(cg);
        }
}

/* The gradient by rows of the input of a pointwise convolution, of `samples` samples, from that by the same rows of its map. */
static void cn_pointwise_data(const cn_conv_params *op, const cn_context *ctx,
                              const float *grad_preact, int64_t g_sample, int64_t g_row,
                              float *grad, int64_t samples, int64_t rows) {
    int64_t seg = 0;
    const cn_taps taps = {.seg = &seg, .nseg = 1, .klen = op->dst.c, .rows = op->dst.c};
    const cn_grid grid = {.x = grad_preact,
                          .y = grad,
                          .samples = samples,
                          .rows = rows,
                          .columns = op->ow,
                          .x_sample = g_sample,
                          .x_row = g_row,
                          .x_pixel = op->dst.c,
                          .y_sample = op->grad_src.sample,
                          .y_row = op->grad_src.row,
                          .y_pixel = op->src.c};
    cn_grid_gemm(&grid, &taps, ctx->packed + op->packed_grad, op->src.c, NULL, 0);
}

/* Pack the weights: tasks over groups, passes and blocks of CN_COLUMNS columns. */
static void pack_conv2d(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t oc = op->dst.c, cg = op->src.c / op->groups, og = oc / op->groups;
    const int64_t K = op->kh * op->kw * cg;
    const int64_t fwd_blocks = cn_round_columns(og) / CN_COLUMNS;
    const int64_t bwd_blocks = op->data_gradient ? cn_round_columns(cg) / CN_COLUMNS : 0;
    const int64_t g = t->number / (fwd_blocks + bwd_blocks);
    const int64_t block = t->number % (fwd_blocks + bwd_blocks);
    const float *w = ctx->params + op->weights + g * og;
    if (block < fwd_blocks) {
        const int64_t n0 = block * CN_COLUMNS, n1 = n0 + CN_COLUMNS < og ? n0 + CN_COLUMNS : og;
        cn_pack(w, oc, 0, K, og, n0, n1, ctx->packed + op->packed + g * K * cn_round_columns(og));
        return;
    }
    const int64_t n0 = (block - fwd_blocks) * CN_COLUMNS;
    const int64_t n1 = n0 + CN_COLUMNS < cg ? n0 + CN_COLUMNS : cg;
    float *packed = ctx->packed + op->packed_grad + g * op->kh * op->kw * og * cn_round_columns(cg);
    for (int64_t a = 0; a < op->sh; a++)
        for (int64_t b = 0; b < op->sw; b++) {
            int64_t taps = 0;
            for (int64_t r = 0; r < op->kh; r++)
                for (int64_t q = 0; q < op->kw; q++) taps += cn_in_phase(op, r, q, a, b);
            int64_t tap = 0;
            for (int64_t r = 0; r < op->kh; r++)
                for (int64_t q = op->kw - 1; q >= 0; q--) {
                    if (!cn_in_phase(op, r, q, a, b)) continue;
                    /* rows [tap*og, tap*og + og) of a matrix of taps*og rows and cg columns */
                    for (int64_t c = n0; c < n1;) {
                        const int64_t width = cn_block(cg - c);
                        float *dst = packed + c * taps * og + tap * og * width;
                        for (int64_t o = 0; o < og; o++)
                            for (int64_t j = 0; j < width; j++)
                                dst[o * width + j] =
                                    c + j < cg ? w[((r * op->kw + q) * cg + c + j) * oc + o] : 0.0f;
                        c += width;
                    }
                    tap++;
                }
            packed += taps * og * cn_round_columns(cg);
        }
}

static void conv2d_bwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_preact_layout z = cn_preact_layout_of(op);
    int64_t *seg = (int64_t *)t->scratch, *phase_seg = seg + op->kh * op->kw;
    float *line = t->scratch + cn_aligned(4 * op->kh * op->kw);
    float *grad_preact = line + cn_aligned(op->dst.w * op->dst.c);
    float *panels = t->scratch + cn_conv2d_bwd_scratch(op) - cn_conv_panels(op);
    float *inside = grad_preact + z.top * z.row + z.left * op->dst.c;
    float *grads = ctx->lane_grads + t->slot * ctx->lane_size;
    const cn_taps taps = cn_forward_taps(op, seg);
    const int pointwise = cn_pointwise(op);
    cn_zero_halo(op, &z, grad_preact, op->block_samples);
    for (int64_t s = t->s0; s < t->s1; s += op->block_samples) {
        const int64_t samples = t->s1 - s < op->block_samples ? t->s1 - s : op->block_samples;
        for (int64_t y0 = 0; y0 < op->oh; y0 += op->block_rows) {
            const int64_t rows = op->oh - y0 < op->block_rows ? op->oh - y0 : op->block_rows;
            float *part = inside + (op->data_gradient && !pointwise ? y0 * z.row : 0);
            for (int64_t i = 0; i < samples; i++)
                cn_fill_grad_preact(op, ctx, t, s + i, y0, y0 + rows, part + i * z.sample, z.row,
                                    line);
            if (op->data_gradient && pointwise)
                cn_pointwise_data(op, ctx, part, z.sample, z.row, cn_line(t, &op->grad_src, s, y0),
                                  samples, rows);
            if (op->grad_weights < 0) continue;
            cn_conv2d_weights(op, &taps, &z,
                              cn_window_origin(op, t->arena, s) + y0 * op->sh * op->src.row, part,
                              samples, rows, grads + op->grad_weights, panels);
            if (op->grad_bias >= 0)
                cn_bias_add(&z, part, samples, rows, op->ow, op->dst.c, grads + op->grad_bias);
        }
        if (op->data_gradient && !pointwise)
            cn_conv2d_data(op, ctx, &z, grad_preact, cn_map_at(t, &op->grad_src, s), samples,
                           phase_seg);
    }
}

/* The gradient by the input alone, from grad_preact in grad_dst. */
static void conv2d_data(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    if (cn_pointwise(op)) {
        cn_pointwise_data(op, ctx, cn_map_at(t, &op->grad_dst, t->s0), op->grad_dst.sample,
                          op->grad_dst.row, cn_map_at(t, &op->grad_src, t->s0), t->s1 - t->s0,
                          op->oh);
        return;
    }
    const cn_preact_layout z = cn_preact_layout_of(op);
    int64_t *seg = (int64_t *)t->scratch;
    float *grad_preact = t->scratch + cn_aligned(cn_taps_floats(op));
    float *inside = grad_preact + z.top * z.row + z.left * op->dst.c;
    cn_zero_halo(op, &z, grad_preact, op->block_samples);
    for (int64_t s = t->s0; s < t->s1; s += op->block_samples) {
        const int64_t samples = cn_min(op->block_samples, t->s1 - s);
        cn_copy_grad_preact(op, t, s, samples, &z, inside);
        cn_conv2d_data(op, ctx, &z, grad_preact, cn_map_at(t, &op->grad_src, s), samples, seg);
    }
}

#endif
