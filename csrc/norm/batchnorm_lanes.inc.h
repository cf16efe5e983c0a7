/* Sums over the batch from those of the lanes, in a balanced tree, like gradients (optimizer/optimizer.inc.h). */
#ifndef CN_NORM_BATCHNORM_LANES_INC_H
#define CN_NORM_BATCHNORM_LANES_INC_H

#include "norm/batchnorm.inc.h"

/* Two sums of each channel of a task. Those of the forward pass are the mean and the sum of squared deviations from it
 * of `count` values. */
typedef struct {
    double count, first[CN_BN_CHANNELS], second[CN_BN_CHANNELS];
} cn_bn_sums;

/* left += right. means: the sums are those of the forward pass (Chan, Golub and LeVeque, 1979). */
CN_INLINE void cn_bn_add(cn_bn_sums *left, const cn_bn_sums *right, int means) {
    const double count = left->count + right->count;
    if (right->count == 0.0) return;
    const double part = right->count / count, spread = left->count * part;
    for (int k = 0; k < CN_BN_CHANNELS; k++) {
        const double delta = right->first[k] - left->first[k];
        left->first[k] += means ? delta * part : right->first[k];
        left->second[k] += right->second[k] + (means ? delta * delta * spread : 0.0);
    }
    left->count = count;
}

/* The sums of CN_BN_CHANNELS channels from k0 on over all lanes, whose own are then set to zero. */
CN_INLINE cn_bn_sums cn_bn_sum_lanes(const cn_batchnorm_params *op, const cn_context *ctx,
                                     const cn_task *t, int64_t k0, int means) {
    const int64_t c = op->src.c, channels = cn_min(CN_BN_CHANNELS, c - k0);
    const double pixels = (double)(op->src.h * op->src.w);
    cn_bn_sums waiting[CN_PARTS_LEVELS], all = {0};
    for (int64_t lane = 0; lane < ctx->lanes; lane++) {
        double *area = cn_bn_lane(op, t, lane);
        const int64_t samples = cn_lane_begin(ctx, lane + 1) - cn_lane_begin(ctx, lane);
        cn_bn_sums own = {.count = (double)samples * pixels};
        for (int64_t k = 0; k < channels; k++) {
            own.first[k] = area[k0 + k];
            own.second[k] = area[c + k0 + k];
            area[k0 + k] = area[c + k0 + k] = 0.0;
        }
        int64_t l = 0;
        for (; lane >> l & 1; l++) {
            cn_bn_add(&waiting[l], &own, means);
            own = waiting[l];
        }
        waiting[l] = own;
    }
    for (int64_t l = 0; l < CN_PARTS_LEVELS; l++)
        if (ctx->lanes >> l & 1) {
            cn_bn_add(&waiting[l], &all, means);
            all = waiting[l];
        }
    return all;
}

#endif
