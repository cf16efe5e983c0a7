/* Products of gathered rows with packed weights: the one loop under convolution and dense layers.
 *
 * Weights of K rows and n columns are packed in blocks of columns, [block][K][width], each block as
 * wide as cn_block says, the last one filled up with zeros. A packed matrix takes
 * K * (n rounded up to CN_COLUMNS) floats at the most, whatever the instruction set.
 */
#ifndef CN_GEMM_GEMM_INC_H
#define CN_GEMM_GEMM_INC_H

#include "isa/simd.h"
#include "sizes.h"

/* P gathered rows times one block of columns. x[p] + seg[s] starts run s of klen values of row p. */
typedef struct {
    const float *x[CN_MR];
    float *y[CN_MR];
    const int64_t *seg;
    int64_t nseg, klen;
    const float *bias; /* of the block's first column, readable to its width; or NULL */
    int64_t column;    /* of the block, added to y[p] */
    int64_t n;         /* columns of the block that exist */
    int relu;
} cn_tile;

/* dw (p rows of ldw) += sum over samples, rows and columns of x[0..p) times g[0..n); with `fresh`, dw = this sum. */
typedef struct {
    const float *x, *g;
    int64_t samples, rows, columns;
    int64_t x_sample, x_row, x_pixel, g_sample, g_row, g_pixel;
    float *dw;
    int64_t ldw, n;
    int fresh;
} cn_outer;

#define CN_TEMPLATE "gemm/tile.inc.h"
#if CN_LANES == 1
#define VW 1
#define NV 4
#include "isa/template.h"
#define VW 1
#define NV 1
#include "isa/template.h"
#define CN_BLOCK_WIDTHS(F) F(4, 1, 4) F(1, 1, 1)
#elif CN_LANES == 4
#define VW 4
#define NV 2
#include "isa/template.h"
#define VW 4
#define NV 1
#include "isa/template.h"
#define CN_BLOCK_WIDTHS(F) F(8, 4, 2) F(4, 4, 1)
#elif CN_LANES == 8
#define VW 8
#define NV 2
#include "isa/template.h"
#define VW 8
#define NV 1
#include "isa/template.h"
#define VW 4
#define NV 1
#include "isa/template.h"
#define CN_BLOCK_WIDTHS(F) F(16, 8, 2) F(8, 8, 1) F(4, 4, 1)
#else
#define VW 16
#define NV 2
#include "isa/template.h"
#define VW 8
#define NV 3
#include "isa/template.h"
#define VW 16
#define NV 1
#include "isa/template.h"
#define VW 8
#define NV 1
#include "isa/template.h"
#define VW 4
#define NV 1
#include "isa/template.h"
#define CN_BLOCK_WIDTHS(F) F(32, 16, 2) F(24, 8, 3) F(16, 16, 1) F(8, 8, 1) F(4, 4, 1)
#endif
#undef CN_TEMPLATE

/* Width of the next block when `left` columns remain: the narrowest block that holds them all, else the widest
 * block. */
CN_INLINE int64_t cn_block(int64_t left) {
    int64_t width = CN_WIDE;
#define NARROWER(W, VW, NV)                                                                        \
    if (left <= (W)) width = W;
    CN_BLOCK_WIDTHS(NARROWER)
#undef NARROWER
    return width;
}

/* Rows of the next tile when `left` remain: the last two tiles are about equal, because a tile of a few rows has too few
 * sums to hide the latency of the multiply-adds. */
CN_INLINE int cn_tile_rows(int64_t left) {
    return (int)(left <= CN_MR ? left : left < 2 * CN_MR ? (left + 1) / 2 : CN_MR);
}

/* Tile of p <= CN_MR rows over a block of `width` columns. */
CN_INLINE void cn_tile_fwd(const cn_tile *t, const float *w, int64_t width, int p) {
    switch (width) {
#define CASE(W, VW, NV)                                                                            \
    case W:                                                                                        \
        CN_NAME(cn_tile_fwd, VW, NV)(t, w, p);                                                     \
        break;
        CN_BLOCK_WIDTHS(CASE)
#undef CASE
    }
}

CN_INLINE void cn_outer_add(const cn_outer *o, int64_t width, int p) {
    switch (width) {
#define CASE(W, VW, NV)                                                                            \
    case W:                                                                                        \
        CN_NAME(cn_tile_weights, VW, NV)(o, p);                                                    \
        break;
        CN_BLOCK_WIDTHS(CASE)
#undef CASE
    }
}

/* y[rows][n] = act(x[rows][K] w + bias) for columns [n0, n1) of n; n0 at a block's edge. */
static void cn_gemm(const float *x, int64_t x_row, int64_t rows, const float *packed, int64_t K,
                    int64_t n, int64_t n0, int64_t n1, float *y, int64_t y_row, const float *bias,
                    int relu) {
    const int64_t zero = 0;
    cn_tile t = {.seg = &zero, .nseg = 1, .klen = K, .relu = relu};
    for (int64_t c = n0; c < n1;) {
        const int64_t width = cn_block(n - c);
        t.column = c;
        t.n = n - c < width ? n - c : width;
        t.bias = bias ? bias + c : NULL;
        for (int64_t r = 0, p; r < rows; r += p) {
            p = cn_tile_rows(rows - r);
            for (int i = 0; i < p; i++) {
                t.x[i] = x + (r + i) * x_row;
                t.y[i] = y + (r + i) * y_row;
            }
            cn_tile_fwd(&t, packed + c * K, width, (int)p);
        }
        c += width;
    }
}

/* Pack columns [n0, n1) of w[K][n] (or, transposed, of w[n][K]), rows ldw apart. */
static void cn_pack(const float *w, int64_t ldw, int transposed, int64_t K, int64_t n, int64_t n0,
                    int64_t n1, float *packed) {
    for (int64_t c = n0; c < n1;) {
        const int64_t width = cn_block(n - c);
        const int64_t m = n - c < width ? n - c : width;
        float *dst = packed + c * K;
        for (int64_t k = 0; k < K; k++, dst += width)
            for (int64_t j = 0; j < width; j++)
                dst[j] = j >= m ? 0.0f : transposed ? w[(c + j) * ldw + k] : w[k * ldw + c + j];
        c += width;
    }
}

/* dw[K][n] (rows ldw apart) += x[rows][K]^T g[rows][n] for k in [k0, k1). */
static void cn_gemm_weights(const float *x, int64_t x_row, const float *g, int64_t g_row,
                            int64_t rows, int64_t n, int64_t k0, int64_t k1, float *dw,
                            int64_t ldw) {
    cn_outer o = {
        .samples = 1, .rows = 1, .columns = rows, .x_pixel = x_row, .g_pixel = g_row, .ldw = ldw};
    for (int64_t c = 0; c < n;) {
        const int64_t width = cn_block(n - c);
        o.n = n - c < width ? n - c : width;
        o.g = g + c;
        for (int64_t k = k0, p; k < k1; k += p) {
            p = cn_tile_rows(k1 - k);
            o.x = x + k;
            o.dw = dw + k * ldw + c;
            cn_outer_add(&o, width, (int)p);
        }
        c += width;
    }
}

#endif
