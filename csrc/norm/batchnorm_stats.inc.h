/* Mean and variance of a batch, for batch norm.
 *
 * A lane gathers mean and sum of squared deviations sample by sample, merged in the order of the samples
 * (Chan, Golub and LeVeque, 1979), in double; the lanes are merged in a balanced tree. A sample is read once: its
 * sums are of d = z - shift and of d^2, shift being the mean so far (the first sample's is made by a pass
 * of its own), so that what cancels in sum(d^2) - sum(d)^2 / pixels is no larger than what is kept.
 */
#ifndef CN_NORM_BATCHNORM_STATS_INC_H
#define CN_NORM_BATCHNORM_STATS_INC_H

#include "map/map.h"
#include "norm/batchnorm.inc.h"
#include "norm/batchnorm_lanes.inc.h"

static void batchnorm_stats(const cn_batchnorm_params *op, const cn_context *ctx,
                            const cn_task *t) {
    const int64_t c = op->src.c, h = op->src.h, w = op->src.w, row = op->src.row;
    const int64_t block_rows = cn_bn_block_rows(w);
    const double pixels = (double)(h * w);
    double *restrict sum = (double *)t->scratch, *restrict square = sum + c;
    float *restrict shift = (float *)(square + c);
    int64_t lane = t->lane;
    for (int64_t s = t->s0; s < t->s1; s++) {
        const float *src = cn_map_at(t, &op->src, s);
        while (cn_lane_begin(ctx, lane + 1) <= s) lane++;
        const int64_t begin = cn_lane_begin(ctx, lane);
        double *restrict mean = cn_bn_lane(op, t, lane), *restrict squares = mean + c;
        const double before = (double)(s - begin) * pixels, after = before + pixels;
        for (int64_t k = 0; k < c; k++) shift[k] = (float)mean[k];
        for (int pass = s > begin; pass < 2; pass++) {
            for (int64_t k = 0; k < c; k++) sum[k] = square[k] = 0.0;
            for (int64_t y = 0; y < h; y += block_rows) {
                const int64_t rows = h - y < block_rows ? h - y : block_rows;
                CN_BN_BLOCKS(cn_bn_deviations, src + y * row + k, row, rows, w, c, shift + k,
                             sum + k, square + k);
            }
            if (pass == 0)
                for (int64_t k = 0; k < c; k++) shift[k] = (float)(sum[k] / pixels);
        }
        const double part = pixels / after, spread = before * part;
        for (int64_t k = 0; k < c; k++) {
            const double inside = square[k] - sum[k] * sum[k] / pixels;
            const double delta = ((double)shift[k] - mean[k]) + sum[k] / pixels;
            mean[k] += delta * part;
            squares[k] += (inside < 0.0 ? 0.0 : inside) + delta * delta * spread;
        }
    }
}

static void batchnorm_finish(const cn_batchnorm_params *op, const cn_context *ctx,
                             const cn_task *t) {
    const int64_t c = op->src.c, k0 = t->number * CN_BN_CHANNELS;
    float *numbers = cn_bn_numbers(op, ctx, t);
    const cn_bn_sums all = cn_bn_sum_lanes(op, ctx, t, k0, 1);
    for (int64_t k = k0; k < cn_min(c, k0 + CN_BN_CHANNELS); k++) {
        const double mean = all.first[k - k0], variance = all.second[k - k0] / all.count;
        const double deviation = sqrt(variance + op->epsilon);
        const double scale = ctx->params[op->gamma + k] / deviation;
        numbers[CN_BN_MEAN * c + k] = (float)mean;
        numbers[CN_BN_INVERSE * c + k] = (float)(1.0 / deviation);
        numbers[CN_BN_SCALE * c + k] = (float)scale;
        numbers[CN_BN_SHIFT * c + k] = (float)(ctx->params[op->beta + k] - scale * mean);
        if (ctx->weights) {
            float *running = ctx->weights + op->mean + k, *spread = ctx->weights + op->variance + k;
            *running = (float)(op->momentum * *running + (1.0 - op->momentum) * mean);
            *spread = (float)(op->momentum * *spread + (1.0 - op->momentum) * variance);
        }
    }
}

#endif
