/* Losses of logits, and their gradients by the logits. Sample i counts w_i / sum(w).
 *
 *   softmax   l = log(sum_k e^z_k) - z_y        dl/dz_k = p_k - [k == y]
 *   sigmoid   l = log(1 + e^z) - y z            dl/dz   = p - y            (one logit, y in {0, 1})
 */

CN_INLINE double cn_weight(const cn_context *ctx, int64_t row) {
    return ctx->sample_weight ? (double)ctx->sample_weight[row] : 1.0;
}

static void loss_softmax(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t classes = op->src.c;
    for (int64_t s = t->s0; s < t->s1; s++) {
        const float *z = t->arena + op->src.offset + s * op->src.sample;
        float *restrict g = t->arena + op->grad_src.offset + s * op->grad_src.sample;
        const int64_t row = cn_row(ctx, t, s), label = ((const int32_t *)ctx->y)[row];
        const double weight = cn_weight(ctx, row);
        const float share = (float)(weight / ctx->weight_sum);
        float top = z[0];
        for (int64_t k = 1; k < classes; k++) top = z[k] > top ? z[k] : top;
        double sum = 0.0;
        for (int64_t k = 0; k < classes; k++) g[k] = cn_exp(z[k] - top);
        for (int64_t k = 0; k < classes; k++) sum += (double)g[k];
        const float inverse = (float)(1.0 / sum);
        for (int64_t k = 0; k < classes; k++)
            g[k] = (g[k] * inverse - (k == label ? 1.0f : 0.0f)) * share;
        ctx->losses[t->first + s] = weight * (log(sum) + (double)top - (double)z[label]);
    }
}

static void loss_sigmoid(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    for (int64_t s = t->s0; s < t->s1; s++) {
        const int64_t row = cn_row(ctx, t, s);
        const double z = (double)t->arena[op->src.offset + s * op->src.sample];
        const double y = (double)((const float *)ctx->y)[row], weight = cn_weight(ctx, row);
        const double e = exp(-fabs(z)), p = z < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
        t->arena[op->grad_src.offset + s * op->grad_src.sample] =
            (float)((p - y) * weight / ctx->weight_sum);
        ctx->losses[t->first + s] = weight * ((z > 0.0 ? z : 0.0) - y * z + log1p(e));
    }
}
