/* Depthwise convolution, row by row, where a kernel row has Q taps side by side and outputs are S inputs apart. Each
 * input is loaded once per kernel row for all its taps. An output is the same chain of multiply-adds as in
 * conv/depthwise_block.inc.h.
 *
 * Maps are often larger than the caches, and too many lines are read at once for the processor to foresee the next
 * ones: each row prefetches the inputs and the outputs of the row below it.
 *
 * Pixels that are a large power of two apart share a few lines of the first-level cache and push one another out. A
 * slice of their channels is therefore copied into a ring of as many input rows as a window has, unless a vector is a whole
 * line, which is read once.
 */
#ifndef CN_CONV_DEPTHWISE_ROW_INC_H
#define CN_CONV_DEPTHWISE_ROW_INC_H

#include "conv/layout.h"
#include "conv/window.h"
#include "isa/simd.h"

#define VW CN_LANES
#include "isa/vector.h"

/* A row of outputs. in[r]: the first input of kernel row r. next_in, next_y: the S rows of inputs and the row of outputs
 * to prefetch; or NULL. */
typedef struct {
    const float *in[CN_DEPTHWISE_ROWS];
    int64_t rows, in_pixel, in_row;
    float *y;
    int64_t columns, y_pixel;
    const float *next_in, *next_y;
    const int64_t *tap;
    const float *w, *bias;
    int relu;
} cn_depthwise_row;

/* P pixels from column i on, VW channels from k on. */
CN_INLINE void cn_depthwise_row_pixels(const int P, const int Q, const int S,
                                       const cn_depthwise_row *d, int64_t i, int64_t k) {
    VEC acc[8];
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) acc[p] = d->bias ? VLOAD(d->bias + k) : VSET(0.0f);
    for (int64_t r = 0; r < d->rows; r++) {
        const float *in = d->in[r] + i * S * d->in_pixel + k;
        VEC w[5];
#pragma GCC unroll 5
        for (int q = 0; q < Q; q++) w[q] = VLOAD(d->w + d->tap[r * Q + q] + k);
#pragma GCC unroll 32
        for (int j = 0; j < (P - 1) * S + Q; j++) {
            const VEC x = VLOAD(in + j * d->in_pixel);
#pragma GCC unroll 5
            for (int q = 0; q < Q; q++)
                if (j >= q && (j - q) % S == 0 && (j - q) / S < P)
                    acc[(j - q) / S] = VFMA(x, w[q], acc[(j - q) / S]);
        }
    }
    if (d->next_y) { /* of the P pixels below, this call's share */
        const float *x = d->next_in + i * S * d->in_pixel + k * P * S;
        const float *y = d->next_y + i * d->y_pixel + k * P;
#pragma GCC unroll 2
        for (int r = 0; r < S; r++)
#pragma GCC unroll 16
            for (int j = 0; j < P * S * VW; j += CN_LINE_FLOATS)
                __builtin_prefetch(x + r * d->in_row + j, 0, 2);
#pragma GCC unroll 8
        for (int j = 0; j < P * VW; j += CN_LINE_FLOATS) __builtin_prefetch(y + j, 1, 2);
    }
    float *y = d->y + i * d->y_pixel + k;
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) VSTORE(y + p * d->y_pixel, d->relu ? VRELU(acc[p]) : acc[p]);
}

/* A row in blocks of P pixels; the last block and the last vector may overlap those before. */
CN_INLINE void cn_depthwise_row_blocks(const int Q, const int S, const cn_depthwise_row *d,
                                       int64_t channels) {
    const int64_t P = cn_blocks(d->columns, cn_blocks(d->columns, 8));
    for (int64_t begin = 0; begin < d->columns; begin += P) {
        const int64_t i = cn_min(begin, d->columns - P);
        switch (P) {
#define SIZE(P)                                                                                    \
    case P:                                                                                        \
        for (int64_t k = 0; k < channels; k += VW)                                                 \
            cn_depthwise_row_pixels(P, Q, S, d, i, cn_min(k, channels - VW));                      \
        break;
            SIZE(1)
            SIZE(2)
            SIZE(3)
            SIZE(4)
            SIZE(5)
            SIZE(6)
            SIZE(7)
            SIZE(8)
#undef SIZE
        }
    }
}

typedef void (*cn_depthwise_row_kernel)(const cn_depthwise_row *, int64_t channels);

#define CN_DEPTHWISE_KERNELS(F) F(3, 1) F(3, 2) F(5, 1) F(5, 2)
#define KERNEL(Q, S)                                                                               \
    static void cn_depthwise_row_##Q##_##S(const cn_depthwise_row *d, int64_t channels) {          \
        cn_depthwise_row_blocks(Q, S, d, channels);                                                \
    }
CN_DEPTHWISE_KERNELS(KERNEL)
#undef KERNEL

/* The kernel for q taps side by side and a stride of s, or NULL. */
static cn_depthwise_row_kernel cn_depthwise_row_of(int64_t q, int64_t s) {
#define FIND(Q, S)                                                                                 \
    if (q == (Q) && s == (S)) return cn_depthwise_row_##Q##_##S;
    CN_DEPTHWISE_KERNELS(FIND)
#undef FIND
    return NULL;
}

/* Copy `slice` channels of n pixels, and prefetch those one row below. */
static void cn_depthwise_copy(const float *from, int64_t pixel, int64_t row, float *to,
                              int64_t slice, int64_t n) {
    for (int64_t j = 0; j < n; j++, from += pixel, to += slice) {
        for (int64_t k = 0; k < slice; k += VW) VSTORE(to + k, VLOAD(from + k));
        for (int64_t k = 0; k < slice; k += CN_LINE_FLOATS)
            __builtin_prefetch(from + row + k, 0, 2);
    }
}

/* All channels of one sample if a kernel fits the taps, of which a kernel row has q; else returns 0. in_row: floats from
 * one input row to the next. ring: scratch of cn_depthwise_ring floats. */
static int cn_depthwise_rows(const cn_grid *grid, int64_t in_row, const cn_taps *taps, int64_t q,
                             const int64_t *tap, const float *w, const float *bias, int relu,
                             int64_t channels, float *ring) {
    const int64_t stride = grid->x_pixel / channels;
    const cn_depthwise_row_kernel kernel = cn_depthwise_row_of(q, stride);
    if (!kernel || channels < VW || taps->nseg > q * CN_DEPTHWISE_ROWS) return 0;
    int64_t first = taps->seg[0], last = first;
    for (int64_t i = 0; i < taps->nseg; i++) {
        if (taps->seg[i] != taps->seg[i / q * q] + i % q * channels) return 0;
        if (i % q == 0) first = cn_min(first, taps->seg[i]), last = cn_max(last, taps->seg[i]);
    }
    const int64_t depth = (last - first) / in_row + 1, columns = (grid->columns - 1) * stride + q;
    const int64_t slice = CN_LANES < CN_LINE_FLOATS ? cn_depthwise_slice(channels) : channels;
    const int copy = slice < channels;
    cn_depthwise_row d = {.rows = taps->nseg / q,
                          .in_pixel = slice,
                          .in_row = in_row,
                          .columns = grid->columns,
                          .y_pixel = grid->y_pixel,
                          .tap = tap,
                          .relu = relu};
    for (int64_t k = 0; k < channels; k += slice) {
        d.w = w + k;
        d.bias = bias ? bias + k : NULL;
        for (int64_t row = 0, next = 0; row < grid->rows; row++) {
            const int64_t top = row * grid->x_row / in_row; /* first input row of the windows */
            const float *x = grid->x + top * in_row + k;
            d.y = grid->y + row * grid->y_row + k;
            if (copy) {
                for (next = cn_max(next, top); next < top + depth; next++)
                    cn_depthwise_copy(grid->x + first + next * in_row + k, channels, in_row,
                                      ring + next % depth * columns * slice, slice, columns);
            } else {
                d.next_in = x + last + in_row;
                d.next_y = d.y + grid->y_row;
            }
            for (int64_t r = 0; r < d.rows; r++) {
                const int64_t below = taps->seg[r * q] - first;
                d.in[r] = copy ? ring + (top + below / in_row) % depth * columns * slice
                               : x + first + below;
            }
            kernel(&d, slice);
        }
    }
    return 1;
}

#undef CN_DEPTHWISE_KERNELS
#include "isa/vector_end.h"

#endif
