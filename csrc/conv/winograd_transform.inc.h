/* Convolutions of 3x3 and 5x5 with stride 1 by Winograd's F(4x4, 3x3) and F(2x2, 5x5) (Lavin and Gray, "Fast algorithms
 * for convolutional neural networks", CVPR 2016): a tile of 4 x 4 or 2 x 2 outputs takes 36 products a pair of channels
 * where the direct sum takes 144 or 100. Both have the same transform of the inputs. With d a tile of 6 x 6 inputs, w a
 * kernel, g a tile of grad_preact:
 *
 *   fwd       y  = A^T [(G w G^T) . (B^T d B)] A
 *   data      the same over grad_preact, with the kernel turned by 180 degrees
 *   weights   dw = sum over blocks of tiles: G^T [sum over the block (A g A^T) . (B^T d B)] G
 *
 * where . is the product of elements; over all channels it is one matrix product for each of the 36
 * points: [tiles][c] x [c][oc], or in the weight gradient [tiles][c]^T x [tiles][oc]. A block of tiles
 * goes through all three steps in the second-level cache. There are 8 channels or more on both sides. The last vector of a
 * transform is also a whole one: it overlaps the one before.
 *
 * Tiles reach beyond the map; what they read there is zero (the halo is widened for them) or is
 * dropped with the outputs that it would give.
 */
#ifndef CN_CONV_WINOGRAD_TRANSFORM_INC_H
#define CN_CONV_WINOGRAD_TRANSFORM_INC_H

#include "gemm/gemm.inc.h"
#include "isa/simd.h"
#include "sizes.h"

/* Tiles [first, first + count) of samples whose maps have `rows` x `columns` tiles of size x size outputs. */
typedef struct {
    int64_t size, rows, columns, first, count;
} cn_tiles;

CN_INLINE cn_tiles cn_wino_tiles_of(int64_t size, int64_t h, int64_t w) {
    return (cn_tiles){.size = size, .rows = cn_blocks(h, size), .columns = cn_blocks(w, size)};
}

CN_INLINE void cn_tile_at(const cn_tiles *t, int64_t i, int64_t *sample, int64_t *y, int64_t *x) {
    const int64_t tile = t->first + i, area = t->rows * t->columns;
    *sample = tile / area;
    *y = tile % area / t->columns * t->size;
    *x = tile % t->columns * t->size;
}

#define CN_TEMPLATE "conv/winograd_tiles.inc.h"
#if CN_LANES == 16
#define VW 8
#include "isa/template.h"
#endif
#define VW CN_LANES
#include "isa/template.h"
#undef CN_TEMPLATE

/* Call F for vectors as wide as `channels` allow. */
#if CN_LANES == 16
#define CN_WINO_WIDTH(channels, F, ...)                                                            \
    do {                                                                                           \
        if ((channels) < CN_LANES)                                                                 \
            CN_NAME(F, 8, 1)(__VA_ARGS__);                                                         \
        else                                                                                       \
            CN_NAME(F, CN_LANES, 1)(__VA_ARGS__);                                                  \
    } while (0)
#else
#define CN_WINO_WIDTH(channels, F, ...) CN_NAME(F, CN_LANES, 1)(__VA_ARGS__)
#endif

/* planes[36][count][c], rows `line` floats apart, = B^T d B of tiles of c channels of src, whose pixel (0, 0) of sample 0 is
 * the first tile's; pixels are `pixel` floats apart. */
static void cn_wino_gather(const cn_tiles *tiles, const float *src, int64_t sample, int64_t row,
                           int64_t pixel, int64_t c, float *planes, int64_t plane, int64_t line) {
    CN_WINO_WIDTH(c, cn_wino_gather, tiles, src, sample, row, pixel, c, planes, plane, line);
}

/* planes[36][count][c] = A g A^T of tiles of c channels of grad_preact; what lies beyond h x w pixels counts as 0. */
static void cn_wino_gather_grad(const cn_tiles *tiles, const float *grad_preact, int64_t sample,
                                int64_t row, int64_t pixel, int64_t h, int64_t w, int64_t c,
                                float *planes, int64_t plane) {
    if (tiles->size == 4)
        CN_WINO_WIDTH(c, cn_wino_gather_grad_of, 4, tiles, grad_preact, sample, row, pixel, h, w, c,
                      planes, plane);
    else
        CN_WINO_WIDTH(c, cn_wino_gather_grad_of, 2, tiles, grad_preact, sample, row, pixel, h, w, c,
                      planes, plane);
}

/* dst = act(bias + A^T planes A) for the outputs of the tiles that lie in a map of h x w, from planes[36][count][channels]
 * with rows `line` floats apart. Pixels of dst are `pixel` floats apart, so dst may be a slice of a wider map. */
static void cn_wino_scatter(const cn_tiles *tiles, const float *planes, int64_t plane, int64_t line,
                            const float *bias, int relu, float *dst, int64_t sample, int64_t row,
                            int64_t pixel, int64_t h, int64_t w, int64_t channels) {
    if (tiles->size == 4)
        CN_WINO_WIDTH(channels, cn_wino_scatter_of, 4, tiles, planes, plane, line, bias, relu, dst,
                      sample, row, pixel, h, w, channels);
    else
        CN_WINO_WIDTH(channels, cn_wino_scatter_of, 2, tiles, planes, plane, line, bias, relu, dst,
                      sample, row, pixel, h, w, channels);
}

#define VW CN_LANES
#include "isa/vector.h"

/* G w of 3 or 5 taps */
CN_INLINE void cn_wino_kernel(const int taps, const VEC w[5], VEC t[6]) {
    VEC outer = w[0] + w[2];
    VEC odd = w[1], middle = VSET(1.0f / 12.0f) * w[1];
    VEC wide = VFMA(VSET(1.0f / 6.0f), w[2], VSET(1.0f / 24.0f) * w[0]);
    if (taps == 5) {
        outer += w[4];
        odd += w[3];
        middle = VFMA(VSET(1.0f / 3.0f), w[3], middle);
        wide = VFMA(VSET(2.0f / 3.0f), w[4], wide);
    }
    t[0] = VSET(0.25f) * w[0];
    t[1] = VSET(-1.0f / 6.0f) * (outer + odd);
    t[2] = VSET(-1.0f / 6.0f) * (outer - odd);
    t[3] = wide + middle;
    t[4] = wide - middle;
    t[5] = w[taps - 1];
}

/* G^T u: 3 or 5 taps */
CN_INLINE void cn_wino_kernel_grad(const int taps, const VEC u[6], VEC w[5]) {
    const VEC near = VSET(-1.0f / 6.0f) * (u[1] + u[2]), far = u[3] + u[4];
    w[0] = VFMA(VSET(1.0f / 24.0f), far, VFMA(VSET(0.25f), u[0], near));
    if (taps == 5) {
        const VEC odd = VSET(1.0f / 6.0f) * (u[2] - u[1]), twice = u[3] - u[4];
        w[1] = VFMA(VSET(1.0f / 12.0f), twice, odd);
        w[2] = VFMA(VSET(1.0f / 6.0f), far, near);
        w[3] = VFMA(VSET(1.0f / 3.0f), twice, odd);
        w[4] = VFMA(VSET(2.0f / 3.0f), far, near + u[5]);
        return;
    }
    w[1] = VFMA(VSET(1.0f / 12.0f), u[3] - u[4], VSET(1.0f / 6.0f) * (u[2] - u[1]));
    w[2] = VFMA(VSET(1.0f / 6.0f), far, near + u[5]);
}

/* u[point] = G w G^T of CN_LANES kernels of taps x taps: w[t] is tap t of each; points are `step` floats apart. */
CN_INLINE void cn_wino_kernels(const int taps, const VEC *w, float *u, int64_t step) {
    VEC t[6][5], out[6];
#pragma GCC unroll 5
    for (int b = 0; b < taps; b++) {
        VEC column[5], half[6];
#pragma GCC unroll 5
        for (int a = 0; a < taps; a++) column[a] = w[a * taps + b];
        cn_wino_kernel(taps, column, half);
#pragma GCC unroll 6
        for (int a = 0; a < 6; a++) t[a][b] = half[a];
    }
#pragma GCC unroll 6
    for (int a = 0; a < 6; a++) {
        cn_wino_kernel(taps, t[a], out);
#pragma GCC unroll 6
        for (int b = 0; b < 6; b++) VSTORE(u + (a * 6 + b) * step, out[b]);
    }
}

/* The first taps * taps of 36 values, `point` floats apart, become G^T u G: the gradient of CN_LANES kernels from that of
 * their transforms. */
CN_INLINE void cn_wino_kernels_grad(const int taps, float *u, int64_t point) {
    VEC t[5][6], out[5];
#pragma GCC unroll 6
    for (int b = 0; b < 6; b++) {
        VEC column[6], half[5];
#pragma GCC unroll 6
        for (int a = 0; a < 6; a++) column[a] = VLOAD(u + (a * 6 + b) * point);
        cn_wino_kernel_grad(taps, column, half);
#pragma GCC unroll 5
        for (int a = 0; a < taps; a++) t[a][b] = half[a];
    }
#pragma GCC unroll 5
    for (int a = 0; a < taps; a++) {
        cn_wino_kernel_grad(taps, t[a], out);
#pragma GCC unroll 5
        for (int b = 0; b < taps; b++) VSTORE(u + (a * taps + b) * point, out[b]);
    }
}

/* The kernels of taps x taps from input channel k to CN_LANES outputs from j on, 0 beyond the last output; turned: the data
 * gradient's, from output k to inputs, by 180 degrees. w is (taps, taps, c, oc). */
CN_INLINE void cn_wino_load(const int taps, const float *w, int64_t c, int64_t oc, int turned,
                            int64_t k, int64_t j, VEC *v) {
    const int64_t m = cn_min((turned ? c : oc) - j, CN_LANES);
    for (int t = 0; t < taps * taps; t++)
        if (!turned && m == CN_LANES)
            v[t] = VLOAD(w + (t * c + k) * oc + j);
        else {
            float column[CN_LANES] = {0};
            const float *from =
                turned ? w + ((taps * taps - 1 - t) * c + j) * oc + k : w + (t * c + k) * oc + j;
            for (int i = 0; i < m; i++) column[i] = from[turned ? i * oc : i];
            v[t] = VLOAD(column);
        }
}

CN_INLINE void cn_wino_pack_of(const int taps, const float *w, int64_t c, int64_t oc, int turned,
                               int64_t n0, float *packed) {
    const int64_t K = turned ? oc : c, n = turned ? c : oc, step = K * cn_round_columns(n);
    float part[CN_WINOGRAD_POINTS * CN_LANES];
    for (int64_t j = n0; j < n0 + CN_COLUMNS && j < n; j += CN_LANES) {
        /* the block of column j, and its columns from j on */
        const int64_t block = j / CN_WIDE * CN_WIDE, width = cn_block(n - block);
        const int64_t left = block + width - j;
        for (int64_t k = 0; k < K; k++) {
            VEC v[25];
            float *to = packed + block * K + k * width + j - block;
            cn_wino_load(taps, w, c, oc, turned, k, j, v);
            if (left >= CN_LANES) {
                cn_wino_kernels(taps, v, to, step);
                continue;
            }
            cn_wino_kernels(taps, v, part, CN_LANES);
            for (int64_t i = 0; i < CN_WINOGRAD_POINTS; i++)
                memcpy(to + i * step, part + i * CN_LANES, (size_t)left * sizeof(float));
        }
    }
}

/* packed[36][K][n] = G w G^T of kernels of taps x taps, in blocks of columns, for columns [n0, n0 + CN_COLUMNS) of n;
 * turned: the data gradient's, whose K and n are swapped. */
static void cn_wino_pack(int64_t taps, const float *w, int64_t c, int64_t oc, int turned,
                         int64_t n0, float *packed) {
    if (taps == 3)
        cn_wino_pack_of(3, w, c, oc, turned, n0, packed);
    else
        cn_wino_pack_of(5, w, c, oc, turned, n0, packed);
}

#include "isa/vector_end.h"

#endif
