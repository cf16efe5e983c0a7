/* Averages of windows that tile the map, for few channels: the loops over the channels are unrolled. The sums are those of
 * pool2d.inc.h. */
#ifndef CN_POOL_AVERAGE_FEW_INC_H
#define CN_POOL_AVERAGE_FEW_INC_H

#include "map/map.h"
#include "sizes.h"

/* F(C) for each number of channels. */
#define CN_FEW_POOLED(F) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8)

/* Whether windows lie side by side, without padding, and all inside the map. */
CN_INLINE int cn_windows_tile(const cn_pool_params *op) {
    return op->sh == op->kh && op->sw == op->kw && !op->pt && !op->pl &&
           op->dst.h * op->kh <= op->src.h && op->dst.w * op->kw <= op->src.w;
}

/* y = the average of each of w windows of kh x kw pixels of C channels. */
CN_INLINE void cn_average_row(const int C, const int64_t kh, const int64_t kw, const float *x,
                              int64_t x_row, int64_t w, float *restrict y) {
    const float area = (float)(kh * kw);
    for (int64_t n = 0; n < w; n++, x += kw * C, y += C) {
        float sum[8] = {0};
        for (int64_t i = 0; i < kh; i++)
            for (int64_t j = 0; j < kw; j++)
#pragma GCC unroll 8
                for (int k = 0; k < C; k++) sum[k] += x[i * x_row + j * C + k];
#pragma GCC unroll 8
        for (int k = 0; k < C; k++) y[k] = sum[k] / area;
    }
}

/* The gradient by the pixels of a row of windows. */
CN_INLINE void cn_average_row_grad(const int C, const int64_t kh, const int64_t kw,
                                   const float *restrict g, int64_t w, float *x, int64_t x_row) {
    const float share = 1.0f / (float)(kh * kw);
    for (int64_t n = 0; n < w; n++, x += kw * C, g += C)
        for (int64_t i = 0; i < kh; i++)
            for (int64_t j = 0; j < kw; j++)
#pragma GCC unroll 8
                for (int k = 0; k < C; k++) x[i * x_row + j * C + k] = 0.0f + share * g[k];
}

/* The average pool of a task if it is one of these; else returns 0. */
static int cn_avgpool_few(const cn_pool_params *op, const cn_task *t) {
    if (op->src.c > 8 || !cn_windows_tile(op)) return 0;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t i = 0; i < op->dst.h; i++) {
            const float *x = cn_line(t, &op->src, s, i * op->kh);
            float *y = cn_line(t, &op->dst, s, i);
            switch (op->src.c) {
#define CASE(C)                                                                                    \
    case C:                                                                                        \
        if (op->kh == 2 && op->kw == 2)                                                            \
            cn_average_row(C, 2, 2, x, op->src.row, op->dst.w, y);                                 \
        else                                                                                       \
            cn_average_row(C, op->kh, op->kw, x, op->src.row, op->dst.w, y);                       \
        break;
                CN_FEW_POOLED(CASE)
#undef CASE
            }
        }
    return 1;
}

/* Its gradient, in a map of zeros. */
static int cn_avgpool_few_grad(const cn_pool_params *op, const cn_task *t, int64_t s) {
    if (op->src.c > 8 || !cn_windows_tile(op)) return 0;
    for (int64_t i = 0; i < op->dst.h; i++) {
        const float *g = cn_line(t, &op->grad_dst, s, i);
        float *x = cn_line(t, &op->grad_src, s, i * op->kh);
        switch (op->src.c) {
#define CASE(C)                                                                                    \
    case C:                                                                                        \
        if (op->kh == 2 && op->kw == 2)                                                            \
            cn_average_row_grad(C, 2, 2, g, op->dst.w, x, op->grad_src.row);                       \
        else                                                                                       \
            cn_average_row_grad(C, op->kh, op->kw, g, op->dst.w, x, op->grad_src.row);             \
        break;
            CN_FEW_POOLED(CASE)
#undef CASE
        }
    }
    return 1;
}

#endif
