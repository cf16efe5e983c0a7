/* Sizes that both the kernels and the engine, which gives them memory, need. Each family's own are in its layout.h. */
#ifndef CN_SIZES_H
#define CN_SIZES_H

#include "convnet.h"

/* Floats of a pixel in the panels of gemm/panels.inc.h: 8 tiles of AVX-512, or more of the others. */
#define CN_PANEL_FLOATS 112

static inline int64_t cn_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t cn_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t cn_blocks(int64_t n, int64_t size) { return (n + size - 1) / size; }
/* Floats rounded up to a whole cache line; an int64_t takes the room of two floats. */
static inline int64_t cn_aligned(int64_t floats) { return cn_blocks(floats, 16) * 16; }
static inline int64_t cn_round_columns(int64_t n) { return cn_blocks(n, CN_COLUMNS) * CN_COLUMNS; }

/* First sample of a lane; the first of the next lane ends it. */
static inline int64_t cn_lane_begin(const cn_context *ctx, int64_t lane) {
    return ctx->n * lane / ctx->lanes;
}

#endif
