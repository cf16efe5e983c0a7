/* Tasks of dense layers. */
#ifndef CN_DENSE_LAYOUT_H
#define CN_DENSE_LAYOUT_H

#include "sizes.h"

static inline int64_t cn_dense_input_blocks(const cn_dense_params *op) {
    return cn_blocks(op->src.c, op->block_inputs);
}

/* Groups of samples; in each, blocks of inputs, and in these blocks of outputs. */
static inline int64_t cn_dense_weights_tasks(const cn_dense_params *op) {
    return op->weights_groups * cn_blocks(op->src.c, op->weights_rows) *
           cn_blocks(op->dst.c, op->weights_columns);
}

/* Blocks of columns of W, then of columns of its transpose. */
static inline int64_t cn_pack_dense_tasks(const cn_dense_params *op) {
    return cn_blocks(op->dst.c, CN_COLUMNS) + (op->data_gradient ? cn_dense_input_blocks(op) : 0);
}

/* Blocks of rows and columns of the output. */
static inline int64_t cn_dense_wide_fwd_tasks(const cn_dense_params *op, int64_t n) {
    return cn_blocks(n, CN_DENSE_ROWS) * cn_blocks(op->dst.c, CN_COLUMNS);
}

#endif
