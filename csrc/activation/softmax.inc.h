/* Softmax over the channels of each pixel:
 *
 *   y[k] = exp(z[k] - max z) / sum of exp(z[j] - max z)
 *   gz[k] = y[k] (g[k] - sum of g[j] y[j])
 *
 * Sums have CN_SUM_PARTS parts, which are added in a tree: the order is the same for every width of vectors. A NaN makes all
 * channels of its pixel NaN.
 */
#ifndef CN_ACTIVATION_SOFTMAX_INC_H
#define CN_ACTIVATION_SOFTMAX_INC_H

#include "activation/activation.inc.h"
#include "convnet.h"
#include "map/map.h"

#define CN_SUM_PARTS 16

CN_INLINE float cn_add_parts(float *part) {
    for (int width = CN_SUM_PARTS / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) part[i] += part[i + width];
    return part[0];
}

/* The largest of n values, NaN left out; -inf if there is none. */
CN_INLINE float cn_largest(const float *restrict z, int64_t n) {
    float most[CN_SUM_PARTS], largest = -INFINITY;
    for (int i = 0; i < CN_SUM_PARTS; i++) most[i] = -INFINITY;
    int64_t k = 0;
    for (; k + CN_SUM_PARTS <= n; k += CN_SUM_PARTS)
        for (int i = 0; i < CN_SUM_PARTS; i++) most[i] = z[k + i] > most[i] ? z[k + i] : most[i];
    for (; k < n; k++) largest = z[k] > largest ? z[k] : largest;
    for (int i = 0; i < CN_SUM_PARTS; i++) largest = most[i] > largest ? most[i] : largest;
    return largest;
}

CN_INLINE float cn_total(const float *restrict x, int64_t n) {
    float part[CN_SUM_PARTS] = {0};
    int64_t k = 0;
    for (; k + CN_SUM_PARTS <= n; k += CN_SUM_PARTS)
        for (int i = 0; i < CN_SUM_PARTS; i++) part[i] += x[k + i];
    for (int i = 0; k + i < n; i++) part[i] += x[k + i];
    return cn_add_parts(part);
}

CN_INLINE float cn_dot_product(const float *restrict x, const float *restrict y, int64_t n) {
    float part[CN_SUM_PARTS] = {0};
    int64_t k = 0;
    for (; k + CN_SUM_PARTS <= n; k += CN_SUM_PARTS)
        for (int i = 0; i < CN_SUM_PARTS; i++) part[i] = CN_FMA(x[k + i], y[k + i], part[i]);
    for (int i = 0; k + i < n; i++) part[i] = CN_FMA(x[k + i], y[k + i], part[i]);
    return cn_add_parts(part);
}

static void cn_softmax_pixel(const float *restrict z, float *restrict y, int64_t c) {
    const float largest = cn_largest(z, c);
    for (int64_t k = 0; k < c; k++) y[k] = cn_exp(z[k] - largest);
    const float sum = cn_total(y, c);
    for (int64_t k = 0; k < c; k++) y[k] /= sum;
}

static void softmax_fwd(const cn_softmax_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t i = 0; i < op->src.h; i++) {
            const float *z = cn_line(t, &op->src, s, i);
            float *y = cn_line(t, &op->dst, s, i);
            for (int64_t j = 0; j < op->src.w; j++) cn_softmax_pixel(z + j * c, y + j * c, c);
        }
}

static void softmax_bwd(const cn_softmax_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t i = 0; i < op->src.h; i++) {
            const float *restrict y = cn_line(t, &op->dst, s, i);
            const float *restrict g = cn_line(t, &op->grad_dst, s, i);
            float *restrict gz = cn_line(t, &op->grad_src, s, i);
            for (int64_t j = 0; j < op->src.w; j++, y += c, g += c, gz += c) {
                const float mean = cn_dot_product(g, y, c);
                for (int64_t k = 0; k < c; k++) gz[k] = y[k] * (g[k] - mean);
            }
        }
}

#endif
