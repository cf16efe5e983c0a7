/* Scratch memory of merges. */
#ifndef CN_MAP_LAYOUT_H
#define CN_MAP_LAYOUT_H

#include "sizes.h"

/* A row of the gradient before the activation; the sums of a row for each channel. */
static inline int64_t cn_merge_scratch(const cn_branch_params *op) {
    return cn_aligned(op->dst.w * op->dst.c) + op->dst.c;
}

#endif
