/* Zeros around a map: y[i + pt][j + pl] = x[i][j], the rest of y is 0; gx[i][j] = gy[i + pt][j + pl]. */
#ifndef CN_MAP_PAD_INC_H
#define CN_MAP_PAD_INC_H

#include "convnet.h"
#include "map/map.h"

static void zeropad_fwd(const cn_pad_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t line = op->dst.w * op->dst.c, before = op->pl * op->src.c;
    const int64_t length = op->src.w * op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->dst.h; y++) {
            float *out = cn_line(t, &op->dst, s, y);
            memset(out, 0, (size_t)line * sizeof(float));
            if (y >= op->pt && y < op->pt + op->src.h)
                memcpy(out + before, cn_line(t, &op->src, s, y - op->pt),
                       (size_t)length * sizeof(float));
        }
}

static void zeropad_bwd(const cn_pad_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            memcpy(cn_line(t, &op->grad_src, s, y),
                   cn_line(t, &op->grad_dst, s, y + op->pt) + op->pl * op->src.c,
                   (size_t)(op->src.w * op->src.c) * sizeof(float));
}

#endif
