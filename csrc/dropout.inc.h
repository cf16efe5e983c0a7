/* Dropout (Srivastava et al., 2014), inverted: y = x * keep / (1 - rate), the identity at predict.
 *
 * keep is a function of (seed, epoch, row of X, layer, position), so neither the batch nor the thread
 * changes it, and the backward pass makes the mask again instead of keeping it.
 */

static void cn_dropout_row(const cn_op *op, const cn_context *ctx, int64_t row, int64_t position,
                           const float *src, float *dst, int64_t n) {
    const double threshold = op->rate * 4294967296.0;
    const uint32_t drop = threshold >= 4294967295.0 ? UINT32_MAX : (uint32_t)threshold;
    const float scale = (float)(1.0 / (1.0 - op->rate));
    uint32_t random[4] = {0};
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = position + i;
        if (i == 0 || at % 4 == 0)
            cn_philox((uint32_t)(at / 4), (uint32_t)row, (uint32_t)((uint64_t)row >> 32),
                      (uint32_t)ctx->epoch,
                      (uint64_t)ctx->seed + (uint64_t)op->key * 0x9E3779B97F4A7C15u, random);
        dst[i] = random[at % 4] >= drop ? src[i] * scale : 0.0f;
    }
}

static void cn_dropout(const cn_op *op, const cn_context *ctx, const cn_task *t, const cn_map *from,
                       const cn_map *to) {
    const int64_t n = from->w * from->c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < from->h; y++)
            cn_dropout_row(op, ctx, cn_row(ctx, t, s), y * n,
                           t->arena + from->offset + s * from->sample + y * from->row,
                           t->arena + to->offset + s * to->sample + y * to->row, n);
}

static void dropout_fwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    cn_dropout(op, ctx, t, &op->src, &op->dst);
}

static void dropout_bwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    cn_dropout(op, ctx, t, &op->grad_dst, &op->grad_src);
}
