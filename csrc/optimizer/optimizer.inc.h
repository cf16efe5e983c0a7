/* One pass over a block of parameters: add up the parts of the gradient, clip, add the L2 term, update.
 *
 *   g = sum over the parts, times clip_norm / its norm where that is less than 1     (Pascanu et al., 2013)
 *   g += alpha * w / sum(sample weights)     (for weights, not for biases; not for AdamW)
 *   SGD      v = momentum * v - lr * g;  w += v, or with Nesterov's momentum w += momentum * v - lr * g
 *   Adam     m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;
 *            w -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)     (Kingma and Ba, 2015)
 *   AdamW    w -= lr * alpha * w, then as Adam     (Loshchilov and Hutter, 2019)
 *   RMSprop  v = beta_1 v + (1 - beta_1) g^2;  w -= lr * g / (sqrt(v) + epsilon)     (Tieleman and Hinton, 2012)
 *
 * The parts are those of the lanes, which are set to zero for the next step, or of groups of samples. They are added in a
 * balanced tree: the sum of the largest power of two of parts, plus the sum of the rest, and so on within each.
 * lr is the learning rate times the parameters' own rate_factor. squares: sum of w^2 before the update, for the penalty.
 * With clip_norm a separate pass adds up the parts and leaves the sum in the first one.
 */
#ifndef CN_OPTIMIZER_OPTIMIZER_INC_H
#define CN_OPTIMIZER_OPTIMIZER_INC_H

#include "convnet.h"
#include "isa/simd.h"
#include "map/map.h"
#include "sizes.h"

CN_INLINE int64_t cn_update_end(const cn_update_params *op, int64_t i0) {
    return i0 + CN_UPDATE_BLOCK < op->count ? i0 + CN_UPDATE_BLOCK : op->count;
}

/* Floats that are added at a time, so that a tree's sums stay in the first-level cache. */
#define CN_SUM_FLOATS 512

static void cn_merge(float *sum, float *part, int64_t n) {
    cn_add_floats(sum, part, n);
    memset(part, 0, (size_t)n * sizeof(float));
}

/* g = the sum of `parts` parts, at least one, of n floats, `part` floats apart. sums[l] is the sum of 2^l parts that waits for the sum
 * of the next 2^l, as the digits of a binary counter wait for their carry. */
static void cn_sum_tree(const float *from, int64_t part, int64_t parts, int64_t n, float *g) {
    float sums[CN_PARTS_LEVELS][CN_SUM_FLOATS];
    const size_t bytes = (size_t)n * sizeof(float);
    int64_t l = 0;
    if (parts == 1) {
        memcpy(g, from, bytes);
        return;
    }
    for (int64_t p = 0; p < parts; p++, from += part) {
        if (p % 2 == 0) {
            memcpy(sums[0], from, bytes);
            continue;
        }
        cn_add_floats(sums[0], from, n);
        for (l = 1; p >> l & 1; l++) cn_add_floats(sums[l], sums[l - 1], n);
        memcpy(sums[l], sums[l - 1], bytes);
    }
    for (l = 0; !(parts >> l & 1);) l++;
    for (int64_t higher = l + 1; higher < CN_PARTS_LEVELS; higher++)
        if (parts >> higher & 1) {
            cn_add_floats(sums[higher], sums[l], n);
            l = higher;
        }
    memcpy(g, sums[l], bytes);
}

/* g = the gradient of parameters [i0, i1). The lanes' parts are then set to zero. */
static void cn_sum_parts(const cn_update_params *op, const cn_context *ctx, int64_t i0, int64_t i1,
                         float *g) {
    float *first = (op->by_lanes ? ctx->lane_grads : ctx->batch_grads) + op->gradient;
    const int64_t run = op->by_lanes ? ctx->lane_run : 1;
    const int64_t parts = cn_blocks(op->parts, run),
                  part = op->by_lanes ? ctx->lane_size * run : op->part;
    for (int64_t i = i0; i < i1; i += CN_SUM_FLOATS) {
        const int64_t n = cn_min(CN_SUM_FLOATS, i1 - i);
        cn_sum_tree(first + i, part, parts, n, g + i - i0);
        if (op->by_lanes)
            for (int64_t p = 0; p < parts; p++)
                memset(first + p * part + i, 0, (size_t)n * sizeof(float));
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
    cn_sum_parts(op, ctx, i0, i1, g);
    if (ctx->clip_norm == 0.0) return;
    const float factor = (float)ctx->norms[0];
    for (int64_t i = 0; i < i1 - i0; i++) g[i] *= factor;
}

/* Copy the gradient to out, at the offset of the parameters. */
static void reduce(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->number * CN_UPDATE_BLOCK;
    cn_sum_parts(op, ctx, i0, cn_update_end(op, i0), ctx->out + op->weights + i0);
}

/* Add up the parts into the first one, and sum the squares of the result. */
static void gradient_norm(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->number * CN_UPDATE_BLOCK, i1 = cn_update_end(op, i0);
    float g[CN_UPDATE_BLOCK];
    cn_sum_parts(op, ctx, i0, i1, g);
    memcpy((op->by_lanes ? ctx->lane_grads : ctx->batch_grads) + op->gradient + i0, g,
           (size_t)(i1 - i0) * sizeof(float));
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

/* Scale each column of the weights (rows, columns, inner) down to a 2-norm of at most max_norm (Srivastava et al., 2014):
 * a column is what a unit reads. A task takes CN_COLUMNS columns. */
static void max_norm(const cn_update_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t columns = op->columns, inner = op->inner, row = columns * inner;
    const int64_t rows = op->count / row, c0 = t->number * CN_COLUMNS;
    const int64_t wide = columns - c0 < CN_COLUMNS ? columns - c0 : CN_COLUMNS;
    float *w = ctx->weights + op->weights + c0 * inner;
    double squares[CN_COLUMNS] = {0.0};
    float factor[CN_COLUMNS];
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < wide; c++)
            for (const float *v = w + r * row + c * inner, *end = v + inner; v < end; v++)
                squares[c] += (double)*v * (double)*v;
    for (int64_t c = 0; c < wide; c++) {
        const double norm = sqrt(squares[c]);
        factor[c] = norm > op->max_norm ? (float)(op->max_norm / norm) : 1.0f;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < wide; c++)
            for (int64_t i = 0; i < inner; i++) w[r * row + c * inner + i] *= factor[c];
}

#endif
