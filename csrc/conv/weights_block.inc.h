/* Tasks of a gradient of the weights that is computed over the whole batch. */
#ifndef CN_CONV_WEIGHTS_BLOCK_INC_H
#define CN_CONV_WEIGHTS_BLOCK_INC_H

#include "conv/grad_preact.inc.h"
#include "conv/layout.h"
#include "isa/simd.h"

/* Rows [k0, k1) and columns [n0, n1) of the weights, summed over samples [s0, s1). */
typedef struct {
    int64_t group, s0, s1, k0, k1, n0, n1;
} cn_weights_block;

CN_INLINE cn_weights_block cn_weights_block_of(const cn_conv_params *op, int64_t n,
                                               int64_t number) {
    const int64_t rows = cn_weights_rows(op), columns = cn_blocks(op->dst.c, op->weights_columns);
    const int64_t blocks = cn_blocks(rows, op->weights_rows) * columns;
    const int64_t group = number / blocks, block = number % blocks;
    cn_weights_block b = {.group = group,
                          .s0 = n * group / op->weights_groups,
                          .s1 = n * (group + 1) / op->weights_groups,
                          .k0 = block / columns * op->weights_rows,
                          .n0 = block % columns * op->weights_columns};
    b.k1 = cn_min(rows, b.k0 + op->weights_rows);
    b.n1 = cn_min(op->dst.c, b.n0 + op->weights_columns);
    return b;
}

/* Gradient of the bias of a block's columns, by the task that has their first rows. */
static void cn_bias_of_block(const cn_conv_params *op, const cn_context *ctx, const cn_task *t,
                             const cn_weights_block *b) {
    const int64_t oc = op->dst.c, columns = b->n1 - b->n0;
    const cn_preact_layout g = {.sample = op->grad_dst.sample, .row = op->grad_dst.row};
    if (op->grad_bias < 0 || b->k0 > 0) return;
    const float *from = cn_map_at(t, &op->grad_dst, b->s0) + b->n0;
    float *bias = ctx->batch_grads + op->grad_bias + b->group * cn_aligned(oc) + b->n0;
    memset(bias, 0, (size_t)columns * sizeof(float));
    CN_CHANNEL_BLOCKS(columns, cn_bias_block, &g, from + k, b->s1 - b->s0, op->oh, op->ow, oc,
                      bias + k);
}

#endif
