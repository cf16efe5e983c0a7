/* PReLU (He et al., 2015), with a learned slope of each channel:
 *
 *   y = z where z > 0, else alpha z
 *   gz = g where z > 0, else alpha g
 *   galpha = sum of g z over the pixels where z <= 0
 */
#ifndef CN_ACTIVATION_PRELU_INC_H
#define CN_ACTIVATION_PRELU_INC_H

#include "convnet.h"
#include "map/map.h"

static void prelu_fwd(const cn_prelu_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c;
    const float *restrict alpha = ctx->params + op->alpha;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t i = 0; i < op->src.h; i++) {
            const float *restrict z = cn_line(t, &op->src, s, i);
            float *restrict y = cn_line(t, &op->dst, s, i);
            for (int64_t j = 0; j < op->src.w; j++, z += c, y += c)
                for (int64_t k = 0; k < c; k++) y[k] = z[k] > 0.0f ? z[k] : alpha[k] * z[k];
        }
}

/* Scratch: the gradient by alpha of one sample, in double, so that it is as exact for a large map as for a small one.
 * It is added to the lane's sample by sample, so that it does not matter which samples a call takes. */
static void prelu_bwd(const cn_prelu_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c;
    const float *restrict alpha = ctx->params + op->alpha;
    double *restrict sum = (double *)t->scratch;
    float *restrict grad_alpha = ctx->lane_grads + t->slot * ctx->lane_size + op->grad_alpha;
    for (int64_t s = t->s0; s < t->s1; s++) {
        for (int64_t k = 0; k < c; k++) sum[k] = 0.0;
        for (int64_t i = 0; i < op->src.h; i++) {
            const float *restrict z = cn_line(t, &op->src, s, i);
            const float *restrict g = cn_line(t, &op->grad_dst, s, i);
            float *restrict gz = op->data_gradient ? cn_line(t, &op->grad_src, s, i) : NULL;
            for (int64_t j = 0; j < op->src.w; j++, z += c, g += c) {
                if (op->grad_alpha >= 0)
                    for (int64_t k = 0; k < c; k++)
                        sum[k] += z[k] > 0.0f ? 0.0 : (double)g[k] * (double)z[k];
                if (gz) {
                    for (int64_t k = 0; k < c; k++) gz[k] = z[k] > 0.0f ? g[k] : alpha[k] * g[k];
                    gz += c;
                }
            }
        }
        if (op->grad_alpha >= 0)
            for (int64_t k = 0; k < c; k++) grad_alpha[k] += (float)sum[k];
    }
}

#endif
