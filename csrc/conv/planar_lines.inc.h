/* Convolution with few channels (at most 8 on either side) and stride 1, with bias, activation and a
 * 2 x 2 max-pool fused. The other kernels' vectors run along the output channels; here they would be
 * nearly empty, so vectors run along the pixels.
 *
 * Each channel becomes a plane of rows of `pitch` floats, taken as one line: output p of the line reads
 * p + offset of each tap, and what falls on the last columns of a row, where windows leave it, is not used.
 *
 *   fwd       z[o][p] = bias[o] + sum over channels, taps: x[c][p + tap] * w[tap][c][o]
 *   data      the same over planes of grad_preact with a halo of zeros, the taps turned by 180 degrees
 *   weights   dw[tap][c][o] = sum over p: x[c][p + tap] * grad_preact[o][p]; grad_preact is 0 on unused columns
 *
 * The planes are followed by zeros, because vectors read beyond their ends.
 */
#ifndef CN_CONV_PLANAR_LINES_INC_H
#define CN_CONV_PLANAR_LINES_INC_H

#include "conv/layout.h"
#include "isa/simd.h"

#define VW CN_LANES
#include "isa/vector.h"

/* Accumulators that fit in registers beside the operands. */
#if CN_LANES == 16
#define CN_PLANAR_ACC 24
#else
#define CN_PLANAR_ACC 12
#endif
#define CN_PLANAR_BLOCK (CN_PLANAR_ACC / 4) /* vectors of a block, for each of four channels */

/* A convolution of lines: from planes of in_plane floats to planes of out_plane floats. */
typedef struct {
    const float *in;
    float *out;
    int64_t in_channels, in_plane, out_plane;
    int64_t length; /* outputs of a line */
    int64_t taps;
    const int64_t *offset; /* of each tap */
    const float *w;        /* weight of tap t, in channel c, out channel o: t*tap + c*in + o*out */
    int64_t w_tap, w_in, w_out;
    const float *bias; /* or NULL */
} cn_lines;

CN_INLINE void cn_lines_block(const cn_lines *l, const int O, const int B, int64_t o0, int64_t p) {
    VEC acc[8][8];
#pragma GCC unroll 8
    for (int o = 0; o < O; o++) {
        const VEC start = VSET(l->bias ? l->bias[o0 + o] : 0.0f);
#pragma GCC unroll 8
        for (int b = 0; b < B; b++) acc[o][b] = start;
    }
    for (int64_t c = 0; c < l->in_channels; c++)
        for (int64_t t = 0; t < l->taps; t++) {
            const float *x = l->in + c * l->in_plane + p + l->offset[t];
            const float *w = l->w + t * l->w_tap + c * l->w_in + o0 * l->w_out;
            VEC xv[8];
#pragma GCC unroll 8
            for (int b = 0; b < B; b++) xv[b] = VLOAD(x + b * CN_LANES);
#pragma GCC unroll 8
            for (int o = 0; o < O; o++) {
                const VEC wv = VSET(w[o * l->w_out]);
#pragma GCC unroll 8
                for (int b = 0; b < B; b++) acc[o][b] = VFMA(xv[b], wv, acc[o][b]);
            }
        }
#pragma GCC unroll 8
    for (int o = 0; o < O; o++)
#pragma GCC unroll 8
        for (int b = 0; b < B; b++)
            VSTORE(l->out + (o0 + o) * l->out_plane + p + b * CN_LANES, acc[o][b]);
}

/* All out channels, up to four at a time. The last block is whole: the planes have room for it. */
static void cn_lines_conv(const cn_lines *l, int64_t out_channels) {
    for (int64_t o0 = 0; o0 < out_channels; o0 += 4) {
        int64_t p = 0;
        switch (cn_min(out_channels - o0, 4)) {
#define CASE(O)                                                                                    \
    case O:                                                                                        \
        for (; p < l->length; p += CN_PLANAR_BLOCK * CN_LANES)                                     \
            cn_lines_block(l, O, CN_PLANAR_BLOCK, o0, p);                                          \
        break;
            CASE(1)
            CASE(2)
            CASE(3)
            CASE(4)
#undef CASE
        }
    }
}

/* Sum of a vector, by halves: a chain of additions would take longer than the products. */
CN_INLINE float cn_lanes_sum(VEC v) {
#if CN_LANES == 1
    return v;
#else
    float lane[CN_LANES];
    VSTORE(lane, v);
#if CN_LANES >= 16
    cn_store8(lane, cn_load8(lane) + cn_load8(lane + 8));
#endif
#if CN_LANES >= 8
    cn_store4(lane, cn_load4(lane) + cn_load4(lane + 4));
#endif
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
#endif
}

/* dw of Q taps and O out channels: dot products along the lines. */
CN_INLINE void cn_lines_dots(const int Q, const int O, const float *x, const int64_t *offset,
                             const float *g, int64_t g_plane, int64_t length, float *dw,
                             int64_t w_tap) {
    VEC acc[6][4];
#pragma GCC unroll 6
    for (int q = 0; q < Q; q++)
#pragma GCC unroll 4
        for (int o = 0; o < O; o++) acc[q][o] = VSET(0.0f);
    for (int64_t p = 0; p < length; p += CN_LANES) {
        VEC gv[4];
#pragma GCC unroll 4
        for (int o = 0; o < O; o++) gv[o] = VLOAD(g + o * g_plane + p);
#pragma GCC unroll 6
        for (int q = 0; q < Q; q++) {
            const VEC xv = VLOAD(x + offset[q] + p);
#pragma GCC unroll 4
            for (int o = 0; o < O; o++) acc[q][o] = VFMA(xv, gv[o], acc[q][o]);
        }
    }
#pragma GCC unroll 6
    for (int q = 0; q < Q; q++)
#pragma GCC unroll 4
        for (int o = 0; o < O; o++) {
            dw[q * w_tap + o] += cn_lanes_sum(acc[q][o]);
        }
}

static void cn_lines_dots_of(int64_t q, int64_t o, const float *x, const int64_t *offset,
                             const float *g, int64_t g_plane, int64_t length, float *dw,
                             int64_t w_tap) {
#define CASE(Q, O)                                                                                 \
    case (Q) * 8 + (O):                                                                            \
        cn_lines_dots(Q, O, x, offset, g, g_plane, length, dw, w_tap);                             \
        break;
#define CASES(Q) CASE(Q, 1) CASE(Q, 2) CASE(Q, 3) CASE(Q, 4)
    switch (q * 8 + o) {
        CASES(1)
        CASES(2)
        CASES(3)
#if CN_PLANAR_ACC > 12
        CASES(4)
        CASES(5)
        CASES(6)
#endif
    }
#undef CASES
#undef CASE
}

/* dw[taps][channels][oc] += for all lines. */
static void cn_lines_weights(const cn_conv_params *op, const float *x, int64_t x_plane,
                             const int64_t *offset, int64_t taps, const float *g, int64_t g_plane,
                             int64_t length, float *dw) {
    const int64_t c = op->src.c, oc = op->dst.c, most = CN_PLANAR_BLOCK;
    const int64_t parts = cn_blocks(taps, most);
    for (int64_t k = 0; k < c; k++)
        for (int64_t o = 0; o < oc; o += 4) /* parts whose sizes differ by at most 1 */
            for (int64_t part = 0; part < parts; part++) {
                const int64_t t0 = taps * part / parts, t1 = taps * (part + 1) / parts;
                cn_lines_dots_of(t1 - t0, oc - o < 4 ? oc - o : 4, x + k * x_plane, offset + t0,
                                 g + o * g_plane, g_plane, length, dw + (t0 * c + k) * oc + o,
                                 c * oc);
            }
}

/* Sum of a line, which zeros follow. */
static float cn_line_sum(const float *x, int64_t length) {
    VEC sum = VSET(0.0f);
    for (int64_t i = 0; i < length; i += CN_LANES) sum += VLOAD(x + i);
    return cn_lanes_sum(sum);
}

#include "isa/vector_end.h"

#endif
