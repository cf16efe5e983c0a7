/* The sum of two branches, as in a residual block, and the gradient by their common input.
 *
 *   add:   y = f(a + b),  ga = gb = g * f'(y)    a: src, b: other, y: dst
 *   fork:  y = x, z = x,  gx = gy + gz           x: src, y: dst, z: other, all one memory
 *
 * dst may be src; grad_src and grad_other may be grad_dst. fork reads gy from grad_src and adds gz to it.
 */
#ifndef CN_MAP_BRANCH_INC_H
#define CN_MAP_BRANCH_INC_H

#include "activation/activation.inc.h"
#include "convnet.h"
#include "map/map.h"

CN_INLINE void cn_sum(const float *restrict a, const float *restrict b, float *restrict sum,
                      int64_t n) {
    for (int64_t i = 0; i < n; i++) sum[i] = a[i] + b[i];
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
            if (both) memcpy(cn_line(t, &op->grad_other, s, y), ga, (size_t)n * sizeof(float));
        }
}

static void fork_bwd(const cn_branch_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t n = op->src.w * op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            cn_add_floats(cn_line(t, &op->grad_src, s, y), cn_line(t, &op->grad_other, s, y), n);
}

#endif
