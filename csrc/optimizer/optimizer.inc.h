/* One pass over a block of parameters: add up the lanes, clip, add the L2 term, update.
 *
 *   g = sum over lanes, times clip_norm / its norm where that is less than 1     (Pascanu et al., 2013)
 *   g += alpha * w / sum(sample weights)     (for weights, not for biases; not for AdamW)
 *   SGD      v = momentum * v - lr * g;  w += v, or with Nesterov's momentum w += momentum * v - lr * g
 *   Adam     m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;
 *            w -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)     (Kingma and Ba, 2015)
 *   AdamW    w -= lr * alpha * w, then as Adam     (Loshchilov and Hutter, 2019)
 *   RMSprop  v = beta_1 v + (1 - beta_1) g^2;  w -= lr * g / (sqrt(v) + epsilon)     (Tieleman and Hinton, 2012)
 *
 * lr is the learning rate times the parameters' own rate_factor. The lanes are set to zero for the next step. squares:
 * sum of w^2 before the update, for the penalty. With clip_norm a separate pass adds up the lanes and leaves the sum in
 * the first lane.
 */
#ifndef CN_OPTIMIZER_OPTIMIZER_INC_H
#define CN_OPTIMIZER_OPTIMIZER_INC_H

#include "convnet.h"
#include "isa/simd.h"
#include "sizes.h"

CN_INLINE int64_t cn_update_end(const cn_update_params *op, int64_t i0) {
    return i0 + CN_UPDATE_BLOCK < op->count ? i0 + CN_UPDATE_BLOCK : op->count;
}

/* g = the gradient of parameters [i0, i1), summed over the lanes, which are then set to zero. */
static void cn_sum_lanes(const cn_update_params *op, const cn_context *ctx, int64_t i0, int64_t i1,
                         float *g) {
    const size_t bytes = (size_t)(i1 - i0) * sizeof(float);
    if (op->lanes == 0) {
        memcpy(g, ctx->batch_grads + op->gradient + i0, bytes);
        return;
    }
    for (int64_t lane = 0; lane < op->lanes; lane++) {
        float *restrict part = ctx->lane_grads + lane * ctx->lane_size + op->gradient + i0;
        float *restrict sum = g;
        if (lane == 0)
            memcpy(sum, part, bytes);
        else
            for (int64_t i = 0; i < i1 - i0; i++) sum[i] += part[i];
        memset(part, 0, bytes);
    }
}

/* Constant of decay of these parameters. */
CN_INLINE double cn_decay(const cn_update_params *op, const cn_context *ctx) {
    return !op->decay ? 0.0 : op->l2 < 0.0 ? ctx->alpha : op->l2;
}

static void cn_penalize(const cn_update_params *op, const cn_context *ctx, int64_t task, int64_t i0,
                        int64_t i1, float *g) {
    const double decay = cn_decay(op, ctx);
    if (decay == 0.0) return;
    const float *w = ctx->weights + op->weights + i0;
    const float factor = (float)(decay / ctx->weight_sum);
    double squares = 0.0;
    for (int64_t i = 0; i < i1 - i0; i++) {
        g[i] = CN_FMA(factor, w[i], g[i]);
        squares += (double)w[i] * (double)w[i];
    }
    ctx->squares[op->first_block + task] = squares;
}

/* Gradient of the mean loss, clipped. */
static void cn_gradient(const cn_update_params *op, const cn_context *ctx, int64_t i0, int64_t i1,
                        float *g) {
    cn_sum_lanes(op, ctx, i0, i1, g);
    if (ctx->clip_norm == 0.0) return;
    const float factor = (float)ctx->norms[0];
    for (int64_t i = 0; i < i1 - i0; i++) g[i] *= factor;
}

/* Copy the gradient to out, at the offset of the parameters. */
static void reduce(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->number * CN_UPDATE_BLOCK;
    cn_sum_lanes(op, ctx, i0, cn_update_end(op, i0), ctx->out + op->weights + i0);
}

/* Add up the lanes into the first one, and sum the squares of the result. */
static void gradient_norm(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->number * CN_UPDATE_BLOCK, i1 = cn_update_end(op, i0);
    float g[CN_UPDATE_BLOCK];
    cn_sum_lanes(op, ctx, i0, i1, g);
    if (op->lanes > 0)
        memcpy(ctx->lane_grads + op->gradient + i0, g, (size_t)(i1 - i0) * sizeof(float));
    double squares = 0.0;
    for (int64_t i = 0; i < i1 - i0; i++) squares += (double)g[i] * (double)g[i];
    ctx->norms[1 + op->first_block + t->number] = squares;
}

/* Factor that brings the norm down to clip_norm. */
static void clip(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    double squares = 0.0;
    (void)op;
    (void)t;
    for (int64_t i = 0; i < ctx->norm_blocks; i++) squares += ctx->norms[1 + i];
    const double norm = sqrt(squares);
    ctx->norms[0] = norm > ctx->clip_norm ? ctx->clip_norm / norm : 1.0;
}

static void update_sgd(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->number * CN_UPDATE_BLOCK, i1 = cn_update_end(op, i0);
    float g[CN_UPDATE_BLOCK];
    cn_gradient(op, ctx, i0, i1, g);
    cn_penalize(op, ctx, t->number, i0, i1, g);
    float *restrict w = ctx->weights + op->weights + i0;
    float *restrict v = ctx->moment_1 + op->weights + i0;
    const float rate = (float)(ctx->learning_rate * op->rate_factor),
                momentum = (float)ctx->momentum;
    for (int64_t i = 0; i < i1 - i0; i++) {
        const float step = CN_FMA(momentum, v[i], -rate * g[i]);
        v[i] = step;
        w[i] += ctx->nesterov ? CN_FMA(momentum, step, -rate * g[i]) : step;
    }
}

/* decoupled: whether the decay is apart from the gradient, as in AdamW. */
CN_INLINE void cn_adam(const cn_update_params *op, const cn_context *ctx, int64_t i0, int64_t i1,
                       const float *g, int decoupled) {
    const float shrink = (float)(ctx->base_rate * op->rate_factor * cn_decay(op, ctx));
    float *restrict w = ctx->weights + op->weights + i0;
    float *restrict m = ctx->moment_1 + op->weights + i0;
    float *restrict v = ctx->moment_2 + op->weights + i0;
    const float rate = (float)(ctx->learning_rate * op->rate_factor), epsilon = (float)ctx->epsilon;
    const float b1 = (float)ctx->beta_1, b2 = (float)ctx->beta_2;
    const float c1 = (float)(1.0 - ctx->beta_1), c2 = (float)(1.0 - ctx->beta_2);
    for (int64_t i = 0; i < i1 - i0; i++) {
        m[i] = CN_FMA(b1, m[i], c1 * g[i]);
        v[i] = CN_FMA(b2, v[i], c2 * (g[i] * g[i]));
        const float step = rate * m[i] / (__builtin_sqrtf(v[i]) + epsilon);
        w[i] -= decoupled ? CN_FMA(shrink, w[i], step) : step;
    }
}

static void update_adam(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->number * CN_UPDATE_BLOCK, i1 = cn_update_end(op, i0);
    float g[CN_UPDATE_BLOCK];
    cn_gradient(op, ctx, i0, i1, g);
    cn_penalize(op, ctx, t->number, i0, i1, g);
    cn_adam(op, ctx, i0, i1, g, 0);
}

static void update_adamw(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->number * CN_UPDATE_BLOCK, i1 = cn_update_end(op, i0);
    float g[CN_UPDATE_BLOCK];
    cn_gradient(op, ctx, i0, i1, g);
    cn_adam(op, ctx, i0, i1, g, 1);
}

static void update_rmsprop(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->number * CN_UPDATE_BLOCK, i1 = cn_update_end(op, i0);
    float g[CN_UPDATE_BLOCK];
    cn_gradient(op, ctx, i0, i1, g);
    cn_penalize(op, ctx, t->number, i0, i1, g);
    float *restrict w = ctx->weights + op->weights + i0;
    float *restrict v = ctx->moment_2 + op->weights + i0;
    const float rate = (float)(ctx->learning_rate * op->rate_factor), epsilon = (float)ctx->epsilon;
    const float b1 = (float)ctx->beta_1, c1 = (float)(1.0 - ctx->beta_1);
    for (int64_t i = 0; i < i1 - i0; i++) {
        v[i] = CN_FMA(b1, v[i], c1 * (g[i] * g[i]));
        w[i] -= rate * g[i] / (__builtin_sqrtf(v[i]) + epsilon);
    }
}

/* Scale each column of the weights (rows, columns) down to a 2-norm of at most max_norm (Srivastava et al., 2014):
 * a column is what a unit reads. A task takes CN_COLUMNS columns. */
static void max_norm(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t columns = op->columns, rows = op->count / columns, c0 = t->number * CN_COLUMNS;
    const int64_t wide = columns - c0 < CN_COLUMNS ? columns - c0 : CN_COLUMNS;
    float *w = ctx->weights + op->weights + c0;
    double squares[CN_COLUMNS] = {0.0};
    float factor[CN_COLUMNS];
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < wide; c++)
            squares[c] += (double)w[r * columns + c] * (double)w[r * columns + c];
    for (int64_t c = 0; c < wide; c++) {
        const double norm = sqrt(squares[c]);
        factor[c] = norm > op->max_norm ? (float)(op->max_norm / norm) : 1.0f;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < wide; c++) w[r * columns + c] *= factor[c];
}

#endif
