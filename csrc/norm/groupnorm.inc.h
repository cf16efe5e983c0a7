/* Group normalization (Wu and He, 2018): the statistics of a sample over the map and the channels of a group.
 *
 *   y = gamma (z - mean) / deviation + beta           deviation = sqrt(variance + epsilon)
 *
 * With g the gradient by y, xhat = (z - mean) / deviation and N the values of a group:
 *
 *   gbeta = sum of g,  ggamma = sum of g xhat         over the map, of a channel
 *   gz = (gamma g - A - xhat B) / deviation           A = sum of gamma gbeta / N,  B = sum of gamma ggamma / N,
 *                                                     over the channels of the group
 *
 * Mean and variance are computed in two passes, in double. The mean is kept as the sum of two floats, mean and rest, so
 * that z - mean is exact to rounding however large the mean is: both y and gz are an fma of z - mean.
 */
#ifndef CN_NORM_GROUPNORM_INC_H
#define CN_NORM_GROUPNORM_INC_H

#include "convnet.h"
#include "map/map.h"
#include "sizes.h"

/* Of a group of a sample, which the forward pass keeps for the backward pass. */
typedef struct {
    float mean, rest, inverse; /* 1 / deviation */
} cn_group;

/* sum[k] += z over the pixels of a map. */
static void cn_gn_sums(const cn_task *t, const cn_map *map, int64_t s, double *restrict sum) {
    for (int64_t y = 0; y < map->h; y++) {
        const float *restrict z = cn_line(t, map, s, y);
        for (int64_t x = 0; x < map->w; x++, z += map->c)
            for (int64_t k = 0; k < map->c; k++) sum[k] += (double)z[k];
    }
}

/* sum[k] += (z - mean[k])^2 */
static void cn_gn_squares(const cn_task *t, const cn_map *map, int64_t s,
                          const double *restrict mean, double *restrict sum) {
    for (int64_t y = 0; y < map->h; y++) {
        const float *restrict z = cn_line(t, map, s, y);
        for (int64_t x = 0; x < map->w; x++, z += map->c)
            for (int64_t k = 0; k < map->c; k++) {
                const double d = (double)z[k] - mean[k];
                sum[k] += d * d;
            }
    }
}

/* The sum over the channels of each group, divided by its number of values, in the place of each of its channels. */
static void cn_gn_means(const cn_groupnorm_params *op, double *sum) {
    const int64_t size = op->src.c / op->groups;
    for (int64_t g = 0; g < op->groups; g++, sum += size) {
        double total = 0.0;
        for (int64_t k = 0; k < size; k++) total += sum[k];
        total /= (double)(op->src.h * op->src.w * size);
        for (int64_t k = 0; k < size; k++) sum[k] = total;
    }
}

/* Statistics of sample s; NULL in prediction. */
CN_INLINE cn_group *cn_groups_of(const cn_groupnorm_params *op, const cn_task *t, int64_t s) {
    if (op->statistics < 0) return NULL;
    return (cn_group *)((char *)(t->arena + op->statistics) + s * op->statistics_sample);
}

/* Scratch: means and variances in double; scale, shift and mean of each channel. */
static void groupnorm_fwd(const cn_groupnorm_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c, size = c / op->groups;
    double *mean = (double *)t->scratch, *variance = mean + c;
    float *restrict scale = (float *)(variance + c), *restrict shift = scale + c;
    float *restrict high = shift + c;
    for (int64_t s = t->s0; s < t->s1; s++) {
        cn_group *kept = cn_groups_of(op, t, s);
        for (int64_t k = 0; k < c; k++) mean[k] = variance[k] = 0.0;
        cn_gn_sums(t, &op->src, s, mean);
        cn_gn_means(op, mean);
        cn_gn_squares(t, &op->src, s, mean, variance);
        cn_gn_means(op, variance);
        for (int64_t k = 0; k < c; k++) {
            const double inverse = 1.0 / sqrt(variance[k] + op->epsilon);
            const double factor = (double)ctx->params[op->gamma + k] * inverse;
            high[k] = (float)mean[k];
            const double rest = mean[k] - (double)high[k];
            scale[k] = (float)factor;
            shift[k] = (float)((double)ctx->params[op->beta + k] - factor * rest);
            if (kept && k % size == 0)
                kept[k / size] =
                    (cn_group){.mean = high[k], .rest = (float)rest, .inverse = (float)inverse};
        }
        for (int64_t i = 0; i < op->src.h; i++) {
            const float *restrict z = cn_line(t, &op->src, s, i);
            float *restrict y = cn_line(t, &op->dst, s, i);
            for (int64_t j = 0; j < op->src.w; j++, z += c, y += c)
                for (int64_t k = 0; k < c; k++) y[k] = CN_FMA(z[k] - high[k], scale[k], shift[k]);
        }
    }
}

/* sum[k] += g and product[k] += g (z - mean) over the pixels. */
static void cn_gn_products(const cn_groupnorm_params *op, const cn_task *t, int64_t s,
                           const float *restrict high, double *restrict sum,
                           double *restrict product) {
    const int64_t c = op->src.c;
    for (int64_t i = 0; i < op->src.h; i++) {
        const float *restrict z = cn_line(t, &op->src, s, i);
        const float *restrict g = cn_line(t, &op->grad_dst, s, i);
        for (int64_t j = 0; j < op->src.w; j++, z += c, g += c)
            for (int64_t k = 0; k < c; k++) {
                sum[k] += (double)g[k];
                product[k] += (double)g[k] * (double)(z[k] - high[k]);
            }
    }
}

/* Scratch: the gradients by beta and gamma of a sample in double, which then become A and B; mean, and the factors of g,
 * of z - mean and of 1, of each channel. Gradients are added to the lane's sample by sample, so that it does not matter
 * which samples a call takes. */
static void groupnorm_bwd(const cn_groupnorm_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c, size = c / op->groups;
    double *sum = (double *)t->scratch, *product = sum + c;
    float *restrict high = (float *)(product + c), *restrict scale = high + c;
    float *restrict slope = scale + c, *restrict lift = slope + c;
    float *grads = ctx->lane_grads + t->slot * ctx->lane_size;
    for (int64_t s = t->s0; s < t->s1; s++) {
        const cn_group *kept = cn_groups_of(op, t, s);
        for (int64_t k = 0; k < c; k++) {
            sum[k] = product[k] = 0.0;
            high[k] = kept[k / size].mean;
        }
        cn_gn_products(op, t, s, high, sum, product);
        for (int64_t k = 0; k < c; k++) {
            const cn_group group = kept[k / size];
            const double gamma = (double)ctx->params[op->gamma + k];
            product[k] = (double)group.inverse * (product[k] - (double)group.rest * sum[k]);
            if (op->grad_beta >= 0) {
                grads[op->grad_beta + k] += (float)sum[k];
                grads[op->grad_gamma + k] += (float)product[k];
            }
            sum[k] *= gamma;
            product[k] *= gamma;
        }
        if (!op->data_gradient) continue;
        cn_gn_means(op, sum);
        cn_gn_means(op, product);
        for (int64_t k = 0; k < c; k++) {
            const cn_group group = kept[k / size];
            const double inverse = (double)group.inverse;
            const double tilt = -inverse * inverse * product[k];
            scale[k] = (float)(inverse * (double)ctx->params[op->gamma + k]);
            slope[k] = (float)tilt;
            lift[k] = (float)(-inverse * sum[k] - tilt * (double)group.rest);
        }
        for (int64_t i = 0; i < op->src.h; i++) {
            const float *restrict z = cn_line(t, &op->src, s, i);
            const float *restrict g = cn_line(t, &op->grad_dst, s, i);
            float *restrict gz = cn_line(t, &op->grad_src, s, i);
            for (int64_t j = 0; j < op->src.w; j++, z += c, g += c, gz += c)
                for (int64_t k = 0; k < c; k++)
                    gz[k] = CN_FMA(scale[k], g[k], CN_FMA(slope[k], z[k] - high[k], lift[k]));
        }
    }
}

#endif
