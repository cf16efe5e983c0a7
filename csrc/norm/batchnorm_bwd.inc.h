/* Gradients of batch norm. With g the gradient by y before the activation, N the values of a channel in
 * the batch and xhat = (z - mean) / deviation:
 *
 *   grad_preact = scale * (g - sum(g) / N - xhat * sum(g * xhat) / N) = scale * g + slope * (z - mean) + lift
 *
 * With a pool, g is 0 except at the winners: the sums run over the pooled map, with z of the winners.
 */
#ifndef CN_NORM_BATCHNORM_BWD_INC_H
#define CN_NORM_BATCHNORM_BWD_INC_H

#include "map/map.h"
#include "norm/batchnorm.inc.h"
#include "norm/batchnorm_lanes.inc.h"

/* Takes g back through the activation and adds its sum and its product with xhat to the statistics of the sample's
 * lane. Where cn_bn_top is 0, grad_dst becomes g; otherwise it stays, and each reader applies the activation. */
static void batchnorm_sums(const cn_batchnorm_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c, h = op->dst.h, w = op->dst.w, block_rows = cn_bn_block_rows(w);
    const float top = cn_bn_top(op);
    const float *numbers = cn_bn_numbers(op, ctx, t);
    const float *mean = numbers + CN_BN_MEAN * c, *inverse = numbers + CN_BN_INVERSE * c,
                *scale = numbers + CN_BN_SCALE * c, *shift = numbers + CN_BN_SHIFT * c;
    double *restrict sum = (double *)t->scratch, *restrict product = sum + c;
    int64_t lane = t->lane;
    for (int64_t s = t->s0; s < t->s1; s++) {
        while (cn_lane_begin(ctx, lane + 1) <= s) lane++;
        for (int64_t k = 0; k < c; k++) sum[k] = product[k] = 0.0;
        const float *values = cn_bn_winner_values(op, t, s);
        const float *z = values ? values : cn_map_at(t, &op->src, s);
        const int64_t row = values ? w * c : op->src.row, g_row = op->grad_dst.row;
        float *g = cn_map_at(t, &op->grad_dst, s);
        const float *out = cn_map_at(t, &op->dst, s);
        for (int64_t y = 0; y < h; y += block_rows) {
            const int64_t rows = h - y < block_rows ? h - y : block_rows;
            if (op->activation != CN_LINEAR && top == 0.0f)
                for (int64_t i = y; i < y + rows; i++)
                    cn_activate_grad(op->activation, g + i * g_row, out + i * op->dst.row,
                                     g + i * g_row, w * c);
            CN_BN_BLOCKS(cn_bn_products, g + y * g_row + k, g_row, z + y * row + k, row, rows, w, c,
                         mean + k, scale + k, shift + k, top, sum + k, product + k);
        }
        /* sample by sample, so that it does not matter which samples a call takes */
        double *area = cn_bn_lane(op, t, lane);
        for (int64_t k = 0; k < c; k++) {
            area[k] += sum[k];
            area[c + k] += product[k] * (double)inverse[k];
        }
    }
}

static void batchnorm_grad_finish(const cn_batchnorm_params *op, const cn_context *ctx,
                                  const cn_task *t) {
    const int64_t c = op->src.c, k0 = t->number * CN_BN_CHANNELS;
    float *numbers = cn_bn_numbers(op, ctx, t);
    const cn_bn_sums all = cn_bn_sum_lanes(op, ctx, t, k0, 0);
    for (int64_t k = k0; k < cn_min(c, k0 + CN_BN_CHANNELS); k++) {
        const double sum = all.first[k - k0], product = all.second[k - k0];
        const double scale = numbers[CN_BN_SCALE * c + k], inverse = numbers[CN_BN_INVERSE * c + k];
        numbers[CN_BN_SLOPE * c + k] = (float)(-scale * inverse * product / all.count);
        numbers[CN_BN_LIFT * c + k] = (float)(-scale * sum / all.count);
        ctx->batch_grads[op->grad_beta + k] = (float)sum;
        ctx->batch_grads[op->grad_gamma + k] = (float)product;
    }
}

/* grad_preact of row y of sample s. */
static void cn_bn_gradient_row(const cn_batchnorm_params *op, const cn_context *ctx,
                               const cn_task *t, int64_t s, int64_t y, float *grad_preact) {
    const int64_t c = op->src.c, w = op->src.w, ph = op->pool_h, pw = op->pool_w;
    const float *numbers = cn_bn_numbers(op, ctx, t);
    const float top = cn_bn_top(op);
    const float *mean = numbers + CN_BN_MEAN * c, *scale = numbers + CN_BN_SCALE * c,
                *shift = numbers + CN_BN_SHIFT * c, *slope = numbers + CN_BN_SLOPE * c,
                *lift = numbers + CN_BN_LIFT * c;
    const float *z = cn_line(t, &op->src, s, y);
    const float *g = cn_line(t, &op->grad_dst, s, y / ph);
    if (!cn_bn_pools(op)) {
        CN_BN_BLOCKS(cn_bn_gradient, g + k, z + k, w, c, mean + k, scale + k, shift + k, top,
                     slope + k, lift + k, grad_preact + k);
        return;
    }
    /* pixels outside all whole windows have a gradient through the statistics only */
    const int64_t windows = y / ph < op->dst.h ? op->dst.w : 0, rest = windows * pw;
    const uint8_t *winner =
        cn_bn_winner_numbers(op, cn_bn_winner_values(op, t, s)) + y / ph * op->dst.w * c;
    const int32_t first = (int32_t)(y % ph * pw);
    if (windows && pw == 2)
        CN_BN_BLOCKS(cn_bn_unpool, 2, g + k, winner + k, first, z + k, windows, c, mean + k,
                     scale + k, shift + k, top, slope + k, lift + k, grad_preact + k);
    else if (windows)
        CN_BN_BLOCKS(cn_bn_unpool, pw, g + k, winner + k, first, z + k, windows, c, mean + k,
                     scale + k, shift + k, top, slope + k, lift + k, grad_preact + k);
    CN_BN_BLOCKS(cn_bn_gradient, NULL, z + rest * c + k, w - rest, c, mean + k, scale + k,
                 shift + k, top, slope + k, lift + k, grad_preact + rest * c + k);
}

static void batchnorm_bwd(const cn_batchnorm_params *op, const cn_context *ctx, const cn_task *t) {
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            cn_bn_gradient_row(op, ctx, t, s, y, cn_line(t, &op->grad_src, s, y));
}

#endif
