/* Scratch memory and tasks of transposed convolutions. */
#ifndef CN_CONV_TRANSPOSED_LAYOUT_H
#define CN_CONV_TRANSPOSED_LAYOUT_H

#include "conv/layout.h"

/* Rows and columns of the gradient by the output with zeros around it, as far as the windows of all inputs read. */
static inline int64_t cn_transposed_rows(const cn_conv_params *op) {
    return cn_max((op->src.h - 1) * op->sh + (op->kh - 1) * op->dh + 1, op->pt + op->dst.h);
}
static inline int64_t cn_transposed_columns(const cn_conv_params *op) {
    return cn_max((op->src.w - 1) * op->sw + (op->kw - 1) * op->dw + 1, op->pl + op->dst.w);
}

/* Offsets of the runs; the gradient by the output of a sample, with zeros around it. */
static inline int64_t cn_transposed_data_scratch(const cn_conv_params *op) {
    return cn_aligned(cn_taps_floats(op)) +
           cn_transposed_rows(op) * cn_transposed_columns(op) * op->dst.c;
}

/* Panels for the pixels of a block of the input. */
static inline int64_t cn_transposed_weights_scratch(const cn_conv_params *op) {
    const int64_t pixels = op->block_samples * op->block_rows * op->src.w;
    return cn_aligned((CN_PANEL_FLOATS + CN_COLUMNS) * pixels);
}

/* Groups of samples; blocks of the weights as a matrix (kh * kw * oc, c). */
static inline int64_t cn_transposed_weights_tasks(const cn_conv_params *op) {
    return op->weights_groups * cn_blocks(op->kh * op->kw * op->dst.c, op->weights_rows) *
           cn_blocks(op->src.c, op->weights_columns);
}

/* Blocks of columns of the forward pass, then of the data gradient. */
static inline int64_t cn_pack_transposed_tasks(const cn_conv_params *op) {
    return cn_blocks(op->dst.c, CN_COLUMNS) +
           (op->data_gradient ? cn_blocks(op->src.c, CN_COLUMNS) : 0);
}

#endif
