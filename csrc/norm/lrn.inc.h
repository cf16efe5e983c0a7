/* Local response normalization (Krizhevsky et al., 2012), across the channels of each pixel:
 *
 *   d[c] = k + scale * sum of x[j]^2, c - left <= j <= c + right        y[c] = x[c] d[c]^-beta
 *   gx[c] = g[c] d[c]^-beta - 2 beta scale x[c] * sum of g[j] y[j] / d[j], c - right <= j <= c + left
 *
 * Channels that do not exist count as 0. The backward pass computes d again.
 */
#ifndef CN_NORM_LRN_INC_H
#define CN_NORM_LRN_INC_H

#include "convnet.h"
#include "map/map.h"

/* sum[c] = the sum of x[c] to x[c + n - 1]. */
CN_INLINE void cn_sliding_sum(const float *restrict x, int64_t n, int64_t c, float *restrict sum) {
    for (int64_t k = 0; k < c; k++) sum[k] = x[k];
    for (int64_t j = 1; j < n; j++)
        for (int64_t k = 0; k < c; k++) sum[k] += x[k + j];
}

/* d = k + scale * d, then f = d^-beta. Powers in double round like exact ones; the usual ones are square roots. */
static void cn_lrn_factors(const cn_lrn_params *op, int64_t c, float *restrict d,
                           float *restrict f) {
    const float scale = (float)op->scale, offset = (float)op->k;
    for (int64_t k = 0; k < c; k++) d[k] = CN_FMA(scale, d[k], offset);
    if (op->beta == 0.75)
        for (int64_t k = 0; k < c; k++) {
            const float r = 1.0f / sqrtf(d[k]);
            f[k] = r * sqrtf(r);
        }
    else if (op->beta == 0.5)
        for (int64_t k = 0; k < c; k++) f[k] = 1.0f / sqrtf(d[k]);
    else if (op->beta == 1.0)
        for (int64_t k = 0; k < c; k++) f[k] = 1.0f / d[k];
    else
        for (int64_t k = 0; k < c; k++) f[k] = (float)pow((double)d[k], -op->beta);
}

/* Zeros of `before` and `after` channels around c channels of x. */
static void cn_zero_ends(float *x, int64_t before, int64_t c, int64_t after) {
    memset(x, 0, (size_t)before * sizeof(float));
    memset(x + before + c, 0, (size_t)after * sizeof(float));
}

/* Scratch: squares with zeros around; d; f. */
static void lrn_fwd(const cn_lrn_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c, left = op->left, right = op->right;
    float *squares = t->scratch, *restrict square = squares + left;
    float *d = square + c + right, *restrict f = d + c;
    cn_zero_ends(squares, left, c, right);
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t i = 0; i < op->src.h; i++) {
            const float *restrict x = cn_line(t, &op->src, s, i);
            float *restrict y = cn_line(t, &op->dst, s, i);
            for (int64_t j = 0; j < op->src.w; j++, x += c, y += c) {
                for (int64_t k = 0; k < c; k++) square[k] = x[k] * x[k];
                cn_sliding_sum(squares, left + 1 + right, c, d);
                cn_lrn_factors(op, c, d, f);
                for (int64_t k = 0; k < c; k++) y[k] = x[k] * f[k];
            }
        }
}

/* Scratch: squares, then g y / d, with zeros around; d; f. */
static void lrn_bwd(const cn_lrn_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c, left = op->left, right = op->right;
    const float factor = (float)(-2.0 * op->beta * op->scale);
    float *squares = t->scratch, *restrict square = squares + left;
    float *terms = square + c + right, *restrict term = terms + right;
    float *restrict d = term + c + left, *restrict f = d + c;
    cn_zero_ends(squares, left, c, right);
    cn_zero_ends(terms, right, c, left);
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t i = 0; i < op->src.h; i++) {
            const float *restrict x = cn_line(t, &op->src, s, i);
            const float *restrict g = cn_line(t, &op->grad_dst, s, i);
            float *restrict gx = cn_line(t, &op->grad_src, s, i);
            for (int64_t j = 0; j < op->src.w; j++, x += c, g += c, gx += c) {
                for (int64_t k = 0; k < c; k++) square[k] = x[k] * x[k];
                cn_sliding_sum(squares, left + 1 + right, c, d);
                cn_lrn_factors(op, c, d, f);
                for (int64_t k = 0; k < c; k++) term[k] = g[k] * (x[k] * f[k]) / d[k];
                cn_sliding_sum(terms, left + 1 + right, c, d);
                for (int64_t k = 0; k < c; k++) gx[k] = CN_FMA(factor * x[k], d[k], g[k] * f[k]);
            }
        }
}

#endif
