/* Depthwise convolution with one filter a channel: groups == channels == oc, weights (kh, kw, 1, oc).
 *
 *   z[y][x][c] = bias[c] + sum_{r,q} src[y*sh + r*dh - pt][x*sw + q*dw - pl][c] * w[r][q][c]
 *
 * Vectors run along the channels. src has its halo, so the windows need no checks; the gradient of
 * the input adds to a map without halo, so those that fall outside are left out.
 */

static void depthwise_fwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->dst.c;
    const float *w = ctx->params + op->weights;
    for (int64_t s = t->s0; s < t->s1; s++) {
        const float *origin = cn_window_origin(op, t->arena, s);
        for (int64_t y = 0; y < op->oh; y++) {
            float *row = t->arena + op->dst.offset + s * op->dst.sample + y * op->dst.row;
            for (int64_t x = 0; x < op->ow; x++) {
                float *restrict out = row + x * c;
                for (int64_t k = 0; k < c; k++)
                    out[k] = op->bias < 0 ? 0.0f : ctx->params[op->bias + k];
                for (int64_t r = 0; r < op->kh; r++)
                    for (int64_t q = 0; q < op->kw; q++) {
                        const float *restrict in = origin + (y * op->sh + r * op->dh) * op->src.row +
                                                   (x * op->sw + q * op->dw) * c;
                        const float *restrict wk = w + (r * op->kw + q) * c;
                        for (int64_t k = 0; k < c; k++) out[k] = CN_FMA(in[k], wk[k], out[k]);
                    }
            }
            cn_activate(op->activation, row, row, op->ow * c);
        }
    }
}

static void depthwise_bwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->dst.c;
    float *grads = ctx->lane_grads + t->lane * ctx->lane_size;
    float *restrict line = t->scratch;
    for (int64_t s = t->s0; s < t->s1; s++) {
        const float *origin = cn_window_origin(op, t->arena, s);
        float *grad = t->arena + op->grad_src.offset + s * op->grad_src.sample;
        if (op->data_gradient)
            for (int64_t i = 0; i < op->src.h; i++)
                memset(grad + i * op->grad_src.row, 0, (size_t)(op->src.w * c) * sizeof(float));
        for (int64_t y = 0; y < op->oh; y++) {
            cn_activate_grad(
                op->activation,
                t->arena + op->grad_dst.offset + s * op->grad_dst.sample + y * op->grad_dst.row,
                t->arena + op->dst.offset + s * op->dst.sample + y * op->dst.row, line, op->ow * c);
            for (int64_t x = 0; x < op->ow; x++) {
                const float *restrict g = line + x * c;
                if (op->bias >= 0) {
                    float *restrict db = grads + op->grad_bias;
                    for (int64_t k = 0; k < c; k++) db[k] += g[k];
                }
                for (int64_t r = 0; r < op->kh; r++)
                    for (int64_t q = 0; q < op->kw; q++) {
                        const int64_t i = y * op->sh + r * op->dh, j = x * op->sw + q * op->dw;
                        const float *restrict in = origin + i * op->src.row + j * c;
                        float *restrict dw = grads + op->grad_weights + (r * op->kw + q) * c;
                        for (int64_t k = 0; k < c; k++) dw[k] = CN_FMA(in[k], g[k], dw[k]);
                        if (!op->data_gradient || i < op->pt || i - op->pt >= op->src.h ||
                            j < op->pl || j - op->pl >= op->src.w)
                            continue;
                        const float *restrict wk =
                            ctx->params + op->weights + (r * op->kw + q) * c;
                        float *restrict out =
                            grad + (i - op->pt) * op->grad_src.row + (j - op->pl) * c;
                        for (int64_t k = 0; k < c; k++) out[k] = CN_FMA(g[k], wk[k], out[k]);
                    }
            }
        }
    }
}
