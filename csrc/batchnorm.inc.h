/* Batch normalisation per channel (Ioffe and Szegedy, 2015), with the activation after it.
 *
 *   y = act(scale * z + shift),  scale = gamma / sqrt(variance + epsilon),  shift = beta - scale * mean
 *   gz = scale * (g - sum(g) / N - xhat * sum(g * xhat) / N),  xhat = (z - mean) / sqrt(variance + epsilon)
 *
 * with g the gradient by y before the activation, N the values of a channel in the batch and the biased
 * variance. Statistics are gathered lane by lane: mean and sum of squared deviations of each sample in
 * two passes, merged in the order of the samples (Chan, Golub and LeVeque, 1979), in double.
 *
 * aux: [lanes] areas of 1 + 2c doubles (count, mean, sum of squares; later sums for the gradients),
 * aux_sample bytes each; then floats [6][c]: mean, 1/deviation, scale, shift, sum(g)/N, sum(g*xhat)/N.
 */

CN_INLINE double *cn_bn_lane(const cn_op *op, const cn_task *t, int64_t lane) {
    return (double *)((char *)(t->arena + op->aux) + lane * op->aux_sample);
}

CN_INLINE float *cn_bn_numbers(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    return (float *)cn_bn_lane(op, t, ctx->lanes);
}

static void batchnorm_stats(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const int64_t c = op->src.c, pixels = op->src.h * op->src.w;
    double *area = cn_bn_lane(op, t, t->lane);
    double *restrict mean = area + 1, *restrict squares = area + 1 + c;
    float *restrict sum = t->scratch, *restrict average = t->scratch + c;
    double *restrict total = (double *)(t->scratch + 2 * c);
    for (int64_t s = t->s0; s < t->s1; s++) {
        const float *src = t->arena + op->src.offset + s * op->src.sample;
        for (int pass = 0; pass < 2; pass++) {
            /* pass 0: sum of z; pass 1: sum of (z - average)^2; rows in float, their sums in double */
            for (int64_t k = 0; k < c; k++) total[k] = 0.0;
            for (int64_t y = 0; y < op->src.h; y++) {
                const float *restrict z = src + y * op->src.row;
                for (int64_t k = 0; k < c; k++) sum[k] = 0.0f;
                for (int64_t x = 0; x < op->src.w; x++, z += c)
                    if (pass == 0)
                        for (int64_t k = 0; k < c; k++) sum[k] += z[k];
                    else
                        for (int64_t k = 0; k < c; k++) {
                            const float d = z[k] - average[k];
                            sum[k] = CN_FMA(d, d, sum[k]);
                        }
                for (int64_t k = 0; k < c; k++) total[k] += (double)sum[k];
            }
            if (pass == 0)
                for (int64_t k = 0; k < c; k++) average[k] = (float)(total[k] / (double)pixels);
        }
        const double before = area[0], after = before + (double)pixels;
        for (int64_t k = 0; k < c; k++) {
            const double delta = (double)average[k] - mean[k];
            mean[k] += delta * (double)pixels / after;
            squares[k] += total[k] + delta * delta * before * (double)pixels / after;
        }
        area[0] = after;
    }
}

static void batchnorm_finish(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c;
    float *numbers = cn_bn_numbers(op, ctx, t);
    for (int64_t k = 0; k < c; k++) {
        double count = 0.0, mean = 0.0, squares = 0.0;
        for (int64_t lane = 0; lane < ctx->lanes; lane++) {
            double *area = cn_bn_lane(op, t, lane);
            const double m = area[0], delta = area[1 + k] - mean, all = count + m;
            if (m > 0.0) {
                mean += delta * m / all;
                squares += area[1 + c + k] + delta * delta * count * m / all;
                count = all;
            }
            area[1 + k] = area[1 + c + k] = 0.0;
        }
        const double variance = squares / count, deviation = sqrt(variance + op->epsilon);
        const double scale = ctx->params[op->weights + k] / deviation;
        numbers[k] = (float)mean;
        numbers[c + k] = (float)(1.0 / deviation);
        numbers[2 * c + k] = (float)scale;
        numbers[3 * c + k] = (float)(ctx->params[op->bias + k] - scale * mean);
        if (ctx->weights) {
            float *running = ctx->weights + op->mean + k, *spread = ctx->weights + op->variance + k;
            *running = (float)(op->momentum * *running + (1.0 - op->momentum) * mean);
            *spread = (float)(op->momentum * *spread + (1.0 - op->momentum) * variance);
        }
    }
    for (int64_t lane = 0; lane < ctx->lanes; lane++) cn_bn_lane(op, t, lane)[0] = 0.0;
}

static void cn_bn_apply(const cn_op *op, const cn_task *t, const float *restrict scale,
                        const float *restrict shift) {
    const int64_t c = op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++) {
            const float *restrict z =
                t->arena + op->src.offset + s * op->src.sample + y * op->src.row;
            float *restrict out = t->arena + op->dst.offset + s * op->dst.sample + y * op->dst.row;
            for (int64_t x = 0; x < op->src.w; x++)
                for (int64_t k = 0; k < c; k++)
                    out[x * c + k] = CN_FMA(z[x * c + k], scale[k], shift[k]);
            if (op->activation != CN_LINEAR) cn_activate(op->activation, out, out, op->src.w * c);
        }
}

static void batchnorm_fwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const float *numbers = cn_bn_numbers(op, ctx, t);
    cn_bn_apply(op, t, numbers + 2 * op->src.c, numbers + 3 * op->src.c);
}

/* By running statistics, where no convolution stands before to fold them into. */
static void batchnorm_predict(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c;
    float *scale = t->scratch, *shift = t->scratch + c;
    for (int64_t k = 0; k < c; k++) {
        const double s =
            ctx->params[op->weights + k] / sqrt(ctx->params[op->variance + k] + op->epsilon);
        scale[k] = (float)s;
        shift[k] = (float)(ctx->params[op->bias + k] - s * ctx->params[op->mean + k]);
    }
    cn_bn_apply(op, t, scale, shift);
}

/* g before the activation, in place of grad_dst; its sum and its sum with xhat to the lane's area. */
static void batchnorm_sums(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c;
    double *area = cn_bn_lane(op, t, t->lane);
    const float *restrict mean = cn_bn_numbers(op, ctx, t), *restrict inverse = mean + c;
    float *restrict sum = t->scratch, *restrict product = t->scratch + c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++) {
            const float *restrict z =
                t->arena + op->src.offset + s * op->src.sample + y * op->src.row;
            float *restrict g =
                t->arena + op->grad_dst.offset + s * op->grad_dst.sample + y * op->grad_dst.row;
            if (op->activation != CN_LINEAR)
                cn_activate_grad(
                    op->activation, g,
                    t->arena + op->dst.offset + s * op->dst.sample + y * op->dst.row, g,
                    op->src.w * c);
            for (int64_t k = 0; k < c; k++) sum[k] = product[k] = 0.0f;
            for (int64_t x = 0; x < op->src.w; x++)
                for (int64_t k = 0; k < c; k++) {
                    sum[k] += g[x * c + k];
                    product[k] = CN_FMA(g[x * c + k], z[x * c + k] - mean[k], product[k]);
                }
            for (int64_t k = 0; k < c; k++) {
                area[1 + k] += (double)sum[k];
                area[1 + c + k] += (double)product[k] * (double)inverse[k];
            }
        }
}

static void batchnorm_grad_finish(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c;
    const double count = (double)(ctx->n * op->src.h * op->src.w);
    float *numbers = cn_bn_numbers(op, ctx, t);
    for (int64_t k = 0; k < c; k++) {
        double sum = 0.0, product = 0.0;
        for (int64_t lane = 0; lane < ctx->lanes; lane++) {
            double *area = cn_bn_lane(op, t, lane);
            sum += area[1 + k];
            product += area[1 + c + k];
            area[1 + k] = area[1 + c + k] = 0.0;
        }
        numbers[4 * c + k] = (float)(sum / count);
        numbers[5 * c + k] = (float)(product / count);
        ctx->batch_grads[op->grad_bias + k] = (float)sum;
        ctx->batch_grads[op->grad_weights + k] = (float)product;
    }
}

static void batchnorm_bwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c;
    const float *restrict mean = cn_bn_numbers(op, ctx, t), *restrict inverse = mean + c,
                          *restrict scale = mean + 2 * c, *restrict average = mean + 4 * c,
                          *restrict product = mean + 5 * c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++) {
            const float *restrict z =
                t->arena + op->src.offset + s * op->src.sample + y * op->src.row;
            const float *restrict g =
                t->arena + op->grad_dst.offset + s * op->grad_dst.sample + y * op->grad_dst.row;
            float *restrict out =
                t->arena + op->grad_src.offset + s * op->grad_src.sample + y * op->grad_src.row;
            for (int64_t x = 0; x < op->src.w; x++)
                for (int64_t k = 0; k < c; k++) {
                    const float xhat = (z[x * c + k] - mean[k]) * inverse[k];
                    out[x * c + k] =
                        scale[k] * (g[x * c + k] - average[k] - xhat * product[k]);
                }
        }
}
