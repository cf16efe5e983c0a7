/* Losses of the outputs z, and their gradients. Sample i has weight w_i / sum(w).
 *
 *   softmax          l = log(sum_k e^z_k) - sum_k t_k z_k     dl/dz_k = p_k - t_k
 *                    t_k = (1 - s) [k == y] + s / K, s: label smoothing (Szegedy et al., 2016)
 *
 * The others take the mean over the K outputs, of r = z - y or, for the sigmoid's, t = (1 - s) y + s / 2:
 *
 *   sigmoid          l = log(1 + e^z) - t z                   dl/dz   = p - t
 *   squared_error    l = r^2 / 2                              dl/dz   = r
 *   absolute_error   l = |r|                                  dl/dz   = sign(r)
 *   huber            l = r^2 / 2, or |r| - 1/2 beyond 1       dl/dz   = r, or sign(r)     (Huber, 1964)
 *
 * The score of a sample is 1 if softmax ranks its class first, or if the sign of each sigmoid's output is right, else
 * 0; for the others it is sum_k v_k r^2, with the score weights v.
 *
 * Where samples are mixed (image/mixing.inc.h), the weight of a sample and its target t or y are those of both, and its
 * score, which keeps its own weight w_i, is that for either target, by their shares in the mixed target.
 *
 * Comparisons are written so that a NaN stays a NaN.
 */
#ifndef CN_LOSS_LOSS_INC_H
#define CN_LOSS_LOSS_INC_H

#include "activation/activation.inc.h"
#include "convnet.h"
#include "image/mixing.inc.h"
#include "map/map.h"

CN_INLINE double cn_weight(const cn_context *ctx, int64_t row) {
    return ctx->sample_weight ? (double)ctx->sample_weight[row] : 1.0;
}

/* The rows whose targets sample s has, its weight, and the share of the first target. */
typedef struct {
    int64_t row, other;
    double weight, share;
} cn_target;

static cn_target cn_target_of(const cn_context *ctx, const cn_task *t, int64_t s) {
    const int64_t row = cn_row(ctx, t, s);
    cn_target target = {row, row, cn_weight(ctx, row), 1.0};
    const cn_mix mix = cn_mix_of(ctx, t, s);
    if (mix.partner == s) return target;
    target.other = cn_row(ctx, t, mix.partner);
    const double own = mix.share * target.weight;
    target.weight = own + (1.0 - mix.share) * cn_weight(ctx, target.other);
    target.share = target.weight > 0.0 ? own / target.weight : mix.share;
    return target;
}

/* Whether softmax ranks the class first; of equal ones the first counts. */
CN_INLINE double cn_ranked_first(const float *z, float top, int64_t label) {
    int first = z[label] == top;
    for (int64_t k = 0; k < label; k++) first &= z[k] != top;
    return first ? 1.0 : 0.0;
}

static void loss_softmax(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t classes = op->src.c;
    const double smooth = ctx->smoothing, every = smooth / (double)classes;
    const float off = (float)every;
    for (int64_t s = t->s0; s < t->s1; s++) {
        const float *z = cn_map_at(t, &op->src, s);
        float *restrict g = cn_map_at(t, &op->grad_src, s);
        const cn_target y = cn_target_of(ctx, t, s);
        const int64_t label = ((const int32_t *)ctx->y)[y.row];
        const int64_t other = ((const int32_t *)ctx->y)[y.other];
        const double own = label == other ? 1.0 : y.share, rest = 1.0 - own;
        const float on = (float)((1.0 - smooth) * own + every);
        const float partly = (float)((1.0 - smooth) * rest + every);
        const float share = (float)(y.weight / ctx->weight_sum);
        float top = z[0];
        for (int64_t k = 1; k < classes; k++) top = z[k] > top ? z[k] : top;
        double sum = 0.0, target = (double)z[label], score = cn_ranked_first(z, top, label);
        if (label != other) {
            target = own * target + rest * (double)z[other];
            score = own * score + rest * cn_ranked_first(z, top, other);
        }
        for (int64_t k = 0; k < classes; k++) g[k] = cn_exp(z[k] - top);
        for (int64_t k = 0; k < classes; k++) sum += (double)g[k];
        const double log_sum = log(sum) + (double)top;
        ctx->data_losses[t->first + s] = y.weight * (log_sum - target);
        ctx->scores[t->first + s] = cn_weight(ctx, y.row) * score;
        if (smooth > 0.0) {
            double all = 0.0;
            for (int64_t k = 0; k < classes; k++) all += (double)z[k];
            target = (1.0 - smooth) * target + every * all;
        }
        const float inverse = (float)(1.0 / sum);
        for (int64_t k = 0; k < classes; k++)
            g[k] = (g[k] * inverse - (k == label ? on : k == other ? partly : off)) * share;
        ctx->losses[t->first + s] = y.weight * (log_sum - target);
    }
}

/* `data` is the value without smoothing. */
typedef struct {
    double value, slope, data;
} cn_loss;

CN_INLINE cn_loss cn_cross_entropy(double z, double y, double smooth) {
    const double target = y * (1.0 - smooth) + 0.5 * smooth, positive = z > 0.0 ? z : 0.0;
    const double e = exp(-fabs(z)), p = z < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e), rest = log1p(e);
    return (cn_loss){positive - target * z + rest, p - target, positive - y * z + rest};
}

CN_INLINE cn_loss cn_squared(double z, double y, double smooth) {
    const double r = z - y;
    (void)smooth;
    return (cn_loss){0.5 * r * r, r, 0.5 * r * r};
}

CN_INLINE cn_loss cn_absolute(double z, double y, double smooth) {
    const double r = z - y;
    (void)smooth;
    return (cn_loss){fabs(r), r > 0.0 ? 1.0 : r < 0.0 ? -1.0 : r, fabs(r)};
}

CN_INLINE cn_loss cn_huber(double z, double y, double smooth) {
    const double r = z - y, bound = r > 1.0 ? 1.0 : r < -1.0 ? -1.0 : r;
    (void)smooth;
    const double value = bound * (r - 0.5 * bound);
    return (cn_loss){value, bound, value};
}

/* The score of a sample for the targets y. */
CN_INLINE double cn_score(const cn_context *ctx, const float *z, const float *y, int64_t outputs,
                          int labels) {
    double score = labels ? 1.0 : 0.0;
    for (int64_t k = 0; k < outputs; k++) {
        const double r = (double)z[k] - (double)y[k];
        if (!labels)
            score += ctx->score_weights[k] * r * r;
        else if ((z[k] > 0.0f) != (y[k] > 0.5f))
            score = 0.0;
    }
    return score;
}

/* The mean of the losses of the outputs. With `labels`, targets are 0 or 1. */
CN_INLINE void cn_each_output(const cn_maps_params *op, const cn_context *ctx, const cn_task *t,
                              cn_loss (*loss)(double z, double y, double smooth), int labels) {
    const int64_t outputs = op->src.c;
    const double total = ctx->weight_sum * (double)outputs;
    for (int64_t s = t->s0; s < t->s1; s++) {
        const float *z = cn_map_at(t, &op->src, s);
        float *restrict g = cn_map_at(t, &op->grad_src, s);
        const cn_target target = cn_target_of(ctx, t, s);
        const float *y = (const float *)ctx->y + target.row * outputs;
        const float *other = (const float *)ctx->y + target.other * outputs;
        const double weight = target.weight, own = target.share, rest = 1.0 - own;
        double sum = 0.0, data = 0.0;
        for (int64_t k = 0; k < outputs; k++) {
            const double mixed =
                other == y ? (double)y[k] : own * (double)y[k] + rest * (double)other[k];
            const cn_loss l = loss((double)z[k], mixed, ctx->smoothing);
            g[k] = (float)(l.slope * weight / total);
            sum += l.value;
            data += l.data;
        }
        double score = cn_score(ctx, z, y, outputs, labels);
        if (other != y) score = own * score + rest * cn_score(ctx, z, other, outputs, labels);
        ctx->losses[t->first + s] = weight * (sum / (double)outputs);
        ctx->data_losses[t->first + s] = weight * (data / (double)outputs);
        ctx->scores[t->first + s] = cn_weight(ctx, target.row) * score;
    }
}

static void loss_sigmoid(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    cn_each_output(op, ctx, t, cn_cross_entropy, 1);
}

static void loss_squared_error(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    cn_each_output(op, ctx, t, cn_squared, 0);
}

static void loss_absolute_error(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    cn_each_output(op, ctx, t, cn_absolute, 0);
}

static void loss_huber(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    cn_each_output(op, ctx, t, cn_huber, 0);
}

#endif
