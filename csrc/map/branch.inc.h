/* Branches: several operations read one map (fork), and their outputs are merged.
 *
 *   add:       y = f(s (a + b)),  ga = gb = s g'                      with g' = g f'(z), z the argument of f
 *   multiply:  y = f(a b),        ga = g' b,  gb = g' a
 *              b with one value for each channel: gb = sum of g' a over the pixels
 *   maximum:   y = f(max(a, b)),  ga = g' where a >= b, gb = g' elsewhere
 *   concat:    y = [.., a, ..],   ga = the channels of g that a became
 *   fork:      y = x, z = x,      gx = gy + gz
 *
 * a: src, b: other, y: dst. fork: x: src, y: dst, z: other, all one memory; it reads gy from grad_src and adds gz to it.
 * add: dst may be src; grad_src and grad_other may be grad_dst.
 */
#ifndef CN_MAP_BRANCH_INC_H
#define CN_MAP_BRANCH_INC_H

#include "activation/activation.inc.h"
#include "convnet.h"
#include "map/layout.h"
#include "map/map.h"

CN_INLINE void cn_sum(const float *restrict a, const float *restrict b, float *restrict sum,
                      int64_t n) {
    for (int64_t i = 0; i < n; i++) sum[i] = a[i] + b[i];
}

CN_INLINE void cn_product(const float *restrict a, const float *restrict b, float *restrict y,
                          int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = a[i] * b[i];
}

CN_INLINE void cn_add_products(float *restrict sum, const float *restrict a,
                               const float *restrict b, int64_t n) {
    for (int64_t i = 0; i < n; i++) sum[i] += a[i] * b[i];
}

CN_INLINE void cn_scale_floats(float *x, float scale, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] *= scale;
}

static void add_fwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t n = op->dst.w * op->dst.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->dst.h; y++) {
            const float *a = cn_line(t, &op->src, s, y), *b = cn_line(t, &op->other, s, y);
            float *out = cn_line(t, &op->dst, s, y);
            if (out == a)
                cn_add_floats(out, b, n);
            else
                cn_sum(a, b, out, n);
            if (op->scale != 1.0) cn_scale_floats(out, (float)op->scale, n);
            if (op->activation != CN_LINEAR) cn_activate(op->activation, out, out, n);
        }
}

static void add_bwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t n = op->dst.w * op->dst.c;
    const int both = op->grad_other.offset != op->grad_src.offset;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->dst.h; y++) {
            float *ga = cn_line(t, &op->grad_src, s, y);
            cn_activate_grad(op->activation, cn_line(t, &op->grad_dst, s, y),
                             cn_line(t, &op->dst, s, y), ga, n);
            if (op->scale != 1.0) cn_scale_floats(ga, (float)op->scale, n);
            if (both) memcpy(cn_line(t, &op->grad_other, s, y), ga, (size_t)n * sizeof(float));
        }
}

/* The gradient before the activation of row y of sample s: in grad_dst or, if there is an activation, in `row`. */
CN_INLINE const float *cn_merge_grad(const cn_branch_params *op, const cn_task *t, int64_t s,
                                     int64_t y, float *row) {
    const float *g = cn_line(t, &op->grad_dst, s, y);
    if (op->activation == CN_LINEAR) return g;
    cn_activate_grad(op->activation, g, cn_line(t, &op->dst, s, y), row, op->dst.w * op->dst.c);
    return row;
}

static void multiply_fwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t w = op->dst.w, c = op->dst.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->dst.h; y++) {
            const float *a = cn_line(t, &op->src, s, y);
            const float *b = cn_line(t, &op->other, s, op->by_channel ? 0 : y);
            float *out = cn_line(t, &op->dst, s, y);
            if (op->by_channel)
                for (int64_t x = 0; x < w; x++) cn_product(a + x * c, b, out + x * c, c);
            else
                cn_product(a, b, out, w * c);
            if (op->activation != CN_LINEAR) cn_activate(op->activation, out, out, w * c);
        }
}

static void multiply_bwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t w = op->dst.w, c = op->dst.c;
    float *row = t->scratch, *sums = row + cn_aligned(w * c);
    for (int64_t s = t->s0; s < t->s1; s++) {
        float *channels = cn_map_at(t, &op->grad_other, s);
        if (op->wants_other && op->by_channel) memset(channels, 0, (size_t)c * sizeof(float));
        for (int64_t y = 0; y < op->dst.h; y++) {
            const float *g = cn_merge_grad(op, t, s, y, row);
            const float *a = cn_line(t, &op->src, s, y);
            const float *b = cn_line(t, &op->other, s, op->by_channel ? 0 : y);
            if (op->wants_other && op->by_channel) {
                memset(sums, 0, (size_t)c * sizeof(float));
                for (int64_t x = 0; x < w; x++) cn_add_products(sums, g + x * c, a + x * c, c);
                cn_add_floats(channels, sums, c);
            } else if (op->wants_other) {
                cn_product(g, a, cn_line(t, &op->grad_other, s, y), w * c);
            }
            if (!op->wants_src) continue;
            float *ga = cn_line(t, &op->grad_src, s, y);
            if (op->by_channel)
                for (int64_t x = 0; x < w; x++) cn_product(g + x * c, b, ga + x * c, c);
            else
                cn_product(g, b, ga, w * c);
        }
    }
}

static void maximum_fwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t n = op->dst.w * op->dst.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->dst.h; y++) {
            const float *a = cn_line(t, &op->src, s, y), *b = cn_line(t, &op->other, s, y);
            float *out = cn_line(t, &op->dst, s, y);
            for (int64_t i = 0; i < n; i++) {
                const float u = a[i], v = b[i];
                out[i] = u < v || v != v ? v : u; /* NaN if one of them is */
            }
            if (op->activation != CN_LINEAR) cn_activate(op->activation, out, out, n);
        }
}

static void maximum_bwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t n = op->dst.w * op->dst.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->dst.h; y++) {
            const float *g = cn_merge_grad(op, t, s, y, t->scratch);
            const float *a = cn_line(t, &op->src, s, y), *b = cn_line(t, &op->other, s, y);
            if (op->wants_src) {
                float *ga = cn_line(t, &op->grad_src, s, y);
                for (int64_t i = 0; i < n; i++) ga[i] = a[i] < b[i] ? 0.0f : g[i];
            }
            if (op->wants_other) {
                float *gb = cn_line(t, &op->grad_other, s, y);
                for (int64_t i = 0; i < n; i++) gb[i] = a[i] < b[i] ? g[i] : 0.0f;
            }
        }
}

/* Copies the n channels of w pixels. */
CN_INLINE void cn_copy_channels(const float *from, int64_t from_step, float *to, int64_t to_step,
                                int64_t w, int64_t n) {
    for (int64_t x = 0; x < w; x++)
        for (int64_t i = 0; i < n; i++) to[x * to_step + i] = from[x * from_step + i];
}

static void concat_fwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            cn_copy_channels(cn_line(t, &op->src, s, y), c,
                             cn_line(t, &op->dst, s, y) + op->first_channel, op->dst.pixel,
                             op->src.w, c);
}

static void concat_bwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            cn_copy_channels(cn_line(t, &op->grad_dst, s, y) + op->first_channel, op->dst.c,
                             cn_line(t, &op->grad_src, s, y), c, op->src.w, c);
}

static void fork_bwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t n = op->src.w * op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            cn_add_floats(cn_line(t, &op->grad_src, s, y), cn_line(t, &op->grad_other, s, y), n);
}

#endif
