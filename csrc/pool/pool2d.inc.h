/* Pooling that is not fused into a convolution: any window, stride and padding, and the global ones.
 *
 * Padding does not count: a maximum is over the pixels that exist, and an average divides by their number; with
 * count_padding by that of the pixels of the padded map.
 * The winner of a maximum is the first of equals, row by row; the first NaN wins.
 */
#ifndef CN_POOL_POOL2D_INC_H
#define CN_POOL_POOL2D_INC_H

#include "map/map.h"
#include "pool/average_few.inc.h"
#include "pool/window.h"

/* Rows [i0, i1) and columns [j0, j1) of src under the window of output pixel (y, x). */
typedef struct {
    int64_t i0, i1, j0, j1;
} cn_window;

static cn_window cn_window_at(const cn_pool_params *op, int64_t y, int64_t x) {
    cn_window w = {.i0 = y * op->sh - op->pt, .j0 = x * op->sw - op->pl};
    w.i1 = w.i0 + op->kh < op->src.h ? w.i0 + op->kh : op->src.h;
    w.j1 = w.j0 + op->kw < op->src.w ? w.j0 + op->kw : op->src.w;
    if (w.i0 < 0) w.i0 = 0;
    if (w.j0 < 0) w.j0 = 0;
    return w;
}

/* What an average over window w of output pixel (y, x) divides by. */
static float cn_window_area(const cn_pool_params *op, const cn_window *w, int64_t y, int64_t x) {
    if (!op->count_padding) return (float)((w->i1 - w->i0) * (w->j1 - w->j0));
    const int64_t i = y * op->sh - op->pt, j = x * op->sw - op->pl;
    const int64_t bottom = op->src.h + op->pb, right = op->src.w + op->pr;
    return (float)(((i + op->kh < bottom ? i + op->kh : bottom) - i) *
                   ((j + op->kw < right ? j + op->kw : right) - j));
}

/* Numbers of the winners of sample s, counted row by row in its map; NULL in prediction. */
CN_INLINE int32_t *cn_pixel_winners(const cn_pool_params *op, const cn_task *t, int64_t s) {
    return op->winners < 0 ? NULL
                           : (int32_t *)((char *)(t->arena + op->winners) + s * op->winners_sample);
}

static void maxpool_fwd(const cn_pool_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c, row = op->src.row;
    for (int64_t s = t->s0; s < t->s1; s++) {
        int32_t *winner = cn_pixel_winners(op, t, s);
        for (int64_t y = 0; y < op->dst.h; y++) {
            float *out = cn_line(t, &op->dst, s, y);
            for (int64_t x = 0; x < op->dst.w; x++, out += c) {
                const cn_window w = cn_window_at(op, y, x);
                const float *src = cn_line(t, &op->src, s, w.i0) + w.j0 * c;
                const int32_t first = (int32_t)(w.i0 * op->src.w + w.j0);
                CN_CHANNEL_BLOCKS(c, cn_window_pool_any, w.i1 - w.i0, w.j1 - w.j0, src + k, row, c,
                                  first, op->src.w, out + k, winner ? winner + k : NULL);
                if (winner) winner += c;
            }
        }
    }
}

static void avgpool_fwd(const cn_pool_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c;
    if (cn_avgpool_few(op, t)) return;
    for (int64_t s = t->s0; s < t->s1; s++) {
        const float *src = cn_map_at(t, &op->src, s);
        for (int64_t y = 0; y < op->dst.h; y++)
            for (int64_t x = 0; x < op->dst.w; x++) {
                const cn_window w = cn_window_at(op, y, x);
                float *restrict out = cn_line(t, &op->dst, s, y) + x * c;
                memset(out, 0, (size_t)c * sizeof(float));
                for (int64_t i = w.i0; i < w.i1; i++)
                    for (int64_t j = w.j0; j < w.j1; j++) {
                        const float *restrict v = src + i * op->src.row + j * c;
                        for (int64_t k = 0; k < c; k++) out[k] += v[k];
                    }
                const float area = cn_window_area(op, &w, y, x);
                for (int64_t k = 0; k < c; k++) out[k] /= area;
            }
    }
}

static float *cn_zero_grad_src(const cn_pool_params *op, const cn_task *t, int64_t s) {
    float *grad = cn_map_at(t, &op->grad_src, s);
    for (int64_t i = 0; i < op->src.h; i++)
        memset(grad + i * op->grad_src.row, 0, (size_t)(op->src.w * op->src.c) * sizeof(float));
    return grad;
}

static void maxpool_bwd(const cn_pool_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++) {
        float *grad = cn_zero_grad_src(op, t, s);
        const int32_t *at = cn_pixel_winners(op, t, s);
        for (int64_t y = 0; y < op->dst.h; y++) {
            const float *g = cn_line(t, &op->grad_dst, s, y);
            for (int64_t x = 0; x < op->dst.w; x++, g += c, at += c)
                for (int64_t k = 0; k < c; k++)
                    grad[at[k] / op->src.w * op->grad_src.row + at[k] % op->src.w * c + k] += g[k];
        }
    }
}

static void avgpool_bwd(const cn_pool_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++) {
        float *grad = cn_zero_grad_src(op, t, s);
        if (cn_avgpool_few_grad(op, t, s)) continue;
        for (int64_t y = 0; y < op->dst.h; y++)
            for (int64_t x = 0; x < op->dst.w; x++) {
                const cn_window w = cn_window_at(op, y, x);
                const float *restrict g = cn_line(t, &op->grad_dst, s, y) + x * c;
                const float share = 1.0f / cn_window_area(op, &w, y, x);
                for (int64_t i = w.i0; i < w.i1; i++)
                    for (int64_t j = w.j0; j < w.j1; j++) {
                        float *restrict out = grad + i * op->grad_src.row + j * c;
                        for (int64_t k = 0; k < c; k++) out[k] += share * g[k];
                    }
            }
    }
}

#endif
