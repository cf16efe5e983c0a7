/* Dense layer: y = act(x W + b), W (in, out), x and y of one row a sample.
 *
 *   data      grad_x = grad_preact W^T
 *   weights   grad_W = x^T grad_preact
 *   bias      grad_b = sum grad_preact
 *
 * A small layer is computed with the samples of its lane, like a convolution. A wide one, whose weights would not stay in
 * a thread's cache beside the maps, is computed over the whole batch: forward by blocks of rows and columns, the data
 * gradient by blocks of inputs. The gradient of the weights is always computed over the whole batch, by blocks of the
 * weights. grad_preact overwrites grad_dst.
 *
 * With one output, as for two classes, the products are dot products, and the weights are not packed.
 */
#ifndef CN_DENSE_DENSE_INC_H
#define CN_DENSE_DENSE_INC_H

#include "activation/activation.inc.h"
#include "convnet.h"
#include "dense/layout.h"
#include "gemm/gemm.inc.h"
#include "map/map.h"

CN_INLINE int cn_single(const cn_dense_params *op) { return op->dst.c == 1; }

/* sum of x[k] w[k], in four vectors of sums. The order of the sum depends on n alone. */
static float cn_dot(const float *x, const float *w, int64_t n) {
#define VW CN_LANES
#include "isa/vector.h"
    VEC sum[4];
    float lane[CN_LANES], total = 0.0f;
    int64_t k = 0;
    for (int i = 0; i < 4; i++) sum[i] = VSET(0.0f);
    for (; k + 4 * CN_LANES <= n; k += 4 * CN_LANES)
        for (int i = 0; i < 4; i++)
            sum[i] = VFMA(VLOAD(x + k + i * CN_LANES), VLOAD(w + k + i * CN_LANES), sum[i]);
    VSTORE(lane, (sum[0] + sum[1]) + (sum[2] + sum[3]));
    for (int i = 0; i < CN_LANES; i++) total += lane[i];
    for (; k < n; k++) total = CN_FMA(x[k], w[k], total);
    return total;
#include "isa/vector_end.h"
}

/* y[k] = g w[k], or with `add` y[k] += g w[k]. */
CN_INLINE void cn_scaled(float g, const float *restrict w, int64_t n, int add, float *restrict y) {
    if (add)
        for (int64_t k = 0; k < n; k++) y[k] = CN_FMA(g, w[k], y[k]);
    else
        for (int64_t k = 0; k < n; k++) y[k] = g * w[k];
}

static void cn_dense_rows(const cn_dense_params *op, const cn_context *ctx, const cn_task *t,
                          int64_t s0, int64_t s1, int64_t n0, int64_t n1) {
    if (cn_single(op)) {
        const float bias = op->bias < 0 ? 0.0f : ctx->params[op->bias];
        for (int64_t s = s0; s < s1; s++) {
            float *y = cn_map_at(t, &op->dst, s);
            *y = bias + cn_dot(cn_map_at(t, &op->src, s), ctx->params + op->weights, op->src.c);
            cn_activate(op->activation, y, y, 1);
        }
        return;
    }
    const int fused = op->activation == CN_RELU;
    cn_gemm(cn_map_at(t, &op->src, s0), op->src.sample, s1 - s0, ctx->packed + op->packed,
            op->src.c, op->dst.c, n0, n1, cn_map_at(t, &op->dst, s0), op->dst.sample,
            op->bias < 0 ? NULL : ctx->params + op->bias, fused);
    if (!fused && op->activation != CN_LINEAR)
        for (int64_t s = s0; s < s1; s++)
            cn_activate(op->activation, cn_map_at(t, &op->dst, s) + n0,
                        cn_map_at(t, &op->dst, s) + n0, n1 - n0);
}

static void dense_fwd(const cn_dense_params *op, const cn_context *ctx, const cn_task *t) {
    cn_dense_rows(op, ctx, t, t->s0, t->s1, 0, op->dst.c);
}

static void dense_mask(const cn_dense_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    if (op->activation == CN_LINEAR) return;
    for (int64_t s = t->s0; s < t->s1; s++) {
        float *g = cn_map_at(t, &op->grad_dst, s);
        cn_activate_grad(op->activation, g, cn_map_at(t, &op->dst, s), g, op->dst.c);
    }
}

static void cn_dense_bias(const cn_dense_params *op, const cn_task *t, int64_t s0, int64_t s1,
                          float *bias) {
    for (int64_t s = s0; s < s1; s++) {
        const float *restrict g = cn_map_at(t, &op->grad_dst, s);
        for (int64_t k = 0; k < op->dst.c; k++) bias[k] += g[k];
    }
}

/* dw += x^T grad_preact for samples [s0, s1), inputs [k0, k1) and outputs [n0, n1), n0 at a block's edge. */
static void cn_dense_weights(const cn_dense_params *op, const cn_task *t, int64_t s0, int64_t s1,
                             int64_t k0, int64_t k1, int64_t n0, int64_t n1, float *dw) {
    if (!cn_single(op))
        cn_gemm_weights(cn_map_at(t, &op->src, s0), op->src.sample,
                        cn_map_at(t, &op->grad_dst, s0) + n0, op->grad_dst.sample, s1 - s0, n1 - n0,
                        k0, k1, dw + n0, op->dst.c);
    else
        for (int64_t s = s0; s < s1; s++)
            cn_scaled(*cn_map_at(t, &op->grad_dst, s), cn_map_at(t, &op->src, s) + k0, k1 - k0, 1,
                      dw + k0);
}

/* grad_x = grad_preact W^T for samples [s0, s1) and inputs [k0, k1). */
static void cn_dense_data(const cn_dense_params *op, const cn_context *ctx, const cn_task *t,
                          int64_t s0, int64_t s1, int64_t k0, int64_t k1) {
    if (!cn_single(op))
        cn_gemm(cn_map_at(t, &op->grad_dst, s0), op->grad_dst.sample, s1 - s0,
                ctx->packed + op->packed_grad, op->dst.c, op->src.c, k0, k1,
                cn_map_at(t, &op->grad_src, s0), op->grad_src.sample, NULL, 0);
    else
        for (int64_t s = s0; s < s1; s++)
            cn_scaled(*cn_map_at(t, &op->grad_dst, s), ctx->params + op->weights + k0, k1 - k0, 0,
                      cn_map_at(t, &op->grad_src, s) + k0);
}

static void dense_bwd(const cn_dense_params *op, const cn_context *ctx, const cn_task *t) {
    cn_dense_data(op, ctx, t, t->s0, t->s1, 0, op->src.c);
}

static void dense_wide_fwd(const cn_dense_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t columns = cn_blocks(op->dst.c, CN_COLUMNS);
    const int64_t s0 = t->s0 + t->number / columns * CN_DENSE_ROWS;
    const int64_t n0 = t->number % columns * CN_COLUMNS;
    cn_dense_rows(op, ctx, t, s0, cn_min(t->s1, s0 + CN_DENSE_ROWS), n0,
                  n0 + CN_COLUMNS < op->dst.c ? n0 + CN_COLUMNS : op->dst.c);
}

/* Gradient by block_inputs inputs, a multiple of CN_COLUMNS, for samples [s0, s1) of the task. */
static void dense_wide_grad(const cn_dense_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t k0 = t->number * op->block_inputs;
    cn_dense_data(op, ctx, t, t->s0, t->s1, k0,
                  k0 + op->block_inputs < op->src.c ? k0 + op->block_inputs : op->src.c);
}

/* Gradient of a block of the weights, from a group of samples. The first task of a group also computes the gradient of the
 * bias. */
static void dense_weights(const cn_dense_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t oc = op->dst.c, columns = cn_blocks(oc, op->weights_columns);
    const int64_t blocks = cn_blocks(op->src.c, op->weights_rows) * columns;
    const int64_t group = t->number / blocks, block = t->number % blocks;
    const int64_t s0 = ctx->n * group / op->weights_groups;
    const int64_t s1 = ctx->n * (group + 1) / op->weights_groups;
    const int64_t k0 = block / columns * op->weights_rows;
    const int64_t k1 = cn_min(op->src.c, k0 + op->weights_rows);
    const int64_t n0 = block % columns * op->weights_columns;
    const int64_t n1 = cn_min(oc, n0 + op->weights_columns);
    float *dw = ctx->batch_grads + op->grad_weights + group * op->weights_group;
    for (int64_t k = k0; k < k1; k++)
        memset(dw + k * oc + n0, 0, (size_t)(n1 - n0) * sizeof(float));
    cn_dense_weights(op, t, s0, s1, k0, k1, n0, n1, dw);
    if (block == 0 && op->bias >= 0) {
        float *bias = ctx->batch_grads + op->grad_bias + group * cn_aligned(oc);
        memset(bias, 0, (size_t)oc * sizeof(float));
        cn_dense_bias(op, t, s0, s1, bias);
    }
}

/* Tasks: blocks of columns of W, then of columns of W^T. */
static void pack_dense(const cn_dense_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t in = op->src.c, out = op->dst.c, columns = cn_round_columns(out) / CN_COLUMNS;
    const float *w = ctx->params + op->weights;
    if (t->number < columns) {
        const int64_t n0 = t->number * CN_COLUMNS;
        cn_pack(w, out, 0, in, out, n0, n0 + CN_COLUMNS < out ? n0 + CN_COLUMNS : out,
                ctx->packed + op->packed);
    } else {
        const int64_t k0 = (t->number - columns) * op->block_inputs;
        cn_pack(w, out, 1, out, in, k0, k0 + op->block_inputs < in ? k0 + op->block_inputs : in,
                ctx->packed + op->packed_grad);
    }
}

#endif
