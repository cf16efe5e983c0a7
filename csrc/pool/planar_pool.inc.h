/* Max-pool of 2 x 2 windows along the rows of a plane (planar.inc.h). */
#ifndef CN_POOL_PLANAR_POOL_INC_H
#define CN_POOL_PLANAR_POOL_INC_H

#include "pool/window.h"

#define VW CN_LANES
#include "isa/vector.h"

/* Indices of the even and of the odd elements of two vectors. */
#if CN_LANES == 16
#define CN_EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define CN_ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define CN_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define CN_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif CN_LANES == 8
#define CN_EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define CN_ODD 1, 3, 5, 7, 9, 11, 13, 15
#define CN_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define CN_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#elif CN_LANES == 4
#define CN_EVEN 0, 2, 4, 6
#define CN_ODD 1, 3, 5, 7
#define CN_LOW 0, 4, 1, 5
#define CN_HIGH 2, 6, 3, 7
#endif
#if CN_LANES > 1
#if defined(__clang__)
#define CN_SHUFFLE(a, b, ...) __builtin_shufflevector((a), (b), __VA_ARGS__)
#else
#define CN_SHUFFLE(a, b, ...) __builtin_shuffle((a), (b), (MASK){__VA_ARGS__})
#endif
#endif

/* One row of 2 x 2 windows of a plane; writes whole vectors. Winners as in window.inc.h. */
static void cn_pool_line(const float *z, int64_t z_row, int64_t n, float *y, uint8_t *winner) {
    for (int64_t i = 0; i < n; i += VW) {
        const float *a = z + 2 * i, *b = a + z_row;
#if CN_LANES > 1
        const VEC a0 = VLOAD(a), a1 = VLOAD(a + CN_LANES), b0 = VLOAD(b), b1 = VLOAD(b + CN_LANES);
        const VEC window[4] = {CN_SHUFFLE(a0, a1, CN_EVEN), CN_SHUFFLE(a0, a1, CN_ODD),
                               CN_SHUFFLE(b0, b1, CN_EVEN), CN_SHUFFLE(b0, b1, CN_ODD)};
        VEC best = window[0];
#else
        const VEC window[4] = {a[0], a[1], b[0], b[1]};
        VEC best = window[0];
#endif
        MASK number = {0};
#pragma GCC unroll 4
        for (int k = 1; k < 4; k++) NAME(cn_window_take)(window[k], k, &best, &number);
        VSTORE(y + i, best);
        if (winner) {
            uint8_t won[VW];
            TO_BYTES(won, number);
            memcpy(winner + i, won, (size_t)cn_min(n - i, VW));
        }
    }
}

/* Gradients of a window's row with numbers `first` and first + 1, for VW windows side by side: 2 VW pixels. */
CN_INLINE void cn_unpool_block(VEC g, MASK won, int32_t first, float *grad_preact) {
    const VEC even = VPICK(VEQUAL(won, (MASK){0} + first), g, VSET(0.0f));
    const VEC odd = VPICK(VEQUAL(won, (MASK){0} + (first + 1)), g, VSET(0.0f));
#if CN_LANES > 1
    VSTORE(grad_preact, CN_SHUFFLE(even, odd, CN_LOW));
    VSTORE(grad_preact + VW, CN_SHUFFLE(even, odd, CN_HIGH));
#else
    grad_preact[0] = even;
    grad_preact[1] = odd;
#endif
}

/* The converse: gradients of two rows of 2 n pixels from those of n pooled values, readable in whole vectors. Nothing
 * behind the rows is written. */
static void cn_unpool_line(const float *g, const uint8_t *winner, int64_t n, float *grad_preact,
                           int64_t grad_preact_row) {
    int64_t i = 0;
    for (; i + VW <= n; i += VW)
        for (int32_t r = 0; r < 2; r++)
            cn_unpool_block(VLOAD(g + i), FROM_BYTES(winner + i), 2 * r,
                            grad_preact + r * grad_preact_row + 2 * i);
    if (i == n) return;
    uint8_t won[VW] = {0};
    float tail[2 * VW];
    memcpy(won, winner + i, (size_t)(n - i));
    for (int32_t r = 0; r < 2; r++) {
        cn_unpool_block(VLOAD(g + i), FROM_BYTES(won), 2 * r, tail);
        memcpy(grad_preact + r * grad_preact_row + 2 * i, tail,
               (size_t)(2 * (n - i)) * sizeof(float));
    }
}

#include "isa/vector_end.h"

#endif
