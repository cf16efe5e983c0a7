/* Winograd's convolution of 3x3 by blocks of output channels, for wide weights and small maps. Channels are multiples of 16.
 *
 * With few tiles, most of the time of winograd.inc.h goes to reading the 36 transforms of each kernel. Here a task
 * computes a block of columns (output channels) for a block of tiles of the whole batch. It reads the 9 taps of its
 * kernels once, CN_WINOGRAD_DEPTH input channels at a time, and transforms them in the second-level cache:
 *
 *   u[36][depth][columns] = G w G^T
 *   m[36][tiles][columns] += v[36][tiles][depth] u[36][depth][columns]
 *
 * v are the transforms B^T d B of all tiles of the batch, in the arena. The stage before writes them once.
 *
 * The sums are those of winograd.inc.h, in the same order, so the results have the same bits.
 */
#ifndef CN_CONV_WINOGRAD_WIDE_INC_H
#define CN_CONV_WINOGRAD_WIDE_INC_H

#include "activation/activation.inc.h"
#include "conv/layout.h"
#include "conv/window.h"
#include "conv/winograd_transform.inc.h"
#include "map/map.h"

/* Transforms of input channels [k0, k0 + CN_WINOGRAD_DEPTH) of all samples: [36][tiles][CN_WINOGRAD_DEPTH], points
 * `plane` floats apart. */
CN_INLINE float *cn_wide_transforms(const cn_conv_params *op, const cn_task *t, int64_t plane,
                                    int64_t k0) {
    return t->arena + op->transforms + k0 / CN_WINOGRAD_DEPTH * CN_WINOGRAD_POINTS * plane;
}

static void winograd_transform(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t area = cn_wino_area(op), c = op->src.c;
    const int64_t plane = cn_wide_plane(op, ctx->n);
    cn_tiles tiles = cn_wino_tiles_of(cn_wino_size(op), op->oh, op->ow);
    tiles.count = area;
    for (int64_t s = t->s0; s < t->s1; s++) {
        const float *src = cn_window_origin(op, t->arena, s);
        for (int64_t k = 0; k < c; k += CN_WINOGRAD_DEPTH)
            cn_wino_gather(&tiles, src + k, 0, op->src.row, c, cn_min(CN_WINOGRAD_DEPTH, c - k),
                           cn_wide_transforms(op, t, plane, k) + s * area * CN_WINOGRAD_DEPTH,
                           plane, CN_WINOGRAD_DEPTH);
    }
}

#define VW CN_LANES
#include "isa/vector.h"

/* m[P][CN_COLUMNS] (+)= v[P][CN_WINOGRAD_DEPTH] u[depth][CN_COLUMNS] for NVEC vectors of columns. */
CN_INLINE void cn_wide_rows(const int P, const int NVEC, const float *v, const float *u,
                            int64_t depth, int add, float *m) {
    VEC acc[CN_MR][8];
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
#pragma GCC unroll 8
        for (int j = 0; j < NVEC; j++)
            acc[p][j] = add ? VLOAD(m + p * CN_COLUMNS + j * CN_LANES) : VSET(0.0f);
    for (int64_t k = 0; k < depth; k++, v++, u += CN_COLUMNS) {
        VEC w[8];
#pragma GCC unroll 8
        for (int j = 0; j < NVEC; j++) w[j] = VLOAD(u + j * CN_LANES);
#pragma GCC unroll 16
        for (int p = 0; p < P; p++) {
            const VEC x = VSET(v[p * CN_WINOGRAD_DEPTH]);
#pragma GCC unroll 8
            for (int j = 0; j < NVEC; j++) acc[p][j] = VFMA(x, w[j], acc[p][j]);
        }
    }
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
#pragma GCC unroll 8
        for (int j = 0; j < NVEC; j++) VSTORE(m + p * CN_COLUMNS + j * CN_LANES, acc[p][j]);
}

/* The vectors of a row of columns; of those that a tile of CN_MR rows holds in registers; and of those of a tile of few
 * rows, which needs several vectors per row to hide the latency of the multiply-adds. */
#define CN_ROW_VECTORS (CN_COLUMNS / CN_LANES)
#define CN_TILE_VECTORS (CN_WIDE / CN_LANES)
#define CN_FEW_VECTORS (CN_ROW_VECTORS < 8 ? CN_ROW_VECTORS : 8)

/* m[rows][CN_COLUMNS] (+)= v u for one point. */
static void cn_wide_product(const float *v, const float *u, int64_t rows, int64_t depth, int add,
                            float *m) {
    int64_t r = 0;
    for (; r + CN_MR <= rows; r += CN_MR)
        for (int j = 0; j < CN_ROW_VECTORS; j += CN_TILE_VECTORS)
            cn_wide_rows(CN_MR, CN_TILE_VECTORS, v + r * CN_WINOGRAD_DEPTH, u + j * CN_LANES, depth,
                         add, m + r * CN_COLUMNS + j * CN_LANES);
#define FEW(P, NVEC)                                                                               \
    for (; r + (P) <= rows; r += (P))                                                              \
        for (int j = 0; j < CN_ROW_VECTORS; j += (NVEC))                                           \
            cn_wide_rows(P, NVEC, v + r * CN_WINOGRAD_DEPTH, u + j * CN_LANES, depth, add,         \
                         m + r * CN_COLUMNS + j * CN_LANES);
    FEW(4, CN_TILE_VECTORS)
    FEW(2, CN_FEW_VECTORS)
    FEW(1, CN_FEW_VECTORS)
#undef FEW
}

/* u[36][depth][CN_COLUMNS] = G w G^T of input channels [k0, k0 + depth) and `columns` outputs from n0 on.
 *
 * The nine taps of a channel often lie a power of two apart, so that they compete for the same places in the caches, and
 * as short runs that the processor does not fetch ahead by itself. So they are copied together, and only those of the next
 * channel are fetched ahead. */
static void cn_wide_kernels(const float *w, int64_t c, int64_t oc, int64_t k0, int64_t depth,
                            int64_t n0, int64_t columns, float *u) {
    float taps[9][CN_COLUMNS];
    for (int64_t k = 0; k < depth; k++) {
        const float *from = w + (k0 + k) * oc + n0;
        const float *next = w + cn_min(k0 + k + 1, c - 1) * oc + n0;
        for (int tap = 0; tap < 9; tap++)
            for (int64_t j = 0; j < columns; j += CN_LANES)
                VSTORE(taps[tap] + j, VLOAD(from + tap * c * oc + j));
        for (int tap = 0; tap < 9; tap++)
            for (int64_t j = 0; j < columns; j += 16) __builtin_prefetch(next + tap * c * oc + j);
        for (int64_t j = 0; j < columns; j += CN_LANES) {
            VEC v[9];
#pragma GCC unroll 9
            for (int tap = 0; tap < 9; tap++) v[tap] = VLOAD(taps[tap] + j);
            cn_wino_kernels(3, v, u + k * CN_COLUMNS + j, CN_KERNEL_PLANE);
        }
    }
}

#include "isa/vector_end.h"

/* Tasks: blocks of columns, each for all blocks of tiles. */
static void winograd_wide_fwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c, oc = op->dst.c, area = cn_wino_area(op), all = ctx->n * area;
    const int64_t blocks = cn_wide_tile_blocks(op, ctx->n), most = cn_blocks(all, blocks);
    const int64_t n0 = t->number / blocks * CN_COLUMNS;
    const int64_t columns = cn_min(CN_COLUMNS, oc - n0);
    cn_tiles tiles = cn_wino_tiles_of(cn_wino_size(op), op->oh, op->ow);
    tiles.first = t->number % blocks * most;
    tiles.count = cn_min(most, all - tiles.first);
    const float *w = ctx->params + op->weights;
    float *u = t->scratch, *m = u + CN_WINOGRAD_POINTS * CN_KERNEL_PLANE;
    const int64_t plane = cn_wide_plane(op, ctx->n);
    for (int64_t k = 0; k < c; k += CN_WINOGRAD_DEPTH) {
        const int64_t depth = cn_min(CN_WINOGRAD_DEPTH, c - k);
        const float *v = cn_wide_transforms(op, t, plane, k) + tiles.first * CN_WINOGRAD_DEPTH;
        cn_wide_kernels(w, c, oc, k, depth, n0, columns, u);
        for (int point = 0; point < CN_WINOGRAD_POINTS; point++)
            cn_wide_product(v + point * plane, u + point * CN_KERNEL_PLANE, tiles.count, depth,
                            k > 0, m + point * CN_TILES_PLANE);
    }
    float *dst = cn_map_at(t, &op->dst, 0) + n0;
    cn_wino_scatter(&tiles, m, CN_TILES_PLANE, CN_COLUMNS,
                    op->bias < 0 ? NULL : ctx->params + op->bias + n0, op->activation == CN_RELU,
                    dst, op->dst.sample, op->dst.row, op->dst.pixel, op->oh, op->ow, columns);
    if (op->activation == CN_LINEAR || op->activation == CN_RELU) return;
    for (int64_t i = 0; i < tiles.count; i++) {
        int64_t s, y0, x0;
        cn_tile_at(&tiles, i, &s, &y0, &x0);
        for (int64_t y = y0; y < cn_min(y0 + 4, op->oh); y++)
            for (int64_t x = x0; x < cn_min(x0 + 4, op->ow); x++) {
                float *at = dst + s * op->dst.sample + y * op->dst.row + x * op->dst.pixel;
                cn_activate(op->activation, at, at, columns);
            }
    }
}

#endif
