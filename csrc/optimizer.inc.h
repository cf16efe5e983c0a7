/* One pass over a block of parameters: add up the lanes, add the L2 term, update.
 *
 *   g = sum over lanes + alpha * w / sum(sample weights)     (the second for weights, not for biases)
 *   SGD    v = momentum * v - lr * g;  w += v, or with Nesterov's momentum w += momentum * v - lr * g
 *   Adam   m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;
 *          w -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)     (Kingma and Ba, 2015)
 *
 * Lanes are left at zero for the next step. squares: sum of w^2 before the update, for the penalty.
 */

CN_INLINE int64_t cn_update_end(const cn_op *op, int64_t i0) {
    return i0 + CN_UPDATE < op->count ? i0 + CN_UPDATE : op->count;
}

/* Gradient of parameters [i0, i1), summed over the lanes, to g. */
static void cn_sum_lanes(const cn_op *op, const cn_context *ctx, int64_t i0, int64_t i1, float *g) {
    const size_t bytes = (size_t)(i1 - i0) * sizeof(float);
    if (op->lanes == 0) {
        memcpy(g, ctx->batch_grads + op->grad_weights + i0, bytes);
        return;
    }
    for (int64_t lane = 0; lane < op->lanes; lane++) {
        float *restrict part = ctx->lane_grads + lane * ctx->lane_size + op->grad_weights + i0;
        float *restrict sum = g;
        if (lane == 0)
            memcpy(sum, part, bytes);
        else
            for (int64_t i = 0; i < i1 - i0; i++) sum[i] += part[i];
        memset(part, 0, bytes);
    }
}

static void cn_penalise(const cn_op *op, const cn_context *ctx, int64_t task, int64_t i0, int64_t i1,
                        float *g) {
    if (!op->decay || ctx->alpha == 0.0) return;
    const float *w = ctx->weights + op->weights + i0;
    const float factor = (float)(ctx->alpha / ctx->weight_sum);
    double squares = 0.0;
    for (int64_t i = 0; i < i1 - i0; i++) {
        g[i] = CN_FMA(factor, w[i], g[i]);
        squares += (double)w[i] * (double)w[i];
    }
    ctx->squares[op->aux + task] = squares;
}

/* The gradient itself, to out at the parameters' place. */
static void reduce(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->s0 * CN_UPDATE;
    cn_sum_lanes(op, ctx, i0, cn_update_end(op, i0), ctx->out + op->weights + i0);
}

static void sgd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->s0 * CN_UPDATE, i1 = cn_update_end(op, i0);
    float g[CN_UPDATE];
    cn_sum_lanes(op, ctx, i0, i1, g);
    cn_penalise(op, ctx, t->s0, i0, i1, g);
    float *restrict w = ctx->weights + op->weights + i0;
    float *restrict v = ctx->moment_1 + op->weights + i0;
    const float rate = (float)ctx->learning_rate, momentum = (float)ctx->momentum;
    for (int64_t i = 0; i < i1 - i0; i++) {
        const float step = CN_FMA(momentum, v[i], -rate * g[i]);
        v[i] = step;
        w[i] += ctx->nesterov ? CN_FMA(momentum, step, -rate * g[i]) : step;
    }
}

static void adam(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t i0 = t->s0 * CN_UPDATE, i1 = cn_update_end(op, i0);
    float g[CN_UPDATE];
    cn_sum_lanes(op, ctx, i0, i1, g);
    cn_penalise(op, ctx, t->s0, i0, i1, g);
    float *restrict w = ctx->weights + op->weights + i0;
    float *restrict m = ctx->moment_1 + op->weights + i0;
    float *restrict v = ctx->moment_2 + op->weights + i0;
    const float rate = (float)ctx->learning_rate, epsilon = (float)ctx->epsilon;
    const float b1 = (float)ctx->beta_1, b2 = (float)ctx->beta_2;
    const float c1 = (float)(1.0 - ctx->beta_1), c2 = (float)(1.0 - ctx->beta_2);
    for (int64_t i = 0; i < i1 - i0; i++) {
        m[i] = CN_FMA(b1, m[i], c1 * g[i]);
        v[i] = CN_FMA(b2, v[i], c2 * (g[i] * g[i]));
        w[i] -= rate * m[i] / (__builtin_sqrtf(v[i]) + epsilon);
    }
}
